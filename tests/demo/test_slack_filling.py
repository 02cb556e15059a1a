"""Elements that are no buttons: menus, boxes, dates and texts, and what the bot is told of them."""

from collections.abc import Mapping
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import world
from bot.demo.slack.client import Impossible
from bot.demo.slack.workspace import Workspace
from tests.demo.asking import ask

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def impatient(workspace: Workspace) -> None:
    """Without a bot nobody waits three seconds."""
    workspace.knobs.ack_within = 0.1


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(name: str) -> Json:
    return {"text": plain(name), "value": name}


BOTH = [option("demo"), option("edge")]
ELEMENTS: Mapping[str, Json] = {
    "static_select": {"options": BOTH, "placeholder": plain("Which one")},
    "overflow": {"options": BOTH},
    "radio_buttons": {"options": BOTH},
    "checkboxes": {"options": BOTH},
    "users_select": {},
    "channels_select": {},
    "conversations_select": {},
    "datepicker": {},
    "timepicker": {},
    "datetimepicker": {},
}
SAID: Mapping[str, Json] = {
    "static_select": {"selected_option": BOTH[1]},
    "overflow": {"selected_option": BOTH[0]},
    "radio_buttons": {"selected_option": BOTH[0]},
    "checkboxes": {"selected_options": BOTH},
    "users_select": {"selected_user": world.DEV},
    "channels_select": {"selected_channel": world.RANDOM},
    "conversations_select": {"selected_conversation": world.RANDOM},
    "datepicker": {"selected_date": "2026-11-24"},
    "timepicker": {"selected_time": "12:30"},
    "datetimepicker": {"selected_date_time": 1767225600},
}


async def post(slack: AsyncWebClient, *kinds: str) -> None:
    elements = [{"type": kind, "action_id": kind, **ELEMENTS[kind]} for kind in kinds]
    blocks = [{"type": "actions", "block_id": "b", "elements": elements}]
    await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="choose", blocks=blocks)


@pytest.mark.parametrize("kind", ELEMENTS)
async def test_each_element_tells_what_it_says_now(workspace: Workspace, slack: AsyncWebClient, kind: str) -> None:
    await post(slack, kind)
    (message,) = workspace.messages()
    delivery = await workspace.fill("sre", message, kind, SAID[kind])
    told: Json = dict(delivery.payload)
    (action,) = told["actions"]
    kept = {name: each for name, each in ELEMENTS[kind].items() if name == "placeholder"}
    del action["action_ts"]
    assert action == {"type": kind, "action_id": kind, "block_id": "b", **kept, **SAID[kind]}
    assert told["container"]["message_ts"] == message.ts


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("static_select", {"selected_option": option("moon")}),
        ("static_select", {"selected_option": {**BOTH[0], "text": plain("other")}}),
        ("static_select", {"selected_options": BOTH}),
        ("static_select", {}),
        ("static_select", {"selected_option": BOTH[0], "value": "x"}),
        ("checkboxes", {"selected_options": [BOTH[0], option("moon")]}),
        ("checkboxes", {"selected_options": BOTH[0]}),
        ("datepicker", {"selected_time": "12:30"}),
    ],
)
async def test_nothing_says_what_it_does_not_offer(
    workspace: Workspace, slack: AsyncWebClient, kind: str, state: Json
) -> None:
    await post(slack, kind)
    (message,) = workspace.messages()
    with pytest.raises(Impossible, match="cannot say"):
        await workspace.fill("sre", message, kind, state)
    assert workspace.deliveries == []


async def test_a_button_is_pressed_and_not_filled_in(workspace: Workspace, slack: AsyncWebClient) -> None:
    button = {"type": "button", "action_id": "go", "text": plain("Go")}
    blocks = [{"type": "actions", "elements": [button]}]
    await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="go", blocks=blocks)
    (message,) = workspace.messages()
    with pytest.raises(Impossible):
        await workspace.fill("sre", message, "go", {"value": "x"})


async def test_an_element_of_a_modal_tells_at_once_with_what_else_is_filled_in(
    workspace: Workspace, slack: AsyncWebClient
) -> None:
    select = {"type": "static_select", "action_id": "which", "options": BOTH, "placeholder": plain("Which one")}
    blocks = [{"type": "actions", "block_id": "b", "elements": [select]}]
    trigger = workspace.site.triggers.issue(world.SRE)
    view = {"type": "modal", "title": plain("Form"), "blocks": blocks}
    await ask(slack, "views.open", trigger_id=trigger, view=view)
    (shown,) = workspace.views_of("sre")
    values = {"why": {"words": {"type": "plain_text_input", "value": "because"}}}
    delivery = await workspace.fill_in_view("sre", shown, "which", {"selected_option": BOTH[1]}, values)
    told: Json = dict(delivery.payload)
    assert told["view"]["state"]["values"] == values
    assert told["actions"][0]["selected_option"] == BOTH[1]
    with pytest.raises(Impossible):
        await workspace.fill_in_view("dev", shown, "which", {"selected_option": BOTH[1]})
