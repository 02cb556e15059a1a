"""Which blocks go where, and their limits (docs/slack.md). What Slack refuses is refused here."""

from collections.abc import Iterator, Sequence
from enum import Enum
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
from bot.demo.slack.elements import (
    ACCESSORIES,
    ACTIONS,
    ID,
    IMAGE,
    IMAGE_URL,
    INPUTS,
    URL,
    action_ids_differ,
    plain,
    written,
)
from bot.demo.slack.richtext import RICH_TEXT
from bot.demo.slack.shapes import Json, as_list, as_objects, as_text

MARKDOWN_IN_ALL: Final = 12_000
TABLE_CHARACTERS: Final = 10_000
TABLES: Final = ("table", "data_table")


class Surface(Enum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"

    @property
    def most(self) -> int:
        """How many blocks fit."""
        return 50 if self is Surface.MESSAGE else 100


def _block(name: str, required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return shape({"type": one_of(name), **required}, {"block_id": ID, **(optional or {})})


def _text_or_fields(value: object, pointer: str) -> Iterator[str]:
    block = value if isinstance(value, dict) else {}
    if block.get("text") is None and block.get("fields") is None:
        yield complaint("missing required field: text or fields", pointer)


def _table_fits(value: object, pointer: str) -> Iterator[str]:
    rows = as_list(value.get("rows")) if isinstance(value, dict) else None
    size = sum(len(text) for text in _texts(rows))
    if size > TABLE_CHARACTERS:
        yield complaint(f"must be less than {TABLE_CHARACTERS + 1} characters", f"{pointer}/rows")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield as_text(value.get("text"))
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)


SECTION: Final = both(
    _block(
        "section",
        {},
        {
            "text": written(3000),
            "fields": array(written(2000), 10),
            "accessory": by_type(ACCESSORIES, "unsupported type"),
            "expand": boolean,
        },
    ),
    _text_or_fields,
)
_CONTEXT_PART: Final = by_type(
    {"image": IMAGE, "mrkdwn": written(3000), "plain_text": written(3000)}, "unsupported type"
)
_RAW_CELL: Final = shape({"type": one_of("raw_text"), "text": string(TABLE_CHARACTERS)})
_CELL: Final = by_type({"raw_text": _RAW_CELL, "rich_text": RICH_TEXT}, "unsupported type")
_COLUMN: Final = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})
_TASK: Final = {
    "task_id": ID,
    "title": string(255),
    "status": one_of("pending", "in_progress", "complete", "error"),
    "details": RICH_TEXT,
    "output": RICH_TEXT,
    "sources": array(anything, 50, 0),
}

_CARD: Final = ("title", "subtitle", "body", "actions", "hero_image", "icon")
_CONTAINER: Final = ("title", "elements", "blocks", "is_collapsible", "default_collapsed", "border", "width")

_EVERYWHERE: Final[dict[str, Check]] = {
    "section": SECTION,
    "header": _block("header", {"text": plain(150)}, {"level": integer(1, 6)}),
    "divider": _block("divider", {}),
    "image": _block(
        "image",
        {"alt_text": string(2000)},
        {"image_url": IMAGE_URL, "slack_file": anything, "title": plain(2000)},
    ),
    "context": _block("context", {"elements": array(_CONTEXT_PART, 10)}),
    "actions": both(
        _block("actions", {"elements": array(by_type(ACTIONS, "unsupported type"), 25)}), action_ids_differ
    ),
    "rich_text": RICH_TEXT,
    "video": _block(
        "video",
        {"alt_text": string(2000), "title": plain(199), "thumbnail_url": IMAGE_URL, "video_url": URL},
        {"title_url": URL, "description": plain(200), "author_name": string(50), "provider_name": string(50)},
    ),
}
_INPUT: Final = both(
    _block(
        "input",
        {"label": plain(2000), "element": by_type(INPUTS, "unsupported type")},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    action_ids_differ,
)
_TABLE: Final = both(
    _block("table", {"rows": array(array(_CELL, 20), 100)}, {"column_settings": array(_COLUMN, 20, 0)}),
    _table_fits,
)
_MESSAGES_ONLY: Final[dict[str, Check]] = {
    "markdown": _block("markdown", {"text": string(MARKDOWN_IN_ALL)}),
    "table": _TABLE,
    "task_card": _block("task_card", {"task_id": ID, "title": string(255)}, _TASK),
    "plan": _block("plan", {"title": string(255)}, {"tasks": array(anything, 50, 0)}),
    "card": _block("card", {}, dict.fromkeys(_CARD, anything)),
    "context_actions": both(_block("context_actions", {"elements": array(anything, 5)}), action_ids_differ),
    "container": _block("container", {}, dict.fromkeys(_CONTAINER, anything)),
    "carousel": _block("carousel", {"elements": array(anything, 10)}),
    "data_table": anything,
    "data_visualization": anything,
    "input": _INPUT,
    "file": _block("file", {"external_id": ID, "source": one_of("remote")}),
}
_BY_SURFACE: Final = {
    Surface.MESSAGE: by_type({**_EVERYWHERE, **_MESSAGES_ONLY}, "unsupported type"),
    Surface.MODAL: by_type({**_EVERYWHERE, "input": _INPUT, "alert": anything}, "unsupported type"),
    Surface.HOME: by_type({**_EVERYWHERE, "input": _INPUT}, "unsupported type"),
}


def complaints(blocks: object, surface: Surface, pointer: str = "/blocks") -> tuple[str, ...]:
    """Everything that Slack would object to, in the order of the blocks; nothing if it takes them."""
    whole = array(_BY_SURFACE[surface], surface.most, 0)
    found = (*whole(blocks, pointer), *_across(as_objects(blocks), pointer))
    return tuple(found)


def _across(blocks: Sequence[Json], pointer: str) -> Iterator[str]:
    """Rules that no block breaks alone."""
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        name = as_text(block.get("block_id"))
        if name and name in seen:
            yield complaint(f"`block_id` {name} already exists", f"{pointer}/{index}/block_id")
        seen.add(name)
    if sum(block.get("type") in TABLES for block in blocks) > 1:
        yield complaint("only_one_table_allowed", pointer)
    written_down = sum(len(as_text(b.get("text"))) for b in blocks if b.get("type") == "markdown")
    if written_down > MARKDOWN_IN_ALL:
        yield complaint(f"markdown must be less than {MARKDOWN_IN_ALL + 1} characters in all", pointer)
