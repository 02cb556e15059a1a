"""How fast we may speak, and who goes first."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.budgets import Budget, Queue, Rank, nap
from tests.fakes.clock import MORNING, FakeClock


class Line:
    """People who queue for one budget, and the order and moment in which they went."""

    def __init__(self, clock: FakeClock, budget: Budget) -> None:
        self.clock = clock
        self.queue = Queue(budget, clock)
        self.went: list[tuple[str, float]] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.ranks: dict[str, Rank] = {}

    def join(self, name: str, rank: Rank) -> None:
        self.ranks[name] = rank
        self.tasks[name] = asyncio.create_task(self._wait(name))

    async def _wait(self, name: str) -> None:
        await self.queue.turn(lambda: self.ranks[name])
        self.went.append((name, round((self.clock.now() - MORNING).total_seconds(), 1)))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_a_burst_goes_at_once_and_the_rest_at_the_rate(clock: FakeClock) -> None:
    line = Line(clock, Budget(60, 2, clock.now()))
    for name in "abcd":
        line.join(name, Rank.END)
    await clock.advance(10)
    assert line.went == [("a", 0.0), ("b", 0.0), ("c", 1.0), ("d", 2.0)]


async def test_the_more_important_goes_first_and_equals_in_order(clock: FakeClock) -> None:
    line = Line(clock, Budget(60, 1, clock.now()))
    line.join("first", Rank.AUDIT)
    await clock.settle()
    for name, rank in (("audit", Rank.AUDIT), ("root", Rank.ROOT), ("end", Rank.END), ("root too", Rank.ROOT)):
        line.join(name, rank)
    line.join("refusal", Rank.REFUSAL)
    await clock.advance(10)
    assert [name for name, _ in line.went] == ["first", "refusal", "end", "root", "root too", "audit"]


async def test_what_becomes_more_important_while_it_waits_moves_up(clock: FakeClock) -> None:
    line = Line(clock, Budget(60, 1, clock.now()))
    for name in ("a", "b", "c"):
        line.join(name, Rank.DETAILS)
    await clock.advance(0.5)
    line.ranks["c"] = Rank.END
    line.queue.poke()
    await clock.advance(10)
    assert [name for name, _ in line.went] == ["a", "c", "b"]


async def test_progress_leaves_a_third_of_the_bucket_to_the_rest(clock: FakeClock) -> None:
    line = Line(clock, Budget(60, 3, clock.now()))
    for name in ("p1", "p2", "p3"):
        line.join(name, Rank.PROGRESS)
    await clock.advance(0.5)
    assert line.went == [("p1", 0.0), ("p2", 0.0)]
    line.join("end", Rank.END)
    await clock.advance(0)
    assert line.went[2:] == [("end", 0.5)]


async def test_progress_goes_too_where_the_bucket_holds_but_one(clock: FakeClock) -> None:
    line = Line(clock, Budget(60, 1, clock.now()))
    line.join("p", Rank.PROGRESS)
    await clock.advance(1)
    assert line.went == [("p", 0.0)]


async def test_after_a_refusal_nothing_goes_until_it_may_and_then_at_half_the_rate(clock: FakeClock) -> None:
    line = Line(clock, Budget(60, 5, clock.now()))
    line.queue.exceeded(30)
    for name in "abc":
        line.join(name, Rank.END)
    await clock.advance(29)
    assert line.went == []
    await clock.advance(10)
    assert line.went == [("a", 32.0), ("b", 34.0), ("c", 36.0)]


async def test_the_full_rate_comes_back_a_minute_later(clock: FakeClock) -> None:
    budget = Budget(60, 1, clock.now())
    line = Line(clock, budget)
    line.queue.exceeded(1)
    await clock.advance(120)
    for name in "abc":
        line.join(name, Rank.END)
    await clock.advance(10)
    assert line.went == [("a", 120.0), ("b", 121.0), ("c", 122.0)]


async def test_who_gives_up_waiting_lets_the_next_one_go(clock: FakeClock) -> None:
    line = Line(clock, Budget(60, 1, clock.now()))
    for name in "abc":
        line.join(name, Rank.END)
    await clock.settle()
    line.tasks["b"].cancel()
    await clock.advance(5)
    assert line.went == [("a", 0.0), ("c", 1.0)]
    assert len(line.queue) == 0


async def test_a_turn_that_is_given_back_serves_the_next_one(clock: FakeClock) -> None:
    line = Line(clock, Budget(60, 1, clock.now()))
    line.join("a", Rank.END)
    await clock.settle()
    line.join("b", Rank.END)
    await clock.settle()
    line.queue.give_back()
    await clock.settle()
    assert line.went == [("a", 0.0), ("b", 0.0)]


async def test_one_more_in_a_queue_of_thousands_costs_no_more_than_in_a_short_one(clock: FakeClock) -> None:
    queue, asked = Queue(Budget(60, 1, clock.now()), clock), 0

    def rank() -> Rank:
        nonlocal asked
        asked += 1
        return Rank.REFUSAL

    waiting = [asyncio.create_task(queue.turn(rank)) for _ in range(2_000)]
    await clock.settle()
    queue.poke()
    assert len(queue) == 1_999
    assert asked < 5 * 2_000
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert len(queue) == 0


async def test_a_turn_tells_how_long_it_was_waited_for(clock: FakeClock) -> None:
    queue = Queue(Budget(60, 1, clock.now()), clock)
    assert await queue.turn(lambda: Rank.ROOT) == 0.0
    assert await clock.through(queue.turn(lambda: Rank.ROOT)) == pytest.approx(1.0)


async def test_a_nap_says_whether_it_was_woken(clock: FakeClock) -> None:
    event = asyncio.Event()
    sleeping = asyncio.create_task(nap(clock, event, 5))
    await clock.advance(5)
    assert await sleeping is False
    waking = asyncio.create_task(nap(clock, event, 5))
    await clock.settle()
    event.set()
    assert await waking is True


@given(
    per_minute=st.integers(1, 600),
    burst=st.integers(1, 20),
    steps=st.lists(st.tuples(st.floats(0, 30), st.sampled_from(Rank)), max_size=60),
)
def test_no_window_holds_more_calls_than_burst_and_rate_allow(
    per_minute: int, burst: int, steps: list[tuple[float, Rank]]
) -> None:
    now = MORNING
    budget = Budget(per_minute, burst, now)
    went = []
    for pause, rank in steps:
        now += timedelta(seconds=pause)
        wait = budget.wait(now, rank)
        assert wait >= 0
        now += timedelta(seconds=wait)
        if budget.wait(now, rank) <= 0:
            budget.spend(now)
            went.append(now)
    for first, start in enumerate(went):
        for last in range(first, len(went)):
            seconds = (went[last] - start).total_seconds()
            assert last - first + 1 <= burst + seconds * per_minute / 60 + 0.01
