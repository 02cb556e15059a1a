"""The engine: preflight, one patch, a follow and the judge. It knows objects and verdicts, and no messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.core.errors import ClusterError, Rejected, StoreError, Unreachable
from bot.core.judge import another
from bot.core.notices import Stop, Stopped
from bot.core.patience import patience
from bot.core.requests import Ask, Role
from bot.core.resources import Absent, Snapshot
from bot.core.verdicts import Broken, Cancelled, Failed, Gone, Overtaken, Pending, TimedOut, Verdict, Why, inner
from bot.flows.halt import Cut, Halted
from bot.flows.preflight import Preflight
from bot.flows.sightings import (
    LOOK_AGAIN,
    NEXT_RUN,
    beside_source,
    completes,
    ends_a_run,
    judged,
    rest_of_status,
)
from bot.flows.steps import Ended, Job, Patience, Waiting, stopped_by
from bot.flows.telling import good
from bot.flows.watching import Watching
from bot.flows.writes import Writes
from bot.ports import Blind, Clock, Cluster, Follow, Quiet, Requests, Sighting, Telemetry

READ_BACK: Final = timedelta(seconds=10)
"""How long a patch with an unknown answer may still be under way, once the cluster answers again."""


@dataclass(frozen=True, slots=True)
class CarryOut:
    """Carries one step out in one cluster."""

    cluster: Cluster
    requests: Requests
    clock: Clock
    telemetry: Telemetry
    patience: Patience
    forges: tuple[tuple[str, str], ...]
    """Beside the public ones, for links (FLUX_BOT_FORGES)."""
    writes: Writes

    async def run(self, job: Job) -> Ended:
        """Preflight, patch, follow. Every outcome is a value; a cluster that cannot answer ends the step too.

        Cancelled before its patch it is not sent; once the patch is on its way, its answer decides what was done.
        """
        began = self.clock.now()
        try:
            async with job.halt.cuts() as cut:
                return await self._run(job, began, cut)
        except Halted as halted:
            return Ended(job.step, Stopped(Stop.CANCELLED, halted.by.name), self.clock.now() - began)
        except ClusterError as error:
            return Ended(job.step, stopped_by(error), self.clock.now() - began)

    async def _run(self, job: Job, began: datetime, cut: Cut) -> Ended:
        found = await self.cluster.get(job.step.ref)
        stop = await Preflight(self.cluster).check(job.request.options, job.step, found)
        if stop is not None or not isinstance(found, Snapshot):
            now = found if isinstance(found, Snapshot) else None
            return Ended(job.step, stop or Gone(seen_before=False), self.clock.now() - began, now=now)
        async with self.cluster.follow(job.step.ref) as follow:
            async with self.writes.turn(self.cluster.name):
                # Asked last of all: a turn may be long in coming.
                allowed = await job.recheck(job.step)
                if isinstance(allowed, str):
                    return Ended(job.step, Stopped(Stop.REVOKED, allowed), self.clock.now() - began, now=found)
                cut.lift()
                ask = self._ask(job, found)
                try:
                    await self.requests.begin(job.request.id, ask)
                except StoreError as error:
                    # No action without an entry.
                    unsent = Stopped(Stop.NOT_RECORDED, str(error))
                    return Ended(job.step, unsent, self.clock.now() - began, now=found)
                answer = await self._send(ask)
            sent = await self._unsure(job, ask, answer) if isinstance(answer, Unreachable) else answer
            if isinstance(sent, Broken | Gone):
                # Whether anything arrived may be unknown, so the trail names the ask all the same.
                return Ended(job.step, sent, self.clock.now() - began, ask, found)
            ended = await self._watched(job, sent, began, follow)
        self.telemetry.tell(
            "followed",
            request=job.request.id,
            token=sent.token,
            object=str(job.step.ref),
            kind=job.step.ref.kind.name,
            verdict=type(ended.end).__name__,
            seconds=ended.took.total_seconds(),
        )
        return ended

    async def _watched(self, job: Job, sent: Ask, began: datetime, follow: Follow) -> Ended:
        watching = Watching(self.cluster, self.clock, self.patience, job, sent, began)
        try:
            async with job.halt.cuts():
                return await watching.until_judged(follow)
        except Halted as halted:
            return Ended(job.step, Cancelled(halted.by.name), self.clock.now() - began, sent, sent.before)

    # --- the patch ------------------------------------------------------------------------------------------------

    def _ask(self, job: Job, found: Snapshot) -> Ask:
        now, request, step = self.clock.now(), job.request, job.step
        own = request.options.timeout or patience(found, self.patience.floor)
        target = step.role is Role.OBJECT
        return Ask(
            ref=step.ref,
            token=f"{now.isoformat(timespec='microseconds').replace('+00:00', 'Z')}-{request.id}",
            prev=found.handled.request,
            patched_at=now,
            deadline=now + own,
            before=found,
            forges=self.forges,
            baseline=job.baseline,
            wanted=job.wanted,
            force=request.options.force and target,
            reset=request.options.reset and target,
        )

    async def _send(self, ask: Ask) -> Ask | Broken | Gone | Unreachable:
        """One patch. Its own answer is the object just before its reconcile, so it refines `before`."""
        try:
            before = await self.cluster.request(ask)
        except Unreachable as error:
            return error
        except Rejected as error:
            found = await self.cluster.read(ask.ref)
            gone = isinstance(found, Absent) or another(ask.before, found)
            return Gone(seen_before=True) if gone else Broken(str(error))
        self.telemetry.tell("patched", cluster=self.cluster.name, kind=ask.ref.kind.name, token=ask.token)
        return replace(ask, before=before, prev=before.handled.request)

    async def _unsure(self, job: Job, ask: Ask, error: Unreachable) -> Ask | Broken:
        try:
            async with job.halt.cuts():
                return await self._read_back(job, ask, error)
        except Halted:
            return Broken(f"it is unknown whether the request reached the cluster: {error}")

    async def _read_back(self, job: Job, ask: Ask, error: Unreachable) -> Ask | Broken:
        """The connection broke, so whether the patch arrived is read from the object; it is never sent again.

        Nothing is given up while the cluster does not answer at all, until the request's own deadline.
        """
        until, answered, untouched = ask.deadline, False, False
        while self.clock.now() < until:
            try:
                found = await self.cluster.read(ask.ref)
            except ClusterError as silence:
                job.report(Waiting(Pending(Why.BLIND, str(silence)), now=ask.before))
                await self.clock.sleep(1)
                continue
            if not answered:
                until, answered = min(until, self.clock.now() + READ_BACK), True
            if isinstance(found, Snapshot) and ask.token in {found.asked.request, found.handled.request}:
                return ask
            untouched = _untouched(ask.before, found)
            await self.clock.sleep(1)  # it may still be under way
        if untouched:
            return Broken(f"the request did not reach the cluster within {READ_BACK.seconds} s: {error}")
        return Broken(f"it is unknown whether the request reached the cluster: {error}")

    # --- the afterlife --------------------------------------------------------------------------------------------

    async def afterlife(self, ended: Ended, tell: Callable[[Verdict, Snapshot | None], None]) -> None:
        """Follows a failure that Flux retries, or a run that outlasted us, and tells each verdict of another reason.

        Ends with the first success, when the object goes, when somebody asks anew, or after `patience.afterlife`.
        """
        if ended.ask is None:
            return
        until = self.clock.now() + self.patience.afterlife
        ask = replace(ended.ask, deadline=until + timedelta(days=1))
        last = ended.end
        followed = {"", ask.token, ended.now.asked.request if ended.now else ""}
        behind: Sighting | None = None
        before: Sighting | None = None
        async with self.cluster.follow(ask.ref) as follow:
            while (now := self.clock.now()) < until:
                heard = await follow.next(until if behind is None else min(until, now + LOOK_AGAIN))
                seen = behind if isinstance(heard, Quiet) else heard
                if seen is None or isinstance(seen, Blind):
                    continue
                if isinstance(seen.now, Snapshot) and seen.now.asked.request not in followed:
                    return
                complete, before = ends_a_run(before, seen), seen
                verdict = await self._judged(ask, seen)
                if not (isinstance(verdict, Pending) or complete) and good(verdict):
                    seen, verdict = await self._rested(follow, ask, seen, verdict)
                behind = seen if isinstance(verdict, Pending) and verdict.why is Why.OLD_REVISION else None
                if isinstance(verdict, Pending) or _same(verdict, last):
                    continue
                last = verdict
                tell(verdict, seen.now if isinstance(seen.now, Snapshot) else None)
                if not may_heal(verdict):
                    return

    async def _rested(
        self, follow: Follow, ask: Ask, seen: Sighting, verdict: Pending | Verdict
    ) -> tuple[Sighting, Pending | Verdict]:
        """See bot.flows.sightings: what the run's last write says, unless the next run has begun already."""
        async for sighting in rest_of_status(self.cluster, self.clock, follow, seen):
            later = await self._judged(ask, sighting)
            if isinstance(later, Pending) and later.why in NEXT_RUN:
                break
            last = completes(seen, sighting)
            seen, verdict = sighting, later
            if last:
                break
        return seen, verdict

    async def _judged(self, ask: Ask, sighting: Sighting) -> Pending | Verdict:
        return await judged(self.cluster, self.clock, ask, await beside_source(self.cluster, sighting))


def _untouched(before: Snapshot | None, found: Snapshot | Absent) -> bool:
    """Whether nobody has asked since: else ours may have arrived, and been written over or deleted since."""
    if before is None or not isinstance(found, Snapshot):
        return False
    return (found.uid, found.asked.request) == (before.uid, before.asked.request)


def may_heal(end: Verdict | Stopped) -> bool:
    """Whether Flux may still turn this end into another one by itself."""
    return not isinstance(end, Stopped) and isinstance(inner(end), Failed | TimedOut)


def _same(verdict: Verdict, last: Verdict | Stopped) -> bool:
    """Two verdicts that a reader would not tell apart: the same failure again, at its next retry."""
    match verdict, last:
        case Failed(reason=now), Failed(reason=before):
            return now == before
        case Overtaken(verdict=theirs), Overtaken(verdict=before):
            return _same(theirs, before)
        case _:
            return type(verdict) is type(last)
