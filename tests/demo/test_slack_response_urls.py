"""Response URLs: five answers, thirty minutes, no thread."""

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.demo.slack import world
from bot.demo.slack.workspace import Workspace
from tests.demo.asking import ask
from tests.demo.handclock import HandClock

Said = list[tuple[str | None, str | None, str, bool]]


@pytest.fixture
def fast(workspace: Workspace) -> Workspace:
    """A workspace whose people do not wait for a bot that is not there."""
    workspace.knobs.ack_within = 0.1
    return workspace


def said(workspace: Workspace) -> Said:
    return [
        (each.only_for, each.thread_ts, each.text, each.deleted)
        for each in workspace.history
        if each.via == "response_url"
    ]


async def command_url(workspace: Workspace, channel: str = "platform") -> str:
    return (await workspace.command("sre", channel, "help")).response_url


async def test_a_command_is_answered_for_its_asker_alone_unless_said_otherwise(
    fast: Workspace, session: aiohttp.ClientSession
) -> None:
    hook = AsyncWebhookClient(await command_url(fast), session=session)
    answer = await hook.send(text="for you", response_type="ephemeral")
    await hook.send(text="for all", response_type="in_channel")
    assert (answer.status_code, answer.body) == (200, "ok")
    assert said(fast) == [(world.SRE, None, "for you", False), (None, None, "for all", False)]


async def test_the_sixth_answer_is_refused(fast: Workspace, session: aiohttp.ClientSession) -> None:
    hook = AsyncWebhookClient(await command_url(fast), session=session)
    codes = [(await hook.send(text=str(number))).status_code for number in range(6)]
    assert codes == [200, 200, 200, 200, 200, 404]
    assert [text for _, _, text, _ in said(fast)] == ["0", "1", "2", "3", "4"]


async def test_thirty_minutes_later_it_is_dead(
    fast: Workspace, session: aiohttp.ClientSession, clock: HandClock
) -> None:
    hook = AsyncWebhookClient(await command_url(fast), session=session)
    clock.pass_by(30 * 60)
    in_time = await hook.send(text="in time")
    clock.pass_by(0.1)
    late = await hook.send(text="late")
    assert (in_time.status_code, late.status_code, late.body) == (200, 404, '{"ok": false, "error": "expired_url"}')


async def test_a_made_up_one_is_refused(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    answer = await AsyncWebhookClient(f"{workspace.url}/actions/T1/abc", session=session).send(text="hi")
    assert answer.status_code == 404


async def test_it_works_where_the_bot_is_not_and_never_in_a_thread(
    fast: Workspace, session: aiohttp.ClientSession
) -> None:
    url = await command_url(fast, "secrets")
    async with session.post(url, json={"text": "hi", "thread_ts": "1.0"}) as answer:
        assert answer.status == 200
    assert said(fast) == [(world.SRE, None, "hi", False)]


async def test_an_answer_that_slack_would_not_take_is_refused(
    fast: Workspace, session: aiohttp.ClientSession
) -> None:
    hook = AsyncWebhookClient(await command_url(fast), session=session)
    bad: list[dict[str, object]] = [{"text": ""}, {"text": "x", "blocks": [{"type": "alert"}]}, {"colour": "red"}]
    answers = [await hook.send_dict(body) for body in bad]
    assert [(each.status_code, each.body) for each in answers] == [
        (400, '{"ok": false, "error": "no_text"}'),
        (400, '{"ok": false, "error": "invalid_blocks"}'),
        (400, '{"ok": false, "error": "invalid_arguments"}'),
    ]
    assert said(fast) == []


async def test_a_command_has_no_message_to_replace(fast: Workspace, session: aiohttp.ClientSession) -> None:
    hook = AsyncWebhookClient(await command_url(fast), session=session)
    answer = await hook.send(text="x", replace_original=True)
    assert (answer.status_code, answer.body) == (400, '{"ok": false, "error": "message_not_found"}')


@pytest.mark.parametrize("whispered", [True, False])
async def test_a_press_may_replace_or_delete_the_message_with_the_button(
    fast: Workspace, session: aiohttp.ClientSession, slack: AsyncWebClient, whispered: bool
) -> None:
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "elements": [button]}]
    post = {"channel": world.PLATFORM, "text": "press", "blocks": blocks}
    if whispered:
        await ask(slack, "chat.postEphemeral", **post, user=world.SRE)
    else:
        await ask(slack, "chat.postMessage", **post)
    delivery = await fast.press("sre", fast.messages()[0], "go")
    hook = AsyncWebhookClient(delivery.response_url, session=session)

    await hook.send(text="pressed", replace_original=True)
    await hook.send_dict({"delete_original": True})

    reader = world.SRE if whispered else None
    assert said(fast) == [(reader, None, "pressed", False), (reader, None, "pressed", True)]
    assert fast.messages() == ()
