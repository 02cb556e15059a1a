"""What a measure stands on: a simulated workspace here, the bot in a process of its own, and clusters between them.

    async with bot_on(folder, workspace, clusters) as bot: ...

Simulators live in the process of the measure, never in the bot's.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from bot.demo.kube.custom_kinds import FLUX_KINDS
from bot.demo.kube.kubeconfig import Entry, kubeconfig
from bot.demo.kube.resources import Resource
from bot.demo.kube.rights import MASTERS, User
from bot.demo.kube.site import Site
from bot.demo.slack import world
from bot.demo.slack.knobs import REAL_TIERS
from bot.demo.slack.knobs import Knobs as SlackKnobs
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from tests.bench.child import Child, started
from tests.bench.logged import LoggedServer
from tests.demo.flux.inside import admit

Json = dict[str, Any]

BOT: Final = "flux-bot"
RIVAL: Final = "flux-cli"
"""Users, by which the API server's log tells them apart."""
BOT_TOKEN: Final = "token-of-the-bot"
RIVAL_TOKEN: Final = "token-of-the-cli"
RUNNING: Final = "⏳"
LONG: Final = 900.0

_RULE: Final = """\
    rules:
      - name: everything-{name}
        who: {{users: [{sre}]}}
        verbs: ["*"]
        kinds: ["*"]
        namespaces: ["*"]
        names: ["*"]
        clusters: ["*"]
        sources: referenced
        all: true
        force: true
        reset: true
"""


@dataclass(frozen=True, slots=True)
class Where:
    """A cluster as the bot is told of it."""

    name: str
    kubeconfig: Path


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated cluster that is up."""

    server: LoggedServer
    site: Site
    where: Where

    @property
    def url(self) -> str:
        return self.site.url


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def folder() -> Iterator[Path]:
    """For kubeconfigs, logs and the allowlist; gone with the block."""
    with tempfile.TemporaryDirectory(prefix="flux-bot-bench-") as name:
        yield Path(name)


@asynccontextmanager
async def cluster(
    place: Path, objects: Iterable[Json] = (), name: str = "demo", kinds: Iterable[Resource] = FLUX_KINDS
) -> AsyncIterator[Simulated]:
    """An API server that holds these objects, and nobody to reconcile them."""
    server = LoggedServer(now, Random(name), kinds)
    admit(server)
    server.users |= {BOT_TOKEN: User(BOT, (MASTERS,)), RIVAL_TOKEN: User(RIVAL, (MASTERS,))}
    for number, each in enumerate(objects):
        server.place(each)
        if number % 200 == 199:
            await asyncio.sleep(0)
    async with Site(server) as site:
        config = place / f"{name}.kubeconfig"
        config.write_text(kubeconfig({name: Entry(site.url, BOT_TOKEN, bearer=True)}), "utf-8")
        yield Simulated(server, site, Where(name, config))


@asynccontextmanager
async def workspace(channels: int = 0, *, limited: bool = True) -> AsyncIterator[Workspace]:
    """Slack, with so many channels beside its own; `limited` with Slack's own limits."""
    knobs = SlackKnobs(tiers=REAL_TIERS) if limited else SlackKnobs()
    async with Workspace(knobs) as made:
        platform = made.roster.channel(world.PLATFORM)
        for number in range(channels):
            made.roster.put_channel(replace(platform, id=channel_id(number), name=f"bench-{number:02}"))
        yield made


def channel_id(number: int) -> str:
    return f"C0BENCH{number:04}"


def _allowlist(place: Path, channels: int, default_cluster: str) -> Path:
    entries = [(world.PLATFORM, "platform")]
    entries += [(channel_id(number), f"bench-{number:02}") for number in range(channels)]
    text = f"defaults:\n  audit_channel: {world.FLUX_AUDIT}\nchannels:\n"
    for id_, name in entries:
        text += f'  {id_}:\n    name: {name}\n    private: true\n    shared: false\n    clusters: ["*"]\n'
        text += f"    default_cluster: {default_cluster}\n" + _RULE.format(sre=world.SRE, name=name)
    file = place / "allowlist.yaml"
    file.write_text(text, "utf-8")
    return file


@asynccontextmanager
async def bot_on(
    place: Path, slack: Workspace, clusters: Sequence[Where], *, channels: int = 0, **order: object
) -> AsyncIterator[Child]:
    """The bot, from its first instruction on: nothing of it need be up when the block begins."""
    told = {
        "clusters": [(each.name, str(each.kubeconfig)) for each in clusters],
        "api_url": slack.api_url,
        "port": int(slack.url.rpartition(":")[2]),
        "bot_token": world.BOT_TOKEN,
        "app_token": world.APP_TOKEN,
        "team": world.TEAM,
        "allowlist": str(_allowlist(place, channels, clusters[0].name)),
        **order,
    }
    async with started("tests.bench.bot_process", told, place / "bot.log") as child:
        yield child


@asynccontextmanager
async def ready_bot(
    place: Path, slack: Workspace, clusters: Sequence[Where], *, channels: int = 0, **order: object
) -> AsyncIterator[Child]:
    """The bot, linked to Slack and with every cache filled."""
    async with bot_on(place, slack, clusters, channels=channels, **order) as child:
        await child.alive(slack.connected(timeout=60))
        for each in clusters:
            await child.told(f"synced {each.name}", 120)
        yield child


async def knows_its_channels(slack: Workspace, channels: int) -> None:
    """Slack lets the bot look at ten channels at once and then at forty-five a minute: it has been up for so long."""
    await slack.wait_for(lambda: sum(call.method == "conversations.info" for call in slack.calls) > channels, 120)


async def typed(slack: Workspace, text: str, channel: str = world.PLATFORM) -> int:
    """Types a slash command; answers how many states of messages there were before. RuntimeError without an ack."""
    seen = len(slack.history)
    delivery = await slack.command(world.SRE, channel, text)
    if delivery.error is not None:
        raise RuntimeError(f"{text}: {delivery.error}")
    return seen


async def ended(slack: Workspace, words: str, since: int, seconds: float = LONG) -> MessageState:
    """The first state of a root with these words in it that runs no more. TimeoutError otherwise."""
    return await seen_state(slack, lambda each: words in each.text and is_end(each), since, seconds)


def is_root(state: MessageState) -> bool:
    """The bot's, for everybody, in no thread and no audit line."""
    return (
        state.author == world.BOT_USER
        and state.thread_ts is None
        and state.only_for is None
        and state.channel != world.FLUX_AUDIT
    )


def is_end(state: MessageState) -> bool:
    return is_root(state) and not state.text.startswith(RUNNING)


async def seen_state(
    slack: Workspace, holds: Callable[[MessageState], bool], since: int, seconds: float = LONG
) -> MessageState:
    looked = since

    def found() -> MessageState | None:
        nonlocal looked
        for state in slack.history[looked:]:
            looked += 1
            if holds(state):
                return state
        return None

    state = await slack.wait_for(found, seconds)
    assert state is not None
    return state
