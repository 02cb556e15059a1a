"""An HTTP server whose routes are values handed in by `bot.app`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bot.core.errors import BotError
from bot.ports import Telemetry

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LARGEST_BODY: Final = 1024 * 1024
"""Bytes; more than any webhook we know sends."""
_GRACE: Final = 2.0
"""Seconds that answers in flight get at shutdown."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address and what answers it. GET answers HEAD too."""

    method: str
    path: str
    handler: Handler


class Server:
    """Serves its routes on `host:port` while `run` runs. A handler that breaks is told and answers 500, no more."""

    def __init__(self, host: str, port: int, routes: tuple[Route, ...], telemetry: Telemetry) -> None:
        self._host = host
        self._port = port
        self._routes = routes
        self._telemetry = telemetry
        self._listening: asyncio.Future[int] | None = None

    async def run(self) -> None:
        """Until cancelled. Raises BotError when the address cannot be had."""
        app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_BODY)
        app.on_response_prepare.append(_dress)
        for route in self._routes:
            app.router.add_route(route.method, route.path, route.handler)
            if route.method == "GET":
                app.router.add_route("HEAD", route.path, route.handler)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_GRACE)
        await runner.setup()
        try:
            await self._listen(runner)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def port(self) -> int:
        """The port it listens on, as soon as it does: with port 0 the system chooses one."""
        return await asyncio.shield(self._bound())

    async def _listen(self, runner: web.AppRunner) -> None:
        site = web.TCPSite(runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            raise BotError(f"cannot listen on {self._host}:{self._port}: {os.strerror(error.errno or 0)}") from error
        port: int = runner.addresses[0][1]
        self._bound().set_result(port)
        paths = [route.path for route in self._routes]
        self._telemetry.tell("listening", host=self._host, port=port, paths=paths)

    def _bound(self) -> asyncio.Future[int]:
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_future()
        return self._listening

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - one broken answer must not end the server
            self._telemetry.broke("web_broke", error, path=request.path)
            return web.Response(status=500, text="internal error\n")


async def _dress(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Nothing is cached, nothing is sniffed, and nobody is told which versions run."""
    response.headers["Server"] = "flux-bot"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
