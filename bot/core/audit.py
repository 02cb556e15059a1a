"""An entry of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.requests import Caller, Options, Place, Verb


class Result(Enum):
    """How it ended, in one word."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    STALLED = "stalled"
    TIMED_OUT = "not finished"
    SUSPENDED = "suspended"
    SKIPPED = "skipped"
    GONE = "not found"
    STATIC = "no reconciler"
    BLOCKED = "not started"
    """A source of it failed first, so it was never patched."""
    BROKEN = "not carried out"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to one object and how it ended; or who was refused what."""

    at: datetime
    request: str
    """The request's id; empty for a refusal."""
    caller: Caller
    place: Place
    verb: Verb
    object: str
    """`prod ks/flux-system/apps`, or what was typed when it never became an object."""
    options: Options
    rule: str
    """The rule that allowed; for a refusal why none did."""
    outcome: Result
    reason: str = ""
    """Flux's reason, of a failure."""
    before: str = ""
    after: str = ""
    seconds: float | None = None
    link: str = ""
    """The thread's permalink, as far as known when it was written."""
    number: int = 0
    """Given by the trail; 0 until then."""
