"""Makes Slack say what one slot wants: post, edit, and what to do when Slack does not go along.

Which answer leads to what stands in docs/slack.md, Messages as desired state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from bot.core.notices import PROGRESS, Part, Slot
from bot.ports import Message
from bot.slack.answers import (
    GONE,
    HOPELESS,
    ILL_FORMED,
    LATER,
    ROOT_GONE,
    UNEDITABLE,
    Answered,
    Declined,
    Limited,
    Unanswered,
    Withdrawn,
    shut,
)
from bot.slack.desk import Desk, Letter, root_of
from bot.slack.gateway import POST, UPDATE

POSTS_OF_A_ROOT: Final = 2
"""A root whose first post had no answer is posted once more, and no third time."""
POSTS_OF_DETAILS: Final = 4
LONGEST_PAUSE: Final = 15.0
"""Seconds between tries in an outage: an end should be told soon after it."""
LONGEST_OUTAGE: Final = timedelta(hours=1)
"""So long an end is tried again while Slack says that it is out of order; a newer end begins anew."""


class Delivery:
    """One slot, until Slack shows its newest notice or will not."""

    def __init__(self, desk: Desk, slot: Slot) -> None:
        self._desk = desk
        self._slot = slot
        self._failures = 0
        self._lost_besides = 0
        self._outage: tuple[int, datetime] | None = None
        """The version of the end that Slack's outage holds up, and since when."""

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
            case Unanswered() as answer:
                await self._unanswered(letter, answer, self._lost)
            case Declined(code) if self._may_get_rights(letter, code):
                await self._pause()
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
        return not isinstance(message.notice, PROGRESS) and not self._desk.sights.of(self._slot).end_posted

    async def _unanswered(
        self, letter: Letter, answer: Unanswered, lost: Callable[[Letter], Awaitable[None]]
    ) -> None:
        """A post had no usable answer. An outage must not cost an end: told twice it does less harm than never."""
        if answer.arrived and not (answer.fault and self._is_end(letter)):
            await lost(letter)
        elif answer.arrived and self._outlasted(letter.version):
            self._desk.give_up(self._slot, letter.version, "")
        else:
            await self._pause()

    def _may_get_rights(self, letter: Letter, code: str) -> bool:
        """Whether to try again what the token may not say: somebody may give it a scope back. Progress tells nothing
        that an end will not tell, and whoever waits for a first root hears at once that there will be none."""
        return code in HOPELESS and not letter.progress and not self._outlasted(letter.version)

    def _is_end(self, letter: Letter) -> bool:
        return self._slot.part is Part.ROOT and not letter.progress

    def _outlasted(self, version: int) -> bool:
        now = self._desk.clock.now()
        if self._outage is None or self._outage[0] != version:
            self._outage = (version, now)
        return now - self._outage[1] >= LONGEST_OUTAGE

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
        if self._is_end(letter):
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
        if isinstance(message.notice, PROGRESS):
            await self._desk.pace(self._slot)
        letter = Letter(self._desk, self._slot)
        match await self._desk.gateway.send(UPDATE, letter.edit, letter.rank):
            case Answered():
                self._desk.stands(self._slot, letter.version, message.ts, letter.digest)
                self._failures = 0
            case Unanswered():
                await self._pause()
            case Declined(code) if code in LATER or self._may_get_rights(letter, code):
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
        elif self._is_end(letter) and not shut(code):
            # Whatever the word means, a root that tells progress for ever would be worse than an end beside it.
            sight.uneditable = True
        else:
            self._desk.give_up(self._slot, letter.version, code)

    async def _say_beside(self, message: Message) -> None:
        """The message can no longer be edited: its end is told in the thread, progress no more."""
        if isinstance(message.notice, PROGRESS):
            self._desk.running.discard(self._slot)
            self._desk.messages.keep(replace(message, shown=message.version))
            return
        letter = Letter(self._desk, self._slot)
        match await self._desk.gateway.send(POST, letter.beside, letter.rank, message.place.channel):
            case Answered():
                self._desk.stands(self._slot, letter.version, message.ts, letter.digest)
            case Unanswered() as answer:
                await self._unanswered(letter, answer, self._lost_beside)
            case Declined(code) if code in LATER or self._may_get_rights(letter, code):
                await self._pause()
            case Declined(code):
                self._desk.give_up(self._slot, letter.version, code)
            case Limited() | Withdrawn():
                pass
            case _ as never:
                assert_never(never)

    async def _lost_beside(self, letter: Letter) -> None:
        self._lost_besides += 1
        if self._lost_besides >= POSTS_OF_A_ROOT:
            self._desk.give_up(self._slot, letter.version, "")
        else:
            await self._desk.clock.sleep(1.0)

    async def _pause(self) -> None:
        self._failures += 1
        await self._desk.clock.sleep(min(LONGEST_PAUSE, 2.0 ** min(self._failures - 1, 10)))
