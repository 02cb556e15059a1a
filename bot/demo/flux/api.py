"""What the controllers ask an API server for, and how it is asked over HTTP (docs/kubernetes.md)."""

import json
import ssl
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp

from bot.demo.flux.shapes import Json


class ApiError(Exception):
    """No usable answer; the message is the server's, or says what became of the connection."""


class NotFound(ApiError):
    """404: no such object, or no such kind."""


class Conflict(ApiError):
    """409: it exists already, or somebody else changed it meanwhile."""


class Expired(ApiError):
    """410: the server no longer knows so old a version; list anew."""


class Refused(ApiError):
    """Any other answer of 400 or more."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Unreachable(ApiError):
    """The connection failed, broke off or took too long."""


class Api(Protocol):
    """A client with an administrator's rights. Paths begin with `/api` or `/apis`; every failure is an ApiError."""

    async def get(self, path: str) -> Json: ...

    async def list(self, path: str) -> tuple[list[Json], str]:
        """The objects of a collection and the version from which to watch on."""
        ...

    def watch(self, path: str, since: str) -> AsyncGenerator[tuple[str, Json], None]:
        """Changes as (ADDED, MODIFIED, DELETED or BOOKMARK; object), until the server ends the stream."""
        ...

    async def patch(self, path: str, body: Json) -> Json:
        """A merge patch; returns the object as it then is. Status has the path `…/status`."""
        ...

    async def create(self, path: str, body: Json) -> Json: ...

    async def delete(self, path: str) -> None: ...


def failure(code: int, message: str) -> ApiError:
    """The error for an answer of 400 or more."""
    match code:
        case 404:
            return NotFound(message)
        case 409:
            return Conflict(message)
        case 410:
            return Expired(message)
        case _:
            return Refused(code, message)


def change(line: bytes) -> tuple[str, Json]:
    """One line of a watch. Raises the error that an ERROR event holds, Unreachable for half a line."""
    try:
        event = json.loads(line)
    except ValueError as error:
        raise Unreachable("the watch broke off in the middle of a line") from error
    if event["type"] == "ERROR":
        raise failure(int(event["object"].get("code", 500)), str(event["object"].get("message", "")))
    return event["type"], event["object"]


class HttpApi:
    """The Api over HTTP with a bearer token. `url` may have a path of its own; use as an async context manager."""

    def __init__(self, url: str, token: str = "", ca: ssl.SSLContext | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tls: ssl.SSLContext | bool = True if ca is None else ca
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
        timeout = aiohttp.ClientTimeout(total=30)
        self._session = aiohttp.ClientSession(headers=self._headers, connector=connector, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str) -> Json:
        return await self._call("GET", path)

    async def list(self, path: str) -> tuple[list[Json], str]:
        found = await self._call("GET", path)
        return list(found["items"]), str(found["metadata"]["resourceVersion"])

    async def patch(self, path: str, body: Json) -> Json:
        return await self._call("PATCH", path, body, "application/merge-patch+json")

    async def create(self, path: str, body: Json) -> Json:
        return await self._call("POST", path, body)

    async def delete(self, path: str) -> None:
        await self._call("DELETE", path, {"propagationPolicy": "Background"})

    async def watch(self, path: str, since: str) -> AsyncGenerator[tuple[str, Json], None]:
        options = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": since}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        try:
            async with self._open.get(self._url + path, params=options, timeout=timeout) as answer:
                if answer.status >= 400:
                    raise refusal(answer.status, await answer.text())
                try:
                    async for event in _events(answer):
                        yield event
                finally:
                    answer.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error

    async def _call(
        self, method: str, path: str, body: Json | None = None, content_type: str = "application/json"
    ) -> Json:
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type} if data is not None else {}
        try:
            async with self._open.request(method, self._url + path, data=data, headers=headers) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        if answer.status >= 400:
            raise refusal(answer.status, text)
        try:
            whole: Json = json.loads(text)
        except ValueError as error:
            raise Unreachable("the answer is no JSON") from error
        return whole

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use `async with HttpApi(url, token)`")
        return self._session


async def _events(answer: aiohttp.ClientResponse) -> AsyncGenerator[tuple[str, Json], None]:
    """Lines may be longer than the reader's buffer, so chunks are put together here."""
    pending = b""
    async for chunk in answer.content.iter_any():
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield change(line)


def refusal(code: int, text: str) -> ApiError:
    """The error for an answer of 400 or more, whose body may be a Status or anything else."""
    try:
        told: Any = json.loads(text)
        return failure(code, str(told.get("message", "")))
    except (ValueError, AttributeError):
        return failure(code, text[:300])
