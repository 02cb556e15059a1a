"""Spans of time as people write them: `30s`, `5m`, `1m30s`, `1h`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

_SPAN: Final = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")


def parse_span(text: str) -> timedelta | None:
    """The span, or None when the text is none. A bare number has no unit, so it is none either."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None or not match[0]:
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def print_span(span: timedelta) -> str:
    """The shortest text that parses back to the span, in whole seconds."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
