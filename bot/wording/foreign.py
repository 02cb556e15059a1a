"""Text that others wrote: made harmless to read and short enough. Escaping comes later, per medium."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bot.core.secrets import mask

ELLIPSIS: Final = "…"
TYPED: Final = 200
"""Characters of what a person typed that are told again: who asked knows the rest."""
_ODD: Final = re.compile(r"[^\n\t\x20-\x7e\xa1-\xac\xae-\u02ff\u2190-\u21ff]")
_BREAKS: Final = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_GAPS: Final = re.compile(r"\s+")


def neutral(text: str) -> str:
    """The text without signs that hide, reorder or break what is read.

    Controls and lone surrogates become U+FFFD; format characters (bidi overrides, zero-width ones, tags) vanish.
    """
    return _ODD.sub(_harmless, _BREAKS.sub("\n", text))


def _harmless(match: re.Match[str]) -> str:
    sign = match[0]
    category = unicodedata.category(sign)
    if category == "Cf":
        return ""
    return "\N{REPLACEMENT CHARACTER}" if category in {"Cc", "Cs"} else sign


def foreign(text: str) -> str:
    """Neutral and without secrets. Applied before any cut: half a token is not recognised."""
    return mask(neutral(text))


def flat(text: str) -> str:
    """On one line."""
    return _GAPS.sub(" ", text).strip()


def quote(text: str, room: int = 240) -> str:
    """The first line of a foreign text that says something, at most `room` characters."""
    lines = (flat(each) for each in foreign(text).split("\n"))
    return cut_end(next(filter(None, lines), ""), room)


def one_line(text: str, room: int) -> str:
    """A foreign text with all its lines in one, at most `room` characters."""
    return cut_end(flat(foreign(text)), room)


def cut_end(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 1, 0)].rstrip() + ELLIPSIS


def cut_middle(text: str, room: int) -> str:
    """Both ends of a text: names differ at either."""
    if len(text) <= room:
        return text
    if room < 2:
        return ELLIPSIS[:room]
    tail = (room - 1) // 2
    head = room - 1 - tail
    return text[:head] + ELLIPSIS + (text[-tail:] if tail else "")


def more(count: int) -> str:
    """What stands where a text was cut: `… 1,204 characters more`."""
    return f"{ELLIPSIS} {count:,} {'character' if count == 1 else 'characters'} more"


_DIGEST: Final = re.compile(r"(?:(?<=@)sha1:|(?<=@)sha256:|\b(sha1:|sha256:))([0-9a-f]{7})[0-9a-f]{25,121}\b")


def brief(text: str) -> str:
    """A sentence of Flux's with its revisions as people read them: `main@9d8e7f6`."""
    return _DIGEST.sub(lambda match: (match[1] or "") + match[2], text)
