"""The ask and its patch, and what counts as seen after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import ClusterError, Forbidden, Rejected, Unauthorized, Unreachable
from bot.core.notices import Stop, Stopped
from bot.core.requests import Ask, Options, Role
from bot.core.resources import Absent, Snapshot, Tokens
from bot.core.verdicts import (
    Broken,
    Gone,
    Overtaken,
    Pending,
    Suspended,
    TimedOut,
    Unchanged,
    Why,
)
from bot.flows.steps import Ended
from bot.ports import Sighting
from tests.fakes.clock import MORNING
from tests.fakes.objects import git_repository, helm_chart, helm_release, helm_repository, kustomization
from tests.fakes.runs import done, running
from tests.fakes.status import A, B
from tests.fakes.telemetry import Fact
from tests.flows.bench import DEADLINE, GONE_DARK, Bench, T, asked, at, bench_with, ours, seen, stale, step_to

# --- The ask and its patch ----------------------------------------------------------------------------------------


def scripted(bench: Bench, snapshot: Snapshot, after: float = 1) -> None:
    bench.cluster.script(snapshot.ref, (after, lambda ask, now: done(now, ask.token)))


async def test_a_token_is_the_moment_and_the_request() -> None:
    apps = kustomization(token="older")
    bench = bench_with(apps, git_repository())
    scripted(bench, apps)
    before = bench.cluster.now(apps.ref)
    ended = await bench.carry_out(step_to(apps))
    assert bench.asks == [
        Ask(apps.ref, T, "older", MORNING, DEADLINE, before.brief()),
    ]
    assert ended.ask is not None
    assert ended.ask.token == T


async def test_force_and_reset_are_for_the_object_and_not_for_its_source() -> None:
    podinfo, chart = helm_release(), helm_chart()
    asks = []
    for snapshot, role in ((podinfo, Role.OBJECT), (chart, Role.CHART)):
        bench = bench_with(podinfo, chart, helm_repository())
        scripted(bench, snapshot)
        await bench.carry_out(step_to(snapshot, role), Options(with_source=True, force=True, reset=True))
        asks += [(ask.force, ask.reset) for ask in bench.cluster.asks]
    assert asks == [(True, True), (False, False)]


async def test_the_deadline_is_what_the_objects_own_spec_allows() -> None:
    apps = replace(kustomization(), timeout=timedelta(minutes=20))
    bench = bench_with(apps, git_repository())
    scripted(bench, apps)
    await bench.carry_out(step_to(apps))
    assert [ask.deadline for ask in bench.cluster.asks] == [MORNING + timedelta(minutes=20, seconds=30)]


async def test_the_answer_to_the_patch_is_what_a_change_is_measured_against() -> None:
    """Between the look and the patch somebody else's request brought the new revision."""
    apps = kustomization(token="older")
    bench = bench_with(apps, git_repository(revision=B))
    scripted(bench, apps)
    real = bench.cluster.request

    async def request(ask: Ask) -> Snapshot:
        bench.cluster.put(done(replace(bench.cluster.now(apps.ref), asked=Tokens("newer")), "newer", B))
        return await real(ask)

    bench.cluster.request = request  # type: ignore[method-assign]
    ended = await bench.carry_out(step_to(apps))
    assert ended.ask is not None
    assert (ended.end, ended.ask.prev) == (Unchanged(B), "newer")


async def test_what_may_not_be_patched_is_told_by_what_is_missing() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.cluster.fail("request", Forbidden("prod", "may not patch kustomizations"))
    ended = await bench.carry_out(step_to(apps))
    assert ended == Ended(step_to(apps), Stopped(Stop.FORBIDDEN, "may not patch kustomizations"), timedelta(0))


async def test_a_right_that_is_gone_is_told_by_why() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.right = "you are no member any more"
    ended = await bench.carry_out(step_to(apps))
    assert (ended.end, ended.now) == (
        Stopped(Stop.REVOKED, "you are no member any more"),
        bench.cluster.now(apps.ref).brief(),
    )


async def test_what_stopped_it_is_told_with_the_object_as_it_was() -> None:
    apps = kustomization(suspended=True)
    bench = bench_with(apps)
    ended = await bench.carry_out(step_to(apps))
    assert (ended.end, ended.now) == (Suspended(), bench.cluster.now(apps.ref).brief())


def answering(
    bench: Bench, error: ClusterError, *, seconds: float = 0, then: Callable[[], None] | None = None
) -> None:
    """The patch itself takes so long, fails so, and something else happens meanwhile."""

    async def request(ask: Ask) -> Snapshot:
        await bench.clock.sleep(seconds)
        if then is not None:
            then()
        raise error

    bench.cluster.request = request  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("error", "stop"),
    [
        (Forbidden("prod", "may not patch"), Stop.FORBIDDEN),
        (Unauthorized("prod", "may not patch"), Stop.CREDENTIALS),
        (Rejected("prod", "may not patch"), Stop.REJECTED),
        (Unreachable("prod", "may not patch"), Stop.UNREACHABLE),
    ],
)
async def test_each_way_in_which_a_cluster_cannot_answer_has_its_own_end(error: ClusterError, stop: Stop) -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.cluster.fail("get", error)
    assert await bench.carry_out(step_to(apps)) == Ended(step_to(apps), Stopped(stop, "may not patch"), timedelta(0))


