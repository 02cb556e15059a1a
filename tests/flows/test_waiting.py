"""One step from its preflight to its end, moment by moment: what is looked at, when, and what ends the wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from bot.core.channels import Rule, Who
from bot.core.errors import ClusterError, Forbidden, Rejected, Unauthorized, Unreachable
from bot.core.kinds import ALERT, RESOURCE_SET_INPUT_PROVIDER
from bot.core.notices import Stop, Stopped
from bot.core.policy import Allowed
from bot.core.requests import Ask, Caller, Options, Place, Request, Role, Step, Verb
from bot.core.resources import Absent, Condition, Controller, Event, Snapshot, Tokens
from bot.core.verdicts import (
    Broken,
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Skipped,
    Static,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
    Warn,
    Why,
)
from bot.flows.carry_out import CarryOut, may_heal
from bot.flows.preflight import Preflight
from bot.flows.steps import Ended, Job, Patience, Waiting
from bot.flows.watching import Watching
from bot.ports import Blind, Quiet, Sighting
from bot.store.memory import MemoryRequests, MemoryTrail
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_chart, helm_release, helm_repository, kustomization
from tests.fakes.runs import done, failed, held_up, running, stalled
from tests.fakes.status import A, B, ref
from tests.fakes.telemetry import Fact, FakeTelemetry

T = "2026-08-20T09:14:00.000000Z-req00001"
"""The token of the first step, asked at the start of the fakes' morning."""
DEADLINE = MORNING + timedelta(minutes=5)
PLAIN = Options()
GONE_DARK = Unreachable("prod", "no route")
RULE = Rule("platform", Who(), frozenset(), (), frozenset(), (), ())


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def step_to(snapshot: Snapshot, role: Role = Role.OBJECT) -> Step:
    return Step(snapshot.ref, role, snapshot.ref)


@dataclass(slots=True)
class Blocks:
    """What holds an object up: one answer a look, the last one for ever."""

    answers: list[bool]
    looks: int = 0

    async def __call__(self, now: Snapshot) -> bool:
        self.looks += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass(slots=True)
class Bench:
    """One engine on fakes; what it reported, and what it was told about blocks and rights."""

    cluster: FakeCluster
    clock: FakeClock
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    waits: list[Waiting] = field(default_factory=list)
    blocks: Blocks = field(default_factory=lambda: Blocks([False]))
    right: Allowed | str = field(default_factory=lambda: Allowed(RULE))
    asks: list[Ask] = field(default_factory=list)

    def job(self, step: Step, options: Options = PLAIN) -> Job:
        async def recheck(_: Step) -> Allowed | str:
            return self.right

        request = Request(
            "req00001",
            Verb.RECONCILE,
            (step.ref,),
            options,
            Caller("U0SRE", "sre", "T0"),
            Place("C0"),
            "ks apps",
            "platform",
            MORNING,
        )
        return Job(request, step, None, None, recheck, self.blocks, self.waits.append)

    def engine(self, requests: MemoryRequests | None = None) -> CarryOut:
        kept = requests or MemoryRequests(self.clock, MemoryTrail())
        return CarryOut(self.cluster, kept, self.clock, self.telemetry, Patience())

    async def carry_out(self, step: Step, options: Options = PLAIN) -> Ended:
        requests = MemoryRequests(self.clock, MemoryTrail())
        job = self.job(step, options)
        await requests.accept(job.request, None)
        ended = await self.clock.through(self.engine(requests).run(job))
        self.asks = list(requests.asks(job.request.id))
        return ended

    async def watch(self, ask: Ask, *heard: Sighting | Blind) -> tuple[Ended, list[datetime]]:
        """The end of a watch that shows this and then nothing more, and each moment until which it would wait."""
        follow = Played(self.clock, *heard)
        job = self.job(Step(ask.ref, Role.OBJECT, ask.ref))
        watching = Watching(self.cluster, self.clock, Patience(), job, ask, MORNING)
        ended = await self.clock.through(watching.until_judged(follow))
        return ended, follow.silences


class Played:
    """A watch that shows these, each at its moment, and nothing else; `silences` are the limits that passed."""

    def __init__(self, clock: FakeClock, *heard: Sighting | Blind) -> None:
        self._clock = clock
        self._heard = deque(heard)
        self.silences: list[datetime] = []

    async def next(self, until: datetime) -> Sighting | Blind | Quiet:
        due = _moment(self._heard[0]) if self._heard else None
        if due is not None and due <= until:
            await self._until(due)
            return self._heard.popleft()
        self.silences.append(until)
        assert len(self.silences) < 1000, "it does not wait but spins"
        await self._until(until)
        return Quiet()

    async def _until(self, moment: datetime) -> None:
        left = (moment - self._clock.now()).total_seconds()
        if left > 0:
            await self._clock.sleep(left)


