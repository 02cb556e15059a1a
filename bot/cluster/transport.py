"""How a request reaches an API server: the seam between our rules and the official client's HTTP.

Whatever fulfils `Transport` can stand in for a server; sockets, TLS and connections are its own business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol, cast

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration

_CONNECT_SECONDS: Final = 5.0
_CALL: Final = aiohttp.ClientTimeout(total=300.0, sock_connect=_CONNECT_SECONDS)
_WATCH: Final = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)


class Disconnected(aiohttp.ClientConnectionError):
    """The connection was there, and went away before an answer came."""


class Redirected(aiohttp.ClientError):
    """The server wants us to go elsewhere; no API server does, and our token is for this one."""


class Answer(Protocol):
    """A status and headers that have come, and a body that still comes."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Looked up as `Retry-After`; other ways of writing it need not be found."""
        ...

    async def some(self) -> bytes:
        """The next bytes of the body, as many as there are; empty once it is whole. Raises as `Transport.send`."""
        ...

    async def let_go(self) -> None:
        """Nothing more is wanted of it; a body that was read whole leaves its connection fit for the next call."""
        ...

    async def hang_up(self) -> None:
        """Ends it now, in the middle if need be, and returns once its connection is gone."""
        ...


class Transport(Protocol):
    """Carries requests to one server, with one identity's certificates."""

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: object, *, stays_open: bool
    ) -> Answer:
        """Sends it once and returns when status and headers have come.

        `body`: what becomes JSON, or None. `stays_open`: a watch, whose body may take for ever. Raises
        aiohttp.ClientError or OSError when there is no answer (Disconnected where a second try may help), ValueError
        for what cannot be put on the wire.
        """
        ...

    async def close(self) -> None:
        """Closes every connection. A later `send` is an error."""
        ...


Connect = Callable[[Configuration], Transport]
"""Opens a transport, without a connection yet. Raises OSError when certificates cannot be read."""


class _Client(Protocol):
    """What we use of the official client, which is half typed."""

    async def call_api(
        self, method: str, url: str, header_params: dict[str, str], body: object, _request_timeout: object
    ) -> _Received: ...
    async def close(self) -> None: ...


class _Received(Protocol):
    @property
    def response(self) -> aiohttp.ClientResponse: ...


class HttpAnswer:
    """An answer over aiohttp."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    async def some(self) -> bytes:
        return await self._response.content.readany()

    async def let_go(self) -> None:
        self._response.release()
        await self._response.wait_for_close()

    async def hang_up(self) -> None:
        """At once: a polite TLS goodbye would outlive the event loop."""
        connection = self._response.connection
        protocol = connection.protocol if connection is not None else None
        gone = protocol.closed if protocol is not None else None
        if protocol is not None:
            protocol.abort()
        self._response.close()
        if gone is not None:
            await asyncio.gather(gone, return_exceptions=True)


class HttpTransport:
    """The official client's connections and TLS."""

    def __init__(self, configuration: Configuration) -> None:
        kept = configuration.client_session_kwargs or {}
        configuration.client_session_kwargs = {**kept, "middlewares": (_once,)}
        self._client = cast("_Client", ApiClient(configuration=configuration))

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: object, *, stays_open: bool
    ) -> Answer:
        timeout = _WATCH if stays_open else _CALL
        received = await self._client.call_api(
            method, url, header_params=dict(headers), body=body, _request_timeout=timeout
        )
        return HttpAnswer(received.response)

    async def close(self) -> None:
        await self._client.close()


async def _once(
    request: aiohttp.ClientRequest, send: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
) -> aiohttp.ClientResponse:
    """One call is one request: aiohttp would send a GET again by itself, and go wherever an answer points to."""
    try:
        response = await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Disconnected from error
    if response.status in {301, 302, 303, 307, 308}:
        response.close()
        raise Redirected
    return response
