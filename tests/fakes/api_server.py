"""An HTTP server with canned answers and faults, in the clothes of a Kubernetes API server. It knows no rule.

A test says what a path answers, opens the streams that watches get, and reads back what was asked.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import yaml
from aiohttp import web

APIS = "/apis"
KS = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"


class Fault(Enum):
    """What a server does instead of answering."""

    HANG = "accepts and stays silent"
    RESET = "closes the connection"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Held:
    """An answer that is given once the test says so."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.released = asyncio.Event()


Reply = Answer | Fault | Held | Callable[[Asked], Answer | Fault]


def status(code: int, message: str, retry_after: int | None = None) -> Answer:
    """A Status object."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    return Answer(code, body, {} if retry_after is None else {"Retry-After": str(retry_after)})


def listing(*items: object, version: str = "100", following: str = "") -> Answer:
    """A list, or one page of it."""
    meta = {"resourceVersion": version, **({"continue": following} if following else {})}
    return Answer(200, {"kind": "List", "apiVersion": "v1", "metadata": meta, "items": list(items)})


def discovery(*served: tuple[str, str, str]) -> Answer:
    """Aggregated discovery of (group, version, plural)."""
    items = [
        {"metadata": {"name": group}, "versions": [{"version": version, "resources": [{"resource": plural}]}]}
        for group, version, plural in served
    ]
    return Answer(200, {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})


class Stream:
    """One open watch: the test writes its lines and decides how it ends."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.closed = asyncio.Event()
        self._commands: asyncio.Queue[bytes | Fault | None] = asyncio.Queue()

    def send(self, type_: str, obj: object) -> None:
        self.write(json.dumps({"type": type_, "object": obj}).encode() + b"\n")

    def write(self, raw: bytes) -> None:
        self._commands.put_nowait(raw)

    def end(self) -> None:
        """As a server does when its time is over."""
        self._commands.put_nowait(None)

    def cut(self) -> None:
        """As a network does."""
        self._commands.put_nowait(Fault.RESET)

    async def play(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while (command := await self._commands.get()) is not None:
                if isinstance(command, Fault):
                    _abort(request)
                    break
                await response.write(command)
        finally:
            self.closed.set()
        return response


class ApiServer:
    """Answers by method and path; the last answer given for a path stays. Unknown paths get a 404 Status."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.streams: list[Stream] = []
        self.url = ""
        self._replies: dict[tuple[str, str], deque[Reply]] = {}
        self._watches: dict[str, deque[Reply]] = {}

    def on(self, path: str, *replies: Reply, method: str = "GET") -> None:
        self._replies[(method, path)] = deque(replies)

    def on_watch(self, path: str, *replies: Reply) -> None:
        """What the next watches of a path get instead of a stream."""
        self._watches[path] = deque(replies)

    def requests(self, path: str, *, watch: bool = False, method: str = "GET") -> list[Asked]:
        """What was asked of one path, lists and watches apart."""
        return [
            each
            for each in self.asked
            if (each.method, each.path) == (method, path) and ("watch" in each.query) == watch
        ]

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[ApiServer]:
        """Serves on a free port of loopback."""
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"{'https' if tls is not None else 'http'}://127.0.0.1:{port}"
        try:
            yield self
        finally:
            for stream in self.streams:
                stream.cut()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        self.asked.append(asked)
        if "watch" in asked.query:
            replies = self._watches.get(asked.path)
            if not replies:
                stream = Stream(asked)
                self.streams.append(stream)
                return await stream.play(request)
            reply = replies.popleft()
        else:
            queue = self._replies.get((asked.method, asked.path), deque([status(404, "not found")]))
            reply = queue.popleft() if len(queue) > 1 else queue[0]
        return await self._reply(request, reply(asked) if callable(reply) else reply)

    async def _reply(self, request: web.Request, reply: Answer | Fault | Held) -> web.StreamResponse:
        match reply:
            case Held():
                await reply.released.wait()
                return await self._reply(request, reply.answer)
            case Answer(code, body, headers):
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                return web.Response(body=raw, status=code, headers=dict(headers), content_type="application/json")
            case Fault.RESET:
                _abort(request)
                return web.Response()
            case Fault.HANG:
                await asyncio.Event().wait()
                raise AssertionError("waits until the client goes away")


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def kubeconfig(path: Path, url: str, user: Mapping[str, object], context: str = "main", **cluster: object) -> Path:
    """Writes a kubeconfig of one context, with this user entry."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": "c", "cluster": {"server": url, **cluster}}],
        "users": [{"name": "u", "user": dict(user)}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(yaml.safe_dump(config))
    return path
