"""Everything the bot can say, as facts. How it sounds is bot/wording, how it looks is bot/slack/views.

A notice stands either in a slot (desired state: the courier makes Slack say it, and a newer one replaces an older
one) or is whispered to one person (best effort, never stored).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from bot.core.audit import Entry
from bot.core.commands import Unparsed
from bot.core.explain import Cause
from bot.core.offers import Button
from bot.core.policy import Denied
from bot.core.requests import Caller, Options, Role
from bot.core.resources import Artifact, Condition, Controller, Event, Ref, Snapshot
from bot.core.standing import Beheld, Standing
from bot.core.verdicts import Pending, Skipped, Succeeded, Unchanged, Verdict, Why, inner

# --- Slots --------------------------------------------------------------------------------------------------------


class Part(Enum):
    """Which message of a subject."""

    ROOT = "root"
    DETAILS = "details"
    """In the root's thread."""
    MENTION = "mention"
    """In the root's thread; pings its asker."""
    AUDIT = "audit"


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One message to be: at most one per subject, part and place."""

    subject: str
    """The request's id, or the key of a folded refusal or a warning."""
    part: Part
    place: str = ""
    """The channel, where one subject speaks in several (two audit channels); empty for the request's own."""


# --- A request ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for what: the part of a request that its messages repeat."""

    request: str
    user: str
    name: str
    """Display name, unescaped."""
    typed: str
    at: datetime
    options: Options = Options()
    cancelled: Caller | None = None
    """Who cancelled it before it was over."""


class Going(Enum):
    """How a stage stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Static, or not needed."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One object on the way: a source, a chart, or the target itself."""

    ref: Ref
    role: Role
    going: Going
    pending: Pending | None = None
    verdict: Verdict | None = None
    before: str = ""
    """Revision before and after, as far as known."""
    after: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Healed:
    """What became of a failure after it was told: Flux retried by itself."""

    verdict: Verdict
    """Of the target, or of the object before it that kept it from being asked (`Blocked.by`)."""
    after: timedelta
    """Since the first verdict."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """What an unchanged object's source says of itself."""

    ref: Ref
    artifact: Artifact | None
    looked_at: datetime | None = None
    """When it last looked upstream, if an event tells."""
    ready: bool = True
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class NotFound:
    """Names near a missing one, as far as this person may see them here."""

    nearest: tuple[Ref, ...] = ()
    elsewhere: tuple[Ref, ...] = ()
    """The same name in other namespaces."""
    valid: tuple[Ref, ...] = ()
    """Others of its namespace, where no name is near."""


class Stop(Enum):
    """A reason not to patch that is neither a verdict of Flux nor a refusal."""

    NO_KIND = "the cluster does not serve this kind"
    NO_NAMESPACE = "there is no such namespace"
    CONTROLLER_ABSENT = "its controller is not installed"
    CONTROLLER_DOWN = "its controller is scaled to 0"
    UNREACHABLE = "the cluster does not answer"
    FORBIDDEN = "the bot's role in the cluster does not allow it"
    CREDENTIALS = "the cluster does not accept the bot's credentials"
    REJECTED = "the API server refused"
    SOURCE_EMPTY = "its source fails and has nothing to apply"
    RETRIES_EXHAUSTED = "Helm is out of retries"
    READ_ONLY = "this bot only reads"
    REVOKED = "the allowlist no longer allows it"
    NOT_CARRIED_OUT = "stopped before it was sent"
    CANCELLED = "cancelled before it was sent"
    """`Stopped.text` is the display name of who did it."""
    CYCLE = "it waits for itself"
    NOT_RECORDED = "it could not be recorded"


@dataclass(frozen=True, slots=True)
class Stopped:
    """We did not send the request; nothing happened."""

    stop: Stop
    text: str = ""
    """The edge's own sentence, for a person."""
    on: Ref | None = None
    """Another object that is the reason: the source."""
    way: tuple[Ref, ...] = ()
    """Of a cycle: each waits for the next, the last one for the first."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """It was never asked because something before it ended badly."""

    by: Ref | None
    """None: something this channel may not see."""
    verdict: Verdict | Stopped
    has_artifact: bool = False
    """An older artifact is there to apply, if somebody wants that."""


def fine(end: Verdict | Stopped | Blocked) -> bool:
    """Whether a person asked for this and got it; a schedule that says "not now" is fine too."""
    return not isinstance(end, Stopped | Blocked) and isinstance(inner(end), Succeeded | Unchanged | Skipped)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one target of a request ended."""

    end: Verdict | Stopped | Blocked
    took: timedelta
    now: Snapshot | None = None
    """The object as last seen; advice names its fields."""
    cause: Cause | None = None
    source: Sourced | None = None
    near: NotFound | None = None
    controller: Controller | None = None
    """Its controller, when it did not answer."""
    healed: Healed | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """One target of a request and its stages so far."""

    target: Ref
    stages: tuple[Stage, ...] = ()
    outcome: Outcome | None = None
    slow: Controller | None = None
    """Its controller has not picked the request up for 30 s."""


