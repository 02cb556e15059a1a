"""Slack over HTTP: signatures, odd bodies, and the deeds that come through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.clock import SystemClock
from bot.core.errors import ChatError
from bot.core.notices import Notice, Whisper
from bot.demo.loopback import Loopback
from bot.slack.http import LARGEST, parse, receiver
from bot.slack.listeners import Listeners, Surroundings
from bot.slack.payloads import Pressed, Said
from bot.tasks import Tasks
from tests.fakes.telemetry import FakeTelemetry
from tests.slack.rig import rigged
from tests.slack.test_payloads import COMMAND, PRESS

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Heard:
    """Every deed, as a flow would get it."""

    deeds: list[Said | Pressed] = field(default_factory=list)

    async def said(self, said: Said) -> None:
        self.deeds.append(said)

    async def pressed(self, pressed: Pressed) -> None:
        self.deeds.append(pressed)


@dataclass(frozen=True, slots=True)
class Door:
    """The route on a web server."""

    url: str
    session: aiohttp.ClientSession
    heard: Heard
    telemetry: FakeTelemetry

    async def send(self, body: bytes, kind: str = FORM, headers: dict[str, str] | None = None) -> tuple[int, str]:
        given = signed(body) if headers is None else headers
        async with self.session.post(self.url, data=BytesIO(body), headers={"Content-Type": kind, **given}) as answer:
            return answer.status, await answer.text()

    async def until_heard(self, deeds: int) -> None:
        async with asyncio.timeout(5):
            while len(self.heard.deeds) < deeds:
                await asyncio.sleep(0.002)


def signed(body: bytes, late: float = 0, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(SystemClock().now().timestamp() - late))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    assert signature is not None
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async def whisper(_to: Whisper, _notice: Notice) -> bool:
        return True

    async with rigged() as rig:
        heard, telemetry = Heard(), FakeTelemetry()
        tasks = Tasks(telemetry.broke)
        around = Surroundings(tasks, rig.clock, telemetry, whisper, lambda _doubt: None)
        bolt = rig.connection.bolt()
        Listeners(heard, around).register(bolt, "/flux-reconcile")
        app = web.Application()
        app.router.add_post("/slack", receiver(bolt, SECRET, SystemClock(), telemetry))
        async with Loopback(app) as server, aiohttp.ClientSession() as session:
            yield Door(f"{server.url}/slack", session, heard, telemetry)
        await tasks.drain(1)


def command(**more: object) -> bytes:
    return urlencode({**COMMAND, **more}).encode()


async def test_a_command_comes_through_whatever_words_are_in_it(door: Door) -> None:
    texts = ["ks apps", "ks payload-service", "ks apps --payload=1&payload=2", "hr grüße & <b>"]
    for n, text in enumerate(texts):
        assert await door.send(command(text=text, trigger_id=str(n))) == (200, "")
    await door.until_heard(len(texts))
    assert [deed.text for deed in door.heard.deeds if isinstance(deed, Said)] == texts


async def test_a_press_comes_through(door: Door) -> None:
    assert await door.send(urlencode({"payload": json.dumps(PRESS)}).encode()) == (200, "")
    await door.until_heard(1)
    (pressed,) = door.heard.deeds
    assert isinstance(pressed, Pressed)
    assert pressed.key == "k" * 22


async def test_an_event_and_the_question_for_the_address_are_answered(door: Door) -> None:
    event = {"type": "event_callback", "team_id": "T1", "event_id": "E1", "event": {"type": "app_home_opened"}}
    question = {"type": "url_verification", "challenge": "abc"}
    assert (await door.send(json.dumps(event).encode(), "application/json"))[0] == 200
    status, body = await door.send(json.dumps(question).encode(), "application/json")
    assert (status, json.loads(body)) == (200, {"challenge": "abc"})


def odd_signatures(body: bytes) -> dict[str, dict[str, str]]:
    good = signed(body)
    return {
        "none": {},
        "no timestamp": {"X-Slack-Signature": good["X-Slack-Signature"]},
        "no signature": {"X-Slack-Request-Timestamp": good["X-Slack-Request-Timestamp"]},
        "of another secret": signed(body, secret="another"),
        "of another body": signed(b"text=help"),
        "six minutes old": signed(body, late=400),
        "six minutes ahead": signed(body, late=-400),
        "a timestamp that is no number": {**good, "X-Slack-Request-Timestamp": "today"},
        "an empty timestamp": {**good, "X-Slack-Request-Timestamp": ""},
        "a signature that is not ASCII": {**good, "X-Slack-Signature": "v0=ß"},
        "an empty signature": {**good, "X-Slack-Signature": ""},
    }


@pytest.mark.parametrize("which", sorted(odd_signatures(b"")))
async def test_what_is_not_signed_well_is_refused_and_nothing_of_it_is_told(door: Door, which: str) -> None:
    body = command()
    assert await door.send(body, headers=odd_signatures(body)[which]) == (401, "")
    assert door.heard.deeds == []
    assert [(fact.event, fact.facts) for fact in door.telemetry.told] == [
        ("slack.http_refused", {"status": 401, "why": "not signed"})
    ]


async def test_a_body_that_is_no_text_is_refused(door: Door) -> None:
    body = b"\xff\xfe"
    assert await door.send(body, headers={**signed(b"x")}) == (401, "")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[1]", "application/json"),
        (b"{", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"payload=7", FORM),
        (b"payload=%7B", FORM),
        (b"&".join(b"a%d=1" % n for n in range(200)), FORM),
        (b"text=apps", "text/plain"),
    ],
)
async def test_signed_nonsense_is_refused(door: Door, body: bytes, kind: str) -> None:
    assert await door.send(body, kind) == (400, "")


async def test_a_body_over_a_mebibyte_is_refused(door: Door) -> None:
    at_most = b"text=" + b"a" * (LARGEST - 5)
    assert (await door.send(at_most + b"a"))[0] == 413
    assert (await door.send(at_most))[0] != 413


async def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_all_the_same(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 65_536 + 1):
            yield b"a" * 65_536

    async with door.session.post(door.url, data=endless()) as answer:
        assert answer.status == 413


async def test_a_command_of_another_name_is_acknowledged_and_not_carried_out(door: Door) -> None:
    assert await door.send(command(command="/other")) == (200, "")
    assert door.heard.deeds == []


async def test_without_a_signing_secret_there_is_no_route() -> None:
    async with rigged() as rig:
        with pytest.raises(ChatError, match="signing secret"):
            receiver(rig.connection.bolt(), " ", rig.clock, rig.telemetry)


def test_a_form_keeps_empty_values_and_takes_the_first_of_many() -> None:
    assert parse(b"text=&a=1&a=2", FORM) == {"text": "", "a": "1"}
