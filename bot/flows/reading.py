"""The commands that only look: `status`, `watch`, `history`, `check`, and the button that shares an answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from bot.core.commands import Check, History, Status, Watch
from bot.core.errors import StoreError
from bot.flows.check import Checking
from bot.flows.gate import Entered, Heard
from bot.flows.history import Recalling
from bot.flows.looking import Looking
from bot.flows.sharing import Sharing
from bot.flows.status import Reporting
from bot.ports import Requests


@dataclass(frozen=True, slots=True)
class Reading:
    """One entry to all of them."""

    reporting: Reporting
    looking: Looking
    recalling: Recalling
    checking: Checking
    sharing: Sharing
    requests: Requests

    async def answer(self, heard: Heard, entered: Entered, command: Status | Watch | History | Check) -> None:
        """Answers once for each delivery."""
        with suppress(StoreError):  # who only looks is answered all the same
            if await self.requests.seen(heard.delivery):
                return
        match command:
            case Status():
                await self.reporting.answer(heard, entered, command)
            case Watch():
                await self.looking.start(heard, entered, command)
            case History():
                await self.recalling.answer(heard, entered, command)
            case Check():
                await self.checking.answer(heard, entered, command)
            case _:
                assert_never(command)
