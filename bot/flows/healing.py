"""The afterlife of a request: what Flux still retries is followed on, and only the root is edited."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bot.core.errors import BotError
from bot.core.notices import Stopped
from bot.core.resources import Ref, Snapshot
from bot.core.verdicts import Verdict
from bot.flows.carry_out import may_heal
from bot.flows.conclude import Conclude
from bot.flows.investigate import Investigate
from bot.flows.steps import Ended
from bot.flows.tracks import Run, Tracks
from bot.ports import Clock, Telemetry
from bot.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Healing:
    """Starts afterlives and tells what becomes of failures."""

    tracks: Tracks
    conclude: Conclude
    investigate: Investigate
    clock: Clock
    telemetry: Telemetry
    tasks: Tasks
    """Their owner; a stop of the bot does not wait for them."""

    def start(self, run: Run) -> None:
        """Follows, for every target, the object that ended it, if Flux may still change that end by itself."""
        ends = tuple((target, ended) for target, ended in run.last.items() if may_heal(ended.end))
        if ends:
            self.tasks.start(self._all(run, ends), name=f"{run.request.id} afterlife")

    async def _all(self, run: Run, ends: tuple[tuple[Ref, Ended], ...]) -> None:
        with self.telemetry.about(run.request.id):
            async with asyncio.TaskGroup() as group:
                for target, ended in ends:
                    group.create_task(self._one(run, target, ended), name=f"{run.request.id} {target.short}")

    async def _one(self, run: Run, target: Ref, ended: Ended) -> None:
        told_at = self.clock.now()
        engine = self.tracks.engine(target.cluster)
        if engine is None:
            return

        def tell(verdict: Verdict, now: Snapshot | None) -> None:
            fit = self.investigate.told(run.entered, target, replace(ended, end=verdict, now=now or ended.now))
            if isinstance(fit, Stopped):
                return
            run.telling.healed(target, fit, now, self.clock.now() - told_at)
            self.telemetry.tell("healed", request=run.request.id, object=str(target), verdict=type(verdict).__name__)
            self.conclude.retell(run.request, run.telling)

        try:
            await engine.afterlife(ended, tell)
        except BotError as error:
            self.telemetry.tell("afterlife_ended", request=run.request.id, object=str(target), why=str(error))
