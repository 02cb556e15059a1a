"""Whoever may not, wherever they ask: nothing is patched, one whisper, one line in the audit channel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.channels import Allowlist, Channel
from bot.demo.allowlists import default_allowlist
from bot.demo.slack import world
from tests.e2e.stage import staged

ASK = "ks ks-build-failure/app"


def allowlist(*more: Channel) -> Allowlist:
    """The demo's, and sre may do the same in further channels."""
    demo = default_allowlist()
    return replace(demo, channels=(*demo.channels, *more))


def channel(id_: str, name: str, *, private: bool = False, shared: bool = False) -> Channel:
    return replace(default_allowlist().channels[0], id=id_, name=name, private=private, shared=shared)


@pytest.mark.parametrize(
    ("who", "where", "why", "audited"),
    [
        ("dev", "platform", "nearest rule: demo-platform, but you are not named in it", "@dev"),
        ("guest", "platform", "the allowlist lets no guests in", "@"),
        ("sre", "random", "this channel is not on the allowlist; whoever keeps that can add it", "@sre"),
        ("sre", "direct", "commands work in channels of the allowlist, not in direct messages", "@sre"),
        ("sre", "lobby", "the bot is not in this channel: /invite it, then ask again", "@sre"),
    ],
)
async def test_who_may_not_is_told_alone_and_nothing_is_asked_of_the_cluster(
    tmp_path: Path, who: str, where: str, why: str, audited: str
) -> None:
    rules = allowlist(channel(world.LOBBY, "lobby"))
    async with staged("ks-build-failure", tmp_path, since=1, allowlist=rules) as stage:
        refused = await stage.say(ASK, who=who, where=where)
        (line,) = await stage.audited()
        bots = [state for state in stage.history if state.author == world.BOT_USER]
        # The whisper and the audit line, whichever Slack takes first.
        assert len(bots) == 2
        assert refused.only_for == stage.workspace.roster.person(who).id
        head, reason, *_ = refused.text.splitlines()
        assert (head[:14], reason) == ("⛔ refused here", why)
        assert line.startswith(f"⛔ #1 {audited}")
        assert stage.cluster.patches == []
        assert stage.cluster.reads() == []


async def test_somebody_of_another_organisation_presses_in_vain(tmp_path: Path) -> None:
    rules = allowlist(channel(world.PARTNERS, "partners", shared=True))
    async with staged("ks-build-failure", tmp_path, since=1, allowlist=rules) as stage:
        failed = await stage.say(ASK, where="partners")
        refused = await stage.press(failed, "retry", who="outsider")
        assert refused.only_for == world.OUTSIDER
        assert refused.text.splitlines()[1] == "the allowlist lets nobody of another workspace in"
        assert len(stage.cluster.patches) == 1


async def test_a_channel_that_was_archived_meanwhile_gets_no_more_requests(tmp_path: Path) -> None:
    rules = allowlist(channel(world.RANDOM, "random"))
    async with staged("ks-build-failure", tmp_path, since=1, allowlist=rules) as stage:
        failed = await stage.say(ASK, where="random")
        roster = stage.workspace.roster
        roster.put_channel(replace(roster.channel("random"), is_archived=True))
        await stage.workspace.tell({"type": "channel_archive", "channel": world.RANDOM, "user": world.SRE})
        refused = await stage.press(failed, "retry")
        assert refused.text.splitlines()[1].startswith("Slack does not let the bot post here")
        assert len(stage.cluster.patches) == 1


async def test_a_channel_that_is_not_what_its_entry_says_is_off_and_told_once_in_the_audit_channel(
    tmp_path: Path,
) -> None:
    rules = allowlist(channel(world.TEAM_SHOP, "team-shop", private=True))
    async with staged("ks-build-failure", tmp_path, since=1, allowlist=rules) as stage:
        for _ in range(2):
            refused = await stage.say(ASK, where="team-shop")
            assert refused.text.splitlines()[1] == (
                "this channel is not what its entry in the allowlist says, so it is off (public, not shared)"
            )
        lines = await stage.audited(2)
        await stage.until(lambda state: state.channel == world.FLUX_AUDIT and "2 times" in state.text)
        assert sorted(line[:1] for line in lines) == ["⛔", "⛔"]
        assert stage.cluster.patches == []


async def test_refusals_of_one_kind_share_a_line_of_the_audit_channel(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1) as stage:
        await stage.say(ASK, who="dev")
        await stage.audited()
        await stage.say("ks ks-build-failure/app --timeout 10m", who="dev")
        await stage.until(lambda state: state.channel == world.FLUX_AUDIT and state.edited)
        assert len(stage.audit) == 1
        assert len(stage.whispers()) == 2
