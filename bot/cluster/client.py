"""One API server over HTTP: raw calls and watches, with time limits, a cap on what is in flight, and patience.

The official client's asyncio half gives configuration, authentication and transport. It checks no status, retries
nothing and knows one total time-out only, so all of that is here (docs/kubernetes.md, "Calls" and "Credentials").
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, cast
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration

from bot.clock import Clock
from bot.cluster.credentials import ClusterSpec, Credentials, connection
from bot.cluster.errors import Missing, Silent, refusal, unreachable
from bot.core.errors import ClusterError, Overloaded, Rejected, Unauthorized, Unreachable
from bot.ports import Telemetry

__all__ = ["FIELD_MANAGER", "Api", "Call", "ClusterSpec", "Lines", "resource_path"]

FIELD_MANAGER: Final = "flux-reconcile-bot"
READ_SECONDS: Final = 5.0
WRITE_SECONDS: Final = 10.0
IN_FLIGHT: Final = 16
"""Calls at once to one cluster: a thousand at once from one identity get every second one refused."""
TRIES: Final = 4
LINE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one watch event; etcd takes objects of 1.5 MB unless told otherwise."""

_BODY_LIMIT: Final = 256 * 1024 * 1024
_STATUS_LIMIT: Final = 64 * 1024
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_CONNECT_SECONDS: Final = 5.0
_CALL: Final = aiohttp.ClientTimeout(total=300.0, sock_connect=_CONNECT_SECONDS)
_WATCH: Final = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)

Query = Sequence[tuple[str, str]]


class _Transport(Protocol):
    """What we use of the official client, which is half typed."""

    async def call_api(
        self, method: str, url: str, header_params: dict[str, str], body: object, _request_timeout: object
    ) -> _Answer: ...
    async def close(self) -> None: ...


