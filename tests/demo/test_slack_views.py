"""Modals and homes, and the triggers that open them."""

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import world
from bot.demo.slack.client import Impossible
from bot.demo.slack.workspace import Workspace
from tests.demo.asking import ask, refusal
from tests.demo.handclock import HandClock

Json = dict[str, object]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


QUESTION = {
    "type": "input",
    "block_id": "why",
    "label": plain("Why"),
    "element": {"type": "plain_text_input", "action_id": "words"},
}
BUTTON = {
    "type": "actions",
    "block_id": "buttons",
    "elements": [{"type": "button", "action_id": "more", "text": plain("More"), "value": "v"}],
}


def modal(title: object = "Form", **fields: object) -> Json:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(str(title)),
        "submit": plain("Send"),
        "blocks": [QUESTION, BUTTON],
        **fields,
    }


HOME = {"type": "home", "blocks": [BUTTON]}


def trigger(workspace: Workspace, user: str = world.SRE, view: str | None = None) -> str:
    return workspace.site.triggers.issue(user, view)


async def test_a_trigger_opens_one_modal_once(slack: AsyncWebClient, workspace: Workspace) -> None:
    spent = trigger(workspace)
    answer = await ask(slack, "views.open", trigger_id=spent, view=modal())
    assert [view.id for view in workspace.views_of("sre")] == [answer["view"]["id"]]
    assert workspace.views_of("dev") == ()
    assert await refusal(ask(slack, "views.open", trigger_id=spent, view=modal())) == "exchanged_trigger_id"
    assert await refusal(ask(slack, "views.open", trigger_id="1.2.3", view=modal())) == "invalid_trigger_id"


async def test_a_trigger_lives_three_seconds(slack: AsyncWebClient, workspace: Workspace, clock: HandClock) -> None:
    first, second = trigger(workspace), trigger(workspace)
    clock.pass_by(3)
    await ask(slack, "views.open", trigger_id=first, view=modal())
    clock.pass_by(0.01)
    assert await refusal(ask(slack, "views.open", trigger_id=second, view=modal())) == "expired_trigger_id"


async def test_a_view_that_slack_would_not_take_is_refused_and_keeps_the_trigger(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    kept = trigger(workspace)
    with pytest.raises(SlackApiError) as caught:
        await ask(slack, "views.open", trigger_id=kept, view=modal(title="x" * 25))
    assert caught.value.response.data == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {
            "messages": ["[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"]
        },
    }
    await ask(slack, "views.open", trigger_id=kept, view=modal())


async def test_three_modals_stack_and_a_fourth_does_not(slack: AsyncWebClient, workspace: Workspace) -> None:
    top = (await ask(slack, "views.open", trigger_id=trigger(workspace), view=modal("1")))["view"]
    root = top["id"]
    for title in ("2", "3"):
        pushed = trigger(workspace, view=top["id"])
        top = (await ask(slack, "views.push", trigger_id=pushed, view=modal(title)))["view"]
    assert (top["root_view_id"], top["previous_view_id"]) == (root, workspace.views_of("sre")[1].id)
    fourth = ask(slack, "views.push", trigger_id=trigger(workspace, view=top["id"]), view=modal("4"))
    assert await refusal(fourth) == "push_limit_reached"
    nowhere = ask(slack, "views.push", trigger_id=trigger(workspace), view=modal("5"))
    assert await refusal(nowhere) == "not_found"


async def test_an_update_needs_the_newest_hash_if_it_brings_one(slack: AsyncWebClient, workspace: Workspace) -> None:
    opened = (await ask(slack, "views.open", trigger_id=trigger(workspace), view=modal(external_id="mine")))["view"]
    place = {"view_id": opened["id"], "hash": opened["hash"]}
    await ask(slack, "views.update", **place, view=modal("Second", external_id="mine"))
    assert await refusal(ask(slack, "views.update", **place, view=modal("Third"))) == "hash_conflict"
    await ask(slack, "views.update", external_id="mine", view=modal("Fourth", external_id="mine"))
    assert [view.content["title"] for view in workspace.views_of("sre")] == [plain("Fourth")]
    assert await refusal(ask(slack, "views.update", view_id="V0NOWHERE01", view=modal())) == "not_found"


async def test_two_open_views_cannot_share_a_name(slack: AsyncWebClient, workspace: Workspace) -> None:
    await ask(slack, "views.open", trigger_id=trigger(workspace), view=modal(external_id="mine"))
    again = ask(slack, "views.open", trigger_id=trigger(workspace, world.DEV), view=modal(external_id="mine"))
    assert await refusal(again) == "duplicate_external_id"


