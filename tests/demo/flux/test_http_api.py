"""The controllers over HTTP: their client against the simulated server, in good times and bad."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from random import Random

import pytest

from bot.demo.flux.api import ApiError, Conflict, Expired, HttpApi, NotFound, Refused, Unreachable
from bot.demo.flux.contents import Folder, Tree
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.kinds import CONFIG_MAP, GIT, KUSTOMIZATION
from bot.demo.flux.knobs import Knobs
from bot.demo.flux.origins import Origins
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.site import Site
from bot.demo.kube.watches import Drop
from bot.demo.loopback import CutLine, Fault, InstantClose, Reset, Rule, Status
from tests.demo.flux.inside import ADMIN, admit
from tests.real.api import api_version, condition
from tests.real.objects import git_repository, kustomization

ONE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "namespace": "default"},
    "data": {"a": "1"},
}
PATH = CONFIG_MAP.path(("default", "one"))


def now() -> datetime:
    return datetime.now(UTC)


async def test_objects_are_created_read_listed_patched_and_deleted() -> None:
    async with Site(admit(ApiServer(now, Random(1)))) as site, HttpApi(site.url, ADMIN) as api:
        await api.create(CONFIG_MAP.collection("default"), ONE)
        with pytest.raises(Conflict):
            await api.create(CONFIG_MAP.collection("default"), ONE)
        patched = await api.patch(PATH, {"data": {"a": "2"}})
        items, version = await api.list(CONFIG_MAP.collection("default"))
        assert (patched["data"], [each["data"] for each in items], int(version) > 0) == (
            {"a": "2"},
            [{"a": "2"}],
            True,
        )
        await api.delete(PATH)
        with pytest.raises(NotFound):
            await api.get(PATH)


async def test_a_watch_tells_changes_until_it_is_dropped() -> None:
    server = admit(ApiServer(now, Random(1)))
    async with Site(server) as site, HttpApi(site.url, ADMIN) as api:
        _, since = await api.list(CONFIG_MAP.collection("default"))
        await api.create(CONFIG_MAP.collection("default"), ONE)
        async with asyncio.timeout(10), aclosing(api.watch(CONFIG_MAP.collection("default"), since)) as events:
            change, obj = await anext(events)
            server.drop_watches(Drop.CUT)
            with pytest.raises(Unreachable):
                await anext(events)
        assert (change, obj["metadata"]["name"]) == ("ADDED", "one")


async def test_a_version_that_is_too_old_is_told_apart() -> None:
    server = admit(ApiServer(now, Random(1)))
    async with Site(server) as site, HttpApi(site.url, ADMIN) as api:
        await api.create(CONFIG_MAP.collection("default"), ONE)
        server.forget_history()
        async with asyncio.timeout(10), aclosing(api.watch(CONFIG_MAP.collection("default"), "1")) as events:
            with pytest.raises(Expired):
                await anext(events)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(503, "out of order"), Refused),
        (Status(429, "", retry_after=1), Refused),
        (Reset(), Unreachable),
        (InstantClose(), Unreachable),
        (CutLine(), Unreachable),
    ],
)
async def test_every_failure_is_an_error_of_the_api(fault: Fault, error: type[ApiError]) -> None:
    async with Site(admit(ApiServer(now, Random(1)))) as site, HttpApi(site.url, ADMIN) as api:
        await api.create(CONFIG_MAP.collection("default"), ONE)
        site.faults.add(Rule(fault))
        with pytest.raises(error):
            await api.get(PATH)


async def test_the_controllers_work_over_http_and_get_over_a_broken_server() -> None:
    server, origins = admit(ApiServer(now, Random(1))), Origins()
    knobs = Knobs(reconnect=0.05, retry_first=0.05, retry_longest=0.2, requeue_dependency=0.2)
    origins.git("https://git.example.com/app").push(Tree({"": Folder((ONE,))}))
    async with Site(server) as site, HttpApi(site.url, ADMIN) as api, asyncio.timeout(40):
        async with Flux(api, origins, knobs, now, Random(1), Journal(now)):
            rule = site.faults.add(Rule(Status(503), times=30))
            for obj in (
                git_repository("default", "app", "https://git.example.com/app"),
                kustomization("default", "app", "GitRepository/app"),
            ):
                server.place({**obj, "apiVersion": api_version(obj["kind"])})
            while not _ready(server):
                await asyncio.sleep(0.05)
        assert rule.hits == 30
        assert (await api.get(GIT.path(("default", "app"))))["status"]["artifact"]
        assert await api.get(PATH)


def _ready(server: ApiServer) -> bool:
    found = server.find(KUSTOMIZATION.name, "default", "app")
    return found is not None and condition(found).get("status") == "True"
