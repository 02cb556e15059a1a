"""What is seen, what is not, and what is said of it meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.errors import ClusterError, Forbidden, Rejected, Unauthorized, Unreachable
from bot.core.kinds import RESOURCE_SET_INPUT_PROVIDER
from bot.core.notices import Blocked, Part, Running, Stop, Stopped
from bot.core.requests import Ask
from bot.core.resources import Absent, Condition, Event, Ref, Snapshot, Tokens
from bot.core.verdicts import Failed, Overtaken, Pending, Skipped, Succeeded, TimedOut, Unchanged, Why
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_chart, helm_release, helm_repository, kustomization
from tests.fakes.runs import done, failed, held_up, running, told
from tests.fakes.status import A, B, ref
from tests.flows.house import House, house_with


class Unreadable(FakeCluster):
    """A cluster in which some objects cannot be read by us, whatever Flux may do with them."""

    def __init__(self, clock: FakeClock, *objects: Snapshot, hides: tuple[Ref, ...], error: ClusterError) -> None:
        super().__init__(clock, *objects)
        self._hides = hides
        self._error = error

    async def get(self, ref: Ref) -> Snapshot | Absent:
        if ref in self._hides:
            raise self._error
        return await super().get(ref)


def unreadable(*objects: Snapshot, hides: Ref, error: ClusterError) -> tuple[House, FakeCluster]:
    clock = FakeClock()
    cluster = Unreadable(clock, *objects, hides=(hides,), error=error)
    return House(clock=clock, clusters=(cluster,)), cluster


async def test_a_source_that_cannot_be_read_is_never_left_out_in_silence() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = unreadable(apps, git, hides=git.ref, error=Forbidden("prod", "gitrepositories is forbidden"))
    await house.say("ks apps --with-source")
    assert house.ends() == [Stopped(Stop.FORBIDDEN, "gitrepositories is forbidden", on=git.ref)]
    assert cluster.asks == []


async def test_a_source_that_only_we_cannot_read_stops_no_plain_request() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = unreadable(apps, git, hides=git.ref, error=Forbidden("prod", "gitrepositories is forbidden"))
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps")
    assert house.ends() == [Unchanged(A)]


async def test_each_kind_of_refusal_by_a_cluster_has_its_own_words() -> None:
    for error, stop in (
        (Unreachable("prod", "no answer"), Stop.UNREACHABLE),
        (Unauthorized("prod", "401"), Stop.CREDENTIALS),
        (Forbidden("prod", "403"), Stop.FORBIDDEN),
        (Rejected("prod", "422"), Stop.REJECTED),
    ):
        apps = kustomization()
        house, _ = unreadable(apps, hides=apps.ref, error=error)
        await house.say("ks apps --with-source")
        assert house.ends() == [Stopped(stop, str(error))]


async def test_a_dead_cluster_costs_its_time_out_once_however_many_targets() -> None:
    class Slow(FakeCluster):
        async def get(self, ref: Ref) -> Snapshot | Absent:
            await house.clock.sleep(5)
            raise Unreachable("prod", "no answer within 5 s")

    clock = FakeClock()
    house = House(clock=clock, clusters=(Slow(clock),))
    asked_at = clock.now()
    await house.say("ks a, b, c, d, e, f --with-source")
    assert [type(end) for end in house.ends()] == [Stopped] * 6
    assert clock.now() - asked_at < timedelta(seconds=7)


async def test_an_absence_that_the_cache_held_is_not_taken_for_a_deletion() -> None:
    """A kind that was not served a moment ago: the watch has not seen what we just patched."""
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def forget(_: Ref) -> object:
        found, cluster._objects = cluster._objects, {}
        return found

    follow = cluster.follow

    def blank(ref: Ref) -> object:
        objects = forget(ref)
        entered = follow(ref)
        cluster._objects = objects  # type: ignore[assignment]
        return entered

    cluster.follow = blank  # type: ignore[method-assign, assignment]
    cluster.script(apps.ref, (2, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    assert isinstance(house.ends()[0], Succeeded)


async def test_the_second_run_gets_its_minute_however_late_the_first_one_ended() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: done(now, ask.token, B)))
    cluster.script(
        apps.ref,
        (1, lambda _, now: running(now, A)),
        (70, lambda ask, now: done(now, ask.token)),
        (110, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks apps --with-source")
    assert isinstance(house.ends()[0], Succeeded)


async def test_an_older_revision_is_told_a_minute_after_it_was_seen() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: done(now, ask.token, B)))
    cluster.script(apps.ref, (70, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps --with-source")
    assert house.ends() == [TimedOut(Pending(Why.OLD_REVISION, A))]
    assert house.finished().took == timedelta(seconds=131)


async def test_a_dead_watch_blames_no_controller_and_is_looked_past_at_the_limits() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def die(_: Ask) -> None:
        house.clock.call_in(1, cluster.blind)

    cluster.on_request = die

    def finish() -> None:
        # The object ends; the dead watch does not show it.
        token = cluster.asks[0].token
        ended = replace(done(cluster.now(apps.ref), token, B), version="9000", asked=Tokens(token))
        cluster._objects[apps.ref] = ended

    house.clock.call_in(3, finish)
    await house.say("ks apps")
    assert isinstance(house.ends()[0], Succeeded)
    assert house.finished().took == timedelta(seconds=31)
    slow = [track.slow for root in house.in_part(Part.ROOT) if isinstance(root, Running) for track in root.tracks]
    assert slow == [None] * len(slow)


async def test_a_watch_that_stays_dead_is_what_is_told_at_the_deadline() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def die(_: Ask) -> None:
        house.clock.call_in(1, cluster.blind)
        cluster.fail("read", Unreachable("prod", "no answer"))

    cluster.on_request = die
    await house.say("ks apps --timeout 1m")
    assert house.ends() == [TimedOut(Pending(Why.BLIND, "connection refused"))]


async def test_a_suspended_dependency_that_flux_waits_for_is_told_soon() -> None:
    infra = told(kustomization("shop/infra"), "old")
    web = kustomization("shop/web", depends_on=("shop/infra",))
    house, cluster = house_with(web, infra, git_repository("shop/web"))
    cluster.script(web.ref, (1, lambda ask, now: held_up(now, ask.token, "shop/infra", "revision is not up to date")))
    await house.say("ks shop/web")
    assert isinstance(house.ends()[0], Failed)
    assert house.finished().took < timedelta(seconds=30)


async def test_a_patch_that_lands_after_its_time_out_is_found() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    async def late(ask: Ask) -> Snapshot:
        house.clock.call_in(3, lambda: _send(cluster, ask))
        raise Unreachable("prod", "timed out")

    def _send(there: FakeCluster, ask: Ask) -> None:
        there.put(replace(there.now(ask.ref), asked=Tokens(ask.token)))
        house.clock.call_in(2, lambda: _finish(there, ask))

    def _finish(there: FakeCluster, ask: Ask) -> None:
        there.put(done(there.now(ask.ref), ask.token, B))

    cluster.request = late  # type: ignore[method-assign]
    await house.say("ks apps")
    assert isinstance(house.ends()[0], Succeeded)


async def test_a_failure_of_somebody_elses_run_heals_as_ours_would() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def overwrite(_: Ask) -> None:
        house.clock.call_in(1, _overwrite)

    def _overwrite() -> None:
        cluster.overwrite(apps.ref, "theirs")

    cluster.on_request = overwrite
    cluster.script(
        apps.ref,
        (3, lambda _, now: failed(now, "theirs", "BuildFailed", "boom", B)),
        (60, lambda _, now: done(now, "theirs", B)),
    )
    await house.say("ks apps")
    (end,) = house.ends()
    assert isinstance(end, Overtaken)
    await house.clock.advance(120)
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert outcome.healed is not None
    assert outcome.healed.after == timedelta(seconds=58)


async def test_a_source_that_kept_the_object_from_being_asked_is_followed_on_as_well() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(
        git.ref,
        (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")),
        (61, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks apps --with-source")
    assert [type(end) for end in house.ends()] == [Blocked]
    await house.clock.advance(120)
    (track,) = house.finished().tracks
    assert track.target == apps.ref
    assert track.outcome is not None
    assert isinstance(track.outcome.end, Blocked)
    assert track.outcome.healed is not None
    assert isinstance(track.outcome.healed.verdict, Succeeded)
    assert track.outcome.healed.after == timedelta(seconds=61)
    assert [ask.ref for ask in cluster.asks] == [git.ref]


async def test_a_release_whose_chart_is_not_made_yet_is_asked_all_the_same() -> None:
    podinfo, repository = helm_release(), helm_repository()
    house, cluster = house_with(podinfo, repository)
    cluster.script(repository.ref, (1, lambda ask, now: done(now, ask.token, "sha256:" + "ab" * 32)))

    def install(ask: Ask, now: Snapshot) -> Snapshot:
        cluster.put(helm_chart(version="6.6.0"))
        return done(now, ask.token, "6.6.0")

    cluster.script(podinfo.ref, (2, install))
    await house.say("hr shop/podinfo --with-source")
    assert [(ask.ref, ask.wanted) for ask in cluster.asks] == [(repository.ref, None), (podinfo.ref, None)]
    assert isinstance(house.ends()[0], Succeeded)


async def test_a_failing_source_is_told_with_what_it_says_of_itself() -> None:
    apps, git = kustomization(), git_repository(secret="deploy-key")
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")))
    await house.say("ks apps --with-source")
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert isinstance(outcome.end, Blocked)
    assert outcome.now is not None
    assert (outcome.now.ref, outcome.now.secret) == (git.ref, "deploy-key")


async def test_the_mention_comes_after_the_details_it_closes() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    parts = [each.slot.part for each in house.chat.shown if each.slot.part is not Part.ROOT]
    assert parts == [Part.AUDIT, Part.DETAILS, Part.MENTION]


async def test_the_root_shows_the_command_as_it_was_typed() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("reconcile  Kustomization\n flux-system/apps")
    assert house.finished().asked.typed == "reconcile Kustomization flux-system/apps"


async def test_a_chart_that_could_not_be_written_does_not_heal_by_being_looked_at() -> None:
    podinfo = helm_release()
    house, cluster = house_with(podinfo, helm_chart())

    def refuse(ask: Ask, now: Snapshot) -> Snapshot:
        cluster.tell(Event(podinfo.ref, "HelmChartSyncErr", "access denied", warning=False, at=house.clock.now()))
        return done(now, ask.token)

    cluster.script(podinfo.ref, (1, refuse))
    await house.say("hr shop/podinfo")
    await house.clock.advance(60)
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert isinstance(outcome.end, Failed)
    assert outcome.healed is None


async def test_a_provider_outside_its_schedule_is_skipped_whatever_it_said_before() -> None:
    provider = Snapshot(
        ref(RESOURCE_SET_INPUT_PROVIDER, "flux-system/prs"),
        generation=1,
        conditions=(Condition("Ready", "False", "ReconciliationFailed", "the old failure", 1),),
    )
    house, cluster = house_with(provider)

    def skip(ask: Ask, now: Snapshot) -> Snapshot:
        cluster.tell(
            Event(provider.ref, "SkippedDueToSchedule", "next at 18:00", warning=False, at=house.clock.now())
        )
        return replace(now, handled=Tokens(ask.token))

    cluster.script(provider.ref, (1, skip))
    await house.say("rsip prs")
    assert house.ends() == [Skipped("next at 18:00")]