@dataclass(frozen=True, slots=True)
class Running:
    """Root: what is going on."""

    asked: Asked
    tracks: tuple[Track, ...]
    at: datetime
    buttons: tuple[Button, ...] = ()


EXPECTED: Final = frozenset({Why.BUSY, Why.QUEUED, Why.RUNNING, Why.NEWER_SPEC, Why.REPLACED})
"""What every run waits for on its way, beside what may keep it from its end."""


def uneventful(notice: Running) -> bool:
    """Whether all goes its way: then who is told the end alone misses nothing."""
    ends = [track.outcome for track in notice.tracks if track.outcome is not None]
    stages = [stage for track in notice.tracks for stage in track.stages]
    waits = [stage.pending.why for stage in stages if stage.pending is not None]
    return notice.asked.cancelled is None and EXPECTED.issuperset(waits) and all(fine(each.end) for each in ends)


@dataclass(frozen=True, slots=True)
class Finished:
    """Root: how it ended. Edited once more when a failure heals."""

    asked: Asked
    tracks: tuple[Track, ...]
    at: datetime
    took: timedelta
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands in a namespace, of the kinds that somebody may see here."""

    cluster: str
    namespace: str
    kinds: tuple[tuple[str, int, int], ...] = ()
    """Kind, how many, how many of them not ready."""


@dataclass(frozen=True, slots=True)
class Account:
    """Everything worth opening a thread for, of one target."""

    track: Track
    conditions: tuple[Condition, ...] = ()
    events: tuple[Event, ...] = ()
    """At most the ten newest since the request, oldest first."""
    counts: Counts | None = None


@dataclass(frozen=True, slots=True)
class Detailed:
    """Thread: stages, diff or conditions, events, counts, next steps. Also whispered by the button Details."""

    asked: Asked
    accounts: tuple[Account, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Thread: the one message that pings, so that who walked away comes back."""

    asked: Asked
    tracks: tuple[Track, ...]


# --- A request for a selection ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """What a selection (`all`, a glob, a label) came to when it was looked up."""

    cluster: str
    namespace: str
    """Empty: all of them, or several."""
    kinds: tuple[tuple[str, int], ...] = ()
    """Each kind and how many of it, in the order in which they are told."""
    hidden: int = 0
    """Objects that fit the selection, and that the asker may not touch here."""
    elsewhere: int = 0
    """Objects of other namespaces that `-A` would take too."""
    unfetched: int = 0
    """Sources of selected objects that the asker may not have fetched here."""


@dataclass(frozen=True, slots=True)
class BatchRunning:
    """Root: how far it has come."""

    asked: Asked
    batch: Batch
    tracks: tuple[Track, ...]
    at: datetime
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchFinished:
    """Root: the sum, and what failed. Edited again when failures heal."""

    asked: Asked
    batch: Batch
    tracks: tuple[Track, ...]
    at: datetime
    took: timedelta
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchDetailed:
    """Thread: every object, the failed ones first and with their last events. Also whispered by Details."""

    asked: Asked
    batch: Batch
    tracks: tuple[Track, ...]
    accounts: tuple[Account, ...]
    """Of failed objects, as many as anybody reads."""
    at: datetime
    took: timedelta


@dataclass(frozen=True, slots=True)
class BatchMentioned:
    """Thread: the sum, to whoever walked away."""

    asked: Asked
    batch: Batch
    tracks: tuple[Track, ...]
    took: timedelta


@dataclass(frozen=True, slots=True)
class NoneSelected:
    """Whisper: a selection that holds nothing which the asker may touch, or more than one request may."""

    typed: str
    cluster: str
    namespace: str
    """Empty: all of them, or several."""
    hidden: int = 0
    elsewhere: int = 0
    found: int = 0
    """More than the most, which is `most`; else 0."""
    most: int = 0


# --- Answers to one person ----------------------------------------------------------------------------------------


class Refusal(Enum):
    """Why a person may not, apart from rules."""

    CHANNEL_UNLISTED = "this channel is not on the allowlist"
    CHANNEL_OFF = "this channel is not what its entry says it is"
    CHANNEL_UNKNOWN = "Slack does not tell what this channel is"
    DIRECT_MESSAGE = "in a direct message"
    GUEST = "guests may not"
    DEACTIVATED = "deactivated"
    BOT = "bots may not"
    FOREIGN = "people of another workspace may not"
    PERSON_UNKNOWN = "Slack does not tell who you are"
    RULES = "no rule allows it"
    OFFER_SPENT = "the button was pressed before"
    OFFER_GONE = "the button is too old or not ours"
    NOT_ASKER = "the button is not in this channel"
    NOT_YOURS = "the button is for somebody else"
    NOT_MEMBER = "the bot is not in this channel"
    UNPOSTABLE = "Slack does not let the bot post here"
    SHUTTING_DOWN = "the bot is being restarted"


