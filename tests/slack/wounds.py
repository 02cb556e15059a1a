"""Every place of a payload, and everything that may stand there instead: gone, null, empty, another type, huge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass

Path = tuple[str | int, ...]
Payload = dict[str, object]

INSTEAD: dict[str, object] = {
    "null": None,
    "empty": "",
    "zero": 0,
    "number": 1.5,
    "true": True,
    "list": [],
    "object": {},
    "full list": ["x", None],
    "full object": {"id": 7, "type": None},
    "huge": "\U0001f9e8<!channel>\u202e\x00`" * 4_000,
}
"""By name; `gone` is besides."""


@dataclass(frozen=True, slots=True)
class Wound:
    """A payload with one place spoiled."""

    path: Path
    what: str
    payload: Payload

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))} {self.what}"

    def touches(self, *paths: Path) -> bool:
        """Whether one of these places, or what holds it, is no longer what it was."""
        return any(self.path == path[: len(self.path)] or path == self.path[: len(path)] for path in paths)


def places(value: object, path: Path = ()) -> Iterator[Path]:
    """The way to everything inside."""
    inside: list[tuple[str | int, object]] = []
    if isinstance(value, Mapping):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    for name, inner in inside:
        yield (*path, name)
        yield from places(inner, (*path, name))


def wounds(payload: Payload) -> Iterator[Wound]:
    """The payload with each of its places spoiled in each way."""
    for path in places(payload):
        yield Wound(path, "gone", without(payload, path))
        for what, value in INSTEAD.items():
            yield Wound(path, what, replaced(payload, path, value))


def without(payload: Payload, path: Path) -> Payload:
    changed = deepcopy(payload)
    holder = _holder(changed, path)
    del holder[path[-1]]  # type: ignore[arg-type]
    return changed


def replaced(payload: Payload, path: Path, value: object) -> Payload:
    changed = deepcopy(payload)
    _holder(changed, path)[path[-1]] = deepcopy(value)  # type: ignore[index]
    return changed


def _holder(payload: Payload, path: Path) -> dict[str | int, object] | list[object]:
    inner: object = payload
    for step in path[:-1]:
        inner = inner[step]  # type: ignore[index]
    assert isinstance(inner, dict | list)
    return inner
