"""Notices become messages: order, pace, and the newest one wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from bot.core.kinds import KUSTOMIZATION
from bot.core.notices import Going, Part, Running, Slot, Stage, Track
from bot.core.requests import Place, Role
from bot.core.resources import Ref
from bot.core.verdicts import Pending, Why
from bot.demo.loopback import Rule, Slow, Status
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.world import PLATFORM, RANDOM, TEAM_SHOP
from bot.ports import Posted
from bot.slack.gateway import UPDATE as UPDATE_METHOD
from tests.slack.rig import (
    asked,
    detailed,
    failed,
    finished,
    mentioned,
    rigged,
    running,
)

POST = "/api/chat.postMessage"
UPDATE = "/api/chat.update"


async def test_a_root_is_posted_and_then_edited_to_its_end() -> None:
    async with rigged() as rig:
        slot = rig.show(running())
        await rig.courier.posted(slot, rig.soon())
        rig.show(finished())
        await rig.flushed()
        assert rig.states() == [("chat.postMessage", "r1 runs 1"), ("chat.update", "r1 ended 1")]
        assert rig.texts() == ["r1 ended 1"]


async def test_the_first_post_is_known_by_its_permalink_as_soon_as_slack_has_it() -> None:
    async with rigged() as rig:
        slot = rig.show(running())
        fate = await rig.courier.posted(slot, rig.soon())
        ts = rig.shown("r1 runs 1").ts
        assert fate == Posted(f"https://flux-demo.slack.com/archives/{PLATFORM}/p{ts.replace('.', '')}")
        assert await rig.courier.posted(slot, rig.clock.now()) == fate


async def test_a_reply_is_linked_in_its_thread() -> None:
    async with rigged() as rig:
        rig.show(running())
        slot = rig.show(detailed(), Part.DETAILS)
        fate = await rig.courier.posted(slot, rig.soon())
        root, reply = rig.shown("r1 runs 1"), rig.shown("r1 details 1")
        page = f"https://flux-demo.slack.com/archives/{PLATFORM}/p{reply.ts.replace('.', '')}"
        assert fate == Posted(f"{page}?thread_ts={root.ts}&cid={PLATFORM}")


async def test_a_root_carries_its_request_and_no_message_is_unfurled_or_links_names() -> None:
    async with rigged() as rig:
        rig.show(finished())
        rig.show(detailed(), Part.DETAILS)
        await rig.flushed()
        look = {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
        root, reply = rig.called("chat.postMessage")
        assert {name: root[name] for name in look} == look
        assert {name: reply[name] for name in look} == look
        assert root["metadata"] == {"event_type": "flux_request", "event_payload": {"request": "r1"}}
        assert "metadata" not in reply


async def test_details_wait_for_their_root_and_the_mention_for_both() -> None:
    async with rigged() as rig:
        rig.show(mentioned(), Part.MENTION)
        rig.show(detailed(), Part.DETAILS)
        rig.show(running())
        rig.show(finished())
        await rig.flushed()
        root = rig.shown("r1 ended 1")
        assert rig.texts() == ["r1 ended 1", "r1 details 1", "r1 is over"]
        assert [message.thread_ts for message in rig.workspace.messages("platform")] == [None, root.ts, root.ts]


async def test_details_of_a_root_that_is_still_running_do_not_wait_for_its_end() -> None:
    async with rigged() as rig:
        slot = rig.show(running(1))
        await rig.courier.posted(slot, rig.soon())
        rig.show(running(2))
        rig.show(detailed(), Part.DETAILS)
        await rig.until(lambda: rig.texts() == ["r1 runs 1", "r1 details 1"])


async def test_details_go_as_soon_as_their_root_stands_although_the_root_has_more_to_say() -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(Slow(0.1), POST, times=1))
        rig.show(running(1))
        await rig.until(lambda: rule.hits)
        rig.show(running(2))
        rig.show(detailed(), Part.DETAILS)
        await rig.flushed()
        assert [text for _, text in rig.states()] == ["r1 runs 1", "r1 details 1", "r1 runs 2"]


async def test_progress_in_between_is_skipped_and_the_end_does_not_wait_for_its_pace() -> None:
    async with rigged() as rig:
        slot = rig.show(running(1))
        await rig.courier.posted(slot, rig.soon())
        before = rig.clock.now()
        for n in range(2, 50):
            rig.show(running(n))
        rig.show(finished())
        await rig.flushed()
        assert rig.states() == [("chat.postMessage", "r1 runs 1"), ("chat.update", "r1 ended 1")]
        assert (rig.clock.now() - before).total_seconds() < 60


async def test_progress_edits_of_one_message_are_five_seconds_apart() -> None:
    async with rigged() as rig:
        slot = rig.show(running(1))
        await rig.courier.posted(slot, rig.soon())
        for n in (2, 3):
            rig.show(running(n))
            await rig.flushed()
        at = [state.at for state in rig.workspace.history]
        assert rig.states() == [
            ("chat.postMessage", "r1 runs 1"),
            ("chat.update", "r1 runs 2"),
            ("chat.update", "r1 runs 3"),
        ]
        # The workspace notes a call a little after it was begun, so that two may look closer than they were.
        assert [later - earlier > 3 for earlier, later in pairwise(at)] == [True, True]


async def test_what_goes_its_way_tells_no_progress_in_its_first_half_minute() -> None:
    async with rigged() as rig:
        began = rig.clock.now()
        young = replace(asked("r1"), at=began)
        stage = Stage(Ref("prod", KUSTOMIZATION, "shop", "web"), Role.OBJECT, Going.RUNNING)
        slot = rig.show(Running(young, (Track(stage.ref, (stage,)),), began))
        await rig.courier.posted(slot, rig.soon())
        for n, why in enumerate((Why.QUEUED, Why.RUNNING), start=5):
            waits = replace(stage, pending=Pending(why))
            rig.show(Running(young, (Track(stage.ref, (waits,)),), began + timedelta(seconds=n)))
        await rig.flushed(60)
        (edit,) = [state for state in rig.workspace.history if state.via == "chat.update"]
        assert edit.at - rig.workspace.history[0].at > 25


async def test_what_is_held_up_says_so_at_once() -> None:
    async with rigged() as rig:
        began = rig.clock.now()
        young = replace(asked("r1"), at=began)
        stage = Stage(Ref("prod", KUSTOMIZATION, "shop", "web"), Role.OBJECT, Going.RUNNING)
        slot = rig.show(Running(young, (Track(stage.ref, (stage,)),), began))
        await rig.courier.posted(slot, rig.soon())
        waits = replace(stage, pending=Pending(Why.DEPENDENCY, "dependency 'shop/db' is not ready"))
        rig.show(Running(young, (Track(stage.ref, (waits,)),), began + timedelta(seconds=5)))
        await rig.flushed(60)
        (edit,) = [state for state in rig.workspace.history if state.via == "chat.update"]
        assert edit.at - rig.workspace.history[0].at < 25


async def test_in_a_crowd_progress_slows_down_and_an_end_does_not() -> None:
    async with rigged() as rig:
        crowd = [f"r{n}" for n in range(30)]
        channels = (PLATFORM, TEAM_SHOP, RANDOM)
        for n, request in enumerate(crowd):
            rig.show(running(1, request), request=request, channel=channels[n % 3])
        await rig.flushed()
        for n, request in enumerate(crowd):
            rig.show(running(2, request), request=request, channel=channels[n % 3])
        looked = len(rig.telemetry.of("slack.queued"))
        await rig.until(lambda: len(rig.telemetry.of("slack.queued")) > looked)
        asked_at = rig.clock.now()
        rig.show(finished(1, "r0"), request="r0")
        await rig.until(lambda: "r0 ended 1" in rig.texts())
        waited = (rig.clock.now() - asked_at).total_seconds()
        edits = [text for via, text in rig.states() if via == "chat.update"]
        # Thirty share thirty edits a minute: each may be edited once a minute, and none of them is due yet.
        assert edits == ["r0 ended 1"]
        assert waited < 20


async def test_while_edits_are_shut_only_the_newest_state_is_kept_and_ends_go_first() -> None:
    async with rigged() as rig:
        for request in ("r1", "r2", "r3"):
            await rig.courier.posted(rig.show(running(1, request), request=request), rig.soon())
        rig.workspace.faults.add(Rule(Status(429, retry_after=20), UPDATE, times=1))
        rig.show(running(2, "r1"), request="r1")
        await rig.until(lambda: rig.telemetry.of("slack.limited"))
        rig.show(running(2, "r2"), request="r2")
        rig.show(running(3, "r1"), request="r1")
        rig.show(finished(1, "r3"), request="r3")
        rig.show(finished(1, "r2"), request="r2")
        await rig.flushed()
        edits = [text for via, text in rig.states() if via == "chat.update"]
        assert edits[-1] == "r1 runs 3"
        assert sorted(edits[:-1]) == ["r2 ended 1", "r3 ended 1"]


async def test_the_budget_of_edits_is_kept_under_a_crowd_and_every_end_is_told() -> None:
    async with rigged(Knobs(tiers={"chat.update": 50}, posts_per_channel_burst=1000)) as rig:
        crowd = [f"r{n}" for n in range(20)]
        channels = (PLATFORM, TEAM_SHOP, RANDOM)
        slots = [rig.show(running(1, r), request=r, channel=channels[n % 3]) for n, r in enumerate(crowd)]
        for slot in slots:
            assert isinstance(await rig.courier.posted(slot, rig.soon()), Posted)
        for n, request in enumerate(crowd):
            rig.show(running(2, request), request=request, channel=channels[n % 3])
        for n, request in enumerate(crowd):
            rig.show(finished(1, request), request=request, channel=channels[n % 3])
        await rig.flushed()
        assert sorted(message.text for message in rig.workspace.messages()) == sorted(f"{r} ended 1" for r in crowd)
        assert rig.telemetry.of("slack.limited") == []


async def test_what_was_wanted_before_the_courier_ran_is_shown() -> None:
    async with rigged() as rig:
        rig.messages.want(Slot("r9", Part.ROOT), Place(PLATFORM), finished(1, "r9"))
        rig.show(finished())
        await rig.flushed()
        assert sorted(rig.texts()) == ["r1 ended 1", "r9 ended 1"]


async def test_failures_are_shown_before_ends_that_nobody_has_to_do_anything_about() -> None:
    async with rigged(Knobs()) as rig:
        rig.connection.gateway._queue(UPDATE_METHOD).exceeded(20)
        names = [f"r{number}" for number in range(1, 9)]
        for name in names:
            slot = rig.show(running(request=name), request=name)
            await rig.courier.posted(slot, rig.soon())
        for name in names:
            rig.show(finished(request=name), request=name)
        rig.show(failed(request="r8"), request="r8")
        rig.show(failed(request="r5"), request="r5")
        await rig.flushed()
        ends = [text.split()[0] for via, text in rig.states() if via == "chat.update"]
        assert sorted(ends[:2]) == ["r5", "r8"]
        assert sorted(ends) == names
