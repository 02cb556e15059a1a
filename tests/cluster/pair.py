"""Two simulated clusters and the bot's adapter on both, over HTTP on a loop of virtual time: one can be made ill.

virtually(scenario())  with  async with paired(folder) as pair: …
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from bot.cluster.adapter import KubernetesCluster
from bot.cluster.credentials import ClusterSpec
from bot.core.kinds import KUSTOMIZATION
from bot.core.resources import Ref
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.rights import MASTERS, User
from bot.demo.kube.site import Site
from bot.demo.kube.watches import Drop
from bot.demo.loopback import Fault, Predicate, Reset, Rule
from tests.fakes.api_server import kubeconfig
from tests.fakes.telemetry import FakeTelemetry
from tests.fakes.virtual_loop import now
from tests.soak.clock import LoopClock

TOKEN = "sesame"


def passed() -> float:
    """Virtual seconds since the loop began."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Patient:
    """One simulated cluster, the bot's end of it, and when each request arrived."""

    server: ApiServer
    site: Site
    cluster: KubernetesCluster
    telemetry: FakeTelemetry
    arrivals: list[tuple[float, str]] = field(default_factory=list)

    @property
    def apps(self) -> Ref:
        return Ref(self.cluster.name, KUSTOMIZATION, "flux-system", "apps")

    def fall_ill(self, fault: Fault, *, when: Predicate | None = None, how: Drop | None = Drop.RESET) -> None:
        """From now on such requests (all by default) meet the fault, and the watches that were open are lost."""
        self.site.faults.add(Rule(fault, when=when))
        if how is not None:
            self.server.drop_watches(how)

    def heal(self) -> None:
        self.site.faults.clear()
        self.site.faults.add(Rule(Reset(), when=self._note))

    def _note(self, request: web.Request) -> bool:
        """Only looks."""
        kind = "WATCH" if is_watch(request) else request.method
        self.arrivals.append((passed(), f"{kind} {request.path}"))
        return False

    def write(self, name: str = "apps", **status: Any) -> None:
        """A controller writes this object's status; the object is made where it is not there."""
        self.server.place(kustomization(name, status))

    def busiest(self, since: float, until: float, seconds: float = 1.0) -> int:
        """The most requests that arrived within any window of so many seconds."""
        times = [at for at, _ in self.arrivals if since <= at < until]
        return max((sum(begin <= at < begin + seconds for at in times) for begin in times), default=0)


def is_watch(request: web.Request) -> bool:
    return "watch" in request.query


def is_list(request: web.Request) -> bool:
    return "limit" in request.query


def kustomization(name: str, status: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"interval": "10m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "apps"}},
        "status": status,
    }


@dataclass(frozen=True, slots=True)
class Pair:
    """`sick` is the one to make ill."""

    sick: Patient
    sound: Patient


@asynccontextmanager
async def paired(folder: Path, at_birth: Fault | None = None) -> AsyncIterator[Pair]:
    """Both clusters, their watches at work and settled; with `at_birth` the sick one never worked yet."""
    async with _patient("sick", folder, at_birth) as sick, _patient("sound", folder) as sound:
        if at_birth is None:
            await sick.cluster.synced()
        await sound.cluster.synced()
        await asyncio.sleep(10)
        yield Pair(sick, sound)


@asynccontextmanager
async def _patient(name: str, folder: Path, at_birth: Fault | None = None) -> AsyncIterator[Patient]:
    server = ApiServer(now, Random(name))
    server.users[TOKEN] = User("flux-bot", (MASTERS,))
    server.place({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}})
    async with Site(server) as site:
        spec = ClusterSpec(name, kubeconfig(folder / f"{name}.kubeconfig", site.url, {"token": TOKEN}))
        telemetry = FakeTelemetry()
        cluster = KubernetesCluster(spec, LoopClock(), telemetry, Random(f"{name} jitter").uniform)
        patient = Patient(server, site, cluster, telemetry)
        patient.heal()
        patient.write()
        if at_birth is not None:
            patient.fall_ill(at_birth)
        watching = asyncio.create_task(cluster.run())
        try:
            yield patient
            assert not watching.done(), watching.exception()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await cluster.close()
