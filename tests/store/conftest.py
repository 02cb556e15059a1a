"""The stores that the behaviour suites run against: a further implementation is one more row in OPENERS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from bot.clock import Clock
from bot.ports import Messages, Requests, Trail
from bot.store.database import Database, opened
from bot.store.memory import MemoryMessages, MemoryRequests, MemoryTrail
from bot.store.requests import SqlRequests
from bot.store.trail import SqlTrail
from tests.fakes.clock import FakeClock
from tests.fakes.postgres import Postgres, postgres

TEMPLATE: Final = "migrated"
_NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True)
class Store:
    """One implementation of the store's ports, all on the same state."""

    requests: Requests
    trail: Trail
    messages: Messages


Opener = Callable[[Clock, pytest.FixtureRequest], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def in_memory(clock: Clock, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    trail = MemoryTrail()
    yield Store(MemoryRequests(clock, trail), trail, MemoryMessages(clock))


@asynccontextmanager
async def in_sqlite(clock: Clock, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    folder: Path = request.getfixturevalue("tmp_path")
    async with running(str(folder / "state.db")) as database:
        yield in_database(database, clock)


@asynccontextmanager
async def in_postgresql(clock: Clock, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    url: str = request.getfixturevalue("postgresql")
    async with running(url) as database:
        yield in_database(database, clock)


def in_database(database: Database, clock: Clock) -> Store:
    return Store(SqlRequests(database, clock), SqlTrail(database), MemoryMessages(clock))


OPENERS: Final[dict[str, Opener]] = {"memory": in_memory, "sqlite": in_sqlite, "postgresql": in_postgresql}


@asynccontextmanager
async def running(url: str, clock: Clock | None = None) -> AsyncIterator[Database]:
    """A database with its tables, that writes."""
    database = opened(url, clock or FakeClock())
    try:
        await database.migrate()
        task = asyncio.create_task(database.run())
        try:
            yield database
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    finally:
        await database.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """One PostgreSQL for all tests of a run."""
    with postgres() as started:
        yield started


@pytest.fixture(scope="session")
def template(server: Postgres) -> str:
    """A database that has been migrated once, to be copied."""

    async def migrate() -> None:
        database = opened(server.url(TEMPLATE), FakeClock())
        try:
            await database.migrate()
        finally:
            await database.close()

    server.sql(f"CREATE DATABASE {TEMPLATE}")
    with ThreadPoolExecutor(1) as thread:  # a test's own event loop may be running in this one
        thread.submit(asyncio.run, migrate()).result()
    return TEMPLATE


@pytest.fixture
def postgresql(server: Postgres, template: str) -> Iterator[str]:
    """The address of a database of one's own."""
    name = f"test{next(_NUMBERS)}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.url(name)
    server.sql(f"DROP DATABASE {name}")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=sorted(OPENERS))
async def store(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Store]:
    async with OPENERS[request.param](clock, request) as opened_store:
        yield opened_store
