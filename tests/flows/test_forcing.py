"""A force is asked about first, answered by its asker alone, and carried out once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Result
from bot.core.commands import Target
from bot.core.errors import Unreachable
from bot.core.kinds import HELM_RELEASE
from bot.core.notices import (
    ClusterUnknown,
    Finished,
    Forceable,
    ForceAsked,
    Part,
    Refusal,
    Refused,
    Running,
)
from bot.core.offers import Button, Confirmed, Offer, Press
from bot.core.policy import Misfit
from bot.core.printing import reconcile
from bot.core.requests import Options, Place
from bot.core.resources import Dependency, Snapshot, Tokens
from bot.core.verdicts import Failed, Gone, Succeeded, Suspended, Unchanged, Warn
from bot.ports import NotYet
from tests.fakes.clock import MORNING
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import helm_release
from tests.fakes.runs import done, failed, held_up
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, EVERYTHING, PLATFORM, SHOP, SRE, House, house_with

PODINFO, REDIS = helm_release("shop/podinfo"), helm_release("shop/redis")
PLATFORM_ENTRY, SHOP_ENTRY = ALLOWLIST.channels
FORCERS = replace(DEPLOYERS, force=True)
BOTH = replace(
    ALLOWLIST, channels=(PLATFORM_ENTRY, replace(SHOP_ENTRY, rules=(FORCERS, replace(EVERYTHING, name="sre"))))
)
"""In team-shop the deployers may force, and sre may do everything."""
TYPED = "hr shop/podinfo --force"


def forcing_house() -> tuple[House, FakeCluster]:
    house, cluster = house_with(PODINFO, REDIS, allowlist=BOTH)
    for each in (PODINFO, REDIS):
        cluster.script(each.ref, (1, lambda ask, now: done(now, ask.token, "6.6.0")))
    return house, cluster


def question(house: House) -> ForceAsked:
    (asked,) = [each for each in house.whispers() if isinstance(each, ForceAsked)]
    return asked


def sent(cluster: FakeCluster) -> list[tuple[str, bool, bool]]:
    return [(ask.ref.short, ask.force, ask.reset) for ask in cluster.asks]


# --- The question -------------------------------------------------------------------------------------------------


async def test_nothing_is_sent_or_said_aloud_before_the_second_press() -> None:
    house, cluster = forcing_house()
    await house.say(TYPED)
    (asked,) = house.whispers()
    assert asked == ForceAsked(
        TYPED,
        (Forceable(PODINFO.ref, cluster.now(PODINFO.ref).brief()),),
        Options(force=True),
        timedelta(minutes=2),
        (Button(Press.FORCE, "key-1"),),
    )
    assert (cluster.asks, house.chat.shown, house.trail.newest()) == ([], [], ())
    await house.clock.advance(3600)
    assert cluster.asks == []


async def test_the_second_press_sends_the_force_with_the_request_in_one_patch() -> None:
    house, cluster = forcing_house()
    await house.force("hr shop/podinfo --force --reset --timeout 2m")
    assert sent(cluster) == [("hr/shop/podinfo", True, True)]
    assert isinstance(house.ends()[0], Succeeded)
    asked = house.finished().asked
    assert (asked.typed, asked.options) == (
        "hr shop/podinfo --force --reset --timeout 2m",
        Options(force=True, reset=True, timeout=timedelta(minutes=2)),
    )
    assert [(entry.outcome, entry.options.force) for entry in house.trail.newest()] == [(Result.CHANGED, True)]


async def test_a_reset_alone_is_not_asked_about() -> None:
    house, cluster = forcing_house()
    await house.say("hr shop/podinfo --reset")
    assert house.whispers() == []
    assert sent(cluster) == [("hr/shop/podinfo", False, True)]


async def test_several_releases_are_one_question_and_one_request() -> None:
    house, cluster = forcing_house()
    await house.say("hr shop/podinfo, shop/redis --force")
    assert [each.ref for each in question(house).releases] == [PODINFO.ref, REDIS.ref]
    await house.press(house.button(Press.FORCE))
    assert sorted(sent(cluster)) == [("hr/shop/podinfo", True, False), ("hr/shop/redis", True, False)]
    assert len(house.finished().tracks) == 2


async def test_what_was_named_is_what_is_forced_whatever_the_name_means_by_then() -> None:
    house, cluster = forcing_house()
    await house.say("podinfo --force")
    cluster.put(helm_release("infra/podinfo"))
    await house.press(house.button(Press.FORCE))
    assert sent(cluster) == [("hr/shop/podinfo", True, False)]
    assert house.finished().asked.typed == "podinfo --force"


async def test_a_command_that_slack_delivers_twice_is_one_question() -> None:
    house, _ = forcing_house()
    for _ in range(2):
        await house.say(TYPED, delivery="one")
    assert len(house.whispers()) == 1


# --- Nothing to ask about -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "end"), [(replace(PODINFO, suspended=True), Suspended()), (REDIS, Gone(seen_before=False))]
)
async def test_where_nothing_would_be_sent_the_request_says_why_at_once(
    release: Snapshot, end: Suspended | Gone
) -> None:
    house, cluster = house_with(release)
    await house.say(TYPED)
    assert (house.whispers(), cluster.asks, house.ends()) == ([], [], [end])


async def test_should_there_be_something_after_all_nobody_said_yes_to_a_force() -> None:
    house, cluster = house_with()
    house.chat.answer = NotYet()

    def appear() -> None:
        cluster.put(PODINFO)

    house.clock.call_in(1, appear)
    await house.say(f"{TYPED} --timeout 10s")
    assert sent(cluster) == [("hr/shop/podinfo", False, False)]


async def test_of_several_the_ones_that_are_not_there_are_named_as_such() -> None:
    house, _ = forcing_house()
    await house.say("hr shop/podinfo, shop/missing --force")
    told = [(each.ref.name, each.now is None, each.hindered) for each in question(house).releases]
    assert told == [("podinfo", False, False), ("missing", True, True)]


async def test_a_cluster_that_does_not_answer_is_told_instead() -> None:
    house, cluster = forcing_house()
    cluster.fail("get", Unreachable("prod", "no route"))
    await house.say(TYPED)
    assert house.whispers() == [ClusterUnknown("prod", ("prod",), "no route")]
    assert (cluster.asks, house.chat.shown) == ([], [])


# --- Whose press counts -------------------------------------------------------------------------------------------


async def test_who_may_not_force_is_refused_and_never_asked() -> None:
    house, cluster = house_with(PODINFO)
    await house.say(TYPED, DEV, SHOP)
    (refused,) = house.refusals()
    assert refused.denied is not None
    assert refused.denied.misfits == (Misfit.FORCE,)
    assert cluster.calls == {}


async def test_somebody_elses_press_is_refused_and_leaves_the_button_to_its_asker() -> None:
    house, cluster = forcing_house()
    await house.say(TYPED, DEV, SHOP)
    key = house.button(Press.FORCE)
    await house.press(key, SRE, SHOP)
    assert house.whispers()[1:] == [Refused(Refusal.NOT_YOURS, "a button")]
    assert cluster.asks == []
    await house.press(key, DEV, SHOP)
    assert sent(cluster) == [("hr/shop/podinfo", True, False)]


async def test_a_press_in_another_channel_does_nothing() -> None:
    house, cluster = forcing_house()
    await house.say(TYPED, SRE, SHOP)
    await house.press(house.button(Press.FORCE), SRE, PLATFORM)
    assert house.whispers()[1:] == [Refused(Refusal.NOT_ASKER, "a button")]
    assert cluster.asks == []


@pytest.mark.parametrize(("seconds", "patches"), [(119, 1), (120, 0)])
async def test_the_press_has_two_minutes(seconds: int, patches: int) -> None:
    house, cluster = forcing_house()
    await house.say(TYPED)
    key = house.button(Press.FORCE)
    await house.clock.advance(seconds)
    await house.press(key)
    assert len(cluster.asks) == patches
    assert house.whispers()[1:] == [Refused(Refusal.OFFER_GONE, "a button")] * (1 - patches)


async def test_the_press_counts_once() -> None:
    house, cluster = forcing_house()
    await house.say(TYPED)
    key = house.button(Press.FORCE)
    await house.press(key, delivery="one")
    await house.press(key, delivery="one")
    await house.press(key)
    assert house.whispers()[1:] == [Refused(Refusal.OFFER_SPENT, TYPED, detail="sre")]
    assert len(cluster.asks) == 1


async def test_who_lost_the_right_meanwhile_presses_in_vain() -> None:
    house, cluster = forcing_house()
    await house.say(TYPED, DEV, SHOP)
    house.directory.person(DEV, "dev", groups=())
    await house.press(house.button(Press.FORCE), DEV, SHOP)
    assert isinstance(house.whispers()[-1], Refused)
    assert cluster.asks == []


async def test_after_a_failure_no_button_forces_again() -> None:
    house, cluster = forcing_house()
    cluster.script(PODINFO.ref, (1, lambda ask, now: failed(now, ask.token, "UpgradeFailed", "boom", "6.6.0")))
    await house.force(TYPED)
    await house.press(house.button(Press.RETRY))
    assert sent(cluster) == [("hr/shop/podinfo", True, False), ("hr/shop/podinfo", False, False)]


def test_only_the_answer_to_a_question_may_carry_a_force() -> None:
    grave = reconcile((Target("podinfo", HELM_RELEASE, "shop", "prod"),), Options(force=True))
    place, until = Place(PLATFORM), MORNING + timedelta(minutes=2)
    with pytest.raises(ValueError, match="neither force nor reset"):
        Offer("key", Press.RETRY, grave, place, MORNING, until)
    with pytest.raises(ValueError, match="that person only"):
        Offer("key", Press.FORCE, Confirmed(grave), place, MORNING, until)
    assert Offer("key", Press.FORCE, Confirmed(grave), place, MORNING, until, user=SRE).user == SRE


# --- Whether it happened ------------------------------------------------------------------------------------------


async def test_a_force_that_a_run_marked_and_did_not_carry_out_is_told_as_lost() -> None:
    house, cluster = forcing_house()
    cluster.script(PODINFO.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.force(TYPED)
    assert house.ends() == [Unchanged("6.5.0", (Warn.FORCE_LOST,))]


async def test_a_force_that_ended_early_in_a_failure_is_told_as_lost_with_it() -> None:
    database = helm_release("shop/db", suspended=True, ready=False)
    waits = replace(PODINFO, depends_on=(Dependency(database.ref),))
    house, cluster = house_with(waits, database)
    # helm-controller comes to force and reset only after the dependencies.
    cluster.script(
        PODINFO.ref, (1, lambda ask, now: replace(held_up(now, ask.token, "shop/db"), handled=Tokens(ask.token)))
    )
    await house.force(f"{TYPED} --reset --timeout 2m")
    (end,) = house.ends()
    assert isinstance(end, Failed)
    assert (end.reason, end.warnings) == ("DependencyNotReady", (Warn.FORCE_LOST, Warn.RESET_LOST))


async def test_a_force_that_failed_in_helm_was_carried_out() -> None:
    house, cluster = forcing_house()
    cluster.script(PODINFO.ref, (1, lambda ask, now: failed(now, ask.token, "UpgradeFailed", "boom", "6.6.0")))
    await house.force(TYPED)
    (end,) = house.ends()
    assert isinstance(end, Failed)
    assert end.warnings == ()


async def test_the_root_says_with_force_from_its_first_post() -> None:
    house, _ = forcing_house()
    await house.force(TYPED)
    roots = house.in_part(Part.ROOT)
    assert [each.asked.options.force for each in roots if isinstance(each, Running | Finished)] == [True] * len(roots)
