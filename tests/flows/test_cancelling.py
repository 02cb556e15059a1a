"""Cancelling a request: who may, what is still sent, and what is told and recorded of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Result
from bot.core.channels import Allowlist, Ping
from bot.core.errors import Rejected, Unreachable
from bot.core.notices import (
    Audited,
    BatchFinished,
    BatchRunning,
    Blocked,
    Cancelling,
    Going,
    NothingToCancel,
    Notice,
    Part,
    Refusal,
    Refused,
    Running,
    Stop,
    Stopped,
)
from bot.core.offers import Button, Press
from bot.core.requests import Ask, Verb
from bot.core.resources import Snapshot
from bot.core.verdicts import Broken, Cancelled, Failed, Succeeded
from bot.flows.writes import MOST
from bot.ports import NotYet, Unpostable
from bot.wording.plain import plain
from bot.wording.sentences import document
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, kustomization
from tests.fakes.runs import done, failed, running
from tests.fakes.status import B
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, EVERYTHING, PLATFORM, SHOP, SRE, House, house_with

APPS, GIT = kustomization(), git_repository()
WEB, API = kustomization("shop/web"), kustomization("shop/api")
PLATFORM_ENTRY, SHOP_ENTRY = ALLOWLIST.channels
OTHER = "U0OTHER"


def shop(*rules: object) -> Allowlist:
    """team-shop, where the deployers reconcile and these rules hold besides."""
    return replace(
        ALLOWLIST,
        channels=(PLATFORM_ENTRY, replace(SHOP_ENTRY, rules=(DEPLOYERS, *rules))),  # type: ignore[arg-type]
        ping=Ping.ALWAYS,
    )


CANCELLERS = replace(DEPLOYERS, name="cancellers", who=EVERYTHING.who, verbs=frozenset({"cancel"}))


class Slow(FakeCluster):
    """The answer to a patch takes five seconds, and may be that it was refused."""

    refuses = False

    async def request(self, ask: Ask) -> Snapshot:
        answer = await super().request(ask)
        await self._clock.sleep(5)
        if self.refuses:
            raise Rejected(self.name, "the webhook says no")
        return answer


def start(house: House, text: str, user: str = SRE, channel: str = PLATFORM) -> asyncio.Future[None]:
    return asyncio.ensure_future(house.dispatch.said(house.heard(user, channel), text))


async def ends(house: House, *flows: asyncio.Future[None]) -> None:
    """All of it happens without time passing."""
    before = house.clock.now()
    await house.clock.until(lambda: all(flow.done() for flow in flows), within=0)
    assert house.clock.now() == before
    await asyncio.gather(*flows)


def recorded(house: House) -> list[tuple[str, Result, str]]:
    return [(entry.object, entry.outcome, entry.reason) for entry in house.trail.newest()]


def said(notice: Notice) -> list[str]:
    return plain(document(notice)).splitlines()


# --- What was sent already ----------------------------------------------------------------------------------------


async def test_what_was_asked_is_followed_no_more_and_said_to_go_on_by_itself() -> None:
    house, cluster = house_with(APPS, GIT)
    flow = start(house, "ks apps")
    await house.clock.advance(12)
    await house.say("cancel")
    await ends(house, flow)
    assert house.ends() == [Cancelled("sre")]
    assert len(cluster.asks) == 1
    assert said(house.finished()) == [
        "⏹️ cancelled prod ks/flux-system/apps after 12 s",
        "  it had been asked already: Flux goes on by itself",
        "  (asked by @sre · cancelled by @sre · ks apps · req00001)",
        "[Retry] [Details]",
    ]
    assert house.finished().took == timedelta(seconds=12)


async def test_it_is_recorded_with_who_did_it_and_mentions_nobody() -> None:
    house, _ = house_with(WEB, allowlist=shop(CANCELLERS))
    flow = start(house, "ks web", DEV, SHOP)
    await house.clock.advance(60)
    await house.say("cancel req00001", SRE, SHOP)
    await ends(house, flow)
    assert recorded(house) == [("prod ks/shop/web", Result.CANCELLED, "by @sre; already asked")]
    assert [entry.caller.name for entry in house.trail.newest()] == ["dev"]
    assert house.in_part(Part.MENTION) == []
    (line,) = house.audit_lines()
    assert said(line)[0].startswith(
        "⏹️ #1 @dev asked to reconcile prod ks/shop/web in #team-shop · rule shop-deployers · "
        "cancelled: by @sre; already asked · "
    )
    assert [fact["outcome"] for fact in house.telemetry.of("ended")] == ["cancelled"]


async def test_nobody_looks_at_it_any_more() -> None:
    house, cluster = house_with(APPS, GIT)
    flow = start(house, "ks apps")
    await house.clock.advance(5)
    await house.say("cancel")
    await ends(house, flow)
    shown = len(house.chat.shown)
    cluster.put(failed(cluster.now(APPS.ref), cluster.asks[0].token, "BuildFailed", "boom", B))
    await house.clock.advance(60)
    cluster.put(done(cluster.now(APPS.ref), cluster.asks[0].token, B))
    await house.clock.advance(3600)
    assert len(house.chat.shown) == shown


async def test_what_had_ended_before_keeps_its_end() -> None:
    house, cluster = house_with(WEB, API, kustomization("shop/db"), allowlist=shop(EVERYTHING))
    cluster.script(WEB.ref, (1, lambda ask, now: done(now, ask.token, B)))
    cluster.script(API.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    flow = start(house, "ks web, api, db", SRE, SHOP)
    await house.clock.advance(5)
    await house.say("cancel", SRE, SHOP)
    await ends(house, flow)
    found = house.ends()
    assert [type(end) for end in found] == [Succeeded, Failed, Cancelled]
    assert [outcome for _, outcome, _ in recorded(house)] == [Result.CHANGED, Result.FAILED, Result.CANCELLED]
    assert house.in_part(Part.MENTION) == []
    shown = len(house.chat.shown)
    cluster.put(done(cluster.now(API.ref), cluster.asks[1].token, B))
    await house.clock.advance(60)
    assert len(house.chat.shown) == shown, "a failure of a cancelled request is followed no more"


# --- What was not sent --------------------------------------------------------------------------------------------


async def test_before_the_patch_nothing_is_sent() -> None:
    house, cluster = house_with(APPS, GIT)
    house.chat.answer = NotYet()
    flow = start(house, "ks apps")
    await house.clock.advance(1)
    await house.say("cancel")
    await ends(house, flow)
    assert house.ends() == [Stopped(Stop.CANCELLED, "sre")]
    assert (cluster.asks, recorded(house)) == (
        [],
        [("prod ks/flux-system/apps", Result.CANCELLED, "by @sre; not sent")],
    )
    assert said(house.finished())[:2] == ["⏹️ cancelled prod ks/flux-system/apps", "  nothing was sent"]


async def test_while_it_waits_for_its_turn_to_write_nothing_is_sent() -> None:
    house, cluster = house_with(APPS, GIT)
    turn = house.dispatch.reconciling.tracks.writes.turn("prod")
    for _ in range(MOST):
        await turn.acquire()
    flow = start(house, "ks apps")
    await house.clock.advance(5)
    await house.say("cancel")
    await ends(house, flow)
    assert (house.ends(), cluster.asks) == ([Stopped(Stop.CANCELLED, "sre")], [])
    turn.release()
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps --timeout 1m")
    assert isinstance(house.ends()[0], Succeeded), "the turn that it gave up is somebody else's"


async def test_behind_a_source_that_was_asked_the_object_is_not() -> None:
    house, cluster = house_with(APPS, GIT)
    flow = start(house, "ks apps --with-source")
    await house.clock.advance(5)
    await house.say("cancel")
    await ends(house, flow)
    assert house.ends() == [Blocked(GIT.ref, Cancelled("sre"))]
    assert [ask.ref for ask in cluster.asks] == [GIT.ref]
    assert recorded(house) == [
        ("prod gitrepository/flux-system/apps", Result.CANCELLED, "by @sre; already asked"),
        ("prod ks/flux-system/apps", Result.CANCELLED, "by @sre; not sent"),
    ]
    assert said(house.finished())[:3] == [
        "⏹️ cancelled prod ks/flux-system/apps",
        "  the object itself was not asked",
        "  asked already: gitrepository/flux-system/apps; with that Flux goes on by itself",
    ]
    stages = house.finished().tracks[0].stages
    assert [stage.going for stage in stages] == [Going.FAILED, Going.WAITING]


async def test_a_source_that_several_wait_for_ends_for_all_of_them() -> None:
    web, api = (kustomization(f"shop/{name}", source=GIT.ref) for name in ("web", "api"))
    house, cluster = house_with(web, api, GIT)
    flow = start(house, "ks shop/web shop/api --with-source")
    await house.clock.advance(5)
    await house.say("cancel")
    await ends(house, flow)
    assert house.ends() == [Blocked(GIT.ref, Cancelled("sre"))] * 2
    assert len(cluster.asks) == 1


async def test_after_its_source_has_ended_well_the_object_is_not_sent() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(GIT.ref, (3, lambda ask, now: done(now, ask.token, B)))
    flow = start(house, "ks apps --with-source")
    await house.clock.advance(1)
    turn = house.dispatch.reconciling.tracks.writes.turn("prod")
    for _ in range(MOST):
        await turn.acquire()
    await house.clock.advance(4)
    await house.say("cancel")
    await ends(house, flow)
    assert [ask.ref for ask in cluster.asks] == [GIT.ref]
    assert house.ends() == [Stopped(Stop.CANCELLED, "sre")]
    assert [stage.going for stage in house.finished().tracks[0].stages] == [Going.DONE, Going.SKIPPED]
    assert [(outcome, reason) for _, outcome, reason in recorded(house)] == [
        (Result.CHANGED, ""),
        (Result.CANCELLED, "by @sre; not sent"),
    ]


# --- A patch under way --------------------------------------------------------------------------------------------


async def test_the_answer_to_a_patch_under_way_decides_that_it_was_sent() -> None:
    clock = FakeClock()
    cluster = Slow(clock, APPS, GIT)
    house = House(clock=clock, clusters=(cluster,))
    flow = start(house, "ks apps")
    await house.clock.advance(2)
    await house.say("cancel")
    assert not flow.done()
    await house.clock.until(flow.done)
    assert house.finished().took == timedelta(seconds=5)
    assert house.ends() == [Cancelled("sre")]


async def test_the_answer_to_a_patch_under_way_decides_that_it_was_not_sent() -> None:
    clock = FakeClock()
    cluster = Slow(clock, APPS, GIT)
    cluster.refuses = True
    house = House(clock=clock, clusters=(cluster,))
    flow = start(house, "ks apps")
    await house.clock.advance(2)
    await house.say("cancel")
    await house.clock.until(flow.done)
    (end,) = house.ends()
    assert isinstance(end, Broken)
    assert end.why.endswith("the webhook says no")


async def test_a_patch_whose_answer_never_came_is_said_to_be_unknown() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.fail("request", Unreachable("prod", "no route"), arrived=True)
    cluster.fail("read", Unreachable("prod", "no route"))
    flow = start(house, "ks apps")
    await house.clock.advance(30)
    await house.say("cancel")
    await ends(house, flow)
    assert house.ends() == [Broken("it is unknown whether the request reached the cluster: no route")]
    assert [outcome for _, outcome, _ in recorded(house)] == [Result.BROKEN]


async def test_one_that_waits_without_a_watch_can_be_cancelled_too() -> None:
    house, cluster = house_with(APPS, GIT)
    flow = start(house, "ks apps")
    await house.clock.advance(1)
    cluster.blind()
    await house.clock.advance(60)
    await house.say("cancel")
    await ends(house, flow)
    assert house.ends() == [Cancelled("sre")]


# --- The button ---------------------------------------------------------------------------------------------------


async def test_the_button_stands_under_the_root_from_its_first_post_until_the_end() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(APPS.ref, (1, lambda _, now: running(now, B)), (9, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    roots = house.in_part(Part.ROOT)
    assert [each.buttons for each in roots if isinstance(each, Running)] == [(Button(Press.CANCEL, "key-1"),)] * (
        len(roots) - 1
    )
    assert Press.CANCEL not in {button.press for button in house.finished().buttons}
    assert len(roots) > 1


async def test_its_press_is_answered_by_the_root_alone() -> None:
    house, _ = house_with(APPS, GIT)
    flow = start(house, "ks apps")
    await house.clock.advance(5)
    await house.press(house.button(Press.CANCEL))
    await ends(house, flow)
    assert house.ends() == [Cancelled("sre")]
    assert house.whispers() == []


async def test_a_press_after_the_end_is_told_that_there_is_nothing_to_cancel() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    await house.press("key-1")
    assert house.whispers() == [NothingToCancel("req00001")]
    assert isinstance(house.ends()[0], Succeeded)


async def test_a_second_cancel_changes_nothing() -> None:
    clock = FakeClock()
    house = House(clock=clock, clusters=(Slow(clock, APPS, GIT),), allowlist=shop(EVERYTHING))
    flow = start(house, "ks flux-system/apps", SRE, SHOP)
    await house.clock.advance(2)
    key = house.button(Press.CANCEL)
    house.directory.person(OTHER, "other")
    await house.press(key, SRE, SHOP)
    await house.press(key, SRE, SHOP)
    await house.say("cancel req00001", SRE, SHOP)
    await house.clock.until(flow.done)
    assert house.ends() == [Cancelled("sre")]
    assert [type(each) for each in house.whispers()] == [Cancelling]


async def test_one_that_was_cancelled_may_be_asked_for_again_by_its_button() -> None:
    house, cluster = house_with(APPS, GIT)
    flow = start(house, "ks apps")
    await house.clock.advance(5)
    await house.say("cancel")
    await ends(house, flow)
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.press(house.button(Press.RETRY))
    assert isinstance(house.ends()[0], Succeeded)


# --- Who may ------------------------------------------------------------------------------------------------------


async def test_its_asker_may_without_a_rule_for_it() -> None:
    house, _ = house_with(WEB)
    flow = start(house, "ks web", DEV, SHOP)
    await house.clock.advance(5)
    await house.press(house.button(Press.CANCEL), DEV, SHOP)
    await ends(house, flow)
    assert house.ends() == [Cancelled("dev")]


@pytest.mark.parametrize("by_button", [True, False])
async def test_anybody_else_needs_a_rule_that_says_so(by_button: bool) -> None:
    house, cluster = house_with(WEB)
    house.directory.person(OTHER, "other", groups=("S0SHOP",))
    cluster.script(WEB.ref, (30, lambda ask, now: done(now, ask.token, B)))
    flow = start(house, "ks web", DEV, SHOP)
    await house.clock.advance(5)
    if by_button:
        await house.press(house.button(Press.CANCEL), OTHER, SHOP)
    else:
        await house.say("cancel req00001", OTHER, SHOP)
    (refused,) = house.refusals()
    assert (refused.refusal, refused.what) == (Refusal.RULES, "cancel req00001")
    assert [button.press for button in refused.buttons] == [Press.WHAT_MAY_I]
    assert [(entry.verb, entry.outcome) for entry in house.trail.newest()] == [(Verb.CANCEL, Result.REFUSED)]
    await house.clock.until(flow.done)
    assert isinstance(house.ends()[0], Succeeded)


async def test_the_rule_must_cover_every_object_of_the_request() -> None:
    only_web = replace(CANCELLERS, names=("web",))
    house, _ = house_with(WEB, API, allowlist=shop(only_web))
    both = start(house, "ks web, api", DEV, SHOP)
    one = start(house, "ks web", DEV, SHOP)
    await house.clock.advance(5)
    await house.say("cancel req00001", SRE, SHOP)
    assert [type(each) for each in house.whispers()] == [Refused]
    await house.say("cancel req00002", SRE, SHOP)
    await ends(house, one)
    assert house.ends() == [Cancelled("sre")]
    await house.say("cancel req00001", DEV, SHOP)
    await ends(house, both)


async def test_who_may_say_nothing_here_cancels_nothing() -> None:
    house, cluster = house_with(WEB)
    house.directory.person(DEV, "dev", groups=("S0SHOP",))
    cluster.script(WEB.ref, (30, lambda ask, now: done(now, ask.token, B)))
    flow = start(house, "ks web", DEV, SHOP)
    await house.clock.advance(5)
    house.directory.place(SHOP, "team-shop", private=True)
    await house.press(house.button(Press.CANCEL), DEV, SHOP)
    assert [each.refusal for each in house.refusals()] == [Refusal.CHANNEL_OFF]
    await house.clock.until(flow.done)
    assert isinstance(house.ends()[0], Succeeded)


# --- Which one ----------------------------------------------------------------------------------------------------


async def test_without_an_id_the_askers_newest_in_this_channel_is_meant() -> None:
    house, _ = house_with(WEB, API, APPS, allowlist=shop(replace(EVERYTHING, name="sre")))
    flows = [
        start(house, "ks web", SRE, SHOP),
        start(house, "ks api", SRE, SHOP),
        start(house, "ks web --timeout 2m", DEV, SHOP),
        start(house, "ks apps", SRE, PLATFORM),
    ]
    await house.clock.advance(5)
    await house.say("cancel", SRE, SHOP)
    await ends(house, flows[1])
    assert house.whispers() == [Cancelling("req00002", "ks api", "https://acme.slack.test/archives/C0/p1")]
    assert [flow.done() for flow in flows] == [False, True, False, False]
    await house.say("cancel", SRE, SHOP)
    await ends(house, flows[0])
    assert [flow.done() for flow in flows] == [True, True, False, False]
    await house.say("cancel", SRE, SHOP)
    assert house.whispers()[-1] == NothingToCancel()
    await house.say("cancel", DEV, SHOP)
    await house.say("cancel", SRE, PLATFORM)
    await ends(house, *flows)


async def test_one_of_another_channel_does_not_run_here() -> None:
    house, _ = house_with(APPS, allowlist=shop(EVERYTHING))
    flow = start(house, "ks apps", SRE, PLATFORM)
    await house.clock.advance(5)
    await house.say("cancel req00001", SRE, SHOP)
    assert house.whispers() == [NothingToCancel("req00001")]
    await house.say("cancel REQ00001", SRE, PLATFORM)
    await ends(house, flow)


async def test_a_delivery_that_comes_twice_cancels_once() -> None:
    house, _ = house_with(WEB, API)
    flows = [start(house, "ks web", DEV, SHOP), start(house, "ks api", DEV, SHOP)]
    await house.clock.advance(5)
    for _ in range(2):
        await house.say("cancel", DEV, SHOP, delivery="one")
    assert [flow.done() for flow in flows] == [False, True]
    assert len(house.whispers()) == 1
    await house.say("cancel", DEV, SHOP)
    await ends(house, *flows)


async def test_whatever_becomes_of_a_request_it_does_not_stay_listed_as_running() -> None:
    house, cluster = house_with(APPS, GIT)
    underway = house.dispatch.cancels.underway
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    house.chat.answer = Unpostable("is_archived")
    await house.say("ks apps --timeout 1m")
    house.chat.answer = NotYet()
    flow = start(house, "ks apps --timeout 2m")
    await house.clock.advance(5)
    flow.cancel()
    await asyncio.gather(flow, return_exceptions=True)

    def explode(_: Ask) -> None:
        raise ZeroDivisionError

    cluster.on_request = explode
    with pytest.raises(ExceptionGroup):
        await house.say("ks apps --timeout 3m")
    assert len(underway) == 0
    assert isinstance(house.in_part(Part.AUDIT)[-1], Audited)


# --- A selection --------------------------------------------------------------------------------------------------


async def test_of_a_selection_whatever_waits_for_another_is_not_sent() -> None:
    parent = kustomization("flux-system/infra")
    child = kustomization("flux-system/apps", depends_on=("flux-system/infra",))
    last = kustomization("flux-system/shop", depends_on=("flux-system/apps",))
    house, cluster = house_with(parent, child, last)
    flow = start(house, "ks all")
    await house.clock.advance(5)
    root = house.in_part(Part.ROOT)[-1]
    assert isinstance(root, BatchRunning)
    assert [button.press for button in root.buttons] == [Press.CANCEL]
    await house.press(root.buttons[0].key)
    await ends(house, flow)
    assert [ask.ref for ask in cluster.asks] == [parent.ref]
    found = house.in_part(Part.ROOT)[-1]
    assert isinstance(found, BatchFinished)
    assert {track.target.name: track.outcome and track.outcome.end for track in found.tracks} == {
        "infra": Cancelled("sre"),
        "apps": Blocked(parent.ref, Cancelled("sre")),
        "shop": Blocked(parent.ref, Cancelled("sre")),
    }
    assert sorted(recorded(house)) == [
        ("prod ks/flux-system/apps", Result.CANCELLED, "by @sre; not sent"),
        ("prod ks/flux-system/infra", Result.CANCELLED, "by @sre; already asked"),
        ("prod ks/flux-system/shop", Result.CANCELLED, "by @sre; not sent"),
    ]
    assert house.in_part(Part.MENTION) == []
