"""The connection with the database: one writer that commits in groups, readers beside it, migrations at the start.

Traps: SQLite has one writer at a time, and a transaction that reads before it writes fails at once beside another
one unless it says BEGIN IMMEDIATE. Nothing is confirmed before it is on the disk (`synchronous=FULL`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.clock import Clock
from bot.core.errors import BotError, StoreError
from bot.store.schema import DELIVERIES

MOST_TOGETHER: Final = 200
"""Writes that share one commit."""
READERS: Final = 4
PROVEN: Final = timedelta(minutes=1)
"""How long a commit proves that more can follow."""
PATIENCE: Final = 1.5
"""Seconds that a probe waits for a commit."""
BUSY: Final = 1200
"""Milliseconds that a writer of SQLite waits for another process: whoever asked is told within two seconds."""
CONNECT_SECONDS: Final = 3.0
COMMAND_SECONDS: Final = 10.0
"""What PostgreSQL gets for a connection and for one statement; its driver waits a minute and for ever."""
MIGRATING: Final = 7_331_001
TRAIL: Final = 7_331_002
"""Names of locks in PostgreSQL: any numbers that nobody else takes."""

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]
"""Reads first and raises StoreError before it has written anything, or writes all of it: it shares a transaction."""


@dataclass(slots=True)
class _Waiting:
    """One write whose turn will come."""

    work: Work[object]
    done: asyncio.Future[object]


class Database:
    """One database. `run` must be running for anything to be written."""

    def __init__(self, url: URL, clock: Clock) -> None:
        self._clock = clock
        self.sqlite = url.get_backend_name() == "sqlite"
        self._where = "the database" if not self.sqlite else f"the database {url.database}"
        self._writer, self._readers = _sqlite(url) if self.sqlite else _postgresql(url)
        self._wrote_at: datetime | None = None
        self._stopped = False
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def migrate(self) -> None:
        """Brings the tables up to date, one process at a time; raises StoreError."""

        def upgrade(connection: Connection) -> None:
            config = Config()
            config.set_main_option("script_location", "bot.store:migrations")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

        async def work(connection: AsyncConnection) -> None:
            await self.lock(connection, MIGRATING)
            await connection.run_sync(upgrade)

        for pause in (0.05, 0.2, 1.0, None):
            try:
                await self._transaction(self._writer, work)
            except StoreError:
                # A new file is locked, against all waiting, while another process gives it its journal.
                if pause is None or not self.sqlite:
                    raise
                await self._clock.sleep(pause)
            else:
                return

    async def run(self) -> None:
        """Commits what is waiting, group by group, until cancelled; what still waits then is not written."""
        try:
            while True:
                group = [await self._queue.get()]
                while len(group) < MOST_TOGETHER and not self._queue.empty():
                    group.append(self._queue.get_nowait())
                await self._commit([each for each in group if not each.done.done()])
        finally:
            self._stopped = True
            while not self._queue.empty():
                _fail(self._queue.get_nowait(), self._stopping())

    async def write(self, work: Work[T]) -> T:
        """What `work` answers, once it is committed. Raises StoreError; a caller that is cancelled before its group
        was begun has written nothing."""
        if self._stopped:
            raise self._stopping()
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Waiting(cast("Work[object]", work), done))
        return cast("T", await done)

    async def read(self, work: Work[T]) -> T:
        """What `work` reads, beside all writes. Raises StoreError."""
        return await self._transaction(self._readers, work)

    async def close(self) -> None:
        for engine in {self._writer, self._readers}:
            await engine.dispose()

    async def trouble(self) -> str:
        """Why nothing can be written, in words; empty while it can. For probes: writes a row, at most once in
        a time of PROVEN while all goes well."""
        if self._wrote_at is not None and self._clock.now() - self._wrote_at < PROVEN:
            return ""
        row = {"key": "", "at": 0}
        mark = self.insert(DELIVERIES).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
        try:
            async with self._clock.timeout(PATIENCE):
                await self.write(lambda connection: connection.execute(mark))
        except StoreError as error:
            return str(error)
        except TimeoutError:
            return f"{self._where} does not answer"
        return ""

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that can say what to do about a row that is there already: each database has its own."""
        return sqlite.insert(table) if self.sqlite else postgresql.insert(table)

    def _stopping(self) -> StoreError:
        return StoreError(f"{self._where}: the bot is stopping")

    async def lock(self, connection: AsyncConnection, name: int) -> None:
        """Until the end of the transaction; a writer of SQLite is alone anyway."""
        if not self.sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": name})

    async def _commit(self, group: list[_Waiting]) -> None:
        """All together; each alone where one of them spoils the transaction of the others."""
        try:
            answers = await self._transaction(self._writer, lambda connection: _answers(connection, group))
        except StoreError as error:
            self._wrote_at = None
            if len(group) == 1:
                _fail(group[0], error)
            else:
                for each in group:
                    await self._commit([each])
        except Exception as error:  # noqa: BLE001 - a bug of whoever wrote the work: it is told to them alone
            for each in group:
                _fail(each, error)
        except BaseException:
            for each in group:
                _fail(each, self._stopping())
            raise
        else:
            self._wrote_at = self._clock.now()
            for each, answer in zip(group, answers, strict=True):
                _answer(each, answer)

    async def _transaction(self, engine: AsyncEngine, work: Work[T]) -> T:
        try:
            async with engine.begin() as connection:
                return await work(connection)
        except BotError:
            raise
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreError(f"{self._where} {_words(error)}") from error


