"""source-controller: the run that all kinds of sources share (docs/flux.md, What a watcher sees).

What differs between kinds is a `Fetcher`: what it fetches and how it words that.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from bot.demo.flux import conditions, durations
from bot.demo.flux.api import ApiError
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import (
    BUILD_FAILED,
    FETCH_FAILED,
    IN_STORAGE,
    OUTDATED,
    READY,
    RECONCILING,
    RETRY,
    STALLED,
    STORAGE_FAILED,
    SUCCEEDED,
)
from bot.demo.flux.fetched import Fetched, Fetcher, Problem, Result
from bot.demo.flux.kinds import Kind
from bot.demo.flux.outcomes import Again, Outcome, Rest
from bot.demo.flux.shapes import (
    Json,
    Key,
    add_finalizer,
    artifact,
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

_BAD: Final = (*("IncludeUnavailable", FETCH_FAILED, BUILD_FAILED, OUTDATED, STORAGE_FAILED, STALLED, RECONCILING),)
_FAILURES: Final = ("IncludeUnavailable", FETCH_FAILED, BUILD_FAILED, STORAGE_FAILED)
_STORES: Final = 0.008


class SourceReconciler:
    """Runs over the sources of one kind."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    @property
    def kind(self) -> Kind:
        return self._fetcher.kind

    @property
    def watched(self) -> Sequence[Kind]:
        return self._fetcher.watched

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]:
        return self._fetcher.triggered(old, new, own)

    async def run(self, attempt: Attempt) -> Outcome:
        obj = attempt.obj
        if self._fetcher.is_static(obj):
            return Rest()
        try:
            result = await self._begin(attempt)
        except Problem as problem:
            return await self._failed(attempt, problem)
        except ApiError:
            # The last patch is tried all the same: it may well be the one that arrives.
            await self._close(attempt, observed_now=False)
            raise
        return await self._ended(attempt, result)

    async def _begin(self, attempt: Attempt) -> Result:
        obj = attempt.obj
        if deleting(obj):
            remove_finalizer(obj)
            return Result.EMPTY
        if not has_finalizer(obj):
            add_finalizer(obj)
            return Result.REQUEUE
        if suspended(obj):
            return Result.EMPTY
        return await self._reconcile(attempt)

    async def _reconcile(self, attempt: Attempt) -> Result:
        obj = attempt.obj
        before = clone(obj)
        attempt.progress("reconciliation in progress")
        if generation(obj) != observed(obj):
            attempt.progress(f"processing object: new generation {observed(obj)} -> {generation(obj)}")
            await attempt.patch()
        elif requested(obj) != handled(obj):
            await attempt.patch()
        attempt.drop(STORAGE_FAILED)
        await self._look_into_storage(attempt)
        fetched = await self._fetcher.fetch(attempt)
        if isinstance(fetched, Result):
            return fetched
        attempt.drop(FETCH_FAILED, BUILD_FAILED)
        await self._store(attempt, fetched)
        _notify(attempt, before, fetched)
        return Result.SUCCESS

    async def _look_into_storage(self, attempt: Attempt) -> None:
        obj = attempt.obj
        advertised = artifact(obj)
        lost = advertised is not None and attempt.world.artifacts.fetch(advertised) is None
        if lost:
            del status(obj)["artifact"]
        if advertised is None or lost:
            attempt.progress(f"building artifact{': disappeared from storage' if lost else ''}", drift=True)
            attempt.drop(IN_STORAGE)
            await attempt.patch()

    async def _store(self, attempt: Attempt, fetched: Fetched) -> None:
        obj = attempt.obj
        attempt.entry.source = fetched.revision
        current = artifact(obj)
        if is_current(obj, fetched):
            attempt.event(*fetched.upkeep)
        else:
            if current is not None:
                attempt.mark(OUTDATED, "True", fetched.found_reason, fetched.found)
            attempt.progress(f"building artifact: {fetched.found}", drift=True)
            await attempt.patch()
            await attempt.work(_STORES)
            status(obj)["artifact"] = attempt.world.artifacts.store(
                self.kind,
                attempt.place,
                fetched.revision,
                fetched.file,
                fetched.content,
                attempt.world.now(),
                fetched.notes,
            )
            attempt.entry.changed = current is None or current["revision"] != fetched.revision
        status(obj).update(fetched.status)
        attempt.drop(OUTDATED)
        attempt.mark(IN_STORAGE, "True", fetched.reason, fetched.stored)
        attempt.entry.applied = fetched.revision

    async def _failed(self, attempt: Attempt, problem: Problem) -> Outcome:
        attempt.mark(problem.condition, "True", problem.reason, str(problem))
        attempt.event(problem.reason, str(problem), warn=True)
        _keep_trying(attempt)
        if problem.stalls:
            attempt.stalled(problem.reason, str(problem))
        else:
            attempt.drop(STALLED)
        await self._close(attempt, observed_now=problem.stalls)
        return Rest() if problem.stalls else Again()

    async def _ended(self, attempt: Attempt, result: Result) -> Outcome:
        if result is Result.SUCCESS:
            attempt.drop(RECONCILING)
        _keep_trying(attempt)
        attempt.drop(STALLED)
        await self._close(attempt, observed_now=result is not Result.REQUEUE)
        match result:
            case Result.SUCCESS:
                return Rest(attempt.world.varied(durations.seconds(spec(attempt.obj).get("interval"), 600)))
            case Result.REQUEUE:
                return Again()
            case Result.EMPTY:
                return Rest()

    async def _close(self, attempt: Attempt, *, observed_now: bool) -> None:
        """The last patch of a run: the summary, and then the token."""
        attempt.acknowledge()
        obj = attempt.obj
        bad = next((found for kind in _BAD if (found := conditions.find(obj, kind)).get("status") == "True"), None)
        good = conditions.find(obj, IN_STORAGE)
        if bad is not None:
            attempt.mark(READY, "False", bad["reason"], bad["message"])
        elif good:
            attempt.mark(READY, "True", good["reason"], good["message"])
        await attempt.patch(observed=observed_now and bool(conditions.all_of(obj)))


def is_current(obj: Json, fetched: Fetched) -> bool:
    """Whether the stored artifact is what the origin has."""
    current = artifact(obj)
    return current is not None and current["revision"] == fetched.revision


def _keep_trying(attempt: Attempt) -> None:
    found = conditions.find(attempt.obj, RECONCILING)
    if found:
        attempt.mark(RECONCILING, "True", RETRY, found["message"])


def _notify(attempt: Attempt, before: Json, fetched: Fetched) -> None:
    """Tells of a new artifact, or of a failure that is over."""
    now = artifact(attempt.obj) or {}
    notes = {"revision": str(now.get("revision", "")), "digest": str(now.get("digest", ""))}
    if (artifact(before) or {}).get("digest") != now.get("digest"):
        attempt.event(fetched.told_reason, fetched.told, notes)
    elif any(conditions.find(before, kind) for kind in _FAILURES):
        why = SUCCEEDED if fetched.told_reason == "NewArtifact" else fetched.told_reason
        attempt.event(why, fetched.recovered or fetched.told, notes)
