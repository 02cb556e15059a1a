"""Every fault of the table, seen by a plain client."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.demo.loopback import (
    CutLine,
    Fault,
    HalfOpen,
    InstantClose,
    Loopback,
    Reset,
    ResetAfter,
    Rule,
    Slow,
    Status,
)

BODY = "0123456789"


class Counter:
    """A server that says ten digits and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for line in (b"one\n", b"two\n", b"three\n"):
            await answer.write(line)
        return answer

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.Response(text=BODY)

    def build(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/stream", self.stream)
        app.router.add_route("*", "/{path:.*}", self.serve)
        return app


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
async def server(counter: Counter) -> AsyncIterator[Loopback]:
    async with Loopback(counter.build()) as running:
        yield running


async def fetch(session: aiohttp.ClientSession, server: Loopback, path: str = "/a", **options: float) -> str:
    timeout = aiohttp.ClientTimeout(total=options.get("timeout", 10))
    # A POST, for the client silently repeats a GET whose connection dies.
    async with session.post(server.url + path, timeout=timeout) as answer:
        return await answer.text()


async def raw(server: Loopback, path: str) -> tuple[list[bytes], bytes]:
    """The lines of the head and the body as they came, up to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"POST {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return head.split(b"\r\n"), body


async def test_without_a_rule_nothing_is_disturbed(server: Loopback, session: aiohttp.ClientSession) -> None:
    assert await fetch(session, server) == BODY


async def test_it_listens_on_the_loopback_address_only(server: Loopback) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert server.port > 0


@pytest.mark.parametrize("code", [401, 403, 409, 410, 429, 500, 502, 503])
async def test_a_status_is_answered_without_asking_the_handler(
    server: Loopback, counter: Counter, session: aiohttp.ClientSession, code: int
) -> None:
    server.faults.add(Rule(Status(code, '{"why": "told to"}', retry_after=7, content_type="application/json")))

    async with session.get(server.url + "/a") as answer:
        assert answer.status == code
        assert answer.headers["Retry-After"] == "7"
        assert await answer.json() == {"why": "told to"}
    assert counter.asked == []


@pytest.mark.parametrize(
    ("fault", "error", "asked"),
    [
        (Reset(), aiohttp.ClientOSError, []),
        (ResetAfter(), aiohttp.ClientOSError, ["/a"]),
        (InstantClose(), aiohttp.ServerDisconnectedError, []),
        (CutLine(), aiohttp.ClientPayloadError, ["/a"]),
    ],
)
async def test_a_broken_connection_looks_as_it_should_and_the_handler_is_asked_only_where_it_should(
    server: Loopback,
    counter: Counter,
    session: aiohttp.ClientSession,
    fault: Fault,
    error: type[Exception],
    asked: list[str],
) -> None:
    server.faults.add(Rule(fault))

    with pytest.raises(error):
        await fetch(session, server)
    assert counter.asked == asked


async def test_a_cut_answer_promises_its_whole_length_and_ends_where_it_was_told_to(server: Loopback) -> None:
    server.faults.add(Rule(CutLine(keep=3)))
    head, body = await raw(server, "/a")
    assert [line for line in head if line.startswith(b"Content-Length")] == [b"Content-Length: 10"]
    assert body == b"012"


@pytest.mark.parametrize(("keep", "seen"), [(None, b"on"), (6, b"one\ntw"), (4, b"one\n")])
async def test_a_streamed_answer_is_cut_in_the_middle_of_a_line(
    server: Loopback, session: aiohttp.ClientSession, keep: int | None, seen: bytes
) -> None:
    rule = server.faults.add(Rule(CutLine(keep)))
    assert (await raw(server, "/stream"))[1] == seen
    with pytest.raises(aiohttp.ClientPayloadError):
        await fetch(session, server, "/stream")
    assert rule.hits == 2


async def test_a_streamed_answer_counts_as_carried_out_when_it_begins(
    server: Loopback, session: aiohttp.ClientSession
) -> None:
    rule = server.faults.add(Rule(ResetAfter()))
    with pytest.raises(aiohttp.ClientOSError):
        await fetch(session, server, "/stream")
    assert rule.hits == 1


async def test_an_uncut_stream_is_whole(server: Loopback, session: aiohttp.ClientSession) -> None:
    assert await fetch(session, server, "/stream") == "one\ntwo\nthree\n"


async def test_a_half_open_connection_gives_no_answer_until_the_rule_is_removed(
    server: Loopback, counter: Counter, session: aiohttp.ClientSession
) -> None:
    rule = server.faults.add(Rule(HalfOpen()))
    with pytest.raises(TimeoutError):
        await fetch(session, server, timeout=0.2)

    held = asyncio.create_task(fetch(session, server))
    while rule.hits < 2:
        await asyncio.sleep(0)
    server.faults.remove(rule)

    with pytest.raises(aiohttp.ClientError):
        await held
    assert counter.asked == []
    assert await fetch(session, server) == BODY


async def test_a_slow_answer_comes_late_and_whole(server: Loopback, session: aiohttp.ClientSession) -> None:
    server.faults.add(Rule(Slow(0.3)))
    with pytest.raises(TimeoutError):
        await fetch(session, server, timeout=0.1)
    assert await fetch(session, server) == BODY


async def test_a_rule_spoils_as_many_requests_as_it_says(server: Loopback, session: aiohttp.ClientSession) -> None:
    rule = server.faults.add(Rule(Status(503, "down"), times=2))
    assert [await fetch(session, server) for _ in range(3)] == ["down", "down", BODY]
    assert rule.hits == 2


async def test_a_rule_chooses_by_method_path_and_predicate(server: Loopback, session: aiohttp.ClientSession) -> None:
    server.faults.add(Rule(Status(500, "path"), path="/api/*"))
    server.faults.add(Rule(Status(500, "predicate"), when=lambda request: "watch" in request.query))
    server.faults.add(Rule(Status(500, "method"), method="PUT"))

    async with session.put(server.url + "/a") as answer:
        assert await answer.text() == "method"
    assert [await fetch(session, server, path) for path in ("/api/x", "/a?watch=1", "/a")] == [
        "path",
        "predicate",
        BODY,
    ]
