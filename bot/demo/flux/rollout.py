"""The steps of a Kustomization's run: fetch, build, apply, prune, check health, each told before it begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.demo.flux import applying, conditions, durations, health
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import HEALTHY, PROGRESSING, READY, SUCCEEDED
from bot.demo.flux.contents import Tree, digest
from bot.demo.flux.shapes import Json, clone, key, spec, status

_FETCHES: Final = 0.01
_BUILDS: Final = 0.07
_APPLIES: Final = 0.01
_KEPT: Final = 5
_OWNER: Final = "kustomize.toolkit.fluxcd.io"


class Stop(Exception):
    """A step failed: Ready turns False with this reason and text."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Lost(Exception):
    """The source's storage no longer has the artifact that the source tells of."""


@dataclass(slots=True)
class Build:
    """What a run is about to apply, and how history names it."""

    revision: str
    origin: str
    manifests: list[Json]
    checksum: str

    @property
    def notes(self) -> dict[str, str]:
        return {"revision": self.revision} | ({"originRevision": self.origin} if self.origin else {})


async def roll_out(attempt: Attempt, found: Json, build: Build, rules: Sequence[health.Rule]) -> None:
    """Every step from the artifact to healthy objects. Raises Stop and Lost."""
    obj = attempt.obj
    attempt.mark(READY, "Unknown", PROGRESSING, "Reconciliation in progress")
    await _say(attempt, "Fetching manifests", build)
    await attempt.work(_FETCHES)
    tree = attempt.world.artifacts.fetch(found)
    folders = tree.below(str(spec(obj).get("path") or "")) if isinstance(tree, Tree) else None
    if tree is None:
        raise Lost
    if folders is None:
        lost = f"stat {_folder(attempt)}: no such file or directory"
        raise Stop("ArtifactFailed", f"kustomization path not found: {lost}")
    status(obj)["lastAttemptedRevision"] = build.revision
    await _say(attempt, "Building manifests", build)
    await attempt.work(_BUILDS)
    if broken := next((folder.broken for folder in folders if folder.broken), ""):
        raise Stop("BuildFailed", f"kustomize build failed: {broken}")
    labels = {f"{_OWNER}/name": attempt.place[1], f"{_OWNER}/namespace": attempt.place[0]}
    target = str(spec(obj).get("targetNamespace") or "")
    manifests = [each for folder in folders for each in folder.manifests]
    build.manifests = applying.placed(manifests, target or attempt.place[0], labels, only_missing=not target)
    build.checksum = digest(build.manifests)
    await _say(attempt, "Detecting drift", build)
    await attempt.work(_APPLIES)
    refused = next((folder.refused for folder in folders if folder.refused), "")
    drifted = await _apply(attempt, build, refused)
    await _check_health(attempt, build, rules, drifted=drifted)
    status(obj)["lastAppliedRevision"] = build.revision
    if build.origin:
        status(obj)["lastAppliedOriginRevision"] = build.origin
    attempt.entry.applied = build.revision
    attempt.mark(READY, "True", "ReconciliationSucceeded", f"Applied revision: {build.revision}")
    _remember(attempt, build, "ReconciliationSucceeded")


async def _say(attempt: Attempt, step: str, build: Build) -> None:
    timeout = durations.written(_timeout(attempt.obj))
    attempt.reconciling(PROGRESSING, f"{step} for revision {build.revision} with a timeout of {timeout}")
    await attempt.patch()


async def _apply(attempt: Attempt, build: Build, refused: str) -> bool:
    """Applies and prunes; tells whether anything changed. The new inventory is in place afterwards."""
    obj, api = attempt.obj, attempt.world.api
    try:
        changes = await applying.apply(api, build.manifests)
    except applying.Rejected as error:
        _remember(attempt, build, "ReconciliationFailed")
        told = f"{applying.subject(error.manifest)} dry-run failed (Invalid): {error}\n"
        raise Stop("ReconciliationFailed", told) from error
    if refused:
        _remember(attempt, build, "ReconciliationFailed")
        raise Stop("ReconciliationFailed", refused)
    moved = [change for change in changes if change.action not in ("unchanged", "skipped")]
    if moved:
        attempt.entry.changed = True
        event(attempt, "\n".join(f"{each.subject} {each.action}" for each in moved), build.notes)
    old = inventory(obj)
    status(obj)["inventory"] = {"entries": sorted(map(applying.entry, build.manifests), key=lambda each: each["id"])}
    now = {each["id"] for each in inventory(obj)}
    stale = [each for each in old if each["id"] not in now]
    if stale and spec(obj).get("prune"):
        gone = await applying.remove(api, stale)
        if gone:
            attempt.entry.changed = True
            event(attempt, "\n".join(f"{each.subject} deleted" for each in gone), build.notes)
    return bool(moved)


