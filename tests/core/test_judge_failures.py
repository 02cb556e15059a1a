"""Rows 9 to 12 of docs/flux.md, "The judge": what a failure is told with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.judge import judge
from bot.core.resources import Condition, Tokens
from bot.core.verdicts import (
    Failed,
    Overtaken,
    Pending,
    Seen,
    Stalled,
    TimedOut,
    Warn,
    Why,
)
from tests.core.asks import DEADLINE, SOON, T, after, ask, failure, reconciling, with_condition
from tests.fakes.clock import MORNING
from tests.fakes.objects import (
    git_repository,
    helm_chart,
    helm_release,
    kustomization,
)
from tests.fakes.runs import failed, held_up, running, stalled
from tests.fakes.status import A, B


def test_row_9_a_release_whose_undoing_is_no_more_true_moves_house() -> None:
    podinfo = helm_release()
    moving = with_condition(
        failed(podinfo, T, "UninstallSucceeded", "uninstalled"),
        Condition("Remediated", "False", "UninstallFailed", "old", 3),
    )
    assert after(podinfo, moving) == Pending(Why.REPLACED, "uninstalled")


def test_row_11_a_source_has_45_seconds_from_when_it_was_first_waited_for() -> None:
    apps, first = kustomization(), MORNING + timedelta(seconds=40)
    end = failed(apps, T, "SourceNotReady", "not yet")
    verdicts = [
        after(apps, end, at=first + timedelta(seconds=each), held_by=Why.SOURCE, held_since=first)
        for each in (0, 44, 45)
    ]
    assert [type(each) for each in verdicts] == [Pending, Pending, Failed]
    assert after(apps, end, at=MORNING + timedelta(seconds=90)) == Pending(Why.SOURCE, "not yet")


@pytest.mark.parametrize(
    ("reason", "text"), [("SourceUnavailable", "no index"), ("ArtifactFailed", "Artifact not found")]
)
def test_row_11_other_words_for_a_missing_source(reason: str, text: str) -> None:
    chart = helm_chart()
    assert after(chart, failed(chart, T, reason, text)) == Pending(Why.SOURCE, text)


def test_row_11_only_a_missing_artifact_is_told_by_those_words() -> None:
    apps = kustomization()
    assert failure(after(apps, failed(apps, T, "BuildFailed", "secret not found, retrying"))).reason == "BuildFailed"


def test_row_11_a_source_still_missing_at_a_short_deadline_is_a_failure() -> None:
    apps = kustomization()
    end = replace(failed(apps, T, "NoSourceArtifact", "no artifact"), asked=Tokens(T))
    hurried = replace(ask(apps), deadline=MORNING + timedelta(seconds=10))
    verdict = judge(hurried, Seen(end, MORNING + timedelta(seconds=10)))
    assert failure(verdict).reason == "NoSourceArtifact"


def test_row_10_waiting_and_running_differ_at_the_deadline() -> None:
    apps = kustomization(depends_on=("flux-system/infra",))
    assert isinstance(after(apps, held_up(apps, T, "flux-system/infra"), at=DEADLINE), Failed)
    assert isinstance(after(apps, replace(running(apps, B), handled=Tokens(T)), at=DEADLINE), TimedOut)


def test_row_12_a_failed_action_that_waits_for_its_retry_is_retried() -> None:
    podinfo = helm_release()
    verdict = failure(after(podinfo, failed(podinfo, T, "InstallFailed", "boom", "6.6.0")))
    assert (verdict.retries, verdict.retry_at) == (True, SOON)


def test_row_12_a_release_that_never_got_to_helm_is_retried_nobody_knows_when() -> None:
    podinfo = helm_release()
    verdict = failure(after(podinfo, failed(podinfo, T, "ValuesError", "no such ConfigMap")))
    assert (verdict.reason, verdict.retries, verdict.retry_at) == ("ValuesError", True, None)


def test_row_12_a_reconciling_left_by_an_early_stop_does_not_unmake_the_retry() -> None:
    podinfo = helm_release()
    early = with_condition(failed(podinfo, T, "ValuesError", "no such ConfigMap"), reconciling("Progressing"))
    assert failure(after(podinfo, early)).retries


def test_row_12_an_older_failure_of_helm_does_not_replace_what_stopped_this_run() -> None:
    podinfo = helm_release()
    early = with_condition(
        failed(podinfo, T, "ValuesError", "no such ConfigMap"),
        Condition("Released", "False", "UpgradeFailed", "old", 3),
    )
    verdict = failure(after(podinfo, early))
    assert (verdict.reason, verdict.message, verdict.remedy) == ("ValuesError", "no such ConfigMap", "")


def test_row_12_a_failed_test_is_told_where_ready_tells_how_it_was_undone() -> None:
    podinfo = helm_release()
    undone = with_condition(
        failed(podinfo, T, "RollbackSucceeded", "rolled back"),
        Condition("Released", "True", "UpgradeSucceeded", "upgraded", 3),
        Condition("TestSuccess", "False", "TestFailed", "no answer", 3),
    )
    verdict = failure(after(podinfo, undone))
    assert (verdict.reason, verdict.message, verdict.remedy) == ("TestFailed", "no answer", "RollbackSucceeded")


@pytest.mark.parametrize("remedy", ["RollbackSucceeded", "RollbackFailed", "UninstallFailed"])
def test_row_12_each_way_of_undoing_is_named(remedy: str) -> None:
    podinfo = helm_release()
    undone = with_condition(
        failed(podinfo, T, remedy, "undone"), Condition("Released", "False", "UpgradeFailed", "boom", 3)
    )
    verdict = failure(after(podinfo, undone))
    assert (verdict.reason, verdict.remedy, verdict.retry_at) == ("UpgradeFailed", remedy, SOON)


@pytest.mark.parametrize(("status", "reason"), [("True", "UpgradeFailed"), ("False", "ArtifactFailed")])
def test_row_12_what_is_no_failed_action_does_not_explain_the_undoing(status: str, reason: str) -> None:
    podinfo = helm_release()
    undone = with_condition(
        failed(podinfo, T, "RollbackSucceeded", "rolled back"), Condition("Released", status, reason, "other", 3)
    )
    assert failure(after(podinfo, undone)).reason == "RollbackSucceeded"


@pytest.mark.parametrize("reason", ["UninstallSucceeded", "RollbackSucceeded", "UpgradeFailed"])
def test_row_12_helms_words_mean_nothing_on_another_kind(reason: str) -> None:
    git = git_repository()
    said = with_condition(
        failed(git, T, reason, "strange"),
        reconciling("ProgressingWithRetry" if reason != "UpgradeFailed" else "Progressing"),
        Condition("Released", "False", "InstallFailed", "boom", 1),
    )
    assert after(git, said) == Failed(reason, "strange", retries=True, running=A)


def test_row_12_helms_words_announce_no_retry_of_another_kind() -> None:
    git = git_repository()
    assert failure(after(git, failed(git, T, "UpgradeFailed", "strange"))).retry_at is None


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("retrying after 30s", timedelta(seconds=30)),
        ("retrying after 1.5s", timedelta(seconds=1.5)),
        ("retrying after 2h0m0s", timedelta(hours=2)),
        ("retrying after 1h2m3.5s", timedelta(hours=1, minutes=2, seconds=3.5)),
    ],
)
def test_row_12_any_duration_of_a_retry_is_read(text: str, delay: timedelta) -> None:
    podinfo = helm_release()
    waiting = with_condition(
        failed(podinfo, T, "UpgradeFailed", "boom", "6.6.0"), reconciling("ProgressingWithRetry", text)
    )
    assert failure(after(podinfo, waiting)).retry_at == SOON + delay


def test_row_12_a_sentence_without_a_duration_leaves_the_interval() -> None:
    apps = replace(kustomization(), retry_interval=timedelta(minutes=2))
    vague = with_condition(failed(apps, T), reconciling("ProgressingWithRetry", "retrying after a while"))
    assert failure(after(apps, vague)).retry_at == SOON + timedelta(minutes=2)


def test_row_12_what_runs_is_the_last_good_release_although_superseded() -> None:
    podinfo = helm_release()
    old = replace(podinfo.helm[0], status="superseded")
    broken = failed(replace(podinfo, helm=(old, *podinfo.helm[1:]), applied=""), T, "UpgradeFailed", "boom", "6.6.0")
    verdict = failure(after(podinfo, broken))
    assert (verdict.running, verdict.good) == ("6.5.0", old)


# --- A force that a failure cost ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["ValuesError", "AccessDenied"])
def test_a_failure_before_the_force_came_up_says_that_it_is_lost(reason: str) -> None:
    podinfo = helm_release()
    early = replace(failed(podinfo, T, reason, "early"), handled=Tokens(T))
    told = failure(after(podinfo, early, force=True, reset=True))
    assert told.warnings == (Warn.FORCE_LOST, Warn.RESET_LOST)
    assert failure(after(podinfo, early)).warnings == ()


def test_a_forced_action_that_failed_lost_nothing() -> None:
    podinfo = helm_release()
    forced = failed(replace(podinfo, asked=Tokens(T, T, T)), T, "UpgradeFailed", "boom", "6.6.0")
    assert forced.handled == Tokens(T, T, T)
    assert failure(after(podinfo, forced, force=True, reset=True)).warnings == ()


def test_a_release_that_gave_up_before_the_force_came_up_says_that_it_is_lost() -> None:
    podinfo = helm_release()
    given_up = replace(stalled(podinfo, T), handled=Tokens(T))
    verdict = after(podinfo, given_up, force=True)
    assert isinstance(verdict, Stalled)
    assert verdict.warnings == (Warn.FORCE_LOST,)


def test_a_force_that_died_with_its_run_before_the_next_one_gave_up_is_lost() -> None:
    podinfo = helm_release()
    given_up = stalled(failed(podinfo, T, "UpgradeFailed", "boom"), T)
    begun = Condition("Ready", "Unknown", "Progressing", "Running 'upgrade' action", 1, MORNING)
    died = replace(given_up, handled=Tokens(T, T), conditions=(begun, *given_up.conditions[:1]))
    assert [each.type for each in died.conditions] == ["Ready", "Stalled"]
    for now, warnings in ((died, (Warn.FORCE_LOST,)), (replace(given_up, handled=Tokens(T, T)), ())):
        verdict = after(podinfo, now, force=True)
        assert isinstance(verdict, Stalled)
        assert verdict.warnings == warnings


def test_a_release_tried_since_is_what_the_force_asked_for_however_its_run_ended() -> None:
    podinfo = helm_release()
    early = failed(podinfo, T, "DependencyNotReady", "dependency 'shop/db' is not ready")
    tried = replace(early, helm=(replace(podinfo.helm[0], version=9), *podinfo.helm))
    assert failure(after(podinfo, tried, force=True, at=DEADLINE)).warnings == ()


def test_a_release_of_a_run_that_was_going_when_we_asked_is_none_of_the_force() -> None:
    podinfo = helm_release()
    upgraded = replace(podinfo, helm=(replace(podinfo.helm[0], version=9), *podinfo.helm))
    early = failed(upgraded, T, "DependencyNotReady", "dependency 'shop/db' is not ready")
    verdict = judge(ask(podinfo, force=True), Seen(early, DEADLINE), unforced=upgraded)
    assert failure(verdict).warnings == (Warn.FORCE_LOST,)


def test_a_dependency_that_never_became_ready_cost_the_force_at_the_deadline_too() -> None:
    podinfo = helm_release()
    waits = replace(held_up(replace(podinfo, asked=Tokens(T, T)), T, "shop/db"), handled=Tokens(T))
    assert after(podinfo, waits, force=True) == Pending(Why.DEPENDENCY, "dependency 'shop/db' is not ready")
    assert failure(after(podinfo, waits, force=True, at=DEADLINE)).warnings == (Warn.FORCE_LOST,)


def test_what_was_written_over_and_failed_cost_the_force_too_unless_it_tried_a_release() -> None:
    podinfo = helm_release()
    for revision, warnings in (("", (Warn.FORCE_LOST,)), ("6.6.0", ())):
        theirs = failed(podinfo, "theirs", "UpgradeFailed", "boom", revision)
        theirs = replace(theirs, asked=Tokens("theirs"), handled=Tokens("theirs"))
        verdict = after(podinfo, theirs, force=True)
        assert isinstance(verdict, Overtaken)
        assert isinstance(verdict.verdict, Failed)
        assert verdict.verdict.warnings == warnings
