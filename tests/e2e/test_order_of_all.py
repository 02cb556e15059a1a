"""`all` on random graphs, with real controllers' behaviour on a simulated API server whose log is the witness."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cluster.transport import Answer as Received
from bot.core.notices import BatchDetailed, BatchFinished, BatchRunning, Blocked, Part
from bot.core.verdicts import Failed, Succeeded, Unchanged
from bot.demo.flux.contents import Folder, Tree
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.knobs import KUSTOMIZE, Knobs
from bot.demo.flux.origins import Origins
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.rights import MASTERS, User
from bot.demo.kube.store import Change
from bot.flows.writes import MOST
from tests.fakes.virtual_loop import now, virtually
from tests.soak.bot import Bot, bot_on
from tests.soak.evidence import Json
from tests.soak.flux_api import InsideApi
from tests.soak.stage import TOKEN, kubeconfig
from tests.soak.wire import Wire

URL = "https://git.example.com/acme/fleet"
REQUESTED = "reconcile.fluxcd.io/requestedAt"


@dataclass(frozen=True, slots=True)
class Graph:
    """Kustomizations by number: whom each depends on, and which of them do not build."""

    depends_on: tuple[tuple[int, ...], ...]
    broken: frozenset[int] = frozenset()
    workers: int = 4


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to forty objects without circles; a few of them broken."""
    count = draw(st.integers(1, 40))
    depends = tuple(
        tuple(draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True))) if number else ()
        for number in range(count)
    )
    broken = draw(st.frozensets(st.integers(0, count - 1), max_size=3))
    return Graph(depends, broken, draw(st.sampled_from((4, 16))))


@dataclass(slots=True)
class Log:
    """When each patch was on its way."""

    flights: list[tuple[float, float]] = field(default_factory=list)

    def most(self) -> int:
        """The most at any moment."""
        moments = sorted([(start, 1) for start, _ in self.flights] + [(end, -1) for _, end in self.flights])
        flying = most = 0
        for _, step in moments:
            flying += step
            most = max(most, flying)
        return most

    def mean(self) -> float:
        """On average, from the first to the last."""
        if not self.flights:
            return 0.0
        span = max(end for _, end in self.flights) - min(start for start, _ in self.flights)
        return sum(end - start for start, end in self.flights) / span


class LoggedWire(Wire):
    """Notes every patch with its start and end."""

    log: Log

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: object, *, stays_open: bool
    ) -> Received:
        began = asyncio.get_running_loop().time()
        try:
            return await super().send(method, url, headers, body, stays_open=stays_open)
        finally:
            if method == "PATCH":
                self.log.flights.append((began, asyncio.get_running_loop().time()))


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it."""

    bot: Bot
    log: Log
    changes: tuple[Change, ...]

    @property
    def root(self) -> BatchFinished:
        found = self.bot.chat.notices(Part.ROOT)[-1]
        assert isinstance(found, BatchFinished)
        return found

    def states_before_request(self, name: str, request: str) -> Mapping[str, Json] | None:
        """Every Kustomization as it stood when this one's request was stored; None if it never was."""
        states: dict[str, Json] = {}
        for change in self.changes:
            here = change.now.key[1]
            if here == name and _asked(change.now.object).endswith(request):
                return states
            states[here] = change.now.object
        return None


def _asked(obj: Json) -> str:
    return str((obj["metadata"].get("annotations") or {}).get(REQUESTED, ""))


def _ready(obj: Json) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((str(each["status"]) for each in conditions if each["type"] == "Ready"), "")


