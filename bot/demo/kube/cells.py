"""How values look in the columns of `kubectl get`."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.resources import Cell, Column

_STEP: Final = re.compile(r'\.([\w-]+)(?:\[\?\(@\.(\w+)=="([^"]*)"\)\])?')

_READY: Final = '.status.conditions[?(@.type=="Ready")]'


def from_path(name: str, json_path: str, type_: str = "string") -> Column:
    """A column of a custom resource; the path may have plain steps and one filter, `.a.b[?(@.type=="Ready")].c`."""
    steps = tuple((step, key, word) for step, key, word in _STEP.findall(json_path))

    def cell(obj: Json, now: datetime) -> object:
        value = _walk(obj, steps)
        return age(value, now) if type_ == "date" and isinstance(value, str) else value

    return Column(name, cell, type_, json_path=json_path)


def _walk(value: object, steps: Sequence[tuple[str, str, str]]) -> object:
    for step, key, word in steps:
        value = value.get(step) if isinstance(value, dict) else None
        if key:
            rows = value if isinstance(value, list) else []
            value = next((row for row in rows if isinstance(row, dict) and row.get(key) == word), None)
    return value if isinstance(value, str | int | float | bool) else None


AGE: Final = from_path("Age", ".metadata.creationTimestamp", "date")
READY: Final = from_path("Ready", f"{_READY}.status")
STATUS: Final = from_path("Status", f"{_READY}.message")


def age(stamp: object, now: datetime) -> str:
    """The time since an RFC 3339 stamp as kubectl writes it; `<unknown>` without one."""
    try:
        return span(now - datetime.fromisoformat(str(stamp)))
    except (ValueError, TypeError):
        return "<unknown>"


def span(passed: timedelta) -> str:
    """`119s`, `9m59s`, `179m`, `7h59m`, `47h`, `7d23h`, `729d`, `7y364d`, `8y`: fewer digits the longer ago."""
    seconds = int(passed.total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 0:
        return "0s" if seconds >= -1 else "<invalid>"
    for below, text in (
        (seconds < 120, f"{seconds}s"),
        (minutes < 10, _two(minutes, "m", seconds % 60, "s")),
        (hours < 3, f"{minutes}m"),
        (hours < 8, _two(hours, "h", minutes % 60, "m")),
        (hours < 48, f"{hours}h"),
        (days < 8, _two(days, "d", hours % 24, "h")),
        (days < 730, f"{days}d"),
        (days < 8 * 365, _two(days // 365, "y", days % 365, "d")),
    ):
        if below:
            return text
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}" + (f"{small}{small_unit}" if small else "")


def dig(obj: object, *steps: str | int) -> object:
    """What lies at the end of keys and indexes; None where the way breaks off."""
    for step in steps:
        if isinstance(step, str):
            obj = obj.get(step) if isinstance(obj, Mapping) else None
        else:
            obj = obj[step] if isinstance(obj, list) and len(obj) > step else None
    return obj


def plain(*steps: str | int, default: object = "") -> Cell:
    """A cell that shows what lies there, or the default."""

    def cell(obj: Json, now: datetime) -> object:
        del now
        value = dig(obj, *steps)
        return default if value is None else value

    return cell
