"""Buttons: what a press would do is stored with us, the button holds a random key and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.commands import Command, Reconcile
from bot.core.requests import Place


class Press(Enum):
    """What a button says it does."""

    RETRY = "retry"
    WITH_SOURCE = "with source"
    AS_IS = "reconcile what is there"
    DETAILS = "details"
    WHAT_MAY_I = "what may I do here?"
    CLUSTER = "a cluster to choose"
    FORCE = "force it"
    CANCEL = "cancel"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class ShowDetails:
    """Show the conditions and messages of an ended request to whoever presses; may be pressed again."""

    request: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Carry this out, force and reset included: the yes of the one person who was asked whether they mean it."""

    command: Reconcile
    """Complete: no default of a channel changes what it means."""


@dataclass(frozen=True, slots=True)
class ShareAnswer:
    """Put the answer under which the button stands before the whole channel; which one that is, bot/flows/sharing.py
    keeps beside the button's key."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a press does, for whom it was made and how long it stands. Single use where it changes something.

    No button carries force or reset on; the one exception is `Confirmed`, which one person alone may press.
    """

    key: str
    """Random, 22 characters, URL-safe: the button's whole value."""
    press: Press
    does: Command | ShowDetails | Confirmed | ShareAnswer
    place: Place
    made_at: datetime
    ends_at: datetime
    request: str = ""
    """The request under whose message it stands; empty for a whisper's."""
    label: str = ""
    """The word on the button where `press` does not give it: the cluster's name."""
    user: str = ""
    """Whose press alone counts; empty: that of anybody who may do what it does."""

    def __post_init__(self) -> None:
        if isinstance(self.does, Confirmed) and not self.user:
            raise ValueError("what is asked of one person may be answered by that person only")
        if isinstance(self.does, Reconcile) and (self.does.options.force or self.does.options.reset):
            raise ValueError("a button carries neither force nor reset on")


@dataclass(frozen=True, slots=True)
class Button:
    """An offer as a message shows it."""

    press: Press
    key: str
    label: str = ""
