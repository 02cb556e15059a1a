"""Refusals: told to the asker alone, written to the trail at once, folded in the audit channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
from bot.wording.foreign import cut_end, foreign

FOLD: Final = timedelta(minutes=10)
"""Refusals of one person for one reason within this time share one line of the audit channel."""
_OUTSIDE: Final = frozenset({"not_in_channel", "channel_not_found"})
"""How Slack says that the bot is not in a channel."""
_MOST_FOLDS: Final = 1_000
_READ: Final = 65_536
"""Characters of a refused text that are looked at: a secret cut by it lies far behind what is kept."""
_KEPT: Final = 1_000


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
    """Says no, once to the record and then to the person: Slack may keep a whisper waiting, or it is cancelled."""

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
        self,
        heard: Heard,
        entered: Entered,
        what: str,
        denied: Denied,
        buttons: tuple[Button, ...] = (),
        verb: Verb = Verb.RECONCILE,
    ) -> None:
        """No rule of this channel allows it to this person."""
        refused = await self._record(entered.caller, entered.place, Refused(Refusal.RULES, what, denied), verb)
        who_may = await self.gate.who_may(denied)
        await self._whisper(heard, replace(refused, who_may=who_may, buttons=buttons))

    async def plainly(self, heard: Heard, entered: Entered, what: str, refusal: Refusal, detail: str = "") -> None:
        """For a reason that is no rule's: a spent button, a channel that cannot be posted to."""
        await self._refuse(heard, entered.caller, entered.place, Refused(refusal, what, detail=detail))

    async def unpostable(self, heard: Heard, entered: Entered, what: str, code: str) -> None:
        """What was to be shown cannot be: the bot is not in the channel, or Slack does not let it post there, and
        `code` is Slack's word for it."""
        refusal = Refusal.NOT_MEMBER if code in _OUTSIDE else Refusal.UNPOSTABLE
        await self.plainly(heard, entered, what, refusal, code)

    async def in_vain(self, entered: Entered, what: str, why: str) -> None:
        """An attempt at what this channel or this person has not got: recorded alike whether it exists or not. The
        words for the person are another's to find."""
        await self._record(entered.caller, entered.place, Refused(Refusal.RULES, what, detail=why))

    async def _refuse(self, heard: Heard, caller: Caller, place: Place, refused: Refused) -> None:
        await self._whisper(heard, await self._record(caller, place, refused))

    async def _whisper(self, heard: Heard, refused: Refused) -> None:
        await self.chat.whisper(Whisper(heard.user, heard.channel, heard.reply), refused)

    async def _record(self, caller: Caller, place: Place, refused: Refused, verb: Verb = Verb.RECONCILE) -> Refused:
        """What was recorded: its text is anybody's, and may be of any length."""
        refused = replace(refused, what=cut_end(foreign(refused.what[:_READ]), _KEPT))
        self.telemetry.tell("refused", reason=refused.refusal.name, user=caller.user, channel=place.channel)
        entry = Entry(
            at=self.clock.now(),
            request="",
            caller=caller,
            place=place,
            verb=verb,
            object=refused.what,
            options=Options(),
            rule=_why(refused),
            outcome=Result.REFUSED,
            reason=refused.detail,
        )
        numbered = await self.trail.append((entry,))
        self._show(place, caller, refused, numbered)
        return refused

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
