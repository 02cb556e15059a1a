"""Slack's markup as a client shows it, in plain text: what a person reads, for terminals and documents."""

import re
from typing import Final

from bot.demo.slack.world import CHANNELS, GROUPS, PEOPLE, TEAM_DOMAIN

_ACTIVE: Final = re.compile(r"<([^<>\n]+)>")
_DATE: Final = re.compile(r"!date\^\d+\^[^|]*\|(.*)")
"""A client shows a date in the reader's own zone; the fallback is the one form that all readers share."""
_GROUP: Final = re.compile(r"!subteam\^(\w+)(?:\|(.*))?")
_CALL: Final = re.compile(r"!(here|channel|everyone)(?:\|.*)?")
_PERSON: Final = re.compile(r"@(\w+)(?:\|(.*))?")
_CHANNEL: Final = re.compile(r"#(\w+)(?:\|(.*))?")
_LINK: Final = re.compile(r"((?:https?://|mailto:)[^|]+)(?:\|(.*))?")
_INSIDE: Final = f"https://{TEAM_DOMAIN}.slack.com/"
_BOLD: Final = re.compile(r"(`[^`\n]+`)|(?<![^\s(\[\"'·—])\*(?=\S)([^*\n]+)(?<=\S)\*(?![^\s)\]\"'·—.,:;!?])")
_ENTITY: Final = re.compile(r"&(amp|lt|gt);")
_SIGNS: Final = {"amp": "&", "lt": "<", "gt": ">"}


def as_read(text: str) -> str:
    """The text without its markup: dates, links, names and bold as they show, entities as their signs.

    A link out of the workspace keeps its address, behind its label, for nobody can press a line of a terminal. Code
    keeps its back-ticks. What Slack would not know either stays as it is.
    """
    plain = _BOLD.sub(lambda found: found[1] or found[2], _ACTIVE.sub(_shown, text))
    return _ENTITY.sub(lambda found: _SIGNS[found[1]], plain)


def handle(user: str) -> str:
    """The name behind a user id; the id itself of somebody unknown."""
    return _HANDLES.get(user, user)


def _shown(found: re.Match[str]) -> str:
    inner = found[1]
    if date := _DATE.fullmatch(inner):
        return date[1]
    if link := _LINK.fullmatch(inner):
        return _link(link[1], link[2] or "")
    if person := _PERSON.fullmatch(inner):
        return f"@{_HANDLES.get(person[1]) or person[2] or person[1]}"
    if channel := _CHANNEL.fullmatch(inner):
        return f"#{_NAMES.get(channel[1]) or channel[2] or channel[1]}"
    if group := _GROUP.fullmatch(inner):
        return f"@{_GROUPS.get(group[1]) or (group[2] or group[1]).removeprefix('@')}"
    if call := _CALL.fullmatch(inner):
        return f"@{call[1]}"
    return found[0]


def _link(url: str, label: str) -> str:
    address = url.removeprefix("mailto:")
    if not label or label in (url, address):
        return address
    return label if url.startswith(_INSIDE) else f"{label} ({address})"


_HANDLES: Final = {person.id: person.name for person in PEOPLE}
_NAMES: Final = {channel.id: channel.name for channel in CHANNELS}
_GROUPS: Final = {group.id: group.handle for group in GROUPS}
