"""Who follows which object, and what each has not read yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Final, Protocol, Self

from bot.clock import Clock
from bot.core.resources import Absent, Ref, Snapshot
from bot.ports import Blind, Quiet, Sighting

LIMIT: Final = 10_000
"""Sightings nobody reads: beyond that they are dropped and the next one says `gap`."""


class Stand(Protocol):
    """Where followers of one kind's objects see from."""

    def join(self, ref: Ref, follower: Follower) -> None:
        """Tells it what is known of the object, if anything is, and everything from then on."""
        ...

    def leave(self, ref: Ref, follower: Follower) -> None:
        """Tells it nothing any more."""
        ...


class Follower:
    """A queue of sightings, in the order in which the watch saw them; implements bot.ports.Follow.

    It sees while its block lasts, and one task reads it. There may be thousands, so that it is its own context
    manager (a generator would be five times as large) and holds no more than a future while it waits.
    """

    __slots__ = ("_arrived", "_blind", "_clock", "_last", "_limit", "_ref", "_stand", "_waiting")

    def __init__(self, clock: Clock, stand: Stand, ref: Ref, limit: int = LIMIT) -> None:
        self._clock = clock
        self._stand = stand
        self._ref = ref
        self._limit = limit
        self._waiting: list[Sighting | Blind] | None = None
        """Not read yet, oldest first."""
        self._arrived: asyncio.Future[None] | None = None
        self._last: Snapshot | Absent | None = None
        self._blind = False

    async def __aenter__(self) -> Self:
        self._stand.join(self._ref, self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stand.leave(self._ref, self)

    async def next(self, until: datetime) -> Sighting | Blind | Quiet:
        """The next thing seen; Quiet once `until` has passed."""
        left = (until - self._clock.now()).total_seconds()
        if not self._waiting and left > 0:
            self._arrived = asyncio.get_running_loop().create_future()
            try:
                async with self._clock.timeout(left):
                    await self._arrived
            except TimeoutError:
                pass
            finally:
                self._arrived = None
        return self._oldest()

    def see(self, now: Snapshot | Absent, *, gap: bool = False) -> None:
        """The watch saw this."""
        self._last = now
        if self._waiting is not None and len(self._waiting) >= self._limit:
            self._waiting = None
            gap = True
        self._put(Sighting(now, self._clock.now(), gap=gap))

    def find(self, now: Snapshot | Absent) -> None:
        """A new list holds this: states between it and what was seen last were missed, unless it is the same."""
        if self._last is None or not _same(self._last, now):
            self.see(now, gap=self._last is not None)

    def lose_sight(self, blind: Blind) -> None:
        """The watch is dead; told once until it is back."""
        if not self._blind:
            self._blind = True
            self._put(blind)

    def regain_sight(self) -> None:
        """The watch is back: repeats what stands, so that the follower knows."""
        if self._blind:
            self._blind = False
            if self._last is not None:
                self.see(self._last)

    def _oldest(self) -> Sighting | Blind | Quiet:
        if self._waiting is None:
            return Quiet()
        found = self._waiting.pop(0)
        if not self._waiting:
            self._waiting = None
        return found

    def _put(self, thing: Sighting | Blind) -> None:
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(thing)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)


Key = tuple[str, str]
"""Namespace and name."""


class Followers:
    """The followers of one kind, by object."""

    def __init__(self) -> None:
        self._by_object: dict[Key, tuple[Follower, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_object)

    def __contains__(self, where: Key) -> bool:
        return where in self._by_object

    def join(self, where: Key, follower: Follower) -> None:
        self._by_object[where] = (*self._by_object.get(where, ()), follower)

    def leave(self, where: Key, follower: Follower) -> None:
        rest = tuple(each for each in self._by_object.pop(where, ()) if each is not follower)
        if rest:
            self._by_object[where] = rest

    def see(self, where: Key, now: Snapshot | Absent) -> None:
        """Tells those of one object what the watch saw."""
        for follower in self._by_object.get(where, ()):
            follower.see(now)

    def find(self, what: Callable[[Key], Snapshot | Absent]) -> None:
        """Tells everybody what a new list holds of their object."""
        for where, followers in self._by_object.items():
            now = what(where)
            for follower in followers:
                follower.find(now)

    def lose_sight(self, blind: Blind) -> None:
        for follower in self._everybody():
            follower.lose_sight(blind)

    def regain_sight(self) -> None:
        for follower in self._everybody():
            follower.regain_sight()

    def _everybody(self) -> tuple[Follower, ...]:
        return tuple(follower for followers in self._by_object.values() for follower in followers)


def _same(one: Snapshot | Absent, other: Snapshot | Absent) -> bool:
    match one, other:
        case Snapshot(), Snapshot():
            return one.uid == other.uid and one.version == other.version
        case Absent(), Absent():
            return True
        case _:
            return False
