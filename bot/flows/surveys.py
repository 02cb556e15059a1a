"""How a selection stands in one cluster: counts, and a row for each object that is not well."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.core.commands import Selection
from bot.core.errors import ClusterError
from bot.core.requests import Verb
from bot.core.resources import Absent, Ref, Snapshot
from bot.core.standing import Row, Stands, Survey, stands, tallies, worst_first
from bot.flows.gate import Entered
from bot.flows.investigate import Investigate
from bot.flows.select import Select, Selected
from bot.flows.turns import in_steps
from bot.ports import Clock, Clusters


@dataclass(frozen=True, slots=True)
class Surveying:
    """Looks, within a time, and never raises what a cluster raises."""

    clusters: Clusters
    select: Select
    investigate: Investigate
    clock: Clock

    async def survey(self, entered: Entered, name: str, selection: Selection, seconds: float) -> Survey:
        """What the selection holds there, as far as this person may see it; its wish for failing ones aside."""
        cluster = self.clusters.get(name)
        if cluster is None:
            return Survey(name, error=f"{name}: the bot has no such cluster")
        whole = replace(selection, failing=False)
        try:
            async with self.clock.timeout(seconds):
                found = await self.select.objects(entered, cluster, whole, Verb.STATUS, None)
                return await self._told(entered, name, found)
        except TimeoutError:
            return Survey(name, error=f"{name}: no answer within {seconds:g} s")
        except ClusterError as error:
            return Survey(name, error=str(error))

    async def _told(self, entered: Entered, name: str, found: Selected) -> Survey:
        rows = await self.rows(entered, found.objects)
        return Survey(
            name,
            tallies(found.objects),
            failing=worst_first(row for row in rows if row.stands is Stands.FAILING),
            suspended=tuple(row for row in rows if row.stands is Stands.SUSPENDED),
            reconciling=worst_first(row for row in rows if row.stands is Stands.RECONCILING),
            hidden=found.hidden,
        )

    async def rows(self, entered: Entered, objects: tuple[Snapshot, ...]) -> tuple[Row, ...]:
        """One for each that is not ready, in the order of the objects; failing ones with their root cause."""
        known: dict[Ref, Snapshot | Absent | None] = {each.ref: each for each in objects}
        unready = [each for each in objects if stands(each) is not Stands.READY]
        return tuple([await self.row(entered, each, known) async for each in in_steps(unready)])

    async def row(self, entered: Entered, now: Snapshot, known: dict[Ref, Snapshot | Absent | None]) -> Row:
        """How one object stands. `known`: what was looked up already."""
        row = self.plain(entered, now)
        if row.stands is not Stands.FAILING:
            return row
        return replace(row, cause=await self.investigate.cause(entered, now.ref, now, known))

    def plain(self, entered: Entered, now: Snapshot) -> Row:
        """The same without a root cause: that takes look-ups."""
        ready, stalled = now.ready, now.condition("Stalled")
        given_up = stalled.reason if stalled is not None and stalled.status == "True" else ""
        row = Row(now.ref, stands(now), by=now.suspended_by, stalled=given_up)
        if ready is None:
            return row
        message = self.investigate.veil(entered, now.ref, ready.message)
        return replace(row, reason=ready.reason, message=message, since=ready.changed_at)
