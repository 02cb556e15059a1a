"""What `/healthz` and `/readyz` ask, and the watch over the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from bot.clock import Clock
from bot.cluster.adapter import KubernetesClusters
from bot.ports import Telemetry
from bot.slack.connect import Connection
from bot.slack.courier import Courier
from bot.store.database import Database
from bot.telemetry.metrics import Metrics
from bot.web.health import Check, health_routes
from bot.web.server import Route

STALE_LINK: Final = 60.0
"""Seconds without a pong after which a Socket Mode link is not ready."""
TICK: Final = 1.0
LATE: Final = 0.25
"""Seconds by which a tick may be late before it is told: others waited as long."""
STUCK: Final = 30.0
"""Seconds without a tick after which the process should be restarted."""


class LoopWatch:
    """Notices an event loop that falls behind: something computed too long, or the machine is too small."""

    def __init__(self, clock: Clock, telemetry: Telemetry) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._ticked_at = clock.now()

    async def run(self) -> None:
        """Ticks until cancelled."""
        while True:
            before = self._clock.now()
            await self._clock.sleep(TICK)
            self._ticked_at = self._clock.now()
            late = (self._ticked_at - before).total_seconds() - TICK
            if late > LATE:
                self._telemetry.tell("loop_late", seconds=round(late, 3))

    async def check(self) -> str:
        """ "" while it ticks."""
        silent = (self._clock.now() - self._ticked_at).total_seconds()
        return f"the event loop has not ticked for {silent:.0f} s" if silent > STUCK else ""


def probes(
    clock: Clock,
    metrics: Metrics,
    loop: LoopWatch,
    linked: Connection | None,
    clusters: KubernetesClusters,
    courier: Courier,
    database: Database,
) -> tuple[Route, ...]:
    """Routes for the probes and metrics. `linked`: None where Slack comes over HTTP. A cluster that is away is told
    and makes nobody restart the bot: it fails readiness only when none is left."""
    ready = [
        *([Check("slack", _linked(linked))] if linked is not None else []),
        Check("clusters", _any_cluster(clusters)),
        Check("audit", _audited(courier)),
        Check("database", database.trouble),
    ]
    return health_routes((Check("event loop", loop.check),), tuple(ready), metrics.exposition, clock)


def _linked(connection: Connection) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        link = connection.link.liveness()
        if not link.connected:
            return "no Socket Mode link to Slack"
        late = link.pong_age is not None and link.pong_age > STALE_LINK
        return f"no sign of life from Slack for {link.pong_age:.0f} s" if late else ""

    return ask


def _audited(courier: Courier) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        return courier.trouble()

    return ask


def _any_cluster(clusters: KubernetesClusters) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        troubles = [cluster.trouble() for name in clusters.names() if (cluster := clusters.get(name)) is not None]
        if not troubles or not all(troubles):
            return ""
        return "; ".join(each[0] for each in troubles)

    return ask
