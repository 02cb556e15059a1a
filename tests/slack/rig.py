"""The Slack edge on the simulated workspace: real SDK, real HTTP, and a clock on which a minute is three seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.core.audit import Entry, Result
from bot.core.kinds import KUSTOMIZATION
from bot.core.notices import (
    Apology,
    Asked,
    Audited,
    Detailed,
    Finished,
    Mentioned,
    Notice,
    Outcome,
    Part,
    Running,
    Slot,
    Stop,
    Stopped,
    Track,
)
from bot.core.requests import Caller, Options, Place, Verb
from bot.core.resources import Ref
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from bot.demo.slack.world import APP_TOKEN, BOT_TOKEN, FLUX_AUDIT, PLATFORM, SRE, TEAM
from bot.slack.access import Access
from bot.slack.connect import Connection, open_connection
from bot.slack.courier import Courier
from bot.slack.rendered import Rendered
from bot.store.memory import MemoryMessages
from tests.fakes.telemetry import FakeTelemetry

SPEED = 20
"""Not more: waits must outlast a busy machine's hiccups."""
LIMIT = 3.0
"""Seconds of its own time from which a time-out is a limit on an answer, and no short wait."""
STALL = 0.8
"""Real seconds that a machine under load may keep everybody waiting."""
START = datetime(2026, 8, 20, 9, 14, tzinfo=UTC)


class FastClock:
    """The machine's clock, sped up: what waits for it waits truly, among real sockets, but not for long."""

    def __init__(self, speed: float = SPEED) -> None:
        self._speed = speed
        self._began = time.monotonic()

    def seconds(self) -> float:
        return (time.monotonic() - self._began) * self._speed

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds())

    def leap(self, seconds: float) -> None:
        """So much later at once. Who sleeps already is not woken."""
        self._began -= seconds / self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._speed)

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """A limit of seconds leaves a busy machine the time to be late: what answers at once must not seem silent."""
        real = max(0.0, seconds) / self._speed
        return asyncio.timeout(max(real, STALL) if seconds >= LIMIT else real)


@dataclass(frozen=True, slots=True)
class Rig:
    """A workspace, a connection to it and a courier that runs."""

    workspace: Workspace
    connection: Connection
    courier: Courier
    messages: MemoryMessages
    telemetry: FakeTelemetry
    clock: FastClock

    def show(self, notice: Notice, part: Part = Part.ROOT, request: str = "r1", channel: str = PLATFORM) -> Slot:
        slot = Slot(request, part)
        self.courier.show(slot, Place(channel), notice)
        return slot

    async def flushed(self, seconds: float = 600) -> None:
        assert await self.courier.flush(self.clock.now() + timedelta(seconds=seconds))

    async def until(self, wanted: Callable[[], object], within: float = 10.0) -> None:
        """Waits for a condition, of ours or of the workspace's; TimeoutError after so many real seconds."""
        async with asyncio.timeout(within):
            while not wanted():
                await asyncio.sleep(0.002)

    def soon(self, seconds: float = 300) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)

    def texts(self, channel: str = "platform") -> list[str]:
        """What stands in the channel, oldest first."""
        return [message.text for message in self.workspace.messages(channel)]

    def states(self) -> list[tuple[str, str]]:
        """Every state of every message: what brought it about, and its text."""
        return [(state.via, state.text) for state in self.workspace.history]

    def called(self, method: str) -> list[dict[str, object]]:
        return [dict(call.arguments) for call in self.workspace.calls if call.method == method]

    def shown(self, text: str) -> MessageState:
        return next(message for message in self.workspace.messages() if message.text == text)


class Wire:
    """A wire between the bot and the workspace that can be cut: after that nobody is there to connect to."""

    def __init__(self) -> None:
        self.port = 0
        self._to = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def lay(self, to: int) -> None:
        self._to = to
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()

    async def mend(self) -> None:
        await self.lay(self._to)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        ends = {writer, there_writer}
        self._open |= ends
        try:
            await asyncio.gather(_pour(reader, there_writer), _pour(there_reader, writer))
        finally:
            for end in ends:
                end.transport.abort()
            self._open -= ends


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def rigged(
    knobs: Knobs | None = None, wire: Wire | None = None, messages: MemoryMessages | None = None
) -> AsyncIterator[Rig]:
    clock = FastClock()
    telemetry = FakeTelemetry()
    messages = messages or MemoryMessages(clock)
    async with Workspace(knobs, seconds=clock.seconds) as workspace:
        base_url = workspace.api_url
        if wire is not None:
            await wire.lay(int(workspace.url.rpartition(":")[2]))
            base_url = f"http://127.0.0.1:{wire.port}/api/"
        access = Access(BOT_TOKEN, APP_TOKEN, base_url=base_url)
        connection = await open_connection(access, clock, telemetry)
        courier = Courier(connection.gateway, messages, draw, clock, telemetry, connection.workspace.url)
        running = asyncio.create_task(courier.run())
        try:
            yield Rig(workspace, connection, courier, messages, telemetry, clock)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await connection.close()
            if wire is not None:
                await wire.cut()


# --- Notices, and how they look here ------------------------------------------------------------------------------


def running(n: int = 1, request: str = "r1") -> Running:
    return Running(asked(request), (), START + timedelta(seconds=n))


def finished(n: int = 1, request: str = "r1") -> Finished:
    return Finished(asked(request), (), START + timedelta(seconds=n), timedelta(seconds=n))


def failed(n: int = 1, request: str = "r1") -> Finished:
    """An end that somebody has something to do about."""
    target = Ref("prod", KUSTOMIZATION, "flux-system", "apps")
    track = Track(target, (), Outcome(Stopped(Stop.FORBIDDEN), timedelta(seconds=n)))
    return replace(finished(n, request), tracks=(track,))


def detailed(n: int = 1, request: str = "r1") -> Detailed:
    return Detailed(asked(request), (), START + timedelta(seconds=n))


def mentioned(request: str = "r1") -> Mentioned:
    return Mentioned(asked(request), ())


def audited(number: int, count: int = 1) -> Audited:
    entry = Entry(
        at=START,
        request=f"a{number}",
        caller=Caller(SRE, "sre", TEAM),
        place=Place(PLATFORM),
        verb=Verb.RECONCILE,
        object="prod ks/flux-system/apps",
        options=Options(),
        rule="platform",
        outcome=Result.CHANGED,
        number=number,
    )
    return Audited((entry,), count)


def audit_slot(number: int) -> Slot:
    return Slot(f"a{number}", Part.AUDIT, FLUX_AUDIT)


def asked(request: str) -> Asked:
    return Asked(request, SRE, "sre", "ks apps", START)


def draw(notice: Notice) -> Rendered:
    """Short enough to be compared as a whole; with blocks, as the bot's own messages have them."""
    text = words(notice)
    return Rendered(text, ({"type": "section", "text": {"type": "mrkdwn", "text": text}},))


def words(notice: Notice) -> str:
    match notice:
        case Running(asked, _, at):
            return f"{asked.request} runs {int((at - START).total_seconds())}"
        case Finished(asked, _, _, took):
            return f"{asked.request} ended {int(took.total_seconds())}"
        case Detailed(asked, _, at):
            return f"{asked.request} details {int((at - START).total_seconds())}"
        case Mentioned(asked):
            return f"{asked.request} is over"
        case Audited(entries, count):
            return f"line {entries[0].number}" + (f" × {count}" if count > 1 else "")
        case Apology(reference):
            return f"it broke: {reference}"
        case _:
            return type(notice).__name__
