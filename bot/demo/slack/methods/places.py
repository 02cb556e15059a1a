"""Which channels the bot may see, post to and read from: the same questions for many methods."""

from bot.demo.slack.answers import Refused
from bot.demo.slack.shapes import Json
from bot.demo.slack.site import Site
from bot.demo.slack.world import BOT_USER, TEAM, Channel


def visible(site: Site, channel_id: str) -> Channel | Refused:
    """A channel as the bot sees it: a private one that it is not in does not exist."""
    channel = site.roster.find_channel(channel_id)
    if channel is None or (channel.is_private and BOT_USER not in channel.members):
        return Refused("channel_not_found")
    return channel


def readable(site: Site, channel_id: str) -> Channel | Refused:
    """A visible channel whose kind the token's scopes cover."""
    channel = visible(site, channel_id)
    if isinstance(channel, Refused):
        return channel
    needed = read_scope(channel)
    return channel if needed in site.knobs.scopes else missing_scope(site, needed)


def postable(site: Site, target: str) -> Channel | Refused:
    """A channel that the bot may write in; a user id means the conversation with that person."""
    person = site.roster.find_person(target)
    channel = site.roster.direct(person.id) if person is not None else visible(site, target)
    if isinstance(channel, Refused):
        return channel
    if channel.id in site.knobs.channel_errors:
        return Refused(site.knobs.channel_errors[channel.id])
    if channel.is_archived:
        return Refused("is_archived")
    if BOT_USER not in channel.members and "chat:write.public" not in site.knobs.scopes:
        return Refused("not_in_channel")
    return channel


def threadable(site: Site, channel: Channel, thread_ts: str | None) -> Refused | None:
    """Why nothing may hang below that message: it was never there, is gone with no replies, or is a reply."""
    if thread_ts is None:
        return None
    root = site.board.find(channel.id, thread_ts)
    if root is None:
        return None if site.board.has_replies(channel.id, thread_ts) else Refused("thread_not_found")
    if root.only_for is not None or root.thread_ts is not None:
        return Refused("cannot_reply_to_message")
    return None


def missing_scope(site: Site, *needed: str) -> Refused:
    """Slack's answer to a token without the scope."""
    provided = ",".join(sorted(site.knobs.scopes))
    return Refused("missing_scope", extra={"needed": ",".join(needed), "provided": provided})


def read_scope(channel: Channel) -> str:
    """The scope for looking at this kind of channel."""
    if channel.direct:
        return "im:read"
    return "groups:read" if channel.is_private else "channels:read"


def channel_json(channel: Channel) -> dict[str, object]:
    """A channel as `conversations.info` shows it."""
    shown: dict[str, object] = {
        "id": channel.id,
        "created": 1_700_000_000,
        "is_archived": channel.is_archived,
        "is_im": channel.direct,
        "is_org_shared": False,
        "context_team_id": TEAM,
        "updated": 1_700_000_000_000,
    }
    if channel.direct:
        other = next((user for user in channel.members if user != BOT_USER), BOT_USER)
        return {**shown, "user": other}
    return {**shown, **_named(channel)}


def _named(channel: Channel) -> Json:
    return {
        "name": channel.name,
        "name_normalized": channel.name,
        # Private channels made since 2021 are channels with a flag, no longer groups.
        "is_channel": True,
        "is_group": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_general": False,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "pending_shared": [],
        "is_member": BOT_USER in channel.members,
        "creator": channel.members[0] if channel.members else BOT_USER,
        "shared_team_ids": [TEAM],
        "unlinked": 0,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }
