"""The turns of one run over a HelmRelease: look at the release, take the next action, look again.

One release action, one test and one remediation at most; what is left over is for the next run.
"""

from enum import Enum
from typing import Final, Literal

from bot.demo.flux import actions, conditions, durations, helm
from bot.demo.flux.actions import Failed, Wanted
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import PROGRESSING, READY, RECONCILING, RELEASED, REMEDIATED, RETRY
from bot.demo.flux.helm import Release
from bot.demo.flux.shapes import Json, status
from bot.demo.flux.strategies import Strategy, active, strategy, tests, timeout

Action = Literal["install", "upgrade", "test", "rollback", "uninstall"]

_RELEASES: Final = ("install", "upgrade")
_UNDOES: Final = ("rollback", "uninstall")


class Turn(Enum):
    """How the turns ended: in sync, out of retries, to be gone on with at once, or by an error."""

    DONE = "done"
    EXHAUSTED = "exhausted"
    NOW = "now"
    BROKEN = "broken"


class _Exhausted(Exception):
    """No retries are left."""


async def atomic(attempt: Attempt, wanted: Wanted, *, forced: bool) -> Turn | float:
    """Acts until there is nothing to do or no more may be done; a number is the seconds until the next try."""
    done: list[str] = []
    while True:
        try:
            action = _next(attempt, wanted, forced=forced and not done)
        except _Exhausted:
            return _give_up(attempt)
        if action is None:
            attempt.drop(RECONCILING)
            actions.summarize(attempt)
            return Turn.DONE
        if _family(action) in done:
            return _leave(attempt)
        limit = timeout(attempt.obj, action)
        told = f"Running '{action}' action with timeout of {durations.written(limit)}"
        attempt.reconciling(PROGRESSING, told)
        if action in _RELEASES:
            attempt.mark(READY, "Unknown", PROGRESSING, told)
        await attempt.patch()
        try:
            await _act(attempt, wanted, action)
        except Failed as error:
            attempt.entry.notes.append(str(error))
            return Turn.BROKEN
        attempt.entry.forced = attempt.entry.forced or (forced and action in _RELEASES)
        if action in _UNDOES:
            return _undone(attempt)
        done.append(_family(action))
        await attempt.patch()


async def _act(attempt: Attempt, wanted: Wanted, action: Action) -> None:
    match action:
        case "install" | "upgrade":
            await actions.release(attempt, wanted, action)
        case "test":
            await actions.test(attempt, wanted)
        case "rollback":
            await actions.roll_back(attempt, wanted)
        case "uninstall":
            await actions.uninstall(attempt, wanted)


def _next(attempt: Attempt, wanted: Wanted, *, forced: bool) -> Action | None:
    """What the state of the release calls for. Raises _Exhausted."""
    obj = attempt.obj
    last = attempt.world.releases.last(wanted.place)
    history: list[Json] = status(obj).get("history") or []
    if last is None or last.status == "uninstalled":
        if strategy(obj, "install").exhausted(obj) and not forced:
            raise _Exhausted
        return "install"
    if not history or history[0]["digest"] != last.snapshot()["digest"]:
        status(obj)["history"] = []
        return "upgrade"
    if last.status == "failed" or _tests_failed(obj, last):
        return _after_failure(obj, history, forced=forced)
    if (last.chart.name, last.chart.version, last.config) != (wanted.chart.name, wanted.chart.version, wanted.config):
        if strategy(obj, "upgrade").exhausted(obj) and not forced:
            raise _Exhausted
        return "upgrade"
    if tests(obj) and last.tested is None:
        _forgive(attempt, last)
        return "test"
    return _in_sync(attempt, last, history, forced=forced)


def _tests_failed(obj: Json, last: Release) -> bool:
    now = active(obj)
    return tests(obj) and now is not None and not now.ignore_tests and not all((last.tested or {}).values())


def _after_failure(obj: Json, history: list[Json], *, forced: bool) -> Action:
    now = active(obj)
    if now is not None and now.retry is not None:
        status(obj)["history"] = helm.newest_few(history)
        return "upgrade"
    if now is None or now.failures(obj) <= 0 or forced:
        return "upgrade"
    if now.exhausted(obj) and not now.remediate_last:
        raise _Exhausted
    status(obj)["history"] = helm.truncated(history, ignore_tests=now.ignore_tests)
    if now.uninstalls:
        return "uninstall"
    if helm.previous(history, ignore_tests=now.ignore_tests) is None:
        raise _Exhausted
    return "rollback"


def _in_sync(attempt: Attempt, last: Release, history: list[Json], *, forced: bool) -> Action | None:
    obj = attempt.obj
    now = active(obj)
    keeps_all = now is not None and now.retry is not None
    status(obj)["history"] = helm.newest_few(history) if keeps_all else helm.truncated(history)
    if forced:
        return "upgrade"
    _forgive(attempt, last)
    failed = conditions.reason(obj, RELEASED)
    if failed in ("InstallFailed", "UpgradeFailed"):
        action = failed.removesuffix("Failed").lower()
        attempt.mark(RELEASED, "True", f"{action.capitalize()}Succeeded", actions.succeeded(last, action))
    return None


def _forgive(attempt: Attempt, last: Release) -> None:
    """What a rollback brought back is wanted again: the undoing counts as a good upgrade."""
    if conditions.state(attempt.obj, REMEDIATED) == "True":
        attempt.drop(REMEDIATED, RELEASED)
        attempt.mark(RELEASED, "True", "UpgradeSucceeded", actions.succeeded(last, "upgrade"))


def _give_up(attempt: Attempt) -> Turn:
    now = active(attempt.obj)
    action = now.action if now is not None else "install"
    failures = now.failures(attempt.obj) if now is not None else 0
    attempt.stalled("RetriesExceeded", f"Failed to {action} after {failures} attempt(s)")
    return Turn.EXHAUSTED


def _leave(attempt: Attempt) -> Turn | float:
    """The next action has had its turn in this run."""
    now = active(attempt.obj)
    if now is not None and now.retry is not None:
        return _retry_later(attempt, now)
    if now is None or not now.exhausted(attempt.obj):
        attempt.reconciling(RETRY, conditions.message(attempt.obj))
        return Turn.NOW
    attempt.drop(RECONCILING)
    return Turn.DONE


def _undone(attempt: Attempt) -> Turn | float:
    now = active(attempt.obj)
    if now is not None and now.retry is not None:
        return _retry_later(attempt, now)
    if now is None or not now.exhausted(attempt.obj) or (now.action == "upgrade" and now.uninstalls):
        attempt.reconciling(RETRY, conditions.message(attempt.obj))
        return Turn.NOW
    return _give_up(attempt)


def _retry_later(attempt: Attempt, now: Strategy) -> float:
    seconds = now.retry or 0.0
    attempt.reconciling(RETRY, f"retrying after {durations.written(seconds)}")
    return seconds


def _family(action: str) -> str:
    return "release" if action in _RELEASES else "remediate" if action in _UNDOES else action
