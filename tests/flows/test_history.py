"""`history`: who asked for what and how it ended, as far as this person may see it in this channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Entry, Result, Sought
from bot.core.kinds import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION, Kind
from bot.core.notices import ClusterUnknown, Part, Refusal
from bot.core.offers import Press
from bot.core.requests import Caller, Options, Place, Verb
from bot.core.resources import Ref
from bot.core.standing import Recalled, Shared
from bot.core.veil import HIDDEN
from bot.flows.history import MOST, READS
from bot.store.memory import MemoryTrail
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.directory import HOME
from tests.fakes.objects import kustomization
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, PLATFORM, SHOP, SHOP_TEAM, SRE, House, house_with

LINK = "https://acme.slack.test/archives/C0/p1"


def ref(path: str, kind: Kind = KUSTOMIZATION, cluster: str = "prod") -> Ref:
    namespace, name = path.split("/")
    return Ref(cluster, kind, namespace, name)


def entry(about: Ref, request: str = "req1", by: str = SRE, **changes: object) -> Entry:
    """A request that changed something just now."""
    plain = Entry(
        at=FakeClock().now(),
        request=request,
        caller=Caller(by, by.removeprefix("U0").lower(), HOME),
        place=Place(PLATFORM, "platform", HOME),
        verb=Verb.RECONCILE,
        object=str(about),
        options=Options(),
        rule="platform",
        outcome=Result.CHANGED,
        before="main@sha1:3f2a1bc",
        after="main@sha1:9d8e7f6",
        seconds=12,
        link=LINK,
        ref=about,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


async def house_that_remembers(*entries: Entry) -> House:
    """Oldest first."""
    house, _ = house_with(kustomization("shop/web"))
    await house.trail.append(entries)
    return house


async def recalled(house: House, text: str, user: str = SRE, channel: str = PLATFORM) -> Recalled:
    await house.say(text, user, channel)
    found = house.whispers()[-1]
    assert isinstance(found, Recalled), found
    return found


async def objects(house: House, text: str, user: str = SRE, channel: str = PLATFORM) -> list[list[str]]:
    """The objects of each request."""
    return [[each.object for each in entries] for entries in (await recalled(house, text, user, channel)).requests]


async def test_what_was_asked_is_told_newest_first_to_the_asker_alone() -> None:
    house, cluster = house_with(kustomization("shop/web", suspended=True), kustomization("shop/api", suspended=True))
    await house.say("ks shop/web")
    await house.clock.advance(60)
    await house.say("ks shop/api", DEV, SHOP)
    shown, calls = len(house.chat.shown), dict(cluster.calls)
    found = await recalled(house, "history")
    assert [(each.caller.name, each.object, each.outcome) for (each,) in found.requests] == [
        ("dev", "prod ks/shop/api", Result.SUSPENDED),
        ("sre", "prod ks/shop/web", Result.SUSPENDED),
    ]
    assert all(each.link for (each,) in found.requests)
    assert (found.typed, found.beyond, found.unread, found.since) == ("history", 0, False, timedelta(days=7))
    assert (len(house.chat.shown), cluster.calls, len(house.trail.newest())) == (shown, calls, 2)


async def test_what_this_person_may_not_see_here_is_neither_shown_nor_counted() -> None:
    house = await house_that_remembers(
        entry(ref("vault/keys"), "req1"),
        entry(ref("shop/web"), "req2"),
        entry(ref("shop/web", GIT_REPOSITORY), "req3"),
        entry(ref("shop/api"), "req4", reason="waits for HelmChart 'vault/keys'", outcome=Result.FAILED),
    )
    found = await recalled(house, "history", DEV, SHOP)
    assert [each.object for (each,) in found.requests] == ["prod ks/shop/api", "prod ks/shop/web"]
    assert (found.beyond, found.unread) == (0, False)
    assert found.requests[0][0].reason == f"waits for {HIDDEN}"
    assert "vault" not in repr(found)
    assert len((await recalled(house, "history")).requests) == 4


async def test_objects_that_cannot_be_seen_do_not_hide_those_of_their_request_that_can() -> None:
    house = await house_that_remembers(entry(ref("shop/web")), entry(ref("vault/keys")), entry(ref("shop/api")))
    assert await objects(house, "history", DEV, SHOP) == [["prod ks/shop/api", "prod ks/shop/web"]]


async def test_a_cluster_that_the_channel_may_not_use_has_no_history_there() -> None:
    shop = replace(ALLOWLIST.channels[1], clusters=("prod",))
    allowlist = replace(ALLOWLIST, channels=(ALLOWLIST.channels[0], shop))
    house, _ = house_with(kustomization("shop/web"), allowlist=allowlist)
    await house.trail.append((entry(ref("shop/web", cluster="secret")), entry(ref("shop/web"), "req2")))
    assert await objects(house, "history", DEV, SHOP) == [["prod ks/shop/web"]]


async def test_a_refusal_of_what_became_no_object_is_told_in_its_own_channel_only() -> None:
    house, _ = house_with(kustomization("shop/web"))
    await house.say("ks vault/keys", DEV, SHOP)
    await house.say("ks vault/keys", DEV, SHOP)
    await house.say("ks shop/web", DEV, PLATFORM)
    house.directory.person("U0NEW", "new", groups=(SHOP_TEAM,))
    ((first, second),) = (await recalled(house, "history", "U0NEW", SHOP)).requests
    assert (first.outcome, first.caller.name, first.object) == (Result.REFUSED, "dev", "reconcile prod ks/vault/keys")
    assert second.number == first.number - 1
    assert await objects(house, "history") == [["ks shop/web"]]


async def test_a_refusal_is_no_answer_to_a_question_about_an_object() -> None:
    house, _ = house_with(kustomization("shop/web"))
    await house.say("ks vault/keys", DEV, SHOP)
    for text in ("history ks", "history on prod", "history k*", "history ks keys, hr web"):
        assert await objects(house, text, DEV, SHOP) == []
    assert await objects(house, "history --by me", DEV, SHOP) == [["reconcile prod ks/vault/keys"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("history ks", ["web", "apps", "web-2"]),
        ("history hr", ["web"]),
        ("history ks web", ["web"]),
        ("history web", ["web", "web"]),
        ("history web.shop", ["web", "web"]),
        ("history apps.shop", []),
        ("history shop/web", ["web", "web"]),
        ("history ks web-?", ["web-2"]),
        ("history ks we*", ["web", "web-2"]),
        ("history -n infra", ["apps"]),
        ("history ks web, apps", ["web", "apps"]),
        ("history ks apps, hr web", ["web", "apps"]),
        ("history on edge", ["web-2"]),
        ("history EDGE ks/shop/web-2", ["web-2"]),
        ("history prod ks", ["web", "apps"]),
        ("history --cluster prod", ["web", "web", "apps"]),
        ("history ks shop/web on prod, hr shop/web on edge", ["web"]),
    ],
)
async def test_kind_name_namespace_and_cluster_narrow_it(text: str, found: list[str]) -> None:
    clock = FakeClock()
    house = House(clock=clock, clusters=(FakeCluster(clock, name="prod"), FakeCluster(clock, name="edge")))
    await house.trail.append(
        (
            entry(ref("shop/web-2", cluster="edge"), "req1"),
            entry(ref("infra/apps"), "req2"),
            entry(ref("shop/web"), "req3"),
            entry(ref("shop/web", HELM_RELEASE), "req4"),
        )
    )
    names = [each.ref.name for (each,) in (await recalled(house, text)).requests if each.ref]
    assert sorted(names) == sorted(found)


async def test_what_is_gone_from_the_cluster_has_a_history_still() -> None:
    house = await house_that_remembers(entry(ref("shop/gone")))
    assert await objects(house, "history ks shop/gone") == [["prod ks/shop/gone"]]


async def test_one_person_is_found_by_id_and_named_as_slack_names_them_now() -> None:
    house = await house_that_remembers(entry(ref("shop/web"), "req1"), entry(ref("shop/api"), "req2", DEV))
    found = await recalled(house, f"history --by @{DEV}")
    assert [each.object for (each,) in found.requests] == ["prod ks/shop/api"]
    assert (found.user, found.name) == (DEV, "dev")
    assert await objects(house, "history --by me") == [["prod ks/shop/web"]]
    nobody = await recalled(house, "history --by U0NOBODY")
    assert (nobody.requests, nobody.name, nobody.buttons) == ((), "U0NOBODY", ())


async def test_seven_days_are_looked_back_where_nothing_else_is_said() -> None:
    house = await house_that_remembers(entry(ref("shop/web")))
    await house.clock.advance(timedelta(days=7).total_seconds())
    assert len(await objects(house, "history")) == 1
    await house.clock.advance(1)
    assert await objects(house, "history") == []
    assert len(await objects(house, "history --since 8d")) == 1


async def test_twenty_requests_are_told_and_the_rest_is_counted() -> None:
    house = await house_that_remembers(*(entry(ref("shop/web"), f"req{number}") for number in range(MOST + 17)))
    found = await recalled(house, "history")
    assert [entries[0].request for entries in found.requests] == [f"req{n}" for n in range(36, 16, -1)]
    assert (found.beyond, found.unread) == (17, False)


async def test_a_few_among_many_that_may_not_be_seen_are_found() -> None:
    hidden = (entry(ref("vault/keys"), f"req{number}") for number in range(READS[0]))
    house = await house_that_remembers(entry(ref("shop/web"), "old"), *hidden)
    found = await recalled(house, "history", DEV, SHOP)
    assert [entries[0].request for entries in found.requests] == ["old"]
    assert (found.beyond, found.unread) == (0, False)


async def test_the_search_ends_and_says_so() -> None:
    hidden = (entry(ref("vault/keys"), f"req{number}") for number in range(READS[-1]))
    house = await house_that_remembers(entry(ref("shop/web"), "old"), *hidden)
    found = await recalled(house, "history", DEV, SHOP)
    assert (found.requests, found.beyond, found.unread) == ((), 0, True)
    assert await objects(house, "history ks web", DEV, SHOP) == [["prod ks/shop/web"]]


async def test_no_more_is_read_than_the_answer_needs() -> None:
    asked: list[tuple[Sought, int]] = []

    class Watched(MemoryTrail):
        async def found(self, sought: Sought, most: int) -> tuple[Entry, ...]:
            asked.append((sought, most))
            return await super().found(sought, most)

    clock = FakeClock()
    house = House(clock=clock, clusters=(FakeCluster(clock, name="prod"),), trail=Watched())
    await house.trail.append(tuple(entry(ref("shop/web"), f"req{number}") for number in range(300)))
    assert (await recalled(house, "history ks shop/web --by me --since 1d")).unread
    since = clock.now() - timedelta(days=1)
    narrow = Sought(kind=KUSTOMIZATION, namespace="shop", name="web", user=SRE, since=since)
    assert asked == [(narrow, READS[0])]


async def test_a_name_that_is_a_cluster_here_is_taken_for_one_by_the_hint_only() -> None:
    house = await house_that_remembers(entry(ref("shop/web")))
    found = await recalled(house, "history Prod")
    assert (found.requests, found.cluster) == ((), "prod")
    assert (await recalled(house, "history nothing")).cluster == ""


async def test_an_unknown_cluster_is_answered_with_the_known_ones() -> None:
    house = await house_that_remembers(entry(ref("shop/web")))
    await house.say("history on nowhere")
    assert house.whispers() == [ClusterUnknown("nowhere", ("prod",))]


async def test_who_may_nothing_here_is_refused_and_that_is_recorded() -> None:
    house = await house_that_remembers(entry(ref("shop/web")))
    await house.say("history", DEV, PLATFORM)
    assert [each.refusal for each in house.refusals()] == [Refusal.RULES]
    last = house.trail.newest()[-1]
    assert (last.verb, last.outcome, last.object) == (Verb.HISTORY, Result.REFUSED, "history")


@pytest.mark.parametrize(("verbs", "allowed"), [(["history"], True), (["reconcile"], True), (["status"], False)])
async def test_a_rule_gives_it_by_its_own_verb_or_with_reconcile(verbs: list[str], allowed: bool) -> None:
    shop = replace(ALLOWLIST.channels[1], rules=(replace(DEPLOYERS, verbs=frozenset(verbs)),))
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(shop,)))
    await house.trail.append((entry(ref("shop/web")),))
    await house.say("history", DEV, SHOP)
    assert isinstance(house.whispers()[-1], Recalled) is allowed


async def test_a_redelivered_question_is_answered_once() -> None:
    house = await house_that_remembers(entry(ref("shop/web")))
    await house.say("history", delivery="twice")
    await house.say("history", delivery="twice")
    assert len(house.whispers()) == 1


async def test_it_is_shared_as_it_was_given() -> None:
    house = await house_that_remembers(entry(ref("shop/web")))
    told = await recalled(house, "history")
    await house.press(house.button(Press.SHARE))
    (shown,) = house.chat.shown
    assert (shown.slot.part, shown.place.channel) == (Part.ROOT, PLATFORM)
    assert shown.notice == replace(told, buttons=(), shared=Shared(SRE, "sre"))


async def test_nobody_shares_what_they_may_not_see_themselves() -> None:
    wide = replace(DEPLOYERS, name="wide", namespaces=("*",))
    narrow = replace(DEPLOYERS, name="narrow", who=replace(DEPLOYERS.who, users=frozenset({SRE}), groups=frozenset()))
    shop = replace(ALLOWLIST.channels[1], rules=(wide, narrow))
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(ALLOWLIST.channels[0], shop)))
    await house.trail.append((entry(ref("infra/web")),))
    await recalled(house, "history", DEV, SHOP)
    await house.press(house.button(Press.SHARE), SRE, SHOP)
    assert getattr(house.whispers()[-1], "refusal", None) is Refusal.RULES
    assert house.chat.notices() == []
    assert house.trail.newest()[-1].verb is Verb.HISTORY
