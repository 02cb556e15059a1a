"""The demo: simulated surroundings, and the real bot started among them by nothing but settings."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pydantic import SecretStr

from bot import app
from bot.config.channels_file import load_allowlist
from bot.config.clusters import ClusterSetting
from bot.config.settings import Settings, SlackMode
from bot.demo.allowlists import DEFAULT_ALLOWLIST, WORLD_ALLOWLIST, loaded
from bot.demo.clusters import CLUSTERS, Cluster, simulated_clusters
from bot.demo.conversation import Conversation, Untold, fine
from bot.demo.keyboard import Keyboard
from bot.demo.options import BadUsage, Demo, context_of, ids
from bot.demo.page.real import watched
from bot.demo.page.server import Page
from bot.demo.printing import as_json, as_text
from bot.demo.slack import world
from bot.demo.slack.workspace import Workspace
from bot.demo.terminal import HELP, Terminal
from bot.demo.world import Unsettled

_CLUSTER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Ground:
    """What the bot stands on: its clusters, whether it may write there, who may do what, and how a person gets in."""

    clusters: tuple[ClusterSetting, ...]
    frozen: bool
    folder: Path
    """Gone with the demo."""
    allowlist_file: Path
    told: str
    simulated: tuple[Cluster, ...] = ()


async def run(demo: Demo) -> int:
    """Runs the demo and answers the exit code of `flux-bot`. Raises BadUsage."""
    try:
        return await _run(demo)
    except Unsettled as error:
        print(f"flux-bot demo: {error}", file=sys.stderr)
        return 1


@dataclass(frozen=True, slots=True)
class Stage:
    """The ground, and on it people talking to the bot."""

    ground: Ground
    talk: Conversation


@asynccontextmanager
async def staged(demo: Demo) -> AsyncIterator[Stage]:
    """Workspace, clusters and bot while the block lasts. Raises BadUsage and Unsettled."""
    with TemporaryDirectory(prefix="flux-bot-demo-") as folder:
        async with Workspace() as workspace:
            _require_known(workspace, demo)
            ground = _simulated if demo.kubeconfig is None else _real
            async with ground(demo, Path(folder)) as found, _with_bot(demo, found, workspace) as talk:
                yield Stage(found, talk)


@asynccontextmanager
async def paged(demo: Demo, stage: Stage) -> AsyncIterator[Page]:
    """The workspace in a browser, with the clusters beside it, while the block lasts. Raises BadUsage."""
    async with AsyncExitStack() as exits:
        real = () if stage.ground.simulated else stage.ground.clusters
        shown = [await exits.enter_async_context(watched(each)) for each in real]
        try:
            page = await exits.enter_async_context(
                Page(stage.talk.workspace, stage.ground.simulated, shown, demo.port)
            )
        except OSError as error:
            raise BadUsage(f"--port {demo.port} cannot be had: {error.strerror}") from error
        yield page


async def _run(demo: Demo) -> int:
    async with staged(demo) as stage:
        if not await stage.talk.connected():
            return 1
        return await (_said(demo, stage.talk) if demo.says else _typed(demo, stage))


def _require_known(workspace: Workspace, demo: Demo) -> None:
    try:
        workspace.roster.person(demo.person)
        workspace.roster.channel(demo.channel)
    except LookupError as error:
        raise BadUsage(str(error.args[0])) from error


@asynccontextmanager
async def _real(demo: Demo, folder: Path) -> AsyncIterator[Ground]:
    """A cluster of somebody's own, where nothing is written unless they say so."""
    kubeconfig = demo.kubeconfig
    if kubeconfig is None:
        raise BadUsage("a cluster of your own needs --kubeconfig FILE")
    context = context_of(kubeconfig, demo.context)
    if demo.allow_writes is not None and demo.allow_writes != context:
        raise BadUsage(f"--allow-writes names {demo.allow_writes}, but the demo would use the context {context}")
    # A context such as arn:aws:eks:…/prod is no name that a person could type.
    name = context if _CLUSTER_NAME.fullmatch(context) else "demo"
    yield Ground(
        clusters=(ClusterSetting(name, kubeconfig, context),),
        frozen=demo.allow_writes is None,
        folder=folder,
        allowlist_file=_allowlist_file(demo, folder, DEFAULT_ALLOWLIST),
        told=f"The cluster is {name}, a real one. The Slack workspace is simulated on this machine."
        + (
            f"\nThe bot only reads there; --allow-writes {context} changes that." if demo.allow_writes is None else ""
        ),
    )


