"""The clock that the flows' tests trust."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import MORNING, FakeClock


@given(st.lists(st.floats(0, 100), max_size=12))
async def test_sleepers_wake_in_due_order_each_at_its_moment(naps: list[float]) -> None:
    clock, woken = FakeClock(), []

    async def nap(number: int, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((clock.now(), number))

    tasks = [asyncio.create_task(nap(number, seconds)) for number, seconds in enumerate(naps)]
    await clock.advance(100)
    await asyncio.gather(*tasks)
    assert woken == sorted((MORNING + timedelta(seconds=seconds), number) for number, seconds in enumerate(naps))
    assert clock.now() == MORNING + timedelta(seconds=100)


async def test_nobody_wakes_before_the_clock_is_moved() -> None:
    clock = FakeClock()
    nap = asyncio.create_task(clock.sleep(10))
    await clock.advance(9.999)
    assert not nap.done()
    await clock.advance(0.001)
    assert nap.done()


async def test_one_move_carries_a_loop_through_all_its_rounds() -> None:
    clock, rounds = FakeClock(), []

    async def tick() -> None:
        while True:
            await clock.sleep(10)
            rounds.append((clock.now() - MORNING).total_seconds())

    task = asyncio.create_task(tick())
    await clock.advance(35)
    task.cancel()
    assert rounds == [10, 20, 30]


async def test_a_timeout_ends_its_block_at_its_moment() -> None:
    clock = FakeClock()

    async def wait() -> timedelta:
        try:
            async with clock.timeout(5):
                await asyncio.Event().wait()
        except TimeoutError:
            return clock.now() - MORNING
        raise AssertionError("the block ended by itself")

    assert await clock.through(wait()) == timedelta(seconds=5)


async def test_the_inner_of_two_timeouts_ends_only_its_own_block() -> None:
    clock, ended = FakeClock(), []

    async def wait() -> None:
        try:
            async with clock.timeout(10):
                try:
                    async with clock.timeout(3):
                        await asyncio.Event().wait()
                except TimeoutError:
                    ended.append(("inner", clock.now() - MORNING))
                await asyncio.Event().wait()
        except TimeoutError:
            ended.append(("outer", clock.now() - MORNING))

    await clock.through(wait())
    assert ended == [("inner", timedelta(seconds=3)), ("outer", timedelta(seconds=10))]


async def test_a_block_that_ended_in_time_is_not_ended_again() -> None:
    clock = FakeClock()

    async def work() -> str:
        async with clock.timeout(5):
            await clock.sleep(4)
        await clock.sleep(10)
        return "done"

    assert await clock.through(work()) == "done"


async def test_cancelling_inside_a_timeout_is_a_cancellation() -> None:
    clock = FakeClock()

    async def work() -> None:
        async with clock.timeout(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await clock.settle()
    task.cancel()
    await clock.advance(10)
    assert task.cancelled()


async def test_until_stops_at_the_first_moment_that_holds() -> None:
    clock, rounds = FakeClock(), []

    async def tick() -> None:
        while True:
            await clock.sleep(10)
            rounds.append(1)

    task = asyncio.create_task(tick())
    await clock.until(lambda: len(rounds) == 3)
    assert clock.now() - MORNING == timedelta(seconds=30)
    with pytest.raises(AssertionError, match="nothing more is due"):
        await clock.until(lambda: len(rounds) == 30, within=100)
    task.cancel()


async def test_waiting_for_ever_is_an_error_and_not_a_hang() -> None:
    clock = FakeClock()
    with pytest.raises(AssertionError, match="nothing more is due"):
        await clock.through(asyncio.Event().wait())


async def test_what_work_raises_comes_through() -> None:
    clock = FakeClock()

    async def fail() -> None:
        await clock.sleep(1)
        raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        await clock.through(fail())


async def test_a_task_that_never_blocks_is_named_as_the_reason() -> None:
    clock = FakeClock()

    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    task = asyncio.create_task(spin())
    with pytest.raises(AssertionError, match="never blocks"):
        await clock.advance(1)
    task.cancel()
