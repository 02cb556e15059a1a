"""Socket Mode: the WebSockets through which Slack reaches the bot, and the acks that come back (docs/slack.md)."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import WSMessage, WSMsgType, web

from bot.demo.loopback import abort
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.moments import Moments, Pulse, Serial
from bot.demo.slack.shapes import Json, as_object, as_text
from bot.demo.slack.world import APP

PATH: Final = "/link/"
CLOSE_SECONDS: Final = 1.0
"""How long a client may take to say goodbye; a dead one never does."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One thing to tell the bot. `kind` is slash_commands, interactive or events_api."""

    id: str
    kind: str
    payload: Json
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ack:
    """The bot's answer to an envelope, `ms` milliseconds after it was sent; `payload` is empty if it had none."""

    envelope: str
    kind: str
    ms: float
    payload: Json
    link: str


@dataclass(slots=True)
class Link:
    """One connection. A frozen one stays open and reacts to nothing, not even to pings."""

    id: str
    socket: web.WebSocketResponse
    request: web.Request
    frozen: bool = False
    frames: int = 0


@dataclass(slots=True)
class _Sent:
    kind: str
    at: float


@dataclass(slots=True)
class _Doors:
    """Tickets that still open a connection; `shut` when Socket Mode is switched off."""

    tickets: set[str] = field(default_factory=set)
    shut: bool = False


class Links:
    """All connections of the app. Each envelope goes through one of them, in turn."""

    def __init__(self, knobs: Knobs, moments: Moments, pulse: Pulse, serial: Serial) -> None:
        self.origin = ""
        self.acks: list[Ack] = []
        self.open: list[Link] = []
        self._knobs = knobs
        self._moments = moments
        self._pulse = pulse
        self._serial = serial
        self._doors = _Doors()
        self._sent: dict[str, _Sent] = {}
        self._expected: dict[str, asyncio.Future[Ack]] = {}
        self._turn = 0

    @property
    def enabled(self) -> bool:
        """Whether Socket Mode is switched on."""
        return not self._doors.shut

    def issue(self) -> str:
        """A WebSocket URL that is good for one connection."""
        ticket = self._serial.next("ticket-")
        self._doors.tickets.add(ticket)
        return f"{self.origin.replace('http', 'ws', 1)}{PATH}?ticket={ticket}&app_id={APP}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket endpoint."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._doors.tickets:
            return web.Response(status=401, text="no such ticket")
        self._doors.tickets.discard(ticket)
        link = Link(self._serial.next("link-"), web.WebSocketResponse(autoping=False, timeout=CLOSE_SECONDS), request)
        await link.socket.prepare(request)
        if len(self.open) >= self._knobs.most_connections:
            await self._part(link, "too_many_websockets")
            return link.socket
        await self._talk(link)
        return link.socket

    async def send(self, envelope: Envelope) -> Link | None:
        """Through the connection whose turn it is; None if there is none that takes it."""
        for _ in range(len(self.open)):
            self._turn += 1
            link = self.open[self._turn % len(self.open)]
            self._sent[envelope.id] = _Sent(envelope.kind, self._moments.passed())
            if await _push(link, _frame(envelope)):
                return link
        return None

    async def utter(self, raw: str) -> None:
        """Put any text on each connection, be it an envelope or not."""
        for link in list(self.open):
            await link.socket.send_str(raw)

    def expect(self, envelope_id: str) -> asyncio.Future[Ack]:
        """The next ack of this envelope, to be asked for before it is sent."""
        waiter: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._expected[envelope_id] = waiter
        return waiter

    async def warn(self) -> None:
        """Say on each connection that it ends soon. Slack closes them about ten seconds later: see `refresh`."""
        for link in list(self.open):
            await _push(link, _parting("warning"))

    async def refresh(self) -> None:
        """End each connection in good order, as Slack does every few hours."""
        for link in list(self.open):
            await self._part(link, "refresh_requested")

    async def disable(self) -> None:
        """Switch Socket Mode off: connections end and no new ones are given."""
        self._doors.shut = True
        for link in list(self.open):
            await self._part(link, "link_disabled")

    def enable(self) -> None:
        """Switch Socket Mode on again."""
        self._doors.shut = False

    def abort(self) -> None:
        """Tear each connection down without a word (TCP RST)."""
        for link in list(self.open):
            abort(link.request)

    def freeze(self) -> None:
        """Leave each connection open and dead: nothing is sent, read or answered on it any more."""
        for link in self.open:
            link.frozen = True

    async def close(self) -> None:
        """End every connection because the workspace closes."""
        for link in list(self.open):
            await link.socket.close()

    async def _part(self, link: Link, reason: str) -> None:
        await _push(link, _parting(reason))
        await link.socket.close()

    async def _talk(self, link: Link) -> None:
        self.open.append(link)
        try:
            await _push(link, _hello(len(self.open), self._knobs.connection_life))
            self._pulse.beat()
            async for message in link.socket:
                await self._hear(link, message)
        finally:
            self.open.remove(link)
            self._pulse.beat()

    async def _hear(self, link: Link, message: WSMessage) -> None:
        if link.frozen:
            return
        link.frames += 1
        if message.type is WSMsgType.PING:
            await link.socket.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            self._note(link, message.data)

    def _note(self, link: Link, raw: str) -> None:
        try:
            frame = as_object(json.loads(raw)) or {}
        except ValueError:
            return
        envelope = as_text(frame.get("envelope_id"))
        sent = self._sent.get(envelope)
        if sent is None:
            return
        ms = (self._moments.passed() - sent.at) * 1000
        payload = as_object(frame.get("payload")) or {}
        ack = Ack(envelope, sent.kind, ms, payload, link.id)
        self.acks.append(ack)
        waiter = self._expected.pop(envelope, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(ack)
        self._pulse.beat()


async def _push(link: Link, frame: Mapping[str, object]) -> bool:
    """Whether the frame could be handed to the connection; a frozen one swallows it."""
    if link.frozen:
        return True
    try:
        await link.socket.send_str(json.dumps(frame))
    except ConnectionError:
        return False
    return True


def _frame(envelope: Envelope) -> Json:
    frame: dict[str, object] = {
        "envelope_id": envelope.id,
        "type": envelope.kind,
        "accepts_response_payload": envelope.kind != "events_api",
        "payload": envelope.payload,
    }
    if envelope.kind == "events_api":
        frame |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.reason}
    return frame


def _hello(connections: int, life: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "connection_info": {"app_id": APP},
        "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": life},
    }


def _parting(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
