"""`watch`: one public message that follows what the cluster's own watches show, until it can be left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.notices import ClusterAsked, ClusterUnknown, Part, Refusal
from bot.core.offers import Press
from bot.core.resources import Condition, Snapshot
from bot.core.standing import (
    Beheld,
    Over,
    Stands,
    Surveyed,
    Unwatched,
    WatchedAlready,
    WatchesFull,
    in_all,
)
from bot.flows.looking import HERE, MINE
from bot.ports import Unpostable
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.fakes.runs import failed
from tests.fakes.status import A
from tests.flows.house import DEV, PLATFORM, SHOP, SRE, House, house_with


def waiting(path: str, on: str) -> Snapshot:
    snapshot = kustomization(path, depends_on=(on,))
    return failed(snapshot, "", "DependencyNotReady", f"dependency '{on}' is not ready", A)


def running(path: str) -> Snapshot:
    conditions = (Condition("Ready", "Unknown", "Progressing", "building manifests"),)
    return replace(kustomization(path), conditions=conditions)


def roots(house: House) -> list[Beheld | Unwatched]:
    found = house.in_part(Part.ROOT)
    return [each for each in found if isinstance(each, Beheld | Unwatched)]


def last(house: House) -> Unwatched:
    found = roots(house)[-1]
    assert isinstance(found, Unwatched), found
    return found


async def test_one_message_is_edited_on_change_until_all_is_ready() -> None:
    house, cluster = house_with(kustomization("shop/a", ready=False), running("shop/b"), kustomization("shop/c"))
    await house.say("watch ks")
    first = roots(house)
    assert [in_all(each.counts) for each in first if isinstance(each, Beheld)] == [(1, 0, 1, 1)]
    await house.clock.advance(20)
    assert roots(house) == first
    cluster.put(kustomization("shop/b"))
    await house.clock.advance(20)
    cluster.put(kustomization("shop/a"))
    await house.clock.advance(20)
    _, second, end = roots(house)
    assert isinstance(second, Beheld)
    assert [row.ref.name for row in second.rows] == ["a"]
    assert isinstance(end, Unwatched)
    assert (end.over, in_all(end.last.counts)) == (Over.READY, (0, 0, 0, 3))
    assert timedelta(seconds=40) <= end.took <= timedelta(seconds=44)
    assert len({each.slot for each in house.chat.shown}) == 1
    assert house.whispers() == []
    assert len(house.afterlives) == 0


async def test_looking_costs_the_cluster_no_call() -> None:
    house, cluster = house_with(kustomization("shop/a", ready=False))
    await house.say("watch")
    before = dict(cluster.calls)
    await house.clock.advance(120)
    assert cluster.calls == before
    assert cluster.asks == []
    await house.afterlives.drain(0)


async def test_when_the_time_is_over_what_is_not_ready_is_told_with_its_cause() -> None:
    house, _ = house_with(kustomization("shop/backend", ready=False), waiting("shop/frontend", "shop/backend"))
    await house.say("watch ks --for 1m")
    await house.clock.advance(61)
    end = last(house)
    assert (end.over, end.took) == (Over.TIME, timedelta(minutes=1))
    backend, frontend = end.last.rows
    assert (backend.reason, frontend.cause is not None) == ("HealthCheckFailed", True)
    assert end.last.buttons == ()


async def test_what_is_ready_already_needs_one_message_only() -> None:
    house, _ = house_with(kustomization(), kustomization("shop/off", suspended=True))
    await house.say("watch")
    await house.clock.advance(5)
    assert len(roots(house)) == 1
    assert len(house.afterlives) == 0
    assert (last(house).over, last(house).took) == (Over.READY, timedelta(0))


async def test_suspended_ones_are_not_waited_for() -> None:
    house, cluster = house_with(kustomization("shop/a", ready=False), kustomization("shop/off", suspended=True))
    await house.say("watch ks")
    cluster.put(kustomization("shop/a"))
    await house.clock.advance(5)
    assert (last(house).over, in_all(last(house).last.counts)) == (Over.READY, (0, 1, 0, 1))


async def test_named_objects_are_watched_and_no_others() -> None:
    house, cluster = house_with(kustomization("shop/a", ready=False), kustomization("shop/b", ready=False))
    await house.say("watch ks shop/a")
    cluster.put(kustomization("shop/a"))
    await house.clock.advance(5)
    assert (last(house).over, in_all(last(house).last.counts)) == (Over.READY, (0, 0, 0, 1))


async def test_new_objects_join_a_selection_and_deleted_ones_leave_it() -> None:
    house, cluster = house_with(kustomization("shop/a", ready=False))
    await house.say("watch ks")
    made = cluster.put(kustomization("shop/b", ready=False))
    await house.clock.advance(3)
    shown = roots(house)[-1]
    assert isinstance(shown, Beheld)
    assert [row.ref.name for row in shown.rows] == ["a", "b"]
    cluster.remove(made.ref)
    cluster.remove(kustomization("shop/a").ref)
    await house.clock.advance(3)
    assert last(house).over is Over.GONE


async def test_what_failed_at_the_start_stays_in_sight_though_it_gets_better() -> None:
    house, cluster = house_with(
        kustomization("shop/a", ready=False), kustomization("shop/b", ready=False), kustomization("shop/c")
    )
    await house.say("watch --failing")
    cluster.put(kustomization("shop/a"))
    await house.clock.advance(3)
    shown = roots(house)[-1]
    assert isinstance(shown, Beheld)
    assert in_all(shown.counts) == (1, 0, 0, 1)
    await house.afterlives.drain(0)


async def test_what_may_not_be_seen_is_not_watched() -> None:
    house, _ = house_with(kustomization("shop/a", ready=False), kustomization("vault/keys", ready=False))
    await house.say("watch", DEV, SHOP)
    assert "vault" not in repr(roots(house))
    await house.afterlives.drain(0)


async def test_who_may_nothing_here_is_refused() -> None:
    house, cluster = house_with(kustomization())
    await house.say("watch", DEV, PLATFORM)
    assert len(house.refusals()) == 1
    assert (roots(house), cluster.calls) == ([], {})


async def test_nothing_to_watch_is_whispered() -> None:
    house, _ = house_with(kustomization())
    await house.say("watch hr")
    await house.say("watch --failing")
    first, second = house.whispers()
    assert isinstance(first, Surveyed)
    assert isinstance(second, Surveyed)
    assert (first.failing_only, second.failing_only) == (False, True)
    assert house.chat.shown == []


async def test_several_clusters_give_a_question() -> None:
    clock = FakeClock()
    names = ("east", "west")
    house = House(clock=clock, clusters=tuple(FakeCluster(clock, name=name) for name in names))
    await house.say("watch ks")
    assert isinstance(house.whispers()[-1], ClusterAsked)


async def test_the_same_again_points_to_the_one_that_runs() -> None:
    house, _ = house_with(kustomization("shop/a", ready=False))
    await house.say("watch ks")
    await house.say("watch ks --for 30m")
    (already,) = house.whispers()
    assert isinstance(already, WatchedAlready)
    assert (already.name, already.link) == ("sre", "https://acme.slack.test/archives/C0/p1")
    assert len(roots(house)) == 1
    await house.afterlives.drain(0)


async def test_a_watch_that_is_over_may_be_begun_again() -> None:
    house, _ = house_with(kustomization("shop/a", ready=False))
    await house.say("watch ks --for 1m")
    await house.clock.advance(61)
    await house.say("watch ks --for 1m")
    assert house.whispers() == []
    await house.clock.advance(61)
    assert [type(each) for each in roots(house)] == [Beheld, Unwatched] * 2


async def test_one_person_has_three_and_a_channel_five() -> None:
    house, _ = house_with(*(kustomization(f"shop/w{number}", ready=False) for number in range(9)))
    for number in range(MINE + 1):
        await house.say(f"watch ks shop/w{number}", SRE, PLATFORM)
    assert house.whispers() == [WatchesFull(MINE, mine=True)]
    assert len(house.afterlives) == MINE
    await house.afterlives.drain(0)
    assert HERE > MINE


async def test_a_stop_of_the_bot_ends_it_with_a_word() -> None:
    house, _ = house_with(kustomization("shop/a", ready=False))
    await house.say("watch ks")
    await house.afterlives.drain(0)
    assert last(house).over is Over.STOPPED
    assert last(house).last.rows[0].stands is Stands.FAILING


async def test_its_asker_cancels_it_by_the_button_or_in_words() -> None:
    for pressed in (True, False):
        house, _ = house_with(kustomization("shop/a", ready=False))
        await house.say("watch ks")
        if pressed:
            await house.press(house.button(Press.CANCEL))
        else:
            await house.say("cancel")
        await house.clock.settle()
        assert (last(house).over, last(house).by) == (Over.CANCELLED, "sre")
        assert len(house.afterlives) == 0


async def test_while_nothing_is_seen_the_message_says_so() -> None:
    house, cluster = house_with(kustomization("shop/a", ready=False))
    await house.say("watch ks")
    cluster.blind()
    await house.clock.advance(5)
    assert [each.blind for each in roots(house) if isinstance(each, Beheld)] == [False, True]
    cluster.put(kustomization("shop/a"))
    await house.clock.advance(5)
    assert (last(house).over, last(house).last.blind) == (Over.READY, False)


async def test_a_watch_is_not_begun_while_nothing_is_seen() -> None:
    house, cluster = house_with(kustomization("shop/a", ready=False))
    cluster.blind()
    await house.say("watch ks")
    (told,) = house.whispers()
    assert isinstance(told, ClusterUnknown)
    assert told.error
    assert house.chat.shown == []


async def test_a_channel_that_cannot_be_posted_to_is_told_and_nobody_watches() -> None:
    house, _ = house_with(kustomization("shop/a", ready=False))
    house.chat.answers[PLATFORM] = Unpostable("is_archived")
    await house.say("watch ks")
    assert [each.refusal for each in house.refusals()] == [Refusal.UNPOSTABLE]
    assert len(house.afterlives) == 0
    del house.chat.answers[PLATFORM]
    await house.say("watch ks")
    assert len(house.afterlives) == 1
    await house.afterlives.drain(0)


async def test_many_failures_are_counted_and_only_some_explained() -> None:
    objects = [waiting(f"shop/w{number}", "shop/z") for number in range(30)]
    house, _ = house_with(*objects, kustomization("shop/z", ready=False), helm_release(), git_repository("shop/z"))
    await house.say("watch")
    (shown,) = roots(house)
    assert isinstance(shown, Beheld)
    assert len(shown.rows) == 31
    assert sum(row.cause is not None for row in shown.rows) == 7
    await house.afterlives.drain(0)
