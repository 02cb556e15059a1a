"""The loop of virtual time, on which random schedules and replays run."""

import asyncio
import time

import pytest

from tests.fakes.virtual_loop import EPOCH, Deadlock, VirtualLoop, now, virtually


def test_a_day_of_sleeping_takes_no_time() -> None:
    async def main() -> tuple[float, float]:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time(), (now() - EPOCH).total_seconds()

    began = time.monotonic()
    slept, wall = virtually(main())

    assert slept == pytest.approx(86_400)
    assert wall == pytest.approx(86_400)
    assert time.monotonic() - began < 10


def test_timers_fire_in_the_order_of_their_times() -> None:
    async def main() -> list[int]:
        seen: list[int] = []

        async def later(seconds: int) -> None:
            await asyncio.sleep(seconds)
            seen.append(seconds)

        await asyncio.gather(*(later(seconds) for seconds in (30, 1, 20, 10)))
        return seen

    assert virtually(main()) == [1, 10, 20, 30]


def test_a_timeout_counts_virtual_seconds() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(300):
                await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert virtually(main()) == pytest.approx(300)


def test_time_stands_still_while_a_thread_works() -> None:
    async def main() -> float:
        alarm = asyncio.create_task(asyncio.sleep(5))
        await asyncio.to_thread(time.sleep, 0.05)
        passed = asyncio.get_running_loop().time()
        await alarm
        return passed

    assert virtually(main()) < 5


def test_sleeping_what_rounding_has_left_comes_to_an_end() -> None:
    async def main() -> int:
        loop, deadline, turns = asyncio.get_running_loop(), 0.3, 0
        await asyncio.sleep(0.3 - 1e-9)
        while (missing := deadline - loop.time()) > 0:
            await asyncio.sleep(missing)
            turns += 1
        return turns

    assert virtually(main()) <= 1


def test_waiting_for_what_can_never_come_is_an_error_and_no_hang() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
