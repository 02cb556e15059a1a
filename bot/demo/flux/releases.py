"""helm-controller: the run over a HelmRelease (docs/flux.md, HelmRelease, What a watcher sees)."""

import asyncio
from collections.abc import Iterable, Sequence

from bot.demo.flux import actions, conditions, durations, kinds, templates
from bot.demo.flux.actions import Failed, Wanted
from bot.demo.flux.api import ApiError, NotFound
from bot.demo.flux.atomic import Turn, atomic
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import PROGRESSING, READY
from bot.demo.flux.kinds import Kind
from bot.demo.flux.outcomes import Again, Outcome, Rest
from bot.demo.flux.prerequisites import SOURCES, Waits, chart_of, prerequisites, release_name
from bot.demo.flux.shapes import (
    FORCED,
    REQUESTED,
    RESET,
    Json,
    Key,
    add_finalizer,
    annotations,
    clone,
    deleting,
    generation,
    handled,
    has_finalizer,
    key,
    remove_finalizer,
    spec,
    status,
    suspended,
)
from bot.demo.flux.strategies import clear_failures


class ReleaseReconciler:
    """Queues a HelmRelease when its chart has a new revision or gets ready, and runs over it."""

    kind: Kind = kinds.HELM_RELEASE
    watched: Sequence[Kind] = SOURCES

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]:
        if not _wakes(old, new):
            return
        for each in own:
            if chart_of(each) == (new["kind"], *key(new)) and not _attempted(each, new):
                yield key(each)

    async def run(self, attempt: Attempt) -> Outcome:
        if not templates.sound(attempt.obj):
            return Rest()
        before = clone((attempt.obj.get("status") or {}).get("history"))
        try:
            outcome, seen = await self._run(attempt)
        except ApiError:
            await _close(attempt, observed_now=False)
            raise
        try:
            await _close(attempt, observed_now=seen)
        except NotFound:
            return Rest()
        if isinstance(outcome, Again) and before != status(attempt.obj).get("history"):
            # Flux waits for its cache to show the new history, in vain after a rollback (recording
            # hr-upgrade-failed-rollback).
            await asyncio.sleep(attempt.world.knobs.history_sync)
        return outcome

    async def _run(self, attempt: Attempt) -> tuple[Outcome, bool]:
        """How the run ended, and whether its generation counts as observed."""
        obj = attempt.obj
        if deleting(obj):
            return await _finalize(attempt), False
        if not has_finalizer(obj):
            add_finalizer(obj)
            return Again(), False
        if suspended(obj):
            return Rest(), True
        try:
            await templates.reconcile(attempt)
        except templates.Denied as error:
            attempt.event("HelmChartSyncErr", str(error))
            attempt.entry.notes.append(str(error))
            return Rest(), True
        attempt.reconciling(PROGRESSING, "Fulfilling prerequisites")
        await attempt.patch()
        try:
            wanted = await prerequisites(attempt)
        except Waits as waits:
            attempt.mark(READY, "False", waits.reason, str(waits))
            if waits.terminal:
                return Rest(), True
            return Again() if waits.seconds is None else Rest(waits.seconds), False
        return await _release(attempt, wanted)


async def _release(attempt: Attempt, wanted: Wanted) -> tuple[Outcome, bool]:
    obj = attempt.obj
    told = status(obj)
    if await _moved(attempt, wanted):
        return Again(), False
    told["storageNamespace"] = wanted.place[0]
    attempted = (
        told.get("lastAttemptedGeneration"),
        told.get("lastAttemptedRevision"),
        told.get("lastAttemptedConfigDigest"),
    )
    reset = _asked(obj, RESET, "lastHandledResetAt")
    if reset or attempted != (generation(obj), wanted.chart.version, wanted.config):
        clear_failures(obj)
    told["lastAttemptedGeneration"] = generation(obj)
    told["lastAttemptedRevision"] = wanted.chart.version
    told["lastAttemptedConfigDigest"] = wanted.config
    if wanted.oci_digest:
        told["lastAttemptedRevisionDigest"] = wanted.oci_digest
    turn = await atomic(attempt, wanted, forced=_asked(obj, FORCED, "lastHandledForceAt"))
    match turn:
        case Turn.DONE:
            attempt.entry.applied = wanted.chart.version
            return Rest(attempt.world.varied(durations.seconds(spec(obj).get("interval"), 600))), True
        case Turn.EXHAUSTED:
            return Rest(), True
        case Turn.NOW:
            return Again(), False
        case Turn.BROKEN:
            return Again(), False
        case float(seconds):
            return Rest(attempt.world.varied(seconds)), True


