"""How many requests one command costs the API server, read from the server's own log.

What all commands share, a list and a watch per kind, is left out. Both clients are counted, with quick controllers
and with slow ones, since what grows with the time is what a poll costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Final

from bot.demo.slack.workspace import Workspace
from tests.bench.arena import NAMESPACE, Arena, Pace, kustomizations, path_of, release, rival_of
from tests.bench.child import Child
from tests.bench.figures import Report, Row, Samples
from tests.bench.ground import BOT, ended, folder, ready_bot, typed, workspace
from tests.bench.logged import Logged
from tests.bench.options import Options

KS: Final = "ks --with-source"
HR: Final = "hr --with-source"
_OURS: Final = {
    KS: (f"ks {NAMESPACE}/app-000 --with-source", f"{NAMESPACE}/app-000"),
    HR: (f"hr {NAMESPACE}/web --with-source", f"{NAMESPACE}/web"),
}
_STAGES: Final = {
    KS: (("GitRepository", "apps"), ("Kustomization", "app-000")),
    HR: (("HelmRepository", "charts"), ("HelmChart", f"{NAMESPACE}-web"), ("HelmRelease", "web")),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command."""

    writes: int
    reads: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.writes} + {self.reads} in {self.seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class Clients:
    arena: Arena
    slack: Workspace
    rival: Child


async def measure(options: Options) -> Report:
    quick, slow = Pace(), Pace(stretch=100)
    async with AsyncExitStack() as exits:
        place = exits.enter_context(folder())
        arena = await exits.enter_async_context(options.arena(place))
        slack = await exits.enter_async_context(workspace())
        await arena.create([*kustomizations(arena, 1), *release(arena)])
        await exits.enter_async_context(ready_bot(place, slack, [arena.where]))
        rival = await exits.enter_async_context(rival_of(arena, place, options.poll))
        clients = Clients(arena, slack, rival)
        costs: dict[str, list[tuple[Cost, Cost]]] = {}
        for pace in (quick,) if options.small or options.plane is not None else (quick, slow):
            arena.work(pace)
            for command in (KS, HR):
                costs.setdefault(command, []).append(
                    (await _ours(clients, command, options), await _theirs(clients, command))
                )
    return Report("requests", tuple(_row(command, found) for command, found in costs.items()), _samples(costs))


async def _ours(clients: Clients, command: str, options: Options) -> Cost:
    text, words = _OURS[command]
    began = monotonic()
    since = await typed(clients.slack, text)
    await ended(clients.slack, words, since)
    took = monotonic() - began
    # What is looked up for the thread below the end counts too.
    await asyncio.sleep(options.seconds(1, 0.1))
    return _cost(await clients.arena.log(), began, took)


def _cost(log: Sequence[Logged], began: float, took: float) -> Cost:
    own = [each for each in log if each.who == BOT and each.at >= began]
    writes = sum(each.writes for each in own)
    kinds = {each.resource for each in own if each.verb == "watch"} | _FLUX
    shared = sum(each.shared and each.resource in kinds for each in own)
    return Cost(writes, len(own) - writes - shared, took)


_FLUX: Final = {"kustomizations", "helmreleases", "gitrepositories", "helmrepositories", "helmcharts"}


async def _theirs(clients: Clients, command: str) -> Cost:
    began = monotonic()
    paths = [path_of(kind, name) for kind, name in _STAGES[command]]
    answer = await clients.rival.ask("reconcile", {"paths": paths})
    stages = answer["stages"]
    return Cost(sum(each["writes"] for each in stages), sum(each["reads"] for each in stages), monotonic() - began)


def _row(command: str, found: Sequence[tuple[Cost, Cost]]) -> Row:
    stages = len(_STAGES[command])
    ours = ", ".join(str(each) for each, _ in found)
    theirs = ", ".join(str(each) for _, each in found)
    met = all(each.writes == stages and each.reads <= 2 for each, _ in found)
    return Row(
        f"API requests of `{command}` ({stages} stages), writes + reads",
        "1 write per stage, ≤ 2 reads, not growing with time",
        f"{ours}; flux CLI: {theirs}",
        met,
    )


def _samples(costs: dict[str, list[tuple[Cost, Cost]]]) -> Samples:
    found: Samples = {}
    for command, pairs in costs.items():
        for who, own in (("ours", [pair[0] for pair in pairs]), ("flux CLI", [pair[1] for pair in pairs])):
            found[f"{command}, {who}: writes"] = [float(each.writes) for each in own]
            found[f"{command}, {who}: reads"] = [float(each.reads) for each in own]
    return found
