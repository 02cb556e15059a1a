"""The Slack app asks for what the bot calls and listens to: no less, and nothing more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config.settings import Settings
from bot.demo.slack import world
from bot.demo.slack.client import Impossible
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.methods.web_api import METHODS
from bot.slack import gateway, listeners
from bot.slack.access import NEEDED
from bot.slack.payloads import CHANNEL_EVENTS, GROUP_EVENTS, ChannelChanged, GroupsChanged, happened
from tests.deploy.rendered import DEPLOY, ROOT
from tests.e2e.stage import Stage, staged
from tests.real.bot import written_allowlist

Json = dict[str, Any]

TEXT = (DEPLOY / "slack" / "manifest.yaml").read_text("utf-8")
MANIFEST: Json = yaml.safe_load(TEXT)
SCOPES = frozenset(MANIFEST["oauth_config"]["scopes"]["bot"])
EVENTS = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
EVERYTHING = """verbs: ["*"]
        kinds: ["*"]
        namespaces: ["*"]
        names: ["*"]"""
ALLOWLIST = f"""\
defaults: {{audit_channel: {world.FLUX_AUDIT}}}
channels:
  {world.PLATFORM}:
    name: platform
    private: true
    shared: false
    clusters: ["*"]
    rules:
      - name: sre
        who: {{groups: [{world.PLATFORM_TEAM}]}}
        {EVERYTHING}
  {world.TEAM_SHOP}:
    name: team-shop
    private: false
    shared: false
    clusters: ["*"]
    rules:
      - name: all
        who: {{users: ["*"]}}
        {EVERYTHING}
"""
RECORDING = "ks-unchanged"
ASK = f"ks {RECORDING}/app"


# --- what the code uses ---------------------------------------------------------------------------------------------


def called_methods() -> set[str]:
    """Of the Web API: those with a budget of ours, which is the only way to call one with the bot's token."""
    budgets = [each for each in vars(gateway).values() if isinstance(each, gateway.Method)]
    return {each.name for each in budgets if each.name in METHODS}


def scopes_in_use() -> set[str]:
    """By the simulator's own table. Of what reads any sort of conversation the bot reads channels, of both sorts."""
    calls = {scope for name in called_methods() for scope in METHODS[name].scopes}
    return {"commands"} | calls - {"im:read", "mpim:read"}


def scopes_of_events() -> dict[str, set[str]]:
    """By the table in docs/slack.md."""
    page = (ROOT / "docs" / "slack.md").read_text("utf-8")
    rows = re.findall(r"^ *\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| (.*:read.*) \|$", page, re.MULTILINE)
    return {
        event: set(re.findall(r"`([a-z]+:read)`", scopes))
        for events, scopes in rows
        for event in re.findall(r"`(\w+)`", events)
    }


def test_the_bot_calls_the_web_api_through_its_gateway_alone() -> None:
    """Else the table of methods would not be all of them. The link's own call takes the app-level token."""
    modules = sorted((ROOT / "bot" / "slack").rglob("*.py"))
    calls = {
        (module.name, name)
        for module in modules
        for name in re.findall(r"[cC]lient\.((?:api_call|[a-z]+_[a-zA-Z_]+))\(", module.read_text("utf-8"))
    }
    assert calls == {("gateway.py", "api_call"), ("link.py", "apps_connections_open"), ("link.py", "is_connected")}
    assert called_methods() == {
        *("auth.test", "chat.postMessage", "chat.postEphemeral", "chat.update"),
        *("users.info", "conversations.info", "usergroups.list"),
    }


def test_it_asks_for_the_scopes_that_the_calls_need_and_no_others() -> None:
    assert len(MANIFEST["oauth_config"]["scopes"]["bot"]) == len(SCOPES)
    assert scopes_in_use() == SCOPES
    # Without these the bot does not start; without the others it starts and says what does not work.
    assert NEEDED | {"usergroups:read"} == SCOPES


def test_it_subscribes_to_the_events_that_are_listened_to_and_no_others() -> None:
    assert sorted(EVENTS) == sorted((*GROUP_EVENTS, *CHANNEL_EVENTS))
    about = {"channel": "C0SOME", "channel_id": "C0SOME", "old_channel_id": "C0SOME", "new_channel_id": "C0NEXT"}
    for event in EVENTS:
        doubts = happened({"event": {"type": event, **about}})
        assert isinstance(doubts, tuple)
        assert doubts, f"{event} changes nothing"
        assert all(isinstance(each, GroupsChanged | ChannelChanged) for each in doubts)


def test_every_event_is_covered_by_a_scope_that_is_asked_for() -> None:
    known = scopes_of_events()
    assert {event for event in EVENTS if not known.get(event, set()) & SCOPES} == set()
    assert set(known) == set(EVENTS)


