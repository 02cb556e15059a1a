"""The requests that run now, for whoever wants to stop one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.core.requests import Request
from bot.flows.halt import Halt


@dataclass(frozen=True, slots=True)
class Ongoing:
    """One running request."""

    request: Request
    halt: Halt


@dataclass(frozen=True, slots=True)
class Underway:
    """All of them, each from its acceptance until its last object has ended. One for the whole process."""

    _works: dict[str, Ongoing] = field(default_factory=dict)

    @contextmanager
    def open(self, request: Request, halt: Halt) -> Iterator[None]:
        """Whoever knows the request may set `halt` while the block lasts."""
        self._works[request.id] = Ongoing(request, halt)
        try:
            yield
        finally:
            del self._works[request.id]

    def find(self, request: str, channel: str) -> Ongoing | None:
        """The request of that id, if it runs and was asked for in that channel."""
        work = self._works.get(request)
        return work if work is not None and work.request.place.channel == channel else None

    def newest(self, user: str, channel: str) -> Ongoing | None:
        """What this person asked for last of all that runs in that channel."""
        theirs = (
            work
            for work in reversed(self._works.values())
            if (work.request.caller.user, work.request.place.channel) == (user, channel)
        )
        return next(theirs, None)

    def __len__(self) -> int:
        return len(self._works)
