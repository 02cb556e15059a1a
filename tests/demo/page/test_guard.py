"""Who may talk to the page: nobody but this machine's own browser on the page's own address."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from html.parser import HTMLParser

import aiohttp
import pytest

from bot.demo.page.guard import HEADERS
from bot.demo.page.server import STATIC, Page
from tests.demo.page.browser import Browser

SAY = {"do": "say", "person": "sre", "channel": "random", "text": "hello"}


async def test_without_the_token_there_is_nothing(page: Page, browser: Browser) -> None:
    for path in ("", "/", "/wrong/", "/wrong/stream?as=sre", "/wrong/main.js", "/the-token-of-this-pag/", "//"):
        async with browser.session.get(f"{browser.origin}{path}") as response:
            assert response.status == 404, path
    async with browser.session.post(
        f"{browser.origin}/wrong/act", json=SAY, headers={"Origin": browser.origin}
    ) as response:
        assert response.status == 404
    assert page.workspace.history == []


async def test_every_page_has_a_token_of_its_own(page: Page) -> None:
    others = [Page(page.workspace).url for _ in range(20)]
    assert len(set(others)) == 20
    assert all(len(url.split("/")[3]) >= 24 for url in others)


async def test_another_host_is_refused(browser: Browser) -> None:
    port = browser.origin.rpartition(":")[2]
    for host in (
        "evil.example.com",
        f"evil.example.com:{port}",
        f"localhost:{port}",
        "127.0.0.1",
        f"127.0.0.1:1{port}",
    ):
        response = await browser.get(headers={"Host": host})
        assert response.status == 421, host
        assert (await browser.post(SAY, {"Host": host})).status == 421


async def test_another_origin_is_refused_whatever_it_asks_for(page: Page, browser: Browser) -> None:
    for origin in ("https://evil.example.com", "null", browser.origin.replace("http", "https"), f"{browser.origin}0"):
        assert (await browser.post(SAY, {"Origin": origin})).status == 403
        assert (await browser.get("stream?as=sre", {"Origin": origin})).status == 403
    assert (await browser.post(SAY, {"Origin": ""})).status == 403, "a form of another page may send none"
    assert page.workspace.history == []


async def test_only_json_is_an_act(page: Page, browser: Browser) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert (await browser.post(SAY, {"Content-Type": kind})).status == 415
    for body in (
        b"",
        b"{",
        b"[]",
        b'{"do":"format"}',
        b'{"do":"say"}',
        b'{"do":"say","person":1}',
        b"\xff",
        b"[" * 9999,
    ):
        assert (await browser.post(body)).status == 400, body[:20]
    assert (await browser.post({**SAY, "more": 1})).status == 400
    assert (await browser.post(b" " * 300_000)).status == 413
    assert page.workspace.history == []


@pytest.mark.parametrize("path", ["", "main.js", "page.css", "nothing", "../page.py", "stream?as=nobody", "act"])
async def test_every_answer_is_armoured(browser: Browser, path: str) -> None:
    response = await browser.get(path)
    for name, value in HEADERS.items():
        assert response.headers[name] == value, path
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_the_policy_lets_nothing_in_but_the_pages_own_files(browser: Browser) -> None:
    response = await browser.get()
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {policy[each] for each in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert {policy[each] for each in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert not re.search(r"unsafe|\*|https?:", response.headers["Content-Security-Policy"])


class _Inline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.found += [f"{tag} {name}" for name in named if name.startswith("on") or name == "style"]
        if tag in ("style", "iframe", "object", "base", "form") or (tag == "script" and "src" not in named):
            self.found.append(tag)


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    parser = _Inline()
    parser.feed((STATIC / "page.html").read_text(encoding="utf-8"))
    assert parser.found == []
    sources = {file.name: file.read_text(encoding="utf-8") for file in STATIC.iterdir()}
    for name, source in sources.items():
        assert "innerHTML" not in source, name
        assert "eval(" not in source, name
        assert not re.findall(r"""(?:from|import|url\(|src=|href=)\s*["']?(?:https?:)?//""", source), name


async def test_every_file_that_is_named_is_there(browser: Browser) -> None:
    html = await (await browser.get()).text()
    for name in re.findall(r'(?:src|href)="(\w[\w.]+)"', html):
        assert (await browser.get(name)).status == 200, name
    scripts = {file.name: file.read_text(encoding="utf-8") for file in STATIC.glob("*.js")}
    imported = {each for source in scripts.values() for each in re.findall(r'from "\./([\w.]+)"', source)}
    assert imported | {"main.js"} == set(scripts), "no script is missing, and none is left over"
    types = {name: (await browser.get(name)).content_type for name in ("", "main.js", "page.css", "icon.svg")}
    assert types == {
        "": "text/html",
        "main.js": "text/javascript",
        "page.css": "text/css",
        "icon.svg": "image/svg+xml",
    }


async def test_it_listens_on_this_machine_only(page: Page) -> None:
    assert page.url.startswith("http://127.0.0.1:")


async def test_an_open_stream_does_not_hold_up_the_end(page: Page) -> None:
    other = Page(page.workspace)
    async with aiohttp.ClientSession() as session, AsyncExitStack() as block:
        await block.enter_async_context(other)
        response = await session.get(f"{other.url}stream?as=sre")
        await response.content.readline()
        async with asyncio.timeout(5):
            await block.aclose()
            rest = await response.content.read()
        response.close()
    assert b"data: " not in rest
