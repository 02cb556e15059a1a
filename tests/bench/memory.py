"""Memory of the whole process, as the kernel counts it: with nothing to hold, with objects, with waits besides.

A wait is what one step of a request keeps open: a follow of its object, read until a deadline, in a task of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bench.child import Child
from tests.bench.figures import Report, Row, kib, mib
from tests.bench.ground import Simulated, cluster, folder, ready_bot, workspace
from tests.bench.objects import many
from tests.bench.options import Options


async def measure(options: Options) -> Report:
    few, lots, waits = options.size(1000, 20), options.size(5000, 40), options.size(10_000, 40)
    rest = options.seconds(2, 0)
    empty = await _resident(0, rest)
    some = await _resident(few, rest)
    async with _holding(lots) as (bot, simulated):
        await asyncio.sleep(rest)
        imported = float((await bot.told("imported"))["resident"])
        full = float((await bot.ask("usage"))["resident"])
        waited = await bot.ask("waits", {"cluster": simulated.where.name, "kind": "Kustomization", "count": waits})
    waiting = float(waited["resident"])
    per_object, per_wait = (full - empty) / lots, (waiting - full) / waits
    rows = (
        Row("memory: imports alone, and the bot with nothing to watch", "", f"{mib(imported)}, {mib(empty)}"),
        Row("memory per object", "≤ 4 KiB", kib(per_object), per_object <= 4096),
        Row("memory per wait", "≤ 2 KiB", kib(per_wait), per_wait <= 2048),
        Row(f"memory with {few:,} objects of 18 kinds", "≤ 125 MiB", mib(some), some <= 125 * 2**20),
        Row(
            f"memory with {lots:,} objects and {waits:,} waits",
            "≤ 160 MiB",
            f"{mib(waiting)} (peak {mib(waited['peak'])})",
            waiting <= 160 * 2**20,
        ),
    )
    samples = {"resident bytes": [imported, empty, some, full, waiting], "peak bytes": [float(waited["peak"])]}
    return Report("memory", rows, samples)


async def _resident(objects: int, rest: float) -> float:
    async with _holding(objects) as (bot, _):
        await asyncio.sleep(rest)
        return float((await bot.ask("usage"))["resident"])


@asynccontextmanager
async def _holding(objects: int) -> AsyncIterator[tuple[Child, Simulated]]:
    """The bot that has listed so many objects."""
    with folder() as place:
        async with (
            cluster(place, many(objects)) as simulated,
            workspace() as slack,
            ready_bot(place, slack, [simulated.where]) as bot,
        ):
            yield bot, simulated
