"""The whole bot on a stage: the simulated workspace on one side, a cluster that plays recordings on the other.

    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        end = await stage.say("ks ks-new-revision/app")

The bot is wired by nothing but settings. Whatever a test does, its log must hold no secret and no traceback.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any

import pytest
from pydantic import SecretStr

from bot import app
from bot.config.clusters import ClusterSetting
from bot.config.settings import LogLevel, Settings, SlackMode
from bot.core.channels import Allowlist
from bot.demo.allowlists import default_allowlist
from bot.demo.slack import world
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.shapes import as_objects, as_text
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from tests.e2e.played import Json, Played
from tests.fakes.api_server import ApiServer, kubeconfig
from tests.slack.rig import FastClock, Wire

CLUSTER = "prod"
CLUSTER_TOKEN = "sesame-cluster-token"
SIGNING_SECRET = "0123456789abcdef-signing"
SECRETS = (world.BOT_TOKEN, world.APP_TOKEN, CLUSTER_TOKEN, SIGNING_SECRET, "/actions/")
"""What no log may hold; the last is in every response URL."""
RUNNING = "⏳"
LONG = 20.0
"""Seconds: far more than anything here needs, even on a slow machine."""


@dataclass(slots=True)
class Stage:
    """What a test drives and looks at."""

    workspace: Workspace
    cluster: Played
    wire: Wire
    """Between the bot and the cluster."""
    slack_wire: Wire
    settings: Settings
    stop: asyncio.Event
    bot: asyncio.Future[int]
    log: io.StringIO
    opened: float
    breaks: list[str] = field(default_factory=list)
    """Events with a traceback that the test expects in the log."""

    # --- what people do -------------------------------------------------------------------------------------------

    async def type(self, text: str, *, who: str = "sre", where: str = "platform", escaped: bool = True) -> None:
        """Types the slash command; it must be acknowledged."""
        delivery = await self.workspace.command(who, where, text, escaped=escaped)
        assert delivery.error is None, delivery.error

    async def say(self, text: str, *, who: str = "sre", where: str = "platform") -> MessageState:
        """Types it and returns its end: a root that runs no more, or a whisper."""
        seen = len(self.history)
        await self.type(text, who=who, where=where)
        return await self.end(seen)

    async def press(self, message: MessageState, button: str, *, who: str = "sre") -> MessageState:
        """Presses a button such as `retry` and returns the end of what that began."""
        seen = len(self.history)
        delivery = await self.workspace.press(who, message, f"offer:{button}")
        assert delivery.error is None, delivery.error
        return await self.end(seen)

    # --- what people see ------------------------------------------------------------------------------------------

    @property
    def history(self) -> list[MessageState]:
        return self.workspace.history

    async def until(
        self, holds: Callable[[MessageState], bool], *, since: int = 0, seconds: float = LONG
    ) -> MessageState:
        """The first state of any message that fits; AssertionError with all that was seen otherwise."""

        def found() -> MessageState | None:
            return next((state for state in self.history[since:] if holds(state)), None)

        try:
            state = await self.workspace.wait_for(found, seconds)
        except TimeoutError:
            seen = "\n---\n".join(f"#{state.channel_name} {state.text}" for state in self.history[since:])
            raise AssertionError(
                f"nobody saw that within {seconds:.0f} s, but:\n{seen}\n\n{self.log.getvalue()}"
            ) from None
        assert state is not None
        return state

    async def end(self, since: int = 0, seconds: float = LONG) -> MessageState:
        return await self.until(
            lambda state: is_top(state) and not state.text.startswith(RUNNING), since=since, seconds=seconds
        )

    async def runs(self, since: int = 0) -> MessageState:
        return await self.until(lambda state: is_top(state) and state.text.startswith(RUNNING), since=since)

    async def edited(self, message: MessageState, words: str, seconds: float = LONG) -> MessageState:
        """A later state of the message that holds these words."""
        return await self.until(
            lambda state: state.key == message.key and state.seq > message.seq and words in state.text,
            seconds=seconds,
        )

    async def audited(self, number: int = 1) -> list[str]:
        """The lines of the audit channel, once there are so many."""
        await self.workspace.wait_for(lambda: len(self.audit) >= number, LONG)
        return self.audit

    @property
    def audit(self) -> list[str]:
        return [message.text for message in self.workspace.messages("flux-audit")]

    def roots(self) -> list[MessageState]:
        """What stands in channels now for everybody, audit apart."""
        return [state for state in self.workspace.messages() if is_top(state) and state.only_for is None]

    def whispers(self) -> list[str]:
        return [state.text for state in self.history if state.author == world.BOT_USER and state.only_for is not None]

    def thread(self, message: MessageState) -> list[MessageState]:
        return [each for each in self.workspace.messages(message.channel) if each.thread_ts == message.ts]

    # --- the bot itself -------------------------------------------------------------------------------------------

    def events(self, name: str) -> list[Json]:
        """The log's lines of one event, as far as they are written."""
        lines = [json.loads(line) for line in self.log.getvalue().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == name]

    async def logged(self, name: str, number: int = 1) -> Json:
        async with asyncio.timeout(LONG):
            while len(self.events(name)) < number:
                await asyncio.sleep(0.005)
        return self.events(name)[number - 1]

    async def url(self, path: str = "/healthz") -> str:
        """The base of the server that answers this path, once it listens."""
        async with asyncio.timeout(LONG):
            while not (found := [line for line in self.events("listening") if path in line["paths"]]):
                await asyncio.sleep(0.005)
        return f"http://127.0.0.1:{found[0]['port']}"

    async def finish(self) -> int:
        """Stops it as SIGTERM would."""
        self.stop.set()
        return await self.bot

    def moment(self, state: MessageState) -> float:
        """When a state was shown, on time.monotonic's clock."""
        return self.opened + state.at


