"""[Share]: what one person was told, before the whole channel; once, and by the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.notices import Part, Refusal
from bot.core.offers import Press
from bot.core.standing import Checked, Portrayed, Shared, Surveyed
from bot.flows.sharing import MOST
from bot.ports import Unpostable
from tests.fakes.objects import kustomization
from tests.flows.house import ALLOWLIST, AUDIT, DEPLOYERS, DEV, PLATFORM, SHOP, SHOP_TEAM, SRE, house_with


@pytest.mark.parametrize(("text", "kind"), [("status", Surveyed), ("status ks apps", Portrayed), ("check", Checked)])
async def test_the_same_is_posted_for_everybody_with_who_did_it(
    text: str, kind: type[Surveyed | Portrayed | Checked]
) -> None:
    house, cluster = house_with(kustomization(ready=False))
    await house.say(text)
    (told,) = house.whispers()
    assert isinstance(told, kind)
    calls = dict(cluster.calls)
    await house.press(house.button(Press.SHARE))
    (shown,) = house.chat.shown
    assert (shown.slot.part, shown.place.channel) == (Part.ROOT, PLATFORM)
    assert shown.notice == replace(told, buttons=(), shared=Shared(SRE, "sre"))
    assert len(house.whispers()) == 1
    assert (cluster.calls, house.trail.newest()) == (calls, ())


async def test_a_second_press_says_that_it_was_shared() -> None:
    house, _ = house_with(kustomization())
    await house.say("status")
    key = house.button(Press.SHARE)
    await house.press(key)
    await house.press(key)
    assert [each.slot.part for each in house.chat.shown] == [Part.ROOT, Part.AUDIT]
    refused = house.whispers()[-1]
    assert getattr(refused, "refusal", None) is Refusal.OFFER_SPENT
    assert getattr(refused, "detail", None) == "sre"


async def test_a_redelivered_press_shares_once_and_says_nothing_more() -> None:
    house, _ = house_with(kustomization())
    await house.say("status")
    key = house.button(Press.SHARE)
    await house.press(key, delivery="twice")
    await house.press(key, delivery="twice")
    assert (len(house.chat.shown), len(house.whispers())) == (1, 1)


async def test_after_a_quarter_of_an_hour_it_is_too_old() -> None:
    house, _ = house_with(kustomization())
    await house.say("status")
    await house.clock.advance(15 * 60)
    await house.press(house.button(Press.SHARE))
    assert getattr(house.whispers()[-1], "refusal", None) is Refusal.OFFER_GONE
    assert house.chat.notices() == []


async def test_it_belongs_to_its_channel() -> None:
    house, _ = house_with(kustomization("shop/api"))
    await house.say("status")
    await house.press(house.button(Press.SHARE), DEV, SHOP)
    assert getattr(house.whispers()[-1], "refusal", None) is Refusal.NOT_ASKER
    assert house.chat.notices() == []


async def test_the_rules_are_asked_anew_when_it_is_pressed() -> None:
    house, _ = house_with(kustomization("shop/api", ready=False))
    await house.say("status ks api", DEV, SHOP)
    key = house.button(Press.SHARE)
    house.directory.person(DEV, "dev")
    await house.press(key, DEV, SHOP)
    assert getattr(house.whispers()[-1], "refusal", None) is Refusal.RULES
    assert house.chat.notices() == []
    house.directory.person(DEV, "dev", groups=(SHOP_TEAM,))
    await house.press(key, DEV, SHOP)
    assert len(house.chat.notices()) == 1


async def test_nobody_shares_what_they_may_not_read_themselves() -> None:
    wide = replace(DEPLOYERS, name="wide", namespaces=("*",))
    narrow = replace(DEPLOYERS, name="narrow", who=replace(DEPLOYERS.who, users=frozenset({SRE}), groups=frozenset()))
    shop = replace(ALLOWLIST.channels[1], rules=(wide, narrow))
    house, _ = house_with(
        kustomization("infra/web", ready=False), allowlist=replace(ALLOWLIST, channels=(ALLOWLIST.channels[0], shop))
    )
    await house.say("status ks", DEV, SHOP)
    await house.press(house.button(Press.SHARE), SRE, SHOP)
    assert getattr(house.whispers()[-1], "refusal", None) is Refusal.RULES
    assert house.chat.notices() == []


async def test_a_channel_that_cannot_be_posted_to_leaves_the_button_usable() -> None:
    house, _ = house_with(kustomization())
    await house.say("status")
    key = house.button(Press.SHARE)
    house.chat.answers[PLATFORM] = Unpostable("is_archived")
    await house.press(key)
    assert getattr(house.whispers()[-1], "refusal", None) is Refusal.UNPOSTABLE
    del house.chat.answers[PLATFORM]
    await house.press(key)
    assert len(house.chat.notices()) == 2


async def test_answers_that_are_kept_for_their_buttons_are_bounded() -> None:
    house, _ = house_with(kustomization())
    await house.say("status")
    first = house.button(Press.SHARE)
    for _ in range(MOST):
        await house.say("status")
    await house.press(first)
    assert getattr(house.whispers()[-1], "refusal", None) is Refusal.OFFER_GONE
    await house.press(house.button(Press.SHARE))
    assert [each.place.channel for each in house.chat.shown if each.place.channel != AUDIT] == [PLATFORM]
