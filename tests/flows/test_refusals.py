"""A no: whispered to the asker, one entry in the trail, folded in the audit channels."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.audit import Entry, Result
from bot.core.channels import Rule, Sources, Who
from bot.core.kinds import GIT_REPOSITORY
from bot.core.notices import (
    Ambiguous,
    Audited,
    ClusterUnknown,
    Helped,
    Notice,
    Part,
    Refusal,
    Refused,
    Whisper,
)
from bot.core.offers import Press
from bot.core.policy import Denied, Misfit
from bot.core.proof import GENESIS, sealed
from bot.core.requests import Caller, Options, Place, Verb
from bot.core.resources import Snapshot
from bot.wording.sentences import document
from tests.fakes.chat import FakeChat
from tests.fakes.directory import HOME, FakeDirectory
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.fakes.status import ref
from tests.flows.house import (
    ALLOWLIST,
    AUDIT,
    DEPLOYERS,
    DEV,
    ELSEWHERE,
    PLATFORM,
    SHOP,
    SHOP_TEAM,
    SRE,
    House,
    house_with,
)

SECOND_AUDIT = "C0SECOND"


async def test_a_refusal_is_whispered_and_recorded_and_nothing_else() -> None:
    house, _ = house_with()
    await house.say("ks apps", channel=ELSEWHERE)
    entry = Entry(
        at=house.clock.now(),
        request="",
        caller=Caller(SRE, "sre", HOME),
        place=Place(ELSEWHERE, "", HOME),
        verb=Verb.RECONCILE,
        object="ks apps",
        options=Options(),
        rule="this channel is not on the allowlist",
        outcome=Result.REFUSED,
    )
    assert house.whispers() == [Refused(Refusal.CHANNEL_UNLISTED, "ks apps")]
    entry = sealed(entry, 1, GENESIS)
    assert house.trail.newest() == (entry,)
    shown = [(each.slot.part, each.slot.place, each.place, each.notice) for each in house.chat.shown]
    assert shown == [(Part.AUDIT, AUDIT, Place(AUDIT), Audited((entry,)))]
    assert house.telemetry.of("refused") == [{"reason": "CHANNEL_UNLISTED", "user": SRE, "channel": ELSEWHERE}]


async def test_a_refusal_names_the_nearest_rule_what_did_not_fit_and_who_may() -> None:
    house, _ = house_with()
    await house.say("ks shop/web", SRE, SHOP)
    await house.say("ks infra/web", DEV, SHOP)
    first, second = house.refusals()
    assert first.denied == Denied(DEPLOYERS, (Misfit.WHO,), (DEPLOYERS,))
    assert first.who_may == ("@shop-team",)
    assert second.denied == Denied(DEPLOYERS, (Misfit.NAMESPACE,), ())
    assert second.who_may == ()
    assert [entry.rule for entry in house.trail.newest()] == [
        "nearest shop-deployers: you are not named in it",
        "nearest shop-deployers: the namespace",
    ]


async def test_who_may_are_people_and_groups_of_this_channel_by_name_and_by_id_where_slack_has_none() -> None:
    rule = replace(DEPLOYERS, who=Who(frozenset({SRE, "U0GONE"}), frozenset({SHOP_TEAM})))
    nobody = replace(DEPLOYERS, name="nobody", who=Who())
    shop = replace(ALLOWLIST.channels[1], rules=(rule, nobody))
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(ALLOWLIST.channels[0], shop)))
    house.directory.person("U0NEW", "newcomer")
    await house.say("ks web", "U0NEW", SHOP)
    assert [each.who_may for each in house.refusals()] == [("@U0GONE", "@shop-team", "@sre")]


async def test_of_many_people_who_may_only_those_that_are_shown_are_looked_up_and_the_rest_are_counted() -> None:
    people = [f"U0{number:02}" for number in range(40)]
    rule = replace(DEPLOYERS, who=Who(frozenset(people), frozenset({SHOP_TEAM})))
    shop = replace(ALLOWLIST.channels[1], rules=(rule,))
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(shop,)))
    for user in people:
        house.directory.person(user, f"zoe-{user[2:]}")
    await house.say("ks web", SRE, SHOP)
    assert house.directory.asked_names == [frozenset({SHOP_TEAM, *people[:6]})]
    (refused,) = house.refusals()
    shown = repr(document(refused))
    assert "@shop-team, @zoe-00, @zoe-01, @zoe-02, @zoe-03, @zoe-04 … and 35 more" in shown


async def test_a_channel_without_rules_has_no_nearest_one() -> None:
    shop = replace(ALLOWLIST.channels[1], rules=())
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(shop,)))
    await house.say("ks web", DEV, SHOP)
    assert [(each.denied, each.who_may) for each in house.refusals()] == [(Denied(), ())]
    assert [entry.rule for entry in house.trail.newest()] == ["no rule here names you"]


async def test_a_refusal_by_the_rules_offers_what_they_may_do_here() -> None:
    house, _ = house_with(kustomization("shop/web"), git_repository("shop/web"))
    await house.say("ks infra/web", DEV, SHOP)
    await house.press(house.button(Press.WHAT_MAY_I), DEV, SHOP)
    (helped,) = [each for each in house.whispers() if isinstance(each, Helped)]
    assert helped.examples[0] == "/flux-reconcile ks web --with-source"


async def test_a_redelivered_refusal_is_told_and_recorded_once() -> None:
    house, _ = house_with()
    for channel, user in ((ELSEWHERE, SRE), (PLATFORM, DEV)):
        for _ in range(2):
            await house.say("ks shop/web", user, channel, delivery=f"one {channel}")
    for _ in range(2):
        await house.say("ks infra/web", DEV, SHOP, delivery="by the name")
        await house.press("no-such-button", delivery="a press")
        await house.press("no-such-button", channel=ELSEWHERE, delivery="a press elsewhere")
    assert [each.refusal for each in house.refusals()] == [
        Refusal.CHANNEL_UNLISTED,
        Refusal.RULES,
        Refusal.RULES,
        Refusal.OFFER_GONE,
        Refusal.CHANNEL_UNLISTED,
    ]
    assert len(house.trail.newest()) == 5


# --- What is kept -------------------------------------------------------------------------------------------------


async def test_a_long_text_is_kept_masked_and_cut() -> None:
    house, _ = house_with()
    token = "xoxb-" + "1a" * 30
    await house.say("a" * 970 + " " + token + " " + "b" * 5_000, channel=ELSEWHERE)
    (entry,) = house.trail.newest()
    assert entry.object == "a" * 970 + " *** " + "b" * 24 + "…"
    assert [each.entries[0].object for each in house.audit_lines()] == [entry.object]


async def test_of_a_text_without_end_only_the_beginning_is_read() -> None:
    house, _ = house_with()
    # A key without its end: whatever is read of it becomes one mask, and what is not read is not kept.
    await house.say(
        "-----BEGIN PRIVATE KEY-----" + "a" * 100_000 + "-----END PRIVATE KEY----- ks apps", channel=ELSEWHERE
    )
    assert [entry.object for entry in house.trail.newest()] == ["*** (PRIVATE KEY)"]


# --- Recorded first -----------------------------------------------------------------------------------------------


class SilentChat(FakeChat):
    """Slack never takes a whisper."""

    async def whisper(self, to: Whisper, notice: Notice) -> bool:
        await asyncio.Event().wait()
        return await super().whisper(to, notice)


class SilentDirectory(FakeDirectory):
    """Slack never tells a name."""

    async def names(self, ids: frozenset[str]) -> dict[str, str]:
        await asyncio.Event().wait()
        return await super().names(ids)


async def recorded_before_it_is_given_up(house: House, chat: FakeChat, text: str, channel: str) -> None:
    refusing = replace(house.dispatch.refusing, chat=chat)
    answering = replace(house.dispatch.answering, chat=chat, refusing=refusing)
    dispatch = replace(house.dispatch, refusing=refusing, answering=answering)
    flow = asyncio.ensure_future(dispatch.said(house.heard(SRE, channel), text))
    await house.clock.settle()
    assert not flow.done()
    flow.cancel()
    await asyncio.gather(flow, return_exceptions=True)
    entries = house.trail.newest()
    assert [entry.outcome for entry in entries] == [Result.REFUSED]
    assert [(each.slot.part, each.notice) for each in chat.shown] == [(Part.AUDIT, Audited(entries))]
    assert chat.whispers == []


@pytest.mark.parametrize(
    ("text", "channel"),
    [("ks apps", ELSEWHERE), ("ks shop/web", SHOP), ("ks apps --cluster moon", PLATFORM), ("web", PLATFORM)],
)
async def test_a_refusal_is_recorded_before_its_whisper_and_kept_if_that_is_given_up(text: str, channel: str) -> None:
    house, _ = house_with()
    await recorded_before_it_is_given_up(house, SilentChat(house.clock), text, channel)


async def test_a_refusal_is_recorded_before_slack_is_asked_who_may() -> None:
    house = House(directory=SilentDirectory())
    await recorded_before_it_is_given_up(house, house.chat, "ks shop/web", SHOP)


# --- Attempts at what is not theirs -------------------------------------------------------------------------------


async def test_an_attempt_at_a_cluster_that_the_channel_may_not_use_is_recorded_and_folded() -> None:
    house, _ = house_with(kustomization("shop/web"))
    for text in ("ks web --cluster vault", "web on vault"):
        await house.say(text, DEV, SHOP, delivery=text)
        await house.say(text, DEV, SHOP, delivery=text)
    assert house.whispers() == [ClusterUnknown("vault", ("prod",))] * 2
    assert [(entry.caller.user, entry.object, entry.rule, entry.reason) for entry in house.trail.newest()] == [
        (DEV, "ks web --cluster vault", "no rule allows it", "this channel has no such cluster"),
        (DEV, "web on vault", "no rule allows it", "this channel has no such cluster"),
    ]
    assert [line.count for line in house.audit_lines()] == [2]


async def test_a_bare_name_of_what_they_may_not_touch_is_recorded_and_folded() -> None:
    house, _ = house_with(kustomization("infra/apps"))
    for _ in range(2):
        await house.say("apps", DEV, SHOP)
    assert house.whispers() == [Ambiguous("apps", "apps", (), ())] * 2
    assert [(entry.object, entry.outcome, entry.reason) for entry in house.trail.newest()] == [
        ("apps", Result.REFUSED, "nothing of that name that they may touch")
    ] * 2
    assert [line.count for line in house.audit_lines()] == [2]


async def test_a_question_back_is_no_refusal() -> None:
    house, _ = house_with(kustomization("shop/web"), helm_release("shop/web"))
    await house.say("web", DEV, SHOP)
    (asked,) = house.whispers()
    assert isinstance(asked, Ambiguous)
    assert len(asked.refs) == 2
    assert (house.trail.newest(), house.chat.shown) == ((), [])


# --- Folding ------------------------------------------------------------------------------------------------------


async def test_refusals_of_one_person_for_one_reason_share_a_line_for_ten_minutes() -> None:
    house, _ = house_with()
    for at, name in ((0, "one"), (300, "two"), (299, "three"), (1, "four")):
        await house.clock.advance(at)
        await house.say(f"ks {name}", channel=ELSEWHERE)
    first, second = house.audit_lines()
    assert (first.count, [entry.object for entry in first.entries]) == (3, ["ks one", "ks three"])
    assert (second.count, [entry.object for entry in second.entries]) == (1, ["ks four"])
    assert [entry.object for entry in house.trail.newest()] == ["ks one", "ks two", "ks three", "ks four"]


async def test_another_person_another_reason_and_another_channel_have_their_own_lines() -> None:
    house, _ = house_with()
    for _ in range(2):
        await house.say("ks apps", SRE, ELSEWHERE)
        await house.say("ks apps", DEV, ELSEWHERE)
        await house.say("ks apps", SRE, "C0THIRD")
        await house.say("ks infra/web", DEV, SHOP)
        await house.say("gitrepository shop/web", DEV, SHOP)
    lines = [(line.entries[0].caller.user, line.entries[0].place.channel, line.count) for line in house.audit_lines()]
    assert lines == [
        (SRE, ELSEWHERE, 2),
        (DEV, ELSEWHERE, 2),
        (SRE, "C0THIRD", 2),
        (DEV, SHOP, 2),
        (DEV, SHOP, 2),
    ]
    assert len({each.slot.subject for each in house.chat.shown}) == 5


async def test_a_channels_own_audit_channel_gets_the_line_besides_the_one_for_all() -> None:
    shop = replace(ALLOWLIST.channels[1], audit_channel=SECOND_AUDIT)
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(ALLOWLIST.channels[0], shop)))
    await house.say("ks infra/web", DEV, SHOP)
    await house.say("ks infra/web", DEV, SHOP)
    await house.say("ks shop/web", DEV, PLATFORM)
    shown = [(each.slot.place, each.place.channel) for each in house.chat.shown]
    assert shown == [(AUDIT, AUDIT), (SECOND_AUDIT, SECOND_AUDIT)] * 2 + [(AUDIT, AUDIT)]
    assert [line.count for line in house.audit_lines()] == [2, 2, 1]


async def test_an_audit_channel_named_twice_gets_one_line() -> None:
    shop = replace(ALLOWLIST.channels[1], audit_channel=AUDIT)
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(shop,)))
    await house.say("ks infra/web", DEV, SHOP)
    assert [each.place.channel for each in house.chat.shown] == [AUDIT]


async def test_without_an_audit_channel_the_trail_has_it_all_the_same() -> None:
    house, _ = house_with(allowlist=replace(ALLOWLIST, audit_channel=None))
    await house.say("ks apps", channel=ELSEWHERE)
    assert house.chat.shown == []
    assert [entry.object for entry in house.trail.newest()] == ["ks apps"]


async def test_a_crowd_costs_bounded_memory_and_its_first_one_a_second_line() -> None:
    house, _ = house_with()
    for number in range(1_001):
        await house.dispatch.said(house.heard(f"U{number}", ELSEWHERE), "ks apps")
    await house.say("ks apps", "U1000", ELSEWHERE)
    await house.say("ks apps", "U0", ELSEWHERE)
    counts = [line.count for line in house.audit_lines()]
    assert (len(counts), counts[1_000], counts[1_001]) == (1_002, 2, 1)


# --- Hidden and missing read alike --------------------------------------------------------------------------------

HIDDEN = [
    ("ks infra/web", kustomization("infra/web")),
    ("hr infra/web", helm_release("infra/web")),
    ("gitrepository shop/web", git_repository("shop/web")),
    ("ks web.infra", kustomization("infra/web")),
    ("web", kustomization("infra/web")),
    ("infra/web", kustomization("infra/web")),
    ("ks shop/wib", kustomization("infra/wib")),
    ("ks infra/web hr infra/web", kustomization("infra/web", ready=False)),
    ("ks infra/web --with-source", kustomization("infra/web", source=ref(GIT_REPOSITORY, "infra/web"))),
    ("hr shop/podinfo --force", helm_release("shop/podinfo")),
]


@pytest.mark.parametrize(("text", "hidden"), HIDDEN, ids=[text for text, _ in HIDDEN])
async def test_a_hidden_object_and_a_missing_one_are_answered_by_the_same_words(text: str, hidden: Snapshot) -> None:
    with_it, without_it = house_with(hidden), house_with()
    for house, cluster in (with_it, without_it):
        await house.say(text, DEV, SHOP)
        assert cluster.asks == []
    assert with_it[0].whispers() == without_it[0].whispers()
    assert with_it[0].chat.shown == without_it[0].chat.shown
    assert with_it[0].trail.newest() == without_it[0].trail.newest()
    assert with_it[0].clock.now() == without_it[0].clock.now()


@pytest.mark.parametrize("text", ["ks infra/web", "gitrepository shop/web", "hr shop/podinfo --force"])
async def test_what_is_refused_by_its_name_is_not_looked_up(text: str) -> None:
    house, cluster = house_with(*(hidden for _, hidden in HIDDEN))
    await house.say(text, DEV, SHOP)
    assert [each.refusal for each in house.refusals()] == [Refusal.RULES]
    assert cluster.calls == {}


async def test_what_may_be_seen_but_not_reconciled_is_refused_by_its_verb() -> None:
    watcher = Rule("watchers", DEPLOYERS.who, frozenset(), ("*",), frozenset({"*"}), ("infra",), ("*",), Sources.NONE)
    shop = replace(ALLOWLIST.channels[1], rules=(watcher, DEPLOYERS))
    house, cluster = house_with(
        kustomization("infra/web"), allowlist=replace(ALLOWLIST, channels=(ALLOWLIST.channels[0], shop))
    )
    await house.say("ks infra/web", DEV, SHOP)
    assert [each.denied and each.denied.misfits for each in house.refusals()] == [(Misfit.VERB,)]
    assert cluster.asks == []
