"""Durations as Go writes them (`90s`, `1m30s`, `1.5h`), which is how Flux and its CLI spell a timeout; and how
long ago something was, where people count in days and weeks."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

_PART: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,9}))?(ms|h|m|s)")
_WHOLE: Final = re.compile(rf"(?:{_PART.pattern})+")
_MICROSECONDS: Final[dict[str, int]] = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000}
_LONGEST: Final = 64
_DAYS: Final = re.compile(r"(?:([0-9]{1,4})w)?(?:([0-9]{1,5})d)?(.*)")
_YEARS: Final = timedelta(days=36_500)


def duration(text: str) -> timedelta | None:
    """The duration, to the microsecond; None for what is none: no unit, a sign, more than a century."""
    lowered = text.lower()
    if len(lowered) > _LONGEST or not _WHOLE.fullmatch(lowered):
        return None
    total = 0
    for whole, fraction, unit in _PART.findall(lowered):
        scale = _MICROSECONDS[unit]
        total += int(whole) * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)
    return timedelta(microseconds=total) if total <= _YEARS // timedelta(microseconds=1) else None


def printed_duration(value: timedelta) -> str:
    """What `duration` reads back to the same value: `1h`, `1m30s`, `10.5s`. Not for negative ones."""
    seconds, microseconds = divmod(value // timedelta(microseconds=1), 1_000_000)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
    if microseconds:
        return f"{text}{seconds}.{microseconds:06d}".rstrip("0") + "s"
    return f"{text}{seconds}s" if seconds or not text else text


def span(text: str) -> timedelta | None:
    """The same with weeks and days in front: `7d`, `2w`, `1d12h`; None for what is none."""
    found = _DAYS.fullmatch(text.lower())
    if found is None or not text:
        return None
    weeks, days, rest = found.groups()
    clock = duration(rest) if rest else timedelta(0)
    whole = timedelta(weeks=int(weeks or 0), days=int(days or 0))
    return None if clock is None or whole + clock > _YEARS else whole + clock


def printed_span(value: timedelta) -> str:
    """What `span` reads back to the same value: `7d`, `1d12h`. Not for negative ones."""
    rest = value - timedelta(days=value.days)
    days = f"{value.days}d" if value.days else ""
    return f"{days}{printed_duration(rest)}" if rest or not days else days
