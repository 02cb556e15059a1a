"""Durations as Go writes and reads them: `1h0m0s`, `59m30s`, `5.007s`, `22.145ms`."""

import re
from collections.abc import Mapping
from typing import Final

_UNITS: Final[Mapping[str, float]] = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|us|µs|ns|h|m|s)")


def seconds(text: object, default: float) -> float:
    """Seconds; the default for what is missing or no duration."""
    if not isinstance(text, str) or not (parts := _PART.findall(text)):
        return default
    return float(sum(float(number) * _UNITS[unit] for number, unit in parts))


def written(length: float) -> str:
    """As Go's Duration.String() writes it, to the nanosecond."""
    nanoseconds = round(length * 1e9)
    if nanoseconds < 1_000_000_000:
        return _small(nanoseconds)
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    hours, minutes = whole // 3600, whole // 60 % 60
    text = f"{whole % 60}{_fraction(rest, 9)}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _small(nanoseconds: int) -> str:
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < 1_000:
        return f"{nanoseconds}ns"
    if nanoseconds < 1_000_000:
        return f"{nanoseconds // 1_000}{_fraction(nanoseconds % 1_000, 3)}µs"
    return f"{nanoseconds // 1_000_000}{_fraction(nanoseconds % 1_000_000, 6)}ms"


def _fraction(rest: int, digits: int) -> str:
    text = f"{rest:0{digits}d}".rstrip("0")
    return f".{text}" if text else ""
