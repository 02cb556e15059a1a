"""The page's server: static files, one stream of what there is to see, and one place to post what is to be done."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, Self

import msgspec
from aiohttp import web

from bot.demo.clusters import Cluster
from bot.demo.loopback import HOST, Handler, Loopback
from bot.demo.page.acts import Hands, decode
from bot.demo.page.feed import Entry, Feed
from bot.demo.page.guard import Guard, armour
from bot.demo.page.refusal import Refused
from bot.demo.page.sights import workspace_entries
from bot.demo.page.simulated import SimulatedCluster
from bot.demo.page.troubles import Troubles
from bot.demo.page.words import words
from bot.demo.slack.workspace import Workspace

STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_TOGETHER: Final = 0.04
"""Seconds: what changes so soon after something else is told with it."""
_LOOKS_EVERY: Final = 0.2
"""Seconds: clusters tell nobody when they change."""
_SIGN_OF_LIFE: Final = 15.0
_BODY_LIMIT: Final = 256 * 1024


class Shown(Protocol):
    """A cluster that the page shows, simulated or real."""

    @property
    def stamp(self) -> Hashable:
        """Changes with whatever is shown."""
        ...

    def entries(self) -> Iterator[Entry]: ...


class Page:
    """Serves the page on a free port of 127.0.0.1, or a wanted one, while its block lasts. `url` has the token."""

    def __init__(
        self,
        workspace: Workspace,
        simulated: Sequence[Cluster] = (),
        real: Sequence[Shown] = (),
        port: int = 0,
        token: str | None = None,
    ) -> None:
        clusters = {each.name: SimulatedCluster(each) for each in simulated}
        self.workspace = workspace
        self.troubles = Troubles(workspace, simulated)
        self._clusters: tuple[Shown, ...] = (*clusters.values(), *real)
        self._hands = Hands(workspace, clusters, self.troubles)
        self._guard = Guard(token if token is not None else secrets.token_urlsafe(18))
        self._closing = False
        self._loopback = Loopback(self._app(), port=port)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT/TOKEN/`."""
        return f"{self._loopback.url}/{self._guard.token}/"

    async def __aenter__(self) -> Self:
        await self._loopback.start()
        self._guard.host = f"{HOST}:{self._loopback.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._loopback.stop()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard.middleware()], client_max_size=_BODY_LIMIT)
        app.on_response_prepare.append(armour)
        app.on_shutdown.append(self._end_streams)
        app.router.add_get("/{token}/stream", self._stream)
        app.router.add_post("/{token}/act", self._act)
        for file in sorted(STATIC.iterdir()):
            path = "" if file.name == "page.html" else file.name
            app.router.add_get(f"/{{token}}/{path}", _serving(file))
        return app

    async def _end_streams(self, _: web.Application) -> None:
        self._closing = True
        self.workspace.site.pulse.beat()

    async def _act(self, request: web.Request) -> web.Response:
        try:
            act = decode(await request.read())
        except Refused as why:
            return web.json_response({"refused": str(why)}, status=400)
        refused = await self._hands.carry_out(act)
        self.workspace.site.pulse.beat()
        return web.json_response({"refused": refused})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events for one person, until either side ends; each is what `Feed.news` answers."""
        try:
            person = self.workspace.roster.person(request.query.get("as", ""))
        except LookupError as unknown:
            return web.Response(status=400, text=f"{unknown.args[0]}\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with suppress(ConnectionError):
            await self._tell(response, person.id)
        return response

    async def _tell(self, response: web.StreamResponse, user: str) -> None:
        feed, loop = Feed(), asyncio.get_running_loop()
        spoke = loop.time()
        while not self._closing:
            seen = self._stamp()
            if (news := feed.news(self._entries(user))) is not None:
                await response.write(b"data: " + msgspec.json.encode(news) + b"\n\n")
                spoke = loop.time()
            elif loop.time() - spoke > _SIGN_OF_LIFE:
                await response.write(b": still here\n\n")
                spoke = loop.time()
            await asyncio.sleep(_TOGETHER)
            with suppress(TimeoutError):
                await self.workspace.wait_for(lambda: self._closing or self._stamp() != seen, _LOOKS_EVERY)  # noqa: B023

    def _entries(self, user: str) -> Iterator[Entry]:
        yield words()
        yield from workspace_entries(self.workspace, user)
        for each in self._clusters:
            yield from each.entries()
        yield from self.troubles.entries()

    def _stamp(self) -> Hashable:
        """Changes with whatever there is to see, whoever looks."""
        site = self.workspace.site
        said = (len(site.board.history), len(site.board.reactions), len(site.views.history), len(site.links.open))
        return said, tuple(each.stamp for each in self._clusters), self.troubles.stamp


def _serving(file: Path) -> Handler:
    """Answers with a file as it is now."""
    body, kind = file.read_bytes(), _TYPES[file.suffix]

    async def serve(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return serve
