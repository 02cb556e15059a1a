"""Slack over HTTP, where Socket Mode is off: a handler to be mounted by the web server.

Bolt's own route drops commands with the word "payload" in them, answers 500 to odd headers and logs bodies; this one
verifies, parses and hands Bolt what Socket Mode would have (docs/slack.md, Over HTTP).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.clock import Clock
from bot.core.errors import ChatError
from bot.ports import Telemetry
from bot.slack.intake import take_in

LARGEST: Final = 1024 * 1024
RETRY_HEADERS: Final = ("x-slack-retry-num", "x-slack-retry-reason")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Time(SignatureClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


def receiver(app: AsyncApp, signing_secret: str, clock: Clock, telemetry: Telemetry) -> Handler:
    """Answers POSTs of Slack: 200 with Bolt's answer, 401 unsigned, 400 unreadable, 413 over 1 MiB.

    Raises ChatError when there is no signing secret: nobody could be told from Slack.
    """
    if not signing_secret.strip():
        raise ChatError("Slack over HTTP needs the app's signing secret (Basic Information of the app).")
    verifier = SignatureVerifier(signing_secret, _Time(clock))

    async def receive(request: web.Request) -> web.StreamResponse:
        raw = await _read(request)
        if raw is None:
            return _refuse(telemetry, 413, "too large")
        if not _signed(verifier, raw, request):
            return _refuse(telemetry, 401, "not signed")
        body = parse(raw, request.content_type)
        if body is None:
            return _refuse(telemetry, 400, "not readable")
        headers = {name: request.headers[name] for name in RETRY_HEADERS if name in request.headers}
        return await to_aiohttp_response(await take_in(app, body, headers, telemetry))

    return receive


def parse(raw: bytes, content_type: str) -> dict[str, object] | None:
    """The payload of a verified body: JSON, a form, or JSON in the form's field `payload`. None for anything else."""
    try:
        text = raw.decode("utf-8")
        if content_type == "application/json":
            return _object(text)
        if content_type != "application/x-www-form-urlencoded":
            return None
        form = parse_qs(text, keep_blank_values=True, max_num_fields=100)
        return (
            _object(form["payload"][0]) if "payload" in form else {name: values[0] for name, values in form.items()}
        )
    except (ValueError, RecursionError):
        return None


def _object(text: str) -> dict[str, object] | None:
    value = json.loads(text)
    return value if isinstance(value, dict) else None


async def _read(request: web.Request) -> bytes | None:
    if (request.content_length or 0) > LARGEST:
        return None
    raw = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        raw += chunk
        if len(raw) > LARGEST:
            return None
    return bytes(raw)


def _signed(verifier: SignatureVerifier, raw: bytes, request: web.Request) -> bool:
    try:
        return verifier.is_valid(
            raw, request.headers.get("X-Slack-Request-Timestamp"), request.headers.get("X-Slack-Signature")
        )
    except (ValueError, TypeError):
        # A timestamp that is no number, a signature that is not ASCII, a body that is no text.
        return False


def _refuse(telemetry: Telemetry, status: int, why: str) -> web.Response:
    telemetry.tell("slack.http_refused", status=status, why=why)
    return web.Response(status=status)