def _moment(heard: Sighting | Blind) -> datetime:
    return heard.at if isinstance(heard, Sighting) else heard.since


def bench_with(*objects: Snapshot) -> Bench:
    clock = FakeClock()
    return Bench(FakeCluster(clock, *objects), clock)


def asked(before: Snapshot, *, version: str = "10", lost: bool = False) -> Ask:
    """Our patch at the start of the morning; `lost`: its answer never came, so only the look before it is known."""
    answer = before if lost else replace(before, asked=Tokens(T))
    return Ask(before.ref, T, before.handled.request, MORNING, DEADLINE, replace(answer, version=version))


def seen(snapshot: Snapshot, version: str = "11", *, gap: bool = False, seconds: float = 0) -> Sighting:
    """What the watch shows so long after the patch."""
    return Sighting(replace(snapshot, version=version), at(seconds), gap=gap)


def ours(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, asked=Tokens(T))


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
    bench.cluster.writable = False
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


async def test_a_lost_answer_is_looked_for_until_the_cluster_can_be_read() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.cluster.fail("request", Unreachable("prod", "reset"), arrived=True)
    bench.cluster.fail("read", GONE_DARK)
    bench.clock.call_in(4.5, lambda: bench.cluster.heal("read"))
    scripted(bench, apps, after=8)
    ended = await bench.carry_out(step_to(apps))
    assert (ended.end, ended.took) == (Unchanged(A), timedelta(seconds=8))
    assert bench.cluster.calls["read"] == 6


