"""`flux-bot` as its own process, with nothing of this one's environment that it could take for settings."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended and what it said."""

    code: int
    out: str
    err: str


async def flux_bot(*arguments: str, seconds: float = 50) -> Ran:
    """Runs to its end."""
    async with started(*arguments) as process, asyncio.timeout(seconds):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def started(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs for the length of the block, at most."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLUX_BOT_", "COVERAGE_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        env={**kept, **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
