"""The connection with one workspace: who we are there, the web client, Bolt and the Socket Mode link.

Nothing here reads the environment, and what Bolt would read there by itself is noticed (docs/slack.md, Connection).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.core.errors import ChatError
from bot.ports import Telemetry
from bot.slack.access import Access, Workspace, check_tokens, greeted
from bot.slack.gateway import AUTH, CALL_SECONDS, Gateway
from bot.slack.link import SocketLink
from bot.slack.loglines import quiet_libraries

CONNECT_SECONDS = 5.0

Bolt = AsyncApp
"""The name by which `app` may call it: Slack's libraries are imported in this package only."""


class Connection:
    """Made by `open_connection`, ended by `close`. Over HTTP its `link` is not run."""

    def __init__(
        self,
        access: Access,
        workspace: Workspace,
        gateway: Gateway,
        session: aiohttp.ClientSession,
        link: SocketLink,
        quiet: logging.Logger,
    ) -> None:
        self.workspace = workspace
        self.gateway = gateway
        self.link = link
        self._access = access
        self._session = session
        self._quiet = quiet

    def bolt(self) -> AsyncApp:
        """A Bolt app that never asks Slack who it is, since we know. ChatError if the environment misleads Bolt."""
        app = AsyncApp(
            logger=self._quiet,
            name="slack_bolt.listeners",
            client=new_client(self._access, None, self._session, self._quiet),
            signing_secret="",
            authorize=self._authorization(),
            request_verification_enabled=False,
            ssl_check_enabled=False,
            attaching_function_token_enabled=False,
        )
        if app.oauth_flow is not None:
            raise ChatError(
                "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set in the environment and would turn the bot into an "
                "app for many workspaces: unset them."
            )
        return app

    async def stop_intake(self) -> None:
        """No more payloads arrive after this; what was acknowledged is not lost, and posts still go out."""
        await self.link.stop()

    async def close(self) -> None:
        await self.stop_intake()
        await self._session.close()

    def _authorization(self) -> Callable[[str | None, str | None], Awaitable[AuthorizeResult]]:
        """A function of its own: Bolt matches arguments by name and would take a method's `self` for one."""

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=enterprise_id,
                team_id=team_id,
                bot_token=self._access.bot_token,
                bot_id=self.workspace.bot,
                bot_user_id=self.workspace.bot_user,
            )

        return authorize


async def open_connection(access: Access, clock: Clock, telemetry: Telemetry) -> Connection:
    """A connection that knows who it is. ChatError says in a sentence what is wrong with the tokens or with Slack."""
    check_tokens(access)
    quiet = quiet_libraries(telemetry)
    # The gateway's own limit comes first; this one is for what passes it by.
    timeout = aiohttp.ClientTimeout(total=2 * CALL_SECONDS, connect=CONNECT_SECONDS)
    session = aiohttp.ClientSession(timeout=timeout, trust_env=False, proxy=access.proxy or None)
    try:
        client = new_client(access, access.bot_token, session, quiet)
        gateway = Gateway(client, session, clock, telemetry)
        workspace = greeted(await gateway.ask(AUTH), access.needed)
    except BaseException:
        await session.close()
        raise
    link = SocketLink(access, client, clock, telemetry, quiet)
    return Connection(access, workspace, gateway, session, link, quiet)


def new_client(
    access: Access, token: str | None, session: aiohttp.ClientSession, quiet: logging.Logger
) -> AsyncWebClient:
    """The SDK's client without its habits: no retries, no environment, no session per call."""
    client = AsyncWebClient(
        token=token,
        base_url=access.base_url,
        session=session,
        trust_env_in_session=False,
        logger=quiet,
        # The SDK would repeat a post whose answer was lost: two messages.
        retry_handlers=[],
    )
    # Without one of ours the SDK takes HTTPS_PROXY and ignores NO_PROXY.
    client.proxy = access.proxy or None
    return client
