"""An entry of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.kinds import Kind
from bot.core.requests import Caller, Options, Place, Verb
from bot.core.resources import Ref


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
    ref: Ref | None = None
    """The object itself; None of what never became one."""
    hash: str = ""
    """Given by the trail: bot/core/proof.py says over what. Empty until then."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries somebody wants to read; what is empty narrows nothing."""

    cluster: str = ""
    kind: Kind | None = None
    namespace: str = ""
    name: str = ""
    user: str = ""
    """Slack's id of who asked."""
    channel: str = ""
    results: frozenset[Result] = frozenset()
    since: datetime | None = None
    """This moment and later."""
    until: datetime | None = None
    """Before this moment."""

    def fits(self, entry: Entry) -> bool:
        """Whether the entry is one of them. A store may ask its own way, as long as the answer is this one."""
        ref = entry.ref
        if (self.cluster or self.kind or self.namespace or self.name) and ref is None:
            return False
        wanted = (
            (self.cluster, ref.cluster if ref else ""),
            (self.kind, ref.kind if ref else None),
            (self.namespace, ref.namespace if ref else ""),
            (self.name, ref.name if ref else ""),
            (self.user, entry.caller.user),
            (self.channel, entry.place.channel),
        )
        if any(want and want != have for want, have in wanted):
            return False
        if self.results and entry.outcome not in self.results:
            return False
        return (self.since is None or entry.at >= self.since) and (self.until is None or entry.at < self.until)
