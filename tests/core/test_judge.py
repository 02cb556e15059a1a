"""The judge, row by row of docs/flux.md, "The judge". What Flux really writes is in test_recordings_are_judged.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.judge import REVISION_GRACE, SOURCE_GRACE, judge
from bot.core.kinds import (
    ALERT,
    FLUX_INSTANCE,
    GIT_REPOSITORY,
    KUSTOMIZATION,
    OCI_REPOSITORY,
    RESOURCE_SET_INPUT_PROVIDER,
)
from bot.core.patience import patience
from bot.core.requests import Ask
from bot.core.resources import Absent, Condition, Event, Remediation, Snapshot, Tokens
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
from tests.fakes.clock import MORNING
from tests.fakes.objects import (
    git_repository,
    helm_chart,
    helm_release,
    helm_repository,
    kustomization,
    oci_repository,
)
from tests.fakes.runs import done, failed, held_up, running, stalled, told, two_patches
from tests.fakes.status import NO_LOGIN, UNHEALTHY, A, B, ref

T = "2026-08-20T09:14:00.000000Z-abcd1234"
SOON = MORNING + timedelta(seconds=5)
DEADLINE = MORNING + timedelta(minutes=5)


def ask(before: Snapshot, wanted: str | None = None, *, force: bool = False, reset: bool = False) -> Ask:
    return Ask(
        before.ref,
        T,
        before.handled.request,
        MORNING,
        DEADLINE,
        replace(before, asked=Tokens(T)),
        wanted,
        force,
        reset,
    )


def after(
    before: Snapshot,
    now: Snapshot | Absent,
    wanted: str | None = None,
    *,
    at: datetime = SOON,
    source: Snapshot | Absent | None = None,
    events: tuple[Event, ...] = (),
    force: bool = False,
    reset: bool = False,
    held_by: Why | None = None,
    held_since: datetime | None = None,
) -> Pending | Verdict:
    """What is said of a request to `before` once the object is `now`; it carries our token unless it has another."""
    if isinstance(now, Snapshot) and not now.asked.request:
        now = replace(now, asked=Tokens(T))
    return judge(ask(before, wanted, force=force, reset=reset), Seen(now, at, source, events, held_by, held_since))


def ready(snapshot: Snapshot, **changes: object) -> Snapshot:
    """The same with its Ready condition changed."""
    conditions = tuple(
        replace(each, **changes) if each.type == "Ready" else each  # type: ignore[arg-type]
        for each in snapshot.conditions
    )
    return replace(snapshot, conditions=conditions)


def with_condition(snapshot: Snapshot, *more: Condition) -> Snapshot:
    types = {each.type for each in more}
    return replace(snapshot, conditions=(*(c for c in snapshot.conditions if c.type not in types), *more))


# --- Rows 1 to 4: there is nothing to wait for --------------------------------------------------------------------


def test_row_1_an_object_that_vanished_is_gone_and_was_seen() -> None:
    apps = kustomization()
    assert after(apps, Absent(apps.ref)) == Gone(seen_before=True)


def test_row_1_an_object_never_seen_is_not_said_to_be_deleted() -> None:
    apps = kustomization()
    unseen = replace(ask(apps), before=None)
    assert judge(unseen, Seen(Absent(apps.ref), SOON)) == Gone(seen_before=False)


def test_row_2_an_object_being_deleted_names_its_finalizers() -> None:
    apps = kustomization()
    going = replace(done(apps, T, B), deleting=True, finalizers=("finalizers.fluxcd.io",))
    assert after(apps, going) == Deleting(("finalizers.fluxcd.io",))


def test_row_3_a_static_object_has_no_reconciler() -> None:
    charts = helm_repository(oci=True)
    assert after(charts, charts) == Static()


def test_row_3_a_static_kind_has_no_reconciler() -> None:
    alert = Snapshot(ref(ALERT, "flux-system/slack"), handled=Tokens(T))
    assert after(alert, alert) == Static()


def test_row_4_suspended_is_never_success_although_the_token_is_handled() -> None:
    apps = kustomization()
    assert after(apps, replace(told(apps, T), suspended_by="sre")) == Suspended("sre")


# --- Rows 5 and 6: not handled yet --------------------------------------------------------------------------------


def test_row_5_an_earlier_run_is_told_as_busy() -> None:
    busy = running(kustomization(), A)
    assert after(busy, busy) == Pending(Why.BUSY, f"Running health checks for revision {A} with a timeout of 2m0s")


def test_row_5_a_run_that_began_after_our_patch_is_ours() -> None:
    apps = kustomization()
    text = f"Running health checks for revision {B} with a timeout of 2m0s"
    assert after(apps, running(apps, B)) == Pending(Why.RUNNING, text)


def test_row_6_an_old_ready_says_nothing_about_our_request() -> None:
    apps = kustomization()
    assert after(apps, apps) == Pending(Why.QUEUED)


def test_row_6_a_reconciling_left_by_a_failure_is_no_run() -> None:
    broken = kustomization(ready=False, token="older")
    assert after(broken, replace(broken, asked=Tokens(T))) == Pending(Why.QUEUED)


def test_the_conditions_of_our_run_are_not_its_end() -> None:
    """Flux writes the conditions first and the token in a second patch; only the second one counts."""
    apps = kustomization()
    conditions_only, whole = two_patches(replace(apps, asked=Tokens(T)), done(apps, T, B))
    assert after(apps, conditions_only, B) == Pending(Why.QUEUED)
    assert isinstance(after(apps, whole, B), Succeeded)


# --- Row 7: stalled -----------------------------------------------------------------------------------------------


def test_row_7_out_of_retries_tells_both_the_stall_and_the_failure() -> None:
    podinfo = helm_release()
    end = stalled(failed(podinfo, T, "UpgradeFailed", "context deadline exceeded", "6.6.0"), T)
    assert after(podinfo, end) == Stalled(
        reason="RetriesExceeded",
        message="Failed to upgrade after 1 attempt(s)",
        ready_reason="UpgradeFailed",
        ready_message="context deadline exceeded",
        revision="6.6.0",
        running="6.5.0",
        good=podinfo.helm[0],
    )


@pytest.mark.parametrize("reason", ["DependencyNotReady", "ArtifactFailed"])
def test_row_7_a_stall_that_an_early_exit_left_behind_is_not_ours(reason: str) -> None:
    apps = kustomization()
    left = Condition("Stalled", "True", "InvalidCELExpression", "old", 4)
    verdict = after(apps, with_condition(failed(apps, T, reason, "dependency 'a/b' is not ready"), left))
    assert not isinstance(verdict, Stalled)


def test_row_7_a_stall_of_an_older_generation_is_not_ours() -> None:
    apps = kustomization()
    left = Condition("Stalled", "True", "InvalidCELExpression", "old", 3)
    assert isinstance(after(apps, with_condition(failed(apps, T), left)), Failed)


# --- Rows 8 to 12: handled, and not ready -------------------------------------------------------------------------


def test_row_8_handled_and_unknown_means_that_another_run_is_going() -> None:
    apps = kustomization()
    assert after(apps, replace(running(apps, B), handled=Tokens(T))) == Pending(
        Why.RUNNING, f"Running health checks for revision {B} with a timeout of 2m0s"
    )


def test_row_8_without_any_ready_condition_nothing_is_decided() -> None:
    apps = kustomization()
    assert after(apps, replace(apps, conditions=(), handled=Tokens(T))) == Pending(Why.RUNNING)


def test_row_9_a_cancelled_health_check_is_no_failure() -> None:
    apps = kustomization()
    text = "New reconciliation triggered by GitRepository/flux-system/apps"
    assert after(apps, failed(apps, T, "HealthCheckCanceled", text)) == Pending(Why.REPLACED, text)


def test_row_9_a_release_removed_for_its_new_target_is_no_failure() -> None:
    podinfo = helm_release()
    assert after(podinfo, failed(podinfo, T, "UninstallSucceeded", "uninstalled")) == Pending(
        Why.REPLACED, "uninstalled"
    )


def test_row_9_a_release_removed_to_undo_a_failed_install_is_one() -> None:
    podinfo = helm_release()
    undone = with_condition(
        failed(podinfo, T, "UninstallSucceeded", "uninstalled"),
        Condition("Remediated", "True", "UninstallSucceeded", "uninstalled", 3),
        Condition("Released", "False", "InstallFailed", "boom", 3),
    )
    verdict = after(podinfo, undone)
    assert isinstance(verdict, Failed)
    assert (verdict.reason, verdict.message, verdict.remedy) == ("InstallFailed", "boom", "UninstallSucceeded")


def test_row_10_an_unready_dependency_is_waited_for() -> None:
    apps = kustomization(depends_on=("flux-system/infra",))
    text = "dependency 'flux-system/infra' is not ready"
    assert after(apps, held_up(apps, T, "flux-system/infra")) == Pending(Why.DEPENDENCY, text)


def test_row_10_and_becomes_a_failure_at_the_deadline() -> None:
    apps = kustomization(depends_on=("flux-system/infra",))
    verdict = after(apps, held_up(apps, T, "flux-system/infra"), at=DEADLINE)
    assert isinstance(verdict, Failed)
    assert (verdict.reason, verdict.retry_at) == ("DependencyNotReady", DEADLINE + timedelta(seconds=30))


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("SourceNotReady", "HelmChart 'shop/shop-podinfo' is not ready"),
        ("ArtifactFailed", "Source 'GitRepository/shop/web' not found, retrying in 30s"),
        ("ArtifactFailed", "artifact not found"),
        ("ArtifactFailed", 'GitRepository.source.toolkit.fluxcd.io "nowhere" not found'),
        ("NoSourceArtifact", "no artifact available"),
    ],
)
def test_row_11_a_source_with_nothing_yet_gets_a_grace_period(reason: str, text: str) -> None:
    apps = kustomization()
    end = failed(apps, T, reason, text)
    last = SOON + SOURCE_GRACE
    assert after(apps, end, at=last) == Pending(Why.SOURCE, text)
    assert after(apps, end, at=last - timedelta(seconds=1), held_by=Why.SOURCE, held_since=SOON) == Pending(
        Why.SOURCE, text
    )
    assert isinstance(after(apps, end, at=last, held_by=Why.SOURCE, held_since=SOON), Failed)


def test_row_11_its_grace_does_not_run_while_something_else_was_waited_for() -> None:
    apps, last = kustomization(), SOON + SOURCE_GRACE
    end = failed(apps, T, "SourceNotReady", "not yet")
    assert after(apps, end, at=last, held_by=Why.OLD_REVISION, held_since=SOON) == Pending(Why.SOURCE, "not yet")


def test_row_11_a_missing_path_is_no_missing_artifact() -> None:
    apps = kustomization()
    verdict = after(
        apps, failed(apps, T, "ArtifactFailed", "kustomization path not found: stat /tmp/x: no such file")
    )
    assert isinstance(verdict, Failed)


def test_row_12_a_failed_kustomization_says_when_flux_tries_again_and_what_still_runs() -> None:
    apps = replace(kustomization(), retry_interval=timedelta(minutes=2))
    assert after(apps, failed(apps, T, "HealthCheckFailed", UNHEALTHY, B)) == Failed(
        reason="HealthCheckFailed",
        message=UNHEALTHY,
        retries=True,
        retry_at=SOON + timedelta(minutes=2),
        revision=B,
        running=A,
    )


def test_row_12_without_a_retry_interval_the_interval_counts() -> None:
    apps = kustomization()
    verdict = after(apps, failed(apps, T, "BuildFailed", "boom", B))
    assert isinstance(verdict, Failed)
    assert verdict.retry_at == SOON + timedelta(minutes=10)


def test_row_12_a_failed_source_backs_off_for_as_long_as_only_its_controller_knows() -> None:
    git = git_repository()
    assert after(git, failed(git, T, "GitOperationFailed", NO_LOGIN)) == Failed(
        reason="GitOperationFailed", message=NO_LOGIN, retries=True, retry_at=None, running=A
    )


def test_row_12_a_rolled_back_upgrade_tells_the_upgrade() -> None:
    podinfo = helm_release(remediation=Remediation(upgrade_retries=1))
    rolled = with_condition(
        ready(
            failed(podinfo, T, "UpgradeFailed", "boom", "6.6.0"), reason="RollbackSucceeded", message="rolled back"
        ),
        Condition("Released", "False", "UpgradeFailed", "boom", 3),
        Condition("Remediated", "True", "RollbackSucceeded", "rolled back", 3),
    )
    verdict = after(podinfo, rolled)
    assert isinstance(verdict, Failed)
    assert (verdict.reason, verdict.message, verdict.remedy) == ("UpgradeFailed", "boom", "RollbackSucceeded")
    assert verdict.good == podinfo.helm[0]
    assert verdict.retry_at == SOON


def test_row_12_a_failed_action_in_the_middle_of_its_run_promises_no_retry() -> None:
    podinfo = helm_release()
    between = with_condition(
        failed(podinfo, T, "InstallFailed", "boom", "6.6.0"),
        Condition("Reconciling", "True", "Progressing", "Running 'install' action with timeout of 5s", 3),
    )
    verdict = after(podinfo, between)
    assert isinstance(verdict, Failed)
    assert (verdict.retries, verdict.retry_at) == (False, None)


def test_row_12_retry_on_failure_says_after_how_long() -> None:
    podinfo = helm_release()
    waiting = with_condition(
        failed(podinfo, T, "UpgradeFailed", "boom", "6.6.0"),
        Condition("Reconciling", "True", "ProgressingWithRetry", "retrying after 5m0s", 3),
    )
    verdict = after(podinfo, waiting)
    assert isinstance(verdict, Failed)
    assert verdict.retry_at == SOON + timedelta(minutes=5)


# --- Rows 13 to 17: handled and ready, and yet not done -----------------------------------------------------------


def test_row_13_a_newer_spec_is_waited_for() -> None:
    apps = kustomization()
    assert after(apps, replace(done(apps, T, B), generation=5, observed=4)) == Pending(
        Why.NEWER_SPEC, f"Applied revision: {B}"
    )


def test_row_13_a_kind_without_the_field_is_measured_by_its_ready_condition() -> None:
    instance = Snapshot(
        ref(FLUX_INSTANCE, "flux-system/flux"),
        generation=2,
        handled=Tokens(T),
        conditions=(Condition("Ready", "True", "ReconciliationSucceeded", "ok", 1),),
    )
    assert after(instance, instance) == Pending(Why.NEWER_SPEC, "ok")
    assert isinstance(after(instance, ready(instance, observed=2)), Unchanged)


def test_row_14_a_ready_of_an_older_generation_is_old() -> None:
    apps = kustomization()
    stale = ready(replace(done(apps, T, B), generation=5, observed=5), observed=4)
    assert after(apps, stale) == Pending(Why.NEWER_SPEC, f"Applied revision: {B}")


def test_row_15_a_release_between_two_actions_is_not_done() -> None:
    podinfo = helm_release()
    between = with_condition(
        done(podinfo, T, "6.6.0"), Condition("Reconciling", "True", "Progressing", "Running 'test' action", 3)
    )
    assert after(podinfo, between) == Pending(Why.RUNNING, "Running 'test' action")


def test_row_16_outside_its_schedule_nothing_ran() -> None:
    provider = Snapshot(
        ref(RESOURCE_SET_INPUT_PROVIDER, "flux-system/prs"),
        generation=1,
        handled=Tokens(T),
        conditions=(Condition("Ready", "True", "ReconciliationSucceeded", "ok", 1),),
    )
    event = Event(provider.ref, "SkippedDueToSchedule", "next at 18:00", warning=False, at=SOON)
    assert after(provider, provider, events=(event,)) == Skipped("next at 18:00")


def test_row_17_the_older_revision_is_not_what_was_asked_for() -> None:
    apps, source = kustomization(), git_repository(revision=B)
    raced = done(apps, T)
    last = SOON + REVISION_GRACE
    assert after(apps, raced, B, source=source, at=last) == Pending(Why.OLD_REVISION, A)
    assert after(apps, raced, B, source=source, at=last, held_by=Why.OLD_REVISION, held_since=SOON) == TimedOut(
        Pending(Why.OLD_REVISION, A)
    )


def test_row_17_what_the_source_got_since_is_good_too() -> None:
    apps = kustomization()
    newer = "main@sha1:" + "c0ffee11" * 5
    assert isinstance(after(apps, done(apps, T, newer), B, source=git_repository(revision=newer)), Succeeded)


def test_row_17_a_release_is_measured_by_its_chart() -> None:
    podinfo, chart = helm_release(), helm_chart(version="6.6.0")
    assert after(podinfo, done(podinfo, T), "6.6.0", source=chart) == Pending(Why.OLD_REVISION, "6.5.0")
    assert isinstance(after(podinfo, done(podinfo, T, "6.6.0"), "6.6.0", source=chart), Succeeded)


def test_row_17_a_release_from_an_oci_artifact_is_measured_by_its_digest() -> None:
    source = oci_repository("shop/podinfo")
    assert source.artifact is not None
    podinfo = replace(helm_release(source=ref(OCI_REPOSITORY, "shop/podinfo")), chart=None)
    old, digest = done(podinfo, T), source.artifact.revision.rpartition("@")[2]
    new = replace(old, helm=(replace(old.helm[0], oci_digest=digest), *old.helm[1:]))
    assert after(podinfo, old, source.artifact.revision, source=source) == Pending(Why.OLD_REVISION, "6.5.0")
    assert isinstance(after(podinfo, new, source.artifact.revision, source=source), Unchanged)


# --- Row 18: done -------------------------------------------------------------------------------------------------


def test_row_18_a_new_revision_says_what_appeared_and_disappeared() -> None:
    apps, source = kustomization("shop/web"), git_repository("shop/web", revision=B)
    verdict = after(apps, done(apps, T, B, inventory=("_shop__Namespace", "shop_flags__ConfigMap")), B, source=source)
    assert isinstance(verdict, Succeeded)
    change = verdict.change
    assert (change.before, change.after) == (A, B)
    assert change.created == ("shop_flags__ConfigMap",)
    assert change.removed == ("shop_web__Service", "shop_web_apps_Deployment")
    assert change.counted
    old, new = (each.rpartition(":")[2] for each in (A, B))
    assert change.link == f"https://github.com/acme/shop/compare/{old}...{new}"


def test_row_18_nothing_new_is_unchanged() -> None:
    apps = kustomization()
    assert after(apps, done(apps, T)) == Unchanged(A)


def test_row_18_the_same_revision_with_another_inventory_is_a_change() -> None:
    apps = kustomization()
    verdict = after(apps, done(apps, T, inventory=()))
    assert isinstance(verdict, Succeeded)


def test_row_18_other_manifests_at_the_same_revision_are_a_change() -> None:
    apps = kustomization()
    again = done(apps, T)
    assert again.details is not None
    built = replace(again.details, builds=(replace(again.details.builds[0], digest="sha256:ff"),))
    verdict = after(apps, replace(again, details=built))
    assert isinstance(verdict, Succeeded)
    assert verdict.change.rebuilt


def test_row_18_a_new_helm_revision_of_the_same_chart_is_a_change() -> None:
    podinfo = helm_release()
    again = done(podinfo, T)
    again = replace(again, helm=(replace(again.helm[0], version=3, config_digest="sha256:ff"), *again.helm))
    verdict = after(podinfo, again)
    assert isinstance(verdict, Succeeded)
    assert verdict.change.values_changed


def test_row_18_a_brief_before_claims_no_inventory_diff() -> None:
    apps = kustomization()
    verdict = after(apps.brief(), done(apps, T, B))
    assert isinstance(verdict, Succeeded)
    assert (verdict.change.counted, verdict.change.created, verdict.change.removed) == (False, (), ())


def test_success_without_health_checks_says_so() -> None:
    apps = kustomization(checks_health=False)
    assert after(apps, done(apps, T)) == Unchanged(A, (Warn.HEALTH_NOT_CHECKED,))


def test_success_on_an_old_artifact_says_that_the_source_fails() -> None:
    apps = kustomization()
    assert after(apps, done(apps, T), source=git_repository(ready=False)) == Unchanged(A, (Warn.SOURCE_FAILING,))


def test_a_force_that_an_early_exit_swallowed_is_told() -> None:
    podinfo = helm_release()
    assert after(podinfo, done(podinfo, T), force=True, reset=True) == Unchanged(
        "6.5.0", (Warn.FORCE_LOST, Warn.RESET_LOST)
    )


def test_a_force_that_is_marked_handled_and_made_no_release_is_lost_too() -> None:
    podinfo = helm_release()
    marked = replace(done(podinfo, T), handled=Tokens(T, force=T))
    assert after(podinfo, marked, force=True) == Unchanged("6.5.0", (Warn.FORCE_LOST,))


def test_a_force_that_made_a_release_is_not_lost() -> None:
    podinfo = helm_release()
    forced = replace(done(podinfo, T), handled=Tokens(T, force=T))
    forced = replace(forced, helm=(replace(forced.helm[0], version=3), *forced.helm))
    verdict = after(podinfo, forced, force=True)
    assert isinstance(verdict, Succeeded)
    assert verdict.warnings == ()


def test_a_newer_revision_in_the_source_is_told() -> None:
    apps = kustomization()
    assert after(apps, done(apps, T), source=git_repository(revision=B)) == Unchanged(A, (Warn.NEWER_AVAILABLE,))


def test_a_chart_that_could_not_be_written_is_no_unchanged_success() -> None:
    podinfo = helm_release()
    event = Event(podinfo.ref, "HelmChartSyncErr", "access denied", warning=False, at=SOON)
    verdict = after(podinfo, done(podinfo, T), events=(event,))
    assert isinstance(verdict, Failed)
    assert (verdict.reason, verdict.message) == ("HelmChartSyncErr", "access denied")


# --- Row 19: patience ends ----------------------------------------------------------------------------------------


def test_row_19_the_deadline_tells_what_was_pending() -> None:
    apps = kustomization()
    text = f"Running health checks for revision {B} with a timeout of 2m0s"
    assert after(apps, running(apps, B), at=DEADLINE) == TimedOut(Pending(Why.RUNNING, text))


def test_row_19_an_end_at_the_deadline_is_still_an_end() -> None:
    apps = kustomization()
    assert isinstance(after(apps, done(apps, T, B), at=DEADLINE + timedelta(hours=1)), Succeeded)


# --- The overwritten token ----------------------------------------------------------------------------------------


def test_somebody_elses_run_after_our_patch_answers_for_ours() -> None:
    apps = kustomization()
    theirs = replace(done(apps, "theirs", B), asked=Tokens("theirs"))
    verdict = after(apps, theirs, B)
    assert isinstance(verdict, Overtaken)
    assert verdict.by == "theirs"
    assert isinstance(verdict.verdict, Succeeded)


def test_somebody_elses_token_that_is_not_handled_yet_decides_nothing() -> None:
    apps = kustomization()
    assert after(apps, replace(apps, asked=Tokens("theirs"))) == Pending(Why.QUEUED)


def test_an_earlier_token_handled_after_our_patch_is_not_ours() -> None:
    """Its run may have begun before our patch: ours still stands in the annotation and waits its turn."""
    apps = kustomization()
    assert after(apps, replace(done(apps, "earlier", B), asked=Tokens(T))) == Pending(Why.QUEUED)


def test_our_own_token_counts_even_when_overwritten_right_after() -> None:
    apps = kustomization()
    verdict = after(apps, replace(done(apps, T, B), asked=Tokens("theirs")), B)
    assert isinstance(verdict, Succeeded)


def test_an_overtaken_suspend_is_plain_suspended() -> None:
    apps = kustomization()
    assert after(apps, replace(told(apps, "theirs"), asked=Tokens("theirs"))) == Suspended()


# --- The shape of the rule ----------------------------------------------------------------------------------------

_STATUS = st.sampled_from(["True", "False", "Unknown"])
_REASONS = st.sampled_from(
    ["Progressing", "ProgressingWithRetry", "ReconciliationSucceeded", "HealthCheckFailed", "DependencyNotReady",
     "ArtifactFailed", "RetriesExceeded", "Succeeded", "UpgradeSucceeded", "UninstallSucceeded"]
)  # fmt: skip
_CONDITIONS = st.lists(
    st.builds(
        Condition,
        type=st.sampled_from(["Ready", "Reconciling", "Stalled", "Healthy", "Released"]),
        status=_STATUS,
        reason=_REASONS,
        message=st.just("text"),
        observed=st.one_of(st.none(), st.integers(1, 3)),
    ),
    max_size=4,
    unique_by=lambda each: each.type,
)
_TOKENS = st.sampled_from(["", "before", T, "theirs"])
_OBJECTS = st.builds(
    Snapshot,
    ref=st.sampled_from([ref(KUSTOMIZATION, "shop/web"), ref(GIT_REPOSITORY, "shop/web"), helm_release().ref]),
    generation=st.integers(1, 3),
    observed=st.one_of(st.none(), st.integers(1, 3)),
    suspended=st.booleans(),
    deleting=st.booleans(),
    conditions=_CONDITIONS.map(tuple),
    asked=_TOKENS.map(Tokens),
    handled=_TOKENS.map(Tokens),
    applied=st.sampled_from(["", A, B]),
)


@given(now=_OBJECTS, wanted=st.sampled_from([None, A, B]), late=st.booleans())
def test_success_is_only_said_after_a_run_that_began_after_our_patch(
    now: Snapshot, wanted: str | None, late: bool
) -> None:
    before = replace(now, handled=Tokens("before"), asked=Tokens(T), conditions=())
    seen = Seen(now, DEADLINE if late else SOON)
    verdict = judge(replace(ask(before, wanted), prev="before"), seen)
    inner = verdict.verdict if isinstance(verdict, Overtaken) else verdict
    if isinstance(inner, Succeeded | Unchanged):
        own = now.handled.request == T
        theirs = now.handled.request == now.asked.request == "theirs"
        assert own or theirs
        assert not now.suspended
        assert not now.deleting
        assert now.ready is not None
        assert now.ready.status == "True"
        assert wanted is None or now.ref.kind != KUSTOMIZATION or now.applied == wanted
    if late:
        assert not isinstance(verdict, Pending)


# --- Patience -----------------------------------------------------------------------------------------------------

FLOOR = timedelta(minutes=5)


def test_patience_is_never_shorter_than_the_floor() -> None:
    assert patience(kustomization(), FLOOR) == FLOOR


def test_patience_follows_a_long_timeout() -> None:
    assert patience(replace(kustomization(), timeout=timedelta(minutes=20)), FLOOR) == timedelta(
        minutes=20, seconds=30
    )


def test_patience_without_a_timeout_follows_the_interval() -> None:
    slow = replace(kustomization(), timeout=None, interval=timedelta(hours=1))
    assert patience(slow, FLOOR) == timedelta(hours=1)


def test_patience_of_a_release_that_may_be_undone_is_twice_its_timeout() -> None:
    podinfo = helm_release(remediation=Remediation(upgrade_retries=3))
    assert patience(podinfo, FLOOR) == timedelta(minutes=10, seconds=30)


def test_patience_of_a_release_that_is_undone_for_ever_is_twice_its_timeout_too() -> None:
    podinfo = helm_release(remediation=Remediation(upgrade_retries=-1))
    assert patience(podinfo, FLOOR) == timedelta(minutes=10, seconds=30)


def test_patience_of_a_source_follows_its_timeout() -> None:
    assert patience(replace(git_repository(), timeout=timedelta(minutes=9)), FLOOR) == timedelta(
        minutes=9, seconds=30
    )


def test_flux_says_what_timed_out_before_we_do() -> None:
    assert patience(replace(kustomization(), timeout=FLOOR), FLOOR) > FLOOR
