"""A controller's work queue: one run at a time per object, at most one more queued, and timers."""

import asyncio
from collections import deque

from bot.demo.flux.shapes import Key


class WorkQueue:
    """Requests for an object that waits become one; those during a run become one run after it.

    An object stands in the queue once, as in controller-runtime's: of several due times the earliest counts, and a
    run that comes before its timer takes the timer's place.
    """

    def __init__(self) -> None:
        self._waiting: deque[Key] = deque()
        self._dirty: set[Key] = set()
        self._running: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()

    def add(self, place: Key) -> None:
        if place in self._dirty:
            return
        if timer := self._timers.pop(place, None):
            timer.cancel()
        self._dirty.add(place)
        if place not in self._running:
            self._push(place)

    def add_after(self, place: Key, seconds: float) -> None:
        if place in self._dirty:
            return
        if seconds <= 0:
            self.add(place)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        old = self._timers.get(place)
        if old is not None:
            if old.when() <= due:
                return
            old.cancel()
        self._timers[place] = loop.call_at(due, self._ring, place)

    async def take(self) -> Key:
        """The next object; `done` must follow."""
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        place = self._waiting.popleft()
        self._dirty.discard(place)
        self._running.add(place)
        return place

    def done(self, place: Key) -> None:
        self._running.discard(place)
        if place in self._dirty:
            self._push(place)

    def close(self) -> None:
        """Forgets everything."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()
        self._dirty.clear()

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits, timers aside."""
        return not self._dirty and not self._running

    def _ring(self, place: Key) -> None:
        self.add(place)

    def _push(self, place: Key) -> None:
        self._waiting.append(place)
        self._wake.set()
