"""Plays one schedule: the real bot on simulated controllers and a simulated API server, on a loop of virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.knobs import Knobs
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.rights import MASTERS, User
from tests.fakes.virtual_loop import now
from tests.soak.bot import AFTERLIFE, Bot, bot_on
from tests.soak.chance import CONTROLLERS
from tests.soak.collect import Recorder, evidence_of
from tests.soak.evidence import Evidence, Json
from tests.soak.flux_api import InsideApi
from tests.soak.hands import Hands
from tests.soak.outside import Outside
from tests.soak.schedule import Schedule
from tests.soak.told import Told
from tests.soak.wire import Wire

TOKEN = "sesame"
REST = 40.0
"""Seconds in which a world comes to rest, or nearly so, before anything happens in it."""
LATE = (
    ("kustomize-controller", "gitrepositories"),
    ("kustomize-controller", "ocirepositories"),
    ("helm-controller", "ocirepositories"),
    ("helm-controller", "helmcharts"),
)
"""The caches that may be late: those of other controllers' objects, where lateness makes runs use older revisions."""
ENDLESS = 4 * 3600.0
"""Seconds after which a request that has not ended never will: four steps of an hour's patience."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a schedule."""

    schedule: Schedule
    evidence: Evidence
    told: tuple[Told, ...]
    bot: Bot
    troubles: tuple[str, ...]
    """What speaks against the bot already: commands without an answer, tasks that died."""
    began: float
    """When the acts began, in seconds of virtual time."""


async def play(schedule: Schedule, kubeconfig: Path) -> Played:
    """From the first list to the last afterlife."""
    random = Random(schedule.seed)
    server = ApiServer(now, random)
    server.users[TOKEN] = User("soak", (MASTERS,))
    recorder, journal = Recorder(server), Journal(now)
    objects = schedule.world.objects
    urls = {key: str(objects[key]["spec"]["url"]) for key in schedule.world.sources}
    outside = Outside(urls, frozenset(schedule.world.charts))
    wire, api = (
        Wire(server, random, TOKEN, schedule.world.pace.blur, recorder.times),
        InsideApi(server, random, TOKEN),
    )
    for obj in (*map(_deployment, CONTROLLERS), *objects.values()):
        server.place(obj)
    for key, news in schedule.world.first.items():
        outside.push(key, news)
    flux = Flux(api, outside.origins, _knobs(schedule), now, random, journal)
    async with _running(flux), bot_on(wire, kubeconfig, random) as bot:
        await asyncio.sleep(REST)
        began = asyncio.get_running_loop().time()
        hands = Hands(schedule, server, wire, api, outside, flux, bot)
        try:
            silent = await _through(schedule, hands, bot)
        finally:
            await hands.stop()
        evidence = evidence_of(recorder, journal.runs, wire)
        broken = [f"{fact.event}: {fact.error!r}" for fact in bot.telemetry.broken]
        return Played(schedule, evidence, tuple(bot.told()), bot, (*silent, *broken), began)


@asynccontextmanager
async def _running(flux: Flux) -> AsyncIterator[None]:
    running = asyncio.create_task(flux.run(), name="flux")
    try:
        yield
        if running.done():
            running.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _through(schedule: Schedule, hands: Hands, bot: Bot) -> list[str]:
    """Every act at its moment, then every request to its end; answers what never ended or died."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for act in schedule.acts:
        await asyncio.sleep(max(0.0, start + act.at - loop.time()))
        await hands.do(act)
    _, open_ = await asyncio.wait(hands.commands, timeout=ENDLESS) if hands.commands else ((), ())
    silent = [f"{each.get_name()} has no end" for each in open_]
    for each in open_:
        each.cancel()
    results = await asyncio.gather(*hands.commands, return_exceptions=True)
    silent += [f"a command died: {each!r}" for each in results if isinstance(each, Exception)]
    until = loop.time() + AFTERLIFE.total_seconds() + 10
    while len(bot.afterlives) and loop.time() < until:
        await asyncio.sleep(5)
    return silent


def _knobs(schedule: Schedule) -> Knobs:
    pace = schedule.world.pace
    workers = dict.fromkeys(CONTROLLERS, pace.workers)
    lags = dict.fromkeys(LATE, pace.lag) | {("source-controller", "helmrepositories"): pace.lag / 6}
    return Knobs(workers=workers, lags=lags, jitter=pace.jitter, pace=pace.stretch)


def _deployment(name: str) -> Json:
    meta = {"name": name, "namespace": "flux-system", "labels": {"app.kubernetes.io/part-of": "flux"}}
    spec = {"replicas": 1, "template": {"spec": {"containers": [{"name": "manager", "image": f"{name}:v1"}]}}}
    status = {"availableReplicas": 1, "readyReplicas": 1}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec, "status": status}


def kubeconfig(folder: Path) -> Path:
    """A kubeconfig for the wire; its address is never used."""
    path = folder / "kubeconfig"
    parts = (
        "apiVersion: v1",
        "kind: Config",
        "current-context: prod",
        "clusters: [{name: prod, cluster: {server: 'http://inside'}}]",
        "contexts: [{name: prod, context: {cluster: prod, user: bot}}]",
        f"users: [{{name: bot, user: {{token: {TOKEN}}}}}]",
    )
    path.write_text("\n".join(parts))
    return path
