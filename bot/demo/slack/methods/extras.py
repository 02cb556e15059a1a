"""Reactions, the working line of a thread, and the way into Socket Mode."""

from typing import Final

from bot.demo.slack.answers import Answer, Done, Refused
from bot.demo.slack.arguments import Arguments
from bot.demo.slack.methods.method import Method, words
from bot.demo.slack.methods.places import postable, threadable, visible
from bot.demo.slack.shapes import as_list
from bot.demo.slack.site import Site
from bot.demo.slack.state import Reaction
from bot.demo.slack.world import BOT_USER

MOST_LOADING_MESSAGES: Final = 10


def add_reaction(site: Site, args: Arguments) -> Answer:
    """An emoji of the bot's under a message."""
    channel = visible(site, args.text("channel"))
    if isinstance(channel, Refused):
        return channel
    if channel.is_archived:
        return Refused("is_archived")
    message = site.board.find(channel.id, args.text("timestamp"))
    if message is None or message.only_for is not None:
        return Refused("message_not_found")
    name = args.text("name")
    if not name or name.strip(":") != name:
        return Refused("invalid_name")
    added = site.board.react(Reaction(channel.id, message.ts, BOT_USER, name))
    return Done() if added else Refused("already_reacted")


def set_status(site: Site, args: Arguments) -> Answer:
    """The line that says what the bot is doing, below a thread."""
    channel = postable(site, args.text("channel_id"))
    if isinstance(channel, Refused):
        return channel
    thread_ts = args.text("thread_ts")
    refused = threadable(site, channel, thread_ts)
    if refused is not None:
        return refused
    if len(as_list(args.nested("loading_messages")) or ()) > MOST_LOADING_MESSAGES:
        return Refused(
            "invalid_arguments", ("[ERROR] no more than 10 items allowed [json-pointer:/loading_messages]",)
        )
    site.board.set_status(channel.id, thread_ts, args.text("status"))
    return Done()


def open_connection(site: Site, _args: Arguments) -> Answer:
    """A WebSocket address good for one connection."""
    # What Slack says while Socket Mode is off is not documented; of the listed errors this one fits best.
    return Done({"url": site.links.issue()}) if site.links.enabled else Refused("forbidden_team")


METHODS: Final = (
    Method("reactions.add", add_reaction, words("channel name timestamp"), scopes=("reactions:write",)),
    Method(
        "assistant.threads.setStatus",
        set_status,
        words("channel_id status thread_ts"),
        words("icon_emoji icon_url loading_messages username"),
        ("chat:write", "assistant:write"),
    ),
    Method("apps.connections.open", open_connection, scopes=(), app_token=True),
)
