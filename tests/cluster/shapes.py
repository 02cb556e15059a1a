"""Objects as an API server sends them, and waiting for what a real socket brings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.fakes.clock import FakeClock

T = TypeVar("T")
Json = dict[str, object]


def kustomization(
    name: str = "apps", *, version: str = "1", ready: str = "True", token: str = "", namespace: str = "flux-system"
) -> Json:
    """A Kustomization with an inventory, in the shape kustomize-controller writes."""
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "resourceVersion": version,
            "generation": 4,
            "annotations": {"reconcile.fluxcd.io/requestedAt": token} if token else {},
        },
        "spec": {
            "interval": "10m",
            "path": "./deploy",
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": "apps"},
        },
        "status": {
            "observedGeneration": 4,
            "conditions": [{"type": "Ready", "status": ready, "reason": "Because", "message": "so it is"}],
            "lastAppliedRevision": "main@sha1:aaaa",
            "inventory": {"entries": [{"id": "apps_web_apps_Deployment", "v": "v1"}]},
        },
    }


def bookmark(version: str) -> Json:
    return {"kind": "Kustomization", "metadata": {"resourceVersion": version}}


async def eventually(condition: Callable[[], bool], within: float = 10.0) -> None:
    """Waits in real time, since sockets do, until the condition holds."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.002)


async def drive(clock: FakeClock, condition: Callable[[], bool], within: float = 600.0, step: float = 0.5) -> None:
    """Moves the clock in small steps, giving sockets their turn after each, until the condition holds."""
    for _ in range(int(within / step)):
        if condition():
            return
        await _step(clock, step)
    assert condition(), f"not within {within:g} s of the clock"


async def through(clock: FakeClock, work: Awaitable[T], within: float = 60.0) -> T:
    """Awaits it while the clock goes on, slowly enough for sockets to answer in time."""
    task = asyncio.ensure_future(work)
    await drive(clock, task.done, within, step=0.1)
    return await task


async def pass_time(clock: FakeClock, seconds: float, step: float = 0.5) -> None:
    """Lets that much of the clock's time go by, sockets included."""
    for _ in range(round(seconds / step)):
        await _step(clock, step)


async def _step(clock: FakeClock, seconds: float) -> None:
    await clock.advance(seconds)
    for _ in range(3):
        await clock.settle()
        await asyncio.sleep(0.001)
