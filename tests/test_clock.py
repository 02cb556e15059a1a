"""The machine's clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import SystemClock


def test_now_is_aware_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


@pytest.mark.parametrize("seconds", [-5.0, 0.0])
async def test_sleeping_no_time_lets_others_run(seconds: float) -> None:
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    task = asyncio.create_task(other())
    await SystemClock().sleep(seconds)
    assert ran == ["other"]
    await task


async def test_a_timeout_cancels_its_block() -> None:
    cancelled: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("block")
            raise

    with pytest.raises(TimeoutError):
        async with SystemClock().timeout(0.01):
            await wait()
    assert cancelled == ["block"]


@pytest.mark.parametrize("seconds", [-5.0, 0.0])
async def test_a_timeout_without_time_ends_what_waits(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        async with SystemClock().timeout(seconds):
            await asyncio.Event().wait()


async def test_a_block_that_ends_in_time_keeps_its_answer() -> None:
    async with SystemClock().timeout(30):
        answer = await asyncio.sleep(0, "done")
    assert answer == "done"


async def test_waiting_for_a_moment_takes_until_that_moment() -> None:
    clock = SystemClock()
    start = clock.now()
    await clock.sleep(0.02)
    assert clock.now() - start >= timedelta(seconds=0.019)