async def test_a_lost_answer_that_cannot_be_looked_for_is_said_to_be_unknown() -> None:
    apps = kustomization()
    bench = bench_with(apps, git_repository())
    bench.cluster.fail("request", Unreachable("prod", "reset"))
    bench.cluster.fail("read", GONE_DARK)
    ended = await bench.carry_out(step_to(apps))
    end = Broken("it is unknown whether the request reached the cluster: reset")
    assert ended == Ended(
        step_to(apps), end, timedelta(seconds=10), bench.asks[0], bench.cluster.now(apps.ref).brief()
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


def stale(snapshot: Snapshot) -> Snapshot:
    """Handled for somebody of whom neither we nor the patch knew."""
    return done(replace(snapshot, asked=Tokens("stale")), "stale", B)


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
    assert silences == [at(30), at(60)]


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


# --- The afterlife ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Aftermath:
    """What an afterlife told, and when."""

    clock: FakeClock
    told: list[tuple[float, str, Snapshot | None]] = field(default_factory=list)

    def __call__(self, verdict: Verdict, now: Snapshot | None) -> None:
        reason = verdict.reason if isinstance(verdict, Failed) else type(verdict).__name__
        self.told.append(((self.clock.now() - MORNING).total_seconds(), reason, now))


def failing(reason: str) -> tuple[Bench, Snapshot, Ended]:
    """A Kustomization whose request failed so, as the afterlife takes it over."""
    before = kustomization()
    bench = bench_with(git_repository(), ours(before))
    apps = bench.cluster.put(ours(failed(before, T, reason, "boom", B)))
    verdict = Failed(reason, "boom", retries=True)
    return bench, apps, Ended(step_to(apps), verdict, timedelta(0), asked(before), now=apps)


async def live_on(bench: Bench, ended: Ended) -> tuple[Aftermath, float]:
    aftermath = Aftermath(bench.clock)
    await bench.clock.through(bench.engine().afterlife(ended, aftermath))
    return aftermath, (bench.clock.now() - MORNING).total_seconds()


def later(bench: Bench, seconds: float, snapshot: Snapshot) -> None:
    def put() -> None:
        bench.cluster.put(snapshot)

    bench.clock.call_in(seconds, put)


async def test_each_new_reason_is_told_once_and_the_first_success_ends_it() -> None:
    bench, apps, ended = failing("BuildFailed")
    healed = done(apps, T, B)
    for seconds, become in (
        (10, failed(apps, T, "BuildFailed", "boom again", B)),
        (20, failed(apps, T, "HealthCheckFailed", "sick", B)),
        (30, failed(apps, T, "HealthCheckFailed", "sicker", B)),
        (40, running(apps, B)),
        (50, failed(apps, T, "BuildFailed", "boom", B)),
        (60, healed),
        (70, failed(apps, T, "BuildFailed", "boom", B)),
    ):
        later(bench, seconds, become)
    aftermath, lasted = await live_on(bench, ended)
    assert [each[:2] for each in aftermath.told] == [
        (20, "HealthCheckFailed"),
        (50, "BuildFailed"),
        (60, "Succeeded"),
    ]
    shown = aftermath.told[-1][2]
    assert shown is not None
    assert (replace(shown, version=""), lasted) == (replace(healed, version=""), 60)


async def test_a_dead_watch_does_not_end_an_afterlife() -> None:
    bench, apps, ended = failing("BuildFailed")
    bench.clock.call_in(5, bench.cluster.blind)
    later(bench, 10, done(apps, T, B))
    aftermath, _ = await live_on(bench, ended)
    assert [each[:2] for each in aftermath.told] == [(10, "Succeeded")]


async def test_a_run_that_outlives_the_deadline_is_not_told_as_another_time_out() -> None:
    bench, apps, ended = failing("BuildFailed")
    later(bench, 600, running(apps, B))
    later(bench, 900, done(apps, T, B))
    aftermath, _ = await live_on(bench, ended)
    assert [each[:2] for each in aftermath.told] == [(900, "Succeeded")]


async def test_the_failure_of_whoever_overtook_us_is_followed_on_too() -> None:
    bench, apps, ended = failing("BuildFailed")
    theirs = replace(failed(apps, "theirs", "BuildFailed", "boom", B), asked=Tokens("theirs"))
    bench.cluster.put(theirs)
    later(bench, 10, failed(theirs, "theirs", "BuildFailed", "boom again", B))
    later(bench, 20, failed(theirs, "theirs", "HealthCheckFailed", "sick", B))
    later(bench, 30, done(theirs, "theirs", B))
    overtaken = replace(ended, end=Overtaken("theirs", Failed("BuildFailed", "boom")), now=theirs)
    aftermath, lasted = await live_on(bench, overtaken)
    assert ([each[:2] for each in aftermath.told], lasted) == ([(20, "Overtaken"), (30, "Overtaken")], 30)


async def test_our_own_token_is_never_somebody_who_asks_anew() -> None:
    bench, apps, ended = failing("BuildFailed")
    later(bench, 10, done(apps, T, B))
    aftermath, _ = await live_on(bench, replace(ended, now=None))
    assert [each[:2] for each in aftermath.told] == [(10, "Succeeded")]


async def test_whoever_asks_anew_ends_the_afterlife() -> None:
    bench, apps, ended = failing("BuildFailed")
    later(bench, 10, replace(apps, asked=Tokens("theirs")))
    later(bench, 20, replace(done(apps, "theirs", B), asked=Tokens("theirs")))
    aftermath, lasted = await live_on(bench, ended)
    assert (aftermath.told, lasted) == ([], 10)


async def test_an_annotation_that_somebody_took_away_asks_nothing() -> None:
    bench, apps, ended = failing("BuildFailed")

    def strip() -> None:
        bench.cluster.put(replace(done(apps, T, B), asked=Tokens("", force="x")))

    bench.clock.call_in(10, strip)
    aftermath, _ = await live_on(bench, ended)
    assert [each[:2] for each in aftermath.told] == [(10, "Succeeded")]


async def test_an_object_that_goes_ends_the_afterlife() -> None:
    bench, apps, ended = failing("BuildFailed")
    bench.clock.call_in(10, lambda: bench.cluster.remove(apps.ref))
    aftermath, lasted = await live_on(bench, ended)
    assert (aftermath.told, lasted) == ([(10, "Gone", None)], 10)


async def test_an_afterlife_lasts_half_an_hour() -> None:
    bench, _, ended = failing("BuildFailed")
    aftermath, lasted = await live_on(bench, ended)
    assert (aftermath.told, lasted) == ([], 1800)


async def test_what_was_never_sent_has_no_afterlife() -> None:
    bench, _, ended = failing("BuildFailed")
    aftermath, lasted = await live_on(bench, replace(ended, ask=None))
    assert (aftermath.told, lasted) == ([], 0)


def test_only_a_failure_and_a_time_out_may_turn_into_something_else_by_themselves() -> None:
    failure = Failed("BuildFailed", "boom")
    ends: list[Verdict | Stopped] = [
        failure,
        TimedOut(Pending(Why.QUEUED)),
        Overtaken("theirs", failure),
        Overtaken("theirs", Unchanged(A)),
        Stopped(Stop.UNREACHABLE),
        Suspended(),
        Broken("x"),
    ]
    assert [may_heal(end) for end in ends] == [True, True, True, False, False, False, False]