@dataclass(frozen=True, slots=True)
class Refused:
    """Whisper: what was refused, by which rule, and who may."""

    refusal: Refusal
    what: str
    """`reconcile prod ks/flux-system/apps`, or the command as typed."""
    denied: Denied | None = None
    """With Refusal.RULES."""
    who_may: tuple[str, ...] = ()
    """Display names of the groups and people whom rules of this channel allow it, unescaped: `@shop-team`."""
    detail: str = ""
    """Slack's word for it, or who pressed first."""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Whisper: why a text is no command and what would have been one."""

    typed: str
    unparsed: Unparsed
    command: str
    """The slash command's name."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Whisper: a bare name that fits several objects, or none."""

    name: str
    typed: str
    refs: tuple[Ref, ...] = ()
    nearest: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterUnknown:
    """Whisper: there is no cluster of that name here, or it does not answer."""

    name: str
    known: tuple[str, ...]
    error: str = ""
    """The edge's own sentence, when it exists and does not answer."""


@dataclass(frozen=True, slots=True)
class ClusterAsked:
    """Whisper: several clusters and no default."""

    typed: str
    clusters: tuple[str, ...]
    buttons: tuple[Button, ...] = ()
    """None with force or reset: a button never carries these on."""


@dataclass(frozen=True, slots=True)
class Forceable:
    """A release that would be forced, with what is known of it."""

    ref: Ref
    now: Snapshot | None
    """None: there is none of that name."""
    hindered: bool = False
    """As it stands, nothing would be sent to it."""


@dataclass(frozen=True, slots=True)
class ForceAsked:
    """Whisper: what force would do, before anything is done. Whoever asked may press, for two minutes."""

    typed: str
    releases: tuple[Forceable, ...]
    options: Options
    within: timedelta
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelling:
    """Whisper: a running request was cancelled; its own message tells what was sent already."""

    request: str
    typed: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class NothingToCancel:
    """Whisper: it has ended, or never ran here; empty for somebody who has nothing running here."""

    request: str = ""


@dataclass(frozen=True, slots=True)
class May:
    """One line of what somebody may do here."""

    rule: str
    verbs: tuple[str, ...]
    kinds: tuple[str, ...]
    namespaces: tuple[str, ...]
    names: tuple[str, ...]
    clusters: tuple[str, ...]
    sources: str = ""
    force: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Helped:
    """Whisper: three commands that work for this person here, then what they may do, then the grammar."""

    command: str
    channel: str
    examples: tuple[str, ...] = ()
    """Full commands with real names; empty when nothing could be looked up."""
    may: tuple[May, ...] = ()
    default_cluster: str | None = None
    default_namespace: str = "flux-system"
    clusters: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """Whisper: the same was asked a moment ago; its thread answers both."""

    request: str
    link: str


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Whisper: what was asked could not be written down, so nothing is done. `why` is the store's own sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Apology:
    """Whisper: we broke. `reference` finds it in the log."""

    reference: str
    what: str = ""


# --- The audit channel --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Audited:
    """One request at its end, or refusals of one person for one reason folded: one line either way."""

    entries: tuple[Entry, ...]
    """Of a request's targets."""
    count: int = 1
    """How many refusals the line stands for."""
    also: tuple[Entry, ...] = ()
    """Of what was patched on the way to them: sources and charts."""


@dataclass(frozen=True, slots=True)
class ChannelOff:
    """A channel differs from its entry, so its entry is off."""

    channel: str
    name: str
    expected: str
    """`private, not shared`"""
    found: str


Notice = (
    Running
    | Finished
    | Detailed
    | Mentioned
    | BatchRunning
    | BatchFinished
    | BatchDetailed
    | BatchMentioned
    | NoneSelected
    | Refused
    | NotUnderstood
    | Ambiguous
    | ClusterUnknown
    | ClusterAsked
    | ForceAsked
    | Cancelling
    | NothingToCancel
    | Helped
    | Joined
    | Unrecorded
    | Apology
    | Standing
    | Audited
    | ChannelOff
)
PROGRESS: Final = (Running, BatchRunning, Beheld)
"""The notices that only tell progress: edits of them may be left out, and share what Slack allows."""


@dataclass(frozen=True, slots=True)
class Whisper:
    """To whom something is whispered. `reply` is Slack's response_url or empty: it is never stored nor logged."""

    user: str
    channel: str
    reply: str = field(default="", repr=False)
