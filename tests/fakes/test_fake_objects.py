"""The builders write what Flux writes: the judge comes to the verdict that each is named for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.judge import judge
from bot.core.requests import Ask
from bot.core.resources import Snapshot
from bot.core.verdicts import Failed, Pending, Seen, Stalled, Succeeded, Suspended, Unchanged
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
from tests.fakes.status import B

RESTING = [kustomization(), helm_release(), git_repository(), oci_repository(), helm_repository(), helm_chart()]
IDS = [each.ref.kind.name for each in RESTING]


def verdict_on(now: Snapshot, before: Snapshot, token: str = "t1") -> type[object]:
    ask = Ask(before.ref, token, before.handled.request, MORNING, MORNING + timedelta(minutes=5), before=before)
    return type(judge(ask, Seen(now, MORNING + timedelta(seconds=10))))


@pytest.mark.parametrize("before", RESTING, ids=IDS)
def test_at_rest_everything_is_ready_and_no_new_request_is_handled(before: Snapshot) -> None:
    assert (before.is_ready, verdict_on(before, before)) == (True, Pending)


@pytest.mark.parametrize("before", RESTING, ids=IDS)
@pytest.mark.parametrize("revision", ["", B])
def test_a_run_that_goes_is_pending(before: Snapshot, revision: str) -> None:
    assert verdict_on(running(before, revision), before) is Pending


@pytest.mark.parametrize("before", RESTING, ids=IDS)
def test_a_run_that_changed_something_succeeded_but_only_once_the_token_is_there(before: Snapshot) -> None:
    first, second = two_patches(running(before, B), done(before, "t1", B))
    assert [verdict_on(first, before), verdict_on(second, before)] == [Pending, Succeeded]


@pytest.mark.parametrize("before", RESTING, ids=IDS)
def test_a_run_that_changed_nothing_is_unchanged(before: Snapshot) -> None:
    assert verdict_on(done(running(before), "t1"), before) is Unchanged


@pytest.mark.parametrize("before", RESTING, ids=IDS)
def test_a_run_that_failed_failed(before: Snapshot) -> None:
    assert verdict_on(failed(running(before, B), "t1", "SomethingFailed", "no", B), before) is Failed


@pytest.mark.parametrize("before", RESTING, ids=IDS)
def test_what_flux_gave_up_stalled(before: Snapshot) -> None:
    assert verdict_on(stalled(failed(before, "t1", "UpgradeFailed", "no", B), "t1"), before) is Stalled


@pytest.mark.parametrize("before", RESTING, ids=IDS)
def test_what_is_suspended_is_suspended_though_it_handled_the_token(before: Snapshot) -> None:
    assert verdict_on(told(before, "t1"), before) is Suspended


@pytest.mark.parametrize("before", RESTING[:2], ids=IDS[:2])
def test_what_a_dependency_holds_up_waits(before: Snapshot) -> None:
    assert verdict_on(held_up(before, "t1", "flux-system/infra"), before) is Pending


def test_what_is_not_ready_is_a_failure_of_an_earlier_token() -> None:
    broken = [kustomization(ready=False, token="t1"), git_repository(ready=False, token="t1")]
    assert [verdict_on(each, replace(each), "t1") for each in broken] == [Failed, Failed]
    assert verdict_on(helm_release(ready=False, token="t1"), helm_release(), "t1") is Stalled
