"""What one browser knows, and what it has still to be told: entries by key, each with a stamp of its state."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

Value = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on the page. `key` has the kind of thing in front: `message/C0PLATFORM1/1700000000.000100`.

    Two entries with one key and equal stamps would be drawn alike, so `value` is made only where the stamp is new.
    """

    key: str
    stamp: Hashable
    value: Callable[[], Value]


class Feed:
    """Compares what is with what was told before."""

    def __init__(self) -> None:
        self._told: dict[str, Hashable] = {}

    def news(self, entries: Iterable[Entry]) -> Value | None:
        """`{"put": {key: value}, "gone": [key]}`; None if nothing has changed. The first time everything is news."""
        now = {entry.key: entry for entry in entries}
        put = {
            key: each.value() for key, each in now.items() if key not in self._told or self._told[key] != each.stamp
        }
        gone = [key for key in self._told if key not in now]
        self._told = {key: each.stamp for key, each in now.items()}
        return {"put": put, "gone": gone} if put or gone else None
