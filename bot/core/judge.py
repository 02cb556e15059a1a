"""Whether a request is done, and how it ended.

The rows are those of docs/flux.md, "The judge"; each rule below names its row. The one rule above all: a condition
says nothing about a request until the controller has written the request's own token. Conditions are written first
and the token with the last write of a run.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.core.changes import carries, change_between
from bot.core.kinds import HELM_RELEASE, KUSTOMIZATION
from bot.core.requests import Ask
from bot.core.resources import Absent, Condition, HelmRevision, Snapshot
from bot.core.verdicts import (
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Seen,
    Skipped,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
    Warn,
    Why,
)

SOURCE_GRACE: Final = timedelta(seconds=45)
"""How long an object may wait for its source to have something, once it says so (row 11)."""
REVISION_GRACE: Final = timedelta(seconds=60)
"""How long a second run may take to apply the revision that the first one missed (row 17)."""
DEPENDENCY_RETRY: Final = timedelta(seconds=30)
"""Flux's own timer for objects with unready dependencies, unless its flag says otherwise."""
_FORESEEN: Final = timedelta(days=36_500)
"""What lies further off is as good as never, and past what dates can tell."""

_NO_OWN_STALL: Final = frozenset({"DependencyNotReady", "ArtifactFailed"})
_WAITS_FOR_SOURCE: Final = frozenset({"SourceNotReady", "NoSourceArtifact", "SourceUnavailable"})
_SOURCE_MISSING: Final = re.compile(
    r"not found, retrying|artifact not found|\.source\.toolkit\.fluxcd\.io \"[^\"]*\" not found", re.IGNORECASE
)
_RETRY_AFTER: Final = re.compile(r"retrying after (?P<go>(?:\d+h)?(?:\d+m)?(?:\d+(?:\.\d+)?s)?)")
_HELM_FAILED: Final = frozenset({"InstallFailed", "UpgradeFailed", "TestFailed"})
_HELM_UNDONE: Final = frozenset({"RollbackSucceeded", "UninstallSucceeded", "RollbackFailed", "UninstallFailed"})


def judge(ask: Ask, seen: Seen, unforced: Snapshot | None = None) -> Pending | Verdict:
    """The verdict on `ask` after `seen`, or Pending while it is open. Pure; the first row that fits decides.

    `unforced` is the last that was seen of the object before a run took up our force; None: nothing since the patch.
    """
    now = seen.now
    if isinstance(now, Absent):
        return Gone(seen_before=ask.before is not None or now.was is not None)  # row 1
    if another(ask.before, now):
        return Gone(seen_before=True)  # row 1
    if now.deleting:
        return Deleting(now.finalizers)  # row 2
    if now.static or now.ref.kind.static:
        return Static()  # row 3
    if now.suspended:
        return Suspended(now.suspended_by)  # row 4
    since = taken_up_from(ask, unforced)
    by = overtaken_by(ask, now, answered=seen.answered)
    if by is None and now.handled.request != ask.token:
        verdict: Pending | Verdict = _not_handled(ask, now)  # rows 5, 6
    else:
        verdict = _handled(since, seen, now)
        if isinstance(verdict, Failed | Stalled):
            verdict = replace(verdict, warnings=_losses(since, seen, now))
    if isinstance(verdict, Pending):
        return give_up(since, verdict, seen) if seen.at >= ask.deadline else verdict  # row 19
    if by is not None and isinstance(verdict, Succeeded | Unchanged | Failed | Stalled):
        return Overtaken(by, verdict)
    return verdict


def taken_up_from(ask: Ask, unforced: Snapshot | None) -> Ask:
    """A release counts for the force from there on, a change from where the request began."""
    return replace(ask, before=unforced, baseline=ask.changed_from) if ask.force and unforced is not None else ask


def another(before: Snapshot | None, now: Snapshot) -> bool:
    """Whether the object that we asked was deleted, and one of the same name was made since."""
    return before is not None and bool(before.uid) and bool(now.uid) and before.uid != now.uid


def overtaken_by(ask: Ask, now: Snapshot, *, answered: bool) -> str | None:
    """The token of somebody who overwrote ours before a controller saw it, once theirs is handled.

    Their run began after our patch, since ours was there first: it is at least as good. Tokens are opaque, so this is
    the only way to know which came later. Once ours, or one after it, was handled (`answered`), each other is later.
    """
    handled = now.handled.request
    if handled in {"", ask.token, ask.prev} or now.asked.request == ask.token:
        return None
    return handled if answered or handled == now.asked.request else None


def answers(ask: Ask, seen: Seen) -> bool:
    """Whether a run for our token, or for a later one, has ended by then."""
    now = seen.now
    if seen.answered or not isinstance(now, Snapshot):
        return seen.answered
    return now.handled.request == ask.token or overtaken_by(ask, now, answered=False) is not None


def swallows(ask: Ask, seen: Seen) -> bool:
    """Whether a run that `answers` left a force or a reset undone, as far as its marks tell."""
    return isinstance(seen.now, Snapshot) and bool(_losses(ask, seen, seen.now))


def _not_handled(ask: Ask, now: Snapshot) -> Pending:
    if not _busy(now):
        return Pending(Why.QUEUED)
    began_since = ask.before is not None and not _busy(ask.before)
    return Pending(Why.RUNNING if began_since else Why.BUSY, _doing(now))


def _busy(now: Snapshot) -> bool:
    """Whether a run is going. A Reconciling left behind by a failure is no run."""
    ready, reconciling = now.ready, now.condition("Reconciling")
    if ready is not None and ready.status == "Unknown":
        return True
    if reconciling is None or reconciling.status != "True":
        return False
    return reconciling.reason != "ProgressingWithRetry" and (ready is None or ready.status != "False")


def _doing(now: Snapshot) -> str:
    for condition in (now.condition("Reconciling"), now.ready):
        if condition is not None and condition.message:
            return condition.message
    return ""


def _handled(ask: Ask, seen: Seen, now: Snapshot) -> Pending | Verdict:
    ready, stalled = now.ready, now.condition("Stalled")
    if _stalls(stalled, ready):
        return _stalled(now, stalled, ready)  # row 7
    skipped = next((each for each in seen.events if each.reason == "SkippedDueToSchedule"), None)
    if skipped is not None:
        return Skipped(skipped.message)  # row 16
    if ready is None or ready.status not in {"True", "False"}:
        return Pending(Why.RUNNING, _doing(now))  # row 8
    if ready.status == "False":
        return _not_ready(seen, now, ready)
    return _ready(ask, seen, now, ready)


def _stalls(stalled: Condition | None, ready: Condition | None) -> bool:
    if stalled is None or stalled.status != "True":
        return False
    if ready is None:
        return True
    return ready.reason not in _NO_OWN_STALL and (stalled.observed or 0) >= (ready.observed or 0)


def _stalled(now: Snapshot, stalled: Condition | None, ready: Condition | None) -> Stalled:
    told = _helm_failure(now) or ready
    return Stalled(
        reason=stalled.reason if stalled else "",
        message=stalled.message if stalled else "",
        ready_reason=told.reason if told else "",
        ready_message=told.message if told else "",
        revision=now.attempted,
        running=_running(now),
        good=_last_good(now),
        remedy=_remedy(now),
    )


def _not_ready(seen: Seen, now: Snapshot, ready: Condition) -> Pending | Verdict:
    if ready.reason == "HealthCheckCanceled" or _moves_house(now, ready):
        return Pending(Why.REPLACED, ready.message)  # row 9
    if ready.reason == "DependencyNotReady":
        return Pending(Why.DEPENDENCY, ready.message)  # row 10
    waits = ready.reason in _WAITS_FOR_SOURCE or (
        ready.reason == "ArtifactFailed" and _SOURCE_MISSING.search(ready.message) is not None
    )
    if waits and _within(SOURCE_GRACE, seen, Why.SOURCE):
        return Pending(Why.SOURCE, ready.message)  # row 11
    return failure(now, seen, ready)  # rows 11, 12


def as_it_stands(now: Snapshot, at: datetime) -> Failed | Stalled | None:
    """The failure that an object tells by itself, whoever asked for its last run; None where it tells none.

    When Flux tries again is left open: that counts from the end of a run that nobody here has seen.
    """
    stalled, ready = now.condition("Stalled"), now.ready
    if _stalls(stalled, ready):
        return _stalled(now, stalled, ready)
    if ready is None or ready.status != "False":
        return None
    return replace(failure(now, Seen(now, at), ready), retry_at=None)


def _moves_house(now: Snapshot, ready: Condition) -> bool:
    """A HelmRelease whose release was removed to be installed under another name, not to undo a failure."""
    if now.ref.kind != HELM_RELEASE or ready.reason != "UninstallSucceeded":
        return False
    remediated = now.condition("Remediated")
    return remediated is None or remediated.status != "True"


