"""What makes the audit trail prove itself: a hash over each entry and the one before (docs/audit.md, "The chain").

Pure. Whoever stores an entry seals it first; whoever doubts the trail gives its entries in order to a `Proof`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Final

from bot.core.audit import Entry
from bot.core.requests import Caller, Options, Place
from bot.core.resources import Ref

GENESIS: Final = "0" * 64
"""What the first entry has for the hash of the one before."""
FORM: Final = 1
"""Of the text below. An entry is written in the oldest form that can tell all of it: the first form has exactly the
keys below, and a field that comes later is left out, and the form stays 1, where the field has its default. So an
entry from before the field keeps its text and its hash."""

_ANCHOR: Final = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})")
_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
"""ASCII only, which is UTF-8 too: whatever a name contains is harmless in a terminal and cannot break a line."""

_Told = dict[str, object]


@dataclass(frozen=True, slots=True)
class Anchor:
    """How long the trail was at a moment, and the hash of the newest entry then. Kept where the trail is not."""

    count: int
    head: str
    at: datetime | None = None
    """None where only the text of it is known."""

    def __str__(self) -> str:
        """`100:4be1…`: what `anchor_in` reads."""
        return f"{self.count}:{self.head}"


@dataclass(frozen=True, slots=True)
class Proven:
    """Every entry up to number `count` is as it was written; `head` is the hash of that one."""

    count: int
    head: str


class Flaw(Enum):
    """What is wrong with an entry, to be said after its number."""

    CHANGED = "its hash does not fit: it was changed, or the hash of the one before was"
    MISSING = "it is not in its place: deleted, or moved"
    CUT = "it is missing, and so is all that followed: an anchor counts more entries"
    REWRITTEN = "its hash is not the anchor's: it was written anew, or one before it was"


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first entry that is not as it was written."""

    number: int
    why: Flaw


def sealed(entry: Entry, number: int, before: str) -> Entry:
    """The entry with its number, from 1, and its hash. `before` is the hash of the one before it, or GENESIS."""
    numbered = replace(entry, number=number)
    return replace(numbered, hash=hashed(numbered, before))


def hashed(entry: Entry, before: str) -> str:
    """The SHA-256, in 64 lower-case hex digits, of its canonical text."""
    return sha256(canonical(entry, before).encode()).hexdigest()


def canonical(entry: Entry, before: str) -> str:
    """All of an entry but its hash, and the hash of the one before, in one line of JSON (docs/audit.md, "The text").

    Raises ValueError for a time without a zone and for seconds that are no number.
    """
    return _JSON.encode(_entry(entry, before))


def exported(entry: Entry, before: str) -> str:
    """A line of an export, without its end: the canonical text and the hash that the entry claims, right or not."""
    return _JSON.encode(_entry(entry, before) | {"hash": entry.hash})


def anchor_in(text: str) -> Anchor | None:
    """An anchor as it is posted, `COUNT:HEAD`; None for what is none."""
    found = _ANCHOR.fullmatch(text.strip())
    return Anchor(int(found[1]), found[2].lower()) if found else None


class Proof:
    """Goes over a trail in order, page by page, and knows the first entry that is wrong.

    `start` is where a trail begins that has lost its oldest entries to retention: the first one given then is number
    `start.count + 1`. Anchors from before it cannot be held against anything and are passed over. Read the anchors
    before the entries: the trail grows meanwhile.
    """

    def __init__(self, start: Anchor | None = None, anchors: Iterable[Anchor] = ()) -> None:
        self.count = start.count if start else 0
        """The number of the newest entry gone over."""
        self._head = start.head if start else GENESIS
        self._anchors: dict[int, set[str]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.count, set()).add(anchor.head)
        self._wrong = self._unlike_its_anchor()

    def take(self, entries: Iterable[Entry]) -> Wrong | None:
        """The entries that follow; answers the first wrong one of all so far. Once there is one nothing counts."""
        for entry in entries:
            if self._wrong is not None:
                break
            self._wrong = self._follow(entry)
        return self._wrong

    def ended(self) -> Proven | Wrong:
        """What is to be said once there are no more entries."""
        if self._wrong is not None:
            return self._wrong
        if max(self._anchors, default=0) > self.count:
            return Wrong(self.count + 1, Flaw.CUT)
        return Proven(self.count, self._head)

    def _follow(self, entry: Entry) -> Wrong | None:
        number = self.count + 1
        if entry.number != number:
            return Wrong(number, Flaw.MISSING)
        if entry.hash != hashed(entry, self._head):
            return Wrong(number, Flaw.CHANGED)
        self.count, self._head = number, entry.hash
        return self._unlike_its_anchor()

    def _unlike_its_anchor(self) -> Wrong | None:
        agreed = self._anchors.get(self.count, set()) <= {self._head}
        return None if agreed else Wrong(self.count, Flaw.REWRITTEN)


def verify(entries: Iterable[Entry], start: Anchor | None = None, anchors: Iterable[Anchor] = ()) -> Proven | Wrong:
    """`Proof` over entries that are at hand, in order."""
    proof = Proof(start, anchors)
    proof.take(entries)
    return proof.ended()


def _entry(entry: Entry, before: str) -> _Told:
    return {
        "v": FORM,
        "prev": before,
        "number": entry.number,
        "at": _moment(entry.at),
        "request": entry.request,
        "caller": _caller(entry.caller),
        "place": _place(entry.place),
        "verb": entry.verb.value,
        "object": entry.object,
        "ref": _ref(entry.ref) if entry.ref else None,
        "options": _options(entry.options),
        "rule": entry.rule,
        "outcome": entry.outcome.value,
        "reason": entry.reason,
        "before": entry.before,
        "after": entry.after,
        "seconds": None if entry.seconds is None else _seconds(entry.seconds),
        "link": entry.link,
    }


def _caller(caller: Caller) -> _Told:
    return {"user": caller.user, "name": caller.name, "team": caller.team, "groups": sorted(caller.groups)}


def _place(place: Place) -> _Told:
    return {"channel": place.channel, "name": place.name, "team": place.team}


def _ref(ref: Ref) -> _Told:
    """The kind by its name alone: its words and versions change without the object being another."""
    return {"cluster": ref.cluster, "kind": ref.kind.name, "namespace": ref.namespace, "name": ref.name}


def _options(options: Options) -> _Told:
    return {
        "with_source": options.with_source,
        "force": options.force,
        "reset": options.reset,
        "timeout": None if options.timeout is None else _seconds(options.timeout.total_seconds()),
    }


def _moment(at: datetime) -> str:
    """`2026-08-20T09:14:00.000000Z`."""
    if at.utcoffset() is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _seconds(value: float) -> float:
    """As JSON it has a point or an exponent, and the fewest digits that read back as the same double. Stores that
    hand back 5 for 5.0, or 0 for -0.0, change nothing by that."""
    return value + 0.0
