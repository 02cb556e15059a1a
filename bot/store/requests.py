"""Requests, asks, offers and deliveries in the database: each method of the port is one transaction."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.core.audit import Entry
from bot.core.errors import Settled, StoreError
from bot.core.offers import Offer
from bot.core.requests import Ask, Request
from bot.ports import Accepted, Duplicate, Ends, Joining, New, Spent
from bot.store.codec import dump, load
from bot.store.database import Database
from bot.store.schema import ASKS, DELIVERIES, OFFERS, REQUESTS, stamp
from bot.store.trail import appended

JOIN_WITHIN: Final = timedelta(seconds=5)
"""The same question within this time is a double send, while the first one still runs."""
KEEP_DELIVERIES: Final = timedelta(minutes=30)
"""Longer than Slack redelivers (docs/slack.md)."""
KEEP_ENDED: Final = timedelta(hours=24)
TIDY: Final = timedelta(minutes=1)
"""How often what is old is deleted."""


class SqlRequests:
    """See bot.ports.Requests."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._tidied_at: datetime | None = None

    async def accept(self, request: Request, offer: str | None = None) -> Accepted:
        """An offer that is unknown or over is answered as spent by nobody."""

        async def work(connection: AsyncConnection) -> Accepted:
            await self._tidy(connection)
            if request.delivery and not await self._marks(connection, request.delivery):
                return Duplicate()
            if offer is not None and (spent := await self._press(connection, offer, request.caller.user)) is not None:
                return spent
            question = _question(request)
            if offer is None and (earlier := await _running(connection, question, request)) is not None:
                return Joining(earlier)
            await self._keep(connection, request, question)
            return New()

        return await self._database.write(work)

    async def begin(self, request: str, ask: Ask) -> None:
        """Raises Settled for a request that was never accepted or has ended: it must not patch any more."""

        async def work(connection: AsyncConnection) -> None:
            await _must_run(connection, request)
            count = await connection.scalar(select(func.count()).where(ASKS.c.request == request))
            await connection.execute(insert(ASKS).values(request=request, place=count or 0, body=dump(ask)))

        await self._database.write(work)

    async def end(self, request: str, ends: Ends, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Raises Settled, and writes nothing, when the request was never accepted or has ended already."""

        async def work(connection: AsyncConnection) -> tuple[Entry, ...]:
            await _must_run(connection, request)
            change = update(REQUESTS).where(REQUESTS.c.id == request)
            await connection.execute(change.values(ended_at=stamp(self._clock.now()), ends=dump(ends)))
            return await appended(self._database, connection, entries)

        return await self._database.write(work)

    async def offer(self, offers: tuple[Offer, ...]) -> None:
        if not offers:
            return

        async def work(connection: AsyncConnection) -> None:
            await self._tidy(connection)
            rows = [{"key": each.key, "body": dump(each), "ends_at": stamp(each.ends_at)} for each in offers]
            await connection.execute(insert(OFFERS), rows)

        with suppress(StoreError):
            await self._database.write(work)

    async def offered(self, key: str) -> Offer | None:
        query = select(OFFERS.c.body).where(OFFERS.c.key == key, OFFERS.c.ends_at > stamp(self._clock.now()))
        found = await self._database.read(lambda connection: connection.scalar(query))
        return load(found, Offer) if found is not None else None

    async def seen(self, delivery: str) -> bool:
        if not delivery:
            return False

        async def work(connection: AsyncConnection) -> bool:
            await self._tidy(connection)
            return not await self._marks(connection, delivery)

        return await self._database.write(work)

    # Inside a transaction

    async def _marks(self, connection: AsyncConnection, delivery: str) -> bool:
        """Whether the delivery was not there before; it is from here on."""
        values = {"key": delivery, "at": stamp(self._clock.now())}
        marked = self._database.insert(DELIVERIES).values(values).on_conflict_do_nothing()
        return (await connection.execute(marked)).rowcount == 1

    async def _press(self, connection: AsyncConnection, key: str, user: str) -> Spent | None:
        """Spends the button, unless somebody did already."""
        now = stamp(self._clock.now())
        pressed = update(OFFERS).where(OFFERS.c.key == key, OFFERS.c.ends_at > now, OFFERS.c.pressed_by.is_(None))
        if (await connection.execute(pressed.values(pressed_by=user))).rowcount == 1:
            return None
        by = select(OFFERS.c.pressed_by).where(OFFERS.c.key == key, OFFERS.c.ends_at > now)
        return Spent(await connection.scalar(by) or "")

    async def _keep(self, connection: AsyncConnection, request: Request, question: str) -> None:
        row = {
            "id": request.id,
            "question": question,
            "asked_at": stamp(request.asked_at),
            "body": dump(request),
        }
        kept = await connection.execute(self._database.insert(REQUESTS).values(row).on_conflict_do_nothing())
        if kept.rowcount != 1:
            raise StoreError(f"two requests are called {request.id}")

    async def _tidy(self, connection: AsyncConnection) -> None:
        now = self._clock.now()
        if self._tidied_at is not None and timedelta(0) <= now - self._tidied_at < TIDY:
            return
        self._tidied_at = now
        await connection.execute(delete(OFFERS).where(OFFERS.c.ends_at <= stamp(now)))
        await connection.execute(delete(DELIVERIES).where(DELIVERIES.c.at < stamp(now - KEEP_DELIVERIES)))
        await connection.execute(delete(REQUESTS).where(REQUESTS.c.ended_at < stamp(now - KEEP_ENDED)))


async def _running(connection: AsyncConnection, question: str, request: Request) -> str | None:
    """The newest request of the same question, if it was asked a moment ago and still runs: one that has ended may
    have read an older source than whoever asks now wants to be read."""
    since = stamp(request.asked_at - JOIN_WITHIN)
    same = select(REQUESTS.c.id, REQUESTS.c.ended_at).where(
        REQUESTS.c.question == question, REQUESTS.c.asked_at >= since
    )
    newest = (await connection.execute(same.order_by(REQUESTS.c.asked_at.desc()).limit(1))).one_or_none()
    return newest.id if newest is not None and newest.ended_at is None else None


async def _must_run(connection: AsyncConnection, request: str) -> None:
    """Raises Settled unless it was accepted and has not ended. Locks it against whoever would end it meanwhile."""
    query = select(REQUESTS.c.ended_at).where(REQUESTS.c.id == request).with_for_update()
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise Settled(f"request {request} was never accepted")
    if found.ended_at is not None:
        raise Settled(f"request {request} has ended already")


def _question(request: Request) -> str:
    """What makes two requests the same question, in a few characters."""
    options = request.options
    timeout = options.timeout.total_seconds() if options.timeout is not None else None
    parts = (
        (request.caller.team, request.caller.user, request.place.channel, request.verb.value),
        sorted((ref.cluster, ref.kind.name, ref.namespace, ref.name) for ref in request.targets),
        (options.with_source, options.force, options.reset, timeout),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
