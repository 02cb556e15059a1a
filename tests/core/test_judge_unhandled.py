"""Rows 1 to 7 of docs/flux.md, "The judge": nothing to wait for, not handled, given up; and whose token counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.judge import judge
from bot.core.kinds import (
    ALERT,
)
from bot.core.resources import Absent, Condition, Snapshot, Tokens
from bot.core.verdicts import (
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Seen,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Why,
)
from tests.core.asks import SOON, T, after, ask, failure, reconciling, theirs, with_condition
from tests.fakes.clock import MORNING
from tests.fakes.objects import (
    helm_release,
    helm_repository,
    kustomization,
)
from tests.fakes.runs import done, failed, running, stalled, told, two_patches
from tests.fakes.status import A, B, ref


def test_row_1_an_object_that_vanished_is_gone_and_was_seen() -> None:
    apps = kustomization()
    assert after(apps, Absent(apps.ref)) == Gone(seen_before=True)


def test_row_1_an_object_never_seen_is_not_said_to_be_deleted() -> None:
    apps = kustomization()
    unseen = replace(ask(apps), before=None)
    assert judge(unseen, Seen(Absent(apps.ref), SOON)) == Gone(seen_before=False)


def test_row_1_another_object_of_the_name_is_not_the_one_that_was_asked() -> None:
    apps = kustomization()
    another = replace(done(apps, T, B), uid="another", suspended=True)
    assert after(apps, another) == Gone(seen_before=True)


def test_row_1_an_object_without_a_uid_is_taken_for_the_same() -> None:
    apps = kustomization()
    assert isinstance(after(apps, replace(done(apps, T, B), uid="")), Succeeded)
    assert isinstance(after(replace(apps, uid=""), done(apps, T, B)), Succeeded)


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


def test_row_1_what_the_watch_saw_before_it_vanished_counts_as_seen() -> None:
    apps = kustomization()
    unseen = replace(ask(apps), before=None)
    assert judge(unseen, Seen(Absent(apps.ref, was=apps), SOON)) == Gone(seen_before=True)


def test_being_deleted_is_told_before_being_static_or_suspended() -> None:
    apps = kustomization(suspended=True)
    assert after(apps, replace(apps, deleting=True, static=True)) == Deleting()
    assert after(apps, replace(apps, deleting=True)) == Deleting()


def test_being_static_is_told_before_being_suspended() -> None:
    apps = kustomization(suspended=True)
    assert after(apps, replace(apps, static=True)) == Static()


def test_somebody_elses_failure_answers_for_ours() -> None:
    apps = kustomization()
    verdict = after(apps, theirs(failed(apps, "theirs", "BuildFailed", "boom", B)))
    assert isinstance(verdict, Overtaken)
    assert failure(verdict.verdict).reason == "BuildFailed"


def test_somebody_elses_stall_answers_for_ours() -> None:
    podinfo = helm_release()
    verdict = after(podinfo, theirs(stalled(failed(podinfo, "theirs", "UpgradeFailed", "boom", "6.6.0"), "theirs")))
    assert isinstance(verdict, Overtaken)
    assert isinstance(verdict.verdict, Stalled)


def test_somebody_elses_run_that_applied_an_older_revision_times_out_as_ours_does() -> None:
    apps = kustomization()
    old = theirs(done(apps, "theirs"))
    late = MORNING + timedelta(seconds=60)
    assert after(apps, old, B, at=late, held_by=Why.OLD_REVISION, held_since=MORNING) == TimedOut(
        Pending(Why.OLD_REVISION, A)
    )


def test_the_token_from_before_our_patch_put_back_is_nobodys_new_request() -> None:
    apps = kustomization(token="older")
    assert after(apps, replace(done(apps, "older", B), asked=Tokens("older"))) == Pending(Why.QUEUED)


def test_an_object_made_anew_of_which_nobody_asked_anything_was_not_overtaken() -> None:
    apps = kustomization(token="older")
    anew = Seen(replace(done(apps, ""), asked=Tokens(), handled=Tokens()), SOON)
    assert judge(ask(apps), anew) == Pending(Why.QUEUED)


def test_row_5_without_knowing_what_was_before_a_run_is_not_called_ours() -> None:
    apps = running(kustomization(), B)
    unknown = replace(ask(apps), before=None)
    verdict = judge(unknown, Seen(replace(apps, asked=Tokens(T)), SOON))
    assert isinstance(verdict, Pending)
    assert verdict.why is Why.BUSY


@pytest.mark.parametrize(
    "conditions",
    [
        (Condition("Ready", "Unknown", "Progressing", "working", 3),),
        (reconciling("Progressing"), Condition("Ready", "True", "Succeeded", "old", 3)),
        (reconciling("Progressing"),),
    ],
    ids=["only Ready, unknown", "beside an old Ready", "on a first run"],
)
def test_row_5_these_conditions_mean_that_a_run_is_going(conditions: tuple[Condition, ...]) -> None:
    podinfo = helm_release()
    assert after(podinfo, replace(podinfo, conditions=conditions)) == Pending(Why.RUNNING, "working")


@pytest.mark.parametrize(
    "conditions",
    [
        (reconciling("Progressing", status="False"), Condition("Ready", "True", "Succeeded", "old", 3)),
        (reconciling("ProgressingWithRetry"), Condition("Ready", "True", "Succeeded", "old", 3)),
        (reconciling("ProgressingWithRetry"),),
        (reconciling("Progressing"), Condition("Ready", "False", "UpgradeFailed", "old", 3)),
    ],
    ids=["Reconciling is False", "a retry to come", "a retry to come, without Ready", "left behind by a failure"],
)
def test_row_6_these_conditions_do_not_mean_that_a_run_is_going(conditions: tuple[Condition, ...]) -> None:
    podinfo = helm_release()
    assert after(podinfo, replace(podinfo, conditions=conditions)) == Pending(Why.QUEUED)


def test_row_5_a_run_that_says_nothing_of_its_step_is_told_by_its_ready() -> None:
    podinfo = helm_release()
    silent = (reconciling("Progressing", ""), Condition("Ready", "Unknown", "Progressing", "working", 3))
    assert after(podinfo, replace(podinfo, conditions=silent)) == Pending(Why.RUNNING, "working")


def test_row_7_a_stall_that_is_over_is_no_stall() -> None:
    apps = kustomization()
    over = Condition("Stalled", "False", "InvalidCELExpression", "old", 4)
    assert failure(after(apps, with_condition(failed(apps, T), over))).reason == "HealthCheckFailed"


def test_row_7_a_stall_without_any_ready_is_one() -> None:
    apps = kustomization()
    alone = replace(
        apps, handled=Tokens(T), conditions=(Condition("Stalled", "True", "InvalidCELExpression", "bad", 4),)
    )
    assert after(apps, alone) == Stalled("InvalidCELExpression", "bad", revision=A, running=A)


@pytest.mark.parametrize(
    ("stall", "said", "is_stalled"), [(None, 4, False), (4, None, True), (None, None, True), (4, 4, True)]
)
def test_row_7_a_condition_that_names_no_generation_is_the_older_one(
    stall: int | None, said: int | None, is_stalled: bool
) -> None:
    apps = kustomization()
    both = with_condition(
        failed(apps, T, "AccessDenied", "no"),
        Condition("Stalled", "True", "AccessDenied", "no", stall),
        Condition("Ready", "False", "AccessDenied", "no", said),
    )
    assert isinstance(after(apps, both), Stalled) is is_stalled
