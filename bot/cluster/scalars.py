"""Single values of the wire: times, durations, URLs, texts. Total: what is odd is None, empty or cut."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from sys import intern
from typing import Final

_TEXT_LIMIT: Final = 32_768
"""Characters of any one text; the API allows a condition's message no more."""
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_SPAN: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})(h|ms|m|s|us|µs|μs|ns)")
_USERINFO: Final = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#]*@")


def moment(written: str | None) -> datetime | None:
    """An RFC 3339 time as aware UTC, cut to microseconds; None for anything else.

    So is a time before 1970: Go writes the year 1 for a time that was never set.
    """
    if written is None or len(written) > 64:
        return None
    try:
        read_as = datetime.fromisoformat(written)
        return read_as.astimezone(UTC) if read_as.tzinfo is not None and read_as.timestamp() >= 0 else None
    except (ValueError, OverflowError):
        return None


def duration(written: str | None) -> timedelta | None:
    """Go's `1h30m0s`; None for what is none, for negative ones and for those beyond counting."""
    if written is None or len(written) > 64:
        return None
    if written == "0":
        return timedelta(0)
    spans = _SPAN.findall(written)
    if not spans or "".join(number + unit for number, unit in spans) != written:
        return None
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in spans))
    except OverflowError:
        return None


def without_credentials(url: str) -> str:
    """The URL without user, password, query and fragment: each may hold a secret."""
    bare = _USERINFO.sub(r"\1", url)
    return text(re.split(r"[?#]", bare, maxsplit=1)[0]) if "://" in bare else text(bare)


def text(value: str | None) -> str:
    """The text, empty for none, cut to what the API allows."""
    return "" if value is None else value[:_TEXT_LIMIT]


def word(value: str | None) -> str:
    """A text that thousands of objects share, kept once."""
    return intern(value[:256]) if value else ""
