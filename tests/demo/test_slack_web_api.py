"""Tokens, scopes, arguments, budgets and faults: what stands before every method."""

from dataclasses import replace

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.loopback import ResetAfter, Rule, Status
from bot.demo.slack import world
from bot.demo.slack.knobs import GRANTED, REAL_TIERS
from bot.demo.slack.methods.web_api import METHODS
from bot.demo.slack.workspace import Workspace
from tests.demo.asking import ask, refusal
from tests.demo.handclock import HandClock


def client(workspace: Workspace, session: aiohttp.ClientSession, token: str) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=workspace.api_url, session=session)


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        ("", "auth.test", "not_authed"),
        ("xoxb-somebody-elses", "auth.test", "invalid_auth"),
        (world.APP_TOKEN, "auth.test", "not_allowed_token_type"),
        (world.BOT_TOKEN, "apps.connections.open", "not_allowed_token_type"),
        ("", "apps.connections.open", "not_authed"),
    ],
)
async def test_a_token_that_does_not_fit_is_refused(
    workspace: Workspace, session: aiohttp.ClientSession, token: str, method: str, error: str
) -> None:
    assert await refusal(ask(client(workspace, session, token), method)) == error


async def test_the_bots_token_names_the_bot(slack: AsyncWebClient) -> None:
    answer = await slack.auth_test()
    assert answer.data == {
        "ok": True,
        "url": "https://flux-demo.slack.com/",
        "team": "flux-demo",
        "user": "flux-reconciler",
        "team_id": world.TEAM,
        "user_id": world.BOT_USER,
        "bot_id": world.BOT,
        "is_enterprise_install": False,
    }
    assert answer.headers["x-oauth-scopes"] == ",".join(sorted(GRANTED))


async def test_a_revoked_token_is_refused_everywhere(slack: AsyncWebClient, workspace: Workspace) -> None:
    workspace.knobs.token_error = "token_revoked"
    assert await refusal(ask(slack, "auth.test")) == "token_revoked"
    assert await refusal(ask(slack, "users.info", user=world.SRE)) == "token_revoked"


@pytest.mark.parametrize(
    ("method", "arguments", "lost", "needed"),
    [
        ("chat.postMessage", {"channel": world.PLATFORM, "text": "hi"}, "chat:write", "chat:write"),
        ("chat.update", {"channel": world.PLATFORM, "ts": "1.0", "text": "hi"}, "chat:write", "chat:write"),
        ("users.info", {"user": world.SRE}, "users:read", "users:read"),
        ("usergroups.list", {}, "usergroups:read", "usergroups:read"),
        ("conversations.info", {"channel": world.PLATFORM}, "groups:read", "groups:read"),
        ("conversations.info", {"channel": world.RANDOM}, "channels:read", "channels:read"),
        ("conversations.open", {"users": world.SRE}, "im:write", "im:write"),
    ],
)
async def test_a_missing_scope_is_named_with_what_the_token_has(
    slack: AsyncWebClient, workspace: Workspace, method: str, arguments: dict[str, object], lost: str, needed: str
) -> None:
    workspace.knobs.scopes = GRANTED - {lost}
    with pytest.raises(SlackApiError) as caught:
        await ask(slack, method, **arguments)
    assert caught.value.response.data == {
        "ok": False,
        "error": "missing_scope",
        "needed": needed,
        "provided": ",".join(sorted(GRANTED - {lost})),
    }


async def test_unknown_missing_and_wrong_arguments_are_refused_by_name(slack: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await ask(slack, "chat.postMessage", text=5, colour="red", unfurl_links="perhaps")
    assert caught.value.response.data == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {
            "messages": [
                "[ERROR] missing required field: channel [json-pointer:/]",
                "[ERROR] unknown argument: colour [json-pointer:/]",
                "[ERROR] must be a string [json-pointer:/text]",
                "[ERROR] must be a boolean [json-pointer:/unfurl_links]",
            ]
        },
    }


async def test_every_method_refuses_an_argument_that_nobody_knows(
    workspace: Workspace, slack: AsyncWebClient
) -> None:
    workspace.knobs.scopes = GRANTED | {"reactions:write", "im:write"}
    for name, method in METHODS.items():
        if not method.app_token:
            assert (name, await refusal(ask(slack, name, colour="red"))) == (name, "invalid_arguments")


async def test_an_unknown_method_and_a_broken_body_have_errors_of_their_own(
    slack: AsyncWebClient, workspace: Workspace, session: aiohttp.ClientSession
) -> None:
    assert await refusal(ask(slack, "chat.shout")) == "unknown_method"
    errors = []
    for body in ("{", "[]"):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {world.BOT_TOKEN}"}
        async with session.post(f"{workspace.api_url}auth.test", data=body, headers=headers) as answer:
            errors.append((await answer.json())["error"])
    assert errors == ["invalid_json", "json_not_object"]


