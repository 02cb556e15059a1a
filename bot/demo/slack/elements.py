"""Buttons, selects, inputs and the small objects inside them: what Slack takes (docs/slack.md)."""

from collections.abc import Iterator
from typing import Final

from bot.demo.slack.checks import (
    Check,
    anything,
    array,
    boolean,
    both,
    by_type,
    complaint,
    integer,
    one_of,
    shape,
    string,
)
from bot.demo.slack.shapes import Json, as_list, as_objects, as_text

ID: Final = string(255)
URL: Final = string(3000, pattern=r"(?s)https?://.*|mailto:.*")
IMAGE_URL: Final = string(3000, pattern=r"(?s)https?://.*")


def plain(most: int, least: int = 1) -> Check:
    """A `plain_text` object."""
    required = {"type": one_of("plain_text"), "text": string(most, least)}
    return shape(required, {"emoji": boolean})


def written(most: int, least: int = 1) -> Check:
    """A `mrkdwn` or `plain_text` object."""
    text = string(most, least)
    mrkdwn = shape({"type": one_of("mrkdwn"), "text": text}, {"verbatim": boolean})
    return by_type({"mrkdwn": mrkdwn, "plain_text": plain(most, least)}, "unsupported type")


CONFIRM: Final = shape(
    {"title": plain(100), "text": written(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
STYLE: Final = one_of("primary", "danger")
OPTION: Final = shape({"text": written(75), "value": string(150)}, {"description": written(75), "url": URL})
OPTIONS: Final = array(OPTION, 100)
GROUPS: Final = array(shape({"label": plain(75), "options": OPTIONS}), 100)
FILTER: Final = shape(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
DISPATCH: Final = shape({}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 2)})

_FOCUS: Final = {"action_id": ID, "focus_on_load": boolean}
_ASKING: Final = {**_FOCUS, "confirm": CONFIRM}
_SELECT: Final = {**_ASKING, "placeholder": plain(150)}


def _options_or_groups(value: object, pointer: str) -> Iterator[str]:
    element = value if isinstance(value, dict) else {}
    if (element.get("options") is None) == (element.get("option_groups") is None):
        yield complaint("must have either options or option_groups", pointer)


def _kind(name: str, required: dict[str, Check], optional: dict[str, Check]) -> Check:
    return shape({"type": one_of(name), **required}, optional)


def _selects(prefix: str, *, plural: bool) -> dict[str, Check]:
    """The five selects, for one choice or, prefixed, for several."""
    many = {"max_selected_items": integer(1, 100)} if plural else {"response_url_enabled": boolean}
    some = (lambda each: array(each, 100)) if plural else (lambda each: each)
    ending = "s" if plural else ""
    static = {
        "options": OPTIONS,
        "option_groups": GROUPS,
        f"initial_option{ending}": some(OPTION),
        **many,
    }
    return {
        f"{prefix}static_select": both(
            _kind(f"{prefix}static_select", {}, {**_SELECT, **static}), _options_or_groups
        ),
        f"{prefix}external_select": _kind(
            f"{prefix}external_select",
            {},
            {
                **_SELECT,
                **many,
                "min_query_length": integer(0, 100),
                f"initial_option{ending}": some(OPTION),
            },
        ),
        f"{prefix}users_select": _kind(
            f"{prefix}users_select", {}, {**_SELECT, **many, f"initial_user{ending}": some(ID)}
        ),
        f"{prefix}conversations_select": _kind(
            f"{prefix}conversations_select",
            {},
            {
                **_SELECT,
                **many,
                f"initial_conversation{ending}": some(ID),
                "default_to_current_conversation": boolean,
                "filter": FILTER,
            },
        ),
        f"{prefix}channels_select": _kind(
            f"{prefix}channels_select", {}, {**_SELECT, **many, f"initial_channel{ending}": some(ID)}
        ),
    }


BUTTON: Final = _kind(
    "button",
    {"text": plain(75)},
    {
        **_ASKING,
        "value": string(2000),
        "url": URL,
        "style": STYLE,
        "accessibility_label": string(75),
        "visible_to_user_ids": array(ID, 100),
    },
)
OVERFLOW: Final = _kind("overflow", {"options": array(OPTION, 5)}, {"action_id": ID, "confirm": CONFIRM})
RADIO: Final = _kind("radio_buttons", {"options": array(OPTION, 10)}, {**_ASKING, "initial_option": OPTION})
CHECKBOXES: Final = _kind(
    "checkboxes", {"options": array(OPTION, 10)}, {**_ASKING, "initial_options": array(OPTION, 10)}
)
IMAGE: Final = _kind("image", {"image_url": IMAGE_URL, "alt_text": string(2000)}, {})
PICKERS: Final = {
    "datepicker": _kind("datepicker", {}, {**_SELECT, "initial_date": string(10)}),
    "timepicker": _kind("timepicker", {}, {**_SELECT, "initial_time": string(5), "timezone": string(100)}),
    "datetimepicker": _kind("datetimepicker", {}, {**_ASKING, "initial_date_time": integer(0, 9_999_999_999)}),
}
TEXT_INPUT: Final = _kind(
    "plain_text_input",
    {},
    {
        **_FOCUS,
        "placeholder": plain(150),
        "initial_value": string(3000, 0),
        "multiline": boolean,
        "min_length": integer(0, 3000),
        "max_length": integer(1, 3000),
        "dispatch_action_config": DISPATCH,
    },
)
SELECTS: Final = {**_selects("", plural=False), **_selects("multi_", plural=True)}

ACTIONS: Final = {
    "button": BUTTON,
    "overflow": OVERFLOW,
    "radio_buttons": RADIO,
    "checkboxes": CHECKBOXES,
    "workflow_button": anything,
    **PICKERS,
    **_selects("", plural=False),
}
"""What an `actions` block may hold."""

ACCESSORIES: Final = {**ACTIONS, **SELECTS, "image": IMAGE}
"""What may stand beside a section."""

INPUTS: Final = {
    "plain_text_input": TEXT_INPUT,
    "radio_buttons": RADIO,
    "checkboxes": CHECKBOXES,
    **PICKERS,
    **SELECTS,
}
"""What an `input` block may hold."""


def action_ids_differ(value: object, pointer: str) -> Iterator[str]:
    """No two elements of one block may share an action_id."""
    seen: set[str] = set()
    for path, element in _elements(value if isinstance(value, dict) else {}):
        action = as_text(element.get("action_id"))
        if action and action in seen:
            yield complaint(f"`action_id` {action} already exists", f"{pointer}{path}/action_id")
        seen.add(action)


def _elements(block: Json) -> Iterator[tuple[str, Json]]:
    for index, element in enumerate(as_list(block.get("elements")) or ()):
        if isinstance(element, dict):
            yield f"/elements/{index}", element
    for name in ("accessory", "element"):
        for element in as_objects([block.get(name)]):
            yield f"/{name}", element
