"""What Slack makes of typed text before a command's app sees it (`should_escape`, docs/slack.md)."""

import re
from typing import Final

from bot.demo.slack.roster import Roster

_NAMED: Final = re.compile(r"(?<![\w/.-])([@#])([A-Za-z0-9][\w.-]*)")
_LINK: Final = re.compile(r"https?://[^\s<>|]+")


def escape(text: str, roster: Roster) -> str:
    """`&`, `<`, `>` as entities; known people, groups and channels by id; links in angle brackets."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    linked = _LINK.sub(lambda found: f"<{found[0]}>", safe)
    return _NAMED.sub(lambda found: _by_id(found[1], found[2], roster) or found[0], linked)


def _by_id(sign: str, name: str, roster: Roster) -> str | None:
    if sign == "#":
        for channel in roster.channels():
            if channel.name == name and not channel.direct:
                # The name of a private channel is kept from the app.
                return f"<#{channel.id}|{'' if channel.is_private else channel.name}>"
        return None
    if name in ("here", "channel", "everyone"):
        return f"<!{name}>"
    people = {person.name: f"<@{person.id}|{person.name}>" for person in roster.people()}
    groups = {group.handle: f"<!subteam^{group.id}|@{group.handle}>" for group in roster.groups()}
    return people.get(name) or groups.get(name)
