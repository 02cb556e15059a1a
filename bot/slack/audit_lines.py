"""The lines of one audit channel: one message each, or one message for many when a channel's budget falls behind."""

from __future__ import annotations

from typing import Final, assert_never

from bot.core.notices import Part, Slot
from bot.ports import Message, Unpostable
from bot.slack.answers import (
    GONE,
    HOPELESS,
    ILL_FORMED,
    UNEDITABLE,
    Answered,
    Arguments,
    Declined,
    Limited,
    Unanswered,
    Withdrawn,
    shut,
)
from bot.slack.budgets import Rank
from bot.slack.delivery import LONGEST_PAUSE
from bot.slack.desk import LONGEST_TEXT, LOOK, NO_PREVIEW, Desk, content, digest
from bot.slack.gateway import POST, UPDATE
from bot.slack.rendered import Rendered

MOST_KEPT: Final = 1_000
"""Lines that wait for a channel that is shut: the newest ones."""
RETRY: Final = 60.0
"""Seconds between tries of a channel that is shut: somebody has to let the bot in first."""
SHARED_ABOVE: Final = 5
"""More waiting lines than this share messages."""
MOST_BLOCKS: Final = 50


class AuditLines:
    """Everything that waits for one audit channel, until nothing does.

    No line is dropped for want of budget, nor because the channel is shut: it waits there for its invitation.
    """

    def __init__(self, desk: Desk, channel: str) -> None:
        self._desk = desk
        self._channel = channel
        self._failures = 0

    async def run(self) -> None:
        while waiting := self._waiting():
            changed = next((message for message in waiting if message.ts), None)
            await (self._post() if changed is None else self._edit(changed))
        # Nothing waits for it any more; whether it is still shut the next line finds out.
        self._desk.shut.pop(self._channel, None)

    def _waiting(self) -> tuple[Message, ...]:
        return tuple(
            message
            for message in self._desk.messages.unsaid()
            if message.slot.part is Part.AUDIT
            and message.place.channel == self._channel
            and self._desk.open(message.slot) is not None
        )

    async def _post(self) -> None:
        sheet = Sheet(self._desk)

        def compose() -> Arguments | None:
            new = tuple(message for message in self._waiting() if not message.ts)
            sheet.write(new if len(new) > SHARED_ABOVE else new[:1])
            return {"channel": self._channel, **sheet.content(), **LOOK, **NO_PREVIEW} if new else None

        match await self._desk.gateway.send(POST, compose, lambda: Rank.AUDIT, self._channel):
            case Answered() as answer:
                self._answered(sheet, answer.text("ts"))
            case Unanswered():
                await self._pause()
            case Declined(code) if code in ILL_FORMED and not sheet.plain:
                sheet.make_plain()
            case Declined(code) if shut(code) or code in HOPELESS:
                await self._shut_out(sheet, code)
            case Declined(code):
                sheet.give_up(code)
            case Limited() | Withdrawn():
                pass
            case _ as never:
                assert_never(never)

    async def _edit(self, changed: Message) -> None:
        sheet = Sheet(self._desk)
        slots = self._desk.sights.of(changed.slot).shared_with or (changed.slot,)

        def compose() -> Arguments | None:
            found = (self._desk.messages.get(slot) for slot in slots)
            lines = tuple(line for line in found if line is not None and line.ts == changed.ts)
            sheet.write(lines)
            if not lines:
                return None
            if len(sheet.lines) < len(lines):
                # It has outgrown the message that it shares: none of the others may fall out of it.
                self._desk.start_anew(changed.slot, changed.ts)
                return None
            return {"channel": self._channel, "ts": changed.ts, **sheet.content(), **LOOK}

        match await self._desk.gateway.send(UPDATE, compose, lambda: Rank.AUDIT):
            case Answered():
                self._answered(sheet, changed.ts)
            case Unanswered():
                await self._pause()
            case Declined(code) if shut(code) or code in HOPELESS:
                await self._shut_out(sheet, code)
            case Declined(code):
                self._declined_edit(sheet, changed, code)
            case Limited() | Withdrawn():
                pass
            case _ as never:
                assert_never(never)

    def _declined_edit(self, sheet: Sheet, changed: Message, code: str) -> None:
        if code in ILL_FORMED and not sheet.plain:
            sheet.make_plain()
        elif code in GONE:
            sheet.start_anew(changed.ts)
        elif code in UNEDITABLE:
            self._desk.start_anew(changed.slot, changed.ts)
        else:
            sheet.give_up(code)

    def _answered(self, sheet: Sheet, ts: str) -> None:
        self._failures = 0
        self._desk.shut.pop(self._channel, None)
        sheet.stands(ts)

    async def _shut_out(self, sheet: Sheet, code: str) -> None:
        """Slack takes nothing for this channel. What waits is kept, as far as that is sane, and tried again."""
        self._desk.shut[self._channel] = code
        sheet.shut_out(code)
        for line in self._waiting()[:-MOST_KEPT]:
            self._desk.give_up(line.slot, line.version, code)
        self._desk.stir()
        await self._desk.clock.sleep(RETRY)

    async def _pause(self) -> None:
        self._failures += 1
        await self._desk.clock.sleep(min(LONGEST_PAUSE, 2.0 ** min(self._failures - 1, 10)))


class Sheet:
    """The lines that go into one message, as many of the first ones as fit."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.lines: tuple[Message, ...] = ()
        self._drawn = Rendered("")

    @property
    def plain(self) -> bool:
        return all(self._desk.sights.of(line.slot).plain for line in self.lines)

    def write(self, lines: tuple[Message, ...]) -> None:
        taken: list[Message] = []
        drawn: list[Rendered] = []
        for line in lines:
            more = self._desk.drawn(line)
            if taken and not _fits([*drawn, more]):
                break
            taken.append(line)
            drawn.append(more)
        # A line without blocks would not be seen beside lines that have some.
        blocks = [block for each in drawn for block in each.blocks] if all(each.blocks for each in drawn) else []
        self.lines = tuple(taken)
        self._drawn = Rendered("\n".join(each.text for each in drawn), tuple(blocks))

    def content(self) -> dict[str, object]:
        return content(self._drawn)

    def stands(self, ts: str) -> None:
        slots = tuple(line.slot for line in self.lines)
        for line in self.lines:
            self._desk.stands(line.slot, line.version, ts, digest(self._drawn))
            self._desk.sights.of(line.slot).shared_with = slots

    def make_plain(self) -> None:
        for line in self.lines:
            self._desk.sights.of(line.slot).plain = True

    def start_anew(self, ts: str) -> None:
        for line in self.lines:
            self._desk.start_anew(line.slot, ts)
            self._desk.sights.of(line.slot).shared_with = ()

    def shut_out(self, code: str) -> None:
        for line in self.lines:
            if not line.ts:
                self._desk.sights.of(line.slot).found(Unpostable(code))

    def give_up(self, code: str) -> None:
        for line in self.lines:
            self._desk.give_up(line.slot, line.version, code)


def _fits(drawn: list[Rendered]) -> bool:
    text = sum(len(each.text) + 1 for each in drawn) - 1
    return text <= LONGEST_TEXT and sum(len(each.blocks) for each in drawn) <= MOST_BLOCKS


def lane(slot: Slot, channel: str) -> Slot:
    """What works on an audit line: all lines of a channel have one worker."""
    return Slot("", Part.AUDIT, channel) if slot.part is Part.AUDIT else slot
