"""Starting, staying connected, and saying in a sentence what is wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from slack_bolt.async_app import AsyncApp

from bot.clock import SystemClock
from bot.core.errors import ChatError
from bot.demo.loopback import Fault, HalfOpen, Reset, Rule, Status
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.workspace import Workspace
from bot.demo.slack.world import APP_TOKEN, BOT, BOT_TOKEN, BOT_USER, TEAM
from bot.slack.access import Access, check_tokens
from bot.slack.connect import Connection, open_connection
from bot.slack.loglines import quiet_libraries
from tests.fakes.telemetry import FakeTelemetry
from tests.slack.rig import FastClock

PING = 0.1


@dataclass(frozen=True, slots=True)
class Line:
    """A connection whose link runs."""

    workspace: Workspace
    connection: Connection
    telemetry: FakeTelemetry
    running: asyncio.Task[None]

    async def answers(self) -> None:
        """Waits until a command gets through again."""
        async with asyncio.timeout(15):
            while (await self.workspace.command("sre", "platform", "ks apps")).error is not None:
                await asyncio.sleep(0.02)


async def acknowledge(app: AsyncApp) -> None:
    @app.command("/flux-reconcile")
    async def taken(ack: object) -> None:
        assert callable(ack)
        await ack()


@asynccontextmanager
async def lined(knobs: Knobs | None = None) -> AsyncIterator[Line]:
    telemetry = FakeTelemetry()
    async with Workspace(knobs or Knobs(ack_within=0.5)) as workspace:
        access = Access(BOT_TOKEN, APP_TOKEN, base_url=workspace.api_url, ping_seconds=PING)
        connection = await open_connection(access, SystemClock(), telemetry)
        app = connection.bolt()
        await acknowledge(app)
        running = asyncio.create_task(connection.link.run(app))
        try:
            await workspace.connected()
            yield Line(workspace, connection, telemetry, running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await connection.close()


async def refusal(access: Access) -> str:
    with pytest.raises(ChatError) as caught:
        await open_connection(access, FastClock(), FakeTelemetry())
    return str(caught.value)


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace() as running:
        yield running


@pytest.fixture
def access(workspace: Workspace) -> Access:
    return Access(BOT_TOKEN, APP_TOKEN, base_url=workspace.api_url)


# --- Start --------------------------------------------------------------------------------------------------------


async def test_the_connection_knows_who_it_is(access: Access) -> None:
    connection = await open_connection(access, FastClock(), FakeTelemetry())
    us = connection.workspace
    await connection.close()
    assert (us.team, us.bot_user, us.bot) == (TEAM, BOT_USER, BOT)
    assert us.url == "https://flux-demo.slack.com/"


@pytest.mark.parametrize(
    ("bot", "app", "sentence"),
    [
        (APP_TOKEN, APP_TOKEN, "The bot token must begin with xoxb-; this is an app-level token."),
        ("xoxp-1-2-3", APP_TOKEN, "The bot token must begin with xoxb-; this is the token of a person."),
        ("", APP_TOKEN, "The bot token must begin with xoxb-; none is set."),
        ("hunter2", APP_TOKEN, "The bot token must begin with xoxb-; this is no token of Slack's."),
        ("xoxe-1-x", APP_TOKEN, "The bot token must begin with xoxb-; this is a token for configuring apps."),
        (BOT_TOKEN, BOT_TOKEN, "The app-level token must begin with xapp-; this is a bot token."),
    ],
)
def test_a_token_in_the_wrong_place_is_named_by_its_kind(bot: str, app: str, sentence: str) -> None:
    with pytest.raises(ChatError) as caught:
        check_tokens(Access(bot, app))
    assert str(caught.value) == sentence


def test_rotating_bot_tokens_and_http_without_app_token_are_fine() -> None:
    check_tokens(Access("xoxe.xoxb-1-x"))


async def test_a_bot_token_that_slack_does_not_know_is_told(access: Access) -> None:
    said = await refusal(replace(access, bot_token="xoxb-1-2-wrong"))
    assert said == "Slack does not know the bot token: copy it anew from OAuth & Permissions of the app."


async def test_a_revoked_bot_token_is_told(workspace: Workspace, access: Access) -> None:
    workspace.knobs.token_error = "token_revoked"
    assert await refusal(access) == (
        "The bot token is no longer valid: reinstall the app in the workspace and set its new token."
    )


async def test_missing_scopes_are_told_by_name(workspace: Workspace, access: Access) -> None:
    workspace.knobs.scopes -= {"users:read", "chat:write"}
    assert await refusal(access) == (
        "The bot token lacks the scopes chat:write, users:read: add them under OAuth & Permissions and reinstall "
        "the app."
    )


async def test_a_token_of_a_person_is_told_apart_from_a_bots(workspace: Workspace, access: Access) -> None:
    body = '{"ok": true, "team_id": "T1", "user_id": "U1", "url": "https://x.slack.com/"}'
    workspace.faults.add(Rule(Status(200, body, content_type="application/json"), "/api/auth.test"))
    assert await refusal(access) == (
        "Slack does not say which bot this token is of: set the bot token of an installed app."
    )


async def test_a_word_of_slacks_that_is_new_to_us_is_handed_on(workspace: Workspace, access: Access) -> None:
    workspace.knobs.token_error = "ekm_access_denied"
    assert await refusal(access) == "Slack does not accept the bot token (ekm_access_denied)."


async def test_without_an_answer_the_start_ends_in_time(workspace: Workspace, access: Access) -> None:
    workspace.faults.add(Rule(HalfOpen(), "/api/auth.test"))
    assert await refusal(access) == "Slack does not answer: check the network, the proxy and status.slack.com."


async def test_the_environment_cannot_turn_bolt_into_something_else(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-somebody-else")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "of somebody else")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    connection = await open_connection(access, FastClock(), FakeTelemetry())
    try:
        app = connection.bolt()
        assert app.client.token is None
        assert app.client.proxy is None
        assert app.oauth_flow is None
        monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
        monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
        with pytest.raises(ChatError, match="SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set"):
            connection.bolt()
    finally:
        await connection.close()


def test_tokens_are_not_in_the_print_of_what_holds_them() -> None:
    assert "demo" not in repr(Access(BOT_TOKEN, APP_TOKEN))


# --- The link -----------------------------------------------------------------------------------------------------


async def test_the_link_tells_how_it_is() -> None:
    async with lined() as line:
        await line.answers()
        alive = line.connection.link.liveness()
        assert (alive.connected, alive.links) == (True, 1)
        assert alive.frame_age is not None
        await line.connection.stop_intake()
        assert not line.connection.link.liveness().connected


@pytest.mark.parametrize("harm", ["refresh", "abort", "freeze"])
async def test_a_link_that_ends_tears_or_goes_silent_is_replaced(harm: str) -> None:
    async with lined() as line:
        await line.answers()
        if harm == "refresh":
            await line.workspace.links.refresh()
        elif harm == "abort":
            line.workspace.links.abort()
        else:
            line.workspace.links.freeze()
        await line.answers()
        assert not line.running.done()


async def test_a_link_that_the_sdk_does_not_mend_is_made_anew() -> None:
    async with lined() as line:
        await line.answers()
        # The SDK's next attempt hangs, and it sets itself no limit.
        line.workspace.faults.add(Rule(HalfOpen(), "/link/", times=1))
        line.workspace.links.abort()
        await line.answers()
        assert line.connection.link.liveness().links == 2
        assert len(line.telemetry.of("slack.link_lost")) == 1


async def test_an_outage_at_the_start_is_waited_out() -> None:
    telemetry = FakeTelemetry()
    async with Workspace(Knobs(ack_within=0.5)) as workspace:
        workspace.faults.add(Rule(Reset(), "/api/apps.connections.open", times=2))
        access = Access(BOT_TOKEN, APP_TOKEN, base_url=workspace.api_url, ping_seconds=PING)
        connection = await open_connection(access, FastClock(), telemetry)
        running = asyncio.create_task(connection.link.run(connection.bolt()))
        await workspace.connected()
        assert telemetry.of("slack.no_link") == [{"outcome": "unanswered"}] * 2
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await connection.close()


async def test_an_app_token_that_slack_does_not_know_ends_the_link_with_a_sentence(workspace: Workspace) -> None:
    access = Access(BOT_TOKEN, "xapp-1-A0-wrong", base_url=workspace.api_url)
    connection = await open_connection(access, FastClock(), FakeTelemetry())
    with pytest.raises(ChatError, match="Slack does not know the app-level token"):
        await connection.link.run(connection.bolt())
    await connection.close()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("missing_scope", "The app-level token lacks the scope connections:write"),
        ("forbidden_team", r"Slack gives no Socket Mode connection \(forbidden_team\)"),
    ],
)
async def test_what_no_waiting_mends_ends_the_link_with_a_sentence(
    workspace: Workspace, access: Access, code: str, sentence: str
) -> None:
    workspace.knobs.api_errors["apps.connections.open"] = code
    connection = await open_connection(access, FastClock(), FakeTelemetry())
    with pytest.raises(ChatError, match=sentence):
        await connection.link.run(connection.bolt())
    await connection.close()


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/link/", HalfOpen()),
        ("/api/apps.connections.open", HalfOpen()),
        ("/api/apps.connections.open", Status(429, retry_after=2)),
        ("/api/apps.connections.open", Status(200, "<html>")),
    ],
)
async def test_a_link_is_made_in_the_end(workspace: Workspace, access: Access, path: str, fault: Fault) -> None:
    telemetry = FakeTelemetry()
    workspace.faults.add(Rule(fault, path, times=1))
    connection = await open_connection(access, FastClock(), telemetry)
    running = asyncio.create_task(connection.link.run(connection.bolt()))
    await workspace.connected()
    assert telemetry.of("slack.no_link") == [{"outcome": "unanswered"}]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await connection.close()


# --- What the libraries log ---------------------------------------------------------------------------------------


async def test_the_libraries_lines_are_told_without_what_was_filled_in(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = FakeTelemetry()
    quiet_libraries(telemetry)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("slack_sdk.web.async_client").debug("Sending a request - headers: %s", "xoxb-1")
        logging.getLogger("slack_bolt.AsyncApp").info("body: token=abc")
        logging.getLogger("slack_bolt.AsyncApp").error("Failed to connect (error: wss://x/?ticket=1); Retrying")
    assert telemetry.of("slack.library") == [
        {"logger": "slack_bolt.AsyncApp", "level": "ERROR", "said": "Failed to connect", "error": ""}
    ]
    assert [record.name for record in caplog.records if record.name.startswith("slack_")] == []
