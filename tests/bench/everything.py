"""`all` over Kustomizations in levels, beside the least time in which any order could have done the same work.

That least time is computed from the runs as they were: the source's and then the longest chain of runs, each of which
waits for the one before, or all runs together divided by the controller's workers, whichever is more. The one-by-one
client asks for the source and then for each object, and waits for each as the flux CLI does before it asks on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from bot.demo.manifests import git_repository, kustomization
from tests.bench.arena import NAMESPACE, Arena, Pace, last_write, path_of, rival_of
from tests.bench.figures import Report, Row, Samples
from tests.bench.ground import BOT, folder, is_end, ready_bot, seen_state, typed, workspace
from tests.bench.logged import Logged
from tests.bench.options import Options

Json = dict[str, Any]

LEVELS: Final = 8
WORKERS: Final = (4, 16)
PACE: Final = Pace(stretch=8.0)
"""Runs of about three quarters of a second."""
Parents = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Round:
    """One `all`: from the command to its end in Slack, and what its runs could not go below."""

    workers: int
    took: float
    chain: float
    work: float
    most: int
    """Objects that were asked for and not done, at once."""

    @property
    def least(self) -> float:
        return max(self.chain, self.work / self.workers)


async def measure(options: Options) -> Report:
    parents = _levels(options.size(200, 8), LEVELS if not options.small else 3)
    rounds: list[Round] = []
    one_by_one = 0.0
    for workers in WORKERS[:1] if options.small or options.plane is not None else WORKERS:
        async with AsyncExitStack() as exits:
            place = exits.enter_context(folder())
            arena = await exits.enter_async_context(options.arena(place, workers))
            slack = await exits.enter_async_context(workspace())
            await arena.create(_objects(arena, parents))
            await exits.enter_async_context(ready_bot(place, slack, [arena.where]))
            arena.work(Pace() if options.small else PACE)
            began = monotonic()
            since = await typed(slack, f"all -n {NAMESPACE}")
            await seen_state(slack, is_end, since)
            took = monotonic() - began
            rounds.append(_round(await arena.log(), parents, workers, began, took))
            if workers == WORKERS[0]:
                rival = await exits.enter_async_context(rival_of(arena, place, options.poll))
                began = monotonic()
                paths = [path_of("GitRepository", "apps"), *(path_of("Kustomization", name) for name in parents)]
                await rival.ask("reconcile", {"paths": paths}, 3600)
                one_by_one = monotonic() - began
    return Report("all", _rows(rounds, one_by_one, len(parents)), _samples(rounds, one_by_one))


def _levels(count: int, levels: int) -> Parents:
    """Names in order, each with one to three parents in the level above."""
    width = count // levels
    made: dict[str, tuple[str, ...]] = {}
    for number in range(count):
        level, place = divmod(number, width)
        above = [(level - 1) * width + (place * step + step) % width for step in (1, 3, 7)[: 1 + number % 3]]
        made[f"app-{number:03}"] = tuple(sorted({f"app-{each:03}" for each in above})) if level else ()
    return made


def _objects(arena: Arena, parents: Parents) -> list[Json]:
    return [
        git_repository(NAMESPACE, "apps", arena.git),
        *(
            kustomization(
                name,
                NAMESPACE,
                "GitRepository/apps",
                path="./deploy",
                **({"dependsOn": [{"name": each} for each in own]} if own else {}),
            )
            for name, own in parents.items()
        ),
    ]


def _round(log: Sequence[Logged], parents: Parents, workers: int, began: float, took: float) -> Round:
    ours = [each for each in log if began <= each.at <= began + took]
    lasted = {name: _lasted(ours, "kustomizations", name) for name in parents}
    chains: dict[str, float] = {}
    for name, own in parents.items():
        chains[name] = lasted[name] + max((chains[each] for each in own), default=0.0)
    source = _lasted(ours, "gitrepositories", "apps")
    work = source + sum(lasted.values())
    return Round(workers, took, source + max(chains.values()), work, _most(ours, parents))


def _lasted(log: Sequence[Logged], resource: str, name: str) -> float:
    """From the first write of a status after our request to the one that brought the token."""
    own = [each for each in log if each.name == name]
    asked = next(each.at for each in own if each.who == BOT and each.verb == "patch" and each.resource == resource)
    wrote = [each for each in own if each.resource == f"{resource}/status" and each.at >= asked]
    last = last_write(wrote, resource, name, asked, math.inf)
    return (last or wrote[0].at) - wrote[0].at


def _most(log: Sequence[Logged], parents: Parents) -> int:
    """How many Kustomizations were asked for and had not handled it yet, at most."""
    waiting: set[str] = set()
    handled: dict[str, str] = {}
    most = 0
    for each in log:
        if each.name not in parents:
            continue
        if each.handled and each.handled != handled.get(each.name, each.handled):
            waiting.discard(each.name)
        handled[each.name] = each.handled or handled.get(each.name, "")
        if each.who == BOT and each.verb == "patch":
            waiting.add(each.name)
            most = max(most, len(waiting))
    return most


def _rows(rounds: Sequence[Round], one_by_one: float, count: int) -> tuple[Row, ...]:
    rows = [
        Row(
            f"`all` over {count} Kustomizations in {LEVELS} levels, {each.workers} workers",
            "≤ 1.15 × max(longest chain, work ÷ workers)",
            f"{each.took:.1f} s: {each.took / each.least:.2f} × {each.least:.1f} s "
            f"(chain {each.chain:.1f} s, work {each.work:.0f} s; at most {each.most} asked for and not done)",
            each.took <= 1.15 * each.least,
        )
        for each in rounds
    ]
    times = one_by_one / rounds[0].took
    rows.append(
        Row(
            f"the same one by one, {rounds[0].workers} workers",
            "≥ 4 × as long",
            f"{one_by_one:.0f} s: {times:.1f} ×",
            times >= 4,
        )
    )
    return tuple(rows)


def _samples(rounds: Sequence[Round], one_by_one: float) -> Samples:
    return {
        "took": [each.took for each in rounds],
        "longest chain": [each.chain for each in rounds],
        "work": [each.work for each in rounds],
        "one by one": [one_by_one],
    }
