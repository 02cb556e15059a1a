"""Everything said or pressed finds its one answer, and buttons are what they promise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Result
from bot.core.channels import Who
from bot.core.commands import Reconcile, Trouble
from bot.core.errors import Unreachable
from bot.core.notices import (
    Ambiguous,
    ClusterAsked,
    ClusterUnknown,
    Detailed,
    Helped,
    NotUnderstood,
    Part,
    Refusal,
    Refused,
)
from bot.core.offers import Button, Press
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.fakes.runs import done, failed
from tests.fakes.status import B
from tests.flows.house import ALLOWLIST, AUDIT, DEPLOYERS, DEV, EVERYTHING, PLATFORM, SHOP, SRE, House, house_with

PLATFORM_ENTRY, SHOP_ENTRY = ALLOWLIST.channels
BOTH = replace(
    ALLOWLIST,
    channels=(PLATFORM_ENTRY, replace(SHOP_ENTRY, rules=(DEPLOYERS, replace(EVERYTHING, name="sre")))),
)
"""In team-shop the deployers may what they may, and sre may everything."""


def failing_house() -> tuple[House, FakeCluster]:
    """team-shop's Kustomization fails whenever it is asked."""
    web = kustomization("shop/web")
    house, cluster = house_with(web, git_repository("shop/web"), allowlist=BOTH)
    cluster.script(web.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    return house, cluster


def two_clusters(*names: str) -> House:
    clock = FakeClock()
    edges = tuple(
        FakeCluster(
            clock,
            kustomization("shop/web", cluster=name),
            kustomization("flux-system/apps", cluster=name),
            helm_release("shop/podinfo", cluster=name),
            git_repository("shop/web", cluster=name),
            git_repository("flux-system/apps", cluster=name),
            name=name,
        )
        for name in names or ("lab", "prod")
    )
    return House(clock, BOTH, edges)


def patched(house: House) -> list[str]:
    return [str(ask.ref) for cluster in house.clusters for ask in cluster.asks]


# --- What is no command -------------------------------------------------------------------------------------------

TROUBLES = [
    ("pods web", Trouble.UNKNOWN_KIND),
    ("--with-source", Trouble.NO_NAME),
    ("ks web --frobnicate", Trouble.UNKNOWN_OPTION),
    ("ks web --timeout", Trouble.NO_VALUE),
    ("ks web --timeout soon", Trouble.BAD_VALUE),
    ("ks web_1", Trouble.BAD_NAME),
    ("ks " + " ".join(f"n{number}" for number in range(21)), Trouble.TOO_MANY),
    ("ks " + "a" * 20_000, Trouble.TOO_LONG),
    ('ks "web', Trouble.OPEN_QUOTE),
    ("hr web-* --force", Trouble.NOT_FOR_MANY),
    ("status ks web --with-source", Trouble.NOT_THIS_VERB),
    ("suspend ks web", Trouble.UNKNOWN_VERB),
    ("prod ks/shop/a lab ks/shop/b --cluster x", Trouble.CONTRADICTION),
    ("ks web --force", Trouble.NOT_THIS_KIND),
]


@pytest.mark.parametrize(("text", "trouble"), TROUBLES, ids=[trouble.name for _, trouble in TROUBLES])
async def test_what_is_no_command_is_answered_and_reaches_no_cluster(text: str, trouble: Trouble) -> None:
    house, cluster = house_with(kustomization())
    await house.say(text)
    (answer,) = house.whispers()
    assert isinstance(answer, NotUnderstood)
    assert (answer.unparsed.trouble, answer.typed, answer.command) == (trouble, text, "/flux-reconcile")
    assert (cluster.calls, cluster.asks, house.chat.shown, house.trail.newest()) == ({}, [], [], ())


async def test_a_kind_without_a_name_is_answered_with_the_names_that_this_person_may_see() -> None:
    house, cluster = house_with(
        kustomization("shop/web"),
        kustomization("shop/api"),
        kustomization("infra/vault"),
        helm_release("shop/podinfo"),
    )
    await house.say("ks", DEV, SHOP)
    await house.say("hr", SRE, PLATFORM)
    cluster.fail("list", Unreachable("prod", "no route"))
    await house.say("ks", DEV, SHOP)
    answers = [each for each in house.whispers() if isinstance(each, NotUnderstood)]
    assert [each.unparsed.valid for each in answers] == [("api", "web"), ("shop/podinfo",), ()]


async def test_where_it_is_open_which_cluster_was_meant_no_names_are_told() -> None:
    house = two_clusters()
    await house.say("ks")
    (answer,) = house.whispers()
    assert isinstance(answer, NotUnderstood)
    assert answer.unparsed.valid == ()


async def test_an_answer_is_given_once_however_often_the_delivery_comes() -> None:
    house = two_clusters()
    for _ in range(2):
        await house.say("ks", delivery="no name")
        await house.say("help", delivery="help")
        await house.say("ks apps", delivery="which cluster")
        await house.say("nothing on prod", delivery="unclear")
        await house.say("ks apps on moon", delivery="no such cluster")
    kinds = [type(each) for each in house.whispers()]
    assert kinds == [NotUnderstood, Helped, ClusterAsked, Ambiguous, ClusterUnknown]


async def test_a_cluster_that_does_not_answer_is_told_once_per_delivery() -> None:
    house, cluster = house_with()
    cluster.fail("list", Unreachable("prod", "no route"))
    for _ in range(2):
        await house.say("web", delivery="one")
    assert house.whispers() == [ClusterUnknown("prod", ("prod",), "no route")]


# --- Buttons ------------------------------------------------------------------------------------------------------


async def test_a_button_works_once_and_the_second_press_is_told_who_pressed_first() -> None:
    house, cluster = failing_house()
    await house.say("ks web", DEV, SHOP)
    key = house.button(Press.RETRY)
    await house.press(key, SRE, SHOP)
    await house.press(key, DEV, SHOP)
    assert house.whispers() == [Refused(Refusal.OFFER_SPENT, "prod ks/shop/web", detail="sre")]
    assert len(cluster.asks) == 2


async def test_two_presses_at_the_same_moment_are_one_request() -> None:
    house, cluster = failing_house()
    await house.say("ks web", DEV, SHOP)
    key = house.button(Press.RETRY)
    presses = [house.dispatch.pressed(house.heard(user, SHOP), key) for user in (SRE, DEV)]
    await house.clock.through(asyncio.gather(*presses))
    assert [each.refusal for each in house.refusals()] == [Refusal.OFFER_SPENT]
    assert len(cluster.asks) == 2


async def test_a_redelivered_press_is_one_press() -> None:
    house, cluster = failing_house()
    await house.say("ks web", DEV, SHOP)
    key = house.button(Press.RETRY)
    for _ in range(2):
        await house.press(key, DEV, SHOP, delivery="the press")
    assert house.whispers() == []
    assert len(cluster.asks) == 2


async def test_who_presses_becomes_the_asker() -> None:
    house, _ = failing_house()
    await house.say("ks web", DEV, SHOP)
    await house.press(house.button(Press.RETRY), SRE, SHOP)
    asked = [(entry.caller.user, entry.rule, entry.outcome) for entry in house.trail.newest()]
    assert asked == [(DEV, "shop-deployers", Result.FAILED), (SRE, "sre", Result.FAILED)]
    assert (house.finished().asked.user, house.finished().asked.typed) == (SRE, "prod ks/shop/web")


async def test_a_press_without_the_right_is_refused_and_leaves_the_button_to_others() -> None:
    house, cluster = failing_house()
    house.directory.person("U0NEW", "newcomer")
    await house.say("ks web", DEV, SHOP)
    key = house.button(Press.RETRY)
    await house.press(key, "U0NEW", SHOP)
    assert [(each.refusal, each.what) for each in house.refusals()] == [(Refusal.RULES, "prod ks/shop/web")]
    assert len(cluster.asks) == 1
    await house.press(key, SRE, SHOP)
    assert len(cluster.asks) == 2


async def test_a_press_passes_the_gate_for_each_object_anew() -> None:
    infra = kustomization("infra/web")
    house, cluster = house_with(infra, git_repository("infra/web"), allowlist=BOTH)
    cluster.script(infra.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks infra/web", SRE, SHOP)
    await house.press(house.button(Press.RETRY), DEV, SHOP)
    assert [(each.refusal, each.what) for each in house.refusals()] == [
        (Refusal.RULES, "reconcile prod ks/infra/web")
    ]
    assert len(cluster.asks) == 1


async def test_who_lost_the_right_since_then_presses_in_vain() -> None:
    house, cluster = failing_house()
    await house.say("ks web", DEV, SHOP)
    house.directory.person(DEV, "dev", groups=())
    await house.press(house.button(Press.RETRY), DEV, SHOP)
    assert [each.refusal for each in house.refusals()] == [Refusal.RULES]
    assert len(cluster.asks) == 1


async def test_a_button_of_another_channel_does_nothing_here() -> None:
    house, cluster = failing_house()
    await house.say("ks web", DEV, SHOP)
    key = house.button(Press.RETRY)
    for _ in range(2):
        await house.press(key, SRE, PLATFORM, delivery="the press")
    assert house.whispers() == [Refused(Refusal.NOT_ASKER, "a button")]
    assert len(cluster.asks) == 1


@pytest.mark.parametrize(("age", "refusals"), [(timedelta(hours=23, minutes=59), 0), (timedelta(hours=24), 1)])
async def test_a_button_is_over_after_a_day(age: timedelta, refusals: int) -> None:
    house, cluster = failing_house()
    await house.say("ks web", DEV, SHOP)
    key = house.button(Press.RETRY)
    await house.clock.advance(age.total_seconds())
    await house.press(key, DEV, SHOP)
    assert house.whispers() == [Refused(Refusal.OFFER_GONE, "a button")] * refusals
    assert len(cluster.asks) == 2 - refusals


async def test_a_button_that_is_none_of_ours_does_nothing() -> None:
    house, cluster = house_with()
    await house.press("made-up")
    assert house.whispers() == [Refused(Refusal.OFFER_GONE, "a button")]
    assert [(entry.object, entry.outcome) for entry in house.trail.newest()] == [("a button", Result.REFUSED)]
    assert cluster.calls == {}


async def test_details_may_be_pressed_again_and_by_others() -> None:
    house, _ = failing_house()
    await house.say("ks web", DEV, SHOP)
    house.deliver()
    key = house.button(Press.DETAILS)
    await house.press(key, DEV, SHOP, delivery="one")
    await house.press(key, DEV, SHOP, delivery="one")
    await house.press(key, SRE, SHOP)
    (details,) = house.in_part(Part.DETAILS)
    assert isinstance(details, Detailed)
    assert [(each.to.user, each.notice) for each in house.chat.whispers] == [(DEV, details), (SRE, details)]


async def test_details_that_are_no_longer_kept_are_said_to_be_gone() -> None:
    house, _ = failing_house()
    await house.say("ks web", DEV, SHOP)
    await house.press(house.button(Press.DETAILS), DEV, SHOP)
    assert house.whispers() == [Refused(Refusal.OFFER_GONE, "details")]


async def test_help_by_its_button_may_be_pressed_again() -> None:
    house, _ = failing_house()
    await house.say("ks infra/web", DEV, SHOP)
    key = house.button(Press.WHAT_MAY_I)
    for delivery in ("one", "one", "two"):
        await house.press(key, DEV, SHOP, delivery=delivery)
    assert [type(each) for each in house.whispers()] == [Refused, Helped, Helped]


async def test_force_and_reset_are_not_carried_on_by_a_button() -> None:
    podinfo = helm_release("shop/podinfo")
    house, cluster = house_with(podinfo, git_repository())
    cluster.script(podinfo.ref, (1, lambda ask, now: failed(now, ask.token, "UpgradeFailed", "boom", "6.6.0")))
    await house.force("hr shop/podinfo --force --reset --timeout 2m")
    await house.press(house.button(Press.RETRY))
    sent = [(ask.force, ask.reset, ask.deadline - ask.patched_at) for ask in cluster.asks]
    assert sent == [(True, True, timedelta(minutes=2)), (False, False, timedelta(minutes=2))]


# --- Which cluster ------------------------------------------------------------------------------------------------


async def test_a_clusters_button_runs_the_command_there() -> None:
    house = two_clusters()
    await house.say("ks apps shop/web --with-source --timeout 10s")
    await house.press(house.button(Press.CLUSTER, "lab"))
    assert patched(house) == ["lab gitrepository/flux-system/apps", "lab gitrepository/shop/web"]
    assert house.finished().asked.typed == "lab ks/apps, ks/shop/web --with-source --timeout 10s"


async def test_a_clusters_button_answers_a_bare_name_too() -> None:
    house = two_clusters()
    await house.say("podinfo --timeout 10s")
    await house.press(house.button(Press.CLUSTER, "prod"))
    assert patched(house) == ["prod hr/shop/podinfo"]


async def test_whoever_presses_a_clusters_button_must_be_allowed_there() -> None:
    house = two_clusters()
    await house.say("ks flux-system/apps", SRE, SHOP)
    await house.press(house.button(Press.CLUSTER, "prod"), DEV, SHOP)
    assert [each.what for each in house.whispers() if isinstance(each, Refused)] == [
        "reconcile prod ks/flux-system/apps"
    ]
    assert patched(house) == []


async def test_a_question_is_over_after_a_quarter_of_an_hour() -> None:
    house = two_clusters()
    await house.say("ks apps")
    key = house.button(Press.CLUSTER, "prod")
    await house.clock.advance(15 * 60)
    await house.press(key)
    assert house.whispers()[1:] == [Refused(Refusal.OFFER_GONE, "a button")]
    assert patched(house) == []


async def test_with_force_the_cluster_has_to_be_typed() -> None:
    house = two_clusters()
    await house.say("hr shop/podinfo --force")
    assert house.whispers() == [ClusterAsked("hr shop/podinfo --force", ("lab", "prod"))]
    await house.force("hr shop/podinfo --force --cluster lab --timeout 10s")
    assert [(str(ask.ref), ask.force) for each in house.clusters for ask in each.asks] == [
        ("lab hr/shop/podinfo", True)
    ]


async def test_of_many_clusters_twenty_get_a_button() -> None:
    house = two_clusters(*(f"c{number:02}" for number in range(22)))
    await house.say("ks apps")
    (asked,) = house.whispers()
    assert isinstance(asked, ClusterAsked)
    assert [button.label for button in asked.buttons] == [f"c{number:02}" for number in range(20)]


async def test_the_buttons_hold_keys_and_nothing_else() -> None:
    house = two_clusters()
    await house.say("ks apps")
    (asked,) = house.whispers()
    assert asked == ClusterAsked(
        "ks apps", ("lab", "prod"), (Button(Press.CLUSTER, "key-1", "lab"), Button(Press.CLUSTER, "key-2", "prod"))
    )
    offer = await house.requests.offered("key-1")
    assert offer is not None
    assert isinstance(offer.does, Reconcile)
    assert offer.does.typed == "lab ks/apps"


# --- Every end has its entry --------------------------------------------------------------------------------------


async def test_a_spent_button_a_refusal_and_a_request_each_leave_one_entry() -> None:
    house, cluster = failing_house()
    cluster.script(
        kustomization("shop/web").ref,
        (1, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks web", DEV, SHOP)
    await house.say("ks infra/web", DEV, SHOP)
    await house.press("made-up", DEV, SHOP)
    found = [(entry.object, entry.outcome, entry.number) for entry in house.trail.newest()]
    assert found == [
        ("prod ks/shop/web", Result.CHANGED, 1),
        ("reconcile prod ks/infra/web", Result.REFUSED, 2),
        ("a button", Result.REFUSED, 3),
    ]
    assert {each.place.channel for each in house.chat.shown if each.slot.part is Part.AUDIT} == {AUDIT}


async def test_a_rule_for_everybody_lets_every_member_in_by_name() -> None:
    everybody = replace(EVERYTHING, who=Who(frozenset({"*"})))
    platform = replace(PLATFORM_ENTRY, rules=(everybody,))
    house, cluster = house_with(kustomization(), allowlist=replace(ALLOWLIST, channels=(platform,)))
    house.directory.person("U0NEW", "newcomer")
    await house.say("ks apps --timeout 10s", "U0NEW")
    assert len(cluster.asks) == 1
    assert house.trail.newest()[0].caller.name == "newcomer"
