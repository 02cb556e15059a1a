"""What a verdict alone does not say: the root cause, the source beside it, names near a missing one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final

from bot.core.errors import ClusterError
from bot.core.explain import Cause, Link, Needs, explain
from bot.core.kinds import BUCKET, GIT_REPOSITORY, HELM_RELEASE, HELM_REPOSITORY, KUSTOMIZATION, OCI_REPOSITORY
from bot.core.notices import Counts, NotFound, Outcome, Sourced, Stopped
from bot.core.resources import Absent, Event, Ref, Snapshot
from bot.core.veil import veiled
from bot.core.verdicts import Failed, Gone, Overtaken, Stalled, Succeeded, TimedOut, Unchanged, Verdict
from bot.flows.gate import Entered, Gate
from bot.flows.resolve import Resolve
from bot.flows.steps import Ended
from bot.ports import Clock, Clusters

LOOKED_WITHIN: Final = timedelta(hours=1)
"""How far back an event may tell when a source last looked upstream; clusters keep events about that long."""
_LOOKED: Final = frozenset({"ArtifactUpToDate", "GitOperationSucceeded", "NewArtifact", "Succeeded"})
_COUNTED: Final = (KUSTOMIZATION, HELM_RELEASE, GIT_REPOSITORY, OCI_REPOSITORY, HELM_REPOSITORY, BUCKET)


@dataclass(frozen=True, slots=True)
class Investigate:
    """Look-ups for messages. None of them may fail a request: what cannot be read is left out."""

    gate: Gate
    clusters: Clusters
    resolve: Resolve
    clock: Clock

    async def outcome(
        self, entered: Entered, target: Ref, ended: Ended, took: timedelta, fetched: Ended | None = None
    ) -> Outcome:
        """How a target ended, with everything its messages need. `fetched`: the step of its source, if it had one."""
        end = ended.end.verdict if isinstance(ended.end, Overtaken) else ended.end
        cause = None
        if ended.now is not None and isinstance(end, Failed | Stalled | TimedOut):
            cause = await self.cause(entered, target, ended.now)
        near = await self._near(entered, target) if isinstance(end, Gone) and not end.seen_before else None
        source = await self._sourced(entered, target, ended, fetched)
        told = self.told(entered, target, ended)
        return Outcome(told, took, ended.now, cause, source, near, ended.controller)

    def told(self, entered: Entered, target: Ref, ended: Ended) -> Verdict | Stopped:
        """The end, without what it tells of a source that this person may not see."""
        end = self.veil_end(entered, target, ended.end)
        source = ended.source.ref if isinstance(ended.source, Snapshot) else None
        if isinstance(end, Stopped):
            source = end.on
        if source is None or ended.now is None or self._sees(entered, target, ended.now)(source):
            return end
        return _without_source(end)

    def veil(self, entered: Entered, of: Ref, text: str) -> str:
        """Flux's own sentence, fit for this channel."""
        return veiled(text, of, lambda ref: self._may_name(entered, of, ref))

    def _may_name(self, entered: Entered, of: Ref, ref: Ref) -> bool:
        """Named by a rule, the object itself, or a source that a rule lets us patch for it."""
        if ref == of or self.gate.sees(entered, ref):
            return True
        return ref.kind.source and self.gate.sees_source(entered, ref, of)

    def veil_end(self, entered: Entered, of: Ref, end: Verdict | Stopped) -> Verdict | Stopped:
        """The same for the sentences that a verdict carries."""
        match end:
            case Failed(message=message):
                return replace(end, message=self.veil(entered, of, message))
            case Stalled(ready_message=message):
                return replace(end, ready_message=self.veil(entered, of, message))
            case TimedOut(pending=pending):
                return TimedOut(replace(pending, text=self.veil(entered, of, pending.text)))
            case Overtaken(verdict=Failed() | Stalled() as inner):
                veiled_end = self.veil_end(entered, of, inner)
                return replace(end, verdict=veiled_end) if isinstance(veiled_end, Failed | Stalled) else end
            case _:
                return end

    async def cause(
        self,
        entered: Entered,
        target: Ref,
        symptom: Snapshot,
        known: dict[Ref, Snapshot | Absent | None] | None = None,
    ) -> Cause | None:
        """The chain below a symptom, as far as this person may see it here. `known`: what was looked up already;
        what is looked up now is added."""
        cluster = self.clusters.get(symptom.ref.cluster)
        if cluster is None:
            return None
        sees = self._sees(entered, target, symptom)
        known = {} if known is None else known
        while isinstance(found := explain(symptom, known, sees), Needs):
            try:
                known[found.ref] = await cluster.get(found.ref)
            except ClusterError:
                known[found.ref] = None
        return (
            None
            if found is None
            else replace(found, links=tuple(self._veiled(entered, link) for link in found.links))
        )

    def _veiled(self, entered: Entered, link: Link) -> Link:
        return link if link.ref is None else replace(link, message=self.veil(entered, link.ref, link.message))

    def _sees(self, entered: Entered, target: Ref, symptom: Snapshot) -> Callable[[Ref], bool]:
        """Named by a rule, or a source of the target itself, which a rule may let us patch along with it."""
        own = {symptom.source, symptom.chart, *symptom.includes}
        return lambda ref: (
            self.gate.sees(entered, ref)
            or (ref.kind.source and ref in own and self.gate.sees_source(entered, ref, target))
        )

    async def _sourced(self, entered: Entered, target: Ref, ended: Ended, fetched: Ended | None) -> Sourced | None:
        source = ended.source
        if not isinstance(source, Snapshot) or ended.now is None:
            return None
        if not self._sees(entered, target, ended.now)(source.ref):
            return None
        ready = source.ready
        return Sourced(
            ref=source.ref,
            artifact=source.artifact,
            looked_at=await self._looked_at(source.ref, ended, fetched),
            ready=ready is None or ready.status != "False",
            reason=ready.reason if ready else "",
            message=ready.message if ready else "",
        )

    async def _looked_at(self, source: Ref, ended: Ended, fetched: Ended | None) -> datetime | None:
        """When it last looked upstream, which is asked where nothing came of it."""
        end = ended.end.verdict if isinstance(ended.end, Overtaken) else ended.end
        if not isinstance(end, Unchanged):
            return None
        if fetched is not None and fetched.ask is not None:
            return fetched.ask.patched_at + fetched.took
        events = await self._events(source)
        return events[-1].at if events else None

    async def _events(self, ref: Ref) -> tuple[Event, ...]:
        """What a source's events tell of its looks upstream, oldest first."""
        cluster = self.clusters.get(ref.cluster)
        if cluster is None:
            return ()
        try:
            events = await cluster.events(ref, self.clock.now() - LOOKED_WITHIN)
        except ClusterError:
            return ()
        return tuple(event for event in events if event.reason in _LOOKED)

    async def _near(self, entered: Entered, target: Ref) -> NotFound:
        cluster = self.clusters.get(target.cluster)
        if cluster is None:
            return NotFound()
        try:
            visible = await self.resolve.visible(entered, cluster, target.kind)
        except ClusterError:
            return NotFound()
        elsewhere = tuple(ref for ref in visible if ref.name == target.name)
        here = {ref.name: ref for ref in visible if ref.namespace == target.namespace}
        close = get_close_matches(target.name, here, n=3, cutoff=0.5)
        valid = () if close or elsewhere else tuple(here.values())[:5]
        return NotFound(tuple(here[name] for name in close), elsewhere[:5], valid)

    async def counts(self, entered: Entered, target: Ref) -> Counts | None:
        """What stands in the target's namespace, of what this person may see; None when it cannot be read."""
        cluster = self.clusters.get(target.cluster)
        if cluster is None:
            return None
        rows: list[tuple[str, int, int]] = []
        for kind in dict.fromkeys((target.kind, *_COUNTED)):
            try:
                snapshots = await cluster.list(kind, target.namespace)
            except ClusterError:
                continue
            seen = [each for each in snapshots if self.gate.sees(entered, each.ref)]
            if seen:
                failing = sum(1 for each in seen if each.ready is not None and each.ready.status == "False")
                rows.append((kind.name, len(seen), failing))
        return Counts(target.cluster, target.namespace, tuple(rows)) if rows else None


def _without_source(end: Verdict | Stopped) -> Verdict | Stopped:
    match end:
        case Stopped():
            return replace(end, text="", on=None)
        case Succeeded(change=change):
            return replace(end, change=replace(change, link=""))
        case Overtaken(verdict=Succeeded(change=change) as inner):
            return replace(end, verdict=replace(inner, change=replace(change, link="")))
        case _:
            return end
