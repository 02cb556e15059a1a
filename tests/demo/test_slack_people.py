"""What people can do, what the bot hears of it, and what nobody could do."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import world
from bot.demo.slack.client import DIRECT, Impossible
from bot.demo.slack.knobs import GRANTED
from bot.demo.slack.workspace import Workspace
from tests.demo.asking import ask

Json = dict[str, object]


@pytest.fixture(autouse=True)
def impatient(workspace: Workspace) -> None:
    """Without a bot nobody waits three seconds."""
    workspace.knobs.ack_within = 0.5


def button(action_id: str, **fields: object) -> Json:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Go"}, **fields}


def actions(*elements: Mapping[str, object], **fields: object) -> list[Json]:
    return [{"type": "actions", "elements": list(elements), **fields}]


def hear_presses(app: AsyncApp, action_id: str) -> list[Json]:
    heard: list[Json] = []

    @app.action(action_id)
    async def on_press(ack: AsyncAck, body: Json) -> None:
        await ack()
        heard.append(body)

    return heard


async def test_a_press_on_a_reply_carries_message_thread_and_place(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard = hear_presses(app, "retry")
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    blocks = actions(button("retry", value="k1", style="primary"), block_id="b1")
    reply = await ask(
        slack, "chat.postMessage", channel=world.PLATFORM, text="reply", thread_ts=root["ts"], blocks=blocks
    )

    delivery = await workspace.press("dev", workspace.messages()[1], "retry")

    assert delivery.error is None
    await workspace.wait_for(lambda: heard)
    when = delivery.payload["actions"][0]["action_ts"]  # type: ignore[index]
    assert heard == [
        {
            "type": "block_actions",
            "user": {"id": world.DEV, "username": "dev", "name": "dev", "team_id": world.TEAM},
            "api_app_id": world.APP,
            "token": "deprecated-verification-token",
            "trigger_id": delivery.trigger_id,
            "team": {"id": world.TEAM, "domain": "flux-demo"},
            "enterprise": None,
            "is_enterprise_install": False,
            "container": {
                "type": "message",
                "message_ts": reply["ts"],
                "channel_id": world.PLATFORM,
                "is_ephemeral": False,
                "thread_ts": root["ts"],
            },
            "channel": {"id": world.PLATFORM, "name": "platform"},
            "message": reply["message"],
            "state": {"values": {}},
            "response_url": delivery.response_url,
            "actions": [
                {
                    "type": "button",
                    "action_id": "retry",
                    "block_id": "b1",
                    "text": {"type": "plain_text", "text": "Go"},
                    "value": "k1",
                    "style": "primary",
                    "action_ts": when,
                }
            ],
        }
    ]


async def test_a_press_on_a_whisper_says_nothing_of_the_message(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard = hear_presses(app, "go")
    whisper = {"channel": world.PLATFORM, "user": world.SRE, "text": "psst", "blocks": actions(button("go"))}
    ts = (await ask(slack, "chat.postEphemeral", **whisper))["message_ts"]
    await workspace.press("sre", workspace.messages()[0], "go")
    await workspace.wait_for(lambda: heard)
    assert heard[0]["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": world.PLATFORM,
        "is_ephemeral": True,
    }
    assert "message" not in heard[0]


async def test_only_buttons_that_stand_there_now_can_be_pressed(workspace: Workspace, slack: AsyncWebClient) -> None:
    place = {"channel": world.PLATFORM, "text": "root"}
    root = await ask(slack, "chat.postMessage", **place, blocks=actions(button("old")))
    message = workspace.messages()[0]
    await ask(slack, "chat.update", **place, ts=root["ts"], blocks=actions(button("new")))

    with pytest.raises(Impossible, match="old"):
        await workspace.press("sre", message, "old")
    assert (await workspace.press("sre", message, "new")).error == "dispatch_failed"
    await ask(slack, "chat.delete", channel=world.PLATFORM, ts=root["ts"])
    with pytest.raises(Impossible, match="does not see"):
        await workspace.press("sre", message, "new")


async def test_only_who_sees_a_button_can_press_it(workspace: Workspace, slack: AsyncWebClient) -> None:
    blocks = actions(button("all"), button("sre-only", visible_to_user_ids=[world.SRE]))
    await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root", blocks=blocks)
    await ask(slack, "chat.postEphemeral", channel=world.PLATFORM, user=world.SRE, text="psst", blocks=blocks)
    root, whisper = workspace.messages()

    await workspace.press("dev", root, "all")
    await workspace.press("sre", root, "sre-only")
    for user, message, action in (
        ("dev", root, "sre-only"),
        ("dev", whisper, "all"),
        ("outsider", root, "all"),
        ("former", root, "all"),
    ):
        with pytest.raises(Impossible):
            await workspace.press(user, message, action)


async def test_somebody_from_outside_can_press_in_a_shared_channel_but_has_no_commands(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard = hear_presses(app, "go")
    await ask(slack, "chat.postMessage", channel=world.PARTNERS, text="root", blocks=actions(button("go")))
    await workspace.press("outsider", workspace.messages()[0], "go")
    await workspace.wait_for(lambda: heard)
    assert heard[0]["user"] == {
        "id": world.OUTSIDER,
        "username": "outsider",
        "name": "outsider",
        "team_id": world.OTHER_TEAM,
    }
    with pytest.raises(Impossible, match="another organisation"):
        await workspace.command("outsider", "partners", "help")


async def test_buttons_without_ids_get_some_that_stay(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    nameless = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    answer = await ask(
        slack, "chat.postMessage", channel=world.PLATFORM, text="root", blocks=actions(nameless, nameless)
    )
    ids = [element["action_id"] for element in answer["message"]["blocks"][0]["elements"]]
    assert len(set(ids)) == 2
    heard = hear_presses(app, ids[1])
    await workspace.press("sre", workspace.messages()[0], ids[1])
    await workspace.wait_for(lambda: heard)
    assert heard[0]["message"] == answer["message"]


async def test_an_option_of_a_select_can_be_chosen(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard = hear_presses(app, "cluster")
    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("demo", "edge")]
    select = {"type": "static_select", "action_id": "cluster", "options": options}
    await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="which", blocks=actions(select, block_id="b"))
    message = workspace.messages()[0]
    delivery = await workspace.choose("sre", message, "cluster", "edge")
    await workspace.wait_for(lambda: heard)
    when = delivery.payload["actions"][0]["action_ts"]  # type: ignore[index]
    assert heard[0]["actions"] == [
        {
            "type": "static_select",
            "action_id": "cluster",
            "block_id": "b",
            "selected_option": options[1],
            "action_ts": when,
        }
    ]
    with pytest.raises(Impossible):
        await workspace.choose("sre", message, "cluster", "moon")
    with pytest.raises(Impossible):
        await workspace.press("sre", message, "cluster")


async def test_a_mention_in_a_thread_names_the_thread_and_stands_in_the_channel(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard: list[Json] = []

    @app.event("app_mention")
    async def on_mention(event: Json) -> None:
        heard.append(event)

    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    delivery = await workspace.mention("sre", "platform", "ks my-app", thread_ts=root["ts"])
    assert delivery is not None
    assert delivery.acked
    await workspace.wait_for(lambda: heard)
    said = workspace.messages()[1]
    names = ("type", "user", "text", "ts", "channel", "thread_ts")
    assert tuple(heard[0][name] for name in names) == (
        "app_mention",
        world.SRE,
        f"<@{world.BOT_USER}> ks my-app",
        said.ts,
        world.PLATFORM,
        root["ts"],
    )
    assert (said.author, said.via, said.thread_ts) == (world.SRE, "person", root["ts"])


async def test_a_mention_is_not_heard_where_the_bot_is_not_or_without_the_scope(workspace: Workspace) -> None:
    assert await workspace.mention("sre", "lobby", "help") is None
    workspace.knobs.scopes = GRANTED - {"app_mentions:read"}
    assert await workspace.mention("sre", "platform", "help") is None
    assert [each.channel_name for each in workspace.history] == ["lobby", "platform"]


async def test_a_changed_group_can_be_told(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    heard: list[Json] = []

    @app.event("subteam_members_changed")
    async def on_change(event: Json) -> None:
        heard.append(event)

    change = {"type": "subteam_members_changed", "subteam_id": world.SHOP_TEAM, "removed_users": [world.DEV]}
    assert (await workspace.tell(change)).acked
    await workspace.wait_for(lambda: heard)
    assert heard == [change]


async def test_opening_the_home_is_told_with_the_home_that_is_there(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard: list[Json] = []

    @app.event("app_home_opened")
    async def on_open(event: Json) -> None:
        heard.append(event)

    await workspace.open_home("sre")
    view = (await ask(slack, "views.publish", user_id=world.SRE, view={"type": "home", "blocks": []}))["view"]
    await workspace.open_home("sre")
    await workspace.wait_for(lambda: len(heard) == 2)
    assert [(each["user"], each["tab"], each.get("view")) for each in heard] == [
        (world.SRE, "home", None),
        (world.SRE, "home", view),
    ]


@pytest.mark.parametrize(
    ("user", "channel"),
    [("dev", "secrets"), ("guest", "random"), ("former", "platform"), ("sre", "old-project")],
)
async def test_nobody_types_where_they_cannot(workspace: Workspace, user: str, channel: str) -> None:
    with pytest.raises(Impossible):
        await workspace.command(user, channel, "help")
    with pytest.raises(Impossible):
        workspace.say(user, channel, "hi")
    assert workspace.history == []


async def test_without_its_scope_the_command_does_not_exist(workspace: Workspace) -> None:
    workspace.knobs.scopes = GRANTED - {"commands"}
    with pytest.raises(Impossible):
        await workspace.command("sre", "platform", "help")


async def test_a_misspelt_person_or_channel_is_a_slip_of_the_driver(workspace: Workspace) -> None:
    with pytest.raises(LookupError):
        await workspace.command("nobody", "platform", "help")
    with pytest.raises(LookupError):
        await workspace.command("sre", "nowhere", "help")


@pytest.mark.parametrize(
    ("channel", "name", "id_"),
    [
        ("platform", "platform", world.PLATFORM),
        ("secrets", "privategroup", world.SECRETS),
        (DIRECT, "directmessage", "D0SREPERSON"),
        ("lobby", "lobby", world.LOBBY),
    ],
)
async def test_channel_names_hide_what_the_bot_is_not_in(
    workspace: Workspace, channel: str, name: str, id_: str
) -> None:
    payload = (await workspace.command("sre", channel, "help")).payload
    assert (payload["channel_name"], payload["channel_id"]) == (name, id_)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("ks my-app --with-source", "ks my-app --with-source"),
        ("ask @dev", f"ask <@{world.DEV}|dev>"),
        ("ask @shop-team", f"ask <!subteam^{world.SHOP_TEAM}|@shop-team>"),
        ("in #random", f"in <#{world.RANDOM}|random>"),
        ("in #platform", f"in <#{world.PLATFORM}|>"),
        ("at @here", "at <!here>"),
        ("see https://example.org/x", "see <https://example.org/x>"),
        ("a<b & c>d", "a&lt;b &amp; c&gt;d"),
        ("@nobody #nowhere", "@nobody #nowhere"),
        ("main@9d8e7f6", "main@9d8e7f6"),
    ],
)
async def test_typed_text_arrives_escaped_as_slack_does_it(workspace: Workspace, typed: str, sent: str) -> None:
    assert (await workspace.command("sre", "platform", typed)).payload["text"] == sent
    raw = await workspace.command("sre", "platform", typed, escaped=False)
    assert raw.payload["text"] == typed


async def test_people_see_their_channels_and_their_own_whispers_only(
    workspace: Workspace, slack: AsyncWebClient
) -> None:
    for channel in (world.PLATFORM, world.TEAM_SHOP, world.FLUX_AUDIT, world.PARTNERS):
        name = workspace.roster.channel(channel).name
        await ask(slack, "chat.postMessage", channel=channel, text=name)
    seen = {user: [each.text for each in workspace.visible_to(user)] for user in ("sre", "dev", "guest", "outsider")}
    assert seen == {
        "sre": ["platform", "team-shop", "flux-audit", "partners"],
        "dev": ["platform", "team-shop", "partners"],
        "guest": ["platform", "team-shop"],
        "outsider": ["partners"],
    }


async def test_who_leaves_a_channel_sees_it_no_more(workspace: Workspace, slack: AsyncWebClient) -> None:
    await ask(slack, "chat.postMessage", channel=world.TEAM_SHOP, text="hi")
    shop = workspace.roster.channel("team-shop")
    workspace.roster.put_channel(replace(shop, members=(world.SRE, world.BOT_USER)))
    assert workspace.visible_to("dev") == ()
    with pytest.raises(Impossible):
        await workspace.command("dev", "team-shop", "help")


async def test_waiting_ends_with_what_was_waited_for_or_in_time(workspace: Workspace) -> None:
    with pytest.raises(TimeoutError):
        await workspace.wait_for(lambda: workspace.messages("platform"), 0.05)
    workspace.say("sre", "platform", "hi")
    assert [each.text for each in await workspace.wait_for(lambda: workspace.messages("platform"))] == ["hi"]
