"""How objects stand, and the answers that tell it: `status`, `watch`, `check`; and how they came to
stand so: `history` (docs/commands.md)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from bot.core.audit import Entry
from bot.core.explain import Cause
from bot.core.health import Finding
from bot.core.kinds import ASKABLE, Kind
from bot.core.offers import Button
from bot.core.policy import Grant
from bot.core.resources import Controller, Event, Ref, Snapshot
from bot.core.verdicts import Failed, Stalled


class Stands(Enum):
    """How an object stands now, whoever asked for what."""

    FAILING = "failing"
    SUSPENDED = "suspended"
    RECONCILING = "reconciling"
    """A run is going, or has not begun; how the one before it ended is not told."""
    READY = "ready"
    """Also what nothing reconciles: it is as it was written."""


def stands(now: Snapshot) -> Stands:
    """How an object stands. Suspended comes first: nothing of it changes until it is resumed."""
    if now.static:
        return Stands.READY
    if now.suspended:
        return Stands.SUSPENDED
    ready, stalled, running = now.ready, now.condition("Stalled"), now.condition("Reconciling")
    if now.deleting:
        return Stands.RECONCILING
    if (stalled is not None and stalled.status == "True") or (ready is not None and ready.status == "False"):
        return Stands.FAILING
    if ready is None or ready.status != "True" or (running is not None and running.status == "True"):
        return Stands.RECONCILING
    behind = now.observed is not None and now.observed < now.generation
    return Stands.RECONCILING if behind else Stands.READY


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a kind stand how."""

    kind: Kind
    failing: int = 0
    suspended: int = 0
    reconciling: int = 0
    ready: int = 0

    @property
    def total(self) -> int:
        return self.failing + self.suspended + self.reconciling + self.ready


def tallies(objects: Iterable[Snapshot]) -> tuple[Tally, ...]:
    """One for each kind that there is anything of, in the order of the table."""
    counts: dict[Kind, Counter[Stands]] = defaultdict(Counter)
    for each in objects:
        counts[each.ref.kind][stands(each)] += 1
    return tuple(
        Tally(kind, row[Stands.FAILING], row[Stands.SUSPENDED], row[Stands.RECONCILING], row[Stands.READY])
        for kind in ASKABLE
        if (row := counts.get(kind))
    )


