"""What is wrong with a file or a variable, as values; how their foreign words are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

_LONGEST_WORD: Final = 60


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a file. `line` counts from 1; 0 when the file as a whole is meant."""

    line: int
    field: str
    """The way to it, as `channels.C0SHOP.rules[0].who`; empty for the whole file."""
    text: str
    """A sentence for a person, safe to print."""


def printable(text: str, longest: int) -> str:
    """A foreign text cut to `longest` characters; what does not print is written as an escape.

    Escapes are long: where most of it is escapes, they are cut as well, to three times that.
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    told = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)
    return told if len(told) <= 3 * longest else told[: 3 * longest - 1] + "…"


def shown(word: str) -> str:
    """A foreign word in quotes, at most 60 characters of it."""
    return f'"{printable(word, _LONGEST_WORD)}"'


def nearest_word(word: str, valid: Iterable[str]) -> str | None:
    """The valid word that was probably meant, whatever its capitals; None when none is close."""
    by_lower = {each.lower(): each for each in valid}
    close = get_close_matches(word[:_LONGEST_WORD].lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def nearest(word: str, valid: Iterable[str]) -> str:
    """A half sentence that names what was probably meant, or nothing."""
    meant = nearest_word(word, valid)
    return f'; did you mean "{meant}"?' if meant else ""


def listed(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = tuple(words)
    return f"{', '.join(most)} or {last}" if most else last
