"""What Slack sends, as values: the only module that sees its JSON (docs/slack.md, Payloads).

Every function is total: what is missing, null or of another type gives Garbled, never an exception. Only ids are
believed; names are for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.core.notices import Whisper


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody gave a command."""

    user: str
    team: str
    channel: str
    channel_name: str
    """As Slack names it: a generic word where the bot may not know."""
    text: str
    """As it was sent, escaped and rewritten by clients (typed.py undoes that)."""
    command: str
    """The slash command; empty for a mention."""
    reply: str = field(repr=False)
    """The response URL; empty for a mention."""
    delivery: str
    """The same for the same deed, however often it is delivered."""
    thread: str = ""
    """The thread it was said in; a slash command has none."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button of ours."""

    user: str
    team: str
    """The team of who pressed, who may be of another organisation than the channel."""
    channel: str
    key: str
    """The button's value: the key of a stored offer, believed only if we know it."""
    action: str
    """The action_id."""
    message_ts: str
    reply: str = field(repr=False)
    delivery: str
    ephemeral: bool = False
    """The button stands under a message that only its presser sees."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Somebody pressed a button that is a link: Slack tells it, and nothing is to be done."""


@dataclass(frozen=True, slots=True)
class GroupsChanged:
    """Members of a user group, or the groups themselves, are others now."""


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """A channel is shared, archived, renamed or left differently now."""

    channel: str


@dataclass(frozen=True, slots=True)
class Garbled:
    """Not what Slack sends. `why` names a field, never its content."""

    why: str


GROUP_EVENTS = ("subteam_members_changed", "subteam_updated", "subteam_created")
CHANNEL_EVENTS = (
    "channel_shared",
    "channel_unshared",
    "channel_id_changed",
    "channel_archive",
    "channel_unarchive",
    "group_archive",
    "group_unarchive",
    "member_left_channel",
    "member_joined_channel",
)


ID: Final = re.compile(r"[A-Z][A-Z0-9]{1,39}")
LONGEST: Final = 3_000
"""Characters of what names a thing in a payload: Slack's own limit for a URL, the longest of them."""


class _Field(Exception):
    """A field that is not as it should be; never leaves this module."""


def said(body: object) -> Said | Garbled:
    """A slash command."""
    try:
        form = _object(body, "body")
        _flag(form, "is_enterprise_install")
        return Said(
            user=_whom(form, "user_id"),
            team=_whom(form, "team_id"),
            channel=_whom(form, "channel_id"),
            channel_name=_text(form, "channel_name"),
            text=_text(form, "text"),
            command=_id(form, "command"),
            reply=_id(form, "response_url"),
            delivery=_id(form, "trigger_id"),
        )
    except _Field as wrong:
        return Garbled(str(wrong))


def pressed(body: object) -> Pressed | Followed | Garbled:
    """A block_actions payload of a message."""
    try:
        return _pressed(_object(body, "body"))
    except _Field as wrong:
        return Garbled(str(wrong))


def _pressed(payload: Mapping[str, object]) -> Pressed | Followed:
    actions = payload.get("actions")
    if not isinstance(actions, list) or len(actions) != 1:
        raise _Field("actions")
    action = _object(actions[0], "actions")
    if isinstance(action.get("url"), str):
        return Followed()
    _flag(payload, "is_enterprise_install")
    user, container = _part(payload, "user"), _part(payload, "container")
    channel = _whom(container, "channel_id")
    if "channel" in payload and _whom(_part(payload, "channel"), "id", "channel") != channel:
        raise _Field("channel")
    return Pressed(
        user=_whom(user, "id"),
        # Where the person's own team is not named it is the one that the payload is of.
        team=_whom(user, "team_id") if "team_id" in user else _whom(_part(payload, "team"), "id"),
        channel=channel,
        key=_id(action, "value"),
        action=_id(action, "action_id"),
        message_ts=_id(container, "message_ts"),
        reply=_id(payload, "response_url"),
        delivery=_id(payload, "trigger_id"),
        ephemeral=_flag(container, "is_ephemeral"),
    )


def sayer(body: object) -> Whisper | None:
    """Whom to tell that a command could not be read: believed for that alone. None where nobody is named."""
    form = body if isinstance(body, dict) else {}
    return _whisper(form.get("user_id"), form.get("channel_id"), form.get("response_url"))


def presser(body: object) -> Whisper | None:
    """The same for a press."""
    payload = body if isinstance(body, dict) else {}
    user, container = payload.get("user"), payload.get("container")
    return _whisper(
        user.get("id") if isinstance(user, dict) else None,
        container.get("channel_id") if isinstance(container, dict) else None,
        payload.get("response_url"),
    )


def _whisper(user: object, channel: object, reply: object) -> Whisper | None:
    named = [each if isinstance(each, str) and ID.fullmatch(each) else "" for each in (user, channel)]
    url = reply if isinstance(reply, str) and len(reply) <= LONGEST else ""
    return Whisper(named[0], named[1], url) if url or all(named) else None


def mentioned(body: object) -> Said | Garbled:
    """An app_mention event: the text without the mention in front."""
    try:
        event = _part(_object(body, "body"), "event")
        text = _text(event, "text").lstrip()
        called, _, rest = text.partition(">") if text.startswith("<@") else ("", "", text)
        del called
        return Said(
            user=_whom(event, "user"),
            # An absent team of the author must not be taken for ours.
            team=_whom(event, "user_team") if "user_team" in event else _whom(event, "team"),
            channel=_whom(event, "channel"),
            channel_name="",
            text=rest.strip(),
            command="",
            reply="",
            delivery=_id(_object(body, "body"), "event_id"),
            thread=_text(event, "thread_ts") if "thread_ts" in event else "",
        )
    except _Field as wrong:
        return Garbled(str(wrong))


def happened(body: object) -> tuple[GroupsChanged | ChannelChanged, ...] | Garbled:
    """What an event makes doubtful of what we know; nothing for an event that does not."""
    try:
        event = _part(_object(body, "body"), "event")
        kind = _id(event, "type")
        if kind in GROUP_EVENTS:
            return (GroupsChanged(),)
        if kind == "channel_id_changed":
            names = ("old_channel_id", "new_channel_id")
            return tuple(ChannelChanged(_whom(event, name)) for name in names if name in event)
        return (ChannelChanged(_whom(event, "channel")),) if kind in CHANNEL_EVENTS else ()
    except _Field as wrong:
        return Garbled(str(wrong))


def kind_of(body: object) -> str:
    """The event's type, for the log; empty when there is none."""
    event = body.get("event") if isinstance(body, dict) else None
    kind = event.get("type") if isinstance(event, dict) else None
    return kind[:60] if isinstance(kind, str) else ""


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _Field(name)
    return value


def _part(payload: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _object(payload.get(name), name)


def _text(payload: Mapping[str, object], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise _Field(name)
    return value


def _id(payload: Mapping[str, object], name: str) -> str:
    value = _text(payload, name)
    if not 0 < len(value) <= LONGEST:
        raise _Field(name)
    return value


def _whom(payload: Mapping[str, object], name: str, called: str = "") -> str:
    """An id of a person, a team or a channel. It goes into addresses and audit lines: nothing else may be one."""
    value = payload.get(name)
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise _Field(called or name)
    return value


def _flag(payload: Mapping[str, object], name: str) -> bool:
    """A boolean, which commands write as a word. Absent means false."""
    value = payload.get(name, False)
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise _Field(name)
