"""Who may say anything at all, and where; and what the gate says right before a patch."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.audit import Result
from bot.core.channels import ANY, Channel, Rule, Who
from bot.core.notices import ChannelOff, Part, Refusal, Refused, Slot, Stop, Stopped, Whisper
from bot.core.requests import Options, Role, Step, Verb
from bot.flows.gate import Barred, Entered, Heard
from bot.ports import ChannelFacts, NotYet, Unknown
from tests.fakes.chat import Shown
from tests.fakes.cluster import FakeCluster
from tests.fakes.directory import HOME
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.flows.house import (
    ALLOWLIST,
    AUDIT,
    DEV,
    ELSEWHERE,
    EVERYTHING,
    GUEST,
    PLATFORM,
    SHOP,
    SHOP_TEAM,
    SRE,
    House,
    house_with,
)

DIRECT = "D0SRE"
SECOND_AUDIT = "C0SECOND"

STRANGERS = [
    (Unknown.GUEST, Refusal.GUEST),
    (Unknown.DEACTIVATED, Refusal.DEACTIVATED),
    (Unknown.BOT, Refusal.BOT),
    (Unknown.FOREIGN, Refusal.FOREIGN),
    (Unknown.NOT_FOUND, Refusal.PERSON_UNKNOWN),
    (Unknown.ABSENT_ID, Refusal.PERSON_UNKNOWN),
    (Unknown.UNANSWERED, Refusal.PERSON_UNKNOWN),
]


async def say(house: House, heard: Heard, text: str = "ks apps") -> None:
    await house.clock.through(house.dispatch.said(heard, text))


async def press(house: House, heard: Heard, key: str) -> None:
    await house.clock.through(house.dispatch.pressed(heard, key))


def nothing_happened(house: House, cluster: FakeCluster) -> bool:
    """No look-up, no patch, and nothing said but in the audit channel."""
    return not cluster.calls and not cluster.asks and {each.slot.part for each in house.chat.shown} <= {Part.AUDIT}


# --- People -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "refusal"), STRANGERS, ids=lambda each: each.name)
async def test_whom_slack_does_not_vouch_for_is_refused_before_any_look_up(who: Unknown, refusal: Refusal) -> None:
    house, cluster = house_with(kustomization())
    house.directory.people[GUEST] = who
    await house.say("ks apps", GUEST)
    assert house.whispers() == [Refused(refusal, "ks apps")]
    assert nothing_happened(house, cluster)


@pytest.mark.parametrize(("who", "refusal"), STRANGERS, ids=lambda each: each.name)
async def test_whom_slack_does_not_vouch_for_presses_in_vain(who: Unknown, refusal: Refusal) -> None:
    house, cluster = house_with(kustomization())
    house.directory.people[GUEST] = who
    await house.press("any-key", GUEST)
    assert house.whispers() == [Refused(refusal, "a button")]
    assert nothing_happened(house, cluster)


@pytest.mark.parametrize(
    ("user", "team", "refusal"),
    [("", HOME, Refusal.PERSON_UNKNOWN), (SRE, "", Refusal.PERSON_UNKNOWN), (SRE, "T0OTHER", Refusal.FOREIGN)],
)
async def test_an_absent_or_foreign_id_is_never_the_same_person(user: str, team: str, refusal: Refusal) -> None:
    everybody = replace(EVERYTHING, who=Who(users=frozenset({ANY, ""}), groups=frozenset({""})))
    channel = replace(ALLOWLIST.channels[0], rules=(everybody,))
    house, cluster = house_with(kustomization(), allowlist=replace(ALLOWLIST, channels=(channel,)))
    await say(house, house.heard(user, team=team))
    assert [each.refusal for each in house.refusals()] == [refusal]
    assert nothing_happened(house, cluster)


async def test_somebody_refused_is_named_in_the_trail_as_far_as_slack_names_them() -> None:
    house, _ = house_with()
    house.directory.people[GUEST] = Unknown.GUEST
    house.directory.group_names[GUEST] = "gus"
    await house.say("ks apps", GUEST)
    await house.say("ks apps", "U0NOBODY")
    names = [(entry.caller.user, entry.caller.name, entry.caller.team) for entry in house.trail.newest()]
    assert names == [(GUEST, "gus", HOME), ("U0NOBODY", "U0NOBODY", HOME)]


async def test_when_slack_does_not_answer_nobody_is_let_in() -> None:
    house, cluster = house_with(kustomization())
    house.directory.down = True
    await house.say("ks apps")
    await house.press("any-key")
    assert [each.refusal for each in house.refusals()] == [Refusal.PERSON_UNKNOWN] * 2
    assert nothing_happened(house, cluster)


# --- Channels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "refusal"),
    [(ELSEWHERE, Refusal.CHANNEL_UNLISTED), (DIRECT, Refusal.DIRECT_MESSAGE), ("", Refusal.DIRECT_MESSAGE)],
)
async def test_only_channels_of_the_allowlist_take_commands(channel: str, refusal: Refusal) -> None:
    house, cluster = house_with(kustomization())
    house.directory.place(ELSEWHERE, "random")
    await say(house, house.heard(channel=channel))
    await press(house, house.heard(channel=channel), "any-key")
    assert house.whispers() == [Refused(refusal, "ks apps"), Refused(refusal, "a button")]
    assert nothing_happened(house, cluster)


async def test_an_unlisted_channel_does_not_even_give_help() -> None:
    house, cluster = house_with(kustomization())
    await house.say("help", channel=ELSEWHERE)
    assert house.whispers() == [Refused(Refusal.CHANNEL_UNLISTED, "help")]
    assert nothing_happened(house, cluster)


async def test_a_group_conversation_is_a_direct_message_even_if_it_is_listed() -> None:
    house, cluster = house_with(kustomization())
    house.directory.channels[PLATFORM] = ChannelFacts(
        PLATFORM, "", private=True, shared=False, archived=False, member=True, direct=True
    )
    await house.say("ks apps")
    assert house.whispers() == [Refused(Refusal.DIRECT_MESSAGE, "ks apps")]
    assert nothing_happened(house, cluster)


@pytest.mark.parametrize("why", [Unknown.NOT_FOUND, Unknown.UNANSWERED])
async def test_a_channel_that_slack_does_not_tell_about_is_refused(why: Unknown) -> None:
    house, cluster = house_with(kustomization())
    house.directory.channels[PLATFORM] = why
    await house.say("ks apps")
    assert house.whispers() == [Refused(Refusal.CHANNEL_UNKNOWN, "ks apps")]
    assert nothing_happened(house, cluster)


@pytest.mark.parametrize(
    ("private", "shared", "found"),
    [
        (False, False, "public, not shared"),
        (True, True, "private, shared"),
        (False, True, "public, shared"),
    ],
)
async def test_a_channel_that_differs_from_its_entry_is_off_and_says_so_in_the_audit_channel(
    private: bool, shared: bool, found: str
) -> None:
    house, cluster = house_with(kustomization())
    house.directory.place(PLATFORM, "platform", private=private, shared=shared)
    await house.say("ks apps")
    assert house.whispers() == [Refused(Refusal.CHANNEL_OFF, "ks apps", detail=found)]
    first = house.chat.shown[0]
    assert (first.slot, first.place.channel) == (Slot(f"off-{PLATFORM}", Part.AUDIT, AUDIT), AUDIT)
    assert first.notice == ChannelOff(PLATFORM, "platform", "private, not shared", found)
    assert nothing_happened(house, cluster)


async def test_a_channel_that_is_off_is_told_in_its_own_audit_channel_too() -> None:
    platform = replace(ALLOWLIST.channels[0], audit_channel=SECOND_AUDIT)
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(platform,)))
    house.directory.place(PLATFORM, "platform", shared=True)
    await house.say("ks apps")
    off = [each.place.channel for each in house.chat.shown if isinstance(each.notice, ChannelOff)]
    assert off == [AUDIT, SECOND_AUDIT]


async def test_a_channel_that_is_off_without_an_audit_channel_is_off_all_the_same() -> None:
    house, cluster = house_with(kustomization(), allowlist=replace(ALLOWLIST, audit_channel=None))
    house.directory.place(PLATFORM, "platform", shared=True)
    await house.say("ks apps")
    assert house.whispers() == [Refused(Refusal.CHANNEL_OFF, "ks apps", detail="private, shared")]
    assert house.chat.shown == []
    assert nothing_happened(house, cluster)


async def test_a_channel_without_the_bot_and_an_archived_one_are_refused() -> None:
    house, cluster = house_with(kustomization())
    house.directory.place(PLATFORM, "platform", member=False)
    await house.say("ks apps")
    house.directory.channels[PLATFORM] = ChannelFacts(
        PLATFORM, "platform", private=True, shared=False, archived=True, member=True
    )
    await house.say("ks apps")
    assert house.whispers() == [
        Refused(Refusal.NOT_MEMBER, "ks apps"),
        Refused(Refusal.UNPOSTABLE, "ks apps", detail="is_archived"),
    ]
    assert nothing_happened(house, cluster)


async def test_whom_the_rules_let_in_nowhere_is_refused_by_them_before_any_look_up() -> None:
    house, cluster = house_with(kustomization())
    await house.say("ks apps", DEV, PLATFORM)
    (refused,) = house.refusals()
    assert (refused.refusal, refused.what) == (Refusal.RULES, "ks apps")
    assert nothing_happened(house, cluster)


async def test_an_empty_rule_allows_nobody_anything() -> None:
    empty = Rule("empty", Who(), frozenset(), (), frozenset(), (), ())
    channel = Channel(PLATFORM, "platform", private=True, shared=False, clusters=(), rules=(empty,))
    house, cluster = house_with(kustomization(), allowlist=replace(ALLOWLIST, channels=(channel,)))
    await house.say("ks apps")
    assert [each.refusal for each in house.refusals()] == [Refusal.RULES]
    assert nothing_happened(house, cluster)


async def test_what_is_whispered_goes_to_the_asker_with_the_answer_address_of_this_delivery() -> None:
    house, _ = house_with()
    await house.say("ks apps", channel=ELSEWHERE)
    assert [each.to for each in house.chat.whispers] == [Whisper(SRE, ELSEWHERE, "https://hooks.test/reply")]


def test_what_was_heard_never_prints_its_answer_address() -> None:
    assert repr(Heard(SRE, HOME, PLATFORM, "d1", "https://hooks.test/secret")) == f"Heard({SRE} in {PLATFORM})"


# --- Again, right before the patch --------------------------------------------------------------------------------


async def entered_by(house: House, user: str = SRE, channel: str = PLATFORM) -> Entered:
    entered = await house.dispatch.gate.enter(house.heard(user, channel))
    assert isinstance(entered, Entered)
    return entered


async def test_the_second_look_tells_why_it_no_longer_allows() -> None:
    house, _ = house_with()
    gate, entered = house.dispatch.gate, await entered_by(house, DEV, SHOP)
    web = kustomization("shop/web").ref
    step = Step(web, Role.OBJECT, web)

    async def again() -> object:
        found = await gate.still_allowed(entered, Verb.RECONCILE, step, Options())
        return found if isinstance(found, str) else found.rule.name

    told = [await again()]
    house.directory.person(DEV, "dev", groups=())
    told.append(await again())
    house.directory.people[DEV] = Unknown.DEACTIVATED
    told.append(await again())
    house.directory.person(DEV, "dev", groups=(SHOP_TEAM,))
    house.directory.place(SHOP, "team-shop", private=False, shared=True)
    told.append(await again())
    house.directory.place(SHOP, "team-shop", private=False, member=False)
    told.append(await again())
    house.directory.channels[SHOP] = Unknown.UNANSWERED
    told.append(await again())
    changed = "the channel is no longer what its entry says"
    assert told == [
        "shop-deployers",
        "no rule allows it any more",
        "Slack no longer vouches for the asker (deactivated)",
        changed,
        changed,
        changed,
    ]


@pytest.mark.parametrize(("options", "fresh"), [("", False), (" --force", True), (" --reset", True)])
async def test_force_and_reset_do_not_run_on_a_stale_answer(options: str, fresh: bool) -> None:
    house, cluster = house_with(helm_release())
    text = f"hr shop/podinfo{options} --timeout 10s"
    await (house.force(text) if "force" in options else house.say(text))
    assert house.directory.asked[-2:] == [(SRE, False), (SRE, fresh)]
    assert house.directory.asked_channels[-2:] == [(PLATFORM, False), (PLATFORM, fresh)]
    assert len(cluster.asks) == 1


async def test_a_channel_that_is_shared_while_a_request_waits_stops_it() -> None:
    house, cluster = house_with(kustomization(), git_repository())
    house.chat.answer = NotYet()
    flow = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks apps"))
    await house.clock.advance(1)
    house.directory.place(PLATFORM, "platform", shared=True)
    await house.clock.until(flow.done)
    assert house.ends() == [Stopped(Stop.REVOKED, "the channel is no longer what its entry says")]
    assert cluster.asks == []
    assert [entry.outcome for entry in house.trail.newest()] == [Result.BROKEN]


async def test_a_source_is_authorised_by_itself_at_the_second_look() -> None:
    house, _ = house_with()
    gate, entered = house.dispatch.gate, await entered_by(house, DEV, SHOP)
    web = kustomization("shop/web").ref
    own, foreign = git_repository("shop/web").ref, git_repository("secret/web").ref
    found = [
        await gate.still_allowed(entered, Verb.RECONCILE, Step(source, Role.SOURCE, web), Options())
        for source in (own, foreign)
    ]
    assert [each if isinstance(each, str) else each.rule.name for each in found] == [
        "shop-deployers",
        "no rule allows it any more",
    ]


async def test_a_barred_person_is_answered_by_value() -> None:
    house, _ = house_with()
    barred = await house.dispatch.gate.enter(Heard("U0NOBODY", HOME, PLATFORM, "d1"))
    assert isinstance(barred, Barred)
    assert (barred.refusal, barred.place.name) == (Refusal.PERSON_UNKNOWN, "platform")
    assert house.chat.shown == list[Shown]()