def is_top(state: MessageState) -> bool:
    """The bot's own, in no thread and not in the audit channel."""
    return state.author == world.BOT_USER and state.thread_ts is None and state.channel != world.FLUX_AUDIT


def buttons(message: MessageState) -> list[str]:
    """Names of the offers under a message."""
    actions = [as_objects(block.get("elements")) for block in message.blocks if block["type"] == "actions"]
    return [as_text(each["action_id"]).removeprefix("offer:") for elements in actions for each in elements]


def settings_for(api_url: str, config: Path, **changes: Any) -> Settings:
    chosen: dict[str, Any] = {
        "slack_mode": SlackMode.SOCKET,
        "slack_bot_token": SecretStr(world.BOT_TOKEN),
        "slack_app_token": SecretStr(world.APP_TOKEN),
        "slack_signing_secret": SecretStr(SIGNING_SECRET),
        "slack_team": world.TEAM,
        "slack_api_url": api_url,
        "allowlist_file": Path("-"),
        "clusters": (ClusterSetting(CLUSTER, config, CLUSTER),),
        "database": SecretStr(str(config.with_name(f"state-{token_hex(4)}.db"))),
        "drain": timedelta(seconds=0.5),
        "listen_host": "127.0.0.1",
        "listen_port": 0,
        "slack_listen_port": 0,
        "log_level": LogLevel.DEBUG,
        **changes,
    }
    return Settings(**chosen)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


@asynccontextmanager
async def staged(
    recording: str,
    folder: Path,
    *,
    since: int = 0,
    knobs: Knobs | None = None,
    allowlist: Allowlist | None = None,
    prepare: Callable[[Workspace], None] = lambda _: None,
    canned: Callable[[ApiServer], None] = lambda _: None,
    linked: bool = True,
    away: bool = False,
    wired: bool = False,
    fast: bool = False,
    **changes: Any,
) -> AsyncIterator[Stage]:
    """The stage for the length of the block.

    `prepare` and `canned` change the workspace and the API server before the bot starts. `linked`: wait for the
    Socket Mode link. `away`: no cluster at first. `wired`: the way to Slack can be cut. `fast`: the bot's
    clock goes faster, budgets and pauses with it. `changes` are settings.
    """
    server, wire, slack_wire = ApiServer(), Wire(), Wire()
    async with server.running(), Workspace(knobs) as workspace:
        prepare(workspace)
        await wire.lay(port_of(server.url))
        cluster = Played(server, recording, since)
        canned(server)
        api_url = workspace.api_url
        if wired:
            await slack_wire.lay(port_of(workspace.url))
            workspace.links.origin = f"http://127.0.0.1:{slack_wire.port}"
            api_url = f"{workspace.links.origin}/api/"
        config = kubeconfig(
            folder / "kubeconfig", f"http://127.0.0.1:{wire.port}", {"token": CLUSTER_TOKEN}, context=CLUSTER
        )
        if away:
            await wire.cut()
        settings = settings_for(api_url, config, **changes)
        stop, log = asyncio.Event(), io.StringIO()
        opened = monotonic() - workspace.site.moments.passed()
        with redirect_stderr(log), pytest.MonkeyPatch.context() as patch:
            if fast:
                patch.setattr("bot.app.SystemClock", FastClock)
            bot = asyncio.ensure_future(app.serve(settings, allowlist or default_allowlist(), stop))
            stage = Stage(workspace, cluster, wire, slack_wire, settings, stop, bot, log, opened)
            try:
                if linked:
                    await _linked(stage)
                yield stage
            finally:
                stop.set()
                code = await bot
                await wire.cut()
                await slack_wire.cut()
    _sound(stage, code)


async def _linked(stage: Stage) -> None:
    waiting = asyncio.ensure_future(stage.workspace.connected(timeout=LONG))
    either: list[asyncio.Future[None] | asyncio.Future[int]] = [waiting, stage.bot]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    assert not stage.bot.done(), stage.log.getvalue()
    await waiting


def _sound(stage: Stage, code: int) -> None:
    """What holds at the end of every play."""
    log = stage.log.getvalue()
    assert code == 0, log
    assert [secret for secret in SECRETS if secret in log] == []
    assert "Traceback" not in log
    traced = [line["event"] for line in map(json.loads, filter(None, log.splitlines())) if "trace" in line]
    assert traced == stage.breaks, log
