"""What runs, and the order in which it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.app.probes import LoopWatch
from bot.clock import Clock
from bot.cluster.adapter import KubernetesClusters
from bot.config.settings import Settings, SlackMode
from bot.ports import Telemetry
from bot.slack.connect import Bolt, Connection
from bot.slack.courier import Courier
from bot.store.database import Database
from bot.tasks import Tasks
from bot.web.server import Server

FLUSH: Final = timedelta(seconds=5)
"""How long a stop lets the courier say what is left to say."""


@dataclass(frozen=True, slots=True)
class Bot:
    """Everything that runs, wired."""

    settings: Settings
    clock: Clock
    telemetry: Telemetry
    connection: Connection
    database: Database
    bolt: Bolt
    clusters: KubernetesClusters
    courier: Courier
    knowing: Callable[[], Awaitable[None]]
    """Keeps what is known of the channels fresh."""
    servers: tuple[Server, ...]
    """The probes' and, over HTTP, Slack's."""
    loop: LoopWatch
    listening: Tasks
    """One task per thing said or pressed, until its request ended."""
    afterlives: Tasks
    """What follows an ended request on; nobody waits for these at a stop."""

    async def serve(self, stop: asyncio.Event) -> None:
        """Until `stop` is set, or until something that must run dies."""
        runs: list[Callable[[], Awaitable[None]]] = [
            self.database.run,
            self.clusters.run,
            self.courier.run,
            self.knowing,
            *(server.run for server in self.servers),
            self.loop.run,
        ]
        if self.settings.slack_mode is SlackMode.SOCKET:
            runs.append(lambda: self.connection.link.run(self.bolt))
        tasks = [asyncio.ensure_future(run()) for run in runs]
        stopping = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            await self._drain()
            for task in done - {stopping}:
                await task  # what died says why
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _drain(self) -> None:
        """Stops in order: nothing new, then what is under way, then what is left to say."""
        self.telemetry.tell("stopping", running=len(self.listening))
        await self.connection.stop_intake()
        late = await self.listening.drain(self.settings.drain.total_seconds())
        await self.afterlives.drain(0)
        said = await self.courier.flush(self.clock.now() + FLUSH)
        self.telemetry.tell("stopped", cut_short=late, all_said=said)

    async def close(self) -> None:
        await self.connection.close()
        await self.clusters.close()
        await self.database.close()
