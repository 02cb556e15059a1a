"""One object in full: what it is, how it stands, what holds it up, what happened to it last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from bot.core.errors import ClusterError
from bot.core.judge import as_it_stands
from bot.core.resources import Absent, Controller, Event, Ref, Snapshot
from bot.core.standing import Portrait, Row, Stands, stands
from bot.core.verdicts import Failed, Stalled
from bot.flows.gate import Entered, Gate
from bot.flows.investigate import Investigate
from bot.flows.resolve import Resolve
from bot.flows.surveys import Surveying
from bot.ports import Clock, Cluster, Clusters

EVENTS: Final = 8
EVENTS_WITHIN: Final = timedelta(hours=1)
"""Clusters keep events about that long."""

Known = dict[Ref, Snapshot | Absent | None]


@dataclass(frozen=True, slots=True)
class Portraying:
    """Looks an object and its surroundings up. Only the object itself has to be readable."""

    gate: Gate
    clusters: Clusters
    resolve: Resolve
    investigate: Investigate
    surveying: Surveying
    clock: Clock

    async def portrait(self, entered: Entered, ref: Ref) -> Portrait:
        """Raises ClusterError when the object cannot be read."""
        cluster = self.clusters.get(ref.cluster)
        if cluster is None:
            return Portrait(ref)
        found = await cluster.read(ref)
        if isinstance(found, Absent):
            return Portrait(ref, nearest=await self._near(entered, cluster, ref))
        known: Known = {}
        portrait = await self._causes(entered, found, known)
        portrait = await self._origin(entered, cluster, portrait, found, known)
        waits_for, lost, hidden = await self._dependencies(entered, cluster, found, known)
        return replace(
            portrait,
            waits_for=waits_for,
            lost=lost,
            hidden=hidden,
            events=await self._events(entered, cluster, ref),
            controller=await self._controller(cluster, found),
        )

    async def _causes(self, entered: Entered, found: Snapshot, known: Known) -> Portrait:
        end = as_it_stands(found, self.clock.now())
        veiled = None
        if end is not None:
            fit = self.investigate.veil_end(entered, found.ref, end)
            veiled = fit if isinstance(fit, Failed | Stalled) else None
        cause = None if end is None else await self.investigate.cause(entered, found.ref, found, known)
        return Portrait(found.ref, self._veiled(entered, found), veiled, cause)

    def _veiled(self, entered: Entered, found: Snapshot) -> Snapshot:
        ref, veil = found.ref, self.investigate.veil
        conditions = (replace(each, message=veil(entered, ref, each.message)) for each in found.conditions)
        return replace(found, conditions=tuple(conditions))

    async def _origin(
        self, entered: Entered, cluster: Cluster, portrait: Portrait, found: Snapshot, known: Known
    ) -> Portrait:
        """The chart of a release, which holds what it installs; else its source."""
        ref = found.chart or found.source
        if ref is None:
            return portrait
        if not (self.gate.sees(entered, ref) or self.gate.sees_source(entered, ref, found.ref)):
            return replace(portrait, source_hidden=True)
        source = await self._get(cluster, ref, known)
        return replace(portrait, source=self._veiled(entered, source) if source is not None else None)

    async def _dependencies(
        self, entered: Entered, cluster: Cluster, found: Snapshot, known: Known
    ) -> tuple[tuple[Row, ...], tuple[Ref, ...], int]:
        refs = tuple(each.ref for each in found.depends_on)
        visible = tuple(ref for ref in refs if self.gate.sees(entered, ref))
        rows, lost = [], []
        for ref in visible:
            now = await self._get(cluster, ref, known)
            if now is not None:
                rows.append(replace(await self.surveying.row(entered, now, known), cause=None))
            elif isinstance(known[ref], Absent):
                lost.append(ref)
        return tuple(rows), tuple(lost), len(refs) - len(visible)

    async def _get(self, cluster: Cluster, ref: Ref, known: Known) -> Snapshot | None:
        if ref not in known:
            try:
                known[ref] = await cluster.get(ref)
            except ClusterError:
                known[ref] = None
        found = known[ref]
        return found if isinstance(found, Snapshot) else None

    async def _events(self, entered: Entered, cluster: Cluster, ref: Ref) -> tuple[Event, ...]:
        try:
            events = await cluster.events(ref, self.clock.now() - EVENTS_WITHIN)
        except ClusterError:
            return ()
        return tuple(
            replace(each, message=self.investigate.veil(entered, ref, each.message)) for each in events[-EVENTS:]
        )

    async def _controller(self, cluster: Cluster, found: Snapshot) -> Controller | None:
        """Only of an object that is not well, and only one that is down: then nothing else matters."""
        if stands(found) in (Stands.READY, Stands.SUSPENDED):
            return None
        try:
            controller = await cluster.controller(found.ref.kind)
        except ClusterError:
            return None
        return controller if isinstance(controller, Controller) and controller.down else None

    async def _near(self, entered: Entered, cluster: Cluster, ref: Ref) -> tuple[Ref, ...]:
        try:
            visible = await self.resolve.visible(entered, cluster, ref.kind)
        except ClusterError:
            return ()
        same = [each for each in visible if each.name == ref.name]
        close = get_close_matches(ref.name, {each.name for each in visible}, n=3, cutoff=0.5)
        return tuple(dict.fromkeys((*same, *(each for each in visible if each.name in close))))[:5]
