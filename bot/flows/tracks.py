"""All targets of a request: each step once, in order, until one does not end well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.core.chain import feeds
from bot.core.notices import Blocked, Outcome, Stop, Stopped
from bot.core.requests import Request, Role, Step, Verb
from bot.core.resources import Ref, Snapshot
from bot.core.verdicts import Verdict
from bot.flows.carry_out import CarryOut
from bot.flows.gate import Entered, Gate
from bot.flows.halt import Halt
from bot.flows.investigate import Investigate
from bot.flows.planning import Planned, Planning
from bot.flows.steps import Ended, Job, Patience, Waiting
from bot.flows.telling import Telling, cut_short, good
from bot.flows.writes import Writes
from bot.ports import Clock, Clusters, Requests, Telemetry


@dataclass(slots=True)
class Run:
    """One request while it runs. Mutable, owned by one call of the flow."""

    request: Request
    entered: Entered
    telling: Telling
    tell: Callable[[], None]
    """Shows the root as it stands now."""
    ended: dict[Ref, asyncio.Future[Ended]] = field(default_factory=dict)
    """Steps already begun: a source shared by several targets is asked once."""
    last: dict[Ref, Ended] = field(default_factory=dict)
    """The last step of each target, as far as it came."""
    many: bool = False
    """Its targets were selected, not named: each needs a rule that allows that."""
    halt: Halt = field(default_factory=Halt)
    """Set by whoever cancels it."""

    def patched(self) -> tuple[Ended, ...]:
        """Every step that has ended, whichever target it was for."""
        done = (future for future in self.ended.values() if future.done() and not future.cancelled())
        return tuple(future.result() for future in done)


@dataclass(frozen=True, slots=True)
class Tracks:
    """Carries the steps of every target out."""

    gate: Gate
    clusters: Clusters
    planning: Planning
    investigate: Investigate
    requests: Requests
    clock: Clock
    telemetry: Telemetry
    patience: Patience
    forges: tuple[tuple[str, str], ...]
    writes: Writes

    async def run(self, run: Run, plans: tuple[Planned, ...]) -> None:
        """All targets at once; each has its outcome afterwards."""
        async with asyncio.TaskGroup() as group:
            for plan in plans:
                group.create_task(self._target(run, plan), name=f"{run.request.id} {plan.target.short}")

    def engine(self, cluster: str) -> CarryOut | None:
        """The engine for one cluster; None when there is none of that name."""
        found = self.clusters.get(cluster)
        if found is None:
            return None
        return CarryOut(found, self.requests, self.clock, self.telemetry, self.patience, self.forges, self.writes)

    async def _target(self, run: Run, plan: Planned) -> None:
        if plan.stopped is not None:
            run.last[plan.target] = Ended(plan.steps[-1], plan.stopped, timedelta(0))
            run.telling.over(plan.target, Outcome(plan.stopped, self._took(run)))
            return
        baselines = await self.planning.baselines(plan)
        before: Ended | None = None
        for step in plan.steps:
            baseline = baselines.get(step.ref)
            before = await self._step(run, plan.target, step, _wanted(before, baseline), baseline)
            run.telling.ended(plan.target, before)
            run.last[plan.target] = before
            if not good(before.end) or step.role is Role.OBJECT:
                run.telling.over(plan.target, await self._outcome(run, plan, before))
                self._tell_if_others_run(run)
                return
            run.tell()

    def _tell_if_others_run(self, run: Run) -> None:
        """The last target's end is told by the conclusion, which has the buttons too."""
        if any(track.outcome is None for track in run.telling.tracks.values()):
            run.tell()

    async def _step(self, run: Run, target: Ref, step: Step, wanted: str | None, baseline: Snapshot | None) -> Ended:
        begun = run.ended.get(step.ref)
        if begun is not None:
            run.telling.began(target, step.ref)
            return replace(await asyncio.shield(begun), step=step)
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        run.ended[step.ref] = future
        try:
            ended = await self.carry_out(run, target, step, wanted, baseline)
        except BaseException:
            future.cancel()
            raise
        future.set_result(ended)
        return ended

    async def carry_out(
        self, run: Run, target: Ref, step: Step, wanted: str | None, baseline: Snapshot | None
    ) -> Ended:
        """One step to its end, reporting to the target's track."""
        engine = self.engine(step.ref.cluster)
        if engine is None:
            return Ended(step, Stopped(Stop.UNREACHABLE, f"there is no cluster {step.ref.cluster}"), timedelta(0))
        run.telling.began(target, step.ref)
        run.tell()

        def report(waiting: Waiting) -> None:
            text = self.investigate.veil(run.entered, step.ref, waiting.pending.text)
            fit = replace(waiting, pending=replace(waiting.pending, text=text))
            if run.telling.waits(target, step.ref, fit):
                run.tell()

        async def blocked(now: Snapshot) -> bool:
            cause = await self.investigate.cause(run.entered, target, now)
            return cause is not None and cause.settled

        return await engine.run(
            Job(
                request=run.request,
                step=step,
                wanted=wanted,
                baseline=baseline,
                recheck=lambda each: self.gate.still_allowed(
                    run.entered, Verb.RECONCILE, each, run.request.options, many=run.many
                ),
                blocked=blocked,
                report=report,
                halt=run.halt,
            )
        )

    async def _outcome(self, run: Run, plan: Planned, ended: Ended) -> Outcome:
        """What the messages say of one target, with its root cause looked up."""
        took = self._took(run)
        if ended.step.role is Role.OBJECT:
            return await self.investigate.outcome(run.entered, plan.target, ended, took, _fetched(run, ended))
        if cut_short(ended.end):
            return Outcome(ended.end if isinstance(ended.end, Stopped) else Blocked(ended.step.ref, ended.end), took)
        if isinstance(ended.end, Stopped):
            end: Verdict | Stopped | Blocked = replace(ended.end, on=ended.step.ref)
        else:
            has_artifact = ended.now is not None and ended.now.artifact is not None
            end = Blocked(ended.step.ref, ended.end, has_artifact)
        cause = await self.investigate.cause(run.entered, plan.target, ended.now) if ended.now else None
        return Outcome(end, took, now=ended.now, cause=cause, controller=ended.controller)

    def _took(self, run: Run) -> timedelta:
        return self.clock.now() - run.request.asked_at


def _fetched(run: Run, ended: Ended) -> Ended | None:
    """The step in which the request had its source look upstream, if it did."""
    begun = run.ended.get(ended.source.ref) if isinstance(ended.source, Snapshot) else None
    if begun is None or not begun.done() or begun.cancelled():
        return None
    return begun.result() if good(begun.result().end) else None


def _wanted(before: Ended | None, baseline: Snapshot | None) -> str | None:
    """The revision that a step must apply: what the step before ended with, if that is what feeds it."""
    if before is None or before.now is None or before.now.artifact is None:
        return None
    if baseline is not None and feeds(baseline) != before.step.ref:
        return None
    return before.now.artifact.revision
