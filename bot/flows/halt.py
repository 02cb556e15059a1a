"""The stop of one request: what may be cut short at any moment, and what must be carried through first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.core.requests import Caller


class Halted(Exception):
    """What was going on was cut short, because somebody cancelled the request."""

    def __init__(self, by: Caller) -> None:
        super().__init__(by.name)
        self.by = by


class Halt:
    """Whether a request was cancelled, and by whom. One for each request, shared by all that is done for it."""

    def __init__(self) -> None:
        self._by: Caller | None = None
        self._cuts: set[Cut] = set()

    @property
    def by(self) -> Caller | None:
        """Who cancelled first; None as long as nobody has."""
        return self._by

    def set(self, by: Caller) -> None:
        """Cancels. A second time changes nothing."""
        if self._by is not None:
            return
        self._by = by
        for cut in tuple(self._cuts):
            cut.now()

    @asynccontextmanager
    async def cuts(self) -> AsyncIterator[Cut]:
        """What is awaited inside ends with Halted as soon as somebody cancels, unless the cut is lifted before."""
        if self._by is not None:
            raise Halted(self._by)
        timer = asyncio.timeout(None)
        cut = Cut(self, timer)
        try:
            async with timer:
                self._cuts.add(cut)
                try:
                    yield cut
                finally:
                    self._cuts.discard(cut)
        except TimeoutError:
            if timer.expired() and self._by is not None:
                raise Halted(self._by) from None
            raise

    def drop(self, cut: Cut) -> None:
        """Raises Halted when it comes too late."""
        if self._by is not None:
            raise Halted(self._by)
        self._cuts.discard(cut)


class Cut:
    """One stretch of work that a cancel ends."""

    __slots__ = ("_halt", "_timer")

    def __init__(self, halt: Halt, timer: asyncio.Timeout) -> None:
        self._halt = halt
        self._timer = timer

    def now(self) -> None:
        self._timer.reschedule(asyncio.get_running_loop().time())

    def lift(self) -> None:
        """From here to the end of the block nothing is cut short: a patch under way is waited for, since only its
        answer tells whether it arrived. Raises Halted when somebody has cancelled by then."""
        self._halt.drop(self)
