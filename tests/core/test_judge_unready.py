"""Rows 8 to 12 of docs/flux.md, "The judge": handled, and not ready."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.judge import SOURCE_GRACE
from bot.core.kinds import (
    RESOURCE_SET_INPUT_PROVIDER,
)
from bot.core.resources import Condition, Event, Remediation, Snapshot, Tokens
from bot.core.verdicts import (
    Failed,
    Overtaken,
    Pending,
    Skipped,
    Stalled,
    Why,
)
from tests.core.asks import DEADLINE, SOON, T, after, ready, with_condition
from tests.fakes.objects import (
    git_repository,
    helm_release,
    kustomization,
)
from tests.fakes.runs import done, failed, held_up, running
from tests.fakes.status import NO_LOGIN, UNHEALTHY, A, B, ref


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


def test_row_10_names_whoever_overtook_us_at_the_deadline_too() -> None:
    apps = kustomization()
    theirs = replace(held_up(apps, "theirs", "shop/db"), asked=Tokens("theirs"))
    verdict = after(apps, theirs, at=DEADLINE)
    assert isinstance(verdict, Overtaken)
    assert (verdict.by, isinstance(verdict.verdict, Failed)) == ("theirs", True)


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


_LATER = "next at 18:00"


def provider(*conditions: Condition) -> Snapshot:
    at = ref(RESOURCE_SET_INPUT_PROVIDER, "flux-system/prs")
    return Snapshot(at, generation=1, handled=Tokens(T), conditions=conditions)


def skipped(at: Snapshot) -> Event:
    return Event(at.ref, "SkippedDueToSchedule", _LATER, warning=False, at=SOON)


def test_row_8_an_unknown_ready_alone_is_a_run_that_is_going() -> None:
    apps = kustomization()
    unknown = replace(
        done(apps, T, B), conditions=(Condition("Ready", "Unknown", "Progressing", "working", apps.generation),)
    )
    assert after(apps, unknown) == Pending(Why.RUNNING, "working")


def test_row_16_a_schedule_is_told_whatever_ready_says() -> None:
    unknown = provider(Condition("Ready", "Unknown", "Progressing", "old", 1))
    broken = provider(Condition("Ready", "False", "ReconciliationFailed", "old", 1))
    verdicts = [after(each, each, events=(skipped(each),)) for each in (unknown, broken)]
    assert verdicts == [Skipped(_LATER), Skipped(_LATER)]


def test_row_16_a_stall_is_told_before_a_schedule() -> None:
    given_up = provider(
        Condition("Ready", "False", "InvalidSchedule", "bad", 1),
        Condition("Stalled", "True", "InvalidSchedule", "bad", 1),
    )
    assert isinstance(after(given_up, given_up, events=(skipped(given_up),)), Stalled)