def opened(url: str, clock: Clock, *, existing: bool = False) -> Database:
    """The database of `FLUX_BOT_DATABASE`: `postgresql://…`, `sqlite:///…` or the path of a file. Connects later;
    raises StoreError where the text is neither, or an `existing` file is not there."""
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
    except (ArgumentError, ValueError) as error:
        raise StoreError("FLUX_BOT_DATABASE is neither a path nor an address like postgresql://…") from error
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    driver = drivers.get(parsed.get_backend_name())
    if driver is None:
        raise StoreError(f"FLUX_BOT_DATABASE names {parsed.get_backend_name()}; the bot knows sqlite and postgresql")
    if existing and driver.startswith("sqlite") and not Path(parsed.database or "").is_file():
        raise StoreError(f"there is no database {parsed.database}")
    return Database(parsed.set(drivername=driver), clock)


def _sqlite(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    writer = create_async_engine(url, pool_size=1, max_overflow=0)
    readers = create_async_engine(url, pool_size=READERS, max_overflow=0)
    for engine, begin in ((writer, "BEGIN IMMEDIATE"), (readers, "BEGIN")):
        event.listen(engine.sync_engine, "connect", _pragmas)
        event.listen(engine.sync_engine, "begin", _begins(begin))
    return writer, readers


def _pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begins(statement: str) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin


def _postgresql(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    patience = {"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS}
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=patience)
    readers = create_async_engine(url, pool_size=READERS, max_overflow=0, pool_pre_ping=True, connect_args=patience)
    return writer, readers


async def _answers(connection: AsyncConnection, group: list[_Waiting]) -> list[object]:
    """What each of them answers, or the StoreError with which it refused before it wrote anything."""
    answers: list[object] = []
    for each in group:
        try:
            answers.append(await each.work(connection))
        except StoreError as error:
            answers.append(error)
    return answers


def _answer(waiting: _Waiting, answer: object) -> None:
    if isinstance(answer, StoreError):
        _fail(waiting, answer)
    elif not waiting.done.done():
        waiting.done.set_result(answer)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)


def _words(error: BaseException) -> str:
    """What a person can do something about, without the statement and its values."""
    origin = getattr(error, "orig", None) or error
    if isinstance(origin, TimeoutError):
        return "does not answer"
    said = str(origin).splitlines()[0] if str(origin) else type(origin).__name__
    known = {
        "database is locked": "is locked by somebody else",
        "disk is full": "has no room left on its disk",
        "readonly database": "may not be written to",
        "unable to open": "cannot be opened: is its folder there and may the bot write to it?",
        "no such table": "lacks a table: it was changed by hand, or is not the bot's",
        "Connect call failed": "does not answer",
        "Connection refused": "does not answer",
        "password authentication failed": "refuses the bot's password",
        "does not exist": "lacks something that the bot needs: is it the right one?",
        "starting up": "is starting up",
        "shutting down": "is shutting down",
    }
    fit = next((words for sign, words in known.items() if sign in said), None)
    return fit if fit is not None else f"cannot be used ({type(origin).__name__})"
