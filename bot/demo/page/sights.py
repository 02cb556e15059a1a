"""What one person sees of the workspace, as entries for the browser: nothing is added, nothing worded here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial

from bot.demo.page.feed import Entry, Value
from bot.demo.slack import world
from bot.demo.slack.client import Impossible
from bot.demo.slack.messages import message_json
from bot.demo.slack.modals import View, as_payload
from bot.demo.slack.state import MessageState, Reaction
from bot.demo.slack.workspace import Workspace
from bot.demo.slack.world import Channel, Group, Person


def workspace_entries(workspace: Workspace, user: str) -> Iterator[Entry]:
    """Everything before this person now: who there is, their channels, messages and modals."""
    person = workspace.roster.person(user)
    yield Entry("you", person, lambda: {"id": person.id, "name": person.name})
    linked = bool(workspace.links.open)
    yield Entry("bot", linked, lambda: {"id": world.BOT_USER, "name": world.BOT_NAME, "connected": linked})
    yield Entry("team", world.TEAM_DOMAIN, lambda: {"domain": world.TEAM_DOMAIN})
    yield from _people(workspace)
    yield from _channels(workspace, person)
    yield from _messages(workspace, person)
    yield from _views(workspace, person)


def _people(workspace: Workspace) -> Iterator[Entry]:
    for each in workspace.roster.people():
        yield Entry(f"person/{each.id}", each, partial(_person, each))
    for group in workspace.roster.groups():
        yield Entry(f"group/{group.id}", group, partial(_group, group))


def _person(person: Person) -> Value:
    return {
        "id": person.id,
        "name": person.name,
        "realName": person.real_name,
        "bot": person.is_bot,
        "guest": person.is_restricted,
        "stranger": person.is_stranger,
        "active": not person.deleted,
    }


def _group(group: Group) -> Value:
    return {"id": group.id, "handle": group.handle}


def _channels(workspace: Workspace, person: Person) -> Iterator[Entry]:
    """Those that the person is in, and why nothing can be typed where that is so."""
    for each in workspace.roster.channels():
        if person.id in each.members:
            why = _hindrance(workspace, person, each)
            yield Entry(f"channel/{each.id}", (each, why), partial(_channel, each, why))


def _hindrance(workspace: Workspace, person: Person, channel: Channel) -> str | None:
    try:
        workspace.may_type(person.id, channel.id)
    except Impossible as why:
        return str(why)
    return None


def _channel(channel: Channel, hindrance: str | None) -> Value:
    return {
        "id": channel.id,
        "name": channel.name,
        "private": channel.is_private,
        "shared": channel.is_ext_shared,
        "direct": channel.direct,
        "members": len(channel.members),
        "hindrance": hindrance,
    }


def _messages(workspace: Workspace, person: Person) -> Iterator[Entry]:
    reactions: Mapping[tuple[str, str], list[Reaction]] = defaultdict(list)
    for each in workspace.site.board.reactions:
        reactions[each.channel, each.ts].append(each)
    for message in workspace.visible_to(person.id):
        put = tuple(reactions.get(message.key, ()))
        key = f"message/{message.channel}/{message.ts}"
        yield Entry(key, (message.seq, len(put)), partial(_message, message, put))


def _message(message: MessageState, reactions: tuple[Reaction, ...]) -> Value:
    told = message_json(message)
    return {
        "channel": message.channel,
        "ts": message.ts,
        "thread": None if message.thread_ts == message.ts else message.thread_ts,
        "author": message.author,
        "app": message.author == world.BOT_USER,
        "text": message.text,
        "blocks": told.get("blocks", []),
        "attachments": told.get("attachments", []),
        # As Slack does: an edit that brings blocks is not marked.
        "edited": message.edited and not message.blocks,
        "private": message.only_for is not None,
        "reactions": [{"name": each.name, "user": each.user} for each in reactions],
    }


def _views(workspace: Workspace, person: Person) -> Iterator[Entry]:
    for depth, view in enumerate(workspace.views_of(person.id)):
        stamp = (view.hash, depth, repr(view.errors))
        yield Entry(f"view/{view.id}", stamp, partial(_view, view, depth))


def _view(view: View, depth: int) -> Value:
    told = as_payload(view)
    shown = ("id", "title", "submit", "close", "blocks", "callback_id")
    return {**{name: told[name] for name in shown}, "depth": depth, "errors": dict(view.errors)}
