"""What is done under a running request: messages deleted, channels archived, edits closed, links used up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.demo.allowlists import default_allowlist
from bot.demo.slack import world
from bot.demo.slack.state import MessageState
from tests.cluster.shapes import eventually
from tests.e2e.stage import LONG, Stage, is_top, staged
from tests.e2e.test_hostile_rights import by_group

ASK = "ks ks-build-failure/app"
FAILED = "❌ failed prod ks/ks-build-failure/app"


async def asked(stage: Stage) -> MessageState:
    """A request that waits for its end."""
    stage.cluster.held = True
    await stage.type(ASK)
    root = await stage.runs()
    await stage.logged("patched")
    return root


def delete(stage: Stage, message: MessageState) -> None:
    stage.workspace.site.board.delete(message, "slack")


def is_end(state: MessageState) -> bool:
    return is_top(state) and state.text.startswith(FAILED)


async def mentioned(stage: Stage, root: MessageState) -> MessageState:
    return await stage.until(lambda state: state.thread_ts == root.ts and f"<@{world.SRE}>" in state.text)


async def test_a_root_deleted_in_the_middle_comes_back_with_its_end_and_its_thread(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        root = await asked(stage)
        delete(stage, root)
        stage.cluster.release()
        end = await stage.until(is_end)
        assert end.key != root.key
        await mentioned(stage, end)
        assert [each.key for each in stage.roots()] == [end.key]


async def test_a_root_deleted_twice_stays_deleted_and_the_audit_line_remains(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        delete(stage, await asked(stage))
        stage.cluster.release()
        end = await stage.until(is_end)
        await mentioned(stage, end)
        delete(stage, end)
        stage.cluster.play_tail()
        await stage.logged("slack.given_up")
        assert stage.roots() == []
        (line,) = await stage.audited()
        assert line.startswith("❌ #1 @sre asked to reconcile prod ks/ks-build-failure/app")


async def test_a_whole_thread_deleted_after_the_end_breaks_nothing(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        end = await stage.say(ASK)
        await mentioned(stage, end)
        for each in [*stage.thread(end), end]:
            delete(stage, each)
        stage.cluster.play_tail()
        healed = await stage.until(lambda state: is_top(state) and state.text.startswith("✅ "))
        assert healed.key != end.key
        assert [each.key for each in stage.roots()] == [healed.key]


async def test_an_audit_line_that_was_deleted_is_written_again_when_it_changes(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        await stage.say(ASK, who="dev")
        await stage.audited()
        delete(stage, stage.workspace.messages("flux-audit")[0])
        await stage.say(f"{ASK} --timeout 10m", who="dev")
        await stage.until(lambda state: state.channel == world.FLUX_AUDIT and "2 times" in state.text)
        assert len(stage.audit) == 1


@pytest.mark.parametrize("closed", [0.0, 0.05])
async def test_an_end_that_comes_after_the_window_for_edits_stands_in_the_thread(
    tmp_path: Path, closed: float
) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        stage.workspace.knobs.edit_window = closed
        root = await asked(stage)
        await eventually(lambda: stage.workspace.site.board.age(root) > closed, LONG)
        stage.cluster.release()
        end = await stage.until(lambda state: state.thread_ts == root.ts and state.text.startswith(FAILED))
        await mentioned(stage, root)
        assert [each.key for each in stage.roots()] == [root.key]
        assert end.only_for is None


async def test_a_channel_archived_in_the_middle_leaves_the_end_in_the_audit_channel(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        root = await asked(stage)
        roster = stage.workspace.roster
        roster.put_channel(replace(roster.channel("platform"), is_archived=True))
        await stage.workspace.tell({"type": "channel_archive", "channel": world.PLATFORM, "user": world.SRE})
        stage.cluster.release()
        (line,) = await stage.audited()
        assert line.startswith("❌ #1 @sre asked to reconcile prod ks/ks-build-failure/app")
        assert (await stage.logged("slack.given_up"))["code"] == "is_inactive"
        assert [each.text[0] for each in stage.roots()] == ["⏳"]
        roster.put_channel(replace(roster.channel("platform"), is_archived=False))
        await stage.workspace.tell({"type": "channel_unarchive", "channel": world.PLATFORM, "user": world.SRE})
        # What Flux does next is told where there is a channel again.
        stage.cluster.play_tail()
        await stage.edited(root, "it failed with BuildFailed first")


async def test_a_bot_thrown_out_in_the_middle_leaves_the_end_in_the_audit_channel(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        await asked(stage)
        roster = stage.workspace.roster
        there = roster.channel("platform")
        roster.put_channel(replace(there, members=tuple(m for m in there.members if m != world.BOT_USER)))
        await stage.workspace.tell({"type": "member_left_channel", "channel": world.PLATFORM, "user": world.BOT_USER})
        stage.cluster.release()
        (line,) = await stage.audited()
        assert line.startswith("❌ #1 @sre asked to reconcile prod ks/ks-build-failure/app")
        told = await stage.say(f"{ASK} --timeout 10m")
        assert told.only_for == world.SRE
        assert len(stage.cluster.patches) == 1


async def test_somebody_who_left_their_group_meanwhile_presses_in_vain(tmp_path: Path) -> None:
    rules = by_group(default_allowlist())
    async with staged("ks-build-failure", tmp_path, since=1, fast=True, allowlist=rules) as stage:
        failed = await stage.say(ASK)
        roster = stage.workspace.roster
        for group in roster.groups():
            roster.put_group(replace(group, users=()))
        await stage.workspace.tell({"type": "subteam_members_changed", "subteam_id": world.PLATFORM_TEAM})
        refused = await stage.press(failed, "retry")
        assert (refused.only_for, refused.text[:14]) == (world.SRE, "⛔ refused here")
        assert len(stage.cluster.patches) == 1


@pytest.mark.parametrize("how", ["expired", "used up"])
async def test_an_answer_whose_response_url_is_no_good_goes_another_way(tmp_path: Path, how: str) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        if how == "expired":
            stage.workspace.knobs.response_url_life = -1.0
        else:
            stage.workspace.knobs.response_url_uses = 0
        for who, begins in (("sre", "💡 "), ("dev", "💡 ")):
            told = await stage.say("help", who=who)
            assert (told.via, told.only_for) == ("chat.postEphemeral", stage.workspace.roster.person(who).id)
            assert told.text.startswith(begins)


async def test_an_answer_that_nobody_can_get_is_told_to_the_log(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        stage.workspace.knobs.response_url_uses = 0
        await stage.type("help", where="lobby")
        lost = await stage.logged("slack.whisper_lost")
        assert (lost["user"], lost["notice"]) == (world.SRE, "Refused")


async def test_a_press_is_carried_out_long_after_its_trigger_has_expired(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        stage.workspace.knobs.trigger_life = -1.0
        failed = await stage.say(ASK)
        again = await stage.press(failed, "retry")
        assert again.text.startswith(FAILED)
        assert len(stage.cluster.patches) == 2


async def test_a_press_on_a_message_that_is_deleted_before_it_arrives_is_answered(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        failed = await stage.say(ASK)
        await mentioned(stage, failed)
        seen = len(stage.history)
        pressed = await stage.workspace.press("sre", failed, "offer:details")
        assert pressed.acked
        details = await stage.end(seen)
        assert details.only_for == world.SRE
        delete(stage, failed)
        again = {**pressed.payload, "trigger_id": "1.2.3"}
        seen = len(stage.history)
        assert (await stage.workspace.deliver("interactive", again)).acked
        assert (await stage.end(seen)).text == details.text
