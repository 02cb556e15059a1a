"""What is looked at while a request waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.kinds import RESOURCE_SET_INPUT_PROVIDER
from bot.core.resources import Absent, Condition, Controller, Event, Snapshot, Tokens
from bot.core.verdicts import (
    Failed,
    Overtaken,
    Pending,
    Skipped,
    Succeeded,
    TimedOut,
    Unchanged,
    Warn,
    Why,
)
from bot.flows.steps import Ended, Waiting
from bot.ports import Blind, Sighting
from tests.fakes.clock import MORNING
from tests.fakes.objects import git_repository, helm_chart, helm_release, kustomization
from tests.fakes.runs import done, failed, held_up, running
from tests.fakes.status import A, B, C, ref
from tests.flows.bench import DEADLINE, GONE_DARK, Blocks, T, asked, at, bench_with, ours, seen, stale, step_to

# --- A dead watch -------------------------------------------------------------------------------------------------

DARK = Blind(MORNING, "refused")


async def test_with_a_dead_watch_the_object_is_read_at_each_limit_and_its_controller_is_left_alone() -> None:
    apps = kustomization()
    bench = bench_with(git_repository(), ours(apps))
    ended, silences = await bench.watch(asked(apps), seen(ours(apps)), DARK)
    assert (ended.end, silences) == (TimedOut(Pending(Why.BLIND, "refused")), [at(30), DEADLINE])
    assert bench.cluster.calls == {"get": 3, "read": 2}
    assert [wait.pending for wait in bench.waits] == [Pending(Why.QUEUED), Pending(Why.BLIND, "refused")]


async def test_with_a_dead_watch_an_end_is_found_at_the_next_limit() -> None:
    apps = kustomization()
    bench = bench_with(git_repository(), ours(done(apps, T)))
    ended, _ = await bench.watch(asked(apps), seen(stale(apps), "9"), DARK)
    assert (ended.end, ended.took) == (Unchanged(A), timedelta(seconds=30))


async def test_the_write_that_brings_our_token_ends_the_wait_at_once() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    ended, _ = await bench.watch(asked(apps), seen(ours(apps)), seen(ours(done(apps, T)), "12", seconds=5))
    assert (ended.end, ended.took) == (Unchanged(A), timedelta(seconds=5))


async def test_a_later_run_under_our_token_is_judged_by_its_last_write() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    waits = ours(held_up(apps, T, "shop/db"))
    last = ours(done(apps, T, B))
    conditions = replace(last, applied=A, details=apps.details)
    story = ((ours(apps), "11", 0.0), (waits, "12", 1.0), (conditions, "13", 30.0), (last, "14", 30.1))
    ended, _ = await bench.watch(asked(apps), *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Succeeded)
    assert (ended.end.change.before, ended.end.change.after) == (A, B)


async def test_a_force_that_an_early_end_swallowed_is_lost_whatever_another_run_made() -> None:
    podinfo = helm_release()
    bench = bench_with()
    upgraded = ours(done(podinfo, podinfo.handled.request, "6.6.0"))
    waits = held_up(upgraded, T, "shop/db")
    last = replace(done(waits, T, "6.6.0"), handled=Tokens(T, force=T))
    story = (ours(podinfo), "11", 0.0), (upgraded, "12", 1.0), (waits, "13", 2.0), (last, "14", 30.0)
    ask = replace(asked(podinfo), force=True)
    ended, _ = await bench.watch(ask, *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Succeeded)
    assert Warn.FORCE_LOST in ended.end.warnings


@pytest.mark.parametrize("forced", [True, False])
async def test_a_release_of_the_run_that_was_going_when_a_force_was_asked_is_none_of_the_force(forced: bool) -> None:
    podinfo = helm_release()
    bench = bench_with()
    upgraded = ours(done(podinfo, podinfo.handled.request, "6.6.0"))
    taken_up = replace(running(upgraded, "6.6.0"), handled=replace(upgraded.handled, force=T))
    last = replace(done(upgraded, T, "6.6.0"), handled=Tokens(T, force=T))
    last = replace(last, helm=(replace(last.helm[0], version=9), *last.helm)) if forced else last
    story = (ours(podinfo), "11", 0.0), (upgraded, "12", 1.0), (taken_up, "13", 2.0), (last, "14", 30.0)
    ask = replace(asked(podinfo), force=True)
    ended, _ = await bench.watch(ask, *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Succeeded)
    assert (Warn.FORCE_LOST in ended.end.warnings) is not forced


async def test_a_release_after_our_force_was_taken_up_is_its_own_whatever_somebody_else_forces_then() -> None:
    podinfo = helm_release()
    bench = bench_with()
    taken_up = replace(running(ours(podinfo)), handled=replace(podinfo.handled, force=T))
    conditions = replace(done(taken_up, T, "6.6.0"), handled=Tokens(T, force=T), generation=podinfo.generation + 1)
    theirs = replace(conditions, asked=Tokens("theirs"), handled=Tokens("theirs", force="theirs"))
    last = replace(done(theirs, "theirs", "6.6.0"), handled=theirs.handled, observed=theirs.generation)
    story = (ours(podinfo), "11", 0.0), (taken_up, "12", 1.0), (conditions, "13", 2.0), (last, "14", 30.0)
    ask = replace(asked(podinfo), force=True)
    ended, _ = await bench.watch(ask, *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Overtaken)
    assert isinstance(ended.end.verdict, Succeeded)
    assert ended.end.verdict.warnings == ()


async def test_a_force_that_was_carried_out_is_not_lost_by_the_mark_of_somebody_elses_that_runs_now() -> None:
    podinfo = helm_release()
    bench = bench_with()
    taken_up = replace(running(ours(podinfo)), handled=replace(podinfo.handled, force=T))
    forced = replace(done(taken_up, T, "6.5.1"), handled=Tokens(T, force=T), generation=podinfo.generation + 1)
    theirs = replace(failed(forced, T, "UpgradeFailed", "boom", "6.6.0"), asked=Tokens("theirs", force="theirs"))
    theirs = replace(theirs, handled=Tokens(T, force="theirs"))
    story = (ours(podinfo), "11", 0.0), (taken_up, "12", 1.0), (forced, "13", 2.0), (theirs, "14", 30.0)
    ask = replace(asked(podinfo), force=True)
    ended, _ = await bench.watch(ask, *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Failed)
    assert ended.end.warnings == ()


async def test_a_force_that_was_written_over_stays_lost_when_their_run_leaves_something_to_wait_for() -> None:
    podinfo = helm_release()
    bench = bench_with()
    theirs = replace(done(podinfo, "theirs", "6.6.0"), asked=Tokens("theirs"), handled=Tokens("theirs"))
    newer = replace(theirs, generation=theirs.generation + 1)
    last = replace(failed(newer, "theirs", "UpgradeFailed", "boom", "6.6.0"), asked=newer.asked)
    story = (ours(podinfo), "11", 0.0), (newer, "12", 1.0), (last, "13", 30.0)
    ask = replace(asked(podinfo), force=True, reset=True)
    ended, _ = await bench.watch(ask, *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Overtaken)
    assert isinstance(ended.end.verdict, Failed)
    assert ended.end.verdict.warnings == (Warn.FORCE_LOST, Warn.RESET_LOST)


async def test_after_the_rest_of_a_runs_status_nothing_more_is_waited_for() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    last = ours(done(apps, T, B))
    story = (
        (replace(last, generation=last.generation + 1), "12", 1.0),
        (replace(last, observed=0), "13", 30.0),
        (last, "14", 30.1),
        (replace(last, generation=last.generation + 1), "15", 30.4),
    )
    ended, _ = await bench.watch(asked(apps), *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Succeeded)
    assert ended.took == timedelta(seconds=30.1)


async def test_after_the_last_write_of_a_later_run_nothing_more_is_waited_for() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    last = ours(done(apps, T, B))
    story = (
        (ours(held_up(apps, T, "shop/db")), "12", 1.0),
        (replace(last, applied=A, details=apps.details), "13", 30.0),
        (last, "14", 30.1),
        (replace(last, generation=last.generation + 1), "15", 30.2),
    )
    ended, _ = await bench.watch(asked(apps), *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Succeeded)
    assert (ended.end.change.after, ended.took) == (B, timedelta(seconds=30.1))


async def test_where_the_next_run_has_begun_the_one_before_it_had_written_everything() -> None:
    apps = kustomization()
    good = ours(done(apps, T, B))
    for next_run in (running(good, C), held_up(good, T, "shop/db")):
        bench = bench_with(git_repository())
        story = (
            (ours(held_up(apps, T, "shop/db")), "12", 1.0),
            (good, "13", 30.0),
            (next_run, "14", 30.5),
            (failed(good, T, "BuildFailed", "boom", C), "15", 40.0),
        )
        ended, _ = await bench.watch(asked(apps), *(seen(now, version, seconds=at) for now, version, at in story))
        assert isinstance(ended.end, Succeeded)
        assert (ended.end.change.after, ended.took) == (B, timedelta(seconds=30))


async def test_a_new_spec_right_after_a_good_end_is_waited_for() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    good = ours(done(apps, T))
    newer = replace(good, generation=good.generation + 1)
    story = (
        (ours(held_up(apps, T, "shop/db")), "12", 1.0),
        (good, "13", 30.0),
        (newer, "14", 30.5),
        (ours(done(newer, T, B)), "15", 40.0),
    )
    ended, _ = await bench.watch(asked(apps), *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Succeeded)
    assert (ended.end.change.after, ended.took) == (B, timedelta(seconds=40))


async def test_with_a_dead_watch_and_a_dead_cluster_the_deadline_names_the_watch() -> None:
    apps = kustomization()
    for heard in ((DARK,), (seen(ours(apps)), DARK)):
        bench = bench_with(git_repository())
        bench.cluster.fail("read", GONE_DARK)
        ended, _ = await bench.watch(asked(apps), *heard)
        assert ended.end == TimedOut(Pending(Why.BLIND, "refused"))


async def test_a_watch_that_lives_again_is_believed_again() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    again = seen(ours(apps), "12", gap=True)
    ended, _ = await bench.watch(asked(apps), seen(ours(apps)), DARK, again)
    assert (ended.end, bench.cluster.calls["controller"]) == (TimedOut(Pending(Why.QUEUED)), 1)
    assert "read" not in bench.cluster.calls


async def test_a_watch_that_lives_and_is_silent_is_not_doubted() -> None:
    apps = kustomization()
    bench = bench_with(git_repository(), ours(done(apps, T)))
    ended, _ = await bench.watch(asked(apps), seen(ours(apps)))
    assert (ended.end, "read" in bench.cluster.calls) == (TimedOut(Pending(Why.QUEUED)), False)


# --- What is looked at while it waits -----------------------------------------------------------------------------


async def test_a_controller_is_looked_at_once_and_only_after_thirty_seconds() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    slow = Controller("kustomize-controller", "flux-system", 1, 0)
    bench.cluster.controllers[apps.ref.kind] = slow
    sighting = seen(ours(apps))
    ended, silences = await bench.watch(asked(apps), sighting, replace(sighting, at=at(40)))
    pending, snapshot = Pending(Why.QUEUED), sighting.now
    assert isinstance(snapshot, Snapshot)
    assert bench.waits == [Waiting(pending, None, snapshot), *[Waiting(pending, slow, snapshot)] * 2]
    assert (silences, bench.cluster.calls["controller"]) == ([at(30), DEADLINE], 1)
    assert (ended.end, ended.controller) == (TimedOut(pending), slow)


async def test_a_controller_busy_with_an_earlier_run_is_looked_at_too() -> None:
    apps = running(kustomization(), A)
    bench = bench_with(git_repository())
    ended, _ = await bench.watch(asked(apps), seen(ours(apps)))
    assert isinstance(ended.end, TimedOut)
    assert (ended.end.pending.why, bench.cluster.calls["controller"]) == (Why.BUSY, 1)


async def test_a_controller_at_work_on_our_run_is_not_looked_at() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    ended, silences = await bench.watch(asked(apps), seen(ours(running(apps, B))))
    assert (ended.controller, silences) == (None, [at(30), DEADLINE])
    assert "controller" not in bench.cluster.calls


@pytest.mark.parametrize("readable", [True, False])
async def test_a_controller_that_cannot_be_shown_is_left_out(readable: bool) -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    bench.cluster.controllers[apps.ref.kind] = Absent(apps.ref)
    if not readable:
        bench.cluster.fail("controller", GONE_DARK)
    ended, _ = await bench.watch(asked(apps), seen(ours(apps)))
    assert (ended.end, ended.controller) == (TimedOut(Pending(Why.QUEUED)), None)


async def test_an_end_tells_the_source_beside_it() -> None:
    apps, git = kustomization(), git_repository(ready=False)
    bench = bench_with(git)
    sighting = seen(ours(done(apps, T)))
    ended, _ = await bench.watch(asked(apps), sighting)
    assert isinstance(sighting.now, Snapshot)
    assert ended == Ended(
        step_to(apps),
        Unchanged(A, (Warn.SOURCE_FAILING,)),
        timedelta(0),
        asked(apps),
        now=sighting.now,
        source=bench.cluster.now(git.ref).brief(),
    )


async def test_a_source_that_cannot_be_read_is_left_out() -> None:
    apps = kustomization()
    bench = bench_with(git_repository(ready=False))
    bench.cluster.fail("get", GONE_DARK)
    ended, _ = await bench.watch(asked(apps), seen(ours(done(apps, T))))
    assert (ended.end, ended.source) == (Unchanged(A), None)


# --- What is failing meanwhile ------------------------------------------------------------------------------------


def dependent() -> Snapshot:
    return kustomization(depends_on=("flux-system/infra",))


def unready() -> Sighting:
    return seen(ours(held_up(dependent(), T, "flux-system/infra")))


async def test_a_failing_dependency_ends_the_wait_after_ten_seconds() -> None:
    bench = bench_with(git_repository())
    bench.blocks = Blocks([True])
    ended, silences = await bench.watch(asked(dependent()), unready())
    assert isinstance(ended.end, Failed)
    assert (ended.end.reason, ended.took, silences) == ("DependencyNotReady", timedelta(seconds=10), [at(5), at(10)])


async def test_a_failing_dependency_ends_no_wait_where_a_newer_spec_may_not_need_it() -> None:
    bench = bench_with(git_repository())
    bench.blocks = Blocks([True])
    waits = unready()
    assert isinstance(waits.now, Snapshot)
    newer = replace(waits, now=replace(waits.now, generation=waits.now.generation + 1))
    ended, _ = await bench.watch(asked(dependent()), newer)
    assert (type(ended.end), ended.took) == (Failed, timedelta(minutes=5))


async def test_a_dependency_that_recovers_for_a_moment_is_given_ten_more_seconds() -> None:
    bench = bench_with(git_repository())
    bench.blocks = Blocks([True, False, True])
    ended, _ = await bench.watch(asked(dependent()), unready())
    assert (type(ended.end), ended.took, bench.blocks.looks) == (Failed, timedelta(seconds=20), 5)


async def test_a_failing_source_ends_the_wait_after_ten_seconds_too() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    bench.blocks = Blocks([True])
    ended, silences = await bench.watch(asked(apps), seen(ours(failed(apps, T, "SourceNotReady", "not yet"))))
    assert isinstance(ended.end, Failed)
    assert (ended.end.reason, ended.took, silences) == ("SourceNotReady", timedelta(seconds=10), [at(5), at(10)])


def sourceless(seconds: float = 0) -> Sighting:
    return seen(ours(failed(kustomization(), T, "SourceNotReady", "not yet")), seconds=seconds)


async def test_a_source_that_is_only_slow_is_given_45_seconds() -> None:
    ended, silences = await bench_with(git_repository()).watch(asked(kustomization()), sourceless())
    assert (type(ended.end), ended.took) == (Failed, timedelta(seconds=45))
    assert silences == [at(seconds) for seconds in range(5, 50, 5)]
    ended, silences = await bench_with(git_repository()).watch(asked(kustomization()), sourceless(), sourceless(33))
    assert (ended.took, silences[-2:]) == (timedelta(seconds=45), [at(43), at(45)])


async def test_a_source_that_is_missing_late_is_given_as_long() -> None:
    ended, silences = await bench_with(git_repository()).watch(asked(kustomization()), sourceless(seconds=32))
    assert (type(ended.end), ended.took) == (Failed, timedelta(seconds=77))
    assert silences[-2:] == [at(72), at(77)]


async def test_a_source_that_is_missing_again_after_a_run_is_given_as_long_again() -> None:
    apps = kustomization()
    going = seen(ours(running(replace(apps, handled=Tokens(T)), B)), seconds=10)
    ended, _ = await bench_with(git_repository()).watch(asked(apps), sourceless(), going, sourceless(seconds=50))
    assert (type(ended.end), ended.took) == (Failed, timedelta(seconds=95))


async def test_the_time_that_a_second_run_was_waited_for_is_not_the_sources() -> None:
    apps = kustomization()
    behind = seen(ours(done(apps, T)))
    ended, _ = await bench_with(git_repository(revision=B)).watch(
        replace(asked(apps), wanted=B), behind, sourceless(seconds=10)
    )
    assert (type(ended.end), ended.took) == (Failed, timedelta(seconds=55))


async def test_a_run_that_is_going_is_never_ended_by_what_fails_around_it() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    bench.blocks = Blocks([True])
    ended, _ = await bench.watch(asked(apps), seen(ours(running(apps, B))))
    assert (type(ended.end), ended.took, bench.blocks.looks) == (TimedOut, timedelta(minutes=5), 0)


async def test_a_second_run_that_does_not_come_is_noticed_in_silence_after_a_minute() -> None:
    apps = kustomization()
    bench = bench_with(git_repository(revision=B))
    ended, silences = await bench.watch(replace(asked(apps), wanted=B), seen(ours(done(apps, T))))
    assert ended.end == TimedOut(Pending(Why.OLD_REVISION, A))
    assert silences == [at(seconds) for seconds in range(5, 65, 5)]


async def test_what_the_source_has_is_looked_at_again_while_the_run_seems_to_be_behind() -> None:
    apps = kustomization()
    bench = bench_with(git_repository(revision=A))

    def push() -> None:
        bench.cluster.put(git_repository(revision=C))

    bench.clock.call_in(2, push)
    story = (seen(ours(apps)), seen(ours(done(apps, T, C)), "12", seconds=1))
    ended, _ = await bench.watch(replace(asked(apps), wanted=B), *story)
    assert isinstance(ended.end, Succeeded)
    assert (ended.end.change.after, ended.took) == (C, timedelta(seconds=6))


async def test_once_ours_was_handled_every_other_token_is_a_later_one() -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    theirs = replace(failed(apps, "theirs", "BuildFailed", "boom", B), asked=Tokens("third"))
    story = (ours(apps), "11", 0.0), (ours(held_up(apps, T, "shop/db")), "12", 1.0), (theirs, "13", 5.0)
    ended, _ = await bench.watch(asked(apps), *(seen(now, version, seconds=at) for now, version, at in story))
    assert isinstance(ended.end, Overtaken)
    assert (ended.end.by, isinstance(ended.end.verdict, Failed)) == ("theirs", True)


# --- What only events tell ----------------------------------------------------------------------------------------


def told(about: Snapshot, reason: str, seconds: float = 1) -> Event:
    return Event(about.ref, reason, "in its own words", warning=False, at=at(seconds))


async def test_a_chart_that_could_not_be_written_is_read_from_the_releases_events() -> None:
    podinfo = helm_release()
    bench = bench_with(helm_chart())
    event = told(podinfo, "HelmChartSyncErr")
    bench.cluster.tell(event)
    ended, _ = await bench.watch(asked(podinfo), seen(ours(done(podinfo, T))))
    assert isinstance(ended.end, Failed)
    assert (ended.end.reason, ended.end.message) == ("HelmChartSyncErr", "in its own words")


async def test_an_event_that_comes_a_moment_after_the_token_is_not_missed() -> None:
    podinfo = helm_release()
    bench = bench_with(helm_chart())
    bench.clock.call_in(0.2, lambda: bench.cluster.tell(told(podinfo, "HelmChartSyncErr", seconds=0.2)))
    ended, _ = await bench.watch(asked(podinfo), seen(ours(done(podinfo, T))))
    assert isinstance(ended.end, Failed)


async def test_the_events_of_whoever_overtook_us_are_read_too() -> None:
    podinfo = helm_release()
    bench = bench_with(helm_chart())
    bench.cluster.tell(told(podinfo, "HelmChartSyncErr"))
    theirs = replace(done(podinfo, "theirs"), asked=Tokens("theirs"))
    ended, _ = await bench.watch(asked(podinfo), seen(theirs))
    assert isinstance(ended.end, Overtaken)
    assert isinstance(ended.end.verdict, Failed)


async def test_a_provider_outside_its_schedule_is_read_from_its_events() -> None:
    prs = Snapshot(
        ref(RESOURCE_SET_INPUT_PROVIDER, "flux-system/prs"),
        generation=1,
        conditions=(Condition("Ready", "True", "ReconciliationSucceeded", "ok", 1),),
    )
    bench = bench_with()
    bench.cluster.tell(told(prs, "SkippedDueToSchedule"))
    ended, _ = await bench.watch(asked(prs), seen(ours(replace(prs, handled=Tokens(T)))))
    assert ended.end == Skipped("in its own words")


async def test_an_event_from_before_the_patch_tells_nothing_of_it() -> None:
    podinfo = helm_release()
    bench = bench_with(helm_chart())
    bench.cluster.tell(told(podinfo, "HelmChartSyncErr", seconds=-1))
    ended, _ = await bench.watch(asked(podinfo), seen(ours(done(podinfo, T))))
    assert ended.end == Unchanged("6.5.0")


async def test_events_that_cannot_be_read_change_nothing() -> None:
    podinfo = helm_release()
    bench = bench_with(helm_chart())
    bench.cluster.fail("events", GONE_DARK)
    ended, _ = await bench.watch(asked(podinfo), seen(ours(done(podinfo, T))))
    assert ended.end == Unchanged("6.5.0")


async def test_events_are_read_only_where_they_may_decide() -> None:
    bench = bench_with(git_repository(), helm_chart())
    apps, podinfo = kustomization(), helm_release()
    await bench.watch(asked(apps), seen(ours(done(apps, T))))
    await bench.watch(asked(podinfo), seen(ours(done(podinfo, T, "6.6.0"))))
    assert "events" not in bench.cluster.calls
