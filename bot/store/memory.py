"""Requests, audit trail and messages in this process's memory: gone with it, and bounded while it lives.

No method awaits between reading and writing, so on one event loop each is a transaction.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from bot.clock import Clock
from bot.core.audit import Entry, Sought
from bot.core.errors import Settled, StoreError
from bot.core.notices import Notice, Slot
from bot.core.offers import Offer
from bot.core.proof import GENESIS, sealed
from bot.core.requests import Ask, Options, Place, Request, Verb
from bot.core.resources import Ref
from bot.ports import Accepted, Duplicate, Ends, Joining, Message, New, Spent

JOIN_WITHIN: Final = timedelta(seconds=5)
"""The same question within this time is a double send, while the first one still runs."""
KEEP_DELIVERIES: Final = timedelta(minutes=30)
"""Longer than Slack redelivers (docs/slack.md)."""
KEEP_ENDED: Final = timedelta(hours=24)
KEEP_ENTRIES: Final = 10_000
EVERY: Final = timedelta(seconds=1)
"""How often what is old is looked for: a look goes over everything, and there may be thousands of calls a second."""


class MemoryTrail:
    """The newest audit entries, numbered from 1 since the start of the process."""

    def __init__(self, keep: int = KEEP_ENTRIES) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._last = 0
        self._head = GENESIS

    async def append(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        return self.add(entries)

    def add(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """`append` for a transaction that is larger than the trail."""
        numbered: list[Entry] = []
        for entry in entries:
            self._last += 1
            numbered.append(sealed(entry, self._last, self._head))
            self._head = numbered[-1].hash
        self._entries.extend(numbered)
        return tuple(numbered)

    async def found(self, sought: Sought, most: int) -> tuple[Entry, ...]:
        return tuple(islice((each for each in reversed(self._entries) if sought.fits(each)), most))

    async def after(self, number: int, most: int) -> tuple[Entry, ...]:
        return tuple(islice((each for each in self._entries if each.number > number), most))

    def newest(self, count: int = KEEP_ENTRIES) -> tuple[Entry, ...]:
        """Up to `count` entries, oldest first."""
        return tuple(self._entries)[-count:] if count > 0 else ()


@dataclass(frozen=True, slots=True)
class _Question:
    """What makes two requests the same question."""

    team: str
    user: str
    channel: str
    verb: Verb
    targets: frozenset[Ref]
    options: Options


@dataclass(slots=True)
class _Case:
    """One request and what became of it."""

    request: Request
    asks: list[Ask] = field(default_factory=list)
    ends: Ends = ()
    ended_at: datetime | None = None


class MemoryRequests:
    """Requests with their asks, the offers under their messages, and the deliveries already answered."""

    def __init__(self, clock: Clock, trail: MemoryTrail) -> None:
        self._clock = clock
        self._trail = trail
        self._cases: dict[str, _Case] = {}
        self._asked: dict[_Question, Request] = {}
        self._offers: dict[str, Offer] = {}
        self._pressed: dict[str, str] = {}
        self._deliveries: dict[str, datetime] = {}
        self._dropped_at: datetime | None = None

    async def accept(self, request: Request, offer: str | None = None) -> Accepted:
        """An offer that is unknown or over is answered as spent by nobody."""
        self._drop_old()
        if request.delivery in self._deliveries:
            return Duplicate()
        if offer is not None and (spent := self._spent(offer)) is not None:
            self._mark(request.delivery)
            return spent
        question = _question(request)
        earlier = self._asked.get(question)
        if offer is None and earlier is not None and self._answers_both(earlier, request):
            self._mark(request.delivery)
            return Joining(earlier.id)
        if request.id in self._cases:
            raise StoreError(f"two requests are called {request.id}")
        self._cases[request.id] = _Case(request)
        self._asked[question] = request
        self._mark(request.delivery)
        if offer is not None:
            self._pressed[offer] = request.caller.user
        return New()

    def _answers_both(self, earlier: Request, request: Request) -> bool:
        """A run that has ended may have read an older source than whoever asks now wants to be read."""
        case = self._cases.get(earlier.id)
        running = case is not None and case.ended_at is None
        return running and request.asked_at - earlier.asked_at <= JOIN_WITHIN

    async def begin(self, request: str, ask: Ask) -> None:
        """Raises Settled for a request that was never accepted or has ended: it must not patch any more."""
        self._open(request).asks.append(ask)

    async def end(self, request: str, ends: Ends, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Raises Settled, and writes nothing, when the request was never accepted or has ended already."""
        self._drop_old()
        case = self._open(request)
        case.ends, case.ended_at = ends, self._clock.now()
        return self._trail.add(entries)

    async def offer(self, offers: tuple[Offer, ...]) -> None:
        self._drop_old()
        self._offers.update((each.key, each) for each in offers)

    async def offered(self, key: str) -> Offer | None:
        found = self._offers.get(key)
        return found if found is not None and self._clock.now() < found.ends_at else None

    async def seen(self, delivery: str) -> bool:
        self._drop_old()
        if delivery in self._deliveries:
            return True
        self._mark(delivery)
        return False

    def asks(self, request: str) -> tuple[Ask, ...]:
        """What a request was about to patch, in order; empty when the request is not known (any more)."""
        case = self._cases.get(request)
        return () if case is None else tuple(case.asks)

    def open_requests(self) -> tuple[str, ...]:
        """The ids of those that were accepted and have not ended, oldest first."""
        return tuple(id_ for id_, case in self._cases.items() if case.ended_at is None)

    def __len__(self) -> int:
        """Everything that is remembered: requests, offers and deliveries."""
        return len(self._cases) + len(self._offers) + len(self._deliveries)

    def _open(self, request: str) -> _Case:
        case = self._cases.get(request)
        if case is None:
            raise Settled(f"request {request} was never accepted")
        if case.ended_at is not None:
            raise Settled(f"request {request} has ended already")
        return case

    def _spent(self, key: str) -> Spent | None:
        offer = self._offers.get(key)
        if offer is None or offer.ends_at <= self._clock.now():
            return Spent("")
        return Spent(self._pressed[key]) if key in self._pressed else None

    def _mark(self, delivery: str) -> None:
        if delivery:
            self._deliveries[delivery] = self._clock.now()

    def _drop_old(self) -> None:
        now = self._clock.now()
        if self._dropped_at is not None and timedelta(0) <= now - self._dropped_at < EVERY:
            return
        self._dropped_at = now
        over = [key for key, offer in self._offers.items() if offer.ends_at <= now]
        for key in over:
            del self._offers[key]
            self._pressed.pop(key, None)
        ended = [id_ for id_, case in self._cases.items() if case.ended_at and now - case.ended_at > KEEP_ENDED]
        for id_ in ended:
            del self._cases[id_]
        self._asked = {key: each for key, each in self._asked.items() if now - each.asked_at <= JOIN_WITHIN}
        self._deliveries = {key: at for key, at in self._deliveries.items() if now - at <= KEEP_DELIVERIES}


