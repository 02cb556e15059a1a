"""One API server over HTTP: raw calls and watches, with time limits, a cap on what is in flight, and patience.

The official client's asyncio half gives configuration, authentication and transport. It checks no status, retries
nothing and knows one total time-out only, so all of that is here (docs/kubernetes.md, "Calls" and "Credentials").
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import Configuration

from bot.clock import Clock
from bot.cluster.budget import Budget, Course
from bot.cluster.calls import FIELD_MANAGER, Call, Lane, Query
from bot.cluster.credentials import ClusterSpec, Credentials, connection
from bot.cluster.errors import Conflict, Dropped, Silent, Unsent, refusal, unreachable
from bot.cluster.transport import Answer, Connect, HttpTransport, Transport
from bot.core.errors import ClusterError, Overloaded, Rejected, Unauthorized, Unreachable
from bot.ports import Telemetry

__all__ = ["Api", "ClusterSpec", "Lines"]

IN_FLIGHT: Final = 16
"""Calls at once to one cluster: a thousand at once from one identity get every second one refused."""
IN_BACKGROUND: Final = 6
"""How many of them nobody waits for: a server that stays silent must not hold all."""
LINE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one watch event; etcd takes objects of 1.5 MB unless told otherwise."""

_BODY_LIMIT: Final = 256 * 1024 * 1024
_STATUS_LIMIT: Final = 64 * 1024
_LOST: Final = (aiohttp.ClientError, OSError, TimeoutError)
"""How a transport says that there is no answer."""
_NEVER: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""The same where there was not even a connection."""

T = TypeVar("T")


class Lines:
    """The lines of one watch, however they were cut into packets."""

    def __init__(self, cluster: str, answer: Answer, clock: Clock) -> None:
        self._cluster = cluster
        self._answer = answer
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
                    more = await self._answer.some()
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
        connect: Connect = HttpTransport,
    ) -> None:
        self.cluster = spec.name
        self._spec = spec
        self._clock = clock
        self._telemetry = telemetry
        self._jitter = jitter if jitter is not None else random.SystemRandom().uniform
        self._connect = connect
        self.budget = Budget(spec.name, clock, telemetry, self._jitter)
        self._credentials = Credentials(spec, clock)
        self._seats = asyncio.Semaphore(IN_FLIGHT)
        self._background = asyncio.Semaphore(IN_BACKGROUND)
        self._transport: Transport | None = None
        self._connected: tuple[object, ...] = ()

    async def get(self, call: Call) -> bytes:
        """The body of a 2xx answer, within `call.seconds` in all; refusals worth repeating are repeated meanwhile."""
        started = self._clock.now()
        outcome = "ok"
        try:
            return await self._in_time(call)
        except ClusterError as error:
            outcome = "timeout" if isinstance(error.__cause__, TimeoutError) else type(error).__name__.lower()
            raise
        finally:
            seconds = (self._clock.now() - started).total_seconds()
            verb = call.doing.partition(" ")[0]
            self._telemetry.tell("cluster_called", cluster=self.cluster, verb=verb, outcome=outcome, seconds=seconds)

    async def patch(self, call: Call) -> bytes:
        """Like `get` for a write, which is repeated only where the server said that it did nothing."""
        return await self.get(call)

    @asynccontextmanager
    async def watch(self, path: str, query: Query, doing: str, lane: Lane = Lane.BACKGROUND) -> AsyncIterator[Lines]:
        """A watch's lines. Opening it has the time of a read; `Lines.next` has its own limit."""
        call = Call("GET", path, doing, query, lane=lane, watches=True)
        answer = await self._asked(call, _kept, Course())
        try:
            async with self.budget.streaming(call):
                yield Lines(self.cluster, answer, self._clock)
        finally:
            await answer.hang_up()

    async def close(self) -> None:
        """Closes every connection; a later call would open new ones."""
        await self._credentials.close()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    async def _in_time(self, call: Call) -> bytes:
        if not call.for_people:
            return await self._patiently(call, Course())
        course = Course()
        try:
            async with self._clock.timeout(call.seconds):
                return await self._patiently(call, course)
        except TimeoutError as error:
            raise self._late(course, error) from error

    def _late(self, course: Course, error: TimeoutError) -> ClusterError:
        """What waited for its turn all the time has certainly done nothing."""
        if course.sent:
            return unreachable(self.cluster, error)
        if course.loading:
            return Unsent(self.cluster, f"{self.cluster}: the kubeconfig's credential plugin did not answer in time")
        return self.budget.postponed()

    async def _patiently(self, call: Call, course: Course) -> bytes:
        started = self._clock.now()
        for tried in range(1, call.tries + 1):
            try:
                async with self._seat(call):
                    return await self._asked(call, self._whole, course)
            except Unsent:
                raise
            except (Overloaded, Conflict) as error:
                if isinstance(error, Conflict) and not call.writes:
                    raise
                wait = self._wait(error, tried)
                left = call.seconds - (self._clock.now() - started).total_seconds()
                if tried == call.tries or wait >= left or self.budget.seems_dead:
                    raise
                course.sent = False
                await self._clock.sleep(wait)
        raise AssertionError("the last try answers or raises")

    @asynccontextmanager
    async def _seat(self, call: Call) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if not call.for_people:
                await stack.enter_async_context(self._background)
            await stack.enter_async_context(self._seats)
            yield

    def _wait(self, error: Overloaded | Conflict, tried: int) -> float:
        if isinstance(error, Overloaded) and error.retry_after is not None:
            return error.retry_after + self._jitter(0.0, 0.25)
        return float(self._jitter(0.1, 0.2) * 2**tried)

    async def _asked(self, call: Call, take: Callable[[Answer, Call], Awaitable[T]], course: Course) -> T:
        """What `take` makes of a 2xx answer. Once more where our credentials could be renewed after a 401, and where
        a read lost a connection that may have been an old one."""
        fresh = self.budget.free
        while True:
            course.loading = True
            configuration = await self._credentials.current()
            course.loading = False
            generation = self._credentials.generation
            try:
                async with self.budget.asking(call, course), self._limit(call):
                    answer = await self._send(call, configuration)
                    if 200 <= answer.status < 300:
                        return await take(answer, call)
                    await self._refuse(answer, call)
            except Unauthorized as error:
                course.sent = False
                if not await self._renewed(call, error, generation):
                    raise
            except Dropped:
                if call.writes or not fresh:
                    raise
                fresh = False

    async def _renewed(self, call: Call, error: Unauthorized, generation: int) -> bool:
        renewed = False
        try:
            renewed = await self._credentials.renew(generation)
        finally:
            if not renewed:
                self.budget.failed(call, str(error))
        return renewed

    @asynccontextmanager
    async def _limit(self, call: Call) -> AsyncIterator[None]:
        """The time of one try."""
        try:
            async with self._clock.timeout(call.seconds):
                yield
        except TimeoutError as error:
            raise unreachable(self.cluster, error) from error

    async def _send(self, call: Call, configuration: Configuration) -> Answer:
        headers = {"Accept": call.accept, "User-Agent": FIELD_MANAGER}
        if not self._spec.compressed:
            headers["Accept-Encoding"] = "identity"
        token = configuration.api_key.get("BearerToken")
        if token is not None:
            headers["Authorization"] = token
        if call.body is not None:
            headers["Content-Type"] = "application/merge-patch+json" if call.writes else "application/json"
        url = configuration.host + call.path + (f"?{urlencode(call.query)}" if call.query else "")
        try:
            transport = await self._open(configuration)
            return await transport.send(call.method, url, headers, call.body, stays_open=call.watches)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise Unauthorized(self.cluster, f"{self.cluster}: the kubeconfig's address is malformed") from error
        except _LOST as error:
            lost = unreachable(self.cluster, error)
            raise Unsent(self.cluster, str(lost)) if call.writes and isinstance(error, _NEVER) else lost from error
        except ValueError as error:
            # What no HTTP library can put on the wire: a token with a line break, a host that is none.
            raise Unauthorized(
                self.cluster, f"{self.cluster}: the kubeconfig's address or token is malformed"
            ) from error

    async def _open(self, configuration: Configuration) -> Transport:
        wanted = connection(configuration)
        if self._transport is None or wanted != self._connected:
            old = self._transport
            try:
                self._transport = self._connect(configuration)
            except OSError as error:
                raise Unauthorized(
                    self.cluster, f"{self.cluster}: the kubeconfig's certificates cannot be used"
                ) from error
            self._connected = wanted
            if old is not None:
                await old.close()
        return self._transport

    async def _whole(self, answer: Answer, call: Call) -> bytes:
        try:
            body = await _read(answer, _BODY_LIMIT)
        except _LOST as error:
            raise unreachable(self.cluster, error) from error
        finally:
            await answer.let_go()
        if len(body) > _BODY_LIMIT:
            raise Rejected(self.cluster, f"{self.cluster}: the answer to `{call.doing}` is too large")
        return body

    async def _refuse(self, answer: Answer, call: Call) -> None:
        try:
            body = await _read(answer, _STATUS_LIMIT)
        except _LOST:
            body = b""
        finally:
            await answer.let_go()
        error = refusal(self.cluster, answer.status, body, answer.headers, call.doing)
        if call.writes and answer.status in (500, 502, 504):
            # The server gave up in the middle: the write may have gone through.
            raise Unreachable(self.cluster, str(error))
        raise error


async def _kept(answer: Answer, _: Call) -> Answer:
    return answer


async def _read(answer: Answer, limit: int) -> bytes:
    """The body, cut once it is longer than `limit` bytes."""
    parts = bytearray()
    while len(parts) <= limit and (part := await answer.some()):
        parts += part
    return bytes(parts)
