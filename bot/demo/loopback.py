"""A web server that only this machine can reach, and one table of the ways in which it can misbehave."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Self, assert_never

from aiohttp import web
from aiohttp.typedefs import Middleware

HOST: Final = "127.0.0.1"
"""Never another address: what is simulated here has no guard of its own."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Predicate = Callable[[web.Request], bool]


@dataclass(frozen=True, slots=True)
class Status:
    """Answers without asking the handler: `code` with `body`, and Retry-After in seconds if one is given."""

    code: int
    body: str = ""
    retry_after: int | None = None
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is aborted (TCP RST) before the request is looked at."""


@dataclass(frozen=True, slots=True)
class ResetAfter:
    """The request is carried out, then the connection is aborted: the caller cannot tell.

    A streamed answer counts as carried out when it begins.
    """


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """The connection stays open and nothing ever comes, until the rule is removed or the server stops."""


@dataclass(frozen=True, slots=True)
class CutLine:
    """The request is carried out and its answer ends after `keep` bytes of the body.

    None cuts a whole answer in half, and a streamed one in the middle of its first chunk.
    """

    keep: int | None = None


@dataclass(frozen=True, slots=True)
class InstantClose:
    """The connection is closed in good order, without one byte of an answer."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The request is carried out `seconds` late."""

    seconds: float


_CUT: Final = web.RequestKey("cut_answer_after", CutLine)
_RESET: Final = web.RequestKey("reset_when_answered", ResetAfter)

Fault = Status | Reset | ResetAfter | HalfOpen | CutLine | InstantClose | Slow


@dataclass(slots=True)
class Rule:
    """One line of the table: which requests, what happens to them, how often.

    `method` and `path` are globs (`*` matches across slashes); `when`, if given, must agree too. `times` is
    how many requests the rule still spoils, None for all of them until it is removed. `hits` counts.
    """

    fault: Fault
    path: str = "*"
    method: str = "*"
    when: Predicate | None = None
    times: int | None = None
    hits: int = 0
    lifted: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, request: web.Request) -> bool:
        """Whether this rule spoils that request now."""
        if self.times == 0:
            return False
        fits = fnmatchcase(request.method, self.method) and fnmatchcase(request.path, self.path)
        return fits and (self.when is None or self.when(request))

    def take(self) -> None:
        """Count one spoiled request."""
        self.hits += 1
        if self.times is not None:
            self.times -= 1


class Faults:
    """The table. The first rule that matches a request decides; without one nothing is disturbed."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, rule: Rule) -> Rule:
        """Put a rule at the end of the table, and hand it back so that it can be watched and removed."""
        self.rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Take a rule away and let go of the requests that it holds open."""
        self.rules.remove(rule)
        rule.lifted.set()

    def clear(self) -> None:
        """Heal everything."""
        for rule in list(self.rules):
            self.remove(rule)

    def choose(self, request: web.Request) -> Rule | None:
        """The rule for this request, already counted."""
        for rule in self.rules:
            if rule.matches(request):
                rule.take()
                return rule
        return None


class Loopback:
    """An aiohttp application on a free port of 127.0.0.1, behind a table of faults.

    Use as an async context manager, or call `start` and `stop`. `url` is known once it has started and has no
    slash at its end.
    """

    def __init__(self, app: web.Application, faults: Faults | None = None, port: int = 0) -> None:
        self.faults = faults if faults is not None else Faults()
        app.middlewares.append(_spoiler(self.faults))
        app.on_response_prepare.append(_cut_stream)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._wanted_port = port
        self.port = 0

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises OSError if a wanted port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._wanted_port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Let go of what is held open, then close every connection."""
        self.faults.clear()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def _spoiler(faults: Faults) -> Middleware:
    @web.middleware
    async def spoil(request: web.Request, handler: Handler) -> web.StreamResponse:
        rule = faults.choose(request)
        return await handler(request) if rule is None else await _suffer(rule, request, handler)

    return spoil


async def _suffer(rule: Rule, request: web.Request, handler: Handler) -> web.StreamResponse:
    match rule.fault:
        case Status() as status:
            return _refusal(status)
        case Slow(seconds):
            # All of the request is here by now, so a caller who gives up changes nothing.
            await request.read()
            await asyncio.sleep(seconds)
            return await handler(request)
        case HalfOpen():
            await rule.lifted.wait()
            return abort(request)
        case Reset():
            return abort(request)
        case ResetAfter() as reset:
            request[_RESET] = reset
            await handler(request)
            return abort(request)
        case InstantClose():
            return _close(request)
        case CutLine() as cut:
            request[_CUT] = cut
            whole = await handler(request)
            return await _cut(request, whole, cut.keep) if isinstance(whole, web.Response) else whole
        case _ as never:
            assert_never(never)


def _refusal(status: Status) -> web.Response:
    headers = {} if status.retry_after is None else {"Retry-After": str(status.retry_after)}
    return web.Response(status=status.code, text=status.body, content_type=status.content_type, headers=headers)


def abort(request: web.Request) -> web.Response:
    """Drop the request's connection the hard way (TCP RST); the answer handed back never reaches anybody."""
    transport = request.transport
    if transport is not None and not transport.is_closing():
        connection = transport.get_extra_info("socket")
        # Without lingering, closing sends RST instead of an orderly end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


def _close(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def _cut(request: web.Request, whole: web.Response, keep: int | None) -> web.StreamResponse:
    """Promise the whole length, send a part of it, hang up."""
    data = bytes(whole.body) if isinstance(whole.body, bytes | bytearray) else b""
    part = web.StreamResponse(status=whole.status, headers={"Content-Type": whole.content_type})
    part.content_length = len(data)
    # This one is cut by hand; the signal below is for answers that the handler itself streams.
    del request[_CUT]
    await part.prepare(request)
    await part.write(data[: len(data) // 2 if keep is None else keep])
    _close(request)
    return part


async def _cut_stream(request: web.Request, response: web.StreamResponse) -> None:
    """Before a streamed answer begins, see to it that its connection ends with it or within it."""
    if isinstance(response, web.Response | web.WebSocketResponse):
        return
    if _RESET in request:
        abort(request)
    if _CUT not in request:
        return
    keep = request[_CUT].keep
    whole_write, sent = response.write, 0

    async def write(data: bytes | bytearray | memoryview) -> None:
        nonlocal sent
        chunk = bytes(data)
        room = max(len(chunk) // 2 if keep is None else keep - sent, 0)
        sent += len(chunk)
        await whole_write(chunk[:room])
        if room < len(chunk):
            _close(request)

    response.write = write  # type: ignore[method-assign]
