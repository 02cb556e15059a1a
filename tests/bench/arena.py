"""A cluster with Flux at work in which the bot and a client like the flux CLI are measured, simulated or real.

Both have a Git repository with a folder `deploy` that builds and a folder `broken` that does not, and a chart `web`;
an arena says under which addresses.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Protocol

from bot.demo.flux.contents import Chart, Folder, Tree
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.knobs import Knobs
from bot.demo.flux.origins import Origins
from bot.demo.installation import installation
from bot.demo.manifests import config_map, git_repository, helm_release, helm_repository, kustomization
from tests.bench.child import Child, started
from tests.bench.ground import RIVAL_TOKEN, Simulated, Where, cluster, now
from tests.bench.logged import Logged
from tests.bench.rival import POLL
from tests.demo.flux.inside import Inside

Json = dict[str, Any]

NAMESPACE: Final = "bench"
GIT: Final = "https://git.example.com/acme/bench"
CHARTS: Final = "https://charts.example.com/bench"
BROKEN: Final = "accumulating resources: missing.yaml: no such file or directory"
SETTLES_WITHIN: Final = 300.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow the simulated controllers are: workers of each, and by how much their steps take longer than Flux's.

    A real control plane has its own pace.
    """

    stretch: float = 1.0
    jitter: float = 0.0
    workers: int = 4
    requeue_dependency: float = 30.0


class Arena(Protocol):
    """One cluster; made by `simulated`, or by `tests.bench.real_arena`."""

    @property
    def where(self) -> Where: ...

    @property
    def git(self) -> str: ...

    @property
    def charts(self) -> str: ...

    def rival(self) -> Json:
        """The order for a client like the flux CLI."""
        ...

    async def create(self, objects: Iterable[Json]) -> None:
        """Creates them and returns when each was reconciled once, well or not."""
        ...

    async def commit(self, colour: str) -> None:
        """A new commit, which changes what the folder `deploy` holds."""
        ...

    async def log(self) -> Sequence[Logged]:
        """Every request that the API server was asked so far, oldest first."""
        ...

    def work(self, pace: Pace) -> None:
        """The controllers work like that from now on, where they can be told to."""
        ...


@dataclass(frozen=True, slots=True)
class SimulatedArena:
    """On the simulators, in this process."""

    cluster: Simulated
    knobs: Knobs
    origins: Origins
    git: str = GIT
    charts: str = CHARTS

    @property
    def where(self) -> Where:
        return self.cluster.where

    def rival(self) -> Json:
        return {"url": self.cluster.url, "token": RIVAL_TOKEN}

    async def create(self, objects: Iterable[Json]) -> None:
        made = [self.cluster.server.place(each) for each in objects]
        async with asyncio.timeout(SETTLES_WITHIN):
            for each in made:
                while not self._rests(each):
                    await asyncio.sleep(0.05)

    async def commit(self, colour: str) -> None:
        self.origins.git(GIT).push_folder("deploy", Folder((config_map("web", colour=colour),)), f"It turns {colour}")

    async def log(self) -> Sequence[Logged]:
        return self.cluster.server.log

    def work(self, pace: Pace) -> None:
        self.knobs.pace, self.knobs.jitter = pace.stretch, pace.jitter
        self.knobs.requeue_dependency = pace.requeue_dependency

    def _rests(self, obj: Json) -> bool:
        meta = obj["metadata"]
        return rests(self.cluster.server.find(obj["kind"], meta["namespace"], meta["name"]) or obj)


def rests(obj: Json) -> bool:
    """Whether a controller has had its say about the object's newest generation."""
    ready: list[Json] = [each for each in obj.get("status", {}).get("conditions", ()) if each["type"] == "Ready"]
    told = [each["status"] for each in ready if each.get("observedGeneration") == obj["metadata"].get("generation")]
    return told in (["True"], ["False"])


@asynccontextmanager
async def simulated(place: Path, workers: int = 4) -> AsyncIterator[SimulatedArena]:
    """Controllers in a hurry, until they are told how to work."""
    origins = Origins()
    folders = {"deploy": Folder((config_map("web", colour="blue"),)), "broken": Folder(broken=BROKEN)}
    origins.git(GIT).push(Tree(folders), "The first commit")
    origins.helm(CHARTS).publish(Chart("web", "1.0.0", (config_map("web", colour="blue"),)))
    knobs = Knobs({}, workers, pace=0.05, requeue_dependency=0.1, retry_first=0.05, poll_health=0.1)
    async with cluster(place, installation()) as made:
        flux = Flux(Inside(made.server), origins, knobs, now, Random(7), Journal(now))
        async with flux:
            yield SimulatedArena(made, knobs, origins)


@asynccontextmanager
async def rival_of(arena: Arena, place: Path, poll: float = POLL) -> AsyncIterator[Child]:
    """The client like the flux CLI, ready to be asked."""
    async with started("tests.bench.rival", {**arena.rival(), "poll": poll}, place / "rival.log") as child:
        await child.told("up", 60)
        yield child


def kustomizations(arena: Arena, count: int, broken: int = 0) -> list[Json]:
    """The source and so many Kustomizations of it, `app-000` and on; the first `broken` of them do not build."""
    return [
        git_repository(NAMESPACE, "apps", arena.git),
        *(
            kustomization(
                name_of(number), NAMESPACE, "GitRepository/apps", path="./broken" if number < broken else "./deploy"
            )
            for number in range(count)
        ),
    ]


def name_of(number: int) -> str:
    return f"app-{number:03}"


def release(arena: Arena) -> list[Json]:
    """A HelmRepository and a HelmRelease of its chart, `web`."""
    return [helm_repository(NAMESPACE, "charts", arena.charts), helm_release(NAMESPACE, "web", "charts")]


def path_of(kind: str, name: str, namespace: str = NAMESPACE) -> str:
    """Of one object at the API server."""
    group, plural = _PATHS[kind]
    return f"/apis/{group}/namespaces/{namespace}/{plural}/{name}"


_PATHS: Final = {
    "Kustomization": ("kustomize.toolkit.fluxcd.io/v1", "kustomizations"),
    "HelmRelease": ("helm.toolkit.fluxcd.io/v2", "helmreleases"),
    "GitRepository": ("source.toolkit.fluxcd.io/v1", "gitrepositories"),
    "HelmRepository": ("source.toolkit.fluxcd.io/v1", "helmrepositories"),
    "HelmChart": ("source.toolkit.fluxcd.io/v1", "helmcharts"),
}


def last_write(log: Iterable[Logged], resource: str, name: str, since: float, until: float) -> float | None:
    """When the controller's last write of the first run after `since` came: the one that brings a new token."""
    before, found = "", None
    for each in log:
        if each.resource != f"{resource}/status" or each.name != name or not each.handled:
            continue
        if each.at > until:
            break
        if each.at >= since and each.handled != before:
            found = each.at
            before = each.handled
        elif each.at < since:
            before = each.handled
    return found
