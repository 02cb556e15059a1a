"""What stops a request before it is sent, one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.core.chain import feeds
from bot.core.errors import ClusterError
from bot.core.kinds import HELM_RELEASE
from bot.core.notices import Stop, Stopped
from bot.core.requests import Options, Step
from bot.core.resources import Absent, Ref, Snapshot
from bot.core.verdicts import Deleting, Gone, Static, Suspended, Verdict
from bot.ports import Cluster

SEEN_RUNNING: Final = timedelta(minutes=1)
"""For so long a controller that ran counts as running: one that is stopped meanwhile is named while it is waited
for, and the steps of a request, or the objects of a selection, need no look each."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """Looks before a patch; an object that cannot be looked at raises, what is merely unknown stops nothing."""

    cluster: Cluster

    async def check(self, options: Options, step: Step, found: Snapshot | Absent) -> Verdict | Stopped | None:
        """What stops a request before it is sent, one sentence each; None when nothing does."""
        ref = step.ref
        if isinstance(found, Absent):
            return await self._absent(ref)
        if found.static or ref.kind.static:
            return Static()
        if found.deleting:
            return Deleting(found.finalizers)
        if found.suspended:
            return Suspended(found.suspended_by)
        if self.cluster.frozen:
            return Stopped(Stop.READ_ONLY, self.cluster.frozen)
        if _out_of_retries(found, options):
            return Stopped(Stop.RETRIES_EXHAUSTED, _stalled_text(found))
        down = await self._controller_down(found)
        if down is not None:
            return down
        return await self._source_empty(options, found)

    async def _absent(self, ref: Ref) -> Verdict | Stopped:
        if not await self.cluster.serves(ref.kind):
            return Stopped(Stop.NO_KIND)
        if not await self.cluster.has_namespace(ref.namespace):
            return Stopped(Stop.NO_NAMESPACE)
        return Gone(seen_before=False)

    async def _controller_down(self, found: Snapshot) -> Stopped | None:
        if found.label("sharding.fluxcd.io/key"):
            return None  # another Deployment runs it, under a name we cannot know
        try:
            controller = await self.cluster.controller(found.ref.kind, SEEN_RUNNING)
        except ClusterError:
            return None  # unknown stops nothing
        if isinstance(controller, Absent):
            return Stopped(Stop.CONTROLLER_ABSENT, found.ref.kind.controller)
        if controller is not None and controller.replicas == 0:
            return Stopped(Stop.CONTROLLER_DOWN, controller.name)
        return None

    async def _source_empty(self, options: Options, found: Snapshot) -> Stopped | None:
        """A failing source stops a request only if it has nothing to apply and nobody asked to fetch."""
        feeder = feeds(found)
        if feeder is None or options.with_source:
            return None
        try:
            source = await self.cluster.get(feeder)
        except ClusterError:
            return None  # Flux can read it although we may not
        if not isinstance(source, Snapshot) or source.static or source.artifact is not None:
            return None
        ready = source.ready
        if ready is None or ready.status != "False":
            return None
        return Stopped(Stop.SOURCE_EMPTY, f"{ready.reason}: {ready.message}", on=feeder)


def _out_of_retries(found: Snapshot, options: Options) -> bool:
    """A plain request does nothing for such a release; a new chart, a new spec, force or reset would."""
    if found.ref.kind != HELM_RELEASE or options.force or options.reset or options.with_source:
        return False
    stalled = found.condition("Stalled")
    if stalled is None or stalled.status != "True" or stalled.reason != "RetriesExceeded":
        return False
    return (stalled.observed or 0) >= found.generation


def _stalled_text(found: Snapshot) -> str:
    stalled, ready = found.condition("Stalled"), found.ready
    return ": ".join(each.message for each in (stalled, ready) if each is not None and each.message)
