"""How fast we may speak: token buckets, and queues in which the more important goes first.

The numbers are in docs/slack.md, Rate limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from bot.clock import Clock

HALVED_FOR: Final = timedelta(minutes=1)
"""How long a bucket fills at half its rate after Slack said that it was too much."""

NOTHING: Final = 1e-4
"""Less than this much of a token is an error of rounding."""


class Rank(IntEnum):
    """Who goes first when not all can: the lower number."""

    REFUSAL = 0
    """A refusal or an error, for somebody who waits."""
    FAILURE = 1
    END = 2
    ROOT = 3
    DETAILS = 4
    AUDIT = 5
    PROGRESS = 6
    """May be left out; never takes the last third of a bucket."""


class Budget:
    """A token bucket: `per_minute` calls, `burst` of them at once. Knows no clock: each method is told the time."""

    def __init__(self, per_minute: float, burst: int, now: datetime) -> None:
        self._rate = per_minute / 60
        self._burst = float(burst)
        self._left = float(burst)
        self._filled_at = now
        self._shut_until = now
        self._slow_until = now

    def wait(self, now: datetime, rank: Rank) -> float:
        """Seconds until one of that rank may go; 0 for at once."""
        self._fill(now)
        shut = (self._shut_until - now).total_seconds()
        if shut > 0:
            return shut
        missing = 1 + (self._burst / 3 if rank is Rank.PROGRESS and self._burst > 1 else 0) - self._left
        return missing / self._pace(now) if missing > NOTHING else 0.0

    def spend(self, now: datetime) -> None:
        """One call goes out."""
        self._fill(now)
        self._left -= 1

    def refund(self) -> None:
        """It did not go out after all."""
        self._left = min(self._burst, self._left + 1)

    def exceeded(self, now: datetime, seconds: float) -> None:
        """Slack said that it was too much: shut for so long, start empty, fill slowly for a minute after that."""
        self._shut_until = max(self._shut_until, now + timedelta(seconds=seconds))
        self._slow_until = self._shut_until + HALVED_FOR
        self._left, self._filled_at = 0.0, self._shut_until

    def _fill(self, now: datetime) -> None:
        passed = (now - self._filled_at).total_seconds()
        if passed > 0:
            self._left = min(self._burst, self._left + passed * self._pace(now))
            self._filled_at = now

    def _pace(self, now: datetime) -> float:
        return self._rate / 2 if now < self._slow_until else self._rate


@dataclass(eq=False, slots=True)
class _Ticket:
    """Somebody in the queue. What waits may become more important: `rank` is how it stands, `place` how it stood."""

    rank: Callable[[], Rank]
    number: int
    look: asyncio.Event
    place: Rank


class Queue:
    """Those who wait for one budget. Whoever is first waits for the clock, the others for their turn: no task is
    needed to serve them, and one more or less costs the same in a queue of thousands.
    """

    def __init__(self, budget: Budget, clock: Clock) -> None:
        self._budget = budget
        self._clock = clock
        self._waiting: dict[Rank, dict[int, _Ticket]] = {rank: {} for rank in Rank}
        """By rank, then by number, lowest first."""
        self._issued = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def turn(self, rank: Callable[[], Rank]) -> float:
        """Returns when the caller may go, and how many seconds it waited; the token is spent then."""
        came = self._clock.now()
        self._issued += 1
        ticket = _Ticket(rank, self._issued, asyncio.Event(), rank())
        self._put(ticket)
        try:
            await self._stand(ticket)
        finally:
            del self._waiting[ticket.place][ticket.number]
            self._wake()
        return (self._clock.now() - came).total_seconds()

    def give_back(self) -> None:
        """The caller had nothing to say when its turn came."""
        self._budget.refund()
        self._wake()

    def exceeded(self, seconds: float) -> None:
        """Slack refused a call of this budget and named how long to wait."""
        self._budget.exceeded(self._clock.now(), seconds)

    def poke(self) -> None:
        """Somebody may have changed rank: whoever is first now looks again."""
        # Nothing is above a refusal, and there may be thousands of them.
        for place in tuple(Rank)[1:]:
            for ticket in tuple(self._waiting[place].values()):
                self._move(ticket)
        self._wake()

    def _wake(self) -> None:
        first = self._first()
        if first is not None:
            first.look.set()

    def _first(self) -> _Ticket | None:
        return next((ticket for line in self._waiting.values() for ticket in line.values()), None)

    def _put(self, ticket: _Ticket) -> None:
        line = self._waiting[ticket.place]
        late = bool(line) and next(reversed(line)) > ticket.number
        line[ticket.number] = ticket
        if late:
            self._waiting[ticket.place] = dict(sorted(line.items()))

    def _move(self, ticket: _Ticket) -> None:
        """Lets it stand where its rank puts it now."""
        now = ticket.rank()
        if now is not ticket.place:
            del self._waiting[ticket.place][ticket.number]
            ticket.place = now
            self._put(ticket)

    async def _stand(self, ticket: _Ticket) -> None:
        while True:
            ticket.look.clear()
            self._move(ticket)
            first = self._first()
            if first is not ticket:
                if first is not None:
                    first.look.set()
                await ticket.look.wait()
                continue
            wait = self._budget.wait(self._clock.now(), ticket.place)
            if wait <= 0:
                self._budget.spend(self._clock.now())
                return
            await nap(self._clock, ticket.look, wait)


async def nap(clock: Clock, event: asyncio.Event, seconds: float) -> bool:
    """Waits for the event, at most so long, and says whether it came."""
    try:
        async with clock.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
