"""Helm's actions for one HelmRelease: install, upgrade, test, rollback, uninstall, and what each of them reports."""

from dataclasses import dataclass, replace
from typing import Final

from bot.demo.flux import applying, conditions, durations
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import READY, RELEASED, REMEDIATED, STALLED, TESTED, stamp
from bot.demo.flux.contents import Chart
from bot.demo.flux.helm import Release, previous
from bot.demo.flux.shapes import Json, Key, spec, status
from bot.demo.flux.strategies import clear_failures, count, strategy, tests, timeout

_ROLLS_BACK: Final = 0.13
_UNINSTALLS: Final = 0.1
_TESTS: Final = 0.1
_OWNER: Final = "helm.toolkit.fluxcd.io"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run wants to be deployed. `place` is the release's storage namespace and name."""

    place: Key
    namespace: str
    chart: Chart
    config: str
    oci_digest: str


class Failed(Exception):
    """A Helm action failed; the text is Helm's."""


async def release(attempt: Attempt, wanted: Wanted, action: str) -> None:
    """Installs or upgrades; a failure is on the object afterwards, in history and in the failure counts."""
    obj = attempt.obj
    began = attempt.lasted()
    status(obj)["lastAttemptedReleaseAction"] = action
    attempt.drop(TESTED, REMEDIATED)
    made = _next_version(attempt, wanted)
    if action == "install":
        status(obj)["history"] = []
    try:
        await _roll_out(attempt, wanted, timeout(obj, action))
    except Failed as error:
        _store(attempt, wanted, replace(made, status="failed"), action)
        _tell_failure(attempt, wanted, action, str(error))
        count(obj, strategy(obj, action).counter)
    else:
        _store(attempt, wanted, made, action)
        attempt.entry.changed, attempt.entry.applied = True, wanted.chart.version
        _tell_success(attempt, made, action)
    status(obj)["lastAttemptedReleaseActionDuration"] = durations.written(attempt.lasted() - began)
    summarize(attempt)


def _next_version(attempt: Attempt, wanted: Wanted) -> Release:
    """What the release will be if all goes well."""
    last = attempt.world.releases.last(wanted.place)
    now = stamp(attempt.world.now())
    return Release(
        name=wanted.place[1],
        namespace=wanted.namespace,
        version=last.version + 1 if last is not None else 1,
        status="deployed",
        chart=wanted.chart,
        config=wanted.config,
        first_deployed=last.first_deployed if last is not None else now,
        last_deployed=now,
        oci_digest=wanted.oci_digest,
    )


def _store(attempt: Attempt, wanted: Wanted, made: Release, action: str) -> None:
    storage = attempt.world.releases
    storage.put(wanted.place, made)
    if made.status == "deployed":
        storage.supersede(wanted.place, made.version)
    _record(attempt, wanted.place, made.version, action)


async def _roll_out(attempt: Attempt, wanted: Wanted, limit: float) -> None:
    chart = wanted.chart
    await attempt.work(limit if chart.stuck else min(chart.takes, limit))
    obj = attempt.obj
    labels = {f"{_OWNER}/name": attempt.place[1], f"{_OWNER}/namespace": attempt.place[0]}
    manifests = applying.placed(chart.manifests, wanted.namespace, labels, only_missing=True)
    status(obj)["inventory"] = {"entries": sorted(map(applying.entry, manifests), key=lambda each: each["id"])}
    if chart.stuck or chart.takes > limit:
        raise Failed(chart.fails or "context deadline exceeded")
    if chart.fails:
        raise Failed(chart.fails)
    try:
        await applying.apply(attempt.world.api, manifests)
    except applying.Rejected as error:
        meta, version = error.manifest["metadata"], str(error.manifest.get("apiVersion", "v1"))
        what = f"{meta.get('namespace', '')}/{meta['name']} {'/' if '/' not in version else ''}{version}"
        told = f"server-side apply failed for object {what}, Kind={error.manifest['kind']}: {error}"
        raise Failed(told) from error


async def test(attempt: Attempt, wanted: Wanted) -> None:
    """Runs the chart's test hooks."""
    obj, storage = attempt.obj, attempt.world.releases
    await attempt.work(_TESTS)
    now = storage.last(wanted.place)
    if now is None:
        return
    tested = storage.put(wanted.place, replace(now, tested=dict(now.chart.tests)))
    _record(attempt, wanted.place, tested.version, _action_of(obj, tested.version))
    failed = sorted(name for name, passed in now.chart.tests.items() if not passed)
    if failed:
        told = f"Helm test failed for release {now.full_name} with chart {now.versioned_chart}: {failed[0]} failed"
        count(obj, "failures")
        attempt.mark(TESTED, "False", "TestFailed", told)
        attempt.event("TestFailed", told, _notes(now), warn=True)
        last = strategy(obj, str(status(obj).get("lastAttemptedReleaseAction") or "upgrade"))
        if not last.ignore_tests:
            count(obj, last.counter)
    else:
        hooks = len(now.chart.tests)
        done = f"{hooks} test hook{'s' if hooks > 1 else ''} completed successfully" if hooks else "no test hooks"
        told = f"Helm test succeeded for release {now.full_name} with chart {now.versioned_chart}: {done}"
        attempt.mark(TESTED, "True", "TestSucceeded", told)
        attempt.event("TestSucceeded", told, _notes(now))
    summarize(attempt)


