"""Notices become messages in a workspace, whatever Slack answers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from bot.core.notices import Part, Slot, Whisper
from bot.core.requests import Place
from bot.demo.loopback import HalfOpen, Reset, ResetAfter, Rule, Slow, Status
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.world import FLUX_AUDIT, LOBBY, OLD_PROJECT, PLATFORM, RANDOM, SRE, TEAM_SHOP
from bot.ports import NotYet, Posted, Unpostable
from bot.slack.gateway import USER
from tests.slack.rig import (
    Wire,
    audit_slot,
    audited,
    detailed,
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


async def test_what_looks_the_same_is_not_sent_again() -> None:
    async with rigged() as rig:
        rig.show(finished(1))
        await rig.flushed()
        rig.show(replace(finished(1), at=running(7).at))
        await rig.flushed()
        assert rig.states() == [("chat.postMessage", "r1 ended 1")]
        assert rig.messages.unsaid() == ()


async def test_a_root_whose_answer_is_lost_is_posted_once_more_and_its_end_is_told_once() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(ResetAfter(), POST, times=1))
        slot = rig.show(running())
        assert isinstance(await rig.courier.posted(slot, rig.soon()), Posted)
        rig.show(finished())
        await rig.flushed()
        assert rig.texts() == ["r1 runs 1", "r1 ended 1"]
        requests = [message.metadata for message in rig.workspace.messages("platform")]
        assert requests == [{"event_type": "flux_request", "event_payload": {"request": "r1"}}] * 2


async def test_a_root_is_not_posted_a_third_time_but_its_end_is_told() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(ResetAfter(), POST, times=2))
        slot = rig.show(running(1))
        await rig.until(lambda: len(rig.texts()) == 2)
        await rig.flushed()
        rig.show(running(2))
        await rig.flushed()
        assert rig.texts() == ["r1 runs 1"] * 2
        assert await rig.courier.posted(slot, rig.clock.now()) == NotYet()
        rig.show(finished())
        await rig.flushed()
        rig.show(finished(2))
        await rig.flushed()
        assert rig.texts() == ["r1 runs 1", "r1 runs 1", "r1 ended 2"]


async def test_an_end_whose_posts_all_lose_their_answers_stands_at_most_twice() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(ResetAfter(), POST))
        rig.show(finished())
        await rig.flushed()
        rig.show(finished(2))
        await rig.flushed()
        assert rig.texts() == ["r1 ended 1"] * 2


async def test_in_an_outage_a_root_is_tried_until_it_stands_and_nothing_doubles() -> None:
    wire = Wire()
    async with rigged(wire=wire) as rig:
        await wire.cut()
        # The connection that was kept open breaks here, and of what breaks with it nobody knows whether it arrived.
        await rig.connection.gateway.ask(USER, user=SRE)
        slot = rig.show(running())
        rig.show(detailed(), Part.DETAILS)
        tried = {"method": "chat.postMessage", "outcome": "unanswered", "arrived": False}
        await rig.until(
            lambda: [tried.items() <= fact.items() for fact in rig.telemetry.of("slack.called")].count(True) > 3
        )
        rig.show(finished())
        await wire.mend()
        assert isinstance(await rig.courier.posted(slot, rig.soon()), Posted)
        await rig.flushed()
        assert rig.texts() == ["r1 ended 1", "r1 details 1"]
        assert rig.telemetry.of("slack.post_lost") == []


async def test_a_post_that_was_cut_off_before_it_arrived_is_made_up_for() -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(Reset(), POST, times=1))
        rig.show(running())
        await rig.flushed()
        assert rule.hits == 1
        assert rig.texts() == ["r1 runs 1"]


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


async def test_a_post_that_never_gets_an_answer_ends_in_time() -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(HalfOpen(), POST, times=1))
        slot = rig.show(running())
        assert await rig.courier.posted(slot, rig.soon(2)) == NotYet()
        assert isinstance(await rig.courier.posted(slot, rig.soon()), Posted)
        rig.workspace.faults.remove(rule)


async def test_the_mention_is_never_said_twice() -> None:
    async with rigged() as rig:
        rig.show(finished())
        await rig.flushed()
        rig.workspace.faults.add(Rule(ResetAfter(), POST, times=1))
        rig.show(mentioned(), Part.MENTION)
        await rig.flushed()
        assert rig.texts() == ["r1 ended 1", "r1 is over"]


async def test_details_are_said_at_least_once() -> None:
    async with rigged() as rig:
        rig.show(finished())
        await rig.flushed()
        rig.workspace.faults.add(Rule(Reset(), POST, times=2))
        rig.show(detailed(), Part.DETAILS)
        await rig.flushed()
        assert rig.texts() == ["r1 ended 1", "r1 details 1"]


async def test_an_edit_whose_answer_is_lost_is_sent_again() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rig.workspace.faults.add(Rule(ResetAfter(), UPDATE, times=1))
        rig.workspace.faults.add(Rule(Status(503), UPDATE, times=1))
        rig.show(finished())
        await rig.flushed()
        assert rig.texts() == ["r1 ended 1"]
        assert rig.messages.unsaid() == ()


async def test_a_deleted_root_is_posted_anew_once() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        for n in (1, 2):
            root = rig.workspace.messages("platform")[0]
            rig.workspace.site.board.delete(root, "person")
            rig.show(finished(n))
            await rig.flushed()
        assert rig.states() == [
            ("chat.postMessage", "r1 runs 1"),
            ("person", "r1 runs 1"),
            ("chat.postMessage", "r1 ended 1"),
            ("person", "r1 ended 1"),
        ]


async def test_details_bring_a_deleted_root_back_and_stand_under_it() -> None:
    async with rigged() as rig:
        rig.show(finished())
        await rig.flushed()
        rig.workspace.site.board.delete(rig.shown("r1 ended 1"), "person")
        rig.show(detailed(), Part.DETAILS)
        await rig.until(lambda: len(rig.texts()) == 2)
        root, reply = rig.workspace.messages("platform")
        assert (root.text, reply.text, reply.thread_ts) == ("r1 ended 1", "r1 details 1", root.ts)


async def test_an_end_that_can_no_longer_be_edited_is_told_in_the_thread() -> None:
    async with rigged(Knobs(edit_window=0.0)) as rig:
        await rig.courier.posted(rig.show(running(1)), rig.soon())
        rig.show(running(2))
        rig.show(finished())
        await rig.flushed()
        root, reply = rig.workspace.messages("platform")
        assert (root.text, reply.text, reply.thread_ts) == ("r1 runs 1", "r1 ended 1", root.ts)


async def test_a_channel_that_cannot_be_posted_to_is_told_by_slacks_word() -> None:
    async with rigged(Knobs(channel_errors={RANDOM: "restricted_action"})) as rig:
        codes = []
        for channel in (OLD_PROJECT, LOBBY, "C0NOTATALL1", RANDOM):
            slot = rig.show(running(), request=channel, channel=channel)
            codes.append(await rig.courier.posted(slot, rig.soon()))
        assert codes == [
            Unpostable("is_archived"),
            Unpostable("not_in_channel"),
            Unpostable("channel_not_found"),
            Unpostable("restricted_action"),
        ]
        assert rig.states() == []


async def test_details_of_an_unpostable_root_hold_nothing_up() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running(), channel=OLD_PROJECT), rig.soon())
        rig.show(detailed(), Part.DETAILS, channel=OLD_PROJECT)
        await rig.flushed(5)
        assert rig.states() == []


async def test_a_root_waits_out_a_429_and_is_posted_once() -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(Status(429, retry_after=8), POST, times=1))
        before = rig.clock.now()
        rig.show(running())
        await rig.flushed()
        assert rule.hits == 1
        assert rig.texts() == ["r1 runs 1"]
        assert (rig.clock.now() - before).total_seconds() >= 8
        assert [fact["method"] for fact in rig.telemetry.of("slack.limited")] == ["chat.postMessage"]


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


async def test_blocks_that_slack_refuses_are_replaced_by_the_text() -> None:
    async with rigged() as rig:
        rig.workspace.knobs.api_errors["chat.postMessage"] = "invalid_blocks"
        rig.show(finished())
        await rig.until(lambda: len(rig.called("chat.postMessage")) == 2)
        assert [call["blocks"] for call in rig.called("chat.postMessage")][1] == []


async def test_few_audit_lines_stand_alone() -> None:
    async with rigged() as rig:
        for n in (1, 2, 3):
            rig.courier.show(audit_slot(n), Place(FLUX_AUDIT), audited(n))
        await rig.flushed()
        assert rig.texts("flux-audit") == ["line 1", "line 2", "line 3"]


async def test_many_audit_lines_share_messages_and_none_is_dropped() -> None:
    async with rigged() as rig:
        for n in range(1, 101):
            rig.courier.show(audit_slot(n), Place(FLUX_AUDIT), audited(n))
        await rig.flushed()
        texts = rig.texts("flux-audit")
        assert [line for text in texts for line in text.split("\n")] == [f"line {n}" for n in range(1, 101)]
        assert len(texts) < 10
        blocks = [len(message.blocks) for message in rig.workspace.messages("flux-audit")]
        assert sum(blocks) == 100


async def test_a_shared_audit_message_stays_within_slacks_limits() -> None:
    async with rigged() as rig:
        for n in range(1, 21):
            rig.courier.show(audit_slot(n), Place(FLUX_AUDIT), audited(n, int("9" * 400)))
        await rig.flushed()
        texts = rig.texts("flux-audit")
        assert len([line for text in texts for line in text.split("\n")]) == 20
        assert max(len(text) for text in texts) <= 3000
        assert max(len(message.blocks) for message in rig.workspace.messages("flux-audit")) > 1


async def test_audit_lines_that_were_deleted_are_told_anew_once() -> None:
    async with rigged() as rig:
        for count in (1, 2, 3):
            rig.courier.show(audit_slot(1), Place(FLUX_AUDIT), audited(1, count))
            await rig.flushed()
            for message in rig.workspace.messages("flux-audit"):
                rig.workspace.site.board.delete(message, "person")
        posts = [text for via, text in rig.states() if via == "chat.postMessage"]
        assert posts == ["line 1", "line 1 × 2"]


async def test_an_audit_line_that_can_no_longer_be_edited_is_told_anew() -> None:
    async with rigged(Knobs(edit_window=0.0)) as rig:
        for n in range(1, 8):
            rig.courier.show(audit_slot(n), Place(FLUX_AUDIT), audited(n))
        await rig.flushed()
        before = rig.texts("flux-audit")
        rig.courier.show(audit_slot(7), Place(FLUX_AUDIT), audited(7, 2))
        await rig.flushed()
        assert rig.texts("flux-audit") == [*before, "line 7 × 2"]


async def test_a_line_that_outgrows_its_shared_message_gets_one_of_its_own() -> None:
    async with rigged() as rig:
        for n in range(1, 11):
            rig.courier.show(audit_slot(n), Place(FLUX_AUDIT), audited(n, int("9" * 270)))
        await rig.flushed()
        before = rig.texts("flux-audit")
        rig.courier.show(audit_slot(10), Place(FLUX_AUDIT), audited(10, int("9" * 800)))
        await rig.flushed()
        assert rig.texts("flux-audit") == [*before, f"line 10 × {'9' * 800}"]


async def test_an_audit_line_whose_answer_is_lost_is_told_again() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(ResetAfter(), POST, times=1))
        rig.courier.show(audit_slot(1), Place(FLUX_AUDIT), audited(1))
        await rig.flushed()
        assert rig.texts("flux-audit") == ["line 1", "line 1"]


async def test_a_folded_refusal_counts_on_in_its_own_line_of_a_shared_message() -> None:
    async with rigged() as rig:
        for n in range(1, 8):
            rig.courier.show(audit_slot(n), Place(FLUX_AUDIT), audited(n))
        await rig.flushed()
        rig.courier.show(audit_slot(7), Place(FLUX_AUDIT), audited(7, 4))
        await rig.flushed()
        assert [line for text in rig.texts("flux-audit") for line in text.split("\n")] == [
            *(f"line {n}" for n in range(1, 7)),
            "line 7 × 4",
        ]


async def test_an_audit_channel_that_is_gone_does_not_stop_the_rest() -> None:
    async with rigged() as rig:
        rig.courier.show(audit_slot(1), Place(OLD_PROJECT), audited(1))
        rig.courier.show(Slot("b", Part.AUDIT), Place(FLUX_AUDIT), audited(2))
        rig.show(finished())
        await rig.flushed()
        assert await rig.courier.posted(audit_slot(1), rig.clock.now()) == Unpostable("is_archived")
        assert sorted(message.text for message in rig.workspace.messages()) == ["line 2", "r1 ended 1"]


async def test_a_notice_that_breaks_the_views_is_told_as_broken() -> None:
    async with rigged() as rig:
        rig.show(replace(finished(), took=None))  # type: ignore[arg-type]
        await rig.flushed()
        assert rig.texts() == ["⚠️ This message could not be written; the log of the bot says why."]
        assert [fact.event for fact in rig.telemetry.broken] == ["slack.render_broke"]


async def test_a_whisper_to_a_command_works_where_the_bot_is_absent() -> None:
    async with rigged() as rig:
        url = rig.workspace.url + rig.workspace.site.urls.issue(SRE, LOBBY)
        assert await rig.courier.whisper(Whisper(SRE, LOBBY, url), finished())
        assert [(m.text, m.only_for, m.via) for m in rig.workspace.messages("lobby")] == [
            ("r1 ended 1", SRE, "response_url")
        ]


async def test_a_whisper_whose_response_url_is_used_up_goes_by_the_api() -> None:
    async with rigged() as rig:
        url = rig.workspace.url + rig.workspace.site.urls.issue(SRE, PLATFORM)
        for n in range(6):
            assert await rig.courier.whisper(Whisper(SRE, PLATFORM, url), finished(n))
        assert [message.via for message in rig.workspace.messages("platform")] == [
            *["response_url"] * 5,
            "chat.postEphemeral",
        ]


async def test_a_whisper_that_slack_does_not_take_is_admitted() -> None:
    async with rigged() as rig:
        assert not await rig.courier.whisper(Whisper(SRE, LOBBY), finished())
        assert rig.states() == []


async def test_what_was_wanted_before_the_courier_ran_is_shown() -> None:
    async with rigged() as rig:
        rig.messages.want(Slot("r9", Part.ROOT), Place(PLATFORM), finished(1, "r9"))
        rig.show(finished())
        await rig.flushed()
        assert sorted(rig.texts()) == ["r1 ended 1", "r9 ended 1"]
