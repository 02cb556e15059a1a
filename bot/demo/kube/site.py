"""The API server on HTTP, behind the table of faults of `loopback`."""

import asyncio
from typing import Final, Self

from aiohttp import web

from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.calls import Answer, Asked, Stream
from bot.demo.kube.refusals import too_large
from bot.demo.kube.watches import Drop
from bot.demo.loopback import Faults, Loopback, abort

_LOOK_EVERY: Final = 1.0

_FLOW: Final = {
    "X-Kubernetes-Pf-Flowschema-Uid": "5a3c1f0e-0000-4000-8000-000000000001",
    "X-Kubernetes-Pf-Prioritylevel-Uid": "5a3c1f0e-0000-4000-8000-000000000002",
}


class Site:
    """Use as an async context manager; `url` is known once it has started."""

    def __init__(self, server: ApiServer, faults: Faults | None = None, port: int = 0) -> None:
        self.server = server
        app = web.Application(client_max_size=server.knobs.body_limit)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._loopback = Loopback(app, faults, port)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return self._loopback.url

    @property
    def faults(self) -> Faults:
        """The table in which rules are put."""
        return self._loopback.faults

    async def start(self) -> None:
        """Listen. Raises OSError if a wanted port is taken."""
        await self._loopback.start()

    async def stop(self) -> None:
        """End every stream, close every connection."""
        self.server.drop_watches(Drop.CLOSE)
        await self._loopback.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        answer = await self._answer(request)
        headers = {"Audit-Id": self.server.audit_id(), "Cache-Control": "no-cache, private", **_FLOW}
        if isinstance(answer, Answer):
            return web.Response(status=answer.status, body=answer.body, headers={**headers, **answer.headers})
        return await _stream(request, answer, headers)

    async def _answer(self, request: web.Request) -> Answer | Stream:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return too_large(self.server.knobs.body_limit).answer()
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(request.rel_url.query)
        return self.server.answer(Asked(request.method, request.rel_url.raw_path, query, headers, body))


async def _stream(request: web.Request, stream: Stream, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers={**headers, "Content-Type": "application/json"})
    try:
        await response.prepare(request)
        while (line := await _line(request, stream)) is not None:
            await response.write(line)
    except ConnectionResetError:
        return abort(request)
    finally:
        stream.close()
    return response


async def _line(request: web.Request, stream: Stream) -> bytes | None:
    """The next line; looks now and then whether somebody still listens, and raises ConnectionResetError if not."""
    while True:
        try:
            async with asyncio.timeout(_LOOK_EVERY):
                return await stream.next()
        except TimeoutError:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError("the client has hung up") from None
