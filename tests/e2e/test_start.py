"""What makes no start possible ends with 1 and a sentence that names it: no traceback, no token in the log."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot import app
from bot.core.channels import Allowlist
from bot.demo.allowlists import default_allowlist
from bot.demo.slack import world
from bot.demo.slack.knobs import GRANTED
from bot.demo.slack.workspace import Workspace
from tests.e2e.stage import LONG, SECRETS, settings_for

DO = "use that workspace's token or change FLUX_BOT_SLACK_TEAM."
OTHER = "otherotherotherotherother"


async def ended(
    workspace: Workspace, folder: Path, allowlist: Allowlist | None = None, **changes: Any
) -> tuple[int, list[str]]:
    """The exit code and the lines that are meant for people."""
    settings = settings_for(workspace.api_url, folder / "no-kubeconfig", **changes)
    log = io.StringIO()
    with redirect_stderr(log):
        stop = asyncio.Event()
        code = await asyncio.wait_for(app.serve(settings, allowlist or default_allowlist(), stop), LONG)
    text = log.getvalue()
    assert [secret for secret in (*SECRETS, OTHER) if secret in text] == []
    assert "Traceback" not in text
    assert '"trace"' not in text, text
    return code, [line for line in text.splitlines() if not line.startswith("{")]


def revoked(workspace: Workspace) -> None:
    workspace.knobs.token_error = "token_revoked"


def without_groups(workspace: Workspace) -> None:
    workspace.knobs.scopes = GRANTED - {"groups:read"}


def app_token_of_little_use(workspace: Workspace) -> None:
    workspace.knobs.api_errors["apps.connections.open"] = "missing_scope"


def socket_mode_off(workspace: Workspace) -> None:
    workspace.knobs.api_errors["apps.connections.open"] = "forbidden_team"


def nothing(_: Workspace) -> None:
    pass


BAD_TOKENS: list[tuple[Callable[[Workspace], None], dict[str, Any], str]] = [
    (
        revoked,
        {},
        "The bot token is no longer valid: reinstall the app in the workspace and set its new token.",
    ),
    (
        without_groups,
        {},
        "The bot token lacks the scopes groups:read: add them under OAuth & Permissions and reinstall the app.",
    ),
    (
        nothing,
        {"slack_bot_token": SecretStr(f"xoxb-1-{OTHER}")},
        "Slack does not know the bot token: copy it anew from OAuth & Permissions of the app.",
    ),
    (
        nothing,
        {"slack_app_token": SecretStr(f"xapp-1-{OTHER}")},
        "Slack does not know the app-level token: make a new one under Basic Information of the app.",
    ),
    (
        app_token_of_little_use,
        {},
        "The app-level token lacks the scope connections:write: make a new one under Basic Information.",
    ),
    (
        socket_mode_off,
        {},
        "Slack gives no Socket Mode connection (forbidden_team): is Socket Mode switched on for the app?",
    ),
    (
        nothing,
        {"slack_team": world.OTHER_TEAM},
        f"The bot token belongs to the workspace flux-demo ({world.TEAM}), not to {world.OTHER_TEAM}: {DO}",
    ),
]


@pytest.mark.parametrize(
    ("prepare", "changes", "sentence"),
    BAD_TOKENS,
    ids=[
        "revoked",
        "missing scope",
        "unknown bot token",
        "unknown app token",
        "app scope",
        "no sockets",
        "other workspace",
    ],
)
async def test_a_token_that_is_no_good_ends_it(
    tmp_path: Path, prepare: Callable[[Workspace], None], changes: dict[str, Any], sentence: str
) -> None:
    async with Workspace() as workspace:
        prepare(workspace)
        assert await ended(workspace, tmp_path, **changes) == (1, [f"flux-bot: {sentence}"])


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        (world.RANDOM, "is public: make it private, or set allow_public_audit in the allowlist"),
        (world.PARTNERS, "is shared with another organisation"),
        (world.OLD_PROJECT, "is archived: name another one in the allowlist"),
    ],
)
async def test_an_audit_channel_that_anybody_may_read_ends_it(tmp_path: Path, channel: str, why: str) -> None:
    allowlist = replace(default_allowlist(), audit_channel=channel)
    async with Workspace() as workspace:
        code, lines = await ended(workspace, tmp_path, allowlist)
    assert (code, lines) == (1, [f"flux-bot: the audit channel {channel} {why}"])


async def test_a_port_that_is_taken_ends_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wanted = f"flux-bot: cannot listen on 127.0.0.1:{port}: "
        async with Workspace() as workspace:
            code, lines = await ended(workspace, tmp_path, listen_port=port)
    (sentence,) = lines
    assert (code, sentence[: len(wanted)]) == (1, wanted)


async def test_slack_that_cannot_be_reached_ends_it(tmp_path: Path) -> None:
    async with Workspace() as workspace:
        pass
    code, lines = await ended(workspace, tmp_path)
    assert (code, lines) == (
        1,
        ["flux-bot: Slack does not answer: check the network, the proxy and status.slack.com."],
    )
