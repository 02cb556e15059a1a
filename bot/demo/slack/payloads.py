"""What Slack sends when people do something: commands, presses, events, forms (docs/slack.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.demo.slack.messages import message_json
from bot.demo.slack.modals import View, as_payload
from bot.demo.slack.shapes import Json, as_list, as_objects, as_text
from bot.demo.slack.state import MessageState, with_ids
from bot.demo.slack.world import APP, BOT_USER, TEAM, TEAM_DOMAIN, Channel, Person

VERIFICATION: Final = "deprecated-verification-token"
"""Slack still sends one; nobody should believe it or log it."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What every payload says: who, the trigger that it earns, when (as a ts), and where to answer if anywhere."""

    person: Person
    trigger_id: str
    ts: str
    response_url: str = ""


def slash_command(deed: Deed, channel: Channel, command: str, text: str) -> dict[str, object]:
    """The flat form of a command: no thread, no message, and a boolean that is a word."""
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": shown_name(channel),
        "user_id": deed.person.id,
        "user_name": deed.person.name,
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": deed.response_url,
        "trigger_id": deed.trigger_id,
    }


def press_on_message(deed: Deed, channel: Channel, message: MessageState, action: Json) -> dict[str, object]:
    """A press on a message; of an ephemeral one Slack does not say what it says."""
    ephemeral = message.only_for is not None
    container: dict[str, object] = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": ephemeral,
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    payload = {
        **_interaction("block_actions", deed),
        "container": container,
        "channel": {"id": channel.id, "name": shown_name(channel)},
        "state": {"values": {}},
        "response_url": deed.response_url,
        "actions": [{**action, "action_ts": deed.ts}],
    }
    return payload if ephemeral else {**payload, "message": message_json(message)}


def press_on_view(deed: Deed, view: View, values: Json, action: Json) -> dict[str, object]:
    """A press in a modal or a home."""
    return {
        **_interaction("block_actions", deed),
        "container": {"type": "view", "view_id": view.id},
        "view": as_payload(view, values),
        "actions": [{**action, "action_ts": deed.ts}],
    }


def view_submission(deed: Deed, view: View, values: Json) -> dict[str, object]:
    """A modal that was sent off."""
    return {
        **_interaction("view_submission", deed),
        "view": as_payload(view, values),
        "response_urls": [],
    }


def view_closed(deed: Deed, view: View, *, cleared: bool) -> dict[str, object]:
    """A modal that was closed without sending it off."""
    shown = {**_interaction("view_closed", deed), "view": as_payload(view), "is_cleared": cleared}
    del shown["trigger_id"]
    return shown


def event(event_id: str, when: float, body: Json, *, shared: bool = False) -> dict[str, object]:
    """The wrapping of any event."""
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": body,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(when),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{event_id}",
    }


def app_mention(person: Person, message: MessageState) -> dict[str, object]:
    """Somebody called the bot by name; the thread is named if it was said in one."""
    body: dict[str, object] = {
        "type": "app_mention",
        "user": person.id,
        "ts": message.ts,
        "client_msg_id": f"00000000-0000-4000-8000-{message.ts.replace('.', '')[-12:]}",
        "text": message.text,
        "team": TEAM,
        "user_team": person.team,
        "source_team": person.team,
        "channel": message.channel,
        "event_ts": message.ts,
    }
    return body if message.thread_ts is None else {**body, "thread_ts": message.thread_ts}


def shown_name(channel: Channel) -> str:
    """The channel's name, or the word that stands for it where the bot is not to know."""
    if channel.direct:
        return "directmessage"
    return "privategroup" if channel.is_private and BOT_USER not in channel.members else channel.name


def find_action(blocks: tuple[Json, ...], seed: str, action_id: str, block_id: str | None) -> Json | None:
    """The element with this action_id, as an interaction names it; None if no block holds it."""
    for block in with_ids(blocks, seed):
        for element in _interactive(block):
            if element.get("action_id") == action_id and block_id in (None, block.get("block_id")):
                return {**element, "block_id": block.get("block_id")}
    return None


def chosen(action: Json, value: str) -> Json | None:
    """A select with one of its options chosen; None if it has no such option."""
    options = [*as_objects(action.get("options"))]
    for group in as_objects(action.get("option_groups")):
        options.extend(as_objects(group.get("options")))
    picked = next((option for option in options if option.get("value") == value), None)
    kept = ("type", "action_id", "block_id", "placeholder")
    return picked and {**{name: action[name] for name in kept if name in action}, "selected_option": picked}


def filled(element: Json, state: Json) -> Json | None:
    """Any element but a button, as its payload names it once it says `state`; None if it cannot say that.

    Options are chosen whole, as the element offers them: an app is never told of one that it did not offer.
    """
    allowed = _SAYS.get(as_text(element.get("type")))
    if allowed is None or set(state) != {allowed}:
        return None
    given = state[allowed]
    if allowed.startswith("selected_option"):
        offered = [*as_objects(element.get("options"))]
        for group in as_objects(element.get("option_groups")):
            offered.extend(as_objects(group.get("options")))
        chosen_ones = as_list(given) if allowed.endswith("s") else (given,)
        if chosen_ones is None or not all(each in offered for each in chosen_ones):
            return None
    kept = ("type", "action_id", "block_id", "placeholder")
    return {**{name: element[name] for name in kept if name in element}, **state}


_SAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "static_select": "selected_option",
        "overflow": "selected_option",
        "radio_buttons": "selected_option",
        "checkboxes": "selected_options",
        "multi_static_select": "selected_options",
        "users_select": "selected_user",
        "multi_users_select": "selected_users",
        "channels_select": "selected_channel",
        "multi_channels_select": "selected_channels",
        "conversations_select": "selected_conversation",
        "multi_conversations_select": "selected_conversations",
        "datepicker": "selected_date",
        "timepicker": "selected_time",
        "datetimepicker": "selected_date_time",
        "plain_text_input": "value",
    }
)
"""The one field of a payload that holds what each element says (docs/slack.md)."""


def as_action(element: Json) -> Json:
    """A button as its press names it: what it looks like on screen only, Slack does not repeat."""
    kept = ("type", "action_id", "block_id", "text", "value", "style", "url", "confirm")
    return {name: element[name] for name in kept if name in element}


def _interactive(block: Json) -> tuple[Json, ...]:
    inside = (*as_objects(block.get("elements")), *as_objects([block.get("accessory"), block.get("element")]))
    return tuple(element for element in inside if as_text(element.get("action_id")))


def _interaction(kind: str, deed: Deed) -> dict[str, object]:
    person = deed.person
    user: Mapping[str, object] = {
        "id": person.id,
        "username": person.name,
        "name": person.name,
        "team_id": person.team,
    }
    return {
        "type": kind,
        "user": user,
        "api_app_id": APP,
        "token": VERIFICATION,
        "trigger_id": deed.trigger_id,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }
