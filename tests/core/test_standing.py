"""How an object stands, whoever asked for what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.explain import Cause, Link, LinkState
from bot.core.kinds import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION
from bot.core.resources import Condition, Snapshot
from bot.core.standing import Row, Stands, Tally, in_all, stands, tallies, worst_first
from tests.fakes.clock import MORNING
from tests.fakes.objects import git_repository, helm_release, helm_repository, kustomization
from tests.fakes.status import ref


def with_conditions(**conditions: str) -> Snapshot:
    rows = tuple(Condition(type_, status) for type_, status in conditions.items())
    return replace(kustomization(), conditions=rows)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (kustomization(), Stands.READY),
        (kustomization(ready=False), Stands.FAILING),
        (helm_release(ready=False), Stands.FAILING),
        (with_conditions(Ready="Unknown", Reconciling="True"), Stands.RECONCILING),
        (with_conditions(Ready="True", Reconciling="True"), Stands.RECONCILING),
        (with_conditions(Ready="False", Reconciling="True"), Stands.FAILING),
        (with_conditions(Stalled="True"), Stands.FAILING),
        (with_conditions(Ready="True", Reconciling="False", Stalled="False"), Stands.READY),
        (with_conditions(), Stands.RECONCILING),
        (replace(kustomization(), generation=5), Stands.RECONCILING),
        (replace(kustomization(), observed=None), Stands.READY),
        (replace(kustomization(), deleting=True), Stands.RECONCILING),
        (kustomization(suspended=True), Stands.SUSPENDED),
        (kustomization(ready=False, suspended=True), Stands.SUSPENDED),
        (helm_repository(oci=True), Stands.READY),
    ],
)
def test_an_object_stands_as_its_own_status_says(now: Snapshot, expected: Stands) -> None:
    assert stands(now) is expected


def test_objects_are_counted_by_kind_in_the_order_of_the_table() -> None:
    objects = (
        git_repository(ready=False),
        kustomization("shop/a", ready=False),
        kustomization("shop/b"),
        kustomization("shop/c", suspended=True),
        replace(helm_release(), conditions=()),
    )
    counts = tallies(objects)
    assert counts == (
        Tally(KUSTOMIZATION, failing=1, suspended=1, ready=1),
        Tally(HELM_RELEASE, reconciling=1),
        Tally(GIT_REPOSITORY, failing=1),
    )
    assert [each.total for each in counts] == [3, 1, 1]
    assert in_all(counts) == (2, 1, 1, 1)
    assert (tallies(()), in_all(())) == ((), (0, 0, 0, 0))


def test_what_fails_by_itself_comes_before_what_waits_and_the_longest_first() -> None:
    def row(name: str, minutes: int | None, reason: str = "BuildFailed", cause: Cause | None = None) -> Row:
        since = None if minutes is None else MORNING - timedelta(minutes=minutes)
        return Row(ref(KUSTOMIZATION, f"shop/{name}"), Stands.FAILING, reason, since=since, cause=cause)

    waits = row("waits", 90, "DependencyNotReady")
    blamed = row("blamed", 80, cause=Cause((Link(ref(KUSTOMIZATION, "shop/old"), LinkState.FAILING),)))
    rows = (waits, row("timeless", None), row("young", 1), blamed, row("old", 70))
    assert [each.ref.name for each in worst_first(rows)] == ["old", "young", "timeless", "waits", "blamed"]
