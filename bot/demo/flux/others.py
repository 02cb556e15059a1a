"""The rarer kinds: images, artifact generators and flux-operator's, each in its simple true form.

They always succeed at once: what a request for them shows is when and how their token is handled (docs/flux.md, Kinds
and What a watcher sees).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.demo.flux import conditions, durations, kinds
from bot.demo.flux.api import NotFound
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import READY, RECONCILING, SUCCEEDED
from bot.demo.flux.contents import digest
from bot.demo.flux.kinds import Kind
from bot.demo.flux.knobs import IMAGE_AUTOMATION, IMAGE_REFLECTOR, OPERATOR, WATCHER
from bot.demo.flux.outcomes import Again, Outcome, Rest
from bot.demo.flux.shapes import (
    FORCED,
    REQUESTED,
    Json,
    Key,
    add_finalizer,
    annotations,
    clone,
    deleting,
    generation,
    handled,
    has_finalizer,
    observed,
    remove_finalizer,
    requested,
    spec,
    status,
    suspended,
)

_WORKS: Final = 0.02
_OFF: Final[Mapping[str, str]] = {
    "fluxcd.controlplane.io": "fluxcd.controlplane.io/reconcile",
    "source.extensions.fluxcd.io": "source.extensions.fluxcd.io/reconcile",
}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind shows its runs.

    `drifts` turns Ready Unknown while it works, as flux-operator does; otherwise Ready keeps its old value, as with
    sources. `observes` keeps `status.observedGeneration`; `mute` does not even handle a token while it is suspended.
    """

    kind: Kind
    reason: str
    message: str
    drifts: bool = False
    observes: bool = True
    mute: bool = False


MANNERS: Final = (
    Manner(kinds.IMAGE_REPOSITORY, SUCCEEDED, "successful scan: found 3 tags with checksum 1834294112"),
    Manner(kinds.IMAGE_POLICY, SUCCEEDED, "Latest image tag resolved to 1.0.0"),
    Manner(kinds.IMAGE_AUTOMATION, SUCCEEDED, "repository up-to-date", mute=True),
    Manner(kinds.GENERATOR, SUCCEEDED, "reconciliation succeeded", drifts=True, observes=False),
    Manner(kinds.INSTANCE, "ReconciliationSucceeded", "Reconciliation finished", drifts=True, observes=False),
    Manner(kinds.RESOURCE_SET, "ReconciliationSucceeded", "Reconciliation finished", drifts=True, observes=False),
    Manner(kinds.INPUT_PROVIDER, "ReconciliationSucceeded", "Reconciliation finished", drifts=True, observes=False),
)


OTHERS: Final[Mapping[str, Sequence[Kind]]] = {
    IMAGE_REFLECTOR: (kinds.IMAGE_REPOSITORY, kinds.IMAGE_POLICY),
    IMAGE_AUTOMATION: (kinds.IMAGE_AUTOMATION,),
    WATCHER: (kinds.GENERATOR,),
    OPERATOR: (kinds.INSTANCE, kinds.RESOURCE_SET, kinds.INPUT_PROVIDER),
}
"""Who takes care of them; these controllers are extras (`knobs.EXTRA`)."""


class OtherReconciler:
    """Runs over the objects of one such kind."""

    watched: Sequence[Kind] = ()

    def __init__(self, manner: Manner) -> None:
        self._manner = manner

    @property
    def kind(self) -> Kind:
        return self._manner.kind

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]:
        return ()

    async def run(self, attempt: Attempt) -> Outcome:
        obj = attempt.obj
        outcome: Outcome = Rest()
        if deleting(obj):
            remove_finalizer(obj)
        elif not has_finalizer(obj):
            add_finalizer(obj)
            outcome = Again()
        elif _off(obj):
            if self._manner.mute:
                return Rest()
        elif self._is_scheduled_later(obj):
            attempt.event("SkippedDueToSchedule", "Reconciliation skipped, next schedule is not due")
        elif self._is_in_step(obj):
            attempt.entry.notes.append("nothing has drifted")
        else:
            outcome = await self._reconcile(attempt)
        attempt.acknowledge()
        try:
            good = isinstance(outcome, Rest) and bool(conditions.all_of(obj))
            await attempt.patch(observed=self._manner.observes and good)
        except NotFound:
            return Rest()
        return outcome

    async def _reconcile(self, attempt: Attempt) -> Outcome:
        obj, manner = attempt.obj, self._manner
        if manner.drifts:
            attempt.progress("Reconciliation in progress", drift=True)
            await attempt.patch()
        else:
            attempt.progress("reconciliation in progress")
            if generation(obj) != observed(obj) or requested(obj) != handled(obj):
                await attempt.patch()
        await attempt.work(_WORKS)
        _results(attempt)
        attempt.drop(RECONCILING)
        attempt.mark(READY, "True", manner.reason, manner.message)
        attempt.event(manner.reason, manner.message)
        return Rest(attempt.world.varied(durations.seconds(spec(obj).get("interval"), 3600)))

    def _is_scheduled_later(self, obj: Json) -> bool:
        """A provider of inputs outside its schedule does nothing, unless it is forced."""
        if self.kind is not kinds.INPUT_PROVIDER or not spec(obj).get("schedule") or not conditions.all_of(obj):
            return False
        wanted = annotations(obj).get(FORCED)
        if wanted != annotations(obj).get(REQUESTED) or wanted == status(obj).get("lastHandledForceAt"):
            return True
        status(obj)["lastHandledForceAt"] = wanted
        return False

    def _is_in_step(self, obj: Json) -> bool:
        """A generator whose sources and spec are as they were only handles the token."""
        found = conditions.find(obj, READY)
        seen = found.get("observedGeneration") == generation(obj)
        return self.kind is kinds.GENERATOR and found.get("status") == "True" and seen


def _off(obj: Json) -> bool:
    """Suspended, or switched off by the annotation of the object's group."""
    group = str(obj["apiVersion"]).partition("/")[0]
    return suspended(obj) or annotations(obj).get(_OFF.get(group, "")) == "disabled"


def _results(attempt: Attempt) -> None:
    """The fields that tell what a run came to."""
    obj, kind = attempt.obj, attempt.kind
    now = conditions.stamp(attempt.world.now())
    told = status(obj)
    if kind is kinds.IMAGE_REPOSITORY:
        told["lastScanResult"] = {"tagCount": 3, "scanTime": now, "latestTags": ["1.0.0", "0.9.0", "0.8.0"]}
    elif kind is kinds.IMAGE_POLICY:
        told["latestRef"] = {"name": str((spec(obj).get("imageRepositoryRef") or {}).get("name")), "tag": "1.0.0"}
    elif kind is kinds.IMAGE_AUTOMATION:
        told["lastAutomationRunTime"] = now
    elif kind is kinds.GENERATOR:
        told["observedSourcesDigest"] = digest(spec(obj).get("sources") or [])
    elif kind is not kinds.INPUT_PROVIDER:
        told["lastAppliedRevision"] = told["lastAttemptedRevision"] = f"latest@{digest(clone(spec(obj)))}"
    attempt.entry.changed = True
