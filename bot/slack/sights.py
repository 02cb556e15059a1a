"""What the courier remembers of a message beyond its stored state: forgotten with the process, harmless to lose."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.core.notices import Slot
from bot.ports import Messages, Posted, Unpostable

MOST: Final = 5_000


@dataclass(eq=False, slots=True)
class Sight:
    """One slot as the courier sees it."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """A newer notice is wanted."""
    known: asyncio.Event = field(default_factory=asyncio.Event)
    """`fate` was found out."""
    fate: Posted | Unpostable | None = None
    digest: str = ""
    """Of what Slack shows."""
    edited_at: datetime | None = None
    given_up: int = 0
    """The version with which we got nowhere; a newer one is tried again."""
    anew: bool = False
    """Its message was deleted once and posted again."""
    uneditable: bool = False
    plain: bool = False
    """Slack did not take its blocks."""
    lost: int = 0
    """Posts without an answer before the store forgot it."""
    end_posted: bool = False
    """A post of its end had no answer."""
    shared_with: tuple[Slot, ...] = ()
    """Audit lines in one message, this one among them."""

    def found(self, fate: Posted | Unpostable) -> None:
        self.fate = fate
        self.known.set()


class Sights:
    """All of them, bounded: what the store has forgotten is forgotten here."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._sights: dict[Slot, Sight] = {}

    def of(self, slot: Slot) -> Sight:
        sight = self._sights.get(slot)
        if sight is None:
            if len(self._sights) >= MOST:
                self._prune()
            sight = self._sights[slot] = Sight()
        return sight

    def drop(self, slot: Slot) -> None:
        self._sights.pop(slot, None)

    def __len__(self) -> int:
        return len(self._sights)

    def _prune(self) -> None:
        self._sights = {slot: each for slot, each in self._sights.items() if self._messages.get(slot) is not None}
