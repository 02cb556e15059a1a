"""Two clients that ask the simulated API server without a socket: the controllers', and the one of the real tests."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from urllib.parse import urlsplit

from bot.demo.flux.api import Unreachable, change, refusal
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.calls import Answer, Asked, Json, Stream
from bot.demo.kube.rights import User
from tests.real import api as real

ADMIN = "admin-token"
_HEADERS = {"authorization": f"Bearer {ADMIN}", "accept": "application/json"}
_MERGE = "application/merge-patch+json"


def admit(server: ApiServer) -> ApiServer:
    """Lets the clients of this module in, with every right."""
    server.users[ADMIN] = User("admin", ("system:masters",))
    return server


def ask(
    server: ApiServer,
    method: str,
    path: str,
    body: Json | None = None,
    content_type: str = "application/json",
    query: Mapping[str, str] | None = None,
) -> Answer | Stream:
    data = b"" if body is None else json.dumps(body).encode()
    headers = _HEADERS | ({"content-type": content_type} if data else {})
    return server.answer(Asked(method, path, dict(query or {}), headers, data))


class Inside:
    """`bot.demo.flux.api.Api` on a server in this process. With `down` set it cannot be reached.

    Every call takes `latency` seconds; a watch tells at once.
    """

    def __init__(self, server: ApiServer, latency: float = 0.0) -> None:
        self._server = server
        self._latency = latency
        self.down = False

    async def get(self, path: str) -> Json:
        return await self._call("GET", path)

    async def list(self, path: str) -> tuple[list[Json], str]:
        found = await self._call("GET", path)
        return found["items"], found["metadata"]["resourceVersion"]

    async def watch(self, path: str, since: str) -> AsyncGenerator[tuple[str, Json], None]:
        self._require_up()
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": since}
        stream = ask(self._server, "GET", path, query=query)
        if isinstance(stream, Answer):
            raise _error(stream)
        try:
            while (line := await _line(stream)) is not None:
                yield change(line)
        finally:
            stream.close()

    async def patch(self, path: str, body: Json) -> Json:
        return await self._call("PATCH", path, body, _MERGE)

    async def create(self, path: str, body: Json) -> Json:
        return await self._call("POST", path, body)

    async def delete(self, path: str) -> None:
        await self._call("DELETE", path, {"propagationPolicy": "Background"})

    async def _call(
        self, method: str, path: str, body: Json | None = None, content_type: str = "application/json"
    ) -> Json:
        if self._latency:
            await asyncio.sleep(self._latency)
        self._require_up()
        answer = ask(self._server, method, path, body, content_type)
        assert isinstance(answer, Answer)
        if answer.status >= 400:
            raise _error(answer)
        found: Json = json.loads(answer.body)
        return found

    def _require_up(self) -> None:
        if self.down:
            raise Unreachable("connection refused")


class InsideReal(real.Api):
    """The client of `tests/real`, so that its stage, scenarios and recorder work on the simulator as they are.

    Every call takes `latency` seconds, as over TLS: a controller hears of a change before its watcher can act.
    """

    def __init__(self, server: ApiServer, latency: float = 0.015) -> None:
        super().__init__(real.Access("http://inside", None, ADMIN))
        self._server = server
        self._latency = latency

    async def call(
        self,
        method: str,
        where: str,
        body: Json | None = None,
        *,
        content_type: str = "application/json",
        options: Mapping[str, str] | None = None,
    ) -> Json:
        await asyncio.sleep(self._latency)
        answer = ask(self._server, method, urlsplit(where).path, body, content_type, options)
        assert isinstance(answer, Answer)
        if answer.status >= 400:
            told = json.loads(answer.body)
            raise real.ApiError(answer.status, told.get("reason", ""), told.get("message", ""))
        found: Json = json.loads(answer.body)
        return found

    async def watch(
        self, kind: str, namespace: str = "", *, since: str = "", field: str = "", listed: bool = False
    ) -> AsyncGenerator[tuple[str, Json], None]:
        assert not listed, "the simulated server knows no sendInitialEvents"
        query = {"watch": "true"} | ({"resourceVersion": since} if since else {})
        query |= {"fieldSelector": field} if field else {}
        stream = ask(self._server, "GET", real.collection(kind, namespace), query=query)
        assert not isinstance(stream, Answer), stream
        try:
            while (line := await _line(stream)) is not None:
                yield change(line)
        finally:
            stream.close()


async def _line(stream: Stream) -> bytes | None:
    try:
        return await stream.next()
    except ConnectionResetError as error:
        raise Unreachable("the watch was reset") from error


def _error(answer: Answer) -> Exception:
    return refusal(answer.status, answer.body.decode())