async def test_a_view_has_at_most_250_kilobytes(slack: AsyncWebClient, workspace: Workspace) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}
    big = ask(slack, "views.open", trigger_id=trigger(workspace), view=modal(blocks=[section] * 90))
    assert await refusal(big) == "view_too_large"


async def test_a_home_is_published_per_person(slack: AsyncWebClient, workspace: Workspace) -> None:
    first = (await ask(slack, "views.publish", user_id=world.DEV, view=HOME))["view"]
    second = (await ask(slack, "views.publish", user_id=world.DEV, view=HOME, hash=first["hash"]))["view"]
    assert second["id"] == first["id"]
    stale = ask(slack, "views.publish", user_id=world.DEV, view=HOME, hash=first["hash"])
    assert await refusal(stale) == "hash_conflict"
    assert await refusal(ask(slack, "views.publish", user_id="U0NOBODY001", view=HOME)) == "missing_profile_id"
    assert await refusal(ask(slack, "views.publish", user_id=world.DEV, view=modal())) == "invalid_arguments"
    assert workspace.home_of("sre") is None
    home = workspace.home_of("dev")
    assert home is not None
    assert home.id == first["id"]


async def opened(slack: AsyncWebClient, workspace: Workspace, **fields: object) -> None:
    await ask(slack, "views.open", trigger_id=trigger(workspace), view=modal(**fields))


async def test_a_submission_carries_what_was_filled_in_and_closes_the_modal(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard: list[Json] = []

    @app.view("form")
    async def listen(ack: AsyncAck, view: Json, body: Json) -> None:
        await ack()
        heard.append({"values": view["state"], "type": body["type"], "metadata": view["private_metadata"]})

    await opened(slack, workspace, private_metadata="m")
    values = {"why": {"words": {"type": "plain_text_input", "value": "because"}}}
    delivery = await workspace.submit_view("sre", workspace.views_of("sre")[0], values)

    assert delivery.error is None
    await workspace.wait_for(lambda: heard)
    assert heard == [{"values": {"values": values}, "type": "view_submission", "metadata": "m"}]
    assert workspace.views_of("sre") == ()


async def test_a_submission_with_errors_stays_and_shows_them(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    @app.view("form")
    async def listen(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"why": "too short"})

    await opened(slack, workspace)
    await workspace.submit_view("sre", workspace.views_of("sre")[0])
    assert [view.errors for view in workspace.views_of("sre")] == [{"why": "too short"}]


@pytest.mark.parametrize(
    ("wish", "titles"),
    [("update", ["New"]), ("push", ["Form", "New"]), ("clear", [])],
)
async def test_the_ack_of_a_submission_changes_the_stack_as_it_wishes(
    app: AsyncApp,
    connected: AsyncSocketModeHandler,
    workspace: Workspace,
    slack: AsyncWebClient,
    wish: str,
    titles: list[str],
) -> None:
    @app.view("form")
    async def listen(ack: AsyncAck) -> None:
        if wish == "clear":
            await ack(response_action="clear")
        else:
            await ack(response_action=wish, view=modal("New"))

    await opened(slack, workspace)
    await workspace.submit_view("sre", workspace.views_of("sre")[0])
    assert [view.content["title"] for view in workspace.views_of("sre")] == [plain(title) for title in titles]


async def test_closing_tells_the_bot_only_if_it_asked_to_know(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard: list[object] = []

    @app.view_closed("form")
    async def listen(ack: AsyncAck, body: Json) -> None:
        await ack()
        heard.append(body["is_cleared"])

    await opened(slack, workspace)
    assert await workspace.close_view("sre", workspace.views_of("sre")[0]) is None
    await opened(slack, workspace, notify_on_close=True)
    closed = await workspace.close_view("sre", workspace.views_of("sre")[0])
    assert closed is not None
    assert closed.error is None
    await workspace.wait_for(lambda: heard)
    assert heard == [False]
    assert workspace.views_of("sre") == ()


async def test_a_press_in_a_modal_names_the_view_and_no_channel(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, slack: AsyncWebClient
) -> None:
    heard: list[Json] = []

    @app.action("more")
    async def listen(ack: AsyncAck, body: Json) -> None:
        await ack()
        heard.append(body)

    await opened(slack, workspace)
    view = workspace.views_of("sre")[0]
    await workspace.press_in_view("sre", view, "more")
    await workspace.wait_for(lambda: heard)
    assert heard[0]["container"] == {"type": "view", "view_id": view.id}
    assert "channel" not in heard[0]
    assert "response_url" not in heard[0]
    with pytest.raises(Impossible):
        await workspace.press_in_view("sre", view, "less")
    with pytest.raises(Impossible):
        await workspace.press_in_view("dev", view, "more")
