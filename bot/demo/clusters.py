"""The clusters of the demo: an API server with Flux's controllers as its clients, on free ports of this machine."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from bot.demo import world
from bot.demo.flux.api import HttpApi
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.knobs import Knobs
from bot.demo.flux.origins import Origins
from bot.demo.installation import BOT, FLUX_NAMESPACE
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.kubeconfig import Entry, kubeconfig
from bot.demo.kube.rights import MASTERS, User
from bot.demo.kube.site import Site

CLUSTERS: Final = ("demo", "edge")


@dataclass(frozen=True, slots=True)
class Kubeconfigs:
    """One file with the bot's own rights, one for people with kubectl; a context per cluster in both."""

    bot: Path
    people: Path


@dataclass(frozen=True, slots=True)
class Cluster:
    """One simulated cluster while it runs. `admin` and `bot` are tokens; the first one's owner may do everything."""

    name: str
    admin: str
    bot: str
    server: ApiServer
    site: Site
    origins: Origins
    flux: Flux

    def entry(self, token: str, *, bearer: bool = False) -> Entry:
        """The way in with a token."""
        return Entry(self.site.url, token, FLUX_NAMESPACE, bearer=bearer)


@dataclass(frozen=True, slots=True)
class Simulation:
    """All clusters, and the ways into them."""

    clusters: tuple[Cluster, ...]
    kubeconfigs: Kubeconfigs


@asynccontextmanager
async def simulated_clusters(folder: Path) -> AsyncIterator[Simulation]:
    """All of them with their world made, and kubeconfigs in `folder`. Raises world.Unsettled if that fails."""
    async with AsyncExitStack() as exits:
        clusters = [await exits.enter_async_context(_cluster(name)) for name in CLUSTERS]
        bots = {each.name: each.entry(each.bot, bearer=True) for each in clusters}
        people = {each.name: each.entry(each.admin) for each in clusters}
        kubeconfigs = Kubeconfigs(
            bot=_write(folder / "bot-kubeconfig", bots), people=_write(folder / "kubeconfig", people)
        )
        yield Simulation(tuple(clusters), kubeconfigs)


@asynccontextmanager
async def _cluster(name: str) -> AsyncIterator[Cluster]:
    server = ApiServer(_now, Random(secrets.randbits(64)))  # noqa: S311 - uids and jitter, no secrets
    admin, bot = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    server.users |= {admin: User("admin", (MASTERS,)), bot: User(BOT, ("flux-bots",))}
    origins, knobs = Origins(), Knobs()
    async with Site(server) as site, HttpApi(site.url, admin) as api:
        flux = Flux(api, origins, knobs, _now, Random(name), Journal(_now))  # noqa: S311
        async with _beside(flux.run()):
            with _in_a_hurry(knobs):
                await world.build(server, origins)
            yield Cluster(name, admin, bot, server, site, origins, flux)


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Works while the block lasts. What it breaks with ends the block: nobody is to wait for who is not there."""
    block = asyncio.current_task()
    running = asyncio.ensure_future(work)
    if block is not None:
        running.add_done_callback(lambda task: None if task.cancelled() else block.cancel())
    try:
        yield
    except asyncio.CancelledError:
        if running.done() and not running.cancelled():
            running.result()
        raise
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@contextmanager
def _in_a_hurry(knobs: Knobs) -> Iterator[None]:
    """While the world is made nobody watches."""
    before = replace(knobs)
    knobs.pace, knobs.requeue_dependency, knobs.retry_first, knobs.poll_health = 0.05, 0.1, 0.05, 0.1
    yield
    for field in fields(knobs):
        setattr(knobs, field.name, getattr(before, field.name))


def _write(file: Path, contexts: Mapping[str, Entry]) -> Path:
    """Tokens are in it, so that nobody else may read it."""
    file.touch(mode=0o600)
    file.write_text(kubeconfig(contexts), encoding="utf-8")
    return file


def _now() -> datetime:
    return datetime.now(UTC)
