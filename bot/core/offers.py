"""Buttons: what a press would do is stored with us, the button holds a random key and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.commands import Command
from bot.core.requests import Place


class Press(Enum):
    """What a button says it does."""

    RETRY = "retry"
    WITH_SOURCE = "with source"
    AS_IS = "reconcile what is there"
    DETAILS = "details"
    WHAT_MAY_I = "what may I do here?"
    CLUSTER = "a cluster to choose"


@dataclass(frozen=True, slots=True)
class ShowDetails:
    """Show the conditions and messages of an ended request to whoever presses; may be pressed again."""

    request: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a press does, for whom it was made and how long it stands. Single use where it changes something."""

    key: str
    """Random, 22 characters, URL-safe: the button's whole value."""
    press: Press
    does: Command | ShowDetails
    place: Place
    made_at: datetime
    ends_at: datetime
    request: str = ""
    """The request under whose message it stands; empty for a whisper's."""
    label: str = ""
    """The word on the button where `press` does not give it: the cluster's name."""


@dataclass(frozen=True, slots=True)
class Button:
    """An offer as a message shows it."""

    press: Press
    key: str
    label: str = ""
