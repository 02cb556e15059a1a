"""What becomes of an object that was asked, as Flux writes it (docs/flux.md).

before = kustomization("shop/web", revision=A)
cluster.script(before.ref, (1, lambda ask, now: running(now, B)), (9, lambda ask, now: done(now, ask.token, B)))
"""

from __future__ import annotations

from dataclasses import replace

from bot.core.kinds import HELM_RELEASE, KUSTOMIZATION, Kind
from bot.core.resources import Condition, Details, HelmRevision, Snapshot, Tokens
from tests.fakes.clock import MORNING
from tests.fakes.status import (
    UNHEALTHY,
    A,
    artifact,
    build,
    ready_conditions,
    release,
    release_conditions,
    source_conditions,
)


def running(now: Snapshot, revision: str = "", message: str = "") -> Snapshot:
    """A run is going and has handled no token yet. Only with a `revision` to work on do Kustomizations name it and
    the others let go of their old Ready."""
    text = message or _running_text(now.ref.kind, revision)
    conditions = [Condition("Reconciling", "True", "Progressing", text, now.generation, MORNING)]
    if now.ref.kind == KUSTOMIZATION or revision:
        ready_text = "Reconciliation in progress" if now.ref.kind == KUSTOMIZATION else text
        conditions.append(Condition("Ready", "Unknown", "Progressing", ready_text, now.generation, MORNING))
        conditions += _without(now, "Ready", "Reconciling", "Stalled")
    else:
        conditions += _without(now, "Reconciling", "Stalled")
    keeps_attempt = now.ref.kind.source or not revision
    return replace(now, conditions=tuple(conditions), attempted=now.attempted if keeps_attempt else revision)


def done(now: Snapshot, token: str, revision: str = "", *, inventory: tuple[str, ...] | None = None) -> Snapshot:
    """The run of `token` ended well; without a `revision`, or with the old one, it changed nothing."""
    at, after = now.ref, revision or _revision(now)
    settled = replace(now, observed=now.generation, handled=_handled(now, token))
    if at.kind.source:
        settled = replace(settled, applied=after, conditions=source_conditions(after, now.generation))
        return settled if after == _revision(now) else replace(settled, artifact=artifact(after, MORNING))
    details = now.details or Details()
    if inventory is not None:
        details = replace(details, inventory=tuple(sorted(inventory)))
    settled = replace(settled, applied=after, attempted=after)
    if at.kind == HELM_RELEASE:
        helm = now.helm if after == now.applied else _upgraded(now, after, "deployed")
        number = helm[0].version if helm else 1
        conditions = release_conditions(at, number, after, now.generation)
        return replace(settled, helm=helm, details=details, conditions=conditions)
    builds = (build(after, "ReconciliationSucceeded"), *details.builds)[:5]
    conditions = ready_conditions(at.kind, after, now.generation, now.checks_health)
    return replace(settled, details=replace(details, builds=builds), conditions=conditions)


def failed(
    now: Snapshot, token: str, reason: str = "HealthCheckFailed", message: str = "", revision: str = ""
) -> Snapshot:
    """The run of `token` ended badly and Flux will try again; it was applying `revision`, if it got that far."""
    kind, generation, text = now.ref.kind, now.generation, message or UNHEALTHY
    bad = Condition("Ready", "False", reason, text, generation, MORNING)
    retrying = Condition("Reconciling", "True", "ProgressingWithRetry", _running_text(kind, revision), generation)
    handled = replace(now, handled=_handled(now, token))
    if kind.source:
        fetch = Condition("FetchFailed", "True", reason, text, generation, MORNING)
        rest = _without(now, "Ready", "Reconciling", "Stalled", "FetchFailed")
        return replace(handled, conditions=(retrying, bad, fetch, *rest))
    handled = replace(handled, attempted=revision or now.attempted)
    if kind == HELM_RELEASE:
        released = (replace(bad, type="Released"),) if revision else ()
        helm = _upgraded(now, revision, "failed") if revision else now.helm
        failures = replace(now.remediation, failures=1, upgrade_failures=1) if revision else now.remediation
        return replace(handled, helm=helm, remediation=failures, conditions=(retrying, bad, *released))
    details = now.details or Details()
    builds = (build(revision, reason), *details.builds)[:5] if revision else details.builds
    healthy = (Condition("Healthy", "False", reason, text, generation, MORNING),) if now.checks_health else ()
    return replace(handled, details=replace(details, builds=builds), conditions=(retrying, bad, *healthy))


def stalled(now: Snapshot, token: str, reason: str = "RetriesExceeded", message: str = "") -> Snapshot:
    """Flux gave up after the failure that `now` shows."""
    text = message or "Failed to upgrade after 1 attempt(s)"
    given_up = Condition("Stalled", "True", reason, text, now.generation, MORNING)
    rest = _without(now, "Reconciling", "Stalled")
    return replace(now, observed=now.generation, handled=_handled(now, token), conditions=(given_up, *rest))


def held_up(now: Snapshot, token: str, dependency: str, verb: str = "is not ready") -> Snapshot:
    """The run of `token` ended before it began: `dependency` (`ns/name`) is not ready."""
    bad = Condition(
        "Ready", "False", "DependencyNotReady", f"dependency '{dependency}' {verb}", now.generation, MORNING
    )
    return replace(now, handled=_handled(now, token), conditions=(bad, *_without(now, "Ready", "Reconciling")))


def told(now: Snapshot, token: str) -> Snapshot:
    """Suspended, and the token handled all the same: what stands there besides is old."""
    return replace(now, suspended=True, handled=_handled(now, token))


def two_patches(before: Snapshot, after: Snapshot) -> tuple[Snapshot, Snapshot]:
    """The two events in which a controller writes its end: the conditions first, token and the rest after."""
    return replace(before, conditions=after.conditions), after


def _handled(now: Snapshot, token: str) -> Tokens:
    """A run that was asked to force or reset handles that along with the token."""
    force = token if now.asked.force == token and token else now.handled.force
    reset = token if now.asked.reset == token and token else now.handled.reset
    return Tokens(token or now.handled.request, force, reset)


def _without(now: Snapshot, *types: str) -> list[Condition]:
    return [each for each in now.conditions if each.type not in types]


def _revision(now: Snapshot) -> str:
    if now.ref.kind.source:
        return now.artifact.revision if now.artifact is not None else ""
    return now.applied


def _running_text(kind: Kind, revision: str) -> str:
    if kind == KUSTOMIZATION:
        return f"Running health checks for revision {revision or A} with a timeout of 2m0s"
    if kind == HELM_RELEASE:
        return "Running 'upgrade' action with timeout of 5m0s" if revision else "Fulfilling prerequisites"
    return f"building artifact: new upstream revision '{revision}'" if revision else "reconciliation in progress"


def _upgraded(now: Snapshot, version: str, status: str) -> tuple[HelmRevision, ...]:
    older = tuple(
        replace(each, status="superseded") if each.status == "deployed" and status == "deployed" else each
        for each in now.helm
    )
    number = older[0].version + 1 if older else 1
    return (release(now.ref, number, version, status), *older)[:5]
