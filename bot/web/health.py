"""Probes and metrics as routes.

`/healthz` is about this process: whoever cannot answer it should be restarted. `/readyz` is about what it depends on.
Both name what is well and say why the rest is not.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bot.clock import Clock
from bot.core.secrets import mask
from bot.web.server import Handler, Route

Exposition = Callable[[], tuple[str, bytes]]
"""Content type and body of the metrics."""

PATIENCE: Final = 2.0
"""Seconds that one check gets."""
_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Check:
    """Something to ask: answers "" when it is well, else why it is not, for a person."""

    name: str
    ask: Callable[[], Awaitable[str]]


def health_routes(
    alive: tuple[Check, ...], ready: tuple[Check, ...], metrics: Exposition, clock: Clock
) -> tuple[Route, ...]:
    """`/healthz`, `/readyz` (200 or 503, JSON `{"ok": [names], "failing": {name: reason}}`) and `/metrics`."""

    async def exposed(_: web.Request) -> web.Response:
        content_type, body = metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    return (
        Route("GET", "/healthz", _probe(alive, clock)),
        Route("GET", "/readyz", _probe(ready, clock)),
        Route("GET", "/metrics", exposed),
    )


def _probe(checks: tuple[Check, ...], clock: Clock) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        reasons = await asyncio.gather(*(_reason(check, clock) for check in checks))
        named = list(zip((check.name for check in checks), reasons, strict=True))
        failing = {name: reason for name, reason in named if reason}
        body = {"ok": [name for name, reason in named if not reason], "failing": failing}
        return web.json_response(body, status=503 if failing else 200, dumps=_dumps)

    return answer


async def _reason(check: Check, clock: Clock) -> str:
    try:
        async with clock.timeout(PATIENCE):
            reason = await check.ask()
    except TimeoutError:
        return f"no answer within {PATIENCE:g} s"
    except Exception as error:  # noqa: BLE001 - a check that breaks is a check that fails
        return type(error).__name__
    return mask(reason)[:_REASON]


def _dumps(body: object) -> str:
    return json.dumps(body, indent=2) + "\n"
