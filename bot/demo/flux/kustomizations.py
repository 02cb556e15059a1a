"""kustomize-controller: the run over a Kustomization, step by step (docs/flux.md, What a watcher sees)."""

from collections.abc import Iterable, Sequence
from typing import Final

from bot.demo.flux import applying, cel, conditions, dependencies, durations, health, kinds
from bot.demo.flux.api import ApiError, NotFound
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import READY, RECONCILING, RETRY
from bot.demo.flux.controller import new_revision
from bot.demo.flux.dependencies import source_of
from bot.demo.flux.kinds import Kind
from bot.demo.flux.outcomes import Again, Outcome, Rest
from bot.demo.flux.rollout import Build, Lost, Stop, event, inventory, roll_out
from bot.demo.flux.shapes import (
    Json,
    Key,
    add_finalizer,
    artifact,
    deleting,
    generation,
    has_finalizer,
    key,
    remove_finalizer,
    shown,
    spec,
    status,
    suspended,
)

_SOURCES: Final = (kinds.GIT, kinds.OCI, kinds.BUCKET, kinds.EXTERNAL)
_TERMINAL: Final = "Reconciliation failed terminally due to configuration error"


class KustomizationReconciler:
    """Queues a Kustomization when its source has a new revision, and runs over it."""

    kind: Kind = kinds.KUSTOMIZATION
    watched: Sequence[Kind] = _SOURCES

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]:
        revision = new_revision(old, new)
        if not revision:
            return
        for each in own:
            if source_of(each) != (new["kind"], *key(new)):
                continue
            settled = conditions.state(each) == "True" or conditions.state(each, RECONCILING) == "True"
            if not (settled and (each.get("status") or {}).get("lastAttemptedRevision") == revision):
                yield key(each)

    async def run(self, attempt: Attempt) -> Outcome:
        try:
            outcome = await self._run(attempt)
        except ApiError:
            # Flux reports whatever it has come to, even when a step of the run was refused.
            await _close(attempt)
            raise
        try:
            await _close(attempt)
        except NotFound:
            return Rest()
        if not suspended(attempt.obj) and conditions.state(attempt.obj) == "True":
            every = durations.written(durations.seconds(spec(attempt.obj).get("interval"), 600))
            told = f"Reconciliation finished in {durations.written(attempt.lasted())}, next run in {every}"
            event(attempt, told, _applied(attempt.obj) | {"commit_status": "update"})
        return outcome

    async def _run(self, attempt: Attempt) -> Outcome:
        obj = attempt.obj
        if deleting(obj):
            return await _finalize(attempt)
        if not has_finalizer(obj):
            add_finalizer(obj)
            return Again()
        if suspended(obj):
            return Rest()
        try:
            rules = health.rules(spec(obj).get("healthCheckExprs") or [])
        except cel.Invalid as error:
            return _terminal(attempt, str(error), {})
        source = _source(attempt)
        if isinstance(source, Rest):
            return source
        found = artifact(source)
        wait = attempt.world.knobs.requeue_dependency
        if found is None:
            text = f"Source artifact not found, retrying in {durations.written(wait)}"
            attempt.mark(READY, "False", "ArtifactFailed", text)
            return Rest(wait)
        build = Build(str(found["revision"]), _origin(found), [], "")
        attempt.entry.source = build.revision
        try:
            await dependencies.check(attempt, "dependency '{place}' not found: {error}", build.revision)
        except cel.Invalid as error:
            return _terminal(attempt, str(error), build.notes)
        except dependencies.NotReady as error:
            attempt.mark(READY, "False", "DependencyNotReady", str(error))
            told = f"Dependencies do not meet ready condition, retrying in {durations.written(wait)}"
            event(attempt, told, build.notes)
            return Rest(wait)
        return await self._reconcile(attempt, found, build, rules)

    async def _reconcile(self, attempt: Attempt, found: Json, build: Build, rules: Sequence[health.Rule]) -> Outcome:
        try:
            await roll_out(attempt, found, build, rules)
        except Stop as stop:
            attempt.mark(READY, "False", stop.reason, str(stop))
            event(attempt, str(stop), build.notes, warn=True)
            return Rest(_retry(attempt.obj))
        except Lost:
            wait = attempt.world.knobs.requeue_dependency
            told = f"Source is not ready, artifact not found, retrying in {durations.written(wait)}"
            attempt.mark(READY, "False", "ArtifactFailed", told)
            return Rest(wait)
        return Rest(attempt.world.varied(durations.seconds(spec(attempt.obj).get("interval"), 600)))


async def _close(attempt: Attempt) -> None:
    """The last patch of every run, however it ended."""
    obj = attempt.obj
    attempt.acknowledge()
    ready = conditions.state(obj)
    if ready == "True":
        attempt.drop(RECONCILING)
        status(obj)["observedGeneration"] = generation(obj)
    left = conditions.find(obj, RECONCILING)
    if ready == "False" and left:
        attempt.mark(RECONCILING, "True", RETRY, left["message"])
    await attempt.patch()


async def _finalize(attempt: Attempt) -> Outcome:
    """Takes down what was applied, unless the object is suspended, and lets the object go."""
    obj = attempt.obj
    if spec(obj).get("prune") and not suspended(obj) and spec(obj).get("deletionPolicy") != "Orphan":
        gone = await applying.remove(attempt.world.api, inventory(obj))
        if gone:
            event(attempt, "\n".join(f"{each.subject} deleted" for each in gone), _applied(obj))
    remove_finalizer(obj)
    return Rest()


def _source(attempt: Attempt) -> Json | Rest:
    """The source as the cache knows it, or when to look again."""
    name = source_of(attempt.obj)
    place = name[1:]
    kind = next((each for each in _SOURCES if each.name == name[0]), None)
    if kind is None:
        attempt.mark(READY, "False", "ArtifactFailed", f"source `{place[1]}` kind '{name[0]}' not supported")
        return Rest(_retry(attempt.obj))
    if not attempt.world.knobs.allow_cross_namespace and place[0] != attempt.place[0]:
        text = f"can't access '{name[0]}/{shown(place)}', cross-namespace references have been blocked"
        attempt.mark(READY, "False", "AccessDenied", text)
        attempt.stalled("AccessDenied", text)
        event(attempt, text, {}, warn=True)
        return Rest()
    found = attempt.cached(kind, place)
    if found is None:
        attempt.mark(READY, "False", "ArtifactFailed", f'{kind.name}.{kind.group} "{place[1]}" not found')
        return Rest(_retry(attempt.obj))
    return found


def _terminal(attempt: Attempt, error: str, notes: dict[str, str]) -> Outcome:
    text = f"{_TERMINAL}: {error}"
    attempt.mark(READY, "False", "InvalidCELExpression", text)
    attempt.stalled("InvalidCELExpression", text)
    status(attempt.obj)["observedGeneration"] = generation(attempt.obj)
    event(attempt, text, notes, warn=True)
    return Rest()


def _applied(obj: Json) -> dict[str, str]:
    told = status(obj)
    return {
        "revision": str(told.get("lastAppliedRevision", "")),
        "originRevision": str(told.get("lastAppliedOriginRevision", "")),
    }


def _origin(found: Json) -> str:
    return str((found.get("metadata") or {}).get("org.opencontainers.image.revision", ""))


def _retry(obj: Json) -> float:
    interval = durations.seconds(spec(obj).get("interval"), 600)
    return durations.seconds(spec(obj).get("retryInterval"), interval)
