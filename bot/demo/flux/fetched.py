"""What a kind of source fetches, as its run sees it: a revision with all its words, or a problem."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import FETCH_FAILED, SUCCEEDED
from bot.demo.flux.contents import Content
from bot.demo.flux.kinds import Kind
from bot.demo.flux.shapes import Json, Key


class Result(Enum):
    """How a source's run ended, if no Problem ended it."""

    SUCCESS = "success"
    REQUEUE = "requeue"
    EMPTY = "empty"


class Problem(Exception):
    """A fetch or a build failed. `stalls` if only another spec or source can help."""

    def __init__(self, reason: str, text: str, *, stalls: bool = False, condition: str = FETCH_FAILED) -> None:
        super().__init__(text)
        self.reason = reason
        self.stalls = stalls
        self.condition = condition


@dataclass(frozen=True, slots=True)
class Fetched:
    """A revision of an origin, and all the words for it.

    `found` tells of something new, `stored` goes into the condition, `told` into the event. `upkeep` is (reason,
    message) of the event for nothing new.
    """

    revision: str
    content: Content
    file: str
    found: str
    stored: str
    told: str
    upkeep: tuple[str, str]
    recovered: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    found_reason: str = "NewRevision"
    told_reason: str = "NewArtifact"
    reason: str = SUCCEEDED
    status: dict[str, str] = field(default_factory=dict)


class Fetcher(Protocol):
    """One kind of source."""

    @property
    def kind(self) -> Kind: ...

    @property
    def watched(self) -> Sequence[Kind]: ...

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]: ...

    def is_static(self, obj: Json) -> bool:
        """Nothing runs over it."""
        ...

    async def fetch(self, attempt: Attempt) -> Fetched | Result:
        """What the origin has now. Raises Problem; a Result ends the run at once."""
        ...