async def _play(graph: Graph, folder: Path, text: str = "all") -> Played:
    random = Random(5)
    server = ApiServer(now, random)
    server.users[TOKEN] = User("soak", (MASTERS,))
    origins = Origins()
    origins.git(URL).push(_tree(graph, frozenset()), "Well")
    for obj in _objects(graph):
        server.place(obj)
    flux = Flux(
        InsideApi(server, random, TOKEN),
        origins,
        Knobs(workers={KUSTOMIZE: graph.workers}),
        now,
        random,
        Journal(now),
    )
    wire = LoggedWire(server, random, TOKEN, 0.05, {})
    wire.log = Log()
    running = asyncio.create_task(flux.run())
    try:
        await asyncio.sleep(120)
        origins.git(URL).push(_tree(graph, graph.broken), "News")
        async with bot_on(wire, kubeconfig(folder), random) as bot:
            wire.log.flights.clear()
            await bot.say(text)
            return Played(bot, wire.log, server.history("Kustomization"))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _tree(graph: Graph, broken: frozenset[int]) -> Tree:
    return Tree(
        {
            f"k{number}": Folder(broken="missing.yaml: no such file" if number in broken else "")
            for number in range(len(graph.depends_on))
        }
    )


def _objects(graph: Graph) -> list[Json]:
    source = {"kind": "GitRepository", "name": "fleet"}
    flux = [
        _object(
            "source.toolkit.fluxcd.io/v1",
            "GitRepository",
            "fleet",
            {"interval": "24h", "url": URL, "ref": {"branch": "main"}},
        ),
        *(
            _object(
                "kustomize.toolkit.fluxcd.io/v1",
                "Kustomization",
                f"k{number}",
                {
                    "interval": "24h",
                    "path": f"./k{number}",
                    "prune": True,
                    "wait": True,
                    "sourceRef": source,
                    "dependsOn": [{"name": f"k{parent}"} for parent in parents],
                },
            )
            for number, parents in enumerate(graph.depends_on)
        ),
    ]
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}, *flux]


def _object(api: str, kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "flux-system"}, "spec": spec}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs())
def test_no_child_is_asked_before_its_parents_are_ready_and_the_cap_holds(graph: Graph, tmp_path: Path) -> None:
    played = virtually(_play(graph, tmp_path))
    request = played.root.asked.request
    for number, parents in enumerate(graph.depends_on):
        states = played.states_before_request(f"k{number}", request)
        for parent in parents if states is not None else ():
            state = (states or {})[f"k{parent}"]
            assert _asked(state).endswith(request), f"k{number} was asked before k{parent}"
            assert (state["status"]["lastHandledReconcileAt"], _ready(state)) == (_asked(state), "True")
    assert played.log.mean() <= played.log.most() <= MOST
    _everybody_has_the_end_that_the_graph_gives_them(graph, played)


def _everybody_has_the_end_that_the_graph_gives_them(graph: Graph, played: Played) -> None:
    ends = {track.target.name: track.outcome.end for track in played.root.tracks if track.outcome is not None}
    assert len(ends) == len(graph.depends_on) + 1
    held: set[int] = set()
    for number, parents in enumerate(graph.depends_on):
        end = ends[f"k{number}"]
        if any(parent in held or parent in graph.broken for parent in parents):
            held.add(number)
            assert isinstance(end, Blocked), f"k{number}: {end}"
        elif number in graph.broken:
            assert isinstance(end, Failed), f"k{number}: {end}"
        else:
            assert isinstance(end, Succeeded | Unchanged), f"k{number}: {end}"


def test_two_hundred_objects_are_one_root_and_one_message_in_its_thread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = tuple(tuple([number - 25] if number >= 25 else []) for number in range(200))
    played = virtually(_play(Graph(levels, workers=16), tmp_path))
    shown = played.bot.chat.shown
    assert {each.slot.part for each in shown} <= {Part.ROOT, Part.DETAILS, Part.AUDIT, Part.MENTION}
    assert sum(isinstance(each.notice, BatchDetailed) for each in shown) == 1
    assert all(isinstance(each.notice, BatchRunning | BatchFinished) for each in shown if each.slot.part is Part.ROOT)
    assert played.log.most() == MOST
    with capsys.disabled():
        took, log = played.root.took.total_seconds(), played.log
        print(f"\n200 objects: {took:.1f} s, most {log.most()} patches in flight, mean {log.mean():.1f}")
