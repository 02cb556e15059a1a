"""Lists and counts, cut so that what matters stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.notices import Counts
from bot.core.resources import Condition, Event
from bot.core.revisions import Change, parse_inventory_id, short
from bot.core.veil import HIDDEN as VEILED
from bot.wording.figures import counted, listed, plural
from bot.wording.foreign import ELLIPSIS, cut_end, flat, foreign, quote
from bot.wording.names import HIDDEN

NAMES: Final = 12
"""Names of an inventory in one list."""
_MESSAGE: Final = 600
_KEPT: Final = "removed from Git, kept in the cluster (prune is off)"
_HEALTH: Final = re.compile(r"([^\s\[,]{1,400}) status: '(\w{1,40})'")


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """An object that a health check waited for: `Deployment/shop/web` and kstatus' word for it."""

    id: str
    status: str

    @property
    def veiled(self) -> bool:
        """It may not be named here."""
        return VEILED in self.id

    def __str__(self) -> str:
        return f"{HIDDEN if self.veiled else self.id} {self.status}"


def health_items(message: str) -> tuple[Unhealthy, ...]:
    """The objects a health check names, failed ones first; empty for any other message."""
    if "health check" not in message.lower() and "timeout waiting for" not in message.lower():
        return ()
    found = [
        Unhealthy(quote(match[1], 200), match[2])
        for match in _HEALTH.finditer(message)
        if VEILED in match[1] or (match[1].count("/") in (1, 2) and all(match[1].split("/")))
    ]
    return tuple(sorted(found, key=lambda each: each.status != "Failed"))


def inventory(change: Change, kept: bool = False, most: int = NAMES) -> tuple[str, ...]:
    """`2 created: Deployment/shop/worker, ConfigMap/shop/flags`; one line per direction, none where nothing is."""
    rows = ((change.created, "created"), (change.removed, _KEPT if kept else "removed"))
    return tuple(f"{len(ids):,} {word}: {_objects(ids, most)}" for ids, word in rows if ids)


def _objects(ids: Sequence[str], most: int) -> str:
    return listed([quote(str(parse_inventory_id(each)), 120) for each in ids], most)


def sums(change: Change, kept: bool = False) -> str:
    """`2 created · 1 removed`; empty when nothing is known. `kept`: what was removed is still in the cluster."""
    rows = ((len(change.created), "created"), (len(change.removed), _KEPT if kept else "removed"))
    told = [f"{number:,} {word}" for number, word in rows if number]
    # Of the same revision it would read as if nothing had changed at all.
    if not told and change.counted and change.before != change.after:
        return "no object created or removed"
    return " · ".join(told)


def from_to(before: str, after: str) -> str:
    """`main@3f2a1bc → main@9d8e7f6`; only the new one where there was none before or it is the same."""
    new = cut_end(flat(foreign(short(after))), 60) if after else ""
    old = cut_end(flat(foreign(short(before))), 60) if before else ""
    if not old or old == new:
        return new
    return f"{old} → {new}" if new else old


def counts(counted_kinds: Counts) -> str:
    """`9 Kustomizations (1 failing), 3 HelmReleases`; failing kinds first."""
    rows = sorted(counted_kinds.kinds, key=lambda row: row[2] == 0)
    told = [counted(total, kind, plural(kind)) + (f" ({bad:,} failing)" if bad else "") for kind, total, bad in rows]
    return ", ".join(told)


def conditions(rows: Sequence[Condition]) -> str:
    """One condition a line, those that are not well first."""
    bad = sorted(rows, key=_well)
    return "\n".join(filter(None, (_condition(row) for row in bad)))


def _well(row: Condition) -> bool:
    return (row.status == "True") == (row.type not in {"Stalled", "Reconciling"})


def _condition(row: Condition) -> str:
    since = f" (since {row.changed_at:%H:%M:%S} UTC)" if row.changed_at else ""
    head = flat(foreign(f"{row.type} {row.status} {row.reason}"))
    return f"{head}{since}: {_body(row.message)}" if row.message else f"{head}{since}"


def events(rows: Sequence[Event]) -> str:
    """One event a line, as time went."""
    return "\n".join(_event(row) for row in rows)


def _event(row: Event) -> str:
    sign = "Warning " if row.warning else ""
    times = f" ({row.count:,} times)" if row.count > 1 else ""
    return f"{row.at:%H:%M:%S} {sign}{flat(foreign(row.reason))}{times}: {_body(row.message)}"


def _body(message: str) -> str:
    text = foreign(message).strip()
    if len(text) <= _MESSAGE:
        return text
    kept = _MESSAGE * 2 // 3
    tail = _MESSAGE - kept
    return f"{text[:kept]} {ELLIPSIS} {len(text) - _MESSAGE:,} characters {ELLIPSIS} {text[-tail:]}"
