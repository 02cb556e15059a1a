"""What a browser does on the page, over plain HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

Json = dict[str, Any]


@dataclass(slots=True)
class Stream:
    """One person's stream, and what it made known so far."""

    response: aiohttp.ClientResponse
    known: Json

    async def until(self, holds: Callable[[Json], bool]) -> Json:
        """Reads on until what is known fits; answers it."""
        while not holds(self.known):
            news = await self._news()
            for key in news["gone"]:
                del self.known[key]
            self.known |= news["put"]
        return self.known

    async def _news(self) -> Json:
        while True:
            line = (await self.response.content.readline()).decode()
            assert line, "the stream has ended"
            if line.startswith("data: "):
                found: Json = json.loads(line.removeprefix("data: "))
                return found


@dataclass(slots=True)
class Browser:
    """`url` is the page's address."""

    url: str
    session: aiohttp.ClientSession

    @property
    def origin(self) -> str:
        return "/".join(self.url.split("/")[:3])

    async def get(self, path: str = "", headers: Mapping[str, str] | None = None) -> aiohttp.ClientResponse:
        """The whole answer, its body read."""
        async with self.session.get(f"{self.url}{path}", headers=headers) as response:
            await response.read()
            return response

    async def post(self, body: object, headers: Mapping[str, str] | None = None) -> aiohttp.ClientResponse:
        """As a page of this origin posts an act, unless other headers are given."""
        own = {"Origin": self.origin, "Content-Type": "application/json"}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {name: value for name, value in (own | dict(headers or {})).items() if value}
        async with self.session.post(f"{self.url}act", data=data, headers=sent) as response:
            await response.read()
            return response

    async def act(self, **what: object) -> str | None:
        """None, or why it was refused."""
        response = await self.post(what)
        assert response.status == 200, await response.text()
        refused: str | None = (await response.json())["refused"]
        return refused

    @asynccontextmanager
    async def sees(self, person: str) -> AsyncIterator[Stream]:
        async with self.session.get(f"{self.url}stream", params={"as": person}) as response:
            assert response.status == 200
            yield Stream(response, {})