async def test_a_cluster_that_stops_answering_is_told_with_the_time_it_took() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    answering(bench, ClusterError("prod", "too busy"), seconds=7)
    ended = await bench.carry_out(step_to(apps))
    assert (ended.end, ended.took) == (Stopped(Stop.UNREACHABLE, "too busy"), timedelta(seconds=7))


async def test_an_object_that_vanished_before_the_patch_is_gone() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    answering(bench, Rejected("prod", "not found"), then=lambda: bench.cluster.remove(apps.ref))
    ended = await bench.carry_out(step_to(apps))
    assert (ended.end, bench.waits) == (Gone(seen_before=True), [])


async def test_an_object_that_was_made_anew_before_the_patch_is_gone_too() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())

    def made_anew() -> None:
        bench.cluster.put(replace(apps, uid="another"))

    answering(bench, Rejected("prod", "not found"), then=made_anew)
    ended = await bench.carry_out(step_to(apps))
    assert (ended.end, bench.waits) == (Gone(seen_before=True), [])


@pytest.mark.parametrize("dark", [4, 200])
async def test_a_lost_answer_is_looked_for_until_the_cluster_can_be_read(dark: int) -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.cluster.fail("request", Unreachable("prod", "reset"), arrived=True)
    bench.cluster.fail("read", GONE_DARK)
    bench.clock.call_in(dark + 0.5, lambda: bench.cluster.heal("read"))
    scripted(bench, apps, after=dark + 4)
    ended = await bench.carry_out(step_to(apps))
    assert (ended.end, ended.took) == (Unchanged(A), timedelta(seconds=dark + 4))
    assert bench.cluster.calls["read"] == dark + 2
    assert bench.waits[0].pending == Pending(Why.BLIND, str(GONE_DARK))


async def test_a_lost_answer_that_cannot_be_looked_for_is_said_to_be_unknown() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.cluster.fail("request", Unreachable("prod", "reset"))
    bench.cluster.fail("read", GONE_DARK)
    ended = await bench.carry_out(step_to(apps))
    end = Broken("it is unknown whether the request reached the cluster: reset")
    assert ended == Ended(
        step_to(apps), end, timedelta(minutes=5), bench.asks[0], bench.cluster.now(apps.ref).brief()
    )


async def test_a_lost_patch_is_looked_for_as_long_as_it_may_be_under_way() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.cluster.fail("request", Unreachable("prod", "reset"))
    ended = await bench.carry_out(step_to(apps))
    end = Broken("the request did not reach the cluster within 10 s: reset")
    assert ended == Ended(
        step_to(apps), end, timedelta(seconds=10), bench.asks[0], bench.cluster.now(apps.ref).brief()
    )
    assert bench.cluster.calls["read"] == 10


@pytest.mark.parametrize("somebody", [Tokens("theirs"), None], ids=["asked", "made another"])
async def test_where_somebody_did_something_a_lost_patch_may_have_arrived_before(somebody: Tokens | None) -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())

    def done_by_somebody() -> None:
        bench.cluster.put(replace(apps, asked=somebody) if somebody else replace(apps, uid="another"))

    answering(bench, Unreachable("prod", "reset"), then=done_by_somebody)
    ended = await bench.carry_out(step_to(apps))
    assert ended.end == Broken("it is unknown whether the request reached the cluster: reset")


async def test_where_the_object_went_meanwhile_a_lost_patch_may_have_arrived_before() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    answering(bench, Unreachable("prod", "reset"), then=lambda: bench.cluster.remove(apps.ref))
    ended = await bench.carry_out(step_to(apps))
    assert ended.end == Broken("it is unknown whether the request reached the cluster: reset")


async def test_a_lost_answer_counts_as_arrived_when_its_run_has_ended_and_the_annotation_is_another() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())

    def ended_already() -> None:
        token = bench.asks[0].token if bench.asks else T
        bench.cluster.put(done(replace(bench.cluster.now(apps.ref), asked=Tokens("theirs")), token))

    answering(bench, Unreachable("prod", "reset"), then=ended_already)
    ended = await bench.carry_out(step_to(apps))
    assert ended.end == Unchanged(A)


async def test_a_patch_and_a_followed_end_are_told_to_telemetry() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    scripted(bench, apps, after=3)
    await bench.carry_out(step_to(apps))
    assert bench.telemetry.told == [
        Fact("patched", {"cluster": "prod", "kind": "Kustomization", "token": T}),
        Fact(
            "followed",
            {
                "request": "req00001",
                "token": T,
                "object": "prod ks/flux-system/apps",
                "kind": "Kustomization",
                "verdict": "Unchanged",
                "seconds": 3.0,
            },
        ),
    ]


