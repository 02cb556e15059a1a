"""Fifty clusters at once, one of which takes connections and never answers, and one that is slow with everything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import count, islice
from pathlib import Path
from time import monotonic
from typing import Any, Final

import yaml

from bot.demo.kube.custom_kinds import FLUX_KINDS
from bot.demo.loopback import HalfOpen, Rule, Slow
from bot.demo.manifests import config_map, kustomization
from bot.demo.slack.workspace import Workspace
from tests.bench.figures import Report, Row
from tests.bench.ground import Simulated, bot_on, cluster, ended, folder, typed, workspace
from tests.bench.objects import many
from tests.bench.options import Options
from tests.real import certificates

Json = dict[str, Any]

KINDS: Final = tuple(each for each in FLUX_KINDS if each.group != "fluxcd.controlplane.io")
"""Fifteen."""
DEAD: Final = 1
SLOW: Final = 2
SLOW_SECONDS: Final = 2.0
_RESTED: Final = ("Kustomization", "bench", "rested")


async def measure(options: Options) -> Report:
    wide, rest, listened = options.size(50, 4), options.seconds(20, 0), options.seconds(60, 0.1)
    async with AsyncExitStack() as exits:
        place = exits.enter_context(folder())
        clusters = [
            await exits.enter_async_context(cluster(place, _objects(), f"c{number:02}", KINDS))
            for number in range(wide)
        ]
        authority = certificates.make(place / "pki").authority
        for each in clusters:
            _name_authority(each.where.kubeconfig, authority)
        clusters[DEAD].site.faults.add(Rule(HalfOpen()))
        clusters[SLOW].site.faults.add(Rule(Slow(options.seconds(SLOW_SECONDS, 0.01))))
        slack = await exits.enter_async_context(workspace())
        bot = await exits.enter_async_context(bot_on(place, slack, [each.where for each in clusters]))
        await bot.alive(slack.connected(timeout=60))
        linked = monotonic() - bot.began
        await _answered(slack, clusters[-1])
        first = monotonic() - bot.began
        healthy = [each for number, each in enumerate(clusters) if number != DEAD]
        for each in healthy:
            await bot.told(f"synced {each.where.name}", 120)
        synced = monotonic() - bot.began
        answers = [await _answered(slack, each) for each in healthy[-5:]]
        await asyncio.sleep(rest)
        before = await bot.ask("usage")
        await _live(clusters, listened)
        after = await bot.ask("usage")
    idle = (after["cpu"] - before["cpu"]) / (after["at"] - before["at"])
    name = f"{wide} clusters × {len(KINDS)} kinds, one dead, one slow"
    rows = (
        Row(
            f"{name}: first answer after the start",
            "≤ 3 s",
            f"{first:.1f} s (linked to Slack after {linked:.1f} s, all caches that can be after {synced:.1f} s)",
            first <= 3,
        ),
        Row(f"{name}: idle", "≤ 5 % of a processor", f"{idle * 100:.1f} %", idle <= 0.05),
    )
    samples = {"first answer": [first], "linked": [linked], "synced": [synced], "answers": answers, "idle": [idle]}
    return Report("fleet", rows, samples)


def _name_authority(kubeconfig: Path, authority: Path) -> None:
    """As every real kubeconfig does: without one the client loads the system's authorities for each cluster, though
    over plain HTTP it needs none."""
    config = yaml.safe_load(kubeconfig.read_text("utf-8"))
    for each in config["clusters"]:
        each["cluster"]["certificate-authority"] = str(authority)
    kubeconfig.write_text(yaml.safe_dump(config), "utf-8")


async def _live(clusters: Sequence[Simulated], seconds: float) -> None:
    """Nobody asks for anything, and yet each cluster writes something every ten seconds: in turn an object of Flux's,
    as at the end of a scheduled run, and one that the bot does not watch, after which bookmarks are due."""
    until = monotonic() + seconds
    for tick in count():
        for number, each in enumerate(clusters):
            if number % 10 == tick % 10:
                each.server.place(kustomization("lively", "bench", suspend=True, interval=f"{tick + 1}m"))
                each.server.place({**config_map("lively", tick=str(tick)), "metadata": _LIVELY})
        if monotonic() >= until:
            return
        await asyncio.sleep(min(1.0, seconds))


_LIVELY: Final = {"name": "lively", "namespace": "bench"}


def _objects() -> list[Json]:
    """Twenty of all kinds, and one whose answer needs no controller."""
    kind, namespace, name = _RESTED
    suspended = kustomization(name, namespace, suspend=True)
    assert suspended["kind"] == kind
    return [suspended, *(dict(each) for each in islice(many(20), 20))]


async def _answered(slack: Workspace, simulated: Simulated) -> float:
    """Seconds from the command to its end, for an object that has to be looked up there."""
    began = monotonic()
    since = await typed(slack, f"{simulated.where.name} ks bench/rested")
    await ended(slack, "bench/rested", since, 60)
    return monotonic() - began
