"""One sent request until the judge decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.clock import Clock
from bot.core.errors import ClusterError
from bot.core.judge import REVISION_GRACE, SOURCE_GRACE, answers, give_up, swallows, taken_up_from
from bot.core.requests import Ask
from bot.core.resources import Absent, Controller, Snapshot
from bot.core.verdicts import Pending, Seen, TimedOut, Verdict, Why
from bot.flows.sightings import (
    LOOK_AGAIN,
    NEXT_RUN,
    beside_source,
    completes,
    ends_a_run,
    judged,
    older,
    rest_of_status,
)
from bot.flows.steps import Ended, Job, Patience, Waiting
from bot.flows.telling import good
from bot.ports import Blind, Cluster, Follow, Quiet, Sighting

BLOCKED_GRACE: Final = timedelta(seconds=10)
"""How long a request may wait for a dependency or source that is failing, before that is told as the end."""


@dataclass(slots=True)
class Look:
    """What one wait has seen so far."""

    last: Sighting | None = None
    """The newest state after our patch."""
    complete: bool = False
    """It is the last write of a run."""
    answered: bool = False
    """A run for our token, or for a later one, has ended."""
    swallowed: bool = False
    """That run ended before it came to what was asked besides."""
    unforced: Snapshot | None = None
    """The newest state after our patch in which no run had taken up our force."""
    taken_up: bool = False
    """A run had."""
    heard: bool = False
    """The follow has yielded something: what the cache held."""
    blind: Blind | None = None
    pending: Pending | None = None
    held_since: datetime | None = None
    blocked_since: datetime | None = None
    controller: Controller | None = None
    overdue: bool = False
    """The moment at which a silent controller is named has come."""


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
        look = Look()
        while True:
            heard = await follow.next(self._until(look, self.clock.now()))
            match heard:
                case Blind():
                    look.blind = heard
                    self.job.report(Waiting(Pending(Why.BLIND, heard.why)))
                    continue
                case Sighting():
                    self._sees(look, heard)
                case Quiet():
                    await self._look_itself(look)
            ended = await self._judge(look)
            if ended is not None and good(ended.end) and not look.complete:
                ended = await self._rested(follow, look, ended)
            if ended is not None:
                return ended

    async def _rested(self, follow: Follow, look: Look, ended: Ended) -> Ended | None:
        """A run shows its Ready one event before the rest of its status. Where the event before was missed, nothing
        tells the two apart."""
        if look.last is None:
            return ended
        async for sighting in rest_of_status(self.cluster, self.clock, follow, look.last):
            last = completes(look.last, sighting)
            self._sees(look, sighting)
            later = await self._judge(look)
            if later is None:
                return ended if look.pending is not None and look.pending.why in NEXT_RUN else None
            ended = later
            if last:
                break
        return ended

    def _sees(self, look: Look, sighting: Sighting) -> None:
        first, look.heard, look.blind = not look.heard, True, None
        if look.last is not None or self._after_patch(sighting, first=first):
            look.complete = ends_a_run(look.last, sighting)
            look.last = sighting
            self._looks_for_force(look, sighting.now)

    def _looks_for_force(self, look: Look, now: Snapshot | Absent) -> None:
        if isinstance(now, Snapshot) and not look.taken_up:
            look.taken_up = now.handled.force == self.ask.token
            look.unforced = look.unforced if look.taken_up else now

    def _after_patch(self, sighting: Sighting, *, first: bool) -> bool:
        """Whether the watch has come as far as our patch. What the cache held before it may look handled: an older
        token in the annotation and in the status, neither of them known to us."""
        now, before = sighting.now, self.ask.before
        if isinstance(now, Absent):
            # What we patched was there, whatever the cache held; one of its name may have been deleted before.
            return not first and (sighting.gap or now.was is None or not older(now.was, before))
        if before is not None and before.asked.request == self.ask.token:
            if now.version.isdecimal() and before.version.isdecimal():
                return not older(now, before)
            return now.version == before.version or sighting.gap
        return self.ask.token in {now.asked.request, now.handled.request}

    async def _look_itself(self, look: Look) -> None:
        """With a dead watch, silence says nothing: at a limit the object is read once."""
        now = self.clock.now()
        at_limit = now >= self.ask.deadline or (not look.overdue and now >= self._overdue_at())
        if look.blind is None or not at_limit:
            return
        try:
            found = await self.cluster.read(self.ask.ref)
        except ClusterError:
            return
        look.last, look.complete = Sighting(found, self.clock.now(), gap=True), False

    async def _judge(self, look: Look) -> Ended | None:
        now = self.clock.now()
        look.overdue = look.overdue or now >= self._overdue_at()
        if look.last is None:
            return self._unseen(look) if now >= self.ask.deadline else None
        held_by = look.pending.why if look.pending is not None else None
        seen = await beside_source(self.cluster, look.last)
        seen = replace(seen, at=now, held_by=held_by, held_since=look.held_since)
        seen = replace(seen, answered=look.answered, swallowed=look.swallowed)
        verdict = await judged(self.cluster, self.clock, self.ask, seen, look.unforced)
        self._remember(look, seen, verdict)
        if isinstance(verdict, TimedOut) and look.blind is not None:
            verdict = TimedOut(Pending(Why.BLIND, look.blind.why))
        if not isinstance(verdict, Pending):
            return self._end(verdict, seen, look)
        return await self._wait_on(look, verdict, seen, now)

    def _remember(self, look: Look, seen: Seen, verdict: Pending | Verdict) -> None:
        if look.answered or not answers(self.ask, seen):
            return
        look.answered = True
        early = isinstance(verdict, Pending) and verdict.why in {Why.DEPENDENCY, Why.SOURCE}
        look.swallowed = early or swallows(self.ask, seen)

    async def _wait_on(self, look: Look, pending: Pending, seen: Seen, now: datetime) -> Ended | None:
        """Reports, and ends a wait that nothing but a deed can end."""
        holds = pending.why in {Why.SOURCE, Why.OLD_REVISION}
        still = look.pending is not None and look.pending.why is pending.why
        look.held_since = (look.held_since if still and look.held_since else now) if holds else None
        look.pending = pending
        if look.overdue and look.blind is None and look.controller is None and _unanswered(pending):
            look.controller = await self._controller()
        snapshot = seen.now if isinstance(seen.now, Snapshot) else None
        if look.blind is None:
            self.job.report(Waiting(pending, look.controller, snapshot))
        look.blocked_since = await self._blocked(pending, snapshot, look.blocked_since, now)
        if look.blocked_since is not None and now >= look.blocked_since + BLOCKED_GRACE:
            return self._end(give_up(taken_up_from(self.ask, look.unforced), pending, seen), seen, look)
        return None

    def _overdue_at(self) -> datetime:
        return self.ask.patched_at + self.patience.controller

    def _until(self, look: Look, now: datetime) -> datetime:
        """The next moment at which silence itself says something."""
        moments = [self.ask.deadline]
        if not look.overdue:
            moments.append(self._overdue_at())
        since = look.held_since or now
        match look.pending:
            case Pending(why=Why.DEPENDENCY):
                # What it waits for may fail meanwhile without any event of the object itself.
                moments.append(now + LOOK_AGAIN)
            case Pending(why=Why.SOURCE):
                moments.append(min(now + LOOK_AGAIN, since + SOURCE_GRACE))
            case Pending(why=Why.OLD_REVISION):
                # What the source has may be known later than what was applied of it.
                moments.append(min(now + LOOK_AGAIN, since + REVISION_GRACE))
            case _:
                pass
        return min(moments)

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
        if verdict.why not in {Why.DEPENDENCY, Why.SOURCE} or now is None or _speaks_of_older_spec(now):
            return None
        if not await self.job.blocked(now):
            return None
        return since or at

    def _unseen(self, look: Look) -> Ended:
        """The watch never came as far as our patch. The afterlife goes on looking."""
        why = Pending(Why.BLIND, look.blind.why) if look.blind is not None else Pending(Why.QUEUED)
        took = self.clock.now() - self.began
        return Ended(self.job.step, TimedOut(why), took, self.ask, self.ask.before)

    def _end(self, verdict: Verdict, seen: Seen, look: Look) -> Ended:
        return Ended(
            step=self.job.step,
            end=verdict,
            took=self.clock.now() - self.began,
            ask=self.ask,
            now=seen.now if isinstance(seen.now, Snapshot) else self.ask.before,
            source=seen.source,
            controller=look.controller,
        )


def _speaks_of_older_spec(now: Snapshot) -> bool:
    """Whether a run for the newer spec is still to come, which may not wait for the same."""
    ready = now.ready
    return ready is not None and ready.observed is not None and ready.observed < now.generation


def _unanswered(pending: Pending) -> bool:
    return pending.why in {Why.QUEUED, Why.BUSY}