def in_all(counts: Iterable[Tally]) -> tuple[int, int, int, int]:
    """Failing, suspended, reconciling and ready, of all kinds together."""
    rows = tuple(counts)
    return (
        sum(each.failing for each in rows),
        sum(each.suspended for each in rows),
        sum(each.reconciling for each in rows),
        sum(each.ready for each in rows),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a list."""

    ref: Ref
    stands: Stands
    reason: str = ""
    message: str = ""
    """Of Ready, without names that may not be told."""
    since: datetime | None = None
    """When it became so."""
    cause: Cause | None = None
    by: str = ""
    """Who suspended it, where that is known."""
    stalled: str = ""
    """Why Flux has given up; empty where it goes on trying."""


def worst_first(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Those that fail by themselves before those that wait for others, and among these the longest first."""

    def order(row: Row) -> tuple[bool, bool, float, Ref]:
        waits = row.reason == "DependencyNotReady" or row.cause is not None
        return waits, row.since is None, row.since.timestamp() if row.since else 0.0, row.ref

    return tuple(sorted(rows, key=order))


# --- status -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Survey:
    """What was asked for, in one cluster."""

    cluster: str
    counts: tuple[Tally, ...] = ()
    failing: tuple[Row, ...] = ()
    suspended: tuple[Row, ...] = ()
    reconciling: tuple[Row, ...] = ()
    hidden: int = 0
    """More that fits, and that the asker may not see: counted, never named."""
    error: str = ""
    """The edge's sentence where the cluster did not answer: all the rest is empty then."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Who put an answer before the whole channel."""

    user: str
    name: str
    """Display name, unescaped."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """How a selection stands. Whispered; a root once it is shared."""

    typed: str
    at: datetime
    surveys: tuple[Survey, ...]
    """One for each cluster, by name."""
    failing_only: bool = False
    buttons: tuple[Button, ...] = ()
    shared: Shared | None = None


@dataclass(frozen=True, slots=True)
class Portrait:
    """One object in full."""

    ref: Ref
    now: Snapshot | None = None
    """Details included, its sentences without names that may not be told; None: there is no such object."""
    end: Failed | Stalled | None = None
    """What its failure comes to, and what Flux does next."""
    cause: Cause | None = None
    source: Snapshot | None = None
    """Where it takes its content from; None where it has none or it may not be seen."""
    source_hidden: bool = False
    waits_for: tuple[Row, ...] = ()
    """`spec.dependsOn`, as far as they may be seen and are there."""
    lost: tuple[Ref, ...] = ()
    """Those of them that are not there."""
    hidden: int = 0
    """Those of them that may not be seen."""
    events: tuple[Event, ...] = ()
    """The newest, oldest first."""
    controller: Controller | None = None
    """Its controller, where that is down."""
    nearest: tuple[Ref, ...] = ()
    """Names that are near, of an object that is not there."""


@dataclass(frozen=True, slots=True)
class Portrayed:
    """Objects in full, as they were named. Whispered; a root once it is shared."""

    typed: str
    at: datetime
    portraits: tuple[Portrait, ...]
    buttons: tuple[Button, ...] = ()
    shared: Shared | None = None


# --- check --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a cluster is fit for work. Whispered; a root once it is shared."""

    typed: str
    at: datetime
    cluster: str
    flux_namespace: str
    default_namespace: str
    """Of this channel."""
    findings: tuple[Finding, ...]
    name: str = ""
    """The asker's display name, unescaped."""
    channel: str = ""
    """Of the channel, its name."""
    here: tuple[Grant, ...] = ()
    """What the asker may do here in this cluster."""
    clusters: tuple[str, ...] = ()
    """Those that this channel may speak of."""
    rules: int = 0
    """How many the channel has."""
    read_only: str = ""
    """The words for why the bot writes nothing there."""
    hidden: int = 0
    buttons: tuple[Button, ...] = ()
    shared: Shared | None = None


# --- history ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was asked for and how it ended, as the audit trail has it. Whispered; a root once it is shared."""

    typed: str
    at: datetime
    since: timedelta
    """How far back was looked, from `at`."""
    requests: tuple[tuple[Entry, ...], ...] = ()
    """Newest first. Of each its entries, as far as they may be seen here; or one refusal as often as it came in a
    row."""
    beyond: int = 0
    """How many more there are, of those that were looked at."""
    unread: bool = False
    """There may be older ones that were not looked at."""
    user: str = ""
    """Slack's id of the one person whose requests these are; empty: everybody's."""
    name: str = ""
    """Their display name, unescaped."""
    cluster: str = ""
    """What was named is no object of any entry, but a cluster of this channel."""
    buttons: tuple[Button, ...] = ()
    shared: Shared | None = None


# --- watch --------------------------------------------------------------------------------------------------------


class Over(Enum):
    """Why nobody watches any more."""

    READY = "everything is ready"
    TIME = "the time is over"
    STOPPED = "the bot was stopped"
    BROKE = "the bot broke"
    CANCELLED = "somebody cancelled it"
    GONE = "nothing that was watched is left"


@dataclass(frozen=True, slots=True)
class Beheld:
    """Root of a watch: how its objects stand, and what they still lack."""

    watch: str
    """Its id."""
    user: str
    name: str
    """Display name, unescaped."""
    typed: str
    cluster: str
    started_at: datetime
    until: datetime
    counts: tuple[Tally, ...]
    rows: tuple[Row, ...] = ()
    """What is neither ready nor suspended, failing ones first."""
    blind: bool = False
    """The bot sees nothing of the cluster at present: what stands here is what it saw last."""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Unwatched:
    """Root of a watch that is over: how its objects stood at the end."""

    last: Beheld
    over: Over
    took: timedelta
    by: str = ""
    """Who cancelled it: display name, unescaped."""


@dataclass(frozen=True, slots=True)
class WatchedAlready:
    """Whisper: the same is being watched in this channel."""

    watch: str
    name: str
    """Who asked for it."""
    link: str
    until: datetime


@dataclass(frozen=True, slots=True)
class WatchesFull:
    """Whisper: as many watches as there may be run already."""

    most: int
    mine: bool
    """The asker's own; else those of the channel."""


Standing = Surveyed | Portrayed | Checked | Recalled | Beheld | Unwatched | WatchedAlready | WatchesFull
"""What notices.py takes in."""
Answer = Surveyed | Portrayed | Checked | Recalled
"""What may be shared."""
