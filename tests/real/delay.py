"""A way to the API server on which the watch of one kind arrives late.

It makes Flux's race of with-source certain instead of rare: a controller that handles a request before its cache has
the new source (docs/flux.md).
"""

import asyncio
from contextlib import suppress

import aiohttp
from aiohttp import web

from tests.real.api import Access

_PASSED_ON = ("Accept", "Content-Type", "User-Agent")


class SlowWatch:
    """A plain HTTP proxy on loopback; every piece of a watch of ``plural`` waits ``seconds``."""

    def __init__(self, upstream: Access, plural: str, seconds: float) -> None:
        self._upstream = upstream
        self._plural = plural
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def open(self) -> str:
        """Starts listening; returns the address."""
        self._session = aiohttp.ClientSession(
            base_url=self._upstream.server,
            headers={"Authorization": f"Bearer {self._upstream.token}", "Accept-Encoding": "identity"},
            connector=aiohttp.TCPConnector(ssl=self._upstream.tls or True, limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )
        app = web.Application(client_max_size=16 * 1024**2)
        app.router.add_route("*", "/{rest:.*}", self._pass)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        body = await request.read() or None
        async with self._session.request(request.method, request.path_qs, data=body, headers=headers) as upstream:
            # The parameters of the type matter: they say which form of discovery the body has.
            kind = upstream.headers.get("Content-Type", "application/json")
            response = web.StreamResponse(status=upstream.status, headers={"Content-Type": kind})
            await response.prepare(request)
            late = request.query.get("watch") in ("true", "1") and request.path.endswith(f"/{self._plural}")
            with suppress(ConnectionResetError):
                async for chunk in upstream.content.iter_any():
                    if late:
                        await asyncio.sleep(self._seconds)
                    await response.write(chunk)
            return response
