"""Audit lines, alone and in company, and whispers."""

from __future__ import annotations

from bot.core.notices import Part, Slot, Whisper
from bot.core.requests import Place
from bot.demo.loopback import ResetAfter, Rule
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
