"""`conversations.*` and `users.conversations`: channels and who is in them."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final, TypeVar

from bot.demo.slack.answers import Answer, Done, Refused
from bot.demo.slack.arguments import Arguments
from bot.demo.slack.methods.method import Method, words
from bot.demo.slack.methods.places import channel_json, missing_scope, read_scope, readable
from bot.demo.slack.site import Site
from bot.demo.slack.world import BOT_USER, Channel

T = TypeVar("T")

READ: Final = ("channels:read", "groups:read", "im:read", "mpim:read")
MOST_ON_A_PAGE: Final = 1000
TYPES: Final = ("public_channel", "private_channel", "mpim", "im")


def info(site: Site, args: Arguments) -> Answer:
    """One channel."""
    channel = readable(site, args.text("channel"))
    if isinstance(channel, Refused):
        return channel
    shown = channel_json(channel)
    if args.flag("include_num_members"):
        shown["num_members"] = len(channel.members)
    return Done({"channel": shown})


def members(site: Site, args: Arguments) -> Answer:
    """The ids of everybody in a channel, in pages."""
    channel = readable(site, args.text("channel"))
    if isinstance(channel, Refused):
        return channel
    page = _page(channel.members, args)
    if isinstance(page, Refused):
        return page
    ids, cursor = page
    return Done({"members": list(ids), "response_metadata": {"next_cursor": cursor}})


def of_user(site: Site, args: Arguments) -> Answer:
    """The channels that somebody is in, the bot itself if nobody is named, in pages."""
    user = args.optional("user") or BOT_USER
    wanted = set((args.optional("types") or "public_channel").split(","))
    if not wanted <= set(TYPES):
        return Refused("invalid_types")
    found = [
        channel
        for channel in site.roster.channels()
        if _kind(channel) in wanted and {user, BOT_USER} <= set(channel.members)
        if not (args.flag("exclude_archived") and channel.is_archived)
    ]
    lacking = {read_scope(channel) for channel in found} - site.knobs.scopes
    if lacking:
        return missing_scope(site, *sorted(lacking))
    page = _page(found, args)
    if isinstance(page, Refused):
        return page
    shown, cursor = page
    return Done({"channels": [channel_json(each) for each in shown], "response_metadata": {"next_cursor": cursor}})


def open_direct(site: Site, args: Arguments) -> Answer:
    """The conversation with one person, made if there was none."""
    users = [user for user in args.text("users").split(",") if user]
    if len(users) != 1:
        return Refused("users_list_not_supplied" if not users else "method_not_supported_for_channel_type")
    person = site.roster.find_person(users[0])
    if person is None:
        return Refused("user_not_found")
    if person.deleted:
        return Refused("user_disabled")
    channel = site.roster.direct(person.id)
    return Done({"channel": channel_json(channel) if args.flag("return_im") else {"id": channel.id}})


def _kind(channel: Channel) -> str:
    if channel.direct:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _page(everything: Sequence[T], args: Arguments) -> tuple[Sequence[T], str] | Refused:
    """A page and the cursor of the next one, empty at the end."""
    limit = args.number("limit", 100)
    if not 1 <= limit <= MOST_ON_A_PAGE:
        return Refused("invalid_limit")
    start = _from_cursor(args.text("cursor"))
    if start is None:
        return Refused("invalid_cursor")
    end = start + limit
    return everything[start:end], _to_cursor(end) if end < len(everything) else ""


def _to_cursor(place: int) -> str:
    return base64.b64encode(f"next:{place}".encode()).decode()


def _from_cursor(cursor: str) -> int | None:
    if not cursor:
        return 0
    try:
        word, _, place = base64.b64decode(cursor, validate=True).decode().partition(":")
        return int(place) if word == "next" else None
    except (binascii.Error, ValueError):
        return None


METHODS: Final = (
    Method("conversations.info", info, words("channel"), words("include_locale include_num_members"), READ),
    Method("conversations.members", members, words("channel"), words("cursor limit"), READ),
    Method(
        "users.conversations",
        of_user,
        optional=words("cursor exclude_archived exclude_muted limit types user"),
        scopes=READ,
    ),
    Method(
        "conversations.open",
        open_direct,
        words("users"),
        words("prevent_creation return_im"),
        ("im:write",),
    ),
)
