"""What becomes of a message when Slack does not go along."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.errors import StoreError
from bot.core.notices import Part
from bot.demo.loopback import Fault, HalfOpen, Reset, ResetAfter, Rule, Status
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.world import LOBBY, OLD_PROJECT, RANDOM, SRE, TEAM_SHOP
from bot.ports import Message, NotYet, Posted, Unpostable
from bot.slack.gateway import USER
from bot.store.memory import MemoryMessages
from tests.slack.rig import (
    FastClock,
    Wire,
    detailed,
    finished,
    mentioned,
    rigged,
    running,
)

POST = "/api/chat.postMessage"
UPDATE = "/api/chat.update"


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


@pytest.mark.parametrize("fault", [Status(503), Status(200, "<html>", content_type="text/html")])
async def test_the_newest_end_is_posted_after_an_outage_in_which_slack_answers_nonsense(fault: Fault) -> None:
    async with rigged() as rig:
        outage = rig.workspace.faults.add(Rule(fault, POST))
        rig.show(running())
        await rig.until(lambda: rig.telemetry.of("slack.given_up"))
        rig.show(finished(1))
        await rig.until(lambda: outage.hits == 6)
        rig.show(finished(2))
        await rig.until(lambda: outage.hits == 7)
        rig.workspace.faults.remove(outage)
        await rig.flushed()
        assert rig.texts() == ["r1 ended 2"]
        assert len(rig.telemetry.of("slack.given_up")) == 1


async def test_in_an_outage_an_end_is_given_up_after_an_hour_and_a_newer_one_is_tried() -> None:
    async with rigged() as rig:
        outage = rig.workspace.faults.add(Rule(Status(503), POST))
        rig.show(finished(1))
        await rig.until(lambda: outage.hits == 2)
        rig.clock.leap(3_600)
        await rig.until(lambda: rig.telemetry.of("slack.given_up"))
        rig.show(finished(2))
        await rig.until(lambda: outage.hits == 5)
        rig.workspace.faults.remove(outage)
        await rig.flushed()
        assert rig.texts() == ["r1 ended 2"]


async def test_an_end_that_an_outage_holds_up_holds_the_shutdown_up_no_longer_than_allowed() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(Status(503), POST))
        rig.show(finished())
        before = rig.clock.now()
        assert not await rig.courier.flush(rig.soon(5))
        assert 5 <= (rig.clock.now() - before).total_seconds() < 50


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


async def test_a_root_that_was_never_posted_is_forgotten_and_its_next_state_is_tried_anew() -> None:
    async with rigged(Knobs(channel_errors={RANDOM: "restricted_action"})) as rig:
        slot = rig.show(running(), channel=RANDOM)
        assert await rig.courier.posted(slot, rig.soon()) == Unpostable("restricted_action")
        assert rig.messages.get(slot) is None
        rig.workspace.knobs.channel_errors.clear()
        rig.show(finished(), channel=RANDOM)
        await rig.flushed()
        assert rig.texts("random") == ["r1 ended 1"]
        assert isinstance(await rig.courier.posted(slot, rig.soon()), Posted)


async def test_a_root_that_lost_its_answers_is_forgotten_and_still_not_posted_a_third_time() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(ResetAfter(), POST, times=2))
        slot = rig.show(running(1))
        await rig.until(lambda: rig.telemetry.of("slack.given_up"))
        assert rig.messages.get(slot) is None
        for n in (2, 3):
            rig.show(running(n))
            await rig.flushed()
        assert rig.texts() == ["r1 runs 1"] * 2


async def test_roots_that_were_never_posted_do_not_slow_the_progress_of_others() -> None:
    async with rigged(Knobs(channel_errors=dict.fromkeys((RANDOM, TEAM_SHOP), "restricted_action"))) as rig:
        for n in range(30):
            rig.show(running(1, f"lost{n}"), request=f"lost{n}", channel=(RANDOM, TEAM_SHOP)[n % 2])
        await rig.until(lambda: len(rig.telemetry.of("slack.given_up")) == 30)
        slot = rig.show(running(1))
        await rig.courier.posted(slot, rig.soon())
        for n in (2, 3):
            rig.show(running(n))
            # A crowd of thirty would have to wait for a minute each time.
            await rig.flushed(30)
        assert rig.texts() == ["r1 runs 3"]


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


async def test_blocks_that_slack_refuses_are_replaced_by_the_text() -> None:
    async with rigged() as rig:
        rig.workspace.knobs.api_errors["chat.postMessage"] = "invalid_blocks"
        rig.show(finished())
        await rig.until(lambda: len(rig.called("chat.postMessage")) == 2)
        assert [call["blocks"] for call in rig.called("chat.postMessage")][1] == []


async def test_an_edit_whose_blocks_slack_refuses_is_sent_as_text() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rig.workspace.knobs.api_errors["chat.update"] = "invalid_blocks"
        rig.show(finished())
        await rig.flushed()
        assert [len(list(call["blocks"])) for call in rig.called("chat.update")] == [1, 0]  # type: ignore[call-overload]


async def test_an_edit_is_tried_until_slack_answers() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rule = rig.workspace.faults.add(Rule(Status(503), UPDATE, times=7))
        rig.show(finished())
        await rig.flushed()
        assert rule.hits == 7
        assert rig.texts() == ["r1 ended 1"]


async def test_an_end_whose_edit_is_refused_with_a_word_nobody_knows_is_told_in_the_thread() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rig.workspace.knobs.api_errors["chat.update"] = "a_word_of_tomorrow"
        rig.show(finished())
        await rig.flushed()
        root, reply = rig.workspace.messages("platform")
        assert (root.text, reply.text, reply.thread_ts) == ("r1 runs 1", "r1 ended 1", root.ts)


async def test_progress_refused_with_a_word_nobody_knows_leaves_the_root_to_its_end() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running(1)), rig.soon())
        rig.workspace.knobs.api_errors["chat.update"] = "a_word_of_tomorrow"
        rig.show(running(2))
        await rig.until(lambda: rig.telemetry.of("slack.given_up"))
        rig.workspace.knobs.api_errors.clear()
        rig.show(finished())
        await rig.flushed()
        assert rig.texts() == ["r1 ended 1"]


async def test_an_edit_waits_until_its_channel_has_moved() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rig.workspace.knobs.api_errors["chat.update"] = "external_channel_migrating"
        rig.show(finished())
        await rig.until(lambda: len(rig.called("chat.update")) == 3)
        rig.workspace.knobs.api_errors.clear()
        await rig.flushed()
        assert rig.texts() == ["r1 ended 1"]


async def test_an_end_in_a_channel_that_was_archived_meanwhile_is_given_up() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        roster = rig.workspace.roster
        roster.put_channel(replace(roster.channel("platform"), is_archived=True))
        rig.show(finished())
        await rig.flushed()
        assert rig.texts() == ["r1 runs 1"]
        assert rig.telemetry.of("slack.given_up") == [{"request": "r1", "part": "root", "code": "is_inactive"}]


async def test_an_end_beside_its_root_is_said_again_once_when_its_answer_is_lost() -> None:
    async with rigged(Knobs(edit_window=0.0)) as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rig.workspace.faults.add(Rule(ResetAfter(), POST))
        rig.show(finished())
        await rig.flushed()
        assert rig.texts() == ["r1 runs 1", "r1 ended 1", "r1 ended 1"]


async def test_an_end_beside_its_root_waits_until_its_channel_has_moved() -> None:
    async with rigged(Knobs(edit_window=0.0)) as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rig.workspace.knobs.api_errors["chat.postMessage"] = "external_channel_migrating"
        rig.show(finished())
        await rig.until(lambda: len(rig.called("chat.postMessage")) == 3)
        rig.workspace.knobs.api_errors.clear()
        await rig.flushed()
        assert rig.texts() == ["r1 runs 1", "r1 ended 1"]


async def test_an_end_beside_its_root_outlasts_an_outage() -> None:
    async with rigged(Knobs(edit_window=0.0)) as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rig.workspace.faults.add(Rule(Status(503), POST, times=4))
        rig.show(finished())
        await rig.flushed()
        assert rig.texts() == ["r1 runs 1", "r1 ended 1"]


async def test_details_that_can_no_longer_be_edited_go_on_in_the_thread() -> None:
    async with rigged(Knobs(edit_window=0.0)) as rig:
        rig.show(finished())
        rig.show(detailed(1), Part.DETAILS)
        await rig.flushed()
        rig.show(detailed(2), Part.DETAILS)
        await rig.flushed()
        root = rig.shown("r1 ended 1")
        assert [(message.text, message.thread_ts) for message in rig.workspace.messages("platform")[1:]] == [
            ("r1 details 1", root.ts),
            ("r1 details 2", root.ts),
        ]


async def test_a_notice_that_breaks_the_views_is_told_as_broken() -> None:
    async with rigged() as rig:
        rig.show(replace(finished(), took=None))  # type: ignore[arg-type]
        await rig.flushed()
        assert rig.texts() == ["❌ sorry: this message could not be written; the log of the bot says why"]
        assert [fact.event for fact in rig.telemetry.broken] == ["slack.render_broke"]


class Forgetful(MemoryMessages):
    """Cannot keep what is learned of one request."""

    def keep(self, message: Message) -> None:
        if message.slot.subject == "bad":
            raise StoreError("the disk is full")
        super().keep(message)


async def test_a_delivery_that_breaks_is_told_and_does_not_stop_the_others() -> None:
    async with rigged(messages=Forgetful(FastClock())) as rig:
        rig.show(finished(1, "bad"), request="bad")
        rig.show(finished(1, "r2"), request="r2")
        await rig.flushed()
        assert [(fact.event, fact.facts) for fact in rig.telemetry.broken] == [
            ("slack.delivery_broke", {"delivery": "show root bad"})
        ]
        assert sorted(rig.texts()) == ["bad ended 1", "r2 ended 1"]
