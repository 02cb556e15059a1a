"""The controllers' connection to the simulated API server, in this process: bot.demo.flux.api without sockets."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from random import Random
from typing import cast

import msgspec

from bot.demo.flux.api import ApiError, Unreachable, change, failure
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.calls import Answer, Asked
from bot.demo.kube.watches import Drop, Watch
from tests.soak.evidence import Json

MERGE = {"content-type": "application/merge-patch+json"}


class InsideApi:
    """bot.demo.flux.api.Api. Each call takes a little time, so that no two writes are of one moment."""

    def __init__(self, server: ApiServer, random: Random, token: str) -> None:
        self._server = server
        self._random = random
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        # In the order they were opened: a set's order differs from process to process, and with it the story.
        self._watches: dict[Watch, None] = {}

    async def get(self, path: str) -> Json:
        return await self._call("GET", path)

    async def list(self, path: str) -> tuple[list[Json], str]:
        found = await self._call("GET", path)
        return found["items"], str(found["metadata"]["resourceVersion"])

    async def patch(self, path: str, body: Json) -> Json:
        return await self._call("PATCH", path, body, MERGE)

    async def create(self, path: str, body: Json) -> Json:
        return await self._call("POST", path, body)

    async def delete(self, path: str) -> None:
        await self._call("DELETE", path)

    async def watch(self, path: str, since: str) -> AsyncGenerator[tuple[str, Json], None]:
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": since}
        stream = self._server.answer(Asked("GET", path, query, self._headers))
        if isinstance(stream, Answer):
            raise _failure(stream)
        watch = cast("Watch", stream)
        self._watches[watch] = None
        try:
            while (line := await watch.next()) is not None:
                yield _change(line)
        except ConnectionResetError as error:
            raise Unreachable("cut off") from error
        finally:
            self._watches.pop(watch, None)
            watch.close()

    def drop_watches(self, how: Drop) -> None:
        for each in tuple(self._watches):
            each.drop(how)

    async def _call(self, method: str, path: str, body: Json | None = None, more: Mapping[str, str] = MERGE) -> Json:
        raw = b"" if body is None else msgspec.json.encode(body)
        headers = self._headers if method != "PATCH" else {**self._headers, **more}
        await asyncio.sleep(self._random.uniform(0.001, 0.004))
        answer = self._server.answer(Asked(method, path, {}, headers, raw))
        assert isinstance(answer, Answer)
        if answer.status >= 400:
            raise _failure(answer)
        found: Json = msgspec.json.decode(answer.body)
        return found


def _change(line: bytes) -> tuple[str, Json]:
    try:
        event = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return change(line)
    if event["type"] == "ERROR":
        return change(line)
    return event["type"], event["object"]


def _failure(answer: Answer) -> ApiError:
    told = msgspec.json.decode(answer.body)
    return failure(answer.status, str(told.get("message", "")))
