"""The probes over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import ClientSession

from bot.clock import SystemClock
from bot.core.errors import BotError
from bot.telemetry.metrics import Metrics
from bot.web.health import Check, health_routes
from tests.fakes.clock import FakeClock
from tests.fakes.telemetry import FakeTelemetry
from tests.web.test_server import serving


def says(reason: str) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        return reason

    return ask


def raises(error: Exception) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        raise error

    return ask


async def asked(url: str) -> tuple[int, object]:
    async with ClientSession() as session, session.get(url) as response:
        return response.status, await response.json()


def no_metrics() -> tuple[str, bytes]:
    return "text/plain", b""


async def test_ready_when_every_check_is_well() -> None:
    ready = (Check("slack", says("")), Check("cluster prod", says("")))
    routes = health_routes((), ready, no_metrics, SystemClock())
    async with serving(FakeTelemetry(), *routes) as url:
        assert await asked(f"{url}/readyz") == (200, {"ok": ["slack", "cluster prod"], "failing": {}})


async def test_not_ready_names_what_fails_and_why_and_what_is_well() -> None:
    ready = (
        Check("slack", says("no socket for 40 s")),
        Check("store", says("")),
        Check("cluster prod", raises(BotError("https://me:secret@api refused"))),
    )
    routes = health_routes((), ready, no_metrics, SystemClock())
    async with serving(FakeTelemetry(), *routes) as url:
        assert await asked(f"{url}/readyz") == (
            503,
            {"ok": ["store"], "failing": {"slack": "no socket for 40 s", "cluster prod": "BotError"}},
        )


async def test_being_alive_does_not_hang_on_what_the_bot_depends_on() -> None:
    routes = health_routes((Check("tasks", says("")),), (Check("slack", says("down")),), no_metrics, SystemClock())
    async with serving(FakeTelemetry(), *routes) as url:
        assert await asked(f"{url}/healthz") == (200, {"ok": ["tasks"], "failing": {}})


async def test_a_dead_task_is_not_alive() -> None:
    routes = health_routes((Check("tasks", says("courier ended")),), (), no_metrics, SystemClock())
    async with serving(FakeTelemetry(), *routes) as url:
        assert await asked(f"{url}/healthz") == (503, {"ok": [], "failing": {"tasks": "courier ended"}})


async def test_secrets_in_reasons_are_masked() -> None:
    ready = (Check("git", says("cannot clone https://me:secret@github.com/a/b")),)
    routes = health_routes((), ready, no_metrics, SystemClock())
    async with serving(FakeTelemetry(), *routes) as url:
        assert await asked(f"{url}/readyz") == (
            503,
            {"ok": [], "failing": {"git": "cannot clone https://***@github.com/a/b"}},
        )


async def test_checks_that_hang_are_given_up_together() -> None:
    clock, hanging = FakeClock(), asyncio.Semaphore(0)

    async def hang() -> str:
        hanging.release()
        await asyncio.Event().wait()
        return ""

    ready = (Check("a", hang), Check("b", hang), Check("c", says("")))
    routes = health_routes((), ready, no_metrics, clock)
    async with serving(FakeTelemetry(), *routes) as url:
        answer = asyncio.create_task(asked(f"{url}/readyz"))
        for _ in range(2):
            await asyncio.wait_for(hanging.acquire(), 10)
        await clock.advance(2)
        assert await asyncio.wait_for(answer, 10) == (
            503,
            {"ok": ["c"], "failing": {"a": "no answer within 2 s", "b": "no answer within 2 s"}},
        )


async def test_metrics_are_exposed_as_prometheus_reads_them() -> None:
    metrics = Metrics("1.2.3")
    metrics.record("refused", {"reason": "RULES"})
    routes = health_routes((), (), metrics.exposition, SystemClock())
    async with (
        serving(FakeTelemetry(), *routes) as url,
        ClientSession() as session,
        session.get(f"{url}/metrics") as response,
    ):
        lines = (await response.text()).splitlines()
        assert response.headers["Content-Type"] == metrics.exposition()[0]
    assert [line for line in lines if line.startswith("flux_bot_refusals_total")] == [
        'flux_bot_refusals_total{reason="RULES"} 1.0'
    ]
