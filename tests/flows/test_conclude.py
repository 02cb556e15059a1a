"""How an end is recorded and told: audit entries, buttons, pings, the thread."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.audit import Entry, Result
from bot.core.channels import Ping
from bot.core.errors import Unreachable
from bot.core.notices import Audited, Blocked, Detailed, Finished, Part, Stop, Stopped
from bot.core.offers import Press
from bot.core.proof import GENESIS, sealed
from bot.core.requests import Caller, Options, Place, Verb
from bot.core.resources import Event, Ref
from bot.core.revisions import Change
from bot.core.verdicts import (
    Broken,
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Skipped,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
    Why,
)
from bot.flows.recording import result
from bot.ports import NotYet, Posted
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import Answer, FakeCluster
from tests.fakes.directory import HOME
from tests.fakes.objects import git_repository, helm_chart, helm_release, kustomization
from tests.fakes.runs import done, failed, running, stalled
from tests.fakes.status import A, B
from tests.flows.house import ALLOWLIST, AUDIT, PLATFORM, SHOP, SRE, House, house_with

SECOND_AUDIT = "C0SECOND"
APPS, GIT = kustomization(), git_repository()

# --- The word of the audit ----------------------------------------------------------------------------------------

SUCCEEDED = Succeeded(Change(A, B))
FAILED = Failed("BuildFailed", "boom")
WORDS: list[tuple[Verdict | Stopped | Blocked, Result]] = [
    (SUCCEEDED, Result.CHANGED),
    (Unchanged(A), Result.UNCHANGED),
    (FAILED, Result.FAILED),
    (Stalled("RetriesExceeded", ""), Result.STALLED),
    (TimedOut(Pending(Why.QUEUED)), Result.TIMED_OUT),
    (Suspended(), Result.SUSPENDED),
    (Skipped(), Result.SKIPPED),
    (Gone(seen_before=True), Result.GONE),
    (Deleting(), Result.GONE),
    (Static(), Result.STATIC),
    (Blocked(GIT.ref, FAILED), Result.BLOCKED),
    (Broken("why"), Result.BROKEN),
    (Stopped(Stop.UNREACHABLE), Result.BROKEN),
    (Overtaken("theirs", FAILED), Result.FAILED),
    (Overtaken("theirs", SUCCEEDED), Result.CHANGED),
]


@pytest.mark.parametrize(("end", "word"), WORDS, ids=[f"{type(each[0]).__name__} {each[1].name}" for each in WORDS])
def test_every_end_has_its_word_in_the_audit(end: Verdict | Stopped | Blocked, word: Result) -> None:
    assert result(end) is word


# --- One entry for every end --------------------------------------------------------------------------------------


def entries(house: House) -> list[tuple[str, Result, str]]:
    return [(entry.object, entry.outcome, entry.reason) for entry in house.trail.newest()]


KS, REPO = "prod ks/flux-system/apps", "prod gitrepository/flux-system/apps"


async def test_a_failure_is_recorded_with_fluxs_reason() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(APPS.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    assert entries(house) == [(KS, Result.FAILED, "BuildFailed")]


async def test_what_was_never_sent_is_recorded_too_and_why() -> None:
    house, cluster = house_with(APPS, kustomization("flux-system/off", suspended=True))
    cluster.fail("get", Unreachable("prod", "no route"))
    await house.say("ks apps")
    cluster.heal("get")
    await house.say("ks off, missing")
    assert entries(house) == [
        (KS, Result.BROKEN, "the cluster does not answer"),
        ("prod ks/flux-system/off", Result.SUSPENDED, ""),
        ("prod ks/flux-system/missing", Result.GONE, ""),
    ]


async def test_a_target_behind_a_source_that_failed_is_recorded_as_not_started_with_the_sources_reason() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(GIT.ref, (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")))
    await house.say("ks apps --with-source")
    assert entries(house) == [
        (REPO, Result.FAILED, "GitOperationFailed"),
        (KS, Result.BLOCKED, "GitOperationFailed"),
    ]


async def test_a_target_behind_a_source_that_was_overtaken_and_failed_is_recorded_with_that_reason() -> None:
    house, cluster = house_with(APPS, GIT)

    def fail_theirs() -> None:
        cluster.put(failed(cluster.now(GIT.ref), "theirs", "AuthError", "no"))

    def overtake(_: object) -> None:
        cluster.overwrite(GIT.ref, "theirs")
        house.clock.call_in(1, fail_theirs)

    cluster.on_request = overtake
    await house.say("ks apps --with-source")
    assert [(word, reason) for _, word, reason in entries(house)] == [
        (Result.FAILED, "AuthError"),
        (Result.BLOCKED, "AuthError"),
    ]


async def test_an_entry_tells_who_what_where_by_which_rule_and_with_what_result() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(APPS.ref, (3, lambda ask, now: done(now, ask.token, B)))
    asked_at = house.clock.now()
    await house.say("ks apps --timeout 2m")
    assert isinstance(house.chat.answer, Posted)
    expected = Entry(
        at=asked_at + timedelta(seconds=3),
        request="req00001",
        caller=Caller(SRE, "sre", HOME),
        place=Place(PLATFORM, "platform", HOME),
        verb=Verb.RECONCILE,
        object=KS,
        options=Options(timeout=timedelta(minutes=2)),
        rule="platform",
        outcome=Result.CHANGED,
        before=A,
        after=B,
        seconds=3.0,
        link=house.chat.answer.link,
        ref=APPS.ref,
    )
    expected = sealed(expected, 1, GENESIS)
    assert house.trail.newest() == (expected,)
    assert house.audit_lines() == [Audited((expected,))]
    assert house.telemetry.of("ended") == [
        {
            "request": "req00001",
            "verb": "reconcile",
            "object": KS,
            "outcome": "changed",
            "seconds": 3.0,
        }
    ]


async def test_without_a_posted_root_the_entry_has_no_link() -> None:
    house, cluster = house_with(APPS, GIT)
    house.chat.answer = NotYet()
    cluster.script(APPS.ref, (3, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    assert [entry.link for entry in house.trail.newest()] == [""]


async def test_a_channels_own_audit_channel_gets_the_line_too() -> None:
    platform = replace(ALLOWLIST.channels[0], audit_channel=SECOND_AUDIT)
    house, cluster = house_with(APPS, GIT, allowlist=replace(ALLOWLIST, channels=(platform,)))
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps")
    audited = [(each.slot.place, each.place.channel) for each in house.chat.shown if each.slot.part is Part.AUDIT]
    assert audited == [(AUDIT, AUDIT), (SECOND_AUDIT, SECOND_AUDIT)]


# --- Buttons ------------------------------------------------------------------------------------------------------


def buttons(house: House) -> list[Press]:
    return [button.press for button in house.finished().buttons]


async def test_what_may_be_tried_again_offers_it() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(APPS.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    seen = [buttons(house)]
    cluster.script(APPS.ref, (1, lambda _, now: running(now, B)))
    await house.say("ks apps --timeout 10s")
    seen.append(buttons(house))
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps --timeout 20s")
    seen.append(buttons(house))
    cluster.fail("get", Unreachable("prod", "no route"))
    await house.say("ks apps --timeout 30s")
    seen.append(buttons(house))
    assert seen == [[Press.RETRY, Press.DETAILS], [Press.RETRY, Press.DETAILS], [Press.DETAILS], [Press.RETRY]]


async def test_what_trying_again_would_not_mend_offers_nothing_of_the_kind() -> None:
    house, _ = house_with(kustomization("flux-system/off", suspended=True))
    await house.say("ks off")
    seen = [buttons(house)]
    await house.say("ks missing")
    seen.append(buttons(house))
    assert seen == [[Press.DETAILS], []]


async def test_details_are_offered_exactly_where_there_are_some() -> None:
    house, _ = house_with(APPS, replace(kustomization("flux-system/new", suspended=True), conditions=()))
    for name in ("apps --timeout 10s", "new", "missing"):
        before = len(house.in_part(Part.DETAILS))
        await house.say(f"ks {name}")
        assert (Press.DETAILS in buttons(house)) == (len(house.in_part(Part.DETAILS)) > before), name


async def test_a_source_without_an_old_artifact_leaves_nothing_to_reconcile() -> None:
    git = git_repository(revision="", ready=False)
    house, cluster = house_with(APPS, git)
    cluster.script(git.ref, (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")))
    await house.say("ks apps --with-source")
    assert buttons(house) == [Press.RETRY, Press.DETAILS]


async def test_a_release_out_of_retries_is_not_to_be_tried_again_as_it_is() -> None:
    release = helm_release("shop/podinfo")
    house, cluster = house_with(release, helm_chart("shop/shop-podinfo"))
    cluster.script(
        release.ref,
        (1, lambda ask, now: stalled(failed(now, ask.token, "UpgradeFailed", "boom", "6.6.0"), ask.token)),
    )
    await house.say("hr shop/podinfo")
    assert isinstance(house.ends()[0], Stalled)
    assert buttons(house) == [Press.DETAILS]


async def test_only_the_targets_that_failed_are_tried_again() -> None:
    web, api = kustomization("shop/web"), kustomization("shop/api")
    house, cluster = house_with(web, api)
    cluster.script(web.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    cluster.script(api.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks shop/web shop/api")
    await house.press(house.button(Press.RETRY))
    assert sorted(ask.ref.name for ask in cluster.asks) == ["api", "web", "web"]


async def test_with_source_keeps_the_other_options() -> None:
    house, cluster = house_with(APPS, GIT)
    for each in (APPS, GIT):
        cluster.script(each.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps --timeout 2m")
    await house.press(house.button(Press.WITH_SOURCE))
    assert house.finished().asked.typed == "prod ks/flux-system/apps --with-source --timeout 2m"
    assert [ask.ref for ask in cluster.asks] == [APPS.ref, GIT.ref, APPS.ref]
    assert buttons(house) == [Press.DETAILS]


# --- Pings --------------------------------------------------------------------------------------------------------

PINGS = [
    (Ping.NEVER, (False, False, False, False)),
    (Ping.FAILURES, (False, False, True, False)),
    (Ping.LONG, (False, True, True, False)),
    (Ping.ALWAYS, (True, True, True, True)),
]


async def pinged(house: House, cluster: FakeCluster) -> tuple[bool, bool, bool, bool]:
    """After a quick success, a slow one, a failure, and what was never sent."""
    quick = await mentioned(house, cluster, 1, lambda ask, now: done(now, ask.token))
    slow = await mentioned(house, cluster, 31, lambda ask, now: done(now, ask.token))
    bad = await mentioned(house, cluster, 1, lambda ask, now: failed(now, ask.token))
    before = len(house.in_part(Part.MENTION))
    await house.say("ks missing")
    return quick, slow, bad, len(house.in_part(Part.MENTION)) > before


async def mentioned(house: House, cluster: FakeCluster, seconds: float, become: Answer) -> bool:
    before = len(house.in_part(Part.MENTION))
    cluster.script(APPS.ref, (seconds, become))
    await house.clock.advance(6)
    await house.say("ks apps")
    return len(house.in_part(Part.MENTION)) > before


@pytest.mark.parametrize(("ping", "expected"), PINGS, ids=[each[0].name for each in PINGS])
async def test_a_mention_follows_the_wish_of_the_file(ping: Ping, expected: tuple[bool, ...]) -> None:
    house, cluster = house_with(APPS, GIT, allowlist=replace(ALLOWLIST, ping=ping))
    assert await pinged(house, cluster) == expected


@pytest.mark.parametrize(("ping", "expected"), PINGS, ids=[each[0].name for each in PINGS])
async def test_a_channels_own_wish_goes_before_the_files(ping: Ping, expected: tuple[bool, ...]) -> None:
    platform = replace(ALLOWLIST.channels[0], ping=ping)
    other = Ping.NEVER if ping is Ping.ALWAYS else Ping.ALWAYS
    house, cluster = house_with(APPS, GIT, allowlist=replace(ALLOWLIST, channels=(platform,), ping=other))
    assert await pinged(house, cluster) == expected


# --- The thread ---------------------------------------------------------------------------------------------------


def details(house: House) -> Detailed:
    found = house.in_part(Part.DETAILS)[-1]
    assert isinstance(found, Detailed)
    return found


def events_of(ref: Ref, count: int, since: datetime) -> list[Event]:
    return [Event(ref, "Progressing", str(n), False, since + timedelta(seconds=n)) for n in range(count)]


async def test_the_thread_holds_the_ten_newest_events_since_the_request() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(APPS.ref, (20, lambda ask, now: done(now, ask.token, B)))
    for event in events_of(APPS.ref, 16, house.clock.now() - timedelta(seconds=3)):
        cluster.tell(event)
    await house.say("ks apps")
    (account,) = details(house).accounts
    assert [event.message for event in account.events] == [str(n) for n in range(6, 16)]


async def test_of_a_run_that_changed_nothing_no_events_are_read() -> None:
    house, cluster = house_with(APPS)
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token)))
    cluster.tell(Event(APPS.ref, "ReconciliationSucceeded", "", False, house.clock.now() + timedelta(seconds=1)))
    await house.say("ks apps")
    (account,) = details(house).accounts
    assert (account.events, cluster.calls.get("events", 0)) == ((), 0)


async def test_when_a_source_looked_upstream_is_known_of_one_that_was_just_asked() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(GIT.ref, (3, lambda ask, now: done(now, ask.token)))
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token)))
    began = house.clock.now()
    await house.say("ks apps --with-source")
    (account,) = details(house).accounts
    source = account.track.outcome.source if account.track.outcome is not None else None
    assert source is not None
    assert source.looked_at == began + timedelta(seconds=3)
    assert cluster.calls.get("events", 0) == 0


async def test_events_that_cannot_be_read_are_left_out() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token, B)))
    cluster.fail("events", Unreachable("prod", "no route"))
    await house.say("ks apps")
    (account,) = details(house).accounts
    assert (account.events, len(account.conditions)) == ((), 2)


async def test_a_source_that_stopped_two_targets_tells_its_events_in_both_accounts() -> None:
    git = git_repository("shop/shop")
    web, api = (kustomization(f"shop/{name}", source=git.ref) for name in ("web", "api"))
    house, cluster = house_with(web, api, git)
    cluster.script(git.ref, (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")))
    cluster.tell(Event(git.ref, "GitOperationFailed", "no route", True, house.clock.now()))
    await house.say("ks shop/web shop/api --with-source")
    told = [[event.reason for event in account.events] for account in details(house).accounts]
    assert told == [["GitOperationFailed"], ["GitOperationFailed"]]


async def test_a_target_that_was_never_sent_has_no_events() -> None:
    off = kustomization("flux-system/off", suspended=True)
    house, cluster = house_with(off)
    cluster.tell(Event(off.ref, "Suspended", "", False, house.clock.now()))
    await house.say("ks off")
    assert [account.events for account in details(house).accounts] == [()]
    assert cluster.calls.get("events", 0) == 0


# --- The bot stops ------------------------------------------------------------------------------------------------


class SlowEvents(FakeCluster):
    """Answers for events only after an hour."""

    async def events(self, ref: Ref, since: datetime) -> tuple[Event, ...]:
        await self._clock.sleep(3600)
        return await super().events(ref, since)


async def test_a_stop_after_the_end_records_nothing_twice() -> None:
    clock = FakeClock()
    cluster = SlowEvents(clock, APPS, GIT)
    house = House(clock, clusters=(cluster,))
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token, B)))
    flow = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks apps"))
    await clock.advance(5)
    ended = house.finished()
    flow.cancel()
    (stopped,) = await asyncio.gather(flow, return_exceptions=True)
    assert isinstance(stopped, asyncio.CancelledError)
    assert entries(house) == [(KS, Result.CHANGED, "")]
    assert (house.finished().tracks, house.finished().buttons) == (ended.tracks, ended.buttons)
    assert house.in_part(Part.DETAILS) == []


async def test_a_stop_tells_what_had_ended_and_what_nobody_follows_any_more() -> None:
    web, api = kustomization("shop/web"), kustomization("shop/api")
    house, cluster = house_with(web, api)
    cluster.script(web.ref, (1, lambda ask, now: done(now, ask.token, B)))
    flow = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks shop/web shop/api"))
    await house.clock.advance(5)
    flow.cancel()
    await asyncio.gather(flow, return_exceptions=True)
    assert [type(end) for end in house.ends()] == [Succeeded, Broken]
    assert [(name, word) for name, word, _ in entries(house)] == [
        ("prod ks/shop/web", Result.CHANGED),
        ("prod ks/shop/api", Result.BROKEN),
    ]
    assert isinstance(house.root(), Finished)
    assert buttons(house) == []


async def test_nobody_elses_channel_hears_of_it() -> None:
    house, cluster = house_with(APPS, GIT)
    cluster.script(APPS.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    assert {each.place.channel for each in house.chat.shown} == {PLATFORM, AUDIT}
    assert SHOP not in {each.to.channel for each in house.chat.whispers}