async def roll_back(attempt: Attempt, wanted: Wanted) -> None:
    """Back to the previous good version, as a new one."""
    obj, storage = attempt.obj, attempt.world.releases
    good = previous(status(obj).get("history") or [])
    target = storage.find(wanted.place, int(good["version"])) if good else None
    last = storage.last(wanted.place)
    await attempt.work(_ROLLS_BACK)
    if target is None or last is None:
        raise Failed("no release to roll back to")
    number = last.version + 1
    storage.put(
        wanted.place, replace(target, version=number, last_deployed=stamp(attempt.world.now()), status="deployed")
    )
    storage.supersede(wanted.place, number)
    _record(attempt, wanted.place, number, "rollback", touched=target.version)
    told = f"Helm rollback to previous release {target.full_name} with chart {target.versioned_chart} succeeded"
    attempt.mark(REMEDIATED, "True", "RollbackSucceeded", told)
    attempt.event("RollbackSucceeded", told, _notes(target) | {"token": wanted.config})
    attempt.entry.applied = target.chart.version
    summarize(attempt)


async def uninstall(attempt: Attempt, wanted: Wanted) -> None:
    """Takes down what failed."""
    storage = attempt.world.releases
    last = storage.last(wanted.place)
    await attempt.work(_UNINSTALLS)
    if last is None:
        raise Failed("release: not found")
    await applying.remove(attempt.world.api, (status(attempt.obj).get("inventory") or {}).get("entries") or [])
    storage.put(wanted.place, replace(last, status="uninstalled"))
    _record(attempt, wanted.place, last.version, "uninstall-remediation")
    told = f"Helm uninstall remediation for release {last.full_name} with chart {last.versioned_chart} succeeded"
    attempt.mark(REMEDIATED, "True", "UninstallSucceeded", told)
    attempt.event("UninstallSucceeded", told, _notes(last))
    summarize(attempt)


def summarize(attempt: Attempt) -> None:
    """Ready repeats the newest of what happened: an undoing, tests, a release; an undoing is never good."""
    obj = attempt.obj
    counted = tests(obj) and not (spec(obj).get("test") or {}).get("ignoreFailures")
    if not tests(obj):
        attempt.drop(TESTED)
    order = (REMEDIATED, *((TESTED,) if counted else ()), RELEASED)
    found = [each for kind in order if (each := conditions.find(obj, kind))]
    if not found:
        return
    newest = max(int(each["observedGeneration"]) for each in found)
    top = next(each for each in found if int(each["observedGeneration"]) == newest)
    value = "False" if top["type"] == REMEDIATED else top["status"]
    if value == "True":
        attempt.drop(STALLED)
    attempt.mark(READY, value, top["reason"], top["message"])


def succeeded(made: Release, action: str) -> str:
    return f"Helm {action} succeeded for release {made.full_name} with chart {made.versioned_chart}"


def _tell_success(attempt: Attempt, made: Release, action: str) -> None:
    reason = f"{action.capitalize()}Succeeded"
    told = succeeded(made, action)
    attempt.mark(RELEASED, "True", reason, told)
    if tests(attempt.obj):
        waits = f"Helm release {made.full_name} with chart {made.versioned_chart} is awaiting tests"
        attempt.mark(TESTED, "Unknown", "AwaitingTests", waits)
    if strategy(attempt.obj, action).retry is not None:
        clear_failures(attempt.obj)
    attempt.event(reason, told, _notes(made))


def _tell_failure(attempt: Attempt, wanted: Wanted, action: str, error: str) -> None:
    reason = f"{action.capitalize()}Failed"
    name = f"{wanted.namespace}/{wanted.place[1]}"
    told = f"Helm {action} failed for release {name} with chart {wanted.chart.name}@{wanted.chart.version}: {error}"
    count(attempt.obj, "failures")
    attempt.mark(RELEASED, "False", reason, told)
    notes = {"revision": wanted.chart.version, "token": wanted.config, "app-version": wanted.chart.app_version}
    attempt.event(reason, f"{told}\n\nLast Helm logs:\n\n{_log(attempt, wanted, action)}", notes, warn=True)


def _log(attempt: Attempt, wanted: Wanted, action: str) -> str:
    at = attempt.world.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    name = wanted.place[1]
    return f'{at}: performing {action}: {{"name":"{name}"}}\n{at}: warning: {action} failed: {{"name":"{name}"}}'


def _notes(made: Release) -> dict[str, str]:
    told = {"revision": made.chart.version, "token": made.config, "app-version": made.chart.app_version}
    return told | {"oci-digest": made.oci_digest}


def _record(attempt: Attempt, place: Key, version: int, action: str, touched: int = 0) -> None:
    """Puts the newest version on top of history, and what the action did to the others into their entries."""
    obj, storage = attempt.obj, attempt.world.releases
    line: list[Json] = []
    for each in status(obj).get("history") or []:
        kept = storage.find(place, int(each["version"]))
        if int(each["version"]) == version or kept is None:
            continue
        if kept.status != each["status"] or kept.version == touched:
            line.append(kept.snapshot(action if kept.version == touched else ""))
        else:
            line.append(
                {name: value for name, value in each.items() if name != "action" or each["status"] != "deployed"}
            )
    made = storage.find(place, version)
    status(obj)["history"] = [*([made.snapshot(action)] if made is not None else []), *line]


def _action_of(obj: Json, version: int) -> str:
    found = [each for each in status(obj).get("history") or [] if int(each["version"]) == version]
    return str(found[0].get("action", "")) if found else ""
