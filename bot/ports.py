"""What the flows need from outside, as Protocols. Their docstrings are the promise; one behaviour suite per port
(tests/fakes and the edges' own tests) proves it against every implementation.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from bot.clock import Clock
from bot.core.audit import Entry, Sought
from bot.core.health import Right
from bot.core.kinds import Kind
from bot.core.notices import Notice, Slot, Whisper
from bot.core.offers import Offer
from bot.core.requests import Ask, Caller, Place, Request
from bot.core.resources import Absent, Controller, Event, Ref, Snapshot
from bot.core.verdicts import Verdict

__all__ = [
    "Accepted",
    "Blind",
    "Cached",
    "Chat",
    "Clock",
    "Cluster",
    "Clusters",
    "Directory",
    "Duplicate",
    "Follow",
    "Joining",
    "Messages",
    "New",
    "NotYet",
    "Posted",
    "Quiet",
    "Requests",
    "Sighting",
    "Spent",
    "Telemetry",
    "Trail",
    "Unknown",
    "Unpostable",
]

# --- Clusters -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sighting:
    """An object as the watch saw it. `gap`: since the sighting before, states may have been missed."""

    now: Snapshot | Absent
    at: datetime
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Blind:
    """The watch is dead since then; it goes on trying."""

    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing was seen until the moment asked for."""


@dataclass(frozen=True, slots=True)
class Cached:
    """A kind as its watch has it now."""

    objects: tuple[Snapshot, ...]
    """Brief, in no order."""
    changes: int
    """The same number means the same objects."""


class Follow(Protocol):
    """One object's sightings: the cached state, and after it each event as it came, none left out or merged.

    A failure may show in a single event. Where one could be missing after all (a relist, an overflow) the next
    sighting says `gap`. Full snapshots, details included, for everything after the cached first one.
    """

    async def next(self, until: datetime) -> Sighting | Blind | Quiet:
        """The next thing seen; Quiet once `until` has passed. A Blind is told once per outage."""
        ...


class Cluster(Protocol):
    """One cluster. Every call ends in an answer, a time-out (5 s for reads, 10 s for writes) or a ClusterError."""

    @property
    def name(self) -> str: ...

    @property
    def frozen(self) -> str:
        """What to say instead of writing there (FLUX_BOT_READ_ONLY_WORDS); empty where this process may write."""
        ...

    async def get(self, ref: Ref) -> Snapshot | Absent:
        """From the cache once its kind is synced, else asked. Brief: no details."""
        ...

    async def read(self, ref: Ref) -> Snapshot | Absent:
        """Asked from the API server, details included."""
        ...

    async def list(self, kind: Kind, namespace: str | None = None) -> tuple[Snapshot, ...]:
        """All of a kind, in name order, brief; from the cache once synced. A kind not served is empty."""
        ...

    def cached(self, kind: Kind) -> Cached | None:
        """What the watch of the kind shows, without a call; None while it shows nothing that can be relied on."""
        ...

    async def serves(self, kind: Kind) -> bool: ...

    async def has_namespace(self, name: str) -> bool:
        """True too when we may not look."""
        ...

    def follow(self, ref: Ref) -> AbstractAsyncContextManager[Follow]:
        """Registered when the block is entered: what happens after is seen."""
        ...

    async def request(self, ask: Ask) -> Snapshot:
        """Sends the request in one patch and answers the object as it then was: before its reconcile.

        Raises Unreachable when it is unknown whether the patch arrived: the annotation tells; another token would be
        another request. Raises Rejected with the API server's sentence, Forbidden with what is missing.
        """
        ...

    async def events(self, ref: Ref, since: datetime) -> tuple[Event, ...]:
        """Core events about the object, oldest first; empty when we may not read them."""
        ...

    async def controller(self, kind: Kind, within: timedelta = timedelta(0)) -> Controller | Absent | None:
        """The Deployment that reconciles the kind. Absent only where we may list Deployments and see other Flux
        ones; None when it cannot be known. One that was seen running `within` that time counts as it was then."""
        ...

    # What `check` asks. Each raises ClusterError, Forbidden where the bot may not look.

    @property
    def flux_namespace(self) -> str:
        """Where Flux is installed."""
        ...

    async def installed(self) -> tuple[Controller, ...]:
        """Flux's Deployments, in name order."""
        ...

    async def version(self) -> str:
        """Of the API server: `v1.36.0`."""
        ...

    async def served(self) -> tuple[tuple[Kind, tuple[str, ...]], ...]:
        """Flux's kinds that are served, asked anew, with their versions, the server's favourite first."""
        ...

    async def may(self, right: Right) -> bool:
        """Whether our role allows it, in every namespace that we watch."""
        ...

    def trouble(self) -> tuple[str, ...]:
        """Which watches do not work and why, a line each; empty when all do."""
        ...


class Clusters(Protocol):
    """All clusters this process knows. None waits for another that is down."""

    def names(self) -> tuple[str, ...]: ...

    def get(self, name: str) -> Cluster | None: ...


# --- Slack --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Posted:
    """The message stands in Slack."""

    link: str
    """Its permalink; empty when unknown."""


