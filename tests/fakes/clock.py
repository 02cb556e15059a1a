"""A clock that stands still until the test moves it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

T = TypeVar("T")

MORNING = datetime(2026, 8, 20, 9, 14, tzinfo=UTC)

_TURNS = 20_000


class Alarm:
    """Something that is due at a moment; cancelling it is final."""

    def __init__(self, due: datetime, ring: Callable[[], None]) -> None:
        self.due = due
        self._ring = ring
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def ring(self) -> None:
        if not self.cancelled:
            self._ring()


class FakeClock:
    """`sleep` and `timeout` end when `advance`, `until` or `through` reach their moment, in due order.

    Between two moments every task runs until it is blocked, so one run is like the next. Tasks that wait for a real
    socket or thread count as blocked: with those, advance and then wait for what the test expects.
    """

    def __init__(self, start: datetime = MORNING) -> None:
        self._now = start
        self._alarms: list[tuple[datetime, int, Alarm]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        rung = asyncio.Event()
        alarm = self.call_in(seconds, rung.set)
        try:
            await rung.wait()
        finally:
            alarm.cancel()

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[object]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as block:
            alarm = self.call_in(seconds, lambda: block.reschedule(loop.time()))
            try:
                yield block
            finally:
                alarm.cancel()

    def call_in(self, seconds: float, ring: Callable[[], None]) -> Alarm:
        """Calls `ring` once that much time has passed; zero and less mean the next time the clock is moved."""
        alarm = Alarm(self._now + timedelta(seconds=max(0.0, seconds)), ring)
        heapq.heappush(self._alarms, (alarm.due, next(self._numbers), alarm))
        return alarm

    async def settle(self) -> None:
        """Lets every task run until all are blocked; time stands still."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            if not ready:
                return
        raise AssertionError("some task never blocks, so time cannot move")

    async def advance(self, seconds: float) -> None:
        """Moves on by so many seconds, stopping at each moment that something is due."""
        await self._go_to(self._now + timedelta(seconds=seconds))

    async def until(self, condition: Callable[[], bool], within: float = 3600) -> None:
        """Moves from one due moment to the next until the condition holds; fails after `within` seconds."""
        last = self._now + timedelta(seconds=within)
        await self.settle()
        while not condition():
            due = self._next_due()
            if due is None or due > last:
                raise AssertionError(f"at {self._now:%H:%M:%S} nothing more is due within {within:g} s of the start")
            await self._go_to(due)

    async def through(self, work: Awaitable[T], within: float = 86_400) -> T:
        """Awaits `work`, moving from one due moment to the next whenever everything is blocked."""
        task = asyncio.ensure_future(work)
        try:
            await self.until(task.done, within)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        return await task

    def _next_due(self) -> datetime | None:
        while self._alarms and self._alarms[0][2].cancelled:
            heapq.heappop(self._alarms)
        return self._alarms[0][0] if self._alarms else None

    async def _go_to(self, moment: datetime) -> None:
        await self.settle()
        while (due := self._next_due()) is not None and due <= moment:
            self._now = max(self._now, due)
            _, _, alarm = heapq.heappop(self._alarms)
            alarm.ring()
            await self.settle()
        self._now = max(self._now, moment)
        await self.settle()
