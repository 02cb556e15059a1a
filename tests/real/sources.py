"""What Flux fetches from, on loopback: Git repositories, Helm repositories and an OCI registry, each with faults.

    repo = await sources.git("app")
    revision = await repo.commit({"deploy/cm.yaml": "…"}, message="first")

One server serves all; ``FLUX_BOT_TEST_SOURCE_HOST`` names another address for clusters whose pods must reach it.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, assert_never

import aiohttp
from aiohttp import web

from tests.real import charts, git_http, oci_push
from tests.real.background import Background
from tests.real.build import Built
from tests.real.charts import Chart
from tests.real.processes import Guardian, Process, Recipe, free_ports


@dataclass(frozen=True, slots=True)
class Down:
    """The connection breaks off without an answer."""


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """401, whatever the credentials."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Each answer waits that many seconds."""

    seconds: float


Fault = Down | Unauthorized | Slow
T = TypeVar("T")


class GitSource:
    """A Git repository; ``url`` goes into a GitRepository."""

    def __init__(self, sources: "Sources", name: str, repository: git_http.BareRepository) -> None:
        self._sources = sources
        self._repository = repository
        self._place = f"git/{name}.git"
        self.url = f"{sources.address}/{self._place}"

    async def commit(self, files: Mapping[str, str | None], *, message: str = "change", branch: str = "main") -> str:
        """Writes files (None removes one); returns the revision as Flux will name it, ``main@sha1:…``."""
        work = self._repository.commit(files, message, branch)
        return f"{branch}@sha1:{await self._sources.ask(work)}"

    def fault(self, fault: Fault | None) -> None:
        self._sources.fault(self._place, fault)


class HelmSource:
    """A Helm repository over HTTP; ``url`` goes into a HelmRepository."""

    def __init__(self, sources: "Sources", name: str) -> None:
        self._sources = sources
        self._place = f"helm/{name}"
        self._archives: dict[str, tuple[Chart, bytes]] = {}
        self.url = f"{sources.address}/{self._place}"

    async def publish(self, chart: Chart) -> None:
        """Adds a version, or replaces the one of the same name and version."""
        file = f"{chart.name}-{chart.version}.tgz"
        self._archives[file] = (chart, chart.archive())
        self._sources.files[f"{self._place}/{file}"] = self._archives[file][1]
        self._sources.files[f"{self._place}/index.yaml"] = charts.index(self._archives).encode()

    def fault(self, fault: Fault | None) -> None:
        self._sources.fault(self._place, fault)


class OciSource:
    """One repository of the OCI registry; ``url`` goes into an OCIRepository (with ``insecure: true``)."""

    def __init__(self, sources: "Sources", name: str) -> None:
        self._sources = sources
        self._name = name
        self.url = f"oci://{sources.address.removeprefix('http://')}/{name}"

    async def push(self, tag: str, files: Mapping[str, str], *, revision: str = "", source: str = "") -> str:
        """Pushes manifests; returns the revision as Flux will name it, ``tag@sha256:…``."""
        return await self._push(tag, oci_push.of_files(files, revision=revision, source=source))

    async def push_chart(self, chart: Chart) -> str:
        """Pushes a chart under its version as tag; returns ``version@sha256:…``."""
        return await self._push(chart.version, oci_push.of_chart(chart))

    def fault(self, fault: Fault | None) -> None:
        self._sources.fault(f"v2/{self._name}", fault)

    async def _push(self, tag: str, artifact: oci_push.Artifact) -> str:
        work = oci_push.push(self._sources.registry, self._name, tag, artifact)
        return f"{tag}@{await self._sources.ask(work)}"


class Sources:
    """The server behind all sources; lives on the background loop, may be used from any other."""

    def __init__(self, background: Background, guardian: Guardian, registry: Built, folder: Path, host: str) -> None:
        self.files: dict[str, bytes] = {}
        self._background = background
        self._folder = folder
        self._faults: dict[str, Fault] = {}
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        listen, port = free_ports(2)
        self.address = f"http://{host}:{listen}"
        self._listen = (host, listen)
        self.registry = f"http://127.0.0.1:{port}"
        recipe = Recipe("registry", [str(registry.path), "-port", str(port)], {}, folder / "registry.log")
        folder.mkdir(parents=True, exist_ok=True)
        self._process = Process(recipe, guardian)
        background.call(self._open())

    async def git(self, name: str) -> GitSource:
        """A new, empty repository; names must differ within a run."""
        repository = git_http.BareRepository(self._folder / "git" / f"{name}.git")
        await self.ask(repository.create())
        return GitSource(self, name, repository)

    async def helm(self, name: str) -> HelmSource:
        return HelmSource(self, name)

    async def oci(self, name: str) -> OciSource:
        return OciSource(self, name)

    def fault(self, place: str, fault: Fault | None) -> None:
        if fault is None:
            self._faults.pop(place, None)
        else:
            self._faults[place] = fault

    async def ask(self, work: Coroutine[None, None, T]) -> T:
        """Runs work on the server's own loop."""
        return await self._background.ask(work)

    def close(self) -> None:
        self._background.call(self._shut())
        self._process.kill()

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), auto_decompress=False)
        await self._registry_answers()
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_route("*", "/{place:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._listen).start()

    async def _shut(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _registry_answers(self) -> None:
        assert self._session is not None
        async with asyncio.timeout(30):
            while True:
                self._process.require_running()
                try:
                    async with self._session.get(f"{self.registry}/v2/") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        place = request.match_info["place"]
        fault = next((fault for prefix, fault in self._faults.items() if place.startswith(f"{prefix}/")), None)
        match fault:
            case Down():
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case Unauthorized():
                return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="test"'})
            case Slow(seconds):
                await asyncio.sleep(seconds)
            case None:
                pass
            case _:
                assert_never(fault)
        return await self._good(request, place)

    async def _good(self, request: web.Request, place: str) -> web.StreamResponse:
        kind, _, rest = place.partition("/")
        match kind:
            case "git":
                return await git_http.serve(request, self._folder / "git", rest)
            case "v2" if request.method in ("GET", "HEAD"):
                return await self._from_registry(request)
            case _:
                data = self.files.get(place)
                return web.Response(status=404) if data is None else web.Response(body=data)

    async def _from_registry(self, request: web.Request) -> web.Response:
        assert self._session is not None
        headers = {"Accept": request.headers.get("Accept", "*/*")}
        async with self._session.request(request.method, self.registry + request.path_qs, headers=headers) as answer:
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name.lower() in ("content-type", "docker-content-digest", "docker-distribution-api-version")
            }
            body = await answer.read()
            if request.method == "HEAD":
                kept["Content-Length"] = answer.headers.get("Content-Length", "0")
            return web.Response(status=answer.status, headers=kept, body=body or None)