@dataclass(frozen=True, slots=True)
class Unpostable:
    """Slack says that this channel cannot be posted to; `code` is Slack's word."""

    code: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Slack has not answered yet; the courier goes on."""


class Chat(Protocol):
    """What the bot says in Slack."""

    def show(self, slot: Slot, place: Place, notice: Notice) -> None:
        """Desired state: makes Slack say `notice` in `slot`, some time soon. Never fails and never waits. A part
        other than ROOT and AUDIT is shown in the thread of the subject's root, after it."""
        ...

    async def posted(self, slot: Slot, until: datetime) -> Posted | Unpostable | NotYet:
        """How a slot's first message fared, as soon as that is known."""
        ...

    async def whisper(self, to: Whisper, notice: Notice) -> bool:
        """Shows it to one person only, best effort; False when Slack did not take it."""
        ...


class Unknown(Enum):
    """Why Slack does not vouch for somebody or something: each is a refusal."""

    ABSENT_ID = "no id was given"
    NOT_FOUND = "Slack knows no such id"
    GUEST = "a guest"
    DEACTIVATED = "deactivated"
    BOT = "a bot"
    FOREIGN = "of another workspace"
    UNANSWERED = "Slack does not answer"
    NO_RIGHTS = "Slack refuses the bot's token that question"


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What Slack says of a channel."""

    id: str
    name: str
    private: bool
    shared: bool
    """With another organisation, or about to be."""
    archived: bool
    member: bool
    """Whether the bot is in it."""
    direct: bool = False


class Directory(Protocol):
    """Who people are and what channels are. Cached for minutes, single-flight, fails closed."""

    async def caller(self, user: str, team: str, fresh: bool = False) -> Caller | Unknown:
        """A full member of our workspace with the groups that rules name. `fresh` takes nothing older than the
        normal cache age, for what must not run on a stale answer."""
        ...

    async def channel(self, id_: str, *, fresh: bool = False) -> ChannelFacts | Unknown:
        """What a channel is. `fresh` as for a caller."""
        ...

    async def names(self, ids: frozenset[str]) -> dict[str, str]:
        """Display names of users and groups, as far as known; never fails."""
        ...


# --- State --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class New:
    """Taken: it is ours to carry out."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same delivery came before; it was answered then."""


@dataclass(frozen=True, slots=True)
class Joining:
    """The same was typed by the same person within 5 s, and the first one still runs: it answers both."""

    request: str


@dataclass(frozen=True, slots=True)
class Spent:
    """The button was pressed before, by `user`."""

    user: str


Accepted = New | Duplicate | Joining | Spent


Ends = tuple[tuple[Ref, Verdict | None], ...]
"""How each target of a request ended; None: it was never asked."""


class Requests(Protocol):
    """Requests, their steps and the offers under their messages. One method is one transaction."""

    async def accept(self, request: Request, offer: str | None = None) -> Accepted:
        """Stores the request and its delivery, and spends the offer it came from, all or nothing."""
        ...

    async def begin(self, request: str, ask: Ask) -> None:
        """Stores one step's ask ahead of its patch: no action without an entry."""
        ...

    async def end(self, request: str, ends: Ends, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Stores how every target ended and appends the audit entries; answers them numbered."""
        ...

    async def offer(self, offers: tuple[Offer, ...]) -> None:
        """Best effort: the button of an offer that could not be stored is one that is over."""
        ...

    async def offered(self, key: str) -> Offer | None:
        """The offer behind a button; None when it is unknown or over. Spends nothing."""
        ...

    async def seen(self, delivery: str) -> bool:
        """Marks a delivery that never becomes a request (help, a refusal) and says whether it was marked before."""
        ...


class Trail(Protocol):
    """The audit trail: append-only, numbered from 1 without a gap, each entry proven by the one after it."""

    async def append(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Answers them numbered and hashed, in order."""
        ...

    async def found(self, sought: Sought, most: int) -> tuple[Entry, ...]:
        """The newest that fit, at most so many, newest first."""
        ...

    async def after(self, number: int, most: int) -> tuple[Entry, ...]:
        """The entries that follow this one, at most so many, oldest first; 0 stands before the first."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """What the courier knows of one slot. `channel` and `ts` are Slack's address of it; empty until posted."""

    slot: Slot
    place: Place
    notice: Notice
    version: int
    """Counts the notices wanted in this slot."""
    shown: int = 0
    """The version Slack shows."""
    ts: str = ""
    tries: int = 0
    """Posts whose answer is unknown."""


class Messages(Protocol):
    """Slots as desired state."""

    def want(self, slot: Slot, place: Place, notice: Notice) -> Message: ...

    def get(self, slot: Slot) -> Message | None: ...

    def keep(self, message: Message) -> None:
        """Stores what the courier learned; a newer wanted notice is never overwritten by an older one."""
        ...

    def unsaid(self) -> tuple[Message, ...]:
        """All whose wanted version is not shown, oldest first."""
        ...

    def forget(self, slot: Slot) -> None: ...


# --- Telemetry ----------------------------------------------------------------------------------------------------


class Telemetry(Protocol):
    """One fact becomes one log line and its metrics. Never raises, never blocks."""

    def tell(self, event: str, /, **facts: object) -> None: ...

    def about(self, request: str) -> AbstractContextManager[None]:
        """Everything told inside, by whomever, carries the request's id."""
        ...

    def broke(self, event: str, error: BaseException, /, **facts: object) -> None:
        """Something nobody foresaw: the only place a traceback is written, redacted."""
        ...
