"""What Bolt calls: acknowledge at once, translate, hand over to owned tasks (docs/slack.md, Acknowledgement)."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.clock import Clock
from bot.core.commands import Trouble
from bot.core.errors import StoreError
from bot.core.notices import Apology, Notice, NotUnderstood, Refusal, Refused, Unrecorded, Whisper
from bot.core.words import unparsed
from bot.ports import Telemetry
from bot.slack import payloads
from bot.slack.payloads import ChannelChanged, Followed, Garbled, GroupsChanged, Pressed, Said
from bot.tasks import Tasks

REMEMBERED_FOR: Final = timedelta(minutes=10)
MOST_REMEMBERED: Final = 10_000
ANYTHING: Final = re.compile(".*", re.DOTALL)


class Intake(Protocol):
    """Where deeds go. Both may take as long as they like; what they raise is told to the person and the log."""

    async def said(self, said: Said) -> None: ...

    async def pressed(self, pressed: Pressed) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What listeners need besides the intake."""

    tasks: Tasks
    clock: Clock
    telemetry: Telemetry
    whisper: Callable[[Whisper, Notice], Awaitable[bool]]
    changed: Callable[[GroupsChanged | ChannelChanged], None]


class Listeners:
    """Registers itself on a Bolt app: one slash command, all buttons, and the events that make us doubt."""

    def __init__(self, intake: Intake, around: Surroundings) -> None:
        self._intake = intake
        self._around = around
        self._recent = Recent(around.clock)
        self._turnstile = Turnstile()
        self._name = ""

    def register(self, app: AsyncApp, command: str) -> None:
        """`command` is the slash command's name with its slash."""
        self._name = command
        app.command(ANYTHING)(self._command)
        app.block_action(ANYTHING)(self._action)
        app.event(ANYTHING)(self._event)

    async def _command(self, ack: AsyncAck, body: dict[str, object]) -> None:
        await self._acknowledge(ack, "command")
        said = payloads.said(body)
        if isinstance(said, Garbled):
            self._regret("command", said, payloads.sayer(body))
            return
        to = Whisper(said.user, said.channel, said.reply)
        flow = self._intake.said if said.command == self._name else self._misnamed
        await self._take(said.delivery, lambda: flow(said), to, f"{said.command} {said.text}")

    async def _misnamed(self, said: Said) -> None:
        """The app has a command of a name that the settings do not know: what it may do nobody wrote down."""
        unknown = unparsed(Trouble.UNKNOWN_VERB, said.command, (self._name,))
        typed = f"{said.command} {said.text}"
        to = Whisper(said.user, said.channel, said.reply)
        await self._around.whisper(to, NotUnderstood(typed, unknown, self._name))

    async def _action(self, ack: AsyncAck, body: dict[str, object]) -> None:
        await self._acknowledge(ack, "action")
        pressed = payloads.pressed(body)
        match pressed:
            case Followed():
                return
            case Garbled():
                self._regret("action", pressed, payloads.presser(body))
            case Pressed():
                to = Whisper(pressed.user, pressed.channel, pressed.reply)
                await self._take(pressed.delivery, lambda: self._intake.pressed(pressed), to, pressed.action)
            case _ as never:
                assert_never(never)

    async def _event(self, ack: AsyncAck, body: dict[str, object]) -> None:
        await self._acknowledge(ack, payloads.kind_of(body))
        doubts = payloads.happened(body)
        if isinstance(doubts, Garbled):
            self._around.telemetry.tell("slack.garbled", kind="event", why=doubts.why)
            return
        for doubt in doubts:
            self._around.changed(doubt)

    def _regret(self, kind: str, garbled: Garbled, to: Whisper | None) -> None:
        """Tells the log, and the person as far as the payload says who that is, that nothing was done."""
        reference = secrets.token_hex(4)
        self._around.telemetry.tell("slack.garbled", kind=kind, why=garbled.why, reference=reference)
        if to is None:
            return
        what = f"what Slack sent cannot be read ({garbled.why}), so nothing was done: ask again"
        with suppress(RuntimeError):  # the bot shuts down
            self._around.tasks.start(self._tell(to, Apology(reference, what)), "answer a payload that is garbled")

    async def _tell(self, to: Whisper, notice: Notice) -> None:
        await self._around.whisper(to, notice)

    async def _acknowledge(self, ack: AsyncAck, kind: str) -> None:
        await ack()
        self._around.telemetry.tell("slack.event", kind=kind)

    async def _take(
        self, delivery: str, flow: Callable[[], Coroutine[object, object, None]], to: Whisper, what: str
    ) -> None:
        if self._recent.again(delivery):
            self._around.telemetry.tell("slack.duplicate", user=to.user)
            return
        try:
            self._around.tasks.start(self._carry(flow, to), "carry out what was asked")
        except RuntimeError:
            # The last thing that arrived before the socket closed: nobody would wait for it.
            await self._around.whisper(to, Refused(Refusal.SHUTTING_DOWN, what))

    async def _carry(self, flow: Callable[[], Coroutine[object, object, None]], to: Whisper) -> None:
        try:
            await self._turnstile.passed()
            await flow()
        except StoreError as error:
            # Whatever was begun goes on by itself; what asks the store at its very start has done nothing yet.
            self._around.telemetry.tell("store.refused", why=str(error), user=to.user)
            await self._around.whisper(to, Unrecorded(str(error)))
        except Exception as error:  # noqa: BLE001 nobody else would tell the person that it broke
            reference = secrets.token_hex(4)
            self._around.telemetry.broke("slack.flow_broke", error, reference=reference, user=to.user)
            await self._around.whisper(to, Apology(reference))


class Turnstile:
    """Flows begin one by one, a turn of the event loop apart: what arrives meanwhile is acknowledged first, however
    many commands come at once."""

    def __init__(self) -> None:
        self._gate = asyncio.Lock()

    async def passed(self) -> None:
        """Returns when the caller may begin."""
        async with self._gate:
            await asyncio.sleep(0)


class Recent:
    """Deliveries of the last minutes, so that one that comes twice is told from one that is done twice."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, datetime] = {}

    def again(self, delivery: str) -> bool:
        """Marks it and says whether it was marked before."""
        now = self._clock.now()
        if delivery in self._seen and now - self._seen[delivery] < REMEMBERED_FOR:
            return True
        self._seen[delivery] = now
        while self._seen and (len(self._seen) > MOST_REMEMBERED or now - self._oldest() >= REMEMBERED_FOR):
            del self._seen[next(iter(self._seen))]
        return False

    def _oldest(self) -> datetime:
        return next(iter(self._seen.values()))
