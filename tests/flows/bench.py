"""The engine alone, with a watch that plays what a test says: every silent moment can be asserted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.channels import Rule, Who
from bot.core.errors import Unreachable
from bot.core.policy import Allowed
from bot.core.requests import Ask, Caller, Options, Place, Request, Role, Step, Verb
from bot.core.resources import Snapshot, Tokens
from bot.flows.carry_out import CarryOut
from bot.flows.steps import Ended, Job, Patience, Waiting
from bot.flows.watching import Watching
from bot.flows.writes import Writes
from bot.ports import Blind, Quiet, Sighting
from bot.store.memory import MemoryRequests, MemoryTrail
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.runs import done
from tests.fakes.status import B
from tests.fakes.telemetry import FakeTelemetry

T = "2026-08-20T09:14:00.000000Z-req00001"
"""The token of the first step, asked at the start of the fakes' morning."""
DEADLINE = MORNING + timedelta(minutes=5)
PLAIN = Options()
GONE_DARK = Unreachable("prod", "no route")
RULE = Rule("platform", Who(), frozenset(), (), frozenset(), (), ())


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def step_to(snapshot: Snapshot, role: Role = Role.OBJECT) -> Step:
    return Step(snapshot.ref, role, snapshot.ref)


@dataclass(slots=True)
class Blocks:
    """What holds an object up: one answer a look, the last one for ever."""

    answers: list[bool]
    looks: int = 0

    async def __call__(self, now: Snapshot) -> bool:
        self.looks += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass(slots=True)
class Bench:
    """One engine on fakes; what it reported, and what it was told about blocks and rights."""

    cluster: FakeCluster
    clock: FakeClock
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    waits: list[Waiting] = field(default_factory=list)
    blocks: Blocks = field(default_factory=lambda: Blocks([False]))
    right: Allowed | str = field(default_factory=lambda: Allowed(RULE))
    asks: list[Ask] = field(default_factory=list)

    def job(self, step: Step, options: Options = PLAIN) -> Job:
        async def recheck(_: Step) -> Allowed | str:
            return self.right

        request = Request(
            "req00001",
            Verb.RECONCILE,
            (step.ref,),
            options,
            Caller("U0SRE", "sre", "T0"),
            Place("C0"),
            "ks apps",
            "platform",
            MORNING,
        )
        return Job(request, step, None, None, recheck, self.blocks, self.waits.append)

    def engine(self, requests: MemoryRequests | None = None) -> CarryOut:
        kept = requests or MemoryRequests(self.clock, MemoryTrail())
        return CarryOut(self.cluster, kept, self.clock, self.telemetry, Patience(), (), Writes())

    async def carry_out(self, step: Step, options: Options = PLAIN) -> Ended:
        requests = MemoryRequests(self.clock, MemoryTrail())
        job = self.job(step, options)
        await requests.accept(job.request, None)
        ended = await self.clock.through(self.engine(requests).run(job))
        self.asks = list(requests.asks(job.request.id))
        return ended

    async def watch(self, ask: Ask, *heard: Sighting | Blind) -> tuple[Ended, list[datetime]]:
        """The end of a watch that shows this and then nothing more, and each moment until which it would wait."""
        follow = Played(self.clock, *heard)
        job = self.job(Step(ask.ref, Role.OBJECT, ask.ref))
        watching = Watching(self.cluster, self.clock, Patience(), job, ask, MORNING)
        ended = await self.clock.through(watching.until_judged(follow))
        return ended, follow.silences


class Played:
    """A watch that shows these, each at its moment, and nothing else; `silences` are the limits that passed."""

    def __init__(self, clock: FakeClock, *heard: Sighting | Blind) -> None:
        self._clock = clock
        self._heard = deque(heard)
        self.silences: list[datetime] = []

    async def next(self, until: datetime) -> Sighting | Blind | Quiet:
        due = _moment(self._heard[0]) if self._heard else None
        if due is not None and due <= until:
            await self._until(due)
            return self._heard.popleft()
        self.silences.append(until)
        assert len(self.silences) < 1000, "it does not wait but spins"
        await self._until(until)
        return Quiet()

    async def _until(self, moment: datetime) -> None:
        left = (moment - self._clock.now()).total_seconds()
        if left > 0:
            await self._clock.sleep(left)


def _moment(heard: Sighting | Blind) -> datetime:
    return heard.at if isinstance(heard, Sighting) else heard.since


def bench_with(*objects: Snapshot) -> Bench:
    clock = FakeClock()
    return Bench(FakeCluster(clock, *objects), clock)


def asked(before: Snapshot, *, version: str = "10", lost: bool = False) -> Ask:
    """Our patch at the start of the morning; `lost`: its answer never came, so only the look before it is known."""
    answer = before if lost else replace(before, asked=Tokens(T))
    return Ask(before.ref, T, before.handled.request, MORNING, DEADLINE, replace(answer, version=version))


def seen(snapshot: Snapshot, version: str = "11", *, gap: bool = False, seconds: float = 0) -> Sighting:
    """What the watch shows so long after the patch."""
    return Sighting(replace(snapshot, version=version), at(seconds), gap=gap)


def ours(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, asked=Tokens(T))


def stale(snapshot: Snapshot) -> Snapshot:
    """Handled for somebody of whom neither we nor the patch knew."""
    return done(replace(snapshot, asked=Tokens("stale")), "stale", B)