async def _check_health(attempt: Attempt, build: Build, rules: Sequence[health.Rule], *, drifted: bool) -> None:
    obj = attempt.obj
    checked = (
        build.manifests if spec(obj).get("wait") else [_named(each) for each in spec(obj).get("healthChecks") or []]
    )
    objects = [each for each in checked if (each["kind"], key(each)) != (attempt.kind.name, attempt.place)]
    if not objects:
        attempt.drop(HEALTHY)
        return
    was_healthy = conditions.state(obj, HEALTHY) == "True"
    new = status(obj).get("lastAppliedRevision") != build.revision
    timeout = _timeout(obj)
    told = f"Running health checks for revision {build.revision} with a timeout of {durations.written(timeout)}"
    attempt.mark(HEALTHY, "Unknown", PROGRESSING, told)
    await _say(attempt, "Running health checks", build)
    began = attempt.lasted()
    try:
        await health.wait(attempt, objects, rules, timeout)
    except health.Unhealthy as error:
        attempt.mark(HEALTHY, "False", "HealthCheckFailed", str(error))
        _remember(attempt, build, "HealthCheckFailed")
        took = durations.written(attempt.lasted() - began)
        raise Stop("HealthCheckFailed", f"health check failed after {took}: {error}") from error
    passed = f"Health check passed in {durations.written(attempt.lasted() - began)}"
    if not was_healthy or (new and drifted):
        event(attempt, passed, build.notes)
    attempt.mark(HEALTHY, "True", SUCCEEDED, passed)
    await attempt.patch()


def _remember(attempt: Attempt, build: Build, ended: str) -> None:
    """An entry per manifests and end, newest first; equal ones are counted together."""
    now, took = conditions.stamp(attempt.world.now()), durations.written(attempt.lasted())
    old: list[Json] = status(attempt.obj).get("history") or []
    same = next(
        (each for each in old if (each["digest"], each["lastReconciledStatus"]) == (build.checksum, ended)), None
    )
    entry: Json = (
        clone(same) if same else {"digest": build.checksum, "firstReconciled": now, "totalReconciliations": 0}
    )
    entry |= {"lastReconciled": now, "lastReconciledDuration": took, "lastReconciledStatus": ended}
    entry |= {"metadata": build.notes, "totalReconciliations": entry["totalReconciliations"] + 1}
    status(attempt.obj)["history"] = [entry, *(each for each in old if each is not same)][:_KEPT]


def event(attempt: Attempt, message: str, notes: dict[str, str], *, warn: bool = False) -> None:
    """Named after the reason that Ready has at the moment."""
    reason = conditions.reason(attempt.obj) or ("error" if warn else "info")
    attempt.event(reason, message, notes, warn=warn)


def inventory(obj: Json) -> list[Json]:
    found: list[Json] = (status(obj).get("inventory") or {}).get("entries") or []
    return found


def _named(check: Json) -> Json:
    """A health check's reference as an object."""
    meta = {"name": check["name"]} | ({"namespace": check["namespace"]} if check.get("namespace") else {})
    return {"apiVersion": check["apiVersion"], "kind": check["kind"], "metadata": meta}


def _folder(attempt: Attempt) -> str:
    """Where a controller would have unpacked the source."""
    path = str(spec(attempt.obj).get("path") or "").removeprefix("./")
    return f"/tmp/kustomization-{attempt.world.random.randrange(10**10)}/{path}"  # noqa: S108  only a message


def _timeout(obj: Json) -> float:
    """`spec.timeout`, else half a minute less than the interval; never under half a minute."""
    interval = durations.seconds(spec(obj).get("interval"), 600)
    return max(durations.seconds(spec(obj).get("timeout"), interval - 30), 30.0)
