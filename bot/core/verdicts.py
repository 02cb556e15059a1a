"""What can be said of a request to one object: not decided yet, or one of the closed set of verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.resources import Absent, Event, HelmRevision, Snapshot
from bot.core.revisions import Change


class Why(Enum):
    """What a pending request waits for."""

    BUSY = "an earlier run is still going"
    QUEUED = "the controller has not picked it up yet"
    RUNNING = "the run that we asked for is going"
    DEPENDENCY = "a dependency is not ready"
    SOURCE = "the source has nothing to apply yet"
    NEWER_SPEC = "the object has a newer spec than its last run"
    OLD_REVISION = "the last run applied an older revision than the source has"
    REPLACED = "the run was cut short for a newer one"
    BLIND = "the cluster's watch is down, so nothing is seen"


class Warn(Enum):
    """What a success must not keep quiet about."""

    HEALTH_NOT_CHECKED = "neither wait nor healthChecks"
    SOURCE_FAILING = "the source failed; an old artifact was applied"
    FORCE_LOST = "the force was swallowed by a run that ended early"
    RESET_LOST = "the reset was swallowed by a run that ended early"
    NEWER_AVAILABLE = "the source got a newer revision meanwhile"


@dataclass(frozen=True, slots=True)
class Pending:
    """Not decided. `text` is the controller's own sentence where it has one."""

    why: Why
    text: str = ""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Our run ended well and something changed."""

    change: Change
    warnings: tuple[Warn, ...] = ()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Our run ended well and found nothing to do."""

    revision: str
    warnings: tuple[Warn, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """Our run ended badly. `retry_at` is when Flux tries again by itself; None when nobody knows or it will not."""

    reason: str
    message: str
    retries: bool = False
    retry_at: datetime | None = None
    revision: str = ""
    """What it tried to apply."""
    running: str = ""
    """What still runs."""
    good: HelmRevision | None = None
    """The last release that worked, of a HelmRelease."""
    remedy: str = ""
    """`RollbackSucceeded`, `UninstallFailed` …: what Helm did about it; empty when nothing."""
    warnings: tuple[Warn, ...] = ()
    """What of the request will not happen any more, whatever Flux does next."""


@dataclass(frozen=True, slots=True)
class Stalled:
    """Flux gave up until somebody changes something."""

    reason: str
    message: str
    ready_reason: str = ""
    ready_message: str = ""
    revision: str = ""
    running: str = ""
    good: HelmRevision | None = None
    remedy: str = ""
    warnings: tuple[Warn, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspended:
    """It is switched off; nothing ran."""

    by: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such object (any more)."""

    seen_before: bool


@dataclass(frozen=True, slots=True)
class Deleting:
    """It is being deleted; these finalizers hold it."""

    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Static:
    """Nothing reconciles this kind."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """It is outside its schedule; nothing ran."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Our patience ended before its run did; Flux goes on."""

    pending: Pending


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Somebody cancelled the request after it was sent: we look no more, and Flux goes on by itself."""

    by: str
    """Their display name, unescaped."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody overwrote our token before a controller saw it; `verdict` is what became of theirs."""

    by: str
    verdict: Succeeded | Unchanged | Failed | Stalled


@dataclass(frozen=True, slots=True)
class Broken:
    """We could not carry it out or could not see how it ended; `why` is for a person."""

    why: str


Verdict = (
    Succeeded
    | Unchanged
    | Failed
    | Stalled
    | Suspended
    | Gone
    | Deleting
    | Static
    | Skipped
    | TimedOut
    | Cancelled
    | Overtaken
    | Broken
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known at one moment of an object that was asked for."""

    now: Snapshot | Absent
    at: datetime
    source: Snapshot | Absent | None = None
    """Its source (of a HelmRelease with a chart template: its HelmChart); None when it has none."""
    events: tuple[Event, ...] = ()
    """Events about the object since the patch, oldest first."""
    held_by: Why | None = None
    """What the judge said last that it waits for, of the two that have a grace period (rows 11 and 17)."""
    held_since: datetime | None = None
    """Since when it has said so, each time; the grace period runs from there."""
    answered: bool = False
    """A run for our token, or for a later one, had ended already when the object was seen before."""
    swallowed: bool = False
    """That run ended early, before it came to a force or a reset."""


def inner(end: Verdict) -> Verdict:
    """The end itself, whether the run that reached it was asked for by us or by whoever overtook us."""
    return end.verdict if isinstance(end, Overtaken) else end
