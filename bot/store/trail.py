"""The audit trail in the database: one writer at a time, each entry sealed onto the one before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.audit import Entry, Sought
from bot.core.proof import GENESIS, sealed
from bot.store.codec import dump, load
from bot.store.database import TRAIL, Database
from bot.store.schema import ENTRIES, stamp

_NEWEST: Final = select(ENTRIES.c.number, ENTRIES.c.hash).order_by(ENTRIES.c.number.desc()).limit(1)


class SqlTrail:
    """See bot.ports.Trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        return await self._database.write(lambda connection: appended(self._database, connection, entries))

    async def found(self, sought: Sought, most: int) -> tuple[Entry, ...]:
        query = select(ENTRIES.c.body).where(*_fitting(sought)).order_by(ENTRIES.c.number.desc()).limit(most)
        return _entries(await self._database.read(lambda connection: connection.scalars(query)))

    async def after(self, number: int, most: int) -> tuple[Entry, ...]:
        query = select(ENTRIES).where(ENTRIES.c.number > number).order_by(ENTRIES.c.number).limit(most)
        rows = (await self._database.read(lambda connection: connection.execute(query))).mappings()
        return tuple(map(_as_written, rows))


async def appended(database: Database, connection: AsyncConnection, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """`append` inside somebody else's transaction."""
    if not entries:
        return ()
    await database.lock(connection, TRAIL)
    newest = (await connection.execute(_NEWEST)).one_or_none()
    number, before = (newest.number, newest.hash) if newest is not None else (0, GENESIS)
    numbered: list[Entry] = []
    for each in entries:
        number += 1
        entry = sealed(each, number, before)
        before = entry.hash
        numbered.append(entry)
    await connection.execute(insert(ENTRIES), [_row(each) for each in numbered])
    return tuple(numbered)


def _row(entry: Entry) -> dict[str, object]:
    ref = entry.ref
    return {
        "number": entry.number,
        "at": stamp(entry.at),
        "outcome": entry.outcome.value,
        "user": entry.caller.user,
        "channel": entry.place.channel,
        "cluster": ref.cluster if ref else "",
        "kind": ref.kind.name if ref else "",
        "namespace": ref.namespace if ref else "",
        "name": ref.name if ref else "",
        "hash": entry.hash,
        "body": dump(entry),
    }


def _as_written(row: RowMapping) -> Entry:
    """The entry of a row. Columns that say something else than it does leave it without its hash, so that whoever
    verifies the trail calls it changed: people are answered by the columns."""
    entry = load(str(row["body"]), Entry)
    told = _row(entry)
    return entry if all(row[name] == told[name] for name in told if name != "body") else replace(entry, hash="")


def _fitting(sought: Sought) -> Iterable[ColumnElement[bool]]:
    columns = ENTRIES.c
    if sought.cluster:
        yield columns.cluster == sought.cluster
    if sought.kind is not None:
        yield columns.kind == sought.kind.name
    if sought.namespace:
        yield columns.namespace == sought.namespace
    if sought.name:
        yield columns.name == sought.name
    if sought.user:
        yield columns.user == sought.user
    if sought.channel:
        yield columns.channel == sought.channel
    if sought.results:
        yield columns.outcome.in_(sorted(each.value for each in sought.results))
    if sought.since is not None:
        yield columns.at >= stamp(sought.since)
    if sought.until is not None:
        yield columns.at < stamp(sought.until)


def _entries(bodies: Iterable[str]) -> tuple[Entry, ...]:
    return tuple(load(body, Entry) for body in bodies)