async def test_the_log_has_every_call_without_its_token(
    workspace: Workspace, session: aiohttp.ClientSession, clock: HandClock
) -> None:
    clock.pass_by(2)
    async with session.post(f"{workspace.api_url}users.info", data={"token": world.BOT_TOKEN, "user": "U1"}):
        pass
    logged = [(call.method, call.arguments, call.status, call.error, call.at) for call in workspace.calls]
    assert logged == [("users.info", {"user": "U1"}, 200, "user_not_found", 2.0)]


async def test_without_tiers_nothing_is_limited(slack: AsyncWebClient, workspace: Workspace) -> None:
    for _ in range(60):
        await ask(slack, "usergroups.list")
    assert {call.status for call in workspace.calls} == {200}


async def test_a_tier_lets_its_calls_through_and_then_says_how_long_to_wait(
    slack: AsyncWebClient, workspace: Workspace, clock: HandClock
) -> None:
    workspace.knobs.tiers = REAL_TIERS
    for _ in range(20):
        await ask(slack, "usergroups.list")
        clock.pass_by(1)
    with pytest.raises(SlackApiError) as caught:
        await ask(slack, "usergroups.list")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "40"
    assert caught.value.response["error"] == "ratelimited"

    await ask(slack, "users.info", user=world.SRE)
    clock.pass_by(39)
    assert await refusal(ask(slack, "usergroups.list")) == "ratelimited"
    clock.pass_by(1)
    await ask(slack, "usergroups.list")


async def test_edits_have_fifty_a_minute_for_the_whole_workspace(slack: AsyncWebClient, workspace: Workspace) -> None:
    roots = [
        (await ask(slack, "chat.postMessage", channel=channel, text="root"))["ts"]
        for channel in (world.PLATFORM, world.RANDOM)
    ]
    workspace.knobs.tiers = REAL_TIERS
    for number in range(25):
        await ask(slack, "chat.update", channel=world.PLATFORM, ts=roots[0], text=str(number))
        await ask(slack, "chat.update", channel=world.RANDOM, ts=roots[1], text=str(number))
    over = ask(slack, "chat.update", channel=world.PLATFORM, ts=roots[0], text="over")
    assert await refusal(over) == "ratelimited"


async def test_a_channel_takes_a_short_burst_and_then_a_post_a_second(
    slack: AsyncWebClient, workspace: Workspace, clock: HandClock
) -> None:
    workspace.knobs.tiers = REAL_TIERS
    for _ in range(5):
        await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi")
    over = ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi")
    assert await refusal(over) == "ratelimited"
    elsewhere = ask(slack, "chat.postMessage", channel=world.RANDOM, text="hi")
    assert await refusal(elsewhere) == "ratelimited"
    clock.pass_by(1)
    await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi")
    await ask(slack, "chat.postMessage", channel=world.RANDOM, text="hi")
    again = ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi")
    assert await refusal(again) == "ratelimited"


async def test_a_knob_makes_one_method_fail(slack: AsyncWebClient, workspace: Workspace) -> None:
    workspace.knobs.api_errors["users.info"] = "internal_error"
    assert await refusal(ask(slack, "users.info", user=world.SRE)) == "internal_error"
    await ask(slack, "usergroups.list")


async def test_faults_spoil_single_methods(
    workspace: Workspace, session: aiohttp.ClientSession, slack: AsyncWebClient
) -> None:
    workspace.faults.add(Rule(Status(503, "down"), path="/api/users.*", times=1))
    with pytest.raises(SlackApiError) as caught:
        await ask(slack, "users.info", user=world.SRE)
    assert caught.value.response.status_code == 503
    await ask(slack, "users.info", user=world.SRE)


async def test_a_reset_after_the_post_leaves_the_message_and_a_caller_who_cannot_know(
    workspace: Workspace, session: aiohttp.ClientSession
) -> None:
    careful = AsyncWebClient(token=world.BOT_TOKEN, base_url=workspace.api_url, session=session, retry_handlers=[])
    workspace.faults.add(Rule(ResetAfter(), path="/api/chat.postMessage", times=1))
    with pytest.raises(aiohttp.ClientOSError):
        await ask(careful, "chat.postMessage", channel=world.PLATFORM, text="once")
    assert [each.text for each in workspace.messages()] == ["once"]


