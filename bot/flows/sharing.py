"""[Share]: an answer that one person got, put before the whole channel as it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from bot.core.notices import Part, Refusal, Slot
from bot.core.offers import Button, Offer, Press, ShareAnswer
from bot.core.policy import Denied
from bot.core.requests import Options, Verb
from bot.core.resources import Ref
from bot.core.standing import Answer, Checked, Portrayed, Recalled, Shared, Surveyed
from bot.flows.answering import ASKED_FOR, Answering
from bot.flows.gate import Entered, Heard
from bot.ports import Directory, Telemetry, Unpostable

MOST: Final = 200
"""Answers that are kept for their buttons; the oldest go first."""


@dataclass(slots=True)
class Kept:
    """An answer that may be shared until it is too old. Who did it is known as soon as somebody has."""

    answer: Answer
    ends_at: datetime
    shared_by: str = ""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Keeps answers for their buttons."""

    answering: Answering
    directory: Directory
    telemetry: Telemetry
    root_wait: timedelta
    """How long to wait for Slack's word on the message."""
    new_id: Callable[[], str]
    _kept: dict[str, Kept] = field(default_factory=dict)

    async def offered(self, entered: Entered, answer: Answer) -> Answer:
        """The answer with its button."""
        clock = self.answering.clock
        now, key = clock.now(), self.answering.new_key()
        offer = Offer(key, Press.SHARE, ShareAnswer(), entered.place, now, now + ASKED_FOR)
        for old in [key for key, kept in self._kept.items() if kept.ends_at <= now]:
            del self._kept[old]
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = Kept(answer, offer.ends_at)
        await self.answering.requests.offer((offer,))
        return replace(answer, buttons=(*answer.buttons, Button(offer.press, key)))

    async def share(self, heard: Heard, entered: Entered, key: str) -> None:
        """Posts it in the channel where it was given, once; whoever presses passes the rules anew."""
        if await self.answering.requests.seen(heard.delivery):
            return
        refusing, kept = self.answering.refusing, self._kept.get(key)
        if kept is None:
            await refusing.plainly(heard, entered, "share", Refusal.OFFER_GONE)
            return
        if kept.shared_by:
            names = await self.directory.names(frozenset({kept.shared_by}))
            await refusing.plainly(
                heard, entered, kept.answer.typed, Refusal.OFFER_SPENT, names.get(kept.shared_by, "")
            )
            return
        denied = self._denied(entered, kept.answer)
        if denied is not None:
            await self.answering.deny(heard, entered, kept.answer.typed, denied, _verb(kept.answer))
            return
        kept.shared_by = entered.caller.user
        await self._post(heard, entered, kept)

    async def _post(self, heard: Heard, entered: Entered, kept: Kept) -> None:
        slot = Slot(self.new_id(), Part.ROOT)
        by = Shared(entered.caller.user, entered.caller.name)
        chat, clock = self.answering.chat, self.answering.clock
        chat.show(slot, entered.place, replace(kept.answer, buttons=(), shared=by))
        self.telemetry.tell("shared", user=by.user, channel=entered.channel.id)
        posted = await chat.posted(slot, clock.now() + self.root_wait)
        if isinstance(posted, Unpostable):
            kept.shared_by = ""
            await self.answering.refusing.unpostable(heard, entered, kept.answer.typed, posted.code)

    def _denied(self, entered: Entered, answer: Answer) -> Denied | None:
        """The first thing in the answer that this person may not read here (any more)."""
        gate = self.answering.gate
        if isinstance(answer, Checked):
            decision = gate.decide_cluster(entered, Verb.CHECK, answer.cluster)
            return decision if isinstance(decision, Denied) else None
        verb = _verb(answer)
        early = gate.refuse_early(entered, verb)
        if early is not None:
            return early
        # An entry of the trail is for whoever may see its object, whatever else they may do with it.
        named = (ref for ref in _named(answer) if not (isinstance(answer, Recalled) and gate.sees(entered, ref)))
        decisions = (gate.decide(entered, verb, ref, Options()) for ref in named)
        return next((each for each in decisions if isinstance(each, Denied)), None)


def _verb(answer: Answer) -> Verb:
    match answer:
        case Checked():
            return Verb.CHECK
        case Recalled():
            return Verb.HISTORY
        case Surveyed() | Portrayed():
            return Verb.STATUS
        case _:
            assert_never(answer)


def _named(answer: Surveyed | Portrayed | Recalled) -> Iterator[Ref]:
    """Every object that an answer is about."""
    match answer:
        case Surveyed(surveys=surveys):
            for survey in surveys:
                for row in (*survey.failing, *survey.suspended, *survey.reconciling):
                    yield row.ref
        case Portrayed(portraits=portraits):
            for portrait in portraits:
                yield portrait.ref
        case Recalled(requests=requests):
            yield from (entry.ref for entries in requests for entry in entries if entry.ref is not None)
        case _:
            assert_never(answer)
