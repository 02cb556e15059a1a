"""The Socket Mode link: made, watched, and replaced when the SDK does not mend it (docs/slack.md, Connection)."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.core.errors import ChatError
from bot.ports import Telemetry
from bot.slack.access import SOCKET_MODE_OFF, Access, code_of, no_link
from bot.slack.answers import HOPELESS, Answer, Answered, Declined, Limited, Unanswered
from bot.slack.budgets import nap
from bot.slack.gateway import CALL_SECONDS, NOT_SENT, read_answer, read_refusal
from bot.slack.intake import take_in

LOOK: Final = 1.0
"""Seconds between two looks at the link."""
PATIENCE: Final = 3.0
"""Looks in a row at a dead link after which we replace it; the SDK swaps links by itself in less than one."""
LONGEST_PAUSE: Final = 30.0
ACKS: Final = 2.0
"""Seconds that the last acknowledgements may take when the link is taken down."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """How the Socket Mode link is. Ages in seconds; None for never."""

    connected: bool
    pong_age: float | None
    frame_age: float | None
    links: int
    """How many links were made since the start."""


class CountingHandler(AsyncSocketModeHandler):
    """Knows whether a payload has arrived whose acknowledgement has not gone out yet."""

    def __init__(
        self, app: AsyncApp, access: Access, client: AsyncWebClient, telemetry: Telemetry, quiet: logging.Logger
    ) -> None:
        super().__init__(app, access.app_token, logger=quiet, web_client=client, ping_interval=access.ping_seconds)
        self.client.proxy = access.proxy or None
        self._telemetry = telemetry
        self.idle = asyncio.Event()
        self.idle.set()
        self._open = 0

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        self._open += 1
        self.idle.clear()
        try:
            began = time.time()
            answer = await take_in(self.app, req.payload, {}, self._telemetry)
            await send_async_response(client, req, answer, began)
        finally:
            self._open -= 1
            if not self._open:
                self.idle.set()


class SocketLink:
    """One link at a time, from `run` until `stop`."""

    def __init__(
        self, access: Access, client: AsyncWebClient, clock: Clock, telemetry: Telemetry, quiet: logging.Logger
    ) -> None:
        self._access = access
        self._client = client
        self._clock = clock
        self._telemetry = telemetry
        self._quiet = quiet
        self._handler: CountingHandler | None = None
        self._stopped = False
        self._connected = False
        self._frame_at: float | None = None
        self._links = 0

    def stopped(self) -> bool:
        return self._stopped

    def liveness(self) -> Liveness:
        now = self._clock.now().timestamp()
        pong = self._handler.client.last_ping_pong_time if self._handler is not None else None
        return Liveness(
            connected=self._connected,
            pong_age=None if pong is None else max(0.0, now - pong),
            frame_age=None if self._frame_at is None else max(0.0, now - self._frame_at),
            links=self._links,
        )

    async def run(self, app: AsyncApp) -> None:
        """Keeps a link until `stop`; ChatError when Slack's answer says that waiting is useless."""
        failures = 0
        try:
            while not self.stopped():
                address = await self._address()
                linked = address is not None and await self._connect(app, address)
                if linked:
                    await self._watch()
                failures = 0 if linked else failures + 1
                await self._drop()
                if failures:
                    await self._clock.sleep(min(LONGEST_PAUSE, 2.0 ** (failures - 1)))
        finally:
            await self._drop()

    async def stop(self) -> None:
        """Nothing more arrives after this; what arrived is acknowledged first."""
        self._stopped = True
        if self._handler is not None:
            await nap(self._clock, self._handler.idle, ACKS)
        await self._drop()

    async def _address(self) -> str | None:
        """A fresh address for one link: the SDK would go on trying one that is used up."""
        answer = await self._ask()
        if isinstance(answer, Answered) and answer.text("url"):
            return answer.text("url")
        self._telemetry.tell("slack.no_link", outcome=code_of(answer) or "unanswered")
        if isinstance(answer, Declined) and answer.code in HOPELESS | SOCKET_MODE_OFF:
            raise ChatError(no_link(answer.code), answer.code)
        if isinstance(answer, Limited):
            await self._clock.sleep(answer.seconds)
        return None

    async def _ask(self) -> Answer:
        try:
            async with self._clock.timeout(CALL_SECONDS):
                response = await self._client.apps_connections_open(app_token=self._access.app_token)
        except SlackApiError as error:
            return read_refusal(error)
        except NOT_SENT as error:
            return Unanswered(type(error).__name__, arrived=False)
        except (aiohttp.ClientError, OSError, ValueError, AttributeError) as error:
            return Unanswered(type(error).__name__)
        return read_answer(response)

    async def _connect(self, app: AsyncApp, address: str) -> bool:
        handler = CountingHandler(app, self._access, self._client, self._telemetry, self._quiet)
        handler.client.wss_uri = address
        handler.client.on_message_listeners.append(self._heard)
        self._handler = handler
        try:
            async with self._clock.timeout(CALL_SECONDS):
                await handler.client.connect()  # type: ignore[no-untyped-call]
        except TimeoutError:
            # The SDK never gives up by itself.
            self._telemetry.tell("slack.no_link", outcome="unanswered")
            return False
        self._links += 1
        self._connected = True
        self._telemetry.tell("slack.linked", links=self._links)
        return True

    async def _watch(self) -> None:
        """Returns when the link is dead and the SDK has not mended it."""
        # The SDK looks at a torn link only when its next ping is due, and until then commands fail in people's faces.
        look = min(LOOK, self._access.ping_seconds)
        lost_for = 0.0
        while lost_for < PATIENCE * look:
            await self._clock.sleep(look)
            handler = self._handler
            if handler is None:
                return
            self._connected = await handler.client.is_connected()
            lost_for = 0.0 if self._connected else lost_for + look
        self._telemetry.tell("slack.link_lost", seconds=lost_for)

    async def _drop(self) -> None:
        handler, self._handler = self._handler, None
        self._connected = False
        if handler is not None:
            await handler.client.close()  # type: ignore[no-untyped-call]

    async def _heard(self, _message: WSMessage) -> None:
        self._frame_at = self._clock.now().timestamp()
