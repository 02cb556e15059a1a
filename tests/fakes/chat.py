"""A chat that remembers what it was to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.clock import Clock
from bot.core.notices import Notice, Part, Slot, Whisper
from bot.core.requests import Place
from bot.ports import NotYet, Posted, Unpostable


@dataclass(frozen=True, slots=True)
class Shown:
    """One call of `show`."""

    slot: Slot
    place: Place
    notice: Notice


@dataclass(frozen=True, slots=True)
class Whispered:
    """One call of `whisper`."""

    to: Whisper
    notice: Notice


class FakeChat:
    """Everything shown and whispered, in order.

    `answer` is how first messages fare; `answers` the same for single channels. NotYet takes until the caller's
    patience ends, as Slack's silence does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.shown: list[Shown] = []
        self.whispers: list[Whispered] = []
        self.answer: Posted | Unpostable | NotYet = Posted("https://acme.slack.test/archives/C0/p1")
        self.answers: dict[str, Posted | Unpostable | NotYet] = {}
        self.takes_whispers = True

    def show(self, slot: Slot, place: Place, notice: Notice) -> None:
        self.shown.append(Shown(slot, place, notice))

    async def posted(self, slot: Slot, until: datetime) -> Posted | Unpostable | NotYet:
        wanted = [shown.place.channel for shown in self.shown if shown.slot == slot]
        answer = self.answers.get(wanted[0], self.answer) if wanted else NotYet()
        if isinstance(answer, NotYet):
            await self._clock.sleep((until - self._clock.now()).total_seconds())
        return answer

    async def whisper(self, to: Whisper, notice: Notice) -> bool:
        self.whispers.append(Whispered(to, notice))
        return self.takes_whispers

    def notices(self, part: Part = Part.ROOT, subject: str = "") -> list[Notice]:
        """What stood in a part, oldest first: of one subject, or of all."""
        return [each.notice for each in self.shown if each.slot.part is part and subject in ("", each.slot.subject)]

    def standing(self) -> dict[Slot, Notice]:
        """What Slack would show now: the last notice of every slot."""
        return {each.slot: each.notice for each in self.shown}
