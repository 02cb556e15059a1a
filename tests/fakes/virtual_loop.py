"""An event loop whose time is counted, not waited for: hours of sleeping pass in an instant.

    end = virtually(scenario())

Sockets and threads work as ever; time stands still while a thread is at work. A loop on which nothing can ever happen
again raises `Deadlock` instead of hanging.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import Any, Final, TypeVar, TypeVarTuple

import aiosqlite.core
import pytest

T = TypeVar("T")
Given = TypeVarTuple("Given")

EPOCH: Final = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)
"""What the clock on the wall shows when a loop begins."""

_MOST_TURNS: Final = 1_000_000
_LONGEST_THREAD: Final = 30.0
"""Real seconds for which a thread may work before the loop calls it stuck."""


_TICK: Final = 1e-6
"""Seconds; timers this close together are due at once."""


class Deadlock(RuntimeError):
    """Somebody waits, but no timer, no socket and no thread is left to wake anybody."""


class Livelock(RuntimeError):
    """Somebody works without end, and time cannot go on."""


class _Selector(selectors.DefaultSelector):
    """Asks what is ready now; when nothing is, the loop's time jumps to its next timer."""

    loop: "VirtualLoop"
    turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            self.turns += 1
            if self.turns > _MOST_TURNS:
                raise Livelock(f"{_MOST_TURNS} turns of the loop have passed, and no time")
            return ready
        self.turns = 0
        if self.loop.threads:
            return super().select(_LONGEST_THREAD)
        if timeout is None:
            raise Deadlock("nothing is left that could wake anybody")
        self.loop.seconds += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`seconds` is its time, from 0; `threads` counts what works in executors now."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.threads = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)
        self._clock_resolution = _TICK

    def time(self) -> float:
        return self.seconds

    def call_later(
        self, delay: float, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Any delay moves time: whoever sleeps what rounding has left of a second must not do so for ever."""
        delay = max(delay, 2 * _TICK) if delay > 0 else delay
        return super().call_later(delay, callback, *args, context=context)

    def now(self) -> datetime:
        """The time on the wall, in UTC."""
        return EPOCH + timedelta(seconds=self.seconds)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Given], T], *args: *Given
    ) -> asyncio.Future[T]:
        work = super().run_in_executor(executor, func, *args)
        self.count(work)
        return work

    def count(self, work: asyncio.Future[Any]) -> None:
        """A thread is at work until this is done."""
        self.threads += 1
        work.add_done_callback(self._thread_ended)

    async def shutdown_default_executor(self, *patience: Any) -> None:
        self.threads += 1
        try:
            await super().shutdown_default_executor(*patience)
        finally:
            self.threads -= 1

    def _thread_ended(self, _: object) -> None:
        self.threads -= 1


class _Counted(SimpleQueue[tuple[asyncio.Future[Any] | None, Callable[[], Any]]]):
    """What aiosqlite hands to its threads: while one is at work, time stands still."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, _ = item
        loop = future.get_loop() if future is not None else None
        if future is not None and isinstance(loop, VirtualLoop):
            loop.count(future)
        super().put_nowait(item)


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Runs to the end on a loop of its own; what it left behind is cancelled, as by `asyncio.run`."""
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        patch.setattr(aiosqlite.core, "SimpleQueue", _Counted)
        return runner.run(main)


def now() -> datetime:
    """The time on the wall of the running virtual loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.now()
