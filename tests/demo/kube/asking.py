"""A plain HTTP client for the checks: it knows no more of the API than how to put a question."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

Json = dict[str, Any]

MERGE = "application/merge-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
KUSTOMIZE = "kustomize.toolkit.fluxcd.io"

_WATCH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `json` is empty where the body is none."""

    status: int
    json: Json
    text: str
    headers: Mapping[str, str]

    @property
    def version(self) -> str:
        """The resource version of the object or the list."""
        return str(self.json["metadata"]["resourceVersion"])


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody at one server, working in a namespace of their own. `path` may hold what stands before every path."""

    session: aiohttp.ClientSession
    url: str
    token: str
    tls: ssl.SSLContext | bool
    namespace: str = ""

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        media: str = "application/json",
        accept: str = "application/json",
        **query: str,
    ) -> Reply:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        data = io.BytesIO(raw) if raw else None
        async with self.session.request(
            method, self.url + path, data=data, headers=self._headers(media, accept), params=query, ssl=self.tls
        ) as response:
            text = await response.text()
            parsed = json.loads(text) if response.content_type == "application/json" and text else {}
            return Reply(response.status, parsed, text, response.headers)

    async def get(self, path: str, **query: str) -> Reply:
        return await self.call("GET", path, **query)

    async def post(self, path: str, body: object, **query: str) -> Reply:
        return await self.call("POST", path, body, **query)

    async def put(self, path: str, body: object) -> Reply:
        return await self.call("PUT", path, body)

    async def patch(self, path: str, body: object, media: str = MERGE) -> Reply:
        return await self.call("PATCH", path, body, media)

    async def delete(self, path: str, body: object = None) -> Reply:
        return await self.call("DELETE", path, body)

    async def watch(self, path: str, *, accept: str = "application/json", **query: str) -> list[Json]:
        """All lines until the server ends the stream; `timeoutSeconds` is 1 unless told."""
        options = {"watch": "1", "timeoutSeconds": "1", **query}
        timeout = aiohttp.ClientTimeout(total=_WATCH_SECONDS)
        async with self.session.get(
            self.url + path,
            params=options,
            headers=self._headers("application/json", accept),
            ssl=self.tls,
            timeout=timeout,
        ) as response:
            assert response.status == 200, await response.text()
            return [json.loads(line) for line in (await response.read()).splitlines()]

    @asynccontextmanager
    async def watching(self, path: str, **query: str) -> AsyncIterator[Lines]:
        """An open watch, to be read while other calls are made."""
        options = {"watch": "1", "timeoutSeconds": "10", **query}
        async with self.session.get(
            self.url + path, params=options, headers=self._headers("", "application/json"), ssl=self.tls
        ) as response:
            yield Lines(response)
            await _hang_up(response)

    def _headers(self, media: str, accept: str) -> dict[str, str]:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": media, "Accept": accept, **authorization}

    # Where things are

    @property
    def kustomizations(self) -> str:
        return f"/apis/{KUSTOMIZE}/v1/namespaces/{self.namespace}/kustomizations"

    @property
    def config_maps(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/configmaps"

    async def make(self, name: str, **changes: Any) -> Reply:
        """A new Kustomization that nobody asked for a reason to refuse."""
        reply = await self.post(self.kustomizations, kustomization(name, **changes))
        assert reply.status == 201, reply.text
        return reply


async def _hang_up(response: aiohttp.ClientResponse) -> None:
    """Ends a stream at once and waits until its socket is gone: a polite goodbye would outlive the test's loop."""
    protocol = response.connection.protocol if response.connection is not None else None
    gone = protocol.closed if protocol is not None else None
    if protocol is not None:
        protocol.abort()
    response.close()
    if gone is not None:
        await asyncio.gather(gone, return_exceptions=True)


class Lines:
    """The events of an open watch."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> Json:
        async with asyncio.timeout(_WATCH_SECONDS):
            line: Json = json.loads(await self._response.content.readline())
            return line


def kustomization(name: str, *, spec: Json | None = None, **metadata: Any) -> Json:
    source = {"kind": "GitRepository", "name": "app"}
    return {
        "apiVersion": f"{KUSTOMIZE}/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, **metadata},
        "spec": {"interval": "1h", "prune": True, "sourceRef": source, **(spec or {})},
    }


def fresh_namespace() -> str:
    return f"check-{secrets.token_hex(4)}"


def names(listed: Json) -> list[str]:
    return [each["metadata"]["name"] for each in listed["items"]]
