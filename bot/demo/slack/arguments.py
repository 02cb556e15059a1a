"""The arguments of one call: query, form and JSON bodies merged, checked, and read by type."""

import json
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from bot.demo.slack.answers import Refused
from bot.demo.slack.checks import complaint
from bot.demo.slack.shapes import Json

FLAGS: Final = frozenset(
    {
        "as_user",
        "delete_original",
        "exclude_archived",
        "exclude_muted",
        "include_count",
        "include_disabled",
        "include_locale",
        "include_num_members",
        "include_users",
        "link_names",
        "mrkdwn",
        "prevent_creation",
        "replace_original",
        "reply_broadcast",
        "return_im",
        "unfurl_links",
        "unfurl_media",
    }
)
NUMBERS: Final = frozenset({"limit"})
NESTED: Final = frozenset({"attachments", "blocks", "loading_messages", "metadata", "view"})
ALWAYS: Final = frozenset({"token", "team_id"})
"""Taken by every method: Bolt adds the team to each call."""

_WORDS: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}


class Arguments:
    """One call's arguments. An argument that is null counts as left out."""

    def __init__(self, given: Json) -> None:
        self.given = {name: value for name, value in given.items() if value is not None}

    def has(self, name: str) -> bool:
        """Whether the argument was given at all."""
        return name in self.given

    def text(self, name: str) -> str:
        """A string; empty if it was left out."""
        value = self.given.get(name, "")
        return value if isinstance(value, str) else str(value)

    def optional(self, name: str) -> str | None:
        """A string; None if it was left out or is empty."""
        return self.text(name) or None

    def flag(self, name: str) -> bool:
        """A boolean; False if it was left out."""
        value = self.given.get(name, False)
        return value if isinstance(value, bool) else _WORDS.get(str(value), False)

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        return int(self.text(name)) if self.has(name) else default

    def nested(self, name: str) -> object:
        """What JSON the argument holds, whether it came as JSON or as a string of it; None if left out."""
        value = self.given.get(name)
        return json.loads(value or "null") if isinstance(value, str) else value

    def complaints(self, required: frozenset[str], optional: frozenset[str]) -> Refused | None:
        """`invalid_arguments` with a line for each argument that is missing, unknown or of a wrong type."""
        known = required | optional | ALWAYS
        lines = [
            *(complaint(f"missing required field: {name}", "/") for name in sorted(required - set(self.given))),
            *(complaint(f"unknown argument: {name}", "/") for name in self.given if name not in known),
            *(complaint(_wanted(name), f"/{name}") for name in self.given if not self._fits(name)),
        ]
        return Refused("invalid_arguments", tuple(lines)) if lines else None

    def _fits(self, name: str) -> bool:
        value = self.given[name]
        if name in FLAGS:
            return isinstance(value, bool) or str(value) in _WORDS
        if name in NUMBERS:
            return str(value).isdecimal()
        if name in NESTED:
            return not isinstance(value, str) or _is_json(value)
        return isinstance(value, str)


def _wanted(name: str) -> str:
    if name in FLAGS:
        return "must be a boolean"
    if name in NUMBERS:
        return "must be a number"
    return "must be valid JSON" if name in NESTED else "must be a string"


def _is_json(value: str) -> bool:
    try:
        json.loads(value or "null")
    except ValueError:
        return False
    return True


async def read_arguments(request: web.Request) -> Arguments | Refused:
    """Everything that a request brings, the body winning over the query."""
    given: dict[str, object] = dict(request.query)
    if request.content_type == "application/json":
        raw = await request.text()
        try:
            body = json.loads(raw or "{}")
        except ValueError:
            return Refused("invalid_json")
        if not isinstance(body, dict):
            return Refused("json_not_object")
        given.update(body)
    elif request.can_read_body:
        given.update({name: value for name, value in (await request.post()).items() if isinstance(value, str)})
    return Arguments(given)
