"""What we were given to reach a workspace, who we are in it, and what is wrong with it in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.core.errors import ChatError
from bot.slack.answers import Answer, Answered, Declined, Limited, Unanswered

API: Final = "https://slack.com/api/"
NEEDED: Final = frozenset({"commands", "chat:write", "users:read", "channels:read", "groups:read"})
PING_SECONDS: Final = 10.0

SOCKET_MODE_OFF: Final = frozenset({"forbidden_team", "socket_mode_disabled"})


@dataclass(frozen=True, slots=True)
class Access:
    """What we were given. `app_token` is empty over HTTP. `needed` are the scopes without which we do not start."""

    bot_token: str = field(repr=False)
    app_token: str = field(default="", repr=False)
    base_url: str = API
    proxy: str = field(default="", repr=False)
    """URL of an HTTP proxy, perhaps with a password in it; empty: none."""
    needed: frozenset[str] = NEEDED
    ping_seconds: float = PING_SECONDS


@dataclass(frozen=True, slots=True)
class Workspace:
    """Who we are, as auth.test says it."""

    team: str
    bot_user: str
    bot: str
    url: str
    """With a slash at its end; permalinks begin with it."""
    name: str = ""
    scopes: frozenset[str] | None = None
    """None when Slack did not say."""


def check_tokens(access: Access) -> None:
    """Whether each token is of the kind that its place wants, by its prefix; ChatError if not."""
    if not access.bot_token.startswith(("xoxb-", "xoxe.xoxb-")):
        raise ChatError(f"The bot token must begin with xoxb-; {_what_it_is(access.bot_token)}", "invalid_auth")
    if access.app_token and not access.app_token.startswith("xapp-"):
        raise ChatError(f"The app-level token must begin with xapp-; {_what_it_is(access.app_token)}", "invalid_auth")


TOKENS: Final[Mapping[str, str]] = {
    "xapp-": "this is an app-level token.",
    "xoxb-": "this is a bot token.",
    "xoxe.xoxb-": "this is a bot token.",
    "xoxp-": "this is the token of a person.",
    "xoxe": "this is a token for configuring apps.",
}


def _what_it_is(token: str) -> str:
    if not token:
        return "none is set."
    return next((what for prefix, what in TOKENS.items() if token.startswith(prefix)), "this is no token of Slack's.")


def greeted(answer: Answer, needed: frozenset[str]) -> Workspace:
    """Who we are by auth.test; ChatError when it did not work, the token is no bot's, or it lacks scopes."""
    if not isinstance(answer, Answered):
        raise ChatError(no_greeting(answer), code_of(answer))
    us = Workspace(
        team=answer.text("team_id"),
        bot_user=answer.text("user_id"),
        bot=answer.text("bot_id"),
        url=answer.text("url"),
        name=answer.text("team"),
        scopes=answer.scopes,
    )
    if not (us.team and us.bot_user and us.bot):
        raise ChatError("Slack does not say which bot this token is of: set the bot token of an installed app.")
    missing = sorted(needed - us.scopes) if us.scopes is not None else []
    if missing:
        raise ChatError(
            f"The bot token lacks the scopes {', '.join(missing)}: add them under OAuth & Permissions and "
            "reinstall the app.",
            "missing_scope",
        )
    return us


def code_of(answer: Answer) -> str:
    """Slack's word for its refusal; empty when it is none."""
    return answer.code if isinstance(answer, Declined) else ""


def no_greeting(answer: Answer) -> str:
    """Why auth.test did not work and what to do."""
    match answer:
        case Declined("invalid_auth" | "not_authed"):
            return "Slack does not know the bot token: copy it anew from OAuth & Permissions of the app."
        case Declined("token_revoked" | "account_inactive" | "token_expired"):
            return "The bot token is no longer valid: reinstall the app in the workspace and set its new token."
        case Declined(code):
            return f"Slack does not accept the bot token ({code})."
        case Answered() | Limited() | Unanswered():
            return "Slack does not answer: check the network, the proxy and status.slack.com."


def no_link(code: str) -> str:
    """Why there is no Socket Mode and what to do."""
    match code:
        case "missing_scope" | "no_permission":
            return "The app-level token lacks the scope connections:write: make a new one under Basic Information."
        case "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive":
            return "Slack does not know the app-level token: make a new one under Basic Information of the app."
        case _:
            return f"Slack gives no Socket Mode connection ({code}): is Socket Mode switched on for the app?"
