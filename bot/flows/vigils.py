"""What a watch looks at, and what it sees in one look: from the caches of the cluster's own watches alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from bot.core.commands import Selection
from bot.core.kinds import ASKABLE, Kind
from bot.core.notices import Part, Slot
from bot.core.policy import Allowed
from bot.core.requests import Options, Request, Verb
from bot.core.resources import Absent, Ref, Snapshot
from bot.core.standing import Beheld, Row, Stands, stands, tallies, worst_first
from bot.flows.gate import Entered, Gate
from bot.flows.halt import Halt
from bot.flows.select import holds
from bot.flows.surveys import Surveying
from bot.flows.turns import in_steps
from bot.ports import Cached, Cluster

EXPLAINED: Final = 8
"""Objects whose root cause is looked for: so many lines are shown."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is watched: in one cluster, either these objects or whatever the selection holds."""

    cluster: str
    what: frozenset[Ref] | Selection

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Those to look through."""
        if isinstance(self.what, Selection):
            named = {pattern.kind for pattern in self.what.patterns}
            return ASKABLE if None in named else tuple(kind for kind in ASKABLE if kind in named)
        return tuple(kind for kind in ASKABLE if any(ref.kind == kind for ref in self.what))

    def holds(self, now: Snapshot) -> bool:
        if isinstance(self.what, Selection):
            return holds(self.what, now, None)
        return now.ref in self.what


@dataclass(slots=True)
class Vigil:
    """One watch while it goes on."""

    scope: Scope
    entered: Entered
    request: Request
    until: datetime
    halt: Halt
    last: Beheld
    changes: tuple[int, ...] = ()
    allowed: dict[Ref, bool] = field(default_factory=dict)
    """What the asker may read, asked once for each object."""

    @property
    def slot(self) -> Slot:
        return Slot(self.request.id, Part.ROOT)


@dataclass(frozen=True, slots=True)
class Beholding:
    """One look."""

    gate: Gate
    surveying: Surveying

    async def objects(self, vigil: Vigil, caches: tuple[Cached, ...]) -> tuple[Snapshot, ...]:
        """What is watched, as it stands."""
        vigil.changes = tuple(cache.changes for cache in caches)
        return tuple(
            [
                each
                for cache in caches
                async for each in in_steps(cache.objects)
                if vigil.scope.holds(each) and self._allowed(vigil, each.ref)
            ]
        )

    def _allowed(self, vigil: Vigil, ref: Ref) -> bool:
        if ref not in vigil.allowed:
            decision = self.gate.decide(vigil.entered, Verb.STATUS, ref, Options())
            vigil.allowed[ref] = isinstance(decision, Allowed)
        return vigil.allowed[ref]

    async def beheld(self, vigil: Vigil, objects: tuple[Snapshot, ...], *, last: Beheld) -> Beheld:
        by_ref: dict[Ref, Snapshot] = {each.ref: each for each in objects}
        unready = [each for each in objects if stands(each) in (Stands.FAILING, Stands.RECONCILING)]
        rows = worst_first(self.surveying.plain(vigil.entered, each) for each in unready)
        failing = [row for row in rows if row.stands is Stands.FAILING]
        known: dict[Ref, Snapshot | Absent | None] = dict(by_ref)
        told: list[Row] = [
            await self.surveying.row(vigil.entered, by_ref[row.ref], known) for row in failing[:EXPLAINED]
        ]
        rest = [*failing[EXPLAINED:], *(row for row in rows if row.stands is Stands.RECONCILING)]
        return replace(last, counts=tallies(objects), rows=(*told, *rest), blind=False)


def caches_of(scope: Scope, cluster: Cluster) -> tuple[Cached, ...] | None:
    """What the cluster's watches show of the kinds in question; None while that is not to be relied on."""
    caches = tuple(cluster.cached(kind) for kind in scope.kinds)
    known = tuple(cache for cache in caches if cache is not None)
    return known if len(known) == len(caches) else None
