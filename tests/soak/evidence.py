"""What is known of one played schedule besides what the bot said: the API server's history of every object, the
simulated controllers' journal of their runs, and what reached the bot of both.

Times are seconds of virtual time since the schedule began. A `number` is a resource version.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import zip_longest
from typing import Any

Json = dict[str, Any]

REQUESTED = "reconcile.fluxcd.io/requestedAt"


@dataclass(frozen=True, slots=True)
class Version:
    """One state of one object; `body` is None from its deletion on."""

    key: str
    """`Kind/namespace/name`."""
    at: float
    number: int
    body: Json | None

    @property
    def uid(self) -> str:
        return str(self.body["metadata"]["uid"]) if self.body else ""

    @property
    def generation(self) -> int:
        return int(self.body["metadata"]["generation"]) if self.body else 0

    @property
    def token(self) -> str:
        """The request that stands in its annotation."""
        notes = self.body["metadata"].get("annotations") if self.body else None
        return str((notes or {}).get(REQUESTED, ""))

    @property
    def suspended(self) -> bool:
        return bool(self.body and self.body["spec"].get("suspend"))

    @property
    def deleting(self) -> bool:
        return bool(self.body and self.body["metadata"].get("deletionTimestamp"))

    @property
    def status(self) -> Json:
        return (self.body or {}).get("status") or {}

    @property
    def conditions(self) -> list[Json]:
        return self.status.get("conditions") or []

    @property
    def artifact(self) -> str:
        return str((self.status.get("artifact") or {}).get("revision", ""))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a controller over one object, as its journal has it."""

    key: str
    started: float
    ended: float | None = None
    """None: it died with its controller, or the schedule ended first."""
    token: str = ""
    """The request that it read when it started."""
    generation: int = 0
    suspended: bool = False
    ready: str = ""
    """How it left Ready: `True`, `False`, `Unknown` or nothing."""
    reason: str = ""
    stalled: bool = False
    used: str = ""
    """The revision of its source that it worked on."""
    failure: str = ""
    """The reason of the Helm action that failed in it, where Ready only tells how that was undone."""
    forced: bool = False
    """A forced Helm action was carried out in it."""
    released: bool = False
    """A Helm release was made in it."""
    answered: bool = True
    """It wrote the token before it ended."""
    until: float = float("inf")
    """When it ended or, if it died, when the next one of the object started."""

    @property
    def good(self) -> bool:
        return self.ready == "True" and not self.suspended and not self.stalled


class Route(Enum):
    """How a state reached the bot."""

    WATCH = "watch"
    LIST = "list"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The bot got to know the state that an object had at this number."""

    at: float
    key: str
    number: int
    route: Route


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that we broke between the bot and the API server, from one moment to another."""

    since: float
    until: float
    what: str


class History:
    """Every state of every object, oldest first."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self._of: dict[str, list[Version]] = defaultdict(list)
        for each in sorted(versions, key=lambda one: one.number):
            self._of[each.key].append(each)
        """Every request that any object ever had."""
        self._numbers = {key: [each.number for each in found] for key, found in self._of.items()}
        self._times = {key: [each.at for each in found] for key, found in self._of.items()}

    def of(self, key: str) -> list[Version]:
        return self._of.get(key, [])

    def __iter__(self) -> Iterator[str]:
        """The keys of all objects that there ever were."""
        return iter(self._of)

    def at_number(self, key: str, number: int) -> Version | None:
        """The state it had at that number; None when it never existed before."""
        place = bisect_right(self._numbers.get(key, []), number)
        return self._of[key][place - 1] if place else None

    def at_time(self, key: str, at: float) -> Version | None:
        place = bisect_right(self._times.get(key, []), at)
        return self._of[key][place - 1] if place else None

    def between(self, key: str, since: float, until: float) -> list[Version]:
        """Every state it had at some moment of that time, the one at its beginning included."""
        times = self._times.get(key, [])
        first = max(0, bisect_right(times, since) - 1)
        return self._of.get(key, [])[first : bisect_right(times, until)]

    def patched(self, key: str, token: str) -> Version | None:
        """The first state that had this token."""
        return next((each for each in self.of(key) if each.token == token), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the oracle knows."""

    history: History
    runs: Mapping[str, tuple[Run, ...]]
    """By object, in the order in which they started; they never overlap."""
    deliveries: Mapping[str, tuple[Delivery, ...]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def runs_of(self, key: str) -> tuple[Run, ...]:
        return self.runs.get(key, ())

    def delivered(self, key: str, since: float, until: float) -> list[Delivery]:
        return [each for each in self.deliveries.get(key, ()) if since <= each.at <= until]

    def sent(self, key: str, token: str) -> bool:
        """Whether the object ever had this token."""
        return self.history.patched(key, token) is not None

    def cached(self, key: str, at: float) -> Delivery | None:
        """What the bot's watch had told it last by then. A list after which the watch tells something older was none
        of the watch: it was asked for while that was away."""
        told: list[Delivery] = []
        for each in self.deliveries.get(key, ()):
            if each.route is Route.WATCH:
                told = [one for one in told if one.route is Route.WATCH or one.number <= each.number]
            if each.route is not Route.READ:
                told.append(each)
        return next((each for each in reversed(told) if each.at <= at), None)

    def disturbed(self, since: float, until: float, what: str = "") -> bool:
        """Whether anything between the bot and the API server, or that sort of thing, was broken in that time."""
        return any(
            fault.since <= until and fault.until >= since and fault.what.startswith(what) for fault in self.faults
        )


def by_key(runs: Iterable[Run]) -> dict[str, tuple[Run, ...]]:
    """The runs of each object in order; each gets to know until when it can have written anything."""
    found: dict[str, list[Run]] = defaultdict(list)
    for each in sorted(runs, key=lambda run: run.started):
        found[each.key].append(each)
    return {key: tuple(_bounded(each)) for key, each in found.items()}


def _bounded(runs: list[Run]) -> Iterable[Run]:
    for run, after in zip_longest(runs, runs[1:]):
        next_start = after.started if after is not None else float("inf")
        yield replace(run, until=run.ended if run.ended is not None else next_start)
