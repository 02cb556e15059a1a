"""Slack over HTTP: signed commands through the bot's own port."""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bot.config.settings import SlackMode
from bot.demo.slack import world
from tests.e2e.stage import SIGNING_SECRET, Stage, staged

EVENTS = "/slack/events"


def form(stage: Stage, text: str, **changes: str) -> bytes:
    """The body of a slash command, as Slack posts it."""
    url = stage.workspace.links.origin + stage.workspace.site.urls.issue(world.SRE, world.PLATFORM, None)
    fields = {
        "token": "not-believed",
        "team_id": world.TEAM,
        "channel_id": world.PLATFORM,
        "channel_name": "platform",
        "user_id": world.SRE,
        "user_name": "sre",
        "command": "/flux-reconcile",
        "text": text,
        "api_app_id": world.APP,
        "is_enterprise_install": "false",
        "response_url": url,
        "trigger_id": f"trigger-{len(url)}-{text}",
        **changes,
    }
    return urlencode(fields).encode()


def signed(body: bytes, secret: str = SIGNING_SECRET, age: int = 0) -> dict[str, str]:
    at = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={digest}",
    }


async def post(stage: Stage, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{await stage.url(EVENTS)}{EVENTS}", data=body, headers=headers) as response,
    ):
        return response.status, await response.text()


async def test_a_signed_command_is_acknowledged_and_carried_out_once(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path, linked=False, slack_mode=SlackMode.HTTP) as stage:
        body = form(stage, "ks ks-unchanged/app")
        assert await post(stage, body, signed(body)) == (200, "")
        assert (await stage.end()).text.startswith("🟰 ")
        assert await post(stage, body, {**signed(body), "X-Slack-Retry-Num": "1"}) == (200, "")
        await stage.logged("slack.duplicate")
        assert len(stage.cluster.patches) == 1


async def test_the_word_payload_in_a_command_is_a_word(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path, linked=False, slack_mode=SlackMode.HTTP) as stage:
        body = form(stage, "pod payload=payload")
        assert await post(stage, body, signed(body)) == (200, "")
        whisper = await stage.end()
        assert whisper.only_for == world.SRE
        assert "payload=payload" in whisper.text


async def test_what_is_not_signed_is_refused_and_its_body_stays_out_of_the_log(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path, linked=False, slack_mode=SlackMode.HTTP) as stage:
        body = form(stage, "ks not-to-be-logged")
        good = signed(body)
        unsigned = {"Content-Type": good["Content-Type"]}
        answers = [
            await post(stage, body, headers)
            for headers in (
                unsigned,
                signed(body, secret="another secret of 16"),
                signed(body, age=3_600),
                {**good, "X-Slack-Request-Timestamp": "soon"},
                signed(body + b"&x=1"),
            )
        ]
        assert answers == [(401, "")] * 5
        assert stage.history == []
        assert stage.cluster.patches == []
    assert "not-to-be-logged" not in stage.log.getvalue()


async def test_over_http_it_is_ready_without_a_socket(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path, linked=False, slack_mode=SlackMode.HTTP) as stage:
        await stage.logged("held", 7)
        async with aiohttp.ClientSession() as session, session.get(f"{await stage.url()}/readyz") as response:
            told = await response.json()
            assert (response.status, told["failing"]) == (200, {})
            assert "slack" not in told["ok"]
        assert stage.workspace.links.open == []


async def test_slacks_port_answers_slack_and_shows_neither_probes_nor_metrics(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path, linked=False, slack_mode=SlackMode.HTTP) as stage:
        answers = []
        async with aiohttp.ClientSession() as session:
            for method, of, path in (
                ("GET", EVENTS, "/healthz"),
                ("GET", EVENTS, "/readyz"),
                ("GET", EVENTS, "/metrics"),
                ("POST", EVENTS, EVENTS),
                ("POST", "/healthz", EVENTS),
            ):
                async with session.request(method, f"{await stage.url(of)}{path}") as response:
                    answers.append(response.status)
        assert answers == [404, 404, 404, 401, 404]
