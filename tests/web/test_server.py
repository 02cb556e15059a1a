"""The HTTP server over real sockets."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web

from bot.core.errors import BotError
from bot.web.server import Route, Server
from tests.fakes.telemetry import FakeTelemetry


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=f"hello {request.query.get('name', '')}")


async def breaks(_: web.Request) -> web.Response:
    raise RuntimeError("the password is hunter2")


ROUTES = (Route("GET", "/hello", hello), Route("POST", "/hook", hello), Route("GET", "/breaks", breaks))


@asynccontextmanager
async def serving(telemetry: FakeTelemetry, *routes: Route) -> AsyncIterator[str]:
    server = Server("127.0.0.1", 0, routes or ROUTES, telemetry)
    running = asyncio.create_task(server.run())
    try:
        yield f"http://127.0.0.1:{await asyncio.wait_for(server.port(), 10)}"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def telemetry() -> FakeTelemetry:
    return FakeTelemetry()


async def test_routes_answer_and_nothing_else_does(telemetry: FakeTelemetry) -> None:
    async with serving(telemetry) as url, ClientSession() as session:
        answers = []
        for method, path in (
            ("GET", "/hello?name=you"),
            ("HEAD", "/hello"),
            ("POST", "/hello"),
            ("GET", "/hook"),
            ("GET", "/"),
        ):
            async with session.request(method, url + path) as response:
                answers.append((method, path, response.status))
        async with session.get(f"{url}/hello?name=you") as response:
            text = await response.text()
    assert answers == [
        ("GET", "/hello?name=you", 200),
        ("HEAD", "/hello", 200),
        ("POST", "/hello", 405),
        ("GET", "/hook", 405),
        ("GET", "/", 404),
    ]
    assert text == "hello you"


async def test_a_handler_that_breaks_is_told_and_its_error_is_not_shown(telemetry: FakeTelemetry) -> None:
    async with serving(telemetry) as url, ClientSession() as session:
        async with session.get(f"{url}/breaks") as response:
            assert (response.status, await response.text()) == (500, "internal error\n")
        async with session.get(f"{url}/hello") as response:
            assert response.status == 200
    assert [(fact.event, fact.facts, str(fact.error)) for fact in telemetry.broken] == [
        ("web_broke", {"path": "/breaks"}, "the password is hunter2")
    ]


async def test_answers_do_not_tell_versions_and_are_not_cached(telemetry: FakeTelemetry) -> None:
    async with serving(telemetry) as url, ClientSession() as session:
        for path in ("/hello", "/missing", "/breaks"):
            async with session.get(url + path) as response:
                names = ("Server", "Cache-Control", "X-Content-Type-Options")
                assert [response.headers[name] for name in names] == ["flux-bot", "no-store", "nosniff"]


async def test_a_body_over_a_megabyte_is_refused(telemetry: FakeTelemetry) -> None:
    async def read(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async with serving(telemetry, Route("POST", "/hook", read)) as url, ClientSession() as session:
        async with session.post(f"{url}/hook", data=io.BytesIO(b"x" * 1024 * 1024)) as response:
            assert (response.status, await response.text()) == (200, str(1024 * 1024))
        async with session.post(f"{url}/hook", data=io.BytesIO(b"x" * (1024 * 1024 + 1))) as response:
            assert response.status == 413


async def test_a_taken_port_is_one_sentence(telemetry: FakeTelemetry) -> None:
    async with serving(telemetry) as url:
        port = int(url.rpartition(":")[2])
        second = Server("127.0.0.1", port, ROUTES, telemetry)
        with pytest.raises(BotError, match=rf"^cannot listen on 127\.0\.0\.1:{port}: "):
            await second.run()


async def test_cancelling_lets_the_port_go(telemetry: FakeTelemetry) -> None:
    async with serving(telemetry) as url:
        port = int(url.rpartition(":")[2])
    with pytest.raises(OSError, match=str(port)):
        await asyncio.open_connection("127.0.0.1", port)
    assert telemetry.of("listening") == [{"host": "127.0.0.1", "port": port, "paths": ["/hello", "/hook", "/breaks"]}]