async def test_users_info_shows_each_kind_of_person(slack: AsyncWebClient) -> None:
    names = ("team_id", "deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
    flags = {}
    for user in (world.SRE, world.GUEST, world.OUTSIDER, world.FORMER, world.OTHER_BOT):
        person = (await ask(slack, "users.info", user=user))["user"]
        flags[person["name"]] = tuple(person.get(name) for name in names)
    assert flags == {
        "sre": (world.TEAM, False, False, False, False, None),
        "guest": (world.TEAM, False, False, True, False, None),
        "outsider": (world.OTHER_TEAM, False, False, False, False, True),
        "former": (world.TEAM, True, False, None, None, None),
        "otherbot": (world.TEAM, False, True, False, False, None),
    }
    assert await refusal(ask(slack, "users.info", user="U0NOBODY001")) == "user_not_found"


async def test_somebody_from_outside_is_unknown_once_no_channel_is_shared(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    partners = workspace.roster.channel("partners")
    workspace.roster.put_channel(replace(partners, is_ext_shared=False))
    assert await refusal(ask(slack, "users.info", user=world.OUTSIDER)) == "user_not_found"


async def test_groups_come_with_members_only_if_asked_for(slack: AsyncWebClient) -> None:
    bare = (await ask(slack, "usergroups.list"))["usergroups"]
    full = (await ask(slack, "usergroups.list", include_users=True, include_disabled="true"))["usergroups"]
    assert [(group["id"], group.get("users")) for group in bare] == [
        (world.PLATFORM_TEAM, None),
        (world.SHOP_TEAM, None),
    ]
    assert [(group["handle"], group["users"]) for group in full] == [
        ("platform-team", [world.SRE]),
        ("shop-team", [world.DEV]),
        ("old-team", [world.FORMER]),
    ]


async def test_conversations_info_shows_what_an_allowlist_asks_about(slack: AsyncWebClient) -> None:
    names = ("name", "is_private", "is_archived", "is_ext_shared", "is_member", "num_members")
    facts = []
    for channel in (world.PLATFORM, world.TEAM_SHOP, world.LOBBY, world.OLD_PROJECT, world.PARTNERS):
        found = (await ask(slack, "conversations.info", channel=channel, include_num_members=True))["channel"]
        facts.append(tuple(found[name] for name in names))
    assert facts == [
        ("platform", True, False, False, True, 6),
        ("team-shop", False, False, False, True, 4),
        ("lobby", False, False, False, False, 2),
        ("old-project", False, True, False, True, 3),
        ("partners", False, False, True, True, 4),
    ]
    assert await refusal(ask(slack, "conversations.info", channel=world.SECRETS)) == "channel_not_found"


async def test_members_come_in_pages(slack: AsyncWebClient) -> None:
    cursor, pages = "", []
    while True:
        page = await ask(slack, "conversations.members", channel=world.TEAM_SHOP, limit=3, cursor=cursor)
        pages.append(page["members"])
        cursor = page["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert pages == [[world.SRE, world.DEV, world.GUEST], [world.BOT_USER]]
    for wrong, error in (({"cursor": "nonsense"}, "invalid_cursor"), ({"limit": 1001}, "invalid_limit")):
        asked = ask(slack, "conversations.members", channel=world.TEAM_SHOP, **wrong)
        assert await refusal(asked) == error


async def test_the_bot_can_list_the_channels_that_it_is_in(slack: AsyncWebClient) -> None:
    async def names(**arguments: object) -> list[str]:
        return [each["name"] for each in (await ask(slack, "users.conversations", **arguments))["channels"]]

    assert await names() == ["team-shop", "random", "old-project", "partners"]
    assert await names(types="private_channel") == ["platform", "flux-audit"]
    assert await names(user=world.GUEST, types="public_channel,private_channel") == ["platform", "team-shop"]
    assert await names(exclude_archived=True, limit=2) == ["team-shop", "random"]
    assert await refusal(ask(slack, "users.conversations", types="secret")) == "invalid_types"


async def test_a_direct_conversation_is_opened_with_one_living_person(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    workspace.knobs.scopes = GRANTED | {"im:write", "im:read"}
    opened = await ask(slack, "conversations.open", users=world.DEV)
    assert opened["channel"] == {"id": "D0DEVPERSON"}
    found = (await ask(slack, "conversations.info", channel="D0DEVPERSON"))["channel"]
    assert (found["is_im"], found["user"]) == (True, world.DEV)
    for users, error in (
        ("", "users_list_not_supplied"),
        ("U0NOBODY001", "user_not_found"),
        (world.FORMER, "user_disabled"),
    ):
        assert await refusal(ask(slack, "conversations.open", users=users)) == error
