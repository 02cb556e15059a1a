"""The scenarios of `tests/real` on simulators: the same script and recorder, another stage, and virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar, cast

import yaml

from bot.demo.flux.contents import Chart, Folder, Tree
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.knobs import Knobs
from bot.demo.flux.origins import Down, GitOrigin, HelmOrigin, OciOrigin, Origin, Origins, Slow, Unauthorized
from bot.demo.kube.apiserver import ApiServer
from tests.demo.flux.inside import Inside, InsideReal, admit
from tests.fakes.virtual_loop import now, virtually
from tests.real import sources as real_sources
from tests.real.charts import Chart as RealChart
from tests.real.control_plane import ControlPlane
from tests.real.recorder import Tape
from tests.real.scenarios.scenario import Scenario
from tests.real.sources import Sources
from tests.real.stage import Stage

Json = dict[str, Any]
T = TypeVar("T")

HOST = "127.0.0.1:4000"


def recorded_knobs() -> Knobs:
    """The flags that the recorded controllers ran with (tests/real/controllers.py)."""
    return Knobs(workers_else=4, workers={}, retry_first=0.2, retry_longest=2.0, requeue_dependency=1.0)


@dataclass(slots=True)
class VirtualTape(Tape):
    """Counts the loop's seconds instead of the machine's."""

    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def roll(self) -> None:
        self.began, self.start = asyncio.get_running_loop().time(), now()

    def now(self) -> float:
        return round((asyncio.get_running_loop().time() - self.began) * 1000, 1)


class Sourced:
    """What `tests.real.sources` offers, on `Origins`."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self.address = f"http://{HOST}"

    async def git(self, name: str) -> "SourcedGit":
        return SourcedGit(self._origins.git(f"{self.address}/git/{name}.git"))

    async def helm(self, name: str) -> "SourcedHelm":
        return SourcedHelm(self._origins.helm(f"{self.address}/helm/{name}"))

    async def oci(self, name: str) -> "SourcedOci":
        return SourcedOci(self._origins.oci(f"oci://{HOST}/{name}"))


class _Faulty:
    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self.url = origin.url

    def fault(self, fault: real_sources.Fault | None) -> None:
        match fault:
            case None:
                self._origin.heal()
            case real_sources.Down():
                self._origin.fault = Down()
            case real_sources.Unauthorized():
                self._origin.fault = Unauthorized()
            case real_sources.Slow(seconds):
                self._origin.fault = Slow(seconds)


class SourcedGit(_Faulty):
    def __init__(self, origin: GitOrigin) -> None:
        super().__init__(origin)
        self._git = origin
        self._files: dict[str, str] = {}

    async def commit(self, files: Mapping[str, str | None], *, message: str = "change", branch: str = "main") -> str:
        for name, text in files.items():
            if text is None:
                self._files.pop(name, None)
            else:
                self._files[name] = text
        return self._git.push(tree(self._files), message, branch)


class SourcedHelm(_Faulty):
    def __init__(self, origin: HelmOrigin) -> None:
        super().__init__(origin)
        self._helm = origin

    async def publish(self, made: RealChart) -> None:
        self._helm.publish(chart(made))


class SourcedOci(_Faulty):
    def __init__(self, origin: OciOrigin) -> None:
        super().__init__(origin)
        self._oci = origin

    async def push(self, tag: str, files: Mapping[str, str], *, revision: str = "", source: str = "") -> str:
        return self._oci.push(tag, tree(files), revision=revision, source=source)

    async def push_chart(self, made: RealChart) -> str:
        return self._oci.push_chart(chart(made))


