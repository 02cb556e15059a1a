"""What a test or a person may turn while the workspace runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

GRANTED: Final = frozenset(
    {
        "commands",
        "chat:write",
        "users:read",
        "channels:read",
        "groups:read",
        "usergroups:read",
        "app_mentions:read",
    }
)
"""The scopes that the bot asks for, and no more."""

REAL_TIERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "usergroups.list": 20,
        "chat.update": 50,
        "chat.delete": 50,
        "conversations.info": 50,
        "conversations.open": 50,
        "reactions.add": 50,
        "users.conversations": 50,
        "apps.connections.open": 50,
        "chat.postEphemeral": 100,
        "views.open": 100,
        "views.update": 100,
        "views.push": 100,
        "views.publish": 100,
        "users.info": 100,
        "conversations.members": 100,
        "chat.postMessage": 300,
    }
)
"""Calls a minute, per method and workspace (docs/slack.md); what is absent is not limited."""


@dataclass(slots=True)
class Knobs:
    """Times are in seconds. The defaults are Slack's, but for `tiers`: without any, nothing is limited.

    `token_error` makes each call with the bot's token fail so (`token_revoked`, `account_inactive` …).
    `channel_errors` refuses posts to a channel id (`restricted_action` …). `edit_window` closes edits
    that many seconds after the post. `api_errors` answers a method with that error, whatever it was asked.
    """

    scopes: frozenset[str] = GRANTED
    tiers: Mapping[str, int] = field(default_factory=dict)
    posts_per_channel_burst: int = 5
    token_error: str | None = None
    api_errors: dict[str, str] = field(default_factory=dict)
    channel_errors: dict[str, str] = field(default_factory=dict)
    edit_window: float | None = None
    trigger_life: float = 3.0
    response_url_life: float = 30 * 60.0
    response_url_uses: int = 5
    ack_within: float = 3.0
    event_retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    connection_life: int = 18_060
    most_connections: int = 10
