"""What stands in the database outlives the process, several write to it, and trouble is told in words."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import SystemClock
from bot.core.errors import StoreError
from bot.core.proof import Proven, Wrong, verify
from bot.ports import Duplicate, New, Spent
from bot.store.database import Database, opened
from bot.store.schema import METADATA
from tests.fakes.clock import FakeClock
from tests.fakes.postgres import Postgres
from tests.store.conftest import in_database, running
from tests.store.stories import a_request, an_ask, an_entry, an_offer


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "state.db")
    found: str = request.getfixturevalue("postgresql")
    return found


async def test_the_tables_are_what_the_code_says(address: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    async with running(address) as database:
        assert await database.read(lambda connection: connection.run_sync(differences)) == []


async def test_a_process_goes_on_where_the_last_one_ended(address: str, clock: FakeClock) -> None:
    async with running(address) as database:
        store = in_database(database, clock)
        await store.requests.offer((an_offer("key"), an_offer("other")))
        assert await store.requests.accept(a_request("r1", delivery="d1"), offer="key") == New()
        await store.requests.begin("r1", an_ask())
        await store.trail.append((an_entry(),))
    async with running(address) as database:
        store = in_database(database, clock)
        assert await store.requests.accept(a_request("r2", delivery="d1")) == Duplicate()
        assert await store.requests.accept(a_request("r3"), offer="key") == Spent("U0ADA")
        assert await store.requests.offered("other") == an_offer("other")
        (entry,) = await store.requests.end("r1", (), (an_entry("r1"),))
        assert entry.number == 2
        with pytest.raises(StoreError, match="has ended already"):
            await store.requests.begin("r1", an_ask())


@pytest.mark.parametrize(
    "change",
    [
        "body = replace(body, 'shop for everybody', 'shop for nobody')",
        "\"user\" = 'U0EVE'",
        "outcome = 'unchanged'",
        "at = at + 1",
        "hash = 'aa'",
    ],
)
async def test_a_row_changed_by_hand_is_found(address: str, clock: FakeClock, change: str) -> None:
    async with running(address) as database:
        store = in_database(database, clock)
        await store.trail.append(tuple(an_entry() for _ in range(5)))
        assert verify(await store.trail.after(0, 10)) == Proven(5, (await store.trail.after(4, 1))[0].hash)
        await database.write(
            lambda connection: connection.execute(text(f"UPDATE entries SET {change} WHERE number = 3"))
        )
        found = verify(await store.trail.after(0, 10))
        assert isinstance(found, Wrong)
        assert found.number in {3, 4}


async def test_several_processes_start_and_write_at_once(address: str, clock: FakeClock) -> None:
    async with running(address) as one, running(address) as two:
        stores = [in_database(each, clock) for each in (one, two)]
        await asyncio.gather(*(store.trail.append((an_entry(),)) for store in stores for _ in range(50)))
        entries = await stores[0].trail.after(0, 1000)
    assert [entry.number for entry in entries] == list(range(1, 101))
    assert verify(entries) == Proven(100, entries[-1].hash)


async def test_processes_that_start_together_on_an_empty_database_both_run(server: Postgres, tmp_path: Path) -> None:
    server.sql("CREATE DATABASE together")
    for address in (server.url("together"), str(tmp_path / "together.db")):
        databases = [opened(address, SystemClock()) for _ in range(3)]
        await asyncio.gather(*(each.migrate() for each in databases))
        for each in databases:
            await each.close()
    server.sql("DROP DATABASE together")


async def test_one_delivery_that_reaches_two_processes_is_one_request(address: str, clock: FakeClock) -> None:
    async with running(address) as one, running(address) as two:
        requests = [in_database(each, clock).requests for each in (one, two)]
        for n in range(20):
            pair = [a_request(f"r{n}-{place}", delivery=f"d{n}") for place in (0, 1)]
            answers = await asyncio.gather(
                *(each.accept(request) for each, request in zip(requests, pair, strict=True))
            )
            assert sorted(type(answer).__name__ for answer in answers) == ["Duplicate", "New"], n
            for each in pair:
                await end_if_there(requests[0].end, each.id)


async def end_if_there(end: Callable[..., Awaitable[object]], request: str) -> None:
    with suppress(StoreError):
        await end(request, (), ())


async def test_what_waits_together_is_committed_together(address: str, clock: FakeClock) -> None:
    """Counted by what the transaction is called by the database itself, so that a commit each would show."""
    async with running(address) as database:
        seen: list[object] = []

        async def write(connection: AsyncConnection) -> None:
            seen.append(id(connection.sync_connection))
            mark = "SELECT 1" if database.sqlite else "SELECT pg_current_xact_id()"
            seen[-1] = await connection.scalar(text(mark)), id(connection)

        await asyncio.gather(*(database.write(write) for _ in range(100)))
        assert len(set(seen)) <= 2


async def test_one_that_spoils_the_transaction_spoils_nobody_elses(address: str, clock: FakeClock) -> None:
    async with running(address) as database:
        store = in_database(database, clock)

        async def spoils(connection: AsyncConnection) -> None:
            await connection.execute(text("INSERT INTO nowhere VALUES (1)"))

        answers = await asyncio.gather(
            store.trail.append((an_entry(),)),
            database.write(spoils),
            store.trail.append((an_entry(),)),
            return_exceptions=True,
        )
        assert isinstance(answers[1], StoreError)
        assert [entry.number for entry in await store.trail.after(0, 10)] == [1, 2]


async def test_a_bug_in_one_write_is_told_to_its_caller_and_writing_goes_on(address: str, clock: FakeClock) -> None:
    async with running(address) as database:

        async def broken(connection: AsyncConnection) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await database.write(broken)
        assert len(await in_database(database, clock).trail.append((an_entry(),))) == 1


async def test_what_waits_when_the_bot_stops_is_told_so(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "state.db"), FakeClock())
    await database.migrate()
    writer = asyncio.create_task(database.run())
    asked = [asyncio.create_task(in_database(database, FakeClock()).trail.append((an_entry(),))) for _ in range(3)]
    await asyncio.sleep(0)
    writer.cancel()
    for each in asked:
        with pytest.raises(StoreError, match="stopping"):
            await each
    await asyncio.gather(writer, return_exceptions=True)
    with pytest.raises(StoreError, match="stopping"):
        await in_database(database, FakeClock()).trail.append((an_entry(),))
    await database.close()


async def test_a_server_that_takes_connections_and_says_nothing_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://bot:hunter2@127.0.0.1:{silent.getsockname()[1]}/bot"
        assert await refusal(address) == "the database does not answer"


async def refusal(address: str) -> str:
    database: Database | None = None
    try:
        database = opened(address, SystemClock())
        await database.migrate()
    except StoreError as error:
        return str(error)
    finally:
        if database is not None:
            await database.close()
    return ""


async def test_trouble_is_told_in_words_without_a_password(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, and longer than a header of one " * 10)
    taken = sqlite3.connect(tmp_path / "taken.db")
    (tmp_path / "folder").mkdir()
    told = {
        "away": await refusal("postgresql://bot:hunter2@127.0.0.1:1/bot"),
        "no folder": await refusal(str(tmp_path / "missing" / "state.db")),
        "a folder": await refusal(str(tmp_path / "folder")),
        "no database": await refusal(str(tmp_path / "text.db")),
        "another kind": await refusal("mysql://bot:hunter2@db/bot"),
        "no address": await refusal("postgresql://bot:hunter2@db:port/bot"),
    }
    taken.close()
    assert all(told.values()), told
    assert not any("hunter2" in each or "INSERT" in each or "\n" in each for each in told.values()), told
    assert told["away"] == "the database does not answer"
    assert "is its folder there" in told["no folder"]


async def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path, clock: FakeClock) -> None:
    async with running(str(tmp_path / "state.db")) as database:
        store = in_database(database, clock)
        await store.trail.append((an_entry(),))
        await database.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1")))
        with pytest.raises(StoreError, match="no room left"):
            await store.trail.append(tuple(an_entry("x" * 2000) for _ in range(50)))
        await database.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 100000")))
        assert [entry.number for entry in await store.trail.append((an_entry(),))] == [2]


async def test_a_file_that_somebody_else_holds_is_told(tmp_path: Path, clock: FakeClock) -> None:
    async with running(str(tmp_path / "state.db")) as database:
        store = in_database(database, clock)
        holder = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by somebody else"):
            await store.trail.append((an_entry(),))
        assert await store.trail.after(0, 10) == ()
        holder.execute("ROLLBACK")
        holder.close()
        assert len(await store.trail.append((an_entry(),))) == 1
