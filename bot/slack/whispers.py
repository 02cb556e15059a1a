"""What only one person reads: said at once, or a little later where very many are to be answered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import cache, partial
from typing import Final

from bot.core.notices import Notice, Whisper
from bot.slack.answers import Answered, Arguments, Declined, Sent
from bot.slack.budgets import Rank
from bot.slack.desk import LOOK, Desk, content
from bot.slack.gateway import EPHEMERAL, Gateway

TRIES: Final = 3
"""Of a whisper, in each way that Slack did not refuse."""
CROWD: Final = 60
"""When so many calls of response URLs wait for their turn, further whispers are put off."""
VOICES: Final = 8
"""How many of those are then said at once: Slack may take its time to answer."""
MOST_PUT_OFF: Final = 50_000

Draw = Callable[[], Arguments]


class Whispers:
    """Whoever whispers waits until it is said. In a crowd nobody waits: a flow that does holds a hundred times the
    memory of what it has to say."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._put_off: deque[tuple[Whisper, Notice]] = deque()
        self._more = asyncio.Event()
        self._serving = False
        self._being_said = 0

    def __len__(self) -> int:
        """How many of those that were put off are not said yet."""
        return len(self._put_off) + self._being_said

    async def say(self, to: Whisper, notice: Notice) -> bool:
        """Whether it was said, or will be."""
        if not self._serving or (not self._put_off and self._desk.gateway.replies_waiting < CROWD):
            return await self._say(to, notice)
        if len(self._put_off) >= MOST_PUT_OFF:
            self._lost(to, notice)
            return False
        self._put_off.append((to, notice))
        self._more.set()
        return True

    async def run(self) -> None:
        """Says what was put off, until cancelled."""
        self._serving = True
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(VOICES):
                    group.create_task(self._serve(), name=f"whisper {number}")
        finally:
            self._serving = False

    async def _serve(self) -> None:
        while True:
            while self._put_off:
                to, notice = self._put_off.popleft()
                self._being_said += 1
                try:
                    await self._say(to, notice)
                finally:
                    self._being_said -= 1
                self._desk.moved.set()
            self._more.clear()
            await self._more.wait()

    async def _say(self, to: Whisper, notice: Notice) -> bool:
        """Tried in both ways until one answers or both refuse: read twice it does less harm than never."""
        # It is drawn when its turn has come.
        drawn = cache(lambda: content(self._desk.draw(notice, "")))
        ways = [partial(_by_url, self._desk.gateway, to.reply, drawn)] if to.reply else []
        ways.append(partial(_by_api, self._desk.gateway, to, drawn))
        for attempt in range(TRIES):
            for way in tuple(ways):
                answer = await way()
                if isinstance(answer, Answered):
                    return True
                if isinstance(answer, Declined):
                    ways.remove(way)
            if not ways or attempt == TRIES - 1:
                break
            await self._desk.clock.sleep(2.0**attempt)
        self._lost(to, notice)
        return False

    def _lost(self, to: Whisper, notice: Notice) -> None:
        self._desk.telemetry.tell("slack.whisper_lost", user=to.user, notice=type(notice).__name__)


async def _by_url(gateway: Gateway, url: str, drawn: Draw) -> Sent:
    return await gateway.reply(
        url, lambda: {"response_type": "ephemeral", "replace_original": False, **drawn(), **LOOK}
    )


async def _by_api(gateway: Gateway, to: Whisper, drawn: Draw) -> Sent:
    return await gateway.send(
        EPHEMERAL, lambda: {"channel": to.channel, "user": to.user, **drawn(), **LOOK}, lambda: Rank.REFUSAL
    )