async def _moved(attempt: Attempt, wanted: Wanted) -> bool:
    """A release under another name or namespace is taken down first; the next run installs."""
    history: list[Json] = status(attempt.obj).get("history") or []
    if not history or (history[0]["namespace"], history[0]["name"]) == (wanted.namespace, wanted.place[1]):
        return False
    old = (str(status(attempt.obj).get("storageNamespace") or attempt.place[0]), str(history[0]["name"]))
    await _take_down(attempt, old)
    for name in ("history", "storageNamespace"):
        status(attempt.obj).pop(name, None)
    clear_failures(attempt.obj)
    return True


async def _take_down(attempt: Attempt, place: Key) -> None:
    """Uninstalls for good."""
    last = attempt.world.releases.last(place)
    if last is None:
        return
    try:
        await actions.uninstall(attempt, Wanted(place, last.namespace, last.chart, last.config, last.oci_digest))
    except Failed:
        return
    attempt.world.releases.forget(place)
    attempt.drop(conditions.REMEDIATED)
    told = f"Helm uninstall succeeded for release {last.full_name} with chart {last.versioned_chart}"
    attempt.mark(conditions.RELEASED, "False", "UninstallSucceeded", told)
    attempt.mark(READY, "False", "UninstallSucceeded", told)


async def _finalize(attempt: Attempt) -> Outcome:
    obj = attempt.obj
    if not suspended(obj):
        storage = str(status(obj).get("storageNamespace") or attempt.place[0])
        await _take_down(attempt, (storage, release_name(obj)))
        await templates.remove(attempt)
    remove_finalizer(obj)
    return Rest()


async def _close(attempt: Attempt, *, observed_now: bool) -> None:
    attempt.acknowledge()
    await attempt.patch(observed=observed_now)


def _asked(obj: Json, annotation: str, field: str) -> bool:
    """Whether a force or a reset is asked for by this very request. It counts as handled from now on, either way."""
    wanted = annotations(obj).get(annotation)
    if wanted is None:
        return False
    before = status(obj).get(field)
    status(obj)[field] = wanted
    request = annotations(obj).get(REQUESTED)
    return wanted == request and handled(obj) != request and before != wanted


def _wakes(old: Json | None, new: Json) -> bool:
    """A new revision, or a source that was not ready and now is; being seen for the first time is neither."""
    now = (new.get("status") or {}).get("artifact")
    if old is None or now is None:
        return False
    before = (old.get("status") or {}).get("artifact") or {}
    ready = conditions.state(clone(old)), conditions.state(clone(new))
    return before.get("revision") != now["revision"] or (ready[0] != "True" and ready[1] == "True")


def _attempted(obj: Json, source: Json) -> bool:
    """Whether a release that is ready or at work has taken up the source's revision already."""
    told = obj.get("status") or {}
    settled = conditions.state(clone(obj)) == "True" or conditions.state(clone(obj), "Reconciling") == "True"
    revision = str(source["status"]["artifact"]["revision"])
    digest_of = revision.rpartition("@")[2]
    tried = (told.get("lastAttemptedRevision"), told.get("lastAttemptedRevisionDigest"))
    return settled and (revision == tried[0] or digest_of == tried[1])