# --- What counts as seen after the patch --------------------------------------------------------------------------


UNSEEN = TimedOut(Pending(Why.QUEUED))
"""Nothing that counts was seen until the deadline."""


@pytest.mark.parametrize("version", ["9", "2"])
async def test_a_state_older_than_the_patch_is_not_judged(version: str) -> None:
    apps = kustomization()
    bench = bench_with(git_repository())
    ended, silences = await bench.watch(asked(apps), seen(stale(apps), version))
    ask = asked(apps)
    assert ended == Ended(step_to(apps), UNSEEN, timedelta(minutes=5), ask, ask.before)
    assert (silences, bench.waits) == ([at(30), DEADLINE], [])


async def test_versions_are_numbers_and_the_patched_state_itself_counts() -> None:
    apps = kustomization()
    found = []
    for patched, shown in (("9", "10"), ("10", "10")):
        ended, _ = await bench_with(git_repository()).watch(
            asked(apps, version=patched), seen(ours(replace(apps, suspended=True)), shown)
        )
        found.append((ended.end, ended.took))
    assert found == [(Suspended(), timedelta(0))] * 2


async def test_a_state_newer_than_the_patch_counts_although_our_token_is_gone_from_it() -> None:
    apps = kustomization()
    theirs = replace(done(apps, "theirs"), asked=Tokens("theirs"))
    ended, _ = await bench_with(git_repository()).watch(asked(apps), seen(theirs, gap=True))
    assert ended.end == Overtaken("theirs", Unchanged(A))


async def test_versions_that_are_no_numbers_are_only_compared_for_being_the_same() -> None:
    apps = kustomization()
    ask = asked(apps, version="0x1f")
    same = seen(ours(replace(apps, suspended=True)), "0x1f")
    ended, _ = await bench_with(git_repository()).watch(ask, seen(stale(apps), "0x1e"), same)
    assert (ended.end, ended.took) == (Suspended(), timedelta(0))
    ended, _ = await bench_with(git_repository()).watch(ask, seen(stale(apps), "0x1e"))
    assert ended.end == UNSEEN


async def test_after_a_gap_the_patched_state_is_not_waited_for() -> None:
    apps = kustomization()
    end = seen(ours(done(apps, T)), "0x2f", gap=True)
    ended, _ = await bench_with(git_repository()).watch(asked(apps, version="0x1f"), end)
    assert ended.end == Unchanged(A)


async def test_an_absence_that_the_cache_held_before_the_patch_is_no_end() -> None:
    apps = kustomization()
    gone = Sighting(Absent(apps.ref), MORNING)
    ended, _ = await bench_with(git_repository()).watch(asked(apps), gone, seen(ours(done(apps, T))))
    assert ended.end == Unchanged(A)
    ended, _ = await bench_with(git_repository()).watch(asked(apps), gone)
    assert ended.end == UNSEEN


async def test_an_absence_that_the_watch_saw_is_the_end() -> None:
    apps = kustomization()
    before, gone = seen(stale(apps), "9"), Sighting(Absent(apps.ref), MORNING)
    ended, _ = await bench_with(git_repository()).watch(asked(apps), before, gone)
    assert ended == Ended(step_to(apps), Gone(seen_before=True), timedelta(0), asked(apps), now=asked(apps).before)


async def test_the_end_of_an_older_object_of_the_name_is_no_end_of_ours() -> None:
    apps = kustomization()
    older = replace(apps, uid="older", version="8")
    before, gone = seen(older, "7"), Sighting(Absent(apps.ref, older), MORNING)
    bench = bench_with(git_repository())
    ended, _ = await bench.watch(asked(apps), before, gone, seen(ours(apps), "10"), seen(ours(done(apps, T))))
    assert ended.end == Unchanged(A)


async def test_with_a_lost_answer_only_our_own_token_shows_that_the_patch_was_seen() -> None:
    apps = kustomization()
    ended, _ = await bench_with(git_repository()).watch(asked(apps, lost=True), seen(stale(apps)))
    assert ended.end == UNSEEN


async def test_with_a_lost_answer_our_token_counts_asked_or_handled() -> None:
    apps = kustomization()
    handled = replace(done(apps, T), asked=Tokens("theirs"))
    ends = [
        (await bench_with(git_repository()).watch(asked(apps, lost=True), seen(each)))[0].end
        for each in (ours(running(apps, B)), handled)
    ]
    text = f"Running health checks for revision {B} with a timeout of 2m0s"
    assert ends == [TimedOut(Pending(Why.RUNNING, text)), Unchanged(A)]


async def test_with_a_lost_answer_whoever_overwrote_our_token_answers_for_it() -> None:
    apps = kustomization()
    theirs = replace(done(apps, "theirs"), asked=Tokens("theirs"))
    ended, _ = await bench_with(git_repository()).watch(asked(apps, lost=True), seen(ours(apps)), seen(theirs, "12"))
    assert ended.end == Overtaken("theirs", Unchanged(A))
