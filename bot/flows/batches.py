"""The objects of a selection, carried out in the order of the plan: each as soon as its own parents are ready."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.chain import feeds
from bot.core.errors import ClusterError
from bot.core.notices import Blocked, Outcome, Stop, Stopped
from bot.core.plan import Held, Next, Plan, Way
from bot.core.requests import Step
from bot.core.resources import Absent, Ref, Snapshot
from bot.core.verdicts import Failed, Gone, Overtaken, Skipped, Stalled, Suspended, TimedOut, Verdict
from bot.flows.investigate import Investigate
from bot.flows.steps import Ended
from bot.flows.telling import good
from bot.flows.tracks import Run, Tracks

NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done for one request: every object with its step, and the plan over them."""

    plan: Plan
    steps: Mapping[Ref, Step]
    objects: Mapping[Ref, Snapshot]
    """As they stood when the order was made."""
    outside: Mapping[Ref, tuple[Ref, Snapshot | Absent | None]]
    """Objects held by a dependency that is no part of the plan, and that dependency as it stood."""


@dataclass(frozen=True, slots=True)
class _Going:
    """One order while it is carried out."""

    run: Run
    order: Order
    group: asyncio.TaskGroup
    baselines: Mapping[Ref, Snapshot]
    """What stood before the first patch: the rest may follow a new source before we ask them."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Carries an order out."""

    tracks: Tracks
    investigate: Investigate

    async def run(self, run: Run, order: Order) -> None:
        """Every object to its end; each has its outcome afterwards."""
        baselines = await self._baselines(order)
        async with asyncio.TaskGroup() as group:
            going = _Going(run, order, group, baselines)
            self._say_circles(going)
            for ref, (by, found) in order.outside.items():
                run.telling.over(ref, Outcome(self._blocked_outside(run, by, found), NOTHING, order.objects[ref]))
            self._take(going, order.plan.hold(order.outside))
            self._take(going, order.plan.start())

    async def _baselines(self, order: Order) -> Mapping[Ref, Snapshot]:
        """Everything as it stands now: since it was selected somebody else's request may have ended."""
        found = dict(order.objects)
        for ref in order.steps:
            cluster = self.tracks.clusters.get(ref.cluster)
            with suppress(ClusterError):
                now = await cluster.get(ref) if cluster is not None else None
                found |= {ref: now} if isinstance(now, Snapshot) else {}
        return found

    def _take(self, going: _Going, following: Next) -> None:
        """Starts what may start, and says of whom that it will not."""
        for held in following.held:
            going.run.telling.over(held.ref, self._held(going, held))
        for ref in following.start:
            going.group.create_task(self._one(going, ref), name=f"{going.run.request.id} {ref.short}")

    async def _one(self, going: _Going, ref: Ref) -> None:
        run, now = going.run, going.baselines[ref]
        ended = await self.tracks.carry_out(run, ref, going.order.steps[ref], _wanted(going, now), now)
        run.ended[ref] = _landed(ended)
        run.last[ref] = ended
        run.telling.ended(ref, ended)
        # Its children first: what is to be told of its own end may need look-ups.
        following = going.order.plan.ended(ref, _way(ended))
        self._take(going, replace(following, held=()))
        run.telling.over(ref, await self._outcome(run, ref, ended))
        self._take(going, replace(following, start=()))
        run.tell()

    async def _outcome(self, run: Run, ref: Ref, ended: Ended) -> Outcome:
        cause = None
        if ended.now is not None and isinstance(ended.end, Failed | Stalled | TimedOut):
            cause = await self.investigate.cause(run.entered, ref, ended.now)
        end = self.investigate.told(run.entered, ref, ended)
        now = ended.now.brief() if ended.now is not None else None
        return Outcome(end, ended.took, now, cause, controller=ended.controller)

    def _held(self, going: _Going, held: Held) -> Outcome:
        """Why an object was not asked: what began it, as far as this person may see it."""
        run, before = going.run, going.run.last.get(held.by)
        now = going.order.objects[held.ref]
        own = run.telling.tracks[held.by].outcome if held.by in run.telling.tracks else None
        if before is not None:
            end: Verdict | Stopped = self.investigate.told(run.entered, held.by, before)
        elif own is not None and isinstance(own.end, Blocked):
            return Outcome(own.end, NOTHING, now)
        else:
            end = own.end if own is not None and isinstance(own.end, Stopped) else Stopped(Stop.CYCLE)
        return Outcome(Blocked(held.by, end), NOTHING, now)

    def _say_circles(self, going: _Going) -> None:
        for circle in going.order.plan.circles:
            for ref in circle.refs:
                end = Stopped(Stop.CYCLE, way=circle.way)
                going.run.telling.over(ref, Outcome(end, NOTHING, going.order.objects[ref]))

    def _blocked_outside(self, run: Run, by: Ref, found: Snapshot | Absent | None) -> Blocked:
        """A dependency that was not asked along, and is not ready: it may be one that cannot be named here."""
        named = by if self.tracks.gate.sees(run.entered, by) else None
        if not isinstance(found, Snapshot):
            return Blocked(named, Gone(seen_before=False))
        ready = found.ready
        if found.suspended:
            return Blocked(named, Suspended())
        message = self.investigate.veil(run.entered, by, ready.message) if ready and named else ""
        return Blocked(named, Failed(ready.reason if ready else "", message))


def _wanted(going: _Going, now: Snapshot) -> str | None:
    """The revision that a step must apply: what its source ended with, if that was asked before it."""
    feeder = feeds(now)
    before = going.run.last.get(feeder) if feeder is not None else None
    if before is None or before.now is None or before.now.artifact is None or not good(before.end):
        return None
    return before.now.artifact.revision


def _way(ended: Ended) -> Way:
    """Whether those behind an object may go on. One that is switched off holds nobody up as long as it is ready, or
    holds an artifact: that is what Flux itself looks at."""
    end = ended.end.verdict if isinstance(ended.end, Overtaken) else ended.end
    if good(end):
        return Way.OPEN
    if isinstance(end, Suspended | Skipped) and ended.now is not None:
        return Way.OPEN if ended.now.is_ready or ended.now.artifact is not None else Way.SHUT
    return Way.SHUT


def _landed(ended: Ended) -> asyncio.Future[Ended]:
    future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
    future.set_result(ended)
    return future
