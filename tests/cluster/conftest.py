"""A server, a clock and clusters for the tests of the Kubernetes edge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cluster.adapter import KubernetesCluster
from bot.cluster.client import Api
from bot.cluster.credentials import ClusterSpec
from bot.core.kinds import KUSTOMIZATION
from tests.fakes.api_server import APIS, KS, ApiServer, discovery, kubeconfig, listing
from tests.fakes.clock import FakeClock
from tests.fakes.telemetry import FakeTelemetry

KUSTOMIZE = ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations")


def middle(low: float, high: float) -> float:
    """Jitter that is none."""
    return (low + high) / 2


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def telemetry() -> FakeTelemetry:
    return FakeTelemetry()


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    """Serves Kustomizations, of which there are none."""
    canned = ApiServer()
    canned.on(APIS, discovery(KUSTOMIZE))
    canned.on(KS, listing())
    async with canned.running():
        yield canned


@pytest.fixture
def spec(server: ApiServer, tmp_path: Path) -> ClusterSpec:
    config = kubeconfig(tmp_path / "kubeconfig", server.url, {"token": "sesame"})
    return ClusterSpec("prod", kubeconfig=config, kinds=(KUSTOMIZATION,))


@pytest.fixture
async def api(spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry) -> AsyncIterator[Api]:
    opened = Api(spec, clock, telemetry, middle)
    yield opened
    await opened.close()


@asynccontextmanager
async def watching(
    spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry, **changes: object
) -> AsyncIterator[KubernetesCluster]:
    """A cluster whose watches run while the block does."""
    cluster = KubernetesCluster(replace(spec, **changes), clock, telemetry, middle)  # type: ignore[arg-type]
    task = asyncio.create_task(cluster.run())
    try:
        yield cluster
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await cluster.close()
