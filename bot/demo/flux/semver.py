"""Versions and the ranges that Helm charts and OCI tags are chosen by (docs/flux.md)."""

import re
from typing import Final

_VERSION: Final = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_CLAUSE: Final = re.compile(r"(>=|<=|>|<|=|\^|~)?\s*v?([0-9xX*]+(?:\.[0-9xX*]+)*(?:-[0-9A-Za-z.-]+)?)")

Order = tuple[int, int, int, bool, str]


def order(version: str) -> Order | None:
    """A key to sort by; a pre-release comes before its release. None for what is no version."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return None
    major, minor, patch, pre = found.groups()
    return int(major), int(minor or 0), int(patch or 0), pre is None, pre or ""


def newest(versions: list[str], wanted: str) -> str | None:
    """The newest version that fits a range; pre-releases only if the range names one."""
    if wanted in versions:
        return wanted
    sound = [(key, version) for version in versions if (key := order(version)) is not None]
    fitting = [(key, version) for key, version in sound if _fits(key, wanted) and (key[3] or "-" in wanted)]
    return max(fitting)[1] if fitting else None


def _fits(version: Order, wanted: str) -> bool:
    text = wanted.strip() or "*"
    if any(_CLAUSE.sub("", part).strip(" ,") for part in text.split("||")):
        return False
    return any(all(_clause(version, *each) for each in _CLAUSE.findall(part)) for part in text.split("||"))


def _clause(version: Order, sign: str, bound: str) -> bool:
    parts = re.split(r"[.-]", bound)
    numbers = [int(part) for part in parts[:3] if part.isdigit()]
    low = (*numbers, 0, 0, 0)[:3]
    mine = version[:3]
    match sign:
        case ">=":
            return mine >= low
        case "<=":
            return mine <= low
        case ">":
            return mine > low
        case "<":
            return mine < low
        case "^":
            kept = next((index for index, number in enumerate(low) if number), 0)
            return mine >= low and mine[: kept + 1] == low[: kept + 1]
        case "~":
            kept = min(len(numbers), 2)
            return mine >= low and mine[:kept] == low[:kept]
        case _:
            return mine[: len(numbers)] == low[: len(numbers)]
