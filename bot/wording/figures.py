"""Numbers with their units."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

_UNITS: Final = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s"))


def duration(length: float | timedelta) -> str:
    """Seconds as people say them: `0.4 s`, `12 s`, `4 m 10 s`, `3 d 2 h`: two units at most."""
    seconds = max(length.total_seconds() if isinstance(length, timedelta) else length, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for unit, sign, smaller, small_sign in _UNITS:
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {sign}" + (f" {rest} {small_sign}" if rest else "")
    return f"{whole} s"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 object`, `12 objects`."""
    return f"{number:,} {one if number == 1 else many or plural(one)}"


def plural(word: str) -> str:
    """Of an English noun or a kind: `HelmReleases`, `GitRepositories`."""
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def listed(names: Sequence[str], most: int) -> str:
    """`a, b, c`, or `a, b … and 12 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} … and {len(names) - most:,} more"
