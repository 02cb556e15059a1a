"""`chat.*`: posting, editing, whispering, deleting."""

from typing import Final

from bot.demo.slack.answers import Answer, Done, Refused
from bot.demo.slack.arguments import Arguments
from bot.demo.slack.content import LONGEST_EDIT, LONGEST_POST, Content, read_content
from bot.demo.slack.messages import message_json, permalink
from bot.demo.slack.methods.method import Method, words
from bot.demo.slack.methods.places import postable, threadable, visible
from bot.demo.slack.site import Site
from bot.demo.slack.state import Draft, MessageState
from bot.demo.slack.world import BOT_USER, Channel

WRITE: Final = ("chat:write",)
_LOOK: Final = "as_user icon_emoji icon_url username link_names parse"
_CONTENT: Final = "text blocks attachments markdown_text metadata"


def post_message(site: Site, args: Arguments) -> Answer:
    """A message for everybody in the channel. Text over 40,000 characters loses its end."""
    channel = postable(site, args.text("channel"))
    if isinstance(channel, Refused):
        return channel
    content = _something(read_content(args))
    if isinstance(content, Refused):
        return content
    thread_ts = args.optional("thread_ts")
    refused = threadable(site, channel, thread_ts)
    if refused is not None:
        return refused
    message = site.board.post(_draft(channel, content, thread_ts), "chat.postMessage")
    return Done({"channel": channel.id, "ts": message.ts, "message": message_json(message)})


def post_ephemeral(site: Site, args: Arguments) -> Answer:
    """A message for one person in the channel. It has an id, but can never be edited by it."""
    channel = postable(site, args.text("channel"))
    if isinstance(channel, Refused):
        return channel
    content = _something(read_content(args))
    if isinstance(content, Refused):
        return content
    user = args.text("user")
    refused = _unfit_for_one(channel, content, user) or threadable(site, channel, args.optional("thread_ts"))
    if refused is not None:
        return refused
    draft = _draft(channel, content, args.optional("thread_ts"), only_for=user)
    message = site.board.post(draft, "chat.postEphemeral")
    return Done({"message_ts": message.ts})


def update(site: Site, args: Arguments) -> Answer:
    """Another content for an own message: text alone takes the blocks away, blocks alone the text."""
    message = _own(site, args, "cant_update_message")
    if isinstance(message, Refused):
        return message
    content = read_content(args)
    if isinstance(content, Refused):
        return content
    refused = _uneditable(site, message, content)
    if refused is not None:
        return refused
    changed = site.board.edit(message, _merged(site, message, content), "chat.update")
    shown = message_json(changed)
    return Done({"channel": changed.channel, "ts": changed.ts, "text": changed.text, "message": shown})


def delete(site: Site, args: Arguments) -> Answer:
    """Take an own message away."""
    message = _own(site, args, "cant_delete_message")
    if isinstance(message, Refused):
        return message
    site.board.delete(message, "chat.delete")
    return Done({"channel": message.channel, "ts": message.ts})


def get_permalink(site: Site, args: Arguments) -> Answer:
    """The address of a message for browsers."""
    channel = visible(site, args.text("channel"))
    if isinstance(channel, Refused):
        return channel
    message = site.board.find(channel.id, args.text("message_ts"))
    if message is None or message.only_for is not None:
        return Refused("message_not_found")
    return Done({"channel": channel.id, "permalink": permalink(message)})


def _something(content: Content | Refused) -> Content | Refused:
    return Refused("no_text") if isinstance(content, Content) and content.empty else content


def _draft(channel: Channel, content: Content, thread_ts: str | None, only_for: str | None = None) -> Draft:
    return Draft(
        channel=channel,
        author=BOT_USER,
        text=(content.text or "")[:LONGEST_POST],
        blocks=content.blocks or (),
        attachments=content.attachments or (),
        thread_ts=thread_ts,
        only_for=only_for,
        metadata=content.metadata,
    )


def _unfit_for_one(channel: Channel, content: Content, user: str) -> Refused | None:
    if user not in channel.members:
        return Refused("user_not_in_channel")
    if any("blocks" in attachment for attachment in content.attachments or ()):
        return Refused("invalid_attachments")
    return Refused("msg_too_long") if len(content.text or "") > LONGEST_POST else None


def _own(site: Site, args: Arguments, foreign: str) -> MessageState | Refused:
    channel = visible(site, args.text("channel"))
    if isinstance(channel, Refused):
        return channel
    message = site.board.find(channel.id, args.text("ts"))
    if message is None or message.only_for is not None:
        return Refused("message_not_found")
    return message if message.author == BOT_USER else Refused(foreign)


def _uneditable(site: Site, message: MessageState, content: Content) -> Refused | None:
    channel = site.roster.find_channel(message.channel)
    if channel is None or channel.is_archived:
        return Refused("is_inactive")
    window = site.knobs.edit_window
    if window is not None and site.board.age(message) > window:
        return Refused("edit_window_closed")
    if len(content.text or "") > LONGEST_EDIT:
        return Refused("msg_too_long")
    nothing = content.text is None and content.blocks is None and content.attachments is None
    emptied = content.text == "" and not content.blocks and not content.attachments
    return Refused("no_text") if nothing or emptied else None


def _merged(site: Site, old: MessageState, content: Content) -> Draft:
    kept = old.blocks if content.text is None else ()
    return Draft(
        channel=site.roster.channel(old.channel),
        author=old.author,
        text=content.text if content.text is not None else _kept_text(old, content),
        blocks=content.blocks if content.blocks is not None else kept,
        attachments=content.attachments if content.attachments is not None else old.attachments,
        metadata=content.metadata if content.metadata is not None else old.metadata,
    )


def _kept_text(old: MessageState, content: Content) -> str:
    # Slack derives the text from new blocks in ways of its own; empty shows plainly that none was given.
    return old.text if content.blocks is None else ""


METHODS: Final = (
    Method(
        "chat.postMessage",
        post_message,
        words("channel"),
        words(f"{_CONTENT} {_LOOK} mrkdwn reply_broadcast thread_ts unfurl_links unfurl_media"),
        WRITE,
    ),
    Method(
        "chat.postEphemeral",
        post_ephemeral,
        words("channel user"),
        words(f"{_CONTENT} {_LOOK} thread_ts"),
        WRITE,
    ),
    Method(
        "chat.update",
        update,
        words("channel ts"),
        words(f"{_CONTENT} as_user link_names parse reply_broadcast"),
        WRITE,
    ),
    Method("chat.delete", delete, words("channel ts"), words("as_user"), WRITE),
    Method("chat.getPermalink", get_permalink, words("channel message_ts")),
)