def _ready(ask: Ask, seen: Seen, now: Snapshot, ready: Condition) -> Pending | Verdict:
    observed = now.observed if now.ref.kind.observes else ready.observed
    if (
        not now.generation
        or observed != now.generation
        or (ready.observed is not None and ready.observed < now.generation)
    ):
        return Pending(Why.NEWER_SPEC, _doing(now))  # rows 13, 14
    reconciling = now.condition("Reconciling")
    if reconciling is not None and reconciling.status == "True":
        return Pending(Why.RUNNING, reconciling.message)  # row 15
    if ask.wanted and not _carries_wanted(ask.wanted, seen, now):
        return _older_revision(seen, now)  # row 17
    return _success(ask, seen, now)  # row 18


def _carries_wanted(wanted: str, seen: Seen, now: Snapshot) -> bool:
    """Whether it runs what its source ended with, or something newer that the source got since."""
    source = seen.source
    newest = source.artifact.revision if isinstance(source, Snapshot) and source.artifact else wanted
    return carries(now, wanted) or carries(now, newest)


def _older_revision(seen: Seen, now: Snapshot) -> Pending | TimedOut:
    pending = Pending(Why.OLD_REVISION, now.applied)
    return pending if _within(REVISION_GRACE, seen, Why.OLD_REVISION) else TimedOut(pending)


def _within(grace: timedelta, seen: Seen, why: Why) -> bool:
    if seen.held_by is not why or seen.held_since is None:
        return True
    return seen.at < seen.held_since + grace


def _success(ask: Ask, seen: Seen, now: Snapshot) -> Verdict:
    change = change_between(ask.changed_from, now, seen.source, ask.forges)
    changed = change is not None
    sync_error = next((each for each in seen.events if each.reason == "HelmChartSyncErr"), None)
    if not changed and sync_error is not None:
        # The controller returned before it wrote a condition, so Ready is still the old True.
        return Failed(sync_error.reason, sync_error.message, retries=True, running=_running(now))
    warnings = _warnings(ask, seen, now)
    return Succeeded(change, warnings) if change is not None else Unchanged(now.applied, warnings)


def _warnings(ask: Ask, seen: Seen, now: Snapshot) -> tuple[Warn, ...]:
    source = seen.source if isinstance(seen.source, Snapshot) else None
    found = {
        Warn.HEALTH_NOT_CHECKED: now.ref.kind == KUSTOMIZATION and not now.checks_health,
        Warn.SOURCE_FAILING: source is not None and source.ready is not None and source.ready.status == "False",
        Warn.FORCE_LOST: ask.force and _force_lost(ask, seen, now),
        Warn.RESET_LOST: ask.reset and _lost(ask, seen, now, now.handled.reset),
        Warn.NEWER_AVAILABLE: source is not None
        and source.artifact is not None
        and not carries(now, source.artifact.revision),
    }
    return tuple(warn for warn, holds in found.items() if holds)


def _force_lost(ask: Ask, seen: Seen, now: Snapshot) -> bool:
    """A later run marks the force as handled without having forced; only a release made since proves that it was.

    One that came on the way to our patch, or from a run that was going by then, proves nothing.
    """
    unproven = now.ref.kind == HELM_RELEASE and ask.before is not None and _release(ask.before) == _release(now)
    return unproven or _swallowed_force(ask, seen, now)


def _swallowed_force(ask: Ask, seen: Seen, now: Snapshot) -> bool:
    """Where our own answer was never seen, the marks are another's, and a release made since speaks for ours."""
    unseen = not seen.answered and now.handled.request != ask.token
    if unseen and now.ref.kind == HELM_RELEASE and ask.before is not None:
        return _release(ask.before) == _release(now)
    return _lost(ask, seen, now, now.handled.force)


def _release(of: Snapshot) -> tuple[int, str] | None:
    return (of.helm[0].version, of.helm[0].digest) if of.helm else None


def _losses(ask: Ask, seen: Seen, now: Snapshot) -> tuple[Warn, ...]:
    """What a failure cost: no retry of Flux's own forces or resets (docs/flux.md, "The request protocol")."""
    found = {
        Warn.FORCE_LOST: ask.force and _cost_the_force(ask, seen, now),
        Warn.RESET_LOST: ask.reset and _lost(ask, seen, now, now.handled.reset),
    }
    return tuple(warn for warn, holds in found.items() if holds)


