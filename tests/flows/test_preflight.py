"""What is looked at before a patch, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.kinds import ALERT
from bot.core.notices import Stop, Stopped
from bot.core.requests import Options, Role, Step
from bot.core.resources import Absent, Condition, Controller, Snapshot
from bot.core.verdicts import (
    Deleting,
    Gone,
    Static,
    Suspended,
    Verdict,
)
from bot.flows.preflight import Preflight
from tests.fakes.objects import git_repository, helm_chart, helm_release, kustomization
from tests.fakes.runs import failed, stalled
from tests.fakes.status import ref
from tests.flows.bench import GONE_DARK, PLAIN, Bench, bench_with

# --- Preflight ----------------------------------------------------------------------------------------------------


async def preflight(
    bench: Bench,
    found: Snapshot | Absent,
    options: Options = PLAIN,
    role: Role = Role.OBJECT,
) -> Verdict | Stopped | None:
    return await Preflight(bench.cluster).check(options, Step(found.ref, role, found.ref), found)


async def test_a_missing_object_is_told_by_the_widest_thing_that_is_missing() -> None:
    apps = kustomization()
    bench = bench_with()
    bench.cluster.unserved, bench.cluster.namespaces = {apps.ref.kind}, set()
    ends = [await preflight(bench, Absent(apps.ref))]
    bench.cluster.unserved = set()
    ends.append(await preflight(bench, Absent(apps.ref)))
    bench.cluster.namespaces = {"flux-system"}
    ends.append(await preflight(bench, Absent(apps.ref)))
    assert ends == [Stopped(Stop.NO_KIND), Stopped(Stop.NO_NAMESPACE), Gone(seen_before=False)]


async def test_a_kind_that_nothing_reconciles_is_not_patched() -> None:
    alert = Snapshot(ref(ALERT, "flux-system/slack"))
    assert await preflight(bench_with(alert), alert) == Static()


async def test_an_object_being_deleted_is_not_patched_suspended_or_not() -> None:
    apps = replace(kustomization(suspended=True), deleting=True, finalizers=("finalizers.fluxcd.io",))
    assert await preflight(bench_with(apps), apps) == Deleting(("finalizers.fluxcd.io",))


async def test_what_would_stop_it_anywhere_is_told_where_nothing_may_be_written_too() -> None:
    apps = kustomization(suspended=True)
    bench = bench_with(apps)
    bench.cluster.frozen = "this bot only reads"
    assert await preflight(bench, apps) == Suspended()


def out_of_retries() -> Snapshot:
    return stalled(failed(helm_release(), "old", "UpgradeFailed", "boom", "6.6.0"), "old")


async def test_out_of_retries_tells_the_stall_and_the_failure() -> None:
    podinfo = out_of_retries()
    assert await preflight(bench_with(podinfo), podinfo) == Stopped(
        Stop.RETRIES_EXHAUSTED, "Failed to upgrade after 1 attempt(s): boom"
    )


@pytest.mark.parametrize("options", [Options(force=True), Options(reset=True), Options(with_source=True)])
async def test_out_of_retries_stops_nobody_who_does_something_about_it(options: Options) -> None:
    podinfo = out_of_retries()
    assert await preflight(bench_with(podinfo, helm_chart()), podinfo, options) is None


def restalled(**changes: object) -> Snapshot:
    podinfo = out_of_retries()
    conditions = tuple(
        replace(each, **changes) if each.type == "Stalled" else each  # type: ignore[arg-type]
        for each in podinfo.conditions
    )
    return replace(podinfo, conditions=conditions)


@pytest.mark.parametrize(
    "found",
    [
        restalled(status="False"),
        restalled(reason="MissingRollbackTarget"),
        restalled(observed=2),
        restalled(observed=None),
        stalled(failed(kustomization(), "old"), "old"),
    ],
    ids=["over", "another stall", "an older spec", "a spec not named", "another kind"],
)
async def test_what_only_looks_like_out_of_retries_is_tried(found: Snapshot) -> None:
    assert await preflight(bench_with(found, helm_chart(), git_repository()), found) is None


async def test_an_object_that_another_shard_runs_is_not_stopped_by_a_controller_at_zero() -> None:
    apps = replace(kustomization(), labels=(("sharding.fluxcd.io/key", "shard1"),))
    bench = bench_with(apps, git_repository())
    bench.cluster.controllers[apps.ref.kind] = Controller("kustomize-controller", "flux-system", 0, 0)
    assert await preflight(bench, apps) is None


async def test_a_controller_that_cannot_be_looked_at_stops_nothing() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.cluster.fail("controller", GONE_DARK)
    assert await preflight(bench, apps) is None


def _empty(**changes: object) -> Snapshot:
    return replace(git_repository(revision="", ready=False), **changes)  # type: ignore[arg-type]


async def test_an_empty_failing_source_stops_it_in_its_own_words() -> None:
    apps, git = kustomization(), _empty()
    assert git.ready is not None
    assert await preflight(bench_with(apps, git), apps) == Stopped(
        Stop.SOURCE_EMPTY, f"GitOperationFailed: {git.ready.message}", on=git.ref
    )


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (None, Options()),
        (_empty(), Options(with_source=True)),
        (_empty(static=True), Options()),
        (_empty(conditions=()), Options()),
        (_empty(conditions=(Condition("Ready", "Unknown", "Progressing", "cloning"),)), Options()),
        (git_repository(ready=False), Options()),
    ],
    ids=["missing", "to be fetched", "static", "new", "at work", "with an old artifact"],
)
async def test_no_other_source_stops_it(source: Snapshot | None, options: Options) -> None:
    apps = kustomization()
    bench = bench_with(apps) if source is None else bench_with(apps, source)
    assert await preflight(bench, apps, options) is None


async def test_a_source_that_cannot_be_read_stops_nothing() -> None:
    apps = kustomization()
    bench = bench_with(apps, _empty())
    bench.cluster.fail("get", GONE_DARK)
    assert await preflight(bench, apps) is None
