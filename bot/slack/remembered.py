"""Answers remembered for some minutes: asked once however many want to know, and never better than they were."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from bot.clock import Clock
from bot.ports import Unknown
from bot.tasks import Tasks

T = TypeVar("T")

FRESH: Final = timedelta(minutes=5)
STALE: Final = timedelta(minutes=15)
"""A good answer serves so long while Slack is asked again, for what may run on it."""
NEGATIVE: Final = timedelta(seconds=30)
"""Who is let in, or where the bot is invited, should not have to wait."""
MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    answer: T | Unknown
    at: datetime


@dataclass(eq=False, slots=True)
class _Flight:
    """One question under way. Nobody's impatience ends it for the others."""

    landed: asyncio.Event = field(default_factory=asyncio.Event)
    answer: object = None
    overtaken: bool = False
    """What it asks about changed meanwhile: its answer is not kept."""


class Remembered(Generic[T]):
    """`ask` is one look-up by key; UNANSWERED is never remembered. Look-ups run as tasks of `tasks`."""

    def __init__(self, ask: Callable[[str], Awaitable[T | Unknown]], clock: Clock, tasks: Tasks, name: str) -> None:
        self._ask = ask
        self._clock = clock
        self._tasks = tasks
        self._name = name
        self._known: dict[str, _Known[T]] = {}
        self._flights: dict[str, _Flight] = {}

    async def get(self, key: str, fresh: bool = False) -> T | Unknown:
        """What is remembered or, when that is too old, what Slack says now.

        `fresh`: a good answer older than FRESH is not taken, not even when Slack does not answer.
        """
        known = self._known.get(key)
        if known is not None and self._age(known) < (NEGATIVE if isinstance(known.answer, Unknown) else FRESH):
            return known.answer
        usable = known is not None and not isinstance(known.answer, Unknown) and self._age(known) < STALE
        if known is None or fresh or not usable:
            return await self._fetch(key)
        self._start(key)
        return known.answer

    async def renew(self, key: str, older: timedelta) -> None:
        """Asks anew, unless what is remembered is younger than that."""
        known = self._known.get(key)
        if known is None or self._age(known) >= older:
            await self._fetch(key)

    def forget(self, key: str) -> None:
        """What we know of it is doubtful: the next one who asks waits for Slack."""
        self._known.pop(key, None)
        flight = self._flights.pop(key, None)
        if flight is not None:
            flight.overtaken = True

    def peek(self, key: str) -> T | None:
        """The last good answer, however old."""
        known = self._known.get(key)
        return None if known is None or isinstance(known.answer, Unknown) else known.answer

    async def _fetch(self, key: str) -> T | Unknown:
        flight = self._start(key)
        if flight is None:
            return Unknown.UNANSWERED
        await flight.landed.wait()
        return flight.answer  # type: ignore[return-value]  # a flight of this key carries this type

    def _start(self, key: str) -> _Flight | None:
        flight = self._flights.get(key)
        if flight is not None:
            return flight
        flight = _Flight()
        try:
            self._tasks.start(self._fly(key, flight), f"{self._name} {key}")
        except RuntimeError:
            # The bot shuts down.
            return None
        self._flights[key] = flight
        return flight

    async def _fly(self, key: str, flight: _Flight) -> None:
        answer: T | Unknown = Unknown.UNANSWERED
        try:
            answer = await self._ask(key)
        finally:
            flight.answer = answer
            flight.landed.set()
            if not flight.overtaken:
                self._flights.pop(key, None)
                self._keep(key, answer)

    def _keep(self, key: str, answer: T | Unknown) -> None:
        if answer in (Unknown.UNANSWERED, Unknown.NO_RIGHTS):
            return
        if len(self._known) >= MOST:
            now = self._clock.now()
            self._known = {name: known for name, known in self._known.items() if now - known.at < FRESH}
        self._known.pop(key, None)
        self._known[key] = _Known(answer, self._clock.now())

    def _age(self, known: _Known[T]) -> timedelta:
        return self._clock.now() - known.at