@asynccontextmanager
async def _simulated(demo: Demo, folder: Path) -> AsyncIterator[Ground]:
    if demo.context is not None or demo.allow_writes is not None:
        raise BadUsage("--context and --allow-writes belong to a cluster of your own: add --kubeconfig FILE")
    async with simulated_clusters(folder) as simulation:
        kubeconfigs = simulation.kubeconfigs
        yield Ground(
            clusters=tuple(ClusterSetting(name, kubeconfigs.bot, name) for name in CLUSTERS),
            frozen=False,
            folder=folder,
            allowlist_file=_allowlist_file(demo, folder, WORLD_ALLOWLIST),
            told=(
                f"A Slack workspace and the clusters {' and '.join(CLUSTERS)} are simulated on this machine; the bot "
                f"between them is the real one.\nFor kubectl: export KUBECONFIG={kubeconfigs.people}"
            ),
            simulated=simulation.clusters,
        )


def _allowlist_file(demo: Demo, folder: Path, own: str) -> Path:
    """The named file, else the demo's own, which is there as long as the bot runs."""
    if demo.policy is not None:
        return demo.policy
    file = folder / "allowlist.yaml"
    file.write_text(own, encoding="utf-8")
    return file


def _settings(demo: Demo, ground: Ground, api_url: str) -> Settings:
    own: dict[str, Any] = {
        "slack_mode": SlackMode.SOCKET,
        "slack_bot_token": SecretStr(world.BOT_TOKEN),
        "slack_app_token": SecretStr(world.APP_TOKEN),
        "slack_team": world.TEAM,
        "slack_command": "/flux-reconcile",
        "slack_api_url": api_url,
        "allowlist_file": ground.allowlist_file,
        "clusters": ground.clusters,
        "database": SecretStr(str(ground.folder / "state.db")),
        "read_only": ground.frozen,
        "read_only_words": "this demo only reads",
        "listen_host": "127.0.0.1",
        "listen_port": 0,
        "log_level": demo.log_level,
    }
    # What is given wins over the environment. So every field is given: the FLUX_BOT_ variables of the caller's shell
    # are some other bot's, and a wrong one among them is no mistake of the demo's user.
    defaults = {field: info.default for field, info in Settings.model_fields.items() if not info.is_required()}
    return Settings(**{**defaults, **own})


@asynccontextmanager
async def _with_bot(demo: Demo, ground: Ground, workspace: Workspace) -> AsyncIterator[Conversation]:
    """The bot while the block lasts; what was asked with --say is printed when it has stopped."""
    result = load_allowlist(ground.allowlist_file)
    for warning in result.warnings:
        print(f"{ground.allowlist_file}:{warning.line} {warning.field}: warning: {warning.text}", file=sys.stderr)
    allowlist = loaded(result, ground.allowlist_file)
    stop = asyncio.Event()
    settings = _settings(demo, ground, workspace.api_url)
    bot = asyncio.ensure_future(app.serve(settings, allowlist, stop))
    try:
        yield Conversation(workspace, bot)
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await bot
        if demo.says:
            for state in workspace.history:
                print(json.dumps(as_json(state), ensure_ascii=False) if demo.as_json else as_text(state))


async def _said(demo: Demo, talk: Conversation) -> int:
    """Every --say to its end; 0 if each got what it asked for."""
    all_fine = True
    for text in demo.says:
        end = await talk.say(demo.person, demo.channel, text)
        if isinstance(end, Untold):
            print(end.why, file=sys.stderr)
        all_fine = all_fine and not isinstance(end, Untold) and fine(end)
    await talk.quiet()
    return 0 if all_fine else 1


async def _typed(demo: Demo, stage: Stage) -> int:
    """A page and a terminal until its input ends, somebody leaves it or interrupts it, or the bot dies."""
    async with paged(demo, stage) as page:
        print(f"{stage.ground.told}\nIn a browser: {page.url}\n\n{HELP}", flush=True)
        return await _at_the_terminal(demo, stage.talk)


async def _at_the_terminal(demo: Demo, talk: Conversation) -> int:
    terminal = Terminal(talk, Keyboard(), _write, demo.person, demo.channel, ids())
    typing = asyncio.ensure_future(terminal.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, typing.cancel)
    try:
        both: list[asyncio.Future[None] | asyncio.Future[int]] = [typing, talk.bot]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        typing.cancel()
        (result,) = await asyncio.gather(typing, return_exceptions=True)
    if isinstance(result, Exception):
        raise result
    return 1 if talk.bot.done() else 0


def _write(text: str) -> None:
    print(text, end="", flush=True)
