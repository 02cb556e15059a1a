"""A message before it has a look: a first line, further parts in order of importance, buttons.

Texts inside spans may come from outside. They are masked and neutralised (bot/wording/foreign.py); escaping is the
matter of whoever gives them a look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.offers import Button


class Clockface(Enum):
    """How a moment is read."""

    AGO = "ago"
    """Counts by itself where it can: `4 minutes ago`, `in 4 minutes`."""
    DATE = "date"
    """Day and time of the reader's: `Nov 20, 2026 10:04`."""
    TIME = "time"
    """Of the reader's day: `10:04:30`."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """What the eye should find first."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A name, a revision, a field: to be copied as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """A command of ours that may be typed as it stands; each one parses."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere; http and https only, anything else is just words."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class When:
    """A moment, aware."""

    at: datetime
    face: Clockface = Clockface.AGO


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody by display name; never pings."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Somebody who shall look. Only in the closing mention."""

    id: str
    name: str


Span = Plain | Strong | Code | Run | Link | When | Person | Ping
Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One fact."""

    spans: Spans


@dataclass(frozen=True, slots=True)
class Note:
    """Small print: who asked and how."""

    spans: Spans


@dataclass(frozen=True, slots=True)
class Passage:
    """Text of a controller, kept as it is: conditions, events."""

    title: str
    text: str
    whole: bool = False
    """A list of ours, made to fit into one block: it is not cut where others have to share the room."""


Part = Line | Note | Passage


@dataclass(frozen=True, slots=True)
class Document:
    """A whole message. The first 80 characters of `head` stand alone on a locked phone."""

    head: Line
    parts: tuple[Part, ...] = ()
    buttons: tuple[Button, ...] = ()


Piece = str | Span


def spans(*pieces: Piece) -> Spans:
    """Pieces as spans; empty strings vanish."""
    return tuple(Plain(piece) if isinstance(piece, str) else piece for piece in pieces if piece != "")


def line(*pieces: Piece) -> Line:
    return Line(spans(*pieces))


def note(*pieces: Piece) -> Note:
    return Note(spans(*pieces))


def joined(facts: Iterable[Spans], between: str = " · ") -> Spans:
    """Several short facts as one line; empty ones vanish."""
    told: list[Span] = []
    for fact in facts:
        if fact and told:
            told.append(Plain(between))
        told.extend(fact)
    return tuple(told)
