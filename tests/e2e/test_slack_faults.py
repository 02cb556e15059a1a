"""What Slack does wrong: a root at most twice, one end, and the end is shown in the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demo.loopback import Fault, ResetAfter, Rule, Status
from bot.demo.slack.state import MessageState
from tests.e2e.stage import Stage, staged

ASK = "ks ks-new-revision/app"
POST = "/api/chat.postMessage"
UPDATE = "/api/chat.update"
LIMITED = Status(429, '{"ok": false, "error": "ratelimited"}', retry_after=1, content_type="application/json")


def ends(stage: Stage) -> list[MessageState]:
    return [root for root in stage.roots() if root.text.startswith("✅ applied")]


def requests_of(roots: list[MessageState]) -> set[str]:
    """The request ids in the roots' metadata."""
    return {str(root.metadata and root.metadata["event_payload"]) for root in roots}


@pytest.mark.parametrize(
    ("fault", "roots"),
    [(ResetAfter(), 2), (Status(500), 1), (Status(503, "<html>away</html>", content_type="text/html"), 1)],
    ids=["reset after it was posted", "500", "503"],
)
async def test_a_root_whose_answer_is_lost_is_posted_once_more_and_ends_once(
    tmp_path: Path, fault: Fault, roots: int
) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        stage.workspace.faults.add(Rule(fault, POST, times=1))
        await stage.say(ASK)
        assert len(stage.roots()) == roots
        assert len(requests_of(stage.roots())) == 1
        assert len(ends(stage)) == 1
        assert len(stage.cluster.patches) == 1


async def test_a_root_whose_answers_are_all_lost_is_posted_twice_and_its_end_once(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        stage.cluster.held = True
        lost = stage.workspace.faults.add(Rule(ResetAfter(), POST))
        await stage.type(ASK)
        await stage.logged("patched")
        stage.workspace.faults.remove(lost)
        stage.cluster.release()
        await stage.end()
        assert [root.text[0] for root in stage.roots()] == ["⏳", "⏳", "✅"]
        assert len(requests_of(stage.roots())) == 1


@pytest.mark.parametrize("fault", [LIMITED, ResetAfter(), Status(500)], ids=["429", "reset after it", "500"])
async def test_an_edit_that_fails_is_made_again(tmp_path: Path, fault: Fault) -> None:
    async with staged("ks-new-revision", tmp_path, since=1, fast=True) as stage:
        rule = stage.workspace.faults.add(Rule(fault, UPDATE, times=1))
        await stage.say(ASK)
        assert rule.hits == 1
        await stage.workspace.wait_for(lambda: len(ends(stage)) == 1)
        assert len(stage.roots()) == 1


async def test_an_end_that_comes_while_slack_is_away_is_shown_when_it_is_back(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1, wired=True) as stage:
        stage.cluster.held = True
        await stage.type(ASK)
        await stage.runs()
        await stage.logged("patched")
        await stage.slack_wire.cut()
        stage.cluster.release()
        await stage.logged("ended")
        await stage.slack_wire.mend()
        await stage.end()
        assert len(stage.roots()) == 1


async def test_an_outage_of_posts_does_not_hold_the_patch_up_and_the_end_is_posted_after_it(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        stage.workspace.faults.add(Rule(Status(503), POST, times=2))
        end = await stage.say(ASK)
        assert len(stage.cluster.patches) == 1
        assert [root.key for root in stage.roots()] == [end.key]
        assert ends(stage) == [end]


async def test_a_root_that_somebody_deleted_is_posted_anew_with_its_end(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        stage.cluster.held = True
        await stage.type(ASK)
        root = await stage.runs()
        await stage.logged("patched")
        stage.workspace.site.board.delete(root, "slack")
        stage.cluster.release()
        end = await stage.until(lambda state: state.text.startswith("✅ applied") and state.thread_ts is None)
        assert end.key != root.key
        assert [each.key for each in stage.roots()] == [end.key]


async def test_a_channel_that_takes_no_posts_is_told_before_the_patch(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        stage.workspace.knobs.channel_errors["C0PLATFORM1"] = "restricted_action"
        refused = await stage.say(ASK)
        assert refused.only_for is not None
        assert refused.text.splitlines()[1].startswith("Slack does not let the bot post here")
        assert stage.cluster.patches == []