class _Answer(Protocol):
    @property
    def response(self) -> aiohttp.ClientResponse: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `doing` is the verb and plural that RBAC knows it by: `list kustomizations`."""

    method: str
    path: str
    doing: str
    query: Query = ()
    body: object = None
    accept: str = "application/json"
    seconds: float = READ_SECONDS
    tries: int = TRIES

    @property
    def writes(self) -> bool:
        return self.method != "GET"


def resource_path(cluster: str, api_version: str, namespace: str | None, plural: str, name: str | None = None) -> str:
    """The path of a resource or one object. Raises Missing for names that no object can have, `..` among them."""
    for part in (namespace, name):
        if part is not None and not _NAME.fullmatch(part):
            raise Missing(cluster, f"{cluster}: no Kubernetes object can have such a name")
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    inside = f"/namespaces/{namespace}" if namespace is not None else ""
    return f"{root}{inside}/{plural}" + (f"/{name}" if name is not None else "")


class Lines:
    """The lines of one watch, however they were cut into packets."""

    def __init__(self, cluster: str, response: aiohttp.ClientResponse, clock: Clock) -> None:
        self._cluster = cluster
        self._response = response
        self._clock = clock
        self._rest = bytearray()
        self._looked = 0

    async def next(self, idle: float) -> bytes | None:
        """The next whole line; None when the server ended the stream. Raises Silent after `idle` seconds without
        a byte, Unreachable for a break, Rejected for an endless line. An unfinished last line is dropped."""
        while (line := self._cut()) is None:
            if len(self._rest) > LINE_LIMIT:
                raise Rejected(self._cluster, f"{self._cluster}: a watch event is larger than {LINE_LIMIT} bytes")
            try:
                async with self._clock.timeout(idle):
                    more = await self._response.content.readany()
            except (aiohttp.ClientError, OSError) as error:
                if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                    raise Silent(self._cluster, f"{self._cluster}: the watch fell silent") from error
                raise unreachable(self._cluster, error) from error
            if not more:
                return None
            self._rest += more
        return line

    def _cut(self) -> bytes | None:
        end = self._rest.find(b"\n", self._looked)
        if end < 0:
            self._looked = len(self._rest)
            return None
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        self._looked = 0
        return line


class Api:
    """Calls to one API server. Raises only the errors of bot.core.errors."""

    def __init__(
        self,
        spec: ClusterSpec,
        clock: Clock,
        telemetry: Telemetry,
        jitter: Callable[[float, float], float] | None = None,
    ) -> None:
        self.cluster = spec.name
        self._spec = spec
        self._clock = clock
        self._telemetry = telemetry
        self._jitter = jitter if jitter is not None else random.SystemRandom().uniform
        self._credentials = Credentials(spec, clock)
        self._seats = asyncio.Semaphore(IN_FLIGHT)
        self._transport: _Transport | None = None
        self._connected: tuple[object, ...] = ()

    async def get(self, call: Call) -> bytes:
        """The body of a 2xx answer, within `call.seconds` in all; refusals worth repeating are repeated meanwhile."""
        started = self._clock.now()
        outcome = "ok"
        try:
            async with self._clock.timeout(call.seconds):
                return await self._patiently(call)
        except TimeoutError as error:
            outcome = "timeout"
            raise unreachable(self.cluster, error) from error
        except ClusterError as error:
            outcome = type(error).__name__.lower()
            raise
        finally:
            seconds = (self._clock.now() - started).total_seconds()
            verb = call.doing.partition(" ")[0]
            self._telemetry.tell("cluster_called", cluster=self.cluster, verb=verb, outcome=outcome, seconds=seconds)

    async def patch(self, call: Call) -> bytes:
        """Like `get` for a write, which is repeated only where the server said that it did nothing."""
        return await self.get(call)

    @asynccontextmanager
    async def watch(self, path: str, query: Query, doing: str) -> AsyncIterator[Lines]:
        """A watch's lines. Opening it has the time of a read; `Lines.next` has its own limit."""
        call = Call("GET", path, doing, query)
        try:
            async with self._clock.timeout(call.seconds):
                response = await self._authorized(call, _WATCH)
        except TimeoutError as error:
            raise unreachable(self.cluster, error) from error
        try:
            yield Lines(self.cluster, response, self._clock)
        finally:
            await _hang_up(response)

    async def close(self) -> None:
        """Closes every connection; a later call would open new ones."""
        await self._credentials.close()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    async def _patiently(self, call: Call) -> bytes:
        started = self._clock.now()
        for tried in range(1, call.tries + 1):
            try:
                async with self._seats:
                    response = await self._authorized(call, _CALL)
                    async with response:
                        return await self._body(response, call)
            except Overloaded as error:
                wait = self._wait(error, tried)
                left = call.seconds - (self._clock.now() - started).total_seconds()
                if tried == call.tries or wait >= left:
                    raise
                await self._clock.sleep(wait)
        raise AssertionError("the last try answers or raises")

    def _wait(self, error: Overloaded, tried: int) -> float:
        if error.retry_after is not None:
            return error.retry_after + self._jitter(0.0, 0.25)
        return float(self._jitter(0.1, 0.2) * 2**tried)

    async def _authorized(self, call: Call, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        """A 2xx answer, its body unread. A 401 is tried once more if our credentials can be renewed."""
        while True:
            configuration = await self._credentials.current()
            generation = self._credentials.generation
            response = await self._send(call, configuration, timeout)
            if 200 <= response.status < 300:
                return response
            try:
                async with response:
                    await self._refuse(response, call)
            except Unauthorized:
                if not await self._credentials.renew(generation):
                    raise

    async def _send(
        self, call: Call, configuration: Configuration, timeout: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        headers = {"Accept": call.accept, "User-Agent": FIELD_MANAGER}
        if not self._spec.compressed:
            headers["Accept-Encoding"] = "identity"
        token = configuration.api_key.get("BearerToken")
        if token is not None:
            headers["Authorization"] = token
        if call.writes:
            headers["Content-Type"] = "application/merge-patch+json"
        url = configuration.host + call.path + (f"?{urlencode(call.query)}" if call.query else "")
        try:
            transport = await self._open(configuration)
            answer = await transport.call_api(
                call.method, url, header_params=headers, body=call.body, _request_timeout=timeout
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise unreachable(self.cluster, error) from error
        except ValueError as error:
            # What no HTTP library can put on the wire: a token with a line break, a host that is none.
            raise Unauthorized(
                self.cluster, f"{self.cluster}: the kubeconfig's address or token is malformed"
            ) from error
        return answer.response

    async def _open(self, configuration: Configuration) -> _Transport:
        wanted = connection(configuration)
        if self._transport is None or wanted != self._connected:
            old = self._transport
            try:
                self._transport = cast("_Transport", ApiClient(configuration=configuration))
            except OSError as error:
                raise Unauthorized(
                    self.cluster, f"{self.cluster}: the kubeconfig's certificates cannot be used"
                ) from error
            self._connected = wanted
            if old is not None:
                await old.close()
        return self._transport

    async def _body(self, response: aiohttp.ClientResponse, call: Call) -> bytes:
        try:
            body = await _read(response, _BODY_LIMIT)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise unreachable(self.cluster, error) from error
        if len(body) > _BODY_LIMIT:
            raise Rejected(self.cluster, f"{self.cluster}: the answer to `{call.doing}` is too large")
        return body

    async def _refuse(self, response: aiohttp.ClientResponse, call: Call) -> None:
        try:
            body = await _read(response, _STATUS_LIMIT)
        except (aiohttp.ClientError, OSError, TimeoutError):
            body = b""
        error = refusal(self.cluster, response.status, body, response.headers, call.doing)
        if call.writes and response.status in (500, 502, 504):
            # The server gave up in the middle: the write may have gone through.
            raise Unreachable(self.cluster, str(error))
        raise error


async def _hang_up(response: aiohttp.ClientResponse) -> None:
    """Ends a stream at once and waits until its socket is gone: a polite TLS goodbye would outlive the event loop."""
    connection = response.connection
    protocol = connection.protocol if connection is not None else None
    gone = protocol.closed if protocol is not None else None
    if protocol is not None:
        protocol.abort()
    response.close()
    if gone is not None:
        await asyncio.gather(gone, return_exceptions=True)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, cut once it is longer than `limit` bytes."""
    parts = bytearray()
    async for part in response.content.iter_any():
        parts += part
        if len(parts) > limit:
            break
    return bytes(parts)
