"""The arena on the real control plane of tests/real, with the API server's own audit log as the log of requests."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.bench.arena import NAMESPACE, SETTLES_WITHIN, Arena, Pace, rests
from tests.bench.ground import BOT, RIVAL, Where
from tests.bench.logged import Logged
from tests.real import access, build
from tests.real.api import Api, ApiError, Ref
from tests.real.background import Background
from tests.real.build import Built
from tests.real.charts import Chart
from tests.real.control_plane import ControlPlane
from tests.real.objects import config_map
from tests.real.sources import GitSource, HelmSource, Sources

Json = dict[str, Any]

_POLICY: Final = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: RequestResponse
    verbs: [patch, update]
    resources:
      - {group: kustomize.toolkit.fluxcd.io, resources: [kustomizations/status]}
  - level: Metadata
"""
_CLI: Final = "flux-cli-alike"


class AuditedPlane(ControlPlane):
    """Writes down who asks it what."""

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    def authority(self) -> Path:
        return self._certificates.authority

    def admin_token(self) -> str:
        return self._tokens.admin

    def _api_flags(self, etcd: str) -> list[str]:
        policy = self.folder / "audit.yaml"
        policy.write_text(_POLICY, "utf-8")
        return [*super()._api_flags(etcd), f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}"]


@dataclass(slots=True)
class RealPlane:
    """It is up; each arena gets a repository and a chart of its own."""

    plane: AuditedPlane
    sources: Sources
    arenas: int = 0

    @asynccontextmanager
    async def arena(self, place: Path) -> AsyncIterator[Arena]:
        self.arenas += 1
        git = await self.sources.git(f"bench-{self.arenas}")
        await git.commit(_files("blue"), message="The first commit")
        charts = await self.sources.helm(f"bench-{self.arenas}")
        await charts.publish(Chart("web", "1.0.0", {"web.yaml": config_map("web", colour="blue")}))
        async with Api(self.plane.admin) as api:
            with suppress(ApiError):
                await api.create({"kind": "Namespace", "metadata": {"name": NAMESPACE}})
            made = RealArena(self.plane, api, git, charts)
            try:
                yield made
            finally:
                await made.clear()


class RealArena:
    """See tests.bench.arena.Arena."""

    def __init__(self, plane: AuditedPlane, api: Api, git: GitSource, charts: HelmSource) -> None:
        self._plane = plane
        self._api = api
        self._git = git
        self._charts = charts
        self._created: list[Json] = []
        self._offset = time.monotonic() - time.time()
        self._read = 0
        self._log: list[Logged] = []

    @property
    def where(self) -> Where:
        return Where(access.CONTEXT, self._plane.bot_kubeconfig)

    @property
    def git(self) -> str:
        return self._git.url

    @property
    def charts(self) -> str:
        return self._charts.url

    def rival(self) -> Json:
        authority = str(self._plane.authority())
        return {"url": self._plane.server, "token": self._plane.admin_token(), "authority": authority}

    def work(self, pace: Pace) -> None:
        """Real controllers work as they do."""

    async def commit(self, colour: str) -> None:
        await self._git.commit(_files(colour), message=f"It turns {colour}")

    async def create(self, objects: Iterable[Json]) -> None:
        made = list(objects)
        self._created += made
        for each in made:
            await self._api.create(each)
        async with asyncio.timeout(SETTLES_WITHIN):
            while not await self._rest(made):
                await asyncio.sleep(0.3)

    async def _rest(self, made: Sequence[Json]) -> bool:
        found: dict[tuple[str, str], Json] = {}
        for kind in {each["kind"] for each in made}:
            items = (await self._api.collect(kind, NAMESPACE))["items"]
            found |= {(kind, item["metadata"]["name"]): item for item in items}
        return all(rests(found.get((each["kind"], each["metadata"]["name"]), each | _NEW)) for each in made)

    async def clear(self) -> None:
        """Takes its objects away again; the next arena has others of the same names."""
        for each in reversed(self._created):
            with suppress(ApiError):
                await self._api.delete(Ref.of(each))
        for each in self._created:
            await self._api.until_gone(Ref.of(each))

    async def log(self) -> Sequence[Logged]:
        # The server writes a line when its answer is out; the last ones may still be on their way.
        await asyncio.sleep(0.3)
        with self._plane.audit_log.open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        new = (self._logged(json.loads(line)) for line in whole.splitlines())
        self._log = sorted([*self._log, *(each for each in new if each is not None)], key=lambda each: each.at)
        return self._log

    def _logged(self, event: Json) -> Logged | None:
        if event["verb"] == "watch" and event["stage"] != "ResponseStarted":
            return None
        ref = event.get("objectRef", {})
        received = datetime.fromisoformat(event["requestReceivedTimestamp"])
        below = ref.get("subresource", "")
        status = (event.get("responseObject") or {}).get("status") or {}
        return Logged(
            at=received.timestamp() + self._offset,
            who=_who(event),
            verb=event["verb"],
            resource=ref.get("resource", "") + (f"/{below}" if below else ""),
            namespace=ref.get("namespace", ""),
            name=ref.get("name", ""),
            handled=str(status.get("lastHandledReconcileAt", "")) if isinstance(status, dict) else "",
        )


_NEW: Final[Json] = {"status": {}}


def _who(event: Json) -> str:
    if event.get("userAgent", "").startswith(_CLI):
        return RIVAL
    name: str = event["user"]["username"]
    return BOT if name == access.BOT else name


def _files(colour: str) -> dict[str, str]:
    return {
        "deploy/web.yaml": config_map("web", colour=colour),
        "broken/kustomization.yaml": "resources: [missing.yaml]\n",
    }


@contextmanager
def real_plane() -> Iterator[RealPlane]:
    """Starts the programs that `python -m tests.real build` has built; everything ends with the block."""
    built: Mapping[str, Built] = build.cached_all()
    background = Background()
    try:
        with _running(built, background) as plane:
            sources = Sources(background, plane.guardian, built["registry"], plane.folder / "sources", "127.0.0.1")
            try:
                yield RealPlane(plane, sources)
            finally:
                sources.close()
    finally:
        background.close()


@contextmanager
def _running(built: Mapping[str, Built], background: Background) -> Iterator[AuditedPlane]:
    plane = AuditedPlane(built, Path(tempfile.mkdtemp(prefix="flux-real-")), background)
    try:
        plane.up()
        yield plane
    finally:
        plane.close()
