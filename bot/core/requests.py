"""A request as it was asked, and the steps it is carried out in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from bot.core.resources import Ref, Snapshot


class Verb(Enum):
    """A thing a person may do; the word of a rule's `verbs`."""

    RECONCILE = "reconcile"
    STATUS = "status"
    """To read how an object stands. Whoever may reconcile it may do that too."""
    HISTORY = "history"
    """To read who asked for what, and how it ended. Whoever may reconcile it may do that too."""
    CHECK = "check"
    CANCEL = "cancel"
    """To stop somebody else's request; one's own needs no rule."""
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as Slack vouches for it at this moment."""

    user: str
    """Slack's id, U… or W…"""
    name: str
    """The display name, unescaped: only edges may print it."""
    team: str
    groups: frozenset[str] = frozenset()
    """Ids of the user groups they are in, as far as any rule names them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said: a channel of the allowlist, and the thread in it if there is one."""

    channel: str
    name: str = ""
    """The name people gave it in the allowlist."""
    team: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a reconcile was asked to do besides."""

    with_source: bool = False
    force: bool = False
    reset: bool = False
    timeout: timedelta | None = None
    """None: as long as the object's own spec allows."""


class Role(Enum):
    """What an object is to a request."""

    SOURCE = "source"
    CHART = "chart"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to one object, complete before it is sent: what the judge measures against."""

    ref: Ref
    token: str
    """The value of `reconcile.fluxcd.io/requestedAt`. Opaque; ours ends in the request's id."""
    prev: str
    """`status.lastHandledReconcileAt` before our patch."""
    patched_at: datetime
    deadline: datetime
    before: Snapshot | None = None
    """The object just before its reconcile: the patch's own answer, when there was one."""
    wanted: str | None = None
    """The revision the source ended with; None when no source was asked."""
    force: bool = False
    reset: bool = False
    forges: tuple[tuple[str, str], ...] = ()
    """Hosts and kinds of forges beside the public ones, for links to a comparison."""
    baseline: Snapshot | None = None
    """The object before the request touched anything on the way to it; None: `before` is that. What follows a new
    source by itself may have done so before our own patch."""

    @property
    def changed_from(self) -> Snapshot | None:
        """What a change is measured against."""
        return self.baseline or self.before


@dataclass(frozen=True, slots=True)
class Step:
    """One object that a request patches, and why."""

    ref: Ref
    role: Role
    serves: Ref
    """The target it is done for; the target itself for Role.OBJECT."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for, authorised and resolved: one root message, one audit line, one or more targets."""

    id: str
    """Eight characters, random; also the tail of every token it sends."""
    verb: Verb
    targets: tuple[Ref, ...]
    options: Options
    caller: Caller
    place: Place
    typed: str
    """The command as it was typed, cleaned of what clients did to it; pastes back."""
    rule: str
    """Name of the rule that allowed it; the first one when targets differ."""
    asked_at: datetime
    delivery: str = ""
    """Key of the Slack delivery, so that a redelivery is recognised."""