def _cost_the_force(ask: Ask, seen: Seen, now: Snapshot) -> bool:
    """Whether a failure left the force undone. A release tried since is what it asked for, however the run ended; and
    who took it up and died leaves the mark to a run that gives up before it tries."""
    if now.ref.kind == HELM_RELEASE and ask.before is not None:
        if _release(ask.before) != _release(now):
            return False
        if _stalls(now.condition("Stalled"), now.ready) and now.ready is not None and now.ready.status == "Unknown":
            return True
    return _lost(ask, seen, now, now.handled.force)


def _lost(ask: Ask, seen: Seen, now: Snapshot, handled: str) -> bool:
    """Force and reset count only beside the request that they came with. A later request has marks of its own, and
    writes them before its token, so what was seen when ours was answered stays true."""
    if seen.answered or seen.swallowed:
        return seen.swallowed
    return now.handled.request != ask.token or handled != ask.token


def failure(now: Snapshot, seen: Seen, ready: Condition) -> Failed:
    """The failure that a Ready=False tells, with what comes next."""
    told = _helm_failure(now) or ready
    delay = _retry_delay(now, ready)
    return Failed(
        reason=told.reason,
        message=told.message,
        retries=not _still_at_it(now, told),
        retry_at=None if delay is None or delay > _FORESEEN else seen.at + delay,
        revision=now.attempted,
        running=_running(now),
        good=_last_good(now),
        remedy=_remedy(now),
    )


def _still_at_it(now: Snapshot, told: Condition) -> bool:
    """A failed Helm action in the middle of its run: whether it is undone, retried or given up comes next."""
    reconciling = now.condition("Reconciling")
    if now.ref.kind != HELM_RELEASE or told.reason not in _HELM_FAILED:
        return False
    return reconciling is not None and reconciling.reason == "Progressing"


def _helm_failure(now: Snapshot) -> Condition | None:
    """The failed action itself, where Ready only tells how it was undone."""
    ready, released = now.ready, now.condition("Released")
    if now.ref.kind != HELM_RELEASE or ready is None or ready.reason not in _HELM_UNDONE:
        return None
    for condition in (now.condition("TestSuccess"), released):
        if condition is not None and condition.status == "False" and condition.reason in _HELM_FAILED:
            return condition
    return None


def _remedy(now: Snapshot) -> str:
    ready = now.ready
    return ready.reason if ready and now.ref.kind == HELM_RELEASE and ready.reason in _HELM_UNDONE else ""


def _retry_delay(now: Snapshot, ready: Condition) -> timedelta | None:
    """How long until Flux tries again by itself; None for back-off that only the controller knows."""
    reconciling = now.condition("Reconciling")
    match = _RETRY_AFTER.search(reconciling.message) if reconciling else None
    if match and match["go"]:
        return _go_duration(match["go"])
    if ready.reason == "DependencyNotReady":
        return DEPENDENCY_RETRY
    if now.ref.kind == KUSTOMIZATION:
        return now.retry_interval or now.interval
    if now.ref.kind == HELM_RELEASE and reconciling is not None and reconciling.reason == "ProgressingWithRetry":
        return timedelta(0) if ready.reason in _HELM_FAILED | _HELM_UNDONE else None
    return None


_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0}


def _go_duration(text: str) -> timedelta | None:
    seconds = sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"([\d.]+)([hms])", text))
    return timedelta(seconds=seconds) if seconds <= _FORESEEN.total_seconds() else None


def _running(now: Snapshot) -> str:
    """What still runs: the last good release's chart, else what was last applied."""
    good = _last_good(now)
    return good.chart_version if good is not None else now.applied


def _last_good(now: Snapshot) -> HelmRevision | None:
    return next((row for row in now.helm if row.status in {"deployed", "superseded"}), None)


def give_up(ask: Ask, pending: Pending, seen: Seen) -> Verdict:
    """What to say of a pending request when patience ends (row 19; rows 10 and 11 become failures)."""
    now = seen.now
    if pending.why in {Why.DEPENDENCY, Why.SOURCE} and isinstance(now, Snapshot) and now.ready is not None:
        by = overtaken_by(ask, now, answered=seen.answered)
        failed = replace(failure(now, seen, now.ready), warnings=_losses(ask, seen, now))
        return failed if by is None else Overtaken(by, failed)
    return TimedOut(pending)
