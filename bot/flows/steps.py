"""The values that a step of a request is carried out with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.errors import ClusterError, Forbidden, Rejected, Unauthorized
from bot.core.notices import Stop, Stopped
from bot.core.policy import Allowed
from bot.core.requests import Ask, Request, Step
from bot.core.resources import Absent, Controller, Snapshot
from bot.core.verdicts import Pending, Verdict
from bot.flows.halt import Halt


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in settings."""

    floor: timedelta = timedelta(minutes=5)
    """The shortest deadline of a request that names none itself."""
    controller: timedelta = timedelta(seconds=30)
    """After this a controller that has not picked a request up is named."""
    afterlife: timedelta = timedelta(minutes=30)
    """How long a failure or a time-out is followed on."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one step ended, with what the messages need of it."""

    step: Step
    end: Verdict | Stopped
    took: timedelta
    ask: Ask | None = None
    """None: nothing was sent."""
    now: Snapshot | None = None
    source: Snapshot | Absent | None = None
    controller: Controller | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a step reports while it waits."""

    pending: Pending
    controller: Controller | None = None
    """Set once its controller is overdue and could be looked at."""
    now: Snapshot | None = None


Report = Callable[[Waiting], None]
Recheck = Callable[[Step], Awaitable[Allowed | str]]
"""The gate, asked again right before the patch; a text is why not."""
Blocker = Callable[[Snapshot], Awaitable[bool]]
"""Whether what holds an object up will not mend itself by waiting."""


@dataclass(frozen=True, slots=True)
class Job:
    """One step of a request, and whom to ask and tell on the way."""

    request: Request
    step: Step
    wanted: str | None
    """The revision that the source before it ended with."""
    baseline: Snapshot | None
    """The object before the request's first patch, when this is not it."""
    recheck: Recheck
    blocked: Blocker
    report: Report
    halt: Halt = field(default_factory=Halt)
    """The request's own: a cancel ends the step."""


def stopped_by(error: ClusterError) -> Stopped:
    """What a cluster's failure to answer means for a step that was not sent."""
    match error:
        case Forbidden():
            stop = Stop.FORBIDDEN
        case Unauthorized():
            stop = Stop.CREDENTIALS
        case Rejected():
            stop = Stop.REJECTED
        case _:
            stop = Stop.UNREACHABLE
    return Stopped(stop, str(error))
