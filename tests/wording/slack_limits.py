"""Slack's limits and rules of markup, written down a second time: an oracle without the code that it judges."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

OURS = re.compile(
    r"<(?:!date\^\d{1,11}\^\{(?:ago|time_secs|date_short_pretty\} \{time)\}\|[0-9: -]{1,20}UTC|https?://[^\s<>|]+\|[^<>|]+|@[UW][A-Z0-9]+)>"
)
"""All that may stand between angle brackets in a message of ours."""


def units(text: str) -> int:
    """Characters as a JavaScript client counts them."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def broken_limits(text: str, blocks: tuple[dict[str, object], ...]) -> list[str]:
    """Everything that Slack would refuse or cut."""
    found = [f"text {units(text)}"] if units(text) > 3_000 or not text.strip() else []
    if len(blocks) > 50:
        found.append(f"{len(blocks)} blocks")
    for index, block in enumerate(blocks):
        found += [f"/{index}: {each}" for each in _block(block)]
    ids = [action for block in blocks for action in _actions(block)]
    if len(ids) != len(set(ids)):
        found.append(f"action ids {ids}")
    return found


def _block(block: dict[str, object]) -> Iterator[str]:
    match block:
        case {"type": "section", "text": {"type": "mrkdwn", "text": str(text), "verbatim": True}}:
            if not 1 <= units(text) <= 3_000:
                yield f"section of {units(text)}"
        case {"type": "context", "elements": [{"type": "mrkdwn", "text": str(text), "verbatim": True}]}:
            if not 1 <= units(text) <= 3_000:
                yield f"context of {units(text)}"
        case {
            "type": "rich_text",
            "elements": [{"elements": [{"text": str(title)}]}, {"elements": [{"text": str(body)}]}],
        }:
            if not title or not 1 <= units(body) <= 3_000:
                yield f"passage of {units(body)}"
        case {"type": "actions", "elements": list(elements)}:
            if not 1 <= len(elements) <= 25:
                yield f"{len(elements)} buttons"
            for element in elements:
                yield from _button(element)
        case _:
            yield f"unknown block {block}"


def _button(element: object) -> Iterator[str]:
    match element:
        case {
            "type": "button",
            "action_id": str(action),
            "value": str(value),
            "text": {"type": "plain_text", "text": str(label)},
        }:
            if not (1 <= units(label) <= 75 and 1 <= len(value) <= 2_000 and 1 <= len(action) <= 255):
                yield f"button {action}"
        case _:
            yield f"no button {element}"


def _actions(block: dict[str, object]) -> list[str]:
    elements = block.get("elements")
    if block.get("type") != "actions" or not isinstance(elements, list):
        return []
    return [str(each.get("action_id")) for each in elements if isinstance(each, dict)]


def marked_texts(text: str, blocks: tuple[dict[str, object], ...]) -> list[str]:
    """Every text of a message that Slack parses."""
    return [text, *(each for block in blocks for each in _marked(block))]


def _marked(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield str(node.get("text"))
        for value in node.values():
            yield from _marked(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _marked(value)


def foreign_markup(text: str) -> list[str]:
    """What in a parsed text is active and not ours: pings, links, escapes that are none, hidden signs."""
    rest = OURS.sub("", text)
    found = re.findall(r"[<>]|&(?!amp;|lt;|gt;)", rest)
    found += re.findall(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", text
    )
    outside = re.sub(r"`[^`\n]+`", "", rest)
    found += re.findall(r"`|~|(?<![^\W_])_|_(?![^\W_])|:(?!\d\d:)[\w+'-]+:|@(?:here|channel|everyone)\b", outside)
    bold = re.sub(r"(?m)^\*[^*\n]+\*|(?<= )\*[^*\n]+\*(?= |$|:)|(?<= )\*#\d+\* ", "", outside)
    return found + re.findall(r"\*", bold) + re.findall(r"(?m)^\s*&gt;", outside)


def spoken(text: str) -> str:
    """A text without its markup, to compare what two places say."""
    text = re.sub(r"<[^<>|]*\|([^<>]*)>", r"\1", text)
    text = re.sub("[∗*`ˋ]", "", html.unescape(text)).replace("∼", "~").replace("ˍ", "_").replace("꞉", ":")
    return " ".join(text.replace("＠", "@").replace("›", ">").split())
