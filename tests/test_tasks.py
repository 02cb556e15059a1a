"""Owned tasks."""

from __future__ import annotations

import asyncio
import gc

import pytest

from bot.tasks import Tasks


class Reports:
    """What tasks died of."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __call__(self, name: str, error: BaseException) -> None:
        self.told.append((name, repr(error)))


@pytest.fixture
def reports() -> Reports:
    return Reports()


async def test_a_task_is_kept_until_it_ends(reports: Reports) -> None:
    tasks, go, done = Tasks(reports), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go.wait()
        done.set()

    tasks.start(work(), "work")
    await asyncio.sleep(0)
    gc.collect()
    assert len(tasks) == 1
    go.set()
    await asyncio.wait_for(done.wait(), 10)
    assert (await tasks.drain(10), len(tasks), reports.told) == (0, 0, [])


async def test_what_a_task_died_of_is_told_by_its_name(reports: Reports) -> None:
    tasks = Tasks(reports)

    async def die() -> None:
        raise ValueError("no")

    task = tasks.start(die(), "doomed")
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert (reports.told, len(tasks)) == ([("doomed", "ValueError('no')")], 0)


async def test_a_task_that_somebody_cancelled_is_not_told(reports: Reports) -> None:
    tasks = Tasks(reports)

    async def wait() -> None:
        await asyncio.Event().wait()

    task = tasks.start(wait(), "waits")
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert (await tasks.drain(10), reports.told) == (0, [])


async def test_draining_waits_for_what_ends_in_time(reports: Reports) -> None:
    tasks, ended = Tasks(reports), []

    async def work(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        ended.append(turns)

    for turns in (1, 5, 3):
        tasks.start(work(turns), f"work {turns}")
    assert await tasks.drain(10) == 0
    assert ended == [1, 3, 5]


async def test_draining_cancels_the_rest_and_counts_it(reports: Reports) -> None:
    tasks, cleaned = Tasks(reports), []

    async def hang(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(name)

    for name in ("a", "b"):
        tasks.start(hang(name), name)
    await asyncio.sleep(0)
    assert await tasks.drain(0.01) == 2
    assert (sorted(cleaned), len(tasks), reports.told) == (["a", "b"], 0, [])


async def test_nothing_starts_once_draining_began(reports: Reports) -> None:
    tasks = Tasks(reports)
    assert await tasks.drain(1) == 0

    async def work() -> None:
        raise AssertionError("ran although nobody would wait for it")

    with pytest.raises(RuntimeError, match=r"^late was started while the bot shuts down$"):
        tasks.start(work(), "late")
    assert len(tasks) == 0


async def test_a_task_that_dies_while_draining_is_told(reports: Reports) -> None:
    tasks = Tasks(reports)

    async def die() -> None:
        await asyncio.sleep(0)
        raise ValueError("late")

    async def die_of_being_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("cleaning failed") from None

    tasks.start(die(), "first")
    tasks.start(die_of_being_cancelled(), "second")
    assert await tasks.drain(0.01) == 1
    assert reports.told == [("first", "ValueError('late')"), ("second", "ValueError('cleaning failed')")]
