"""Stored notices become shown messages: ports.Chat over the gateway.

What is wanted is in ports.Messages; the courier makes Slack say it, as a controller makes objects be as declared. A
newer notice replaces one that was never shown. docs/slack.md, Messages as desired state.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import Final

from bot.clock import Clock
from bot.core.notices import PROGRESS, Notice, Part, Slot, Whisper
from bot.core.requests import Place
from bot.ports import Message, Messages, NotYet, Posted, Telemetry, Unpostable
from bot.slack.audit_lines import AuditLines, lane
from bot.slack.budgets import nap
from bot.slack.delivery import Delivery
from bot.slack.desk import Desk, root_of
from bot.slack.gateway import Gateway
from bot.slack.rendered import Render
from bot.slack.sights import Sights
from bot.slack.whispers import Whispers
from bot.tasks import Tasks

MOST_RUNNING: Final = 1_000
"""Beyond so many, roots that the store forgot are no longer counted."""

_ALLOW: Final = "let the bot post there"
_REMEDIES: Final = {
    "not_in_channel": "invite the bot",
    "channel_not_found": "invite the bot, or correct the channel's id in the allowlist",
    "is_archived": "unarchive it, or name another one in the allowlist",
    "missing_scope": "give the bot's token the scope chat:write and reinstall the app",
    "is_inactive": "unarchive it, or name another one in the allowlist",
}


class Courier:
    """The bot's voice in one workspace. `run` must be running for anything but whispers to be said."""

    def __init__(
        self,
        gateway: Gateway,
        messages: Messages,
        render: Render,
        clock: Clock,
        telemetry: Telemetry,
        workspace_url: str = "",
    ) -> None:
        self._desk = Desk(gateway, messages, Sights(messages), render, clock, telemetry, workspace_url)
        self._whispers = Whispers(self._desk)
        self._working: set[Slot] = set()

    # --- ports.Chat -----------------------------------------------------------------------------------------------

    def show(self, slot: Slot, place: Place, notice: Notice) -> None:
        self._desk.messages.want(slot, place, notice)
        self._count(slot, notice)
        self._desk.sights.of(slot).changed.set()
        self._desk.gateway.poke()
        self._desk.wanted.set()

    async def posted(self, slot: Slot, until: datetime) -> Posted | Unpostable | NotYet:
        sight = self._desk.sights.of(slot)
        message = self._desk.messages.get(slot)
        if sight.fate is None and message is not None and message.ts:
            return Posted(self._desk.link(message))
        if sight.fate is None:
            await nap(self._desk.clock, sight.known, (until - self._desk.clock.now()).total_seconds())
        return NotYet() if sight.fate is None else sight.fate

    async def whisper(self, to: Whisper, notice: Notice) -> bool:
        return await self._whispers.say(to, notice)

    # --- Work -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Shows what is wanted until cancelled. What was wanted before it ran is shown as well."""
        tasks = Tasks(self._broke)
        tasks.start(self._whispers.run(), "say what was put off")
        self._desk.wanted.set()
        try:
            while True:
                await self._desk.wanted.wait()
                self._desk.wanted.clear()
                unsaid = self._desk.messages.unsaid()
                self._desk.telemetry.tell("slack.queued", depth=len(unsaid))
                for message in unsaid:
                    self._start(tasks, message)
        finally:
            await tasks.drain(0)

    async def flush(self, until: datetime) -> bool:
        """Waits until all that can be shown is; False when `until` came first. For the shutdown, beside `run`."""
        while self._undelivered() or len(self._whispers):
            self._desk.moved.clear()
            left = (until - self._desk.clock.now()).total_seconds()
            if left <= 0 or not await nap(self._desk.clock, self._desk.moved, left):
                return not self._undelivered() and not len(self._whispers)
        return True

    def depth(self) -> int:
        """How many messages wait to be shown, but for those that wait for somebody to let the bot in."""
        return len(self._undelivered())

    def trouble(self) -> str:
        """Which audit channels take nothing from the bot, why, and what to do; empty where all is well."""
        return "; ".join(
            f"the audit channel {channel} cannot be posted to ({code}): {_REMEDIES.get(code, _ALLOW)}"
            for channel, code in sorted(self._desk.shut.items())
        )

    def _count(self, slot: Slot, notice: Notice) -> None:
        running = self._desk.running
        if not isinstance(notice, PROGRESS):
            running.discard(slot)
            return
        if len(running) >= MOST_RUNNING:
            running.intersection_update({each for each in running if self._desk.messages.get(each) is not None})
        running.add(slot)

    def _undelivered(self) -> tuple[Message, ...]:
        unsaid = self._desk.messages.unsaid()
        return tuple(m for m in unsaid if self._desk.open(m.slot) is not None and self._can_ever(m))

    def _can_ever(self, message: Message) -> bool:
        slot = message.slot
        if slot.part is Part.AUDIT:
            return message.place.channel not in self._desk.shut
        if slot.part is Part.ROOT:
            return True
        root = self._desk.messages.get(root_of(slot))
        return root is not None and (bool(root.ts) or self._desk.open(root.slot) is not None)

    def _start(self, tasks: Tasks, message: Message) -> None:
        worker = lane(message.slot, message.place.channel)
        if worker in self._working or self._desk.open(message.slot) is None or not self._desk.ready(message.slot):
            return
        self._working.add(worker)
        if message.slot.part is Part.AUDIT:
            work = AuditLines(self._desk, message.place.channel).run()
        else:
            work = Delivery(self._desk, message.slot).run()
        tasks.start(work, f"show {message.slot.part.value} {message.slot.subject}").add_done_callback(
            partial(self._ended, worker, message)
        )

    def _ended(self, worker: Slot, message: Message, task: asyncio.Task[None]) -> None:
        self._working.discard(worker)
        if not task.cancelled() and task.exception() is not None:
            # Whatever broke over this notice would break over it again.
            newest = self._desk.messages.get(message.slot) or message
            self._desk.give_up(message.slot, newest.version, "")
        self._desk.stir()

    def _broke(self, name: str, error: BaseException) -> None:
        self._desk.telemetry.broke("slack.delivery_broke", error, delivery=name)