def _question(request: Request) -> _Question:
    return _Question(
        team=request.caller.team,
        user=request.caller.user,
        channel=request.place.channel,
        verb=request.verb,
        targets=frozenset(request.targets),
        options=request.options,
    )


class MemoryMessages:
    """What Slack shall show and what it shows. Forgets what was left alone for a day, told or not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._messages: dict[Slot, Message] = {}
        self._touched: dict[Slot, datetime] = {}

    def want(self, slot: Slot, place: Place, notice: Notice) -> Message:
        """The same notice again is no new version. A slot that waits already keeps its turn."""
        self._drop_old()
        known = self._messages.get(slot)
        if known is not None and (known.notice, known.place) == (notice, place):
            return known
        if known is None:
            wanted = Message(slot, place, notice, version=1)
        else:
            wanted = replace(known, place=place, notice=notice, version=known.version + 1)
            if known.shown == known.version:
                del self._messages[slot]
        self._put(wanted)
        return wanted

    def get(self, slot: Slot) -> Message | None:
        return self._messages.get(slot)

    def keep(self, message: Message) -> None:
        """What Slack shows never goes back, and a slot forgotten meanwhile stays forgotten."""
        known = self._messages.get(message.slot)
        if known is None:
            return
        self._put(
            replace(known, shown=max(known.shown, message.shown), ts=message.ts or known.ts, tries=message.tries)
        )

    def unsaid(self) -> tuple[Message, ...]:
        return tuple(each for each in self._messages.values() if each.shown < each.version)

    def forget(self, slot: Slot) -> None:
        self._messages.pop(slot, None)
        self._touched.pop(slot, None)

    def _put(self, message: Message) -> None:
        self._messages[message.slot] = message
        self._touched[message.slot] = self._clock.now()

    def _drop_old(self) -> None:
        now = self._clock.now()
        old = [slot for slot, at in self._touched.items() if now - at > KEEP_ENDED]
        for slot in old:
            self.forget(slot)
