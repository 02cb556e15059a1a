"""`flux-bot demo` prints where its page is, and serves it as long as it runs."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]
LONG = 40.0


@asynccontextmanager
async def running(folder: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The demo with an input that stays open."""
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith("FLUX_BOT_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**clean, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), "HOME": str(folder)},
    )
    try:
        async with asyncio.timeout(LONG):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address(process: asyncio.subprocess.Process) -> str:
    """What it prints as the page's address."""
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        if found := re.fullmatch(r"In a browser: (http://127\.0\.0\.1:\d+/[\w-]{20,}/)\n", line):
            return found[1]
    raise AssertionError("it printed no address")


async def test_the_printed_address_is_the_page_until_the_demo_ends(tmp_path: Path) -> None:
    async with running(tmp_path) as process, aiohttp.ClientSession() as session:
        url = await address(process)
        async with session.get(url) as response:
            assert response.status == 200
            assert "<title>Flux demo</title>" in await response.text()
        assert process.stdin is not None
        process.stdin.write_eof()
        assert await process.wait() == 0
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(url)


async def test_a_port_may_be_wished_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with running(tmp_path, "--port", str(port)) as process:
        assert f":{port}/" in await address(process)


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with running(tmp_path, "--port", str(port)) as process:
            _, errors = await process.communicate()
    assert process.returncode == 2
    assert f"--port {port} cannot be had" in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_with_say_there_is_no_page(tmp_path: Path) -> None:
    async with running(tmp_path, "--say", "help") as process:
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert b"In a browser" not in out