def tree(files: Mapping[str, str]) -> Tree:
    """A repository's files as the simulator holds them: manifests by folder, and charts."""
    folders: dict[str, Folder] = {}
    charts: dict[str, Chart] = {}
    roots = {name.removesuffix("Chart.yaml").rstrip("/") for name in files if name.endswith("Chart.yaml")}
    for root in roots:
        about = yaml.safe_load(files[f"{root}/Chart.yaml"])
        inside = [text for name, text in files.items() if name.startswith(f"{root}/templates/")]
        charts[root] = Chart(about["name"], about["version"], tuple(map(yaml.safe_load, inside)), about["appVersion"])
    for name, text in files.items():
        folder, _, file = name.rpartition("/")
        before = folders.get(folder, Folder())
        if any(name.startswith(f"{root}/") for root in roots):
            continue
        if file == "kustomization.yaml":
            lost = yaml.safe_load(text)["resources"][0]
            folders[folder] = Folder(before.manifests, broken=f"accumulating resources from '{lost}': no such file")
        else:
            folders[folder] = Folder((*before.manifests, yaml.safe_load(text)), before.broken)
    return Tree(folders, charts)


def chart(made: RealChart) -> Chart:
    return Chart(made.name, made.version, tuple(map(yaml.safe_load, made.templates.values())), made.app_version)


class Plane:
    """What scenarios ask of the control plane. `start` and `stop` come from threads, as they do in the scripts.

    Time stands still for a thread, so neither waits until it is done; `settle` does.
    """

    def __init__(self, flux: Flux) -> None:
        self._flux = flux
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []

    def stop(self, name: str) -> None:
        self._loop.call_soon_threadsafe(lambda: self._tasks.append(self._loop.create_task(self._flux.stop(name))))

    def start(self, name: str) -> None:
        self._loop.call_soon_threadsafe(self._flux.start, name)

    async def settle(self) -> None:
        await asyncio.gather(*self._tasks)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        self._flux.pause(name)
        try:
            yield
        finally:
            self._flux.resume(name)

    @contextmanager
    def late_watch(self, name: str, plural: str, seconds: float) -> Iterator[None]:
        lags = self._flux.world.knobs.lags
        lags[name, plural] = seconds
        try:
            yield
        finally:
            del lags[name, plural]


@dataclass(slots=True)
class Played:
    """A scenario's recording in the shape of a file: its requests, and what was seen."""

    requests: list[Json]
    rows: list[Json]
    journal: Journal


@dataclass(frozen=True, slots=True)
class Scene:
    """A stage of `tests/real` on simulators, with all that a test may want to turn."""

    stage: Stage
    flux: Flux
    server: ApiServer
    origins: Origins
    client: Inside
    """The controllers' own."""

    @property
    def journal(self) -> Journal:
        return self.flux.journal


def act(
    script: Callable[[Scene], Awaitable[T]], knobs: Knobs | None = None, *, name: str = "test", seed: int = 0
) -> T:
    """Runs a script on a fresh cluster, in virtual time, with everything closed afterwards."""

    async def run() -> T:
        server = admit(ApiServer(now, Random(seed)))
        client, origins = Inside(server, 0.003), Origins()
        flux = Flux(client, origins, knobs or recorded_knobs(), now, Random(seed), Journal(now))
        api = InsideReal(server)
        await api.create({"kind": "Namespace", "metadata": {"name": name}})
        async with flux, AsyncExitStack() as exits:
            plane, sources = Plane(flux), cast("Sources", Sourced(origins))
            stage = Stage(name, api, cast("ControlPlane", plane), sources, VirtualTape({}), exits)
            result = await script(Scene(stage, flux, server, origins, client))
            await plane.settle()
            return result

    return virtually(run())


def play(scenario: Scenario, knobs: Knobs, seed: int = 0) -> Played:
    """Plays a scenario and hands over what was recorded."""

    async def script(scene: Scene) -> tuple[Tape, Journal]:
        await scenario.play(scene.stage)
        return scene.stage.tape, scene.journal

    tape, journal = act(script, knobs, name=scenario.name, seed=seed)
    requests = [{"ref": each.ref, "token": each.token, "prev": each.prev, "ms": each.ms} for each in tape.requests]
    return Played(requests, tape.rows, journal)
