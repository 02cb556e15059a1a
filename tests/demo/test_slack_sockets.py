"""Socket Mode, driven by a real Bolt app: what people do arrives, acks come back, lost links are replaced."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import world
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.workspace import Workspace
from tests.demo.asking import ask, refusal

Json = dict[str, object]


@pytest.fixture(autouse=True)
def quiet_client() -> None:
    """The SDK logs every lost connection at length; here they are lost on purpose."""
    for name in ("slack_bolt", "slack_sdk"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@pytest.fixture
async def link(
    workspace: Workspace, session: aiohttp.ClientSession
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection that the test itself reads and answers."""
    async with session.ws_connect(workspace.links.issue()) as opened:
        await workspace.connected()
        yield opened


def listen(app: AsyncApp) -> list[Json]:
    """Make the app acknowledge and remember every command."""
    heard: list[Json] = []

    @app.command("/flux-reconcile")
    async def on_command(ack: AsyncAck, command: Json) -> None:
        await ack()
        heard.append(command)

    return heard


async def test_a_command_reaches_bolt_and_its_ack_comes_back(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    heard = listen(app)

    delivery = await workspace.command("sre", "platform", "ks my-app --with-source")

    assert delivery.acked
    assert delivery.error is None
    await workspace.wait_for(lambda: heard)
    assert heard == [
        {
            "token": "deprecated-verification-token",
            "team_id": world.TEAM,
            "team_domain": "flux-demo",
            "channel_id": world.PLATFORM,
            "channel_name": "platform",
            "user_id": world.SRE,
            "user_name": "sre",
            "command": "/flux-reconcile",
            "text": "ks my-app --with-source",
            "api_app_id": world.APP,
            "is_enterprise_install": "false",
            "response_url": delivery.response_url,
            "trigger_id": delivery.trigger_id,
        }
    ]
    assert workspace.messages() == ()


async def test_an_ack_with_words_is_shown_to_the_asker_or_to_all_with_the_command(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    @app.command("/flux-reconcile")
    async def on_command(ack: AsyncAck, command: Json) -> None:
        await ack(text="seen", response_type="in_channel" if command["text"] == "loud" else "ephemeral")

    await workspace.command("sre", "platform", "quiet")
    await workspace.command("sre", "platform", "loud")

    assert [(each.author, each.only_for, each.text, each.via) for each in workspace.history] == [
        (world.BOT_USER, world.SRE, "seen", "ack"),
        (world.SRE, None, "/flux-reconcile loud", "person"),
        (world.BOT_USER, None, "seen", "ack"),
    ]


async def test_a_listener_posts_opens_a_modal_and_responds_with_what_bolt_gives_it(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    title = {"type": "plain_text", "text": "Form"}

    @app.command("/flux-reconcile")
    async def on_command(ack: AsyncAck, client: AsyncWebClient, command: Json, respond: AsyncRespond) -> None:
        await ack()
        await client.views_open(
            trigger_id=str(command["trigger_id"]), view={"type": "modal", "title": title, "blocks": []}
        )
        await client.chat_postMessage(channel=str(command["channel_id"]), text="root")
        await respond("only you")

    await workspace.command("sre", "platform", "help")
    await workspace.wait_for(lambda: len(workspace.history) == 2)
    assert [(each.only_for, each.text, each.via) for each in workspace.history] == [
        (None, "root", "chat.postMessage"),
        (world.SRE, "only you", "response_url"),
    ]
    assert [view.content["title"] for view in workspace.views_of("sre")] == [title]
    assert [(call.method, call.error) for call in workspace.calls] == [
        ("apps.connections.open", None),
        ("auth.test", None),
        ("views.open", None),
        ("chat.postMessage", None),
        ("response_url", None),
    ]


async def test_an_ack_that_slack_would_not_take_fails_before_the_user(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    @app.command("/flux-reconcile")
    async def on_command(ack: AsyncAck) -> None:
        await ack(text="x", blocks=[{"type": "alert"}])

    delivery = await workspace.command("sre", "platform", "help")
    assert delivery.error == "invalid_command_response"
    assert [(each.only_for, each.text) for each in workspace.history] == [
        (world.SRE, '/flux-reconcile failed with the error "invalid_command_response"')
    ]


async def test_without_a_connection_a_command_fails_before_the_user_and_is_never_sent_again(
    workspace: Workspace, session: aiohttp.ClientSession
) -> None:
    delivery = await workspace.command("dev", "team-shop", "help")
    assert (delivery.acked, delivery.error) == (False, "dispatch_failed")
    assert [(each.only_for, each.author, each.text) for each in workspace.history] == [
        (world.DEV, world.SLACKBOT, '/flux-reconcile failed with the error "dispatch_failed"')
    ]
    async with session.ws_connect(workspace.links.issue()) as link:
        assert (await link.receive_json())["type"] == "hello"
        with pytest.raises(TimeoutError):
            await link.receive(timeout=0.1)


async def test_a_command_that_nobody_acknowledges_times_out_and_a_late_ack_is_still_on_record(
    workspace: Workspace, link: aiohttp.ClientWebSocketResponse
) -> None:
    workspace.knobs.ack_within = 0.1
    delivery = await workspace.command("sre", "platform", "help")
    assert delivery.error == "operation_timeout"

    await link.receive_json()
    frame = await link.receive_json()
    await link.send_json({"envelope_id": frame["envelope_id"]})
    await workspace.wait_for(lambda: workspace.acks)
    assert [ack.envelope for ack in workspace.acks] == [delivery.envelope.id]


async def test_frames_look_as_slack_sends_them(workspace: Workspace, link: aiohttp.ClientWebSocketResponse) -> None:
    workspace.knobs.ack_within = 0.05
    hello = await link.receive_json()
    command = await workspace.command("sre", "platform", "help")
    mention = await workspace.mention("sre", "platform", "help")
    assert mention is not None

    assert hello == {
        "type": "hello",
        "num_connections": 1,
        "connection_info": {"app_id": world.APP},
        "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
    }
    assert await link.receive_json() == {
        "envelope_id": command.envelope.id,
        "type": "slash_commands",
        "accepts_response_payload": True,
        "payload": command.payload,
    }
    assert await link.receive_json() == {
        "envelope_id": mention.envelope.id,
        "type": "events_api",
        "accepts_response_payload": False,
        "payload": mention.payload,
        "retry_attempt": 0,
        "retry_reason": "",
    }


async def test_an_ack_has_its_milliseconds_and_its_payload(session: aiohttp.ClientSession) -> None:
    async with Workspace() as workspace, session.ws_connect(workspace.links.issue()) as link:
        command = asyncio.create_task(workspace.command("sre", "platform", "help"))
        await link.receive_json()
        frame = await link.receive_json()
        await link.send_str("no JSON")
        await link.send_json({"envelope_id": "unknown"})
        await link.send_json({"envelope_id": frame["envelope_id"], "payload": {"text": "hi"}})
        delivery = await command
        assert delivery.ack is not None
        assert workspace.acks == [delivery.ack]
        assert (delivery.ack.kind, delivery.ack.payload) == ("slash_commands", {"text": "hi"})
        assert 0 < delivery.ack.ms < 3000


async def test_an_event_without_an_ack_comes_again_and_a_command_does_not(
    workspace: Workspace, link: aiohttp.ClientWebSocketResponse
) -> None:
    workspace.knobs.ack_within, workspace.knobs.event_retries = 0.05, (0.0, 0.0, 0.0)
    await workspace.command("sre", "platform", "help")
    first = await workspace.mention("sre", "platform", "help")
    assert first is not None
    frames = [json.loads(await link.receive_str()) for _ in range(5)][2:]
    await link.send_json({"envelope_id": frames[2]["envelope_id"]})
    await workspace.wait_for(lambda: workspace.acks)

    assert [(frame["retry_attempt"], frame["retry_reason"]) for frame in frames] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
    ]
    assert [frame["payload"]["event_id"] for frame in frames] == [first.payload["event_id"]] * 3
    with pytest.raises(TimeoutError):
        await link.receive(timeout=0.2)


async def test_the_same_envelope_can_arrive_twice(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    heard = listen(app)
    first = await workspace.command("sre", "platform", "ks my-app")
    second = await workspace.deliver_again(first)
    await workspace.wait_for(lambda: len(heard) == 2)
    assert heard[0] == heard[1]
    assert second.envelope == first.envelope
    assert second.acked


async def test_several_connections_take_turns(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    workspace.knobs.ack_within = 0.05
    async with (
        session.ws_connect(workspace.links.issue()) as one,
        session.ws_connect(workspace.links.issue()) as two,
    ):
        await workspace.connected(2)
        hellos = [await one.receive_json(), await two.receive_json()]
        assert sorted(hello["num_connections"] for hello in hellos) == [1, 2]
        for number in range(4):
            await workspace.command("sre", "platform", str(number))
        texts = [[(await each.receive_json())["payload"]["text"] for _ in range(2)] for each in (one, two)]
        assert sorted(texts) == [["0", "2"], ["1", "3"]]


async def test_an_eleventh_connection_is_sent_away(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    opened = [await session.ws_connect(workspace.links.issue()) for _ in range(10)]
    await workspace.connected(10)
    eleventh = await session.ws_connect(workspace.links.issue())
    assert (await eleventh.receive_json())["reason"] == "too_many_websockets"
    for each in [*opened, eleventh]:
        await each.close()


async def test_a_ticket_opens_one_connection(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    url = workspace.links.issue()
    async with session.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


@pytest.mark.parametrize("way", ["refresh", "abort", "freeze"])
async def test_bolt_replaces_a_connection_that_ends_breaks_or_dies_silently(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, way: str
) -> None:
    heard = listen(app)
    before = {link.id for link in workspace.links.open}
    if way == "refresh":
        await workspace.links.refresh()
    elif way == "abort":
        workspace.links.abort()
    else:
        workspace.links.freeze()
    await workspace.wait_for(lambda: [each for each in workspace.links.open if each.id not in before], 20)
    await workspace.wait_for(lambda: not [each for each in workspace.links.open if each.id in before], 20)

    delivery = await workspace.command("sre", "platform", "help")
    assert delivery.acked
    await workspace.wait_for(lambda: len(heard) == 1)


async def test_a_warning_leaves_the_connection_open_for_now(
    workspace: Workspace, link: aiohttp.ClientWebSocketResponse
) -> None:
    await link.receive_json()
    await workspace.links.warn()
    assert (await link.receive_json())["reason"] == "warning"
    assert len(workspace.links.open) == 1


async def test_switched_off_socket_mode_ends_connections_and_gives_no_new_ones(
    workspace: Workspace, session: aiohttp.ClientSession, link: aiohttp.ClientWebSocketResponse
) -> None:
    opener = AsyncWebClient(token=world.APP_TOKEN, base_url=workspace.api_url, session=session)
    await link.receive_json()
    disabling = asyncio.create_task(workspace.links.disable())
    assert (await link.receive_json())["reason"] == "link_disabled"
    assert (await link.receive()).type is aiohttp.WSMsgType.CLOSE
    await disabling
    assert await refusal(ask(opener, "apps.connections.open")) == "forbidden_team"
    workspace.links.enable()
    assert (await ask(opener, "apps.connections.open"))["url"].startswith("ws://127.0.0.1:")


async def test_two_hundred_commands_at_once_are_all_acknowledged(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    heard = listen(app)
    deliveries = await asyncio.gather(*(workspace.command("sre", "platform", str(number)) for number in range(200)))
    assert [each.error for each in deliveries] == [None] * 200
    await workspace.wait_for(lambda: len(heard) == 200)
    assert {each["text"] for each in heard} == {str(number) for number in range(200)}


async def test_stopping_ends_everything_that_waits() -> None:
    knobs = Knobs(ack_within=0.05, event_retries=(600.0,))
    async with Workspace(knobs) as workspace:
        delivery = await workspace.mention("sre", "platform", "help")
        assert delivery is not None
        assert delivery.error == "dispatch_failed"
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
