"""Time and order inside the workspace: seconds since it opened, message ids, and waiting for what changes."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

TICK_MICROSECONDS: Final = 100


class Moments:
    """The workspace's clock.

    `seconds` is any clock that never goes back; a test may hand in one that it moves by hand. Message ids are
    the wall clock's seconds at the start plus what has passed, moved on where two would be equal.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic, opened_at: float | None = None) -> None:
        self._seconds = seconds
        self._start = seconds()
        self._opened_at = time.time() if opened_at is None else opened_at
        self._last_ts = 0

    def passed(self) -> float:
        """Seconds since the workspace opened."""
        return self._seconds() - self._start

    def wall(self) -> float:
        """Seconds since 1970, as the workspace sees them."""
        return self._opened_at + self.passed()

    def next_ts(self) -> str:
        """A message id: seconds and six digits, greater than every one before it."""
        now = int(self.wall() * 1_000_000)
        self._last_ts = max(now - now % TICK_MICROSECONDS, self._last_ts + TICK_MICROSECONDS)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"


class Pulse:
    """Beats at every change of the workspace, so that waiting for one needs no polling."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def beat(self) -> None:
        """Wake everybody who waits, to look again."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def until(self, wanted: Callable[[], T], timeout: float) -> T:
        """The first true answer of `wanted`, asked now and after each change; else TimeoutError."""
        async with asyncio.timeout(timeout):
            while not (found := wanted()):
                waiter = asyncio.get_running_loop().create_future()
                self._waiting.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiting.discard(waiter)
        return found


class Serial:
    """Ids that were never seen before: letters of Slack's kind in front, a number behind."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def next(self, prefix: str) -> str:
        """Such as `V0000000001`: eleven characters for a prefix of one."""
        return f"{prefix}{next(self._numbers):010d}"
