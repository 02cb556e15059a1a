"""`cancel`, typed or pressed: its asker always may, anybody else by a rule."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.commands import Cancel
from bot.core.notices import Cancelling, NothingToCancel, Notice, Part, Slot, Whisper
from bot.core.policy import Denied
from bot.core.requests import Options, Verb
from bot.flows.gate import Entered, Gate, Heard
from bot.flows.underway import Ongoing, Underway
from bot.ports import Chat, Clock, Posted, Requests, Telemetry


@dataclass(frozen=True, slots=True)
class Cancels:
    """Stops running requests."""

    gate: Gate
    underway: Underway
    chat: Chat
    requests: Requests
    clock: Clock
    telemetry: Telemetry

    async def run(self, heard: Heard, entered: Entered, command: Cancel, *, pressed: bool) -> Denied | None:
        """Cancels and says so, unless a rule is lacking: what is answered then is the refusal."""
        if await self.requests.seen(heard.delivery):
            return None
        work = self._meant(entered, command)
        denied = self._denied(entered, work) if work is not None else None
        if denied is not None:
            return denied
        if work is not None:
            work.halt.set(entered.caller)
            self.telemetry.tell("cancelled", request=work.request.id, user=entered.caller.user)
        if work is None:
            await self._whisper(heard, NothingToCancel(command.request))
        elif not pressed:
            # Who presses has the message before them that is going to say so.
            await self._whisper(heard, Cancelling(work.request.id, work.request.typed, await self._link(work)))
        return None

    def _meant(self, entered: Entered, command: Cancel) -> Ongoing | None:
        channel = entered.channel.id
        if command.request:
            return self.underway.find(command.request, channel)
        return self.underway.newest(entered.caller.user, channel)

    def _denied(self, entered: Entered, work: Ongoing) -> Denied | None:
        """Of all that the request is for, the first object that no rule lets this person cancel."""
        if work.request.caller.user == entered.caller.user:
            return None
        early = self.gate.refuse_early(entered, Verb.CANCEL)
        if early is not None:
            return early
        for ref in work.request.targets:
            decision = self.gate.decide(entered, Verb.CANCEL, ref, Options())
            if isinstance(decision, Denied):
                return decision
        return None

    async def _link(self, work: Ongoing) -> str:
        posted = await self.chat.posted(Slot(work.request.id, Part.ROOT), self.clock.now())
        return posted.link if isinstance(posted, Posted) else ""

    async def _whisper(self, heard: Heard, notice: Notice) -> None:
        await self.chat.whisper(Whisper(heard.user, heard.channel, heard.reply), notice)