def test_what_people_do_has_a_listener_and_what_is_listened_to_is_switched_on() -> None:
    registered = set(re.findall(r"\bapp\.(\w+)\(", Path(listeners.__file__).read_text("utf-8")))
    assert registered == {"command", "block_action", "event"}
    features, settings = MANIFEST["features"], MANIFEST["settings"]
    commands = [each["command"] for each in features["slash_commands"]]
    assert commands == [Settings.model_fields["slack_command"].default]
    # Buttons.
    assert settings["interactivity"] == {"is_enabled": True}
    # Nothing answers shortcuts, forms, a home or direct messages.
    assert set(features) == {"app_home", "bot_user", "slash_commands"}
    assert set(features["app_home"].values()) == {False}
    # Nothing completes options or unfurls links, and nobody but the bot itself acts.
    assert set(MANIFEST["oauth_config"]) == {"scopes"}
    assert set(MANIFEST["oauth_config"]["scopes"]) == {"bot"}


def test_it_is_one_workspace_over_socket_mode_with_tokens_that_stay() -> None:
    settings = MANIFEST["settings"]
    switches = {name: settings[name] for name in settings if name.endswith("_enabled")}
    assert switches == {"org_deploy_enabled": False, "socket_mode_enabled": True, "token_rotation_enabled": False}
    # No address of ours for Slack to post to.
    assert "url" not in TEXT.replace("request URL", "")


def test_it_keeps_slacks_limits() -> None:
    shown = MANIFEST["display_information"]
    assert MANIFEST["_metadata"] == {"major_version": 2, "minor_version": 1}
    assert set(MANIFEST) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", MANIFEST["features"]["bot_user"]["display_name"])
    for command in MANIFEST["features"]["slash_commands"]:
        assert set(command) == {"command", "description", "usage_hint", "should_escape"}
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert 0 < len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
        assert command["should_escape"] is True


def test_each_scope_has_its_reason_in_the_line_above() -> None:
    lines = [line.strip() for line in TEXT.splitlines()]
    bare = [scope for scope in SCOPES if not re.match(r"# [A-Z].{20}", lines[lines.index(f"- {scope}") - 1])]
    assert bare == []


def test_the_page_about_slack_lists_the_same_scopes() -> None:
    page = (ROOT / "docs" / "slack.md").read_text("utf-8")
    table = page.partition("bot token scopes:")[2].partition("**Event Subscriptions**")[0]
    assert set(re.findall(r"^ *\| `([a-z:]+)` \|", table, re.MULTILINE)) == SCOPES


# --- the whole bot with these scopes --------------------------------------------------------------------------------


async def everything(stage: Stage) -> None:
    """Private channel, public channel, a rule for a group, a button, a whisper, a refusal, the audit channel."""
    await stage.say(ASK)
    public = await stage.say(ASK, where="team-shop")
    await stage.press(public, "details")
    await stage.say("help")
    await stage.say(ASK, who="dev")
    await stage.audited(3)


def refused(stage: Stage) -> set[tuple[str, str | None]]:
    return {(call.method, call.error) for call in stage.workspace.calls if call.error is not None}


async def test_a_workspace_that_grants_exactly_these_scopes_is_enough(tmp_path: Path) -> None:
    rules = written_allowlist(tmp_path / "allowlist.yaml", ALLOWLIST)
    async with staged(RECORDING, tmp_path, knobs=Knobs(scopes=SCOPES), allowlist=rules) as stage:
        await everything(stage)
        assert refused(stage) == set()
        assert {call.method for call in stage.workspace.calls} - {"apps.connections.open", "response_url"} == (
            called_methods() - {"chat.postEphemeral"}
        )
        assert [line["event"] for line in stage.events("slack.no_rights")] == []


@pytest.mark.parametrize("scope", sorted(SCOPES))
async def test_each_scope_that_is_taken_away_later_is_missed(scope: str, tmp_path: Path) -> None:
    rules = written_allowlist(tmp_path / "allowlist.yaml", ALLOWLIST)
    knobs = Knobs(scopes=SCOPES)
    async with staged(RECORDING, tmp_path, knobs=knobs, allowlist=rules) as stage:
        knobs.scopes = SCOPES - {scope}
        if scope == "commands":
            with pytest.raises(Impossible, match="lacks the scope"):
                await stage.type(ASK)
            return
        where = "team-shop" if scope == "channels:read" else "platform"
        if scope in {"channels:read", "groups:read"}:
            # What channels are is known from the start, until something happens to one.
            place = stage.workspace.roster.channel(where).id
            await stage.workspace.tell({"type": "channel_unshared", "channel": place})
        await stage.type(ASK, where=where)
        await stage.workspace.wait_for(lambda: "missing_scope" in {error for _, error in refused(stage)})


@pytest.mark.parametrize("scope", sorted(NEEDED))
async def test_without_a_needed_scope_it_says_which_one_and_does_not_start(
    scope: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    knobs = Knobs(scopes=SCOPES - {scope})
    with pytest.raises(AssertionError, match=f"lacks the scopes {scope}: add them"):
        async with staged(RECORDING, tmp_path, knobs=knobs):
            pass
    assert "Traceback" not in capsys.readouterr().err
