"""What a cancel cuts short, and what it lets be."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.requests import Caller
from bot.flows.halt import Halt, Halted

SRE, DEV = Caller("U0SRE", "sre", "T0"), Caller("U0DEV", "dev", "T0")


async def waits_in(halt: Halt, done: list[str]) -> None:
    async with halt.cuts():
        await asyncio.sleep(3600)
        done.append("waited")


async def test_whatever_is_waited_for_ends_at_once_and_tells_who_did_it() -> None:
    halt, done = Halt(), list[str]()
    waiting = [asyncio.ensure_future(waits_in(halt, done)) for _ in range(3)]
    await asyncio.sleep(0)
    halt.set(SRE)
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [end.by if isinstance(end, Halted) else end for end in ends] == [SRE] * 3
    assert done == []


async def test_what_begins_after_it_does_not_begin() -> None:
    halt, done = Halt(), list[str]()
    halt.set(SRE)
    with pytest.raises(Halted):
        await waits_in(halt, done)


async def test_who_cancels_first_is_remembered() -> None:
    halt = Halt()
    assert halt.by is None
    halt.set(DEV)
    halt.set(SRE)
    assert halt.by == DEV


async def test_what_was_lifted_out_of_it_is_carried_through() -> None:
    halt, answer = Halt(), asyncio.get_running_loop().create_future()

    async def patch() -> str:
        async with halt.cuts() as cut:
            cut.lift()
            found: str = await answer
            return found
        raise AssertionError("it was cut short")

    patching = asyncio.ensure_future(patch())
    await asyncio.sleep(0)
    halt.set(SRE)
    await asyncio.sleep(0.01)
    assert not patching.done()
    answer.set_result("arrived")
    assert await patching == "arrived"


async def test_it_is_too_late_to_lift_what_is_cancelled_already() -> None:
    halt = Halt()

    async def patch() -> None:
        async with halt.cuts() as cut:
            halt.set(SRE)
            cut.lift()
            raise AssertionError("it went on")

    with pytest.raises(Halted):
        await patch()


async def test_what_ended_in_the_same_moment_has_ended() -> None:
    halt = Halt()
    async with halt.cuts():
        halt.set(SRE)
    assert halt.by == SRE


async def test_other_time_outs_and_other_cancels_stay_what_they_are() -> None:
    halt, done = Halt(), list[str]()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waits_in(halt, done), 0.01)

    async def tries() -> None:
        async with halt.cuts(), asyncio.timeout(0.01):
            await asyncio.sleep(3600)

    with pytest.raises(TimeoutError):
        await tries()
    waiting = asyncio.ensure_future(waits_in(halt, done))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    halt.set(SRE)
