"""Audit lines, alone and in company, and whispers."""

from __future__ import annotations

import pytest

from bot.core.notices import Part, Slot, Whisper
from bot.core.requests import Place
from bot.demo.loopback import Fault, Reset, ResetAfter, Rule, Status
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.world import FLUX_AUDIT, LOBBY, OLD_PROJECT, PLATFORM, SRE
from bot.ports import Unpostable
from tests.slack.rig import (
    audit_slot,
    audited,
    finished,
    rigged,
)

POST = "/api/chat.postMessage"


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


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("not_in_channel", "invite the bot"),
        ("channel_not_found", "invite the bot, or correct the channel's id in the allowlist"),
        ("is_archived", "unarchive it, or name another one in the allowlist"),
        ("restricted_action_read_only_channel", "let the bot post there"),
    ],
)
async def test_lines_wait_for_an_audit_channel_until_somebody_lets_the_bot_in(code: str, remedy: str) -> None:
    async with rigged(Knobs(channel_errors={FLUX_AUDIT: code})) as rig:
        assert rig.courier.trouble() == ""
        for n in (1, 2):
            rig.courier.show(audit_slot(n), Place(FLUX_AUDIT), audited(n))
        await rig.until(rig.courier.trouble)
        assert rig.courier.trouble() == f"the audit channel {FLUX_AUDIT} cannot be posted to ({code}): {remedy}"
        assert [message.slot for message in rig.messages.unsaid()] == [audit_slot(1), audit_slot(2)]
        rig.workspace.knobs.channel_errors.clear()
        await rig.until(lambda: not rig.courier.trouble())
        await rig.flushed()
        assert rig.texts("flux-audit") == ["line 1", "line 2"]
        tries = [fact for fact in rig.telemetry.of("slack.called") if fact["method"] == "chat.postMessage"]
        assert [fact["outcome"] for fact in tries] == [code, "ok", "ok"]


async def test_an_audit_channel_that_is_shut_is_tried_once_a_minute() -> None:
    async with rigged(Knobs(channel_errors={FLUX_AUDIT: "not_in_channel"})) as rig:
        rig.courier.show(audit_slot(1), Place(FLUX_AUDIT), audited(1))
        await rig.until(lambda: len(rig.called("chat.postMessage")) == 2)
        at = [call.at for call in rig.workspace.calls if call.method == "chat.postMessage"]
        assert at[1] - at[0] > 50


async def test_a_line_that_changes_while_its_channel_is_shut_is_told_as_it_is_by_then() -> None:
    async with rigged() as rig:
        rig.courier.show(audit_slot(1), Place(FLUX_AUDIT), audited(1))
        await rig.flushed()
        rig.workspace.knobs.api_errors["chat.update"] = "not_in_channel"
        rig.courier.show(audit_slot(1), Place(FLUX_AUDIT), audited(1, 2))
        await rig.until(rig.courier.trouble)
        rig.courier.show(audit_slot(1), Place(FLUX_AUDIT), audited(1, 3))
        rig.workspace.knobs.api_errors.clear()
        await rig.until(lambda: rig.texts("flux-audit") == ["line 1 × 3"])
        await rig.until(lambda: not rig.courier.trouble())


async def test_of_what_waits_for_a_shut_channel_the_newest_thousand_lines_are_kept() -> None:
    async with rigged(Knobs(channel_errors={FLUX_AUDIT: "not_in_channel"})) as rig:
        for n in range(1, 1_004):
            rig.courier.show(audit_slot(n), Place(FLUX_AUDIT), audited(n))
        await rig.until(lambda: len(rig.telemetry.of("slack.given_up")) == 3)
        assert [message.slot for message in rig.messages.unsaid()] == [audit_slot(n) for n in range(4, 1_004)]


async def test_a_shut_audit_channel_does_not_hold_up_the_shutdown() -> None:
    async with rigged(Knobs(channel_errors={FLUX_AUDIT: "is_archived"})) as rig:
        rig.courier.show(audit_slot(1), Place(FLUX_AUDIT), audited(1))
        await rig.until(rig.courier.trouble)
        await rig.flushed(5)
        assert rig.courier.depth() == 0


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


@pytest.mark.parametrize(
    ("fault", "by"),
    [(ResetAfter(), ["response_url", "chat.postEphemeral"]), (Reset(), ["chat.postEphemeral"])],
    ids=["it was read", "it was not"],
)
async def test_a_whisper_whose_answer_is_lost_goes_by_the_api_as_well(fault: Fault, by: list[str]) -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(fault, "/actions/*", times=1))
        url = rig.workspace.url + rig.workspace.site.urls.issue(SRE, PLATFORM)
        assert await rig.courier.whisper(Whisper(SRE, PLATFORM, url), finished())
        assert [message.via for message in rig.workspace.messages("platform")] == by


async def test_a_whisper_to_where_the_bot_is_absent_is_tried_again_by_its_url() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(Status(502), "/actions/*", times=2))
        url = rig.workspace.url + rig.workspace.site.urls.issue(SRE, LOBBY)
        assert await rig.courier.whisper(Whisper(SRE, LOBBY, url), finished())
        assert [message.via for message in rig.workspace.messages("lobby")] == ["response_url"]
        assert len(rig.called("chat.postEphemeral")) == 1


async def test_a_whisper_that_slack_stumbled_over_goes_by_the_api() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(Status(503), "/actions/*", times=1))
        url = rig.workspace.url + rig.workspace.site.urls.issue(SRE, PLATFORM)
        assert await rig.courier.whisper(Whisper(SRE, PLATFORM, url), finished())
        assert [message.via for message in rig.workspace.messages("platform")] == ["chat.postEphemeral"]


async def test_a_whisper_that_was_surely_not_sent_goes_by_the_api() -> None:
    async with rigged() as rig:
        whisper = Whisper(SRE, PLATFORM, "https://127.0.0.1.slack.com:8443/actions/T/1")
        assert await rig.courier.whisper(whisper, finished())
        assert [message.via for message in rig.workspace.messages("platform")] == ["chat.postEphemeral"]


async def test_a_whisper_that_slack_does_not_take_is_admitted() -> None:
    async with rigged() as rig:
        assert not await rig.courier.whisper(Whisper(SRE, LOBBY), finished())
        assert rig.states() == []
        assert rig.telemetry.of("slack.whisper_lost") == [{"user": SRE, "notice": "Finished"}]
