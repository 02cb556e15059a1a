"""Makes Slack say what one slot wants: post, edit, and what to do when Slack does not go along.

Which answer leads to what stands in docs/slack.md, Messages as desired state.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from bot.core.notices import Part, Running, Slot
from bot.ports import Message
from bot.slack.answers import (
    GONE,
    ILL_FORMED,
    ROOT_GONE,
    UNEDITABLE,
    Answered,
    Declined,
    Limited,
    Unanswered,
    Withdrawn,
)
from bot.slack.desk import Desk, Letter, root_of
from bot.slack.gateway import POST, UPDATE

POSTS_OF_A_ROOT: Final = 2
"""A root whose first post had no answer is posted once more, and no third time."""
POSTS_OF_DETAILS: Final = 4
LONGEST_PAUSE: Final = 15.0
"""Seconds between tries in an outage: an end should be told soon after it."""


class Delivery:
    """One slot, until Slack shows its newest notice or will not."""

    def __init__(self, desk: Desk, slot: Slot) -> None:
        self._desk = desk
        self._slot = slot
        self._failures = 0

    async def run(self) -> None:
        while (message := self._desk.open(self._slot)) is not None and self._desk.ready(self._slot):
            if not message.ts:
                await self._post(message)
            elif self._desk.sights.of(self._slot).uneditable:
                await self._say_beside(message)
            else:
                await self._edit(message)

    # --- A first message ------------------------------------------------------------------------------------------

    async def _post(self, message: Message) -> None:
        if not self._may_post(message):
            self._desk.give_up(self._slot, message.version, "")
            return
        letter = Letter(self._desk, self._slot)
        match await self._desk.gateway.send(POST, letter.post, letter.rank, message.place.channel):
            case Answered() as answer:
                self._desk.stands(self._slot, letter.version, answer.text("ts"), letter.digest)
            case Unanswered(_, arrived):
                await (self._lost(letter) if arrived else self._pause())
            case Declined(code):
                self._declined_post(letter, code)
            case Limited() | Withdrawn():
                pass
            case _ as never:
                assert_never(never)

    def _may_post(self, message: Message) -> bool:
        tries = max(message.tries, self._desk.sights.of(self._slot).lost)
        if self._slot.part is not Part.ROOT or tries < POSTS_OF_A_ROOT:
            return True
        # Two roots may stand there already. If both only tell progress, the end is told all the same, once.
        return not isinstance(message.notice, Running) and not self._desk.sights.of(self._slot).end_posted

    async def _lost(self, letter: Letter) -> None:
        """It may stand in Slack or not: there is no way to ask."""
        message = self._desk.messages.get(self._slot)
        if message is None:
            return
        tries = max(message.tries, self._desk.sights.of(self._slot).lost) + 1
        self._desk.messages.keep(replace(message, tries=tries))
        self._desk.telemetry.tell(
            "slack.post_lost", request=self._slot.subject, part=self._slot.part.value, tries=tries
        )
        if self._slot.part is Part.ROOT and not letter.progress:
            self._desk.sights.of(self._slot).end_posted = True
        if tries >= self._most_posts():
            self._desk.give_up(self._slot, letter.version, "")
        else:
            await self._pause()

    def _most_posts(self) -> int:
        match self._slot.part:
            case Part.ROOT:
                return POSTS_OF_A_ROOT
            case Part.MENTION:
                return 1
            case Part.DETAILS | Part.AUDIT:
                return POSTS_OF_DETAILS
            case _ as never:
                assert_never(never)

    def _declined_post(self, letter: Letter, code: str) -> None:
        sight = self._desk.sights.of(self._slot)
        root = None if self._slot.part is Part.ROOT else self._desk.messages.get(root_of(self._slot))
        if code in ROOT_GONE and root is not None and not self._desk.sights.of(root.slot).anew:
            self._desk.start_anew(root.slot, root.ts)
        elif code in ILL_FORMED and not sight.plain:
            sight.plain = True
        else:
            self._desk.give_up(self._slot, letter.version, code)

    # --- Edits ----------------------------------------------------------------------------------------------------

    async def _edit(self, message: Message) -> None:
        if isinstance(message.notice, Running):
            await self._desk.pace(self._slot)
        letter = Letter(self._desk, self._slot)
        match await self._desk.gateway.send(UPDATE, letter.edit, letter.rank):
            case Answered():
                self._desk.stands(self._slot, letter.version, message.ts, letter.digest)
                self._failures = 0
            case Unanswered():
                await self._pause()
            case Declined(code):
                self._declined_edit(message, letter, code)
            case Limited() | Withdrawn():
                pass
            case _ as never:
                assert_never(never)

    def _declined_edit(self, message: Message, letter: Letter, code: str) -> None:
        sight = self._desk.sights.of(self._slot)
        if code in GONE:
            self._desk.start_anew(self._slot, message.ts)
        elif code in UNEDITABLE:
            sight.uneditable = True
        elif code in ILL_FORMED and not sight.plain:
            sight.plain = True
        else:
            self._desk.give_up(self._slot, letter.version, code)

    async def _say_beside(self, message: Message) -> None:
        """The message can no longer be edited: its end is told in the thread, progress no more."""
        if isinstance(message.notice, Running):
            self._desk.running.discard(self._slot)
            self._desk.messages.keep(replace(message, shown=message.version))
            return
        letter = Letter(self._desk, self._slot)
        match await self._desk.gateway.send(POST, letter.beside, letter.rank, message.place.channel):
            case Answered():
                self._desk.stands(self._slot, letter.version, message.ts, letter.digest)
            case Unanswered(_, arrived):
                await (self._lost_beside(letter) if arrived else self._pause())
            case Declined(code):
                self._desk.give_up(self._slot, letter.version, code)
            case Limited() | Withdrawn():
                pass
            case _ as never:
                assert_never(never)

    async def _lost_beside(self, letter: Letter) -> None:
        self._failures += 1
        if self._failures >= POSTS_OF_A_ROOT:
            self._desk.give_up(self._slot, letter.version, "")
        else:
            await self._desk.clock.sleep(1.0)

    async def _pause(self) -> None:
        self._failures += 1
        await self._desk.clock.sleep(min(LONGEST_PAUSE, 2.0 ** (self._failures - 1)))
