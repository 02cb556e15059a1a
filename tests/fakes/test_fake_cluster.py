"""The cluster that the flows' tests trust keeps the promises of the port Cluster."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import Rejected, Unreachable
from bot.core.kinds import GIT_REPOSITORY, KUSTOMIZATION
from bot.core.requests import Ask
from bot.core.resources import Absent, Event, Ref, Snapshot, Tokens
from bot.ports import Blind, Cluster, Clusters, Quiet, Sighting
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.cluster import FakeCluster, FakeClusters
from tests.fakes.objects import git_repository, kustomization
from tests.fakes.runs import done, failed, running, two_patches
from tests.fakes.status import B, ref

WEB = ref(KUSTOMIZATION, "shop/web")
SOON = MORNING + timedelta(minutes=5)


def an_ask(at: Ref = WEB, token: str = "t1", *, force: bool = False) -> Ask:
    return Ask(at, token, prev="", patched_at=MORNING, deadline=SOON, force=force)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cluster(clock: FakeClock) -> FakeCluster:
    return FakeCluster(clock, kustomization("shop/web"), kustomization("shop/api"), git_repository("shop/web"))


def test_it_is_a_cluster(cluster: FakeCluster) -> None:
    port: Cluster = cluster
    ports: Clusters = FakeClusters(cluster)
    assert (ports.names(), ports.get("prod"), ports.get("other")) == (("prod",), port, None)


async def test_the_cache_is_brief_and_a_read_is_full(cluster: FakeCluster) -> None:
    brief, full = await cluster.get(WEB), await cluster.read(WEB)
    assert isinstance(brief, Snapshot)
    assert isinstance(full, Snapshot)
    assert (brief.details, full.details is not None, full.brief()) == (None, True, brief)


async def test_lists_are_of_one_kind_in_order_of_names(cluster: FakeCluster) -> None:
    cluster.put(kustomization("apps/zoo"))
    names = [each.ref.short for each in await cluster.list(KUSTOMIZATION)]
    assert names == ["ks/apps/zoo", "ks/shop/api", "ks/shop/web"]
    assert [each.ref.short for each in await cluster.list(KUSTOMIZATION, "apps")] == ["ks/apps/zoo"]
    assert [each.ref.short for each in await cluster.list(GIT_REPOSITORY)] == ["gitrepository/shop/web"]


async def test_what_is_gone_is_absent_with_what_it_was(cluster: FakeCluster) -> None:
    was = cluster.now(WEB)
    cluster.remove(WEB)
    assert await cluster.get(WEB) == Absent(WEB, was)
    never = ref(KUSTOMIZATION, "shop/never")
    assert await cluster.read(never) == Absent(never)


async def test_a_follow_yields_what_is_there_then_every_event_in_order(
    cluster: FakeCluster, clock: FakeClock
) -> None:
    first = cluster.now(WEB)
    async with cluster.follow(WEB) as follow:
        steps = two_patches(running(first, B), done(first, "t1", B))
        stored = [cluster.put(each) for each in (running(first, B), *steps)]
        cluster.put(kustomization("shop/api"))
        seen = [await follow.next(SOON) for _ in range(4)]
    assert seen == [Sighting(first.brief(), MORNING), *(Sighting(each, MORNING) for each in stored)]


async def test_a_follow_is_quiet_once_its_time_has_passed(cluster: FakeCluster, clock: FakeClock) -> None:
    async with cluster.follow(WEB) as follow:
        await follow.next(SOON)
        assert await clock.through(follow.next(SOON)) == Quiet()
        assert clock.now() == SOON
        assert await clock.through(follow.next(MORNING)) == Quiet()
        assert clock.now() == SOON


async def test_a_waiting_follow_wakes_for_an_event(cluster: FakeCluster, clock: FakeClock) -> None:
    async with cluster.follow(WEB) as follow:
        await follow.next(SOON)
        waiting = asyncio.create_task(follow.next(SOON))
        await clock.advance(7)
        cluster.remove(WEB)
        sighting = await clock.through(waiting)
    assert isinstance(sighting, Sighting)
    assert (type(sighting.now), sighting.at) == (Absent, MORNING + timedelta(seconds=7))


async def test_an_outage_is_told_once_and_what_comes_after_says_gap(cluster: FakeCluster) -> None:
    async with cluster.follow(WEB) as follow:
        await follow.next(SOON)
        cluster.blind("connection refused")
        cluster.blind("still refused")
        after = [cluster.put(running(cluster.now(WEB), B)), cluster.put(done(cluster.now(WEB), "t1", B))]
        seen = [await follow.next(SOON) for _ in range(3)]
    assert seen == [
        Blind(MORNING, "connection refused"),
        Sighting(after[0], MORNING, gap=True),
        Sighting(after[1], MORNING),
    ]


async def test_who_starts_to_follow_during_an_outage_is_told(cluster: FakeCluster) -> None:
    cluster.blind("connection refused")
    async with cluster.follow(WEB) as follow:
        seen = [await follow.next(SOON) for _ in range(2)]
    assert seen == [Sighting(cluster.now(WEB).brief(), MORNING), Blind(MORNING, "connection refused")]


async def test_a_request_answers_the_object_before_its_reconcile(cluster: FakeCluster) -> None:
    before = cluster.now(WEB)
    async with cluster.follow(WEB) as follow:
        answer = await cluster.request(an_ask(force=True))
        seen = [await follow.next(SOON) for _ in range(2)]
    assert cluster.asks == [an_ask(force=True)]
    assert answer == replace(before, asked=Tokens("t1", "t1"), version=answer.version)
    assert answer.version != before.version
    assert seen == [Sighting(before.brief(), MORNING), Sighting(answer, MORNING)]


async def test_a_script_plays_the_controller(cluster: FakeCluster, clock: FakeClock) -> None:
    cluster.script(
        WEB,
        (1, lambda ask, now: running(now, B)),
        (9, lambda ask, now: failed(now, ask.token, revision=B)),
    )
    async with cluster.follow(WEB) as follow:
        await cluster.request(an_ask())
        for _ in range(2):
            await follow.next(SOON)
        seen = [await clock.through(follow.next(SOON)) for _ in range(2)]
    told = [
        (
            each.at - MORNING,
            each.now.ready.status if each.now.ready else "",
            each.now.handled.request,
            each.now.asked.request,
        )
        for each in seen
        if isinstance(each, Sighting) and isinstance(each.now, Snapshot)
    ]
    assert told == [(timedelta(seconds=1), "Unknown", "", "t1"), (timedelta(seconds=9), "False", "t1", "t1")]


async def test_somebody_elses_token_replaces_ours(cluster: FakeCluster) -> None:
    await cluster.request(an_ask())
    cluster.overwrite(WEB, "theirs")
    assert cluster.now(WEB).asked == Tokens("theirs")


async def test_methods_fail_until_they_heal(cluster: FakeCluster) -> None:
    cluster.fail("get", Unreachable("prod", "no route"))
    with pytest.raises(Unreachable):
        await cluster.get(WEB)
    cluster.heal("get")
    assert await cluster.get(WEB) == cluster.now(WEB).brief()


async def test_a_failing_request_did_not_arrive_unless_it_did(cluster: FakeCluster) -> None:
    cluster.fail("request", Unreachable("prod", "reset"))
    with pytest.raises(Unreachable):
        await cluster.request(an_ask(token="t1"))
    assert (cluster.asks, cluster.now(WEB).asked) == ([], Tokens())
    cluster.fail("request", Unreachable("prod", "reset"), arrived=True)
    with pytest.raises(Unreachable):
        await cluster.request(an_ask(token="t2"))
    assert (cluster.asks, cluster.now(WEB).asked) == ([an_ask(token="t2")], Tokens("t2"))


async def test_nothing_is_written_where_nothing_may_be(cluster: FakeCluster) -> None:
    cluster.frozen = "this bot only reads"
    with pytest.raises(Rejected):
        await cluster.request(an_ask())
    assert cluster.asks == []


async def test_events_are_those_since_a_moment_oldest_first(cluster: FakeCluster) -> None:
    events = [Event(WEB, "Progressing", str(n), False, MORNING + timedelta(seconds=n)) for n in (3, 1, 2)]
    for event in events:
        cluster.tell(event)
    since = MORNING + timedelta(seconds=2)
    assert [event.message for event in await cluster.events(WEB, since)] == ["2", "3"]
