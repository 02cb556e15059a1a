"""What the bot said, in words of the tests' own: one claim for each step of each request, and each later edit."""

from dataclasses import dataclass
from enum import Enum


class Word(Enum):
    """What can be said of a step."""

    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    STALLED = "stalled"
    SUSPENDED = "suspended"
    GONE = "gone"
    DELETING = "deleting"
    STATIC = "static"
    TIMED_OUT = "timed out"
    BROKEN = "broken"
    STOPPED = "stopped before it was sent"
    CANCELLED = "cancelled after it was sent"
    HELD = "held by another one"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing said of one object."""

    request: str
    key: str
    word: Word
    told_at: float
    token: str = ""
    """Empty: nothing was sent."""
    reason: str = ""
    """Flux's reason, of a failure; the kind of stop, of a stop; how that other one is said to have ended, if held."""
    revision: str = ""
    """What runs now, as told."""
    by: str = ""
    """The token of somebody else whose run is told."""
    asked_at: float = 0.0
    """When the request was typed or pressed."""
    deadline: float = 0.0
    chained: bool = False
    """Another object was asked before it, with source."""
    feeder: str = ""
    """The source that was asked before it, with source."""
    fed: str = ""
    """The artifact's revision with which that source's own step ended."""
    number: int | None = None
    """The resource version that it was judged on, where that is told."""
    on: str = ""
    """Another object that is the reason of a stop, or that held it."""
    batch: bool = False
    """It was selected, with others, and comes in the order of a plan."""
    forced: bool = False
    """It was asked with force."""
    force_lost: bool = False
    """It was told that the force was not carried out."""
    closed_at: float = 0.0
    """When the whole request was over; its failures are followed on from there."""
    cancelled: bool = False
    """Somebody cancelled the whole request, so that nothing of it is followed on."""
    healed: bool = False
    """An edit after the end: what Flux's own retries came to."""
