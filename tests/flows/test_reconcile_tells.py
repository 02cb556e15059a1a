"""What is told and recorded of a request."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.core.audit import Result
from bot.core.notices import (
    Audited,
    Detailed,
    Joined,
    Mentioned,
    Part,
    Refusal,
    Refused,
)
from bot.core.verdicts import (
    Broken,
    Unchanged,
)
from bot.ports import NotYet, Unpostable
from tests.fakes.objects import git_repository, kustomization
from tests.fakes.runs import done, failed
from tests.fakes.status import A, B
from tests.flows.house import AUDIT, PLATFORM, house_with


async def test_every_request_has_a_root_a_thread_and_an_audit_line() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    shown = [(each.slot.subject, each.slot.part, each.place.channel) for each in house.chat.shown]
    ends = [each for each in shown if each[1] is not Part.ROOT]
    assert ends == [("req00001", Part.AUDIT, AUDIT), ("req00001", Part.DETAILS, PLATFORM)]
    (audited,) = house.in_part(Part.AUDIT)
    assert isinstance(audited, Audited)
    (entry,) = audited.entries
    assert (entry.number, entry.object, entry.rule, entry.outcome) == (
        1,
        "prod ks/flux-system/apps",
        "platform",
        Result.CHANGED,
    )
    assert (entry.before, entry.after, entry.seconds) == (A, B, 1.0)


async def test_with_source_every_patched_object_has_its_own_entry() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: done(now, ask.token, B)))
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps --with-source")
    (audited,) = house.in_part(Part.AUDIT)
    assert isinstance(audited, Audited)
    assert [entry.object for entry in audited.entries] == ["prod ks/flux-system/apps"]
    assert [entry.object for entry in audited.also] == ["prod gitrepository/flux-system/apps"]
    assert [entry.number for entry in (*audited.also, *audited.entries)] == [1, 2]


async def test_a_target_that_was_never_patched_is_recorded_too() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")))
    await house.say("ks apps --with-source")
    (audited,) = house.in_part(Part.AUDIT)
    assert isinstance(audited, Audited)
    assert [(entry.object, entry.outcome) for entry in (*audited.also, *audited.entries)] == [
        ("prod gitrepository/flux-system/apps", Result.FAILED),
        ("prod ks/flux-system/apps", Result.BLOCKED),
    ]


async def test_a_failure_pings_and_a_quick_success_does_not() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    assert [type(each) for each in house.in_part(Part.MENTION)] == [Mentioned]
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps --timeout 2m")
    assert len(house.in_part(Part.MENTION)) == 1


async def test_the_details_hold_conditions_and_counts() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository(), kustomization("flux-system/infra", ready=False))
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps")
    (detailed,) = house.in_part(Part.DETAILS)
    assert isinstance(detailed, Detailed)
    (account,) = detailed.accounts
    assert [condition.type for condition in account.conditions] == ["Ready", "Healthy"]
    assert account.counts is not None
    assert account.counts.kinds == (("Kustomization", 2, 1), ("GitRepository", 1, 0))


async def test_a_channel_that_cannot_be_posted_to_refuses_before_the_patch() -> None:
    house, cluster = house_with(kustomization(), git_repository())
    house.chat.answer = Unpostable("is_archived")
    await house.say("ks apps")
    (refused,) = house.whispers()
    assert isinstance(refused, Refused)
    assert (refused.refusal, refused.detail, cluster.asks) == (Refusal.UNPOSTABLE, "is_archived", [])


async def test_an_outage_of_slack_does_not_hold_the_patch_up() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    house.chat.answer = NotYet()
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    asked_at = house.clock.now()
    await house.say("ks apps")
    assert cluster.asks[0].patched_at - asked_at == timedelta(seconds=2)
    assert house.ends() == [Unchanged(A)]


async def test_a_double_send_joins_and_a_later_one_does_not() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (20, lambda ask, now: done(now, ask.token)))
    first = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks apps"))
    await house.clock.advance(3)
    await house.dispatch.said(house.heard(), "ks apps")
    assert [type(each) for each in house.whispers()] == [Joined]
    await house.clock.advance(10)
    second = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks apps"))
    await house.clock.until(lambda: first.done() and second.done())
    assert len(cluster.asks) == 2


async def test_the_same_delivery_twice_is_one_request() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps", delivery="one")
    await house.clock.advance(60)
    await house.say("ks apps", delivery="one")
    assert len(cluster.asks) == 1


async def test_a_stop_of_the_bot_is_told_in_the_root() -> None:
    apps = kustomization()
    house, _ = house_with(apps, git_repository())
    flow = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks apps"))
    await house.clock.advance(5)
    flow.cancel()
    await asyncio.gather(flow, return_exceptions=True)
    (end,) = house.ends()
    assert isinstance(end, Broken)
    assert isinstance(house.in_part(Part.AUDIT)[-1], Audited)
