"""The way to Slack at the start: through a proxy where one is set, and no longer than until a stop."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from pydantic import SecretStr

from bot import app
from bot.demo.allowlists import default_allowlist
from bot.demo.slack.workspace import Workspace
from tests.e2e.stage import LONG, port_of, settings_for, staged

NOWHERE = "http://127.0.0.1:1"
"""Nobody listens there: only a proxy can say otherwise."""


@dataclass(slots=True)
class Proxy:
    """Takes every address to the workspace and keeps the head of what is asked for first on each connection."""

    to: int = 0
    port: int = 0
    heads: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._carry, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode())
        further, onward = await asyncio.open_connection("127.0.0.1", self.to)
        onward.write(head)
        await asyncio.gather(_pump(reader, onward), _pump(further, writer))

    def asked(self, part: str) -> list[str]:
        return [head for head in self.heads if part in head.splitlines()[0]]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_all_calls_and_the_link_go_through_the_proxy_that_is_set(tmp_path: Path) -> None:
    proxy = Proxy()

    def prepare(workspace: Workspace) -> None:
        proxy.to = port_of(workspace.url)
        workspace.links.origin = NOWHERE

    async with proxy.running():
        way = SecretStr(f"http://us:hunter2@127.0.0.1:{proxy.port}")
        async with staged(
            "ks-unchanged", tmp_path, prepare=prepare, slack_api_url=f"{NOWHERE}/api/", slack_proxy=way
        ) as stage:
            assert (await stage.say("ks ks-unchanged/app")).text.startswith("🟰 ")
        assert "hunter2" not in stage.log.getvalue()
    us = f"Proxy-Authorization: Basic {b64encode(b'us:hunter2').decode()}"
    assert proxy.asked(f"{NOWHERE}/api/auth.test")
    assert proxy.asked(f"{NOWHERE.replace('http', 'ws')}/link/")
    assert [head for head in proxy.heads if us not in head.splitlines()] == []


async def test_a_stop_ends_a_start_to_which_slack_says_nothing(tmp_path: Path) -> None:
    stop, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"auth.test")
        stop.set()
        await reader.read()
        gone.set()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/"
        settings = settings_for(url, tmp_path / "no-kubeconfig")
        began = monotonic()
        assert await app.serve(settings, default_allowlist(), stop) == 0
        assert monotonic() - began < 5
        await asyncio.wait_for(gone.wait(), LONG)
