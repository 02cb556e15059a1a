"""Every fault of the table on every method of Slack's that the bot calls: the end is the truth, and nobody is left
without an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demo.loopback import CutLine, Fault, HalfOpen, InstantClose, Reset, ResetAfter, Rule, Slow, Status
from bot.demo.slack import world
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from tests.cluster.shapes import eventually
from tests.e2e.stage import LONG, Stage, is_top, staged
from tests.e2e.test_start import ended
from tests.slack.rig import FastClock

ASK = "ks ks-new-revision/app"
POST, UPDATE, EPHEMERAL = "/api/chat.postMessage", "/api/chat.update", "/api/chat.postEphemeral"
REPLY = "/actions/*"
READS = ("/api/users.info", "/api/usergroups.list", "/api/conversations.info")
LIMITED = Status(429, '{"ok": false, "error": "ratelimited"}', retry_after=1, content_type="application/json")

FAULTS: dict[str, Fault] = {
    **{str(code): Status(code) for code in (401, 403, 409, 410, 500, 502, 503)},
    "429": LIMITED,
    "429 without a word": Status(429),
    "a page of a proxy": Status(200, "<html>away</html>", content_type="text/html"),
    "reset": Reset(),
    "reset after": ResetAfter(),
    "half-open": HalfOpen(),
    "cut line": CutLine(),
    "instant close": InstantClose(),
    # A fifth of a second of ours is four of the bot's: late, and not too late.
    "slow": Slow(0.2),
    # Twenty of the bot's seconds: it has long given the call up when it is carried out.
    "too slow": Slow(1.0),
}
CARRIED_OUT = ("reset after", "cut line")
"""What is done although no answer says so."""

every_fault = pytest.mark.parametrize("name", FAULTS)


def applied(stage: Stage) -> list[MessageState]:
    return [root for root in stage.roots() if root.text.startswith("✅ applied prod ks/ks-new-revision/app")]


def requests_of(stage: Stage) -> set[str]:
    return {str(root.metadata and root.metadata["event_payload"]) for root in stage.roots()}


async def true_end(stage: Stage, *, roots: int = 1) -> None:
    """The object was asked once, and one root of this one request tells its end."""
    await stage.until(lambda state: is_top(state) and state.text.startswith("✅ applied"))
    (line,) = await stage.audited()
    assert line.startswith("✅ #1 @sre reconciled prod ks/ks-new-revision/app")
    assert len(stage.cluster.patches) == 1
    assert len(stage.roots()) == roots
    assert len(applied(stage)) == 1
    assert len(requests_of(stage)) == 1


@every_fault
async def test_a_first_post_that_fails_leaves_one_root_or_one_more_where_nobody_can_know(
    tmp_path: Path, name: str
) -> None:
    async with staged("ks-new-revision", tmp_path, since=1, fast=True) as stage:
        stage.cluster.held = True
        rule = stage.workspace.faults.add(Rule(FAULTS[name], POST, times=1))
        await stage.type(ASK)
        await stage.logged("patched")
        await stage.runs()
        roots = 2 if name in CARRIED_OUT else 1
        await stage.workspace.wait_for(lambda: len(stage.roots()) == roots)
        stage.cluster.release()
        await true_end(stage, roots=roots)
        assert rule.hits == 1


@every_fault
async def test_edits_that_fail_in_the_middle_of_a_follow_are_made_good(tmp_path: Path, name: str) -> None:
    async with staged("ks-new-revision", tmp_path, since=1, fast=True) as stage:
        stage.cluster.held = True
        await stage.type(ASK)
        await stage.runs()
        await stage.logged("patched")
        rule = stage.workspace.faults.add(Rule(FAULTS[name], UPDATE, times=2))
        stage.cluster.release()
        await true_end(stage)
        # What is only late needs no second try.
        assert rule.hits == 2 or name in ("slow", *CARRIED_OUT)


@every_fault
async def test_slack_away_as_a_whole_in_the_middle_of_a_follow_costs_nothing(tmp_path: Path, name: str) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        stage.cluster.held = True
        await stage.type("ks ks-build-failure/app")
        root = await stage.runs()
        await stage.logged("patched")
        outage = stage.workspace.faults.add(Rule(FAULTS[name], "/api/chat.*"))
        stage.cluster.release()
        await stage.logged("ended")
        await eventually(lambda: outage.hits >= 2, LONG)
        stage.workspace.faults.remove(outage)
        end = await stage.until(lambda state: is_top(state) and state.text.startswith("❌ failed"))
        assert end.key == root.key
        await stage.until(lambda state: state.thread_ts == end.ts and f"<@{world.SRE}>" in state.text)
        await stage.audited()
        assert [each.key for each in stage.roots()] == [root.key]
        assert len([reply for reply in stage.thread(end) if f"<@{world.SRE}>" in reply.text]) == 1


@pytest.mark.parametrize("path", READS)
@every_fault
async def test_a_look_up_that_fails_is_made_again_or_the_asker_is_told(tmp_path: Path, name: str, path: str) -> None:
    # Without the audit channel the bot does not even start; the asker's channel it looks at before anybody asks.
    rule = Rule(FAULTS[name], path, when=lambda request: request.query.get("channel") != world.FLUX_AUDIT, times=1)

    def spoil(workspace: Workspace) -> None:
        workspace.faults.add(rule)

    async with staged("ks-new-revision", tmp_path, since=1, fast=True, prepare=spoil) as stage:
        end = await stage.say(ASK)
        assert rule.hits == 1
        while end.only_for is not None:
            assert name in ("half-open", "too slow", "429", "429 without a word")
            assert end.text.splitlines()[1].startswith("Slack does not tell")
            end = await stage.say(ASK)
        assert end.text.startswith("✅ applied")
        assert len(stage.cluster.patches) == 1


@pytest.mark.parametrize("path", [REPLY, EPHEMERAL])
@every_fault
async def test_a_whisper_that_fails_is_read_all_the_same(tmp_path: Path, name: str, path: str) -> None:
    async with staged("ks-new-revision", tmp_path, since=1, fast=True) as stage:
        rule = stage.workspace.faults.add(Rule(FAULTS[name], path, times=1))
        if path == EPHEMERAL:
            stage.workspace.knobs.response_url_uses = 0
        refused = await stage.say(ASK, who="dev")
        assert (refused.only_for, refused.text[:14]) == (world.DEV, "⛔ refused here")
        assert rule.hits == 1
        assert len(stage.whispers()) <= (2 if name in CARRIED_OUT else 1)
        assert stage.cluster.patches == []


@pytest.mark.parametrize("path", ["/api/apps.connections.open", "/link/*"])
@every_fault
async def test_a_link_that_cannot_be_made_at_once_is_made_soon(tmp_path: Path, name: str, path: str) -> None:
    def spoil(workspace: Workspace) -> None:
        workspace.faults.add(Rule(FAULTS[name], path, times=1))

    async with staged("ks-new-revision", tmp_path, since=1, fast=True, prepare=spoil) as stage:
        await stage.say(ASK)
        await true_end(stage)


@every_fault
async def test_a_greeting_that_fails_once_is_said_again(tmp_path: Path, name: str) -> None:
    def spoil(workspace: Workspace) -> None:
        workspace.faults.add(Rule(FAULTS[name], "/api/auth.test", times=1))

    async with staged("ks-new-revision", tmp_path, since=1, fast=True, prepare=spoil) as stage:
        assert (await stage.say("help")).text.startswith("💡 ")


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"slow"}))
async def test_a_greeting_that_never_comes_ends_the_start_with_a_sentence(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.SystemClock", FastClock)
    async with Workspace() as workspace:
        workspace.faults.add(Rule(FAULTS[name], "/api/auth.test"))
        assert await ended(workspace, tmp_path) == (
            1,
            ["flux-bot: Slack does not answer: check the network, the proxy and status.slack.com."],
        )
