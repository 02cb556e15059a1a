"""Refusals: told to the asker alone, written to the trail at once, folded in the audit channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.core.audit import Entry, Result
from bot.core.channels import Allowlist
from bot.core.notices import Audited, Part, Refusal, Refused, Slot, Whisper
from bot.core.offers import Button
from bot.core.policy import Denied
from bot.core.requests import Caller, Options, Place, Verb
from bot.flows.gate import Barred, Entered, Gate, Heard
from bot.ports import Chat, Clock, Telemetry, Trail

FOLD: Final = timedelta(minutes=10)
"""Refusals of one person for one reason within this time share one line of the audit channel."""
_MOST_FOLDS: Final = 1_000


@dataclass(slots=True)
class Fold:
    """The line that a person's refusals for one reason share."""

    slot: str
    until: datetime
    entries: tuple[Entry, ...] = ()
    count: int = 0


def audit_places(allowlist: Allowlist, channel: str) -> tuple[Place, ...]:
    """Where a channel's audit lines go: the channel for all, and its own besides."""
    entry = allowlist.channel(channel)
    ids = allowlist.audit_channels(entry) if entry else (allowlist.audit_channel,)
    return tuple(Place(id_) for id_ in ids if id_)


@dataclass(frozen=True, slots=True)
class Refusing:
    """Says no, once to the person and once to the record."""

    gate: Gate
    chat: Chat
    trail: Trail
    clock: Clock
    telemetry: Telemetry
    new_id: Callable[[], str]
    _folds: dict[tuple[str, str, str], Fold] = field(default_factory=dict)

    async def barred(self, heard: Heard, barred: Barred, what: str) -> None:
        """Somebody who may not speak here, or a channel that is not what it should be."""
        await self._refuse(heard, barred.caller, barred.place, Refused(barred.refusal, what, detail=barred.detail))

    async def by_rules(
        self, heard: Heard, entered: Entered, what: str, denied: Denied, buttons: tuple[Button, ...] = ()
    ) -> None:
        """No rule of this channel allows it to this person."""
        who_may = await self.gate.who_may(denied)
        refused = Refused(Refusal.RULES, what, denied, who_may, buttons=buttons)
        await self._refuse(heard, entered.caller, entered.place, refused)

    async def plainly(self, heard: Heard, entered: Entered, what: str, refusal: Refusal, detail: str = "") -> None:
        """For a reason that is no rule's: a spent button, a channel that cannot be posted to."""
        await self._refuse(heard, entered.caller, entered.place, Refused(refusal, what, detail=detail))

    async def _refuse(self, heard: Heard, caller: Caller, place: Place, refused: Refused) -> None:
        await self.chat.whisper(Whisper(heard.user, heard.channel, heard.reply), refused)
        self.telemetry.tell("refused", reason=refused.refusal.name, user=caller.user, channel=place.channel)
        entry = Entry(
            at=self.clock.now(),
            request="",
            caller=caller,
            place=place,
            verb=Verb.RECONCILE,
            object=refused.what,
            options=Options(),
            rule=_why(refused),
            outcome=Result.REFUSED,
            reason=refused.detail,
        )
        numbered = await self.trail.append((entry,))
        self._show(place, caller, refused, numbered)

    def _show(self, place: Place, caller: Caller, refused: Refused, entries: tuple[Entry, ...]) -> None:
        now = self.clock.now()
        for key in [key for key, fold in self._folds.items() if fold.until <= now][:_MOST_FOLDS]:
            del self._folds[key]
        key = (caller.user, place.channel, _why(refused))
        fold = self._folds.get(key)
        if fold is None:
            if len(self._folds) >= _MOST_FOLDS:
                self._folds.pop(next(iter(self._folds)))
            fold = self._folds[key] = Fold(f"refused-{self.new_id()}", now + FOLD)
        fold.count += 1
        fold.entries = (*fold.entries[:1], *entries) if fold.entries else entries
        for where in audit_places(self.gate.allowlist, place.channel):
            self.chat.show(Slot(fold.slot, Part.AUDIT, where.channel), where, Audited(fold.entries, fold.count))


def _why(refused: Refused) -> str:
    denied = refused.denied
    if denied is None:
        return refused.refusal.value
    if denied.nearest is None:
        return "no rule here names you"
    misfits = ", ".join(each.value for each in denied.misfits)
    return f"nearest {denied.nearest.name}: {misfits}" if misfits else f"nearest {denied.nearest.name}"
