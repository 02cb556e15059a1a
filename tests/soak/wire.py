"""The bot's connection to the simulated API server, in this process: bot.cluster.transport without sockets.

It takes time, breaks when it is told to, and notes what reaches the bot.
"""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import cast
from urllib.parse import parse_qsl, urlsplit

import msgspec
from kubernetes.aio.client import Configuration
from msgspec import Struct

from bot.cluster.transport import Answer as Received
from bot.cluster.transport import Disconnected
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.calls import Answer, Asked
from bot.demo.kube.watches import Drop, Watch
from tests.soak.evidence import Route
from tests.soak.troubles import Break, Troubles, Which

SLOW = 4.0


class _Meta(Struct, rename="camel"):
    resource_version: str = ""
    namespace: str = ""
    name: str = ""


class _Object(Struct):
    kind: str = ""
    metadata: _Meta = msgspec.field(default_factory=_Meta)


class _Line(Struct):
    type: str = ""
    object: _Object = msgspec.field(default_factory=_Object)


_NO_LINE = ("", 0)
_LINE = msgspec.json.Decoder(_Line)
_OBJECT = msgspec.json.Decoder(_Object)


def _read(raw: bytes) -> tuple[str, int]:
    """Which object a line of a watch tells of, and its version; nothing for a bookmark or half a line."""
    if not raw.endswith(b"\n"):
        return _NO_LINE
    line = _LINE.decode(raw)
    meta = line.object.metadata
    if line.type not in {"ADDED", "MODIFIED", "DELETED"}:
        return _NO_LINE
    return f"{line.object.kind}/{meta.namespace}/{meta.name}", int(meta.resource_version)


class Notebook:
    """What reached the bot: states of single objects, and whole lists by the kind of what they list."""

    def __init__(self) -> None:
        self.states: list[tuple[float, str, int, Route]] = []
        self.lists: list[tuple[float, str, int]] = []
        self.absences: list[tuple[float, str, int]] = []
        """Reads that found nothing: when, which path, and the server's version then."""

    def line(self, key: str, number: int) -> None:
        self.states.append((_now(), key, number, Route.WATCH))

    def answer(self, path: str, answer: Answer, version: int) -> None:
        if answer.status == 404:
            self.absences.append((_now(), path, version))
            return
        found = _OBJECT.decode(answer.body)
        number = int(found.metadata.resource_version or 0)
        if found.kind.endswith("List"):
            self.lists.append((_now(), found.kind.removesuffix("List"), number))
        elif found.metadata.name:
            key = f"{found.kind}/{found.metadata.namespace}/{found.metadata.name}"
            self.states.append((_now(), key, number, Route.READ))


class Wire:
    """One connection. `blur` is how many seconds late its watches may be."""

    def __init__(
        self, server: ApiServer, random: Random, token: str, blur: float, times: Mapping[int, float]
    ) -> None:
        self.server = server
        self.times = times
        """When each version was stored."""
        self.notebook = Notebook()
        self.troubles = Troubles()
        self._random = random
        self._blur = blur
        self._token = f"Bearer {token}"
        # In the order they were opened: a set's order differs from process to process, and with it the story.
        self._watches: dict[_OpenWatch, None] = {}

    def connect(self, configuration: Configuration) -> "Wire":
        """bot.cluster.transport.Connect."""
        return self

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: object, *, stays_open: bool
    ) -> Received:
        """bot.cluster.transport.Transport: one call, with its way there and back."""
        parts = urlsplit(url)
        lower = {name.lower(): value for name, value in headers.items()} | {"authorization": self._token}
        raw = b"" if body is None else msgspec.json.encode(body)
        asked = Asked(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), lower, raw)
        trouble = self.troubles.meets(_now(), _sort(method, asked, stays_open=stays_open))
        await asyncio.sleep(self.way())
        early = await self._early(trouble)
        if early is not None:
            return _Whole(early)
        answer = self.server.answer(asked)
        version = self.server.version
        await asyncio.sleep(self.way())
        if trouble is Break.RESET_AFTER:
            if not isinstance(answer, Answer):
                answer.close()
            raise Disconnected("cut off")
        if not isinstance(answer, Answer):
            return self._open(cast("Watch", answer))
        if method == "GET" and answer.status in {200, 404}:
            self.notebook.answer(asked.path, answer, version)
        return _Whole(answer)

    async def _early(self, trouble: Break | None) -> Answer | None:
        """What becomes of a call that never arrives, or late."""
        match trouble:
            case Break.RESET:
                raise Disconnected("cut off")
            case Break.ERROR_500:
                return _status(500, "InternalError")
            case Break.ERROR_503:
                return _status(503, "ServiceUnavailable")
            case Break.TOO_MANY:
                return _status(429, "TooManyRequests", {"Retry-After": "1"})
            case Break.SLOW:
                await asyncio.sleep(SLOW)
        return None

    def _open(self, stream: Watch) -> "_OpenWatch":
        watch = _OpenWatch(self, stream)
        self._watches[watch] = None
        return watch

    def closed(self, watch: "_OpenWatch") -> None:
        self._watches.pop(watch, None)

    def drop_watches(self, how: Drop) -> None:
        self.troubles.note(_now() - 1, _now() + 5, "the bot's watches were lost")
        for each in tuple(self._watches):
            each.drop(how)

    def way(self) -> float:
        """Seconds that one direction takes."""
        return self._random.uniform(0.0005, 0.01)

    def lateness(self) -> float:
        """Seconds by which a watch is late all the time."""
        return self._random.uniform(0, self._blur)

    async def close(self) -> None:
        for each in tuple(self._watches):
            await each.hang_up()


class _Whole:
    """An answer whose body has come."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._body = answer.body

    async def some(self) -> bytes:
        body, self._body = self._body, b""
        return body

    async def let_go(self) -> None:
        self._body = b""

    async def hang_up(self) -> None:
        self._body = b""


class _OpenWatch:
    """A watch: lines as they come, each after its way, none overtaking another."""

    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self, wire: Wire, stream: Watch) -> None:
        self._wire = wire
        self._stream = stream
        self._travelling: bytes | None = None
        self._tells = _NO_LINE
        self._late = wire.lateness()
        self._due = 0.0

    async def some(self) -> bytes:
        """May be cancelled at any point without losing a line."""
        if self._travelling is None:
            self._travelling = await self._stream.next() or b""
            self._tells = _read(self._travelling)
            stored_at = self._wire.times.get(self._tells[1], 0.0)
            self._due = max(self._due, stored_at + self._late, _now()) + self._wire.way()
        await asyncio.sleep(max(0.0, self._due - _now()))
        line, self._travelling = self._travelling, None
        if self._tells is not _NO_LINE:
            self._wire.notebook.line(*self._tells)
        return line

    def drop(self, how: Drop) -> None:
        self._stream.drop(how)

    async def let_go(self) -> None:
        await self.hang_up()

    async def hang_up(self) -> None:
        self._stream.close()
        self._wire.closed(self)


def _sort(method: str, asked: Asked, *, stays_open: bool) -> Which:
    if method != "GET":
        return Which.PATCHES
    return Which.WATCHES if stays_open or "limit" in asked.query else Which.READS


def _status(code: int, reason: str, headers: Mapping[str, str] | None = None) -> Answer:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    return Answer(code, msgspec.json.encode({**body, "message": "broken for a test"}), headers or {})


def _now() -> float:
    return asyncio.get_running_loop().time()
