"""The bot's own adapter at work on the simulated API server, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.cluster.adapter import KubernetesCluster
from bot.cluster.client import ClusterSpec
from bot.core.errors import Forbidden, Unauthorized
from bot.core.health import Right
from bot.core.kinds import ARTIFACT_GENERATOR, GIT_REPOSITORY, KUSTOMIZATION, Kind
from bot.core.requests import Ask
from bot.core.resources import Absent, Controller, Ref, Snapshot
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.faults import EXPIRED_WATCH, refusing
from bot.demo.kube.kubeconfig import Entry, kubeconfig
from bot.demo.kube.site import Site
from bot.demo.kube.watches import Drop
from bot.demo.loopback import Rule
from bot.ports import Blind, Follow, Quiet, Sighting
from tests.demo.kube.asking import Json, kustomization
from tests.demo.kube.conftest import BOT_TOKEN
from tests.fakes.telemetry import FakeTelemetry

APPS = Ref("demo", KUSTOMIZATION, "flux-system", "apps")
WATCHES = "*/kustomizations"


def apps(**changes: Json) -> Json:
    return {**kustomization("apps", namespace="flux-system"), **changes}


@asynccontextmanager
async def connected(
    site: Site, folder: Path, *, token: str = BOT_TOKEN, bearer: bool = True, kinds: tuple[Kind, ...] = ()
) -> AsyncIterator[KubernetesCluster]:
    config = folder / "bot.kubeconfig"
    config.write_text(kubeconfig({"demo": Entry(site.url, token, bearer=bearer)}))
    spec = ClusterSpec("demo", kubeconfig=config, kinds=kinds or (KUSTOMIZATION, GIT_REPOSITORY))
    cluster = KubernetesCluster(spec, SystemClock(), FakeTelemetry())
    watching = asyncio.create_task(cluster.run())
    try:
        yield cluster
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await cluster.close()


@pytest.fixture
async def cluster(site: Site, server: ApiServer, tmp_path: Path) -> AsyncIterator[KubernetesCluster]:
    server.place(apps())
    async with connected(site, tmp_path) as opened, asyncio.timeout(20):
        await opened.synced()
        yield opened


async def sighting(follow: Follow) -> Sighting:
    """The next thing seen, whatever is told of outages meanwhile."""
    while True:
        seen = await follow.next(datetime.now(UTC) + timedelta(seconds=20))
        assert not isinstance(seen, Quiet)
        if isinstance(seen, Sighting):
            return seen
        assert isinstance(seen, Blind)


async def test_it_lists_gets_and_reads(cluster: KubernetesCluster, server: ApiServer) -> None:
    server.place(kustomization("shop", namespace="shop"))
    while len(await cluster.list(KUSTOMIZATION)) < 2:
        await asyncio.sleep(0.01)
    assert [str(each.ref) for each in await cluster.list(KUSTOMIZATION, "shop")] == ["demo ks/shop/shop"]
    full = await cluster.read(APPS)
    assert isinstance(full, Snapshot)
    assert (full.generation, full.observed, full.interval) == (1, -1, timedelta(hours=1))
    assert isinstance(await cluster.get(Ref("demo", KUSTOMIZATION, "flux-system", "nothing")), Absent)
    assert (await cluster.has_namespace("shop"), await cluster.has_namespace("nowhere")) == (True, False)
    assert (await cluster.serves(GIT_REPOSITORY), await cluster.serves(ARTIFACT_GENERATOR)) == (True, True)


@pytest.mark.parametrize("bearer", [True, False])
async def test_a_request_is_patched_and_followed_by_either_kubeconfig(
    site: Site, server: ApiServer, tmp_path: Path, bearer: bool
) -> None:
    server.place(apps())
    async with connected(site, tmp_path, bearer=bearer) as cluster, asyncio.timeout(20):
        await cluster.synced()
        async with cluster.follow(APPS) as follow:
            assert isinstance((await sighting(follow)).now, Snapshot)
            now = datetime.now(UTC)
            answer = await cluster.request(Ask(APPS, "token-1", "", now, now + timedelta(minutes=5)))
            patched = (await sighting(follow)).now
            assert isinstance(patched, Snapshot)
            assert (answer.version, patched.version, patched.asked.request) == (
                patched.version,
                str(server.version),
                "token-1",
            )
            stored = server.find("Kustomization", "flux-system", "apps") or {}
            server.place({**stored, "status": {"lastHandledReconcileAt": "token-1"}})
            handled = (await sighting(follow)).now
            assert isinstance(handled, Snapshot)
            assert (handled.handled.request, handled.generation) == ("token-1", 1)


@pytest.mark.parametrize("how", list(Drop))
async def test_a_follow_survives_a_lost_watch(cluster: KubernetesCluster, server: ApiServer, how: Drop) -> None:
    async with cluster.follow(APPS) as follow:
        await sighting(follow)
        assert server.drop_watches(how) == 2
        server.place(apps(spec={**apps()["spec"], "suspend": True}))
        seen = (await sighting(follow)).now
        assert isinstance(seen, Snapshot)
        assert seen.suspended


async def test_a_follow_survives_an_expired_version(
    cluster: KubernetesCluster, server: ApiServer, site: Site
) -> None:
    async with cluster.follow(APPS) as follow:
        await sighting(follow)
        server.drop_watches()
        server.place(apps(spec={**apps()["spec"], "path": "./a"}))
        server.place(apps(spec={**apps()["spec"], "suspend": True}))
        server.forget_history()
        seen = await sighting(follow)
        assert isinstance(seen.now, Snapshot)
        # It was listed anew: what happened in between is not known any more.
        assert (seen.now.suspended, seen.gap) == (True, True)


@pytest.mark.parametrize("fault", [refusing(401), refusing(429), EXPIRED_WATCH])
async def test_a_follow_survives_faults(
    cluster: KubernetesCluster, server: ApiServer, site: Site, fault: object
) -> None:
    async with cluster.follow(APPS) as follow:
        await sighting(follow)
        rule = site.faults.add(
            Rule(fault, path=WATCHES, when=lambda asked: "watch" in asked.query, times=1)  # type: ignore[arg-type]
        )
        server.drop_watches(kind="Kustomization")
        server.place(apps(spec={**apps()["spec"], "suspend": True}))
        seen = (await sighting(follow)).now
        assert isinstance(seen, Snapshot)
        assert (seen.suspended, rule.hits) == (True, 1)


async def test_a_deletion_is_seen_with_what_was_last_known(cluster: KubernetesCluster, server: ApiServer) -> None:
    async with cluster.follow(APPS) as follow:
        await sighting(follow)
        server.withdraw("Kustomization")
        seen = (await sighting(follow)).now
        assert isinstance(seen, Absent)
        assert seen.was is not None


async def test_events_and_controllers_are_read(cluster: KubernetesCluster, server: ApiServer) -> None:
    for number, name in ((1, "apps"), (2, "other")):
        server.place(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{name}.{number}", "namespace": "flux-system"},
                "involvedObject": {
                    "kind": "Kustomization",
                    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                    "namespace": "flux-system",
                    "name": name,
                },
                "reason": "BuildFailed",
                "message": "no such path",
                "type": "Warning",
                "lastTimestamp": "2026-01-01T10:00:00Z",
            }
        )
    server.place(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "kustomize-controller",
                "namespace": "flux-system",
                "labels": {"app.kubernetes.io/part-of": "flux"},
            },
            "spec": {
                "replicas": 1,
                "template": {"spec": {"containers": [{"name": "manager", "image": "kustomize-controller:v1"}]}},
            },
            "status": {"availableReplicas": 1},
        }
    )
    (event,) = await cluster.events(APPS, datetime(2026, 1, 1, tzinfo=UTC))
    assert (event.reason, event.message, event.warning) == ("BuildFailed", "no such path", True)
    assert await cluster.controller(KUSTOMIZATION) == Controller(
        "kustomize-controller", "flux-system", 1, 1, "kustomize-controller:v1"
    )


async def test_what_the_rules_forbid_is_forbidden_to_the_bot(site: Site, server: ApiServer, tmp_path: Path) -> None:
    server.place(
        {
            "apiVersion": "source.extensions.fluxcd.io/v1beta1",
            "kind": "ArtifactGenerator",
            "metadata": {"name": "all", "namespace": "flux-system"},
        }
    )
    async with connected(site, tmp_path) as cluster, asyncio.timeout(20):
        with pytest.raises(Forbidden, match='User "flux-bot" cannot get resource "artifactgenerators"'):
            await cluster.read(Ref("demo", ARTIFACT_GENERATOR, "flux-system", "all"))


async def test_a_token_that_is_taken_away_is_unauthorized(site: Site, server: ApiServer, tmp_path: Path) -> None:
    server.place(apps())
    async with connected(site, tmp_path) as cluster, asyncio.timeout(20):
        await cluster.synced()
        del server.users[BOT_TOKEN]
        with pytest.raises(Unauthorized):
            await cluster.read(APPS)


async def test_what_check_asks_is_answered(cluster: KubernetesCluster, server: ApiServer) -> None:
    labels = {"app.kubernetes.io/part-of": "flux"}
    metadata = {"name": "kustomize-controller", "namespace": "flux-system", "labels": labels}
    server.place({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1}})
    assert (await cluster.version()).startswith("v1.")
    assert dict(await cluster.served())[KUSTOMIZATION] == ("v1",)
    assert [each.name for each in await cluster.installed()] == ["kustomize-controller"]
    assert await cluster.may(Right("patch", KUSTOMIZATION.group, "kustomizations"))
    assert not await cluster.may(Right("delete", KUSTOMIZATION.group, "kustomizations"))
    cached = cluster.cached(KUSTOMIZATION)
    assert cached is not None
    assert [each.ref for each in cached.objects] == [APPS]
