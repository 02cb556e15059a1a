"""One sent request until the judge decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.clock import Clock
from bot.core.chain import feeds
from bot.core.errors import ClusterError
from bot.core.judge import REVISION_GRACE, give_up, judge
from bot.core.kinds import HELM_RELEASE, RESOURCE_SET_INPUT_PROVIDER
from bot.core.requests import Ask
from bot.core.resources import Absent, Controller, Event, Snapshot
from bot.core.verdicts import Broken, Pending, Seen, Unchanged, Verdict, Why
from bot.flows.steps import Ended, Job, Patience, Waiting
from bot.ports import Blind, Cluster, Follow, Sighting

BLOCKED_GRACE: Final = timedelta(seconds=10)
"""How long a request may wait for a dependency or source that is failing, before that is told as the end."""


async def beside_source(cluster: Cluster, sighting: Sighting) -> Seen:
    """A sighting with the object's source beside it, which comes from the cache; None where it cannot be read."""
    now = sighting.now
    feeder = feeds(now) if isinstance(now, Snapshot) else None
    source: Snapshot | Absent | None = None
    if feeder is not None:
        try:
            source = await cluster.get(feeder)
        except ClusterError:
            source = None
    return Seen(now, sighting.at, source, gap=sighting.gap)


@dataclass(frozen=True, slots=True)
class Watching:
    """Follows one ask. Every sighting is judged, in order."""

    cluster: Cluster
    clock: Clock
    patience: Patience
    job: Job
    ask: Ask
    began: datetime

    async def until_judged(self, follow: Follow) -> Ended:
        """Judges every sighting, and the last one again when a limit passes in silence."""
        clock = self.clock
        last: Sighting | None = None
        controller: Controller | None = None
        blocked_since: datetime | None = None
        pending: Pending | None = None
        while True:
            heard = await follow.next(self._until(pending, controller, clock.now()))
            if isinstance(heard, Blind):
                self.job.report(Waiting(Pending(Why.BLIND, heard.why)))
                continue
            if isinstance(heard, Sighting) and (last is not None or self._after_patch(heard)):
                last = heard
            now = clock.now()
            if last is None:
                if now >= self.ask.deadline:
                    return self._unseen()
                continue
            seen = replace(await beside_source(self.cluster, last), at=now)
            verdict = await self._judged(seen)
            if not isinstance(verdict, Pending):
                return self._end(verdict, seen, controller)
            pending = verdict
            if controller is None and self._overdue(pending, now):
                controller = await self._controller()
            snapshot = last.now if isinstance(last.now, Snapshot) else None
            self.job.report(Waiting(pending, controller, snapshot))
            blocked_since = await self._blocked(pending, snapshot, blocked_since, now)
            if blocked_since is not None and now >= blocked_since + BLOCKED_GRACE:
                return self._end(give_up(self.ask, pending, seen), seen, controller)

    def _after_patch(self, sighting: Sighting) -> bool:
        """Whether the watch has come as far as our patch. What the cache held before it may look handled: an older
        token in the annotation and in the status, neither of them known to us."""
        now, before = sighting.now, self.ask.before
        if isinstance(now, Absent):
            return True
        if before is not None and before.asked.request == self.ask.token:
            if now.version.isdecimal() and before.version.isdecimal():
                return int(now.version) >= int(before.version)
            return now.version == before.version or sighting.gap
        return self.ask.token in {now.asked.request, now.handled.request}

    def _until(self, pending: Pending | None, controller: Controller | None, now: datetime) -> datetime:
        """The next moment at which silence itself says something."""
        moments = [self.ask.deadline]
        if controller is None:
            overdue = self.ask.patched_at + self.patience.controller
            moments.append(overdue if overdue > now else self.ask.deadline)
        match pending:
            case Pending(why=Why.DEPENDENCY | Why.SOURCE):
                # What it waits for may fail meanwhile without any event of the object itself.
                moments.append(now + BLOCKED_GRACE / 2)
            case Pending(why=Why.OLD_REVISION):
                moments.append(max(now, self.ask.patched_at + REVISION_GRACE))
            case _:
                pass
        return min(moments)

    def _overdue(self, pending: Pending, now: datetime) -> bool:
        late = now >= self.ask.patched_at + self.patience.controller
        return late and pending.why in {Why.QUEUED, Why.BUSY}

    async def _judged(self, seen: Seen) -> Pending | Verdict:
        """The judge, shown the object's events where only these tell a success from a refusal to run."""
        verdict = judge(self.ask, seen)
        told_by_events = self.ask.ref.kind in {HELM_RELEASE, RESOURCE_SET_INPUT_PROVIDER}
        if not told_by_events or not isinstance(verdict, Unchanged):
            return verdict
        events = await self._events()
        return judge(self.ask, replace(seen, events=events)) if events else verdict

    async def _events(self) -> tuple[Event, ...]:
        try:
            return await self.cluster.events(self.ask.ref, self.ask.patched_at)
        except ClusterError:
            return ()

    async def _controller(self) -> Controller | None:
        try:
            found = await self.cluster.controller(self.ask.ref.kind)
        except ClusterError:
            return None
        return found if isinstance(found, Controller) else None

    async def _blocked(
        self, verdict: Pending, now: Snapshot | None, since: datetime | None, at: datetime
    ) -> datetime | None:
        """Since when it waits for something that is failing; a dependency in progress is worth waiting for."""
        if verdict.why not in {Why.DEPENDENCY, Why.SOURCE} or now is None or not await self.job.blocked(now):
            return None
        return since or at

    def _unseen(self) -> Ended:
        took = self.clock.now() - self.began
        return Ended(self.job.step, Broken("the cluster's watch showed nothing of it"), took, self.ask)

    def _end(self, verdict: Verdict, seen: Seen, controller: Controller | None) -> Ended:
        return Ended(
            step=self.job.step,
            end=verdict,
            took=self.clock.now() - self.began,
            ask=self.ask,
            now=seen.now if isinstance(seen.now, Snapshot) else self.ask.before,
            source=seen.source,
            events=seen.events,
            controller=controller,
        )
