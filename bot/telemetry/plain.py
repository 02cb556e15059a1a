"""Values as a log line may hold them: plain, masked, bounded."""

from __future__ import annotations

import logging
import math
import re
import traceback
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from bot.core.secrets import MASK, mask

_LONGEST: Final = 4_000
_READ: Final = 64_000
"""Of a text this much is looked at: a secret cut by it lies far behind what is shown."""
_SENTENCE: Final = 300
_ITEMS: Final = 50
_DEPTH: Final = 4
_FRAMES: Final = 30

_SECRET_KEY: Final = re.compile(
    r"(?i)authorization|password|passwd|cookie|secret$|private_key|signing|response_url|(bot|app|access|refresh)_token"
)
_OBEYED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line and paragraph separators, changes of writing direction, halves of characters."""
_BODY: Final = re.compile(r"[{\[<(]|payload=|token=|body", re.IGNORECASE)


def plain(value: object, key: str = "", depth: int = _DEPTH) -> object:
    """The value as JSON may hold it. What is no text, number, time or collection is shown as its own `str`."""
    if key and _SECRET_KEY.search(key):
        return MASK
    match value:
        case None | bool():
            return value
        case Enum():
            return value.name.lower()
        case int() | float():
            return _number(value)
        case str():
            return text(value)
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping() if depth:
            pairs = [(text(str(name)), each) for name, each in list(value.items())[:_ITEMS]]
            return {name: plain(each, name, depth - 1) for name, each in pairs}
        case list() | tuple() | set() | frozenset() if depth:
            return [plain(each, "", depth - 1) for each in _some(value)]
        case _:
            return text(printed(value))


def text(raw: str, longest: int = _LONGEST) -> str:
    """Masked, then cut; what a terminal or a reader of lines may obey becomes �, line ends and tabs excepted (JSON
    escapes those)."""
    readable = _OBEYED.sub("\ufffd", mask(raw[:_READ])[: longest + 1])
    return readable if len(readable) <= longest else f"{readable[: longest - 1]}…"


def foreign_sentence(record: logging.LogRecord) -> str:
    """The first line of a library's record up to where a body might begin, and the kind of error it carries."""
    try:
        said = record.getMessage()
    except (TypeError, ValueError, KeyError):
        said = str(record.msg)
    first = said.lstrip().split("\n", 1)[0]
    body = _BODY.search(first)
    sentence = text(first[: body.start()].rstrip() + " …" if body else first, _SENTENCE)
    error = record.exc_info[1] if record.exc_info else None
    return sentence if error is None else f"{sentence}: {type(error).__name__}"


def trace(error: BaseException) -> list[str]:
    """Where an error came from, innermost last: file, line and function, without source lines or values."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]


def chain(error: BaseException) -> list[str]:
    """The error and what it was raised from, outermost first, each as `Kind: text`."""
    links: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(links) < _ITEMS:
        links.append(f"{type(seen).__name__}: {printed(seen)}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return links


def _number(value: float) -> object:
    """Numbers that every reader of JSON can hold; others as text."""
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else str(value)
    return round(value, 6) if math.isfinite(value) else str(value)


def _some(values: Iterable[object]) -> list[object]:
    ordered = sorted(values, key=str) if isinstance(values, set | frozenset) else list(values)
    return ordered[:_ITEMS]


def printed(value: object) -> str:
    """`str(value)`, whatever its `__str__` does."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a value whose __str__ fails is still worth its type
        return f"<{type(value).__name__}>"
