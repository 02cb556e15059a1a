"""What can come of a call of Slack's Web API, and what Slack's words mean for us (docs/slack.md, Errors)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answered:
    """Done; `data` is the body, `scopes` what the token may do if Slack said it."""

    data: Mapping[str, object]
    scopes: frozenset[str] | None = None

    def text(self, name: str) -> str:
        """A string of the body; empty when it is absent or no string."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Declined:
    """Slack said no, in its own word; nothing was done. `detail`: the first thing that it complains of."""

    code: str
    detail: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Limited:
    """Too many calls; nothing was done. The budget is shut for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No usable answer. `arrived` is False only when the call surely never reached Slack.

    `fault`: something came back, and it says that Slack is out of order (a fault of its own, a 5xx, no JSON).
    """

    why: str
    arrived: bool = True
    fault: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """When its turn came there was nothing left to say."""


Answer = Answered | Declined | Limited | Unanswered
Sent = Answer | Withdrawn

FAULTS: Final = frozenset(
    {"fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org", "accesslimited"}
)
"""Slack's own failures: part of the call may have been done."""

LIMITS: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})

GONE: Final = frozenset({"message_not_found"})
"""Of an edit: somebody deleted the message."""

ROOT_GONE: Final = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})
"""Of a reply: there is no message to hang it under."""

UNEDITABLE: Final = frozenset({"edit_window_closed", "cant_update_message", "update_not_allowed", "block_mismatch"})
"""The message stands but can no longer be changed."""

HOPELESS: Final = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
        "no_permission",
        "org_login_required",
        "team_access_not_granted",
    }
)
"""Words that no waiting mends: somebody has to change a token or the app."""

LATER: Final = frozenset({"external_channel_migrating"})
"""It passes without anybody's doing."""

ILL_FORMED: Final = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "only_one_table_allowed"}
)
"""Slack does not take our blocks: the text alone may do."""

_SHUT: Final = frozenset({"not_in_channel", "channel_not_found", "is_archived", "is_inactive"})


def shut(code: str) -> bool:
    """Whether the channel takes nothing from the bot until a person changes that."""
    return code in _SHUT or code.startswith("restricted_action")
