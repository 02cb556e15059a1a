"""What `check` and `watch` ask of a cluster: versions, controllers, rights, and the caches without a call."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.cluster.adapter import KubernetesCluster
from bot.cluster.credentials import ClusterSpec
from bot.cluster.decode import snapshot
from bot.core.errors import Forbidden, Unreachable
from bot.core.health import Right
from bot.core.kinds import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION, RECEIVER, RESOURCE_SET
from bot.core.resources import Controller, Ref, Trigger
from tests.cluster.conftest import KUSTOMIZE, middle, watching
from tests.cluster.shapes import drive, eventually, kustomization, through
from tests.fakes.api_server import APIS, KS, Answer, ApiServer, Asked, Fault, discovery, listing, status
from tests.fakes.clock import FakeClock
from tests.fakes.telemetry import FakeTelemetry

DEPLOYMENTS = "/apis/apps/v1/namespaces/flux-system/deployments"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
PATCH = Right("patch", KUSTOMIZATION.group, "kustomizations")


@pytest.fixture
async def cluster(spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry) -> AsyncIterator[KubernetesCluster]:
    """One whose watches do not run."""
    made = KubernetesCluster(spec, clock, telemetry, middle)
    yield made
    await made.close()


def deployment(name: str, replicas: int, available: int) -> dict[str, object]:
    containers = [{"name": "manager", "image": f"ghcr.io/fluxcd/{name}:v1.9.4"}]
    return {
        "metadata": {"name": name, "labels": {"app.kubernetes.io/version": "v2.9.4"}},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
        "status": {"availableReplicas": available},
    }


async def test_flux_s_own_deployments_are_listed_with_the_version_of_flux(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    server.on(DEPLOYMENTS, listing(deployment("source-controller", 1, 0), deployment("kustomize-controller", 2, 2)))
    assert await cluster.installed() == (
        Controller(
            "kustomize-controller", "flux-system", 2, 2, "ghcr.io/fluxcd/kustomize-controller:v1.9.4", "v2.9.4"
        ),
        Controller("source-controller", "flux-system", 1, 0, "ghcr.io/fluxcd/source-controller:v1.9.4", "v2.9.4"),
    )
    assert server.requests(DEPLOYMENTS)[0].query["labelSelector"] == "app.kubernetes.io/part-of=flux"


async def test_deployments_that_may_not_be_listed_raise_the_right_that_is_missing(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    server.on(DEPLOYMENTS, status(403, "deployments.apps is forbidden"))
    with pytest.raises(Forbidden) as caught:
        await cluster.installed()
    assert caught.value.missing == "list deployments"


async def test_the_version_of_the_api_server_is_its_own_word(cluster: KubernetesCluster, server: ApiServer) -> None:
    server.on("/version", Answer(200, {"gitVersion": "v1.36.0+k3s1"}), Answer(200, {}), Answer(200, b"<html>"))
    assert [await cluster.version() for _ in range(3)] == ["v1.36.0+k3s1", "", ""]


async def test_the_served_kinds_are_asked_anew(
    cluster: KubernetesCluster, server: ApiServer, clock: FakeClock
) -> None:
    helm = (HELM_RELEASE.group, "v2", "helmreleases")
    odd = ("helm.toolkit.fluxcd.io", "v2beta2", "helmreleases")
    server.on(APIS, discovery(KUSTOMIZE), discovery(KUSTOMIZE, helm, odd, ("apps", "v1", "deployments")))
    assert await cluster.served() == ((KUSTOMIZATION, ("v1",)),)
    await clock.advance(11)
    assert await cluster.served() == ((KUSTOMIZATION, ("v1",)), (HELM_RELEASE, ("v2", "v2beta2")))


async def test_who_may_not_discover_is_told_so(cluster: KubernetesCluster, server: ApiServer) -> None:
    server.on(APIS, status(403, "forbidden"))
    with pytest.raises(Forbidden) as caught:
        await cluster.served()
    assert caught.value.missing == "get /apis"


async def test_a_right_is_asked_about_with_one_review_that_writes_nothing(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    server.on(REVIEWS, Answer(201, {"status": {"allowed": True}}), Answer(201, {"status": {}}), method="POST")
    assert [await cluster.may(PATCH), await cluster.may(PATCH)] == [True, False]
    asked = server.requests(REVIEWS, method="POST")[0]
    assert json.loads(asked.body) == {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {
            "resourceAttributes": {
                "verb": "patch",
                "group": "kustomize.toolkit.fluxcd.io",
                "resource": "kustomizations",
                "namespace": "",
            }
        },
    }
    assert asked.headers["Content-Type"] == "application/json"


async def test_a_bot_for_some_namespaces_needs_the_right_in_each_of_them(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    def answer(asked: Asked) -> Answer:
        place = json.loads(asked.body)["spec"]["resourceAttributes"]["namespace"]
        return Answer(201, {"status": {"allowed": place in ("shop", "")}})

    server.on(REVIEWS, answer, method="POST")
    cluster = KubernetesCluster(replace(spec, namespaces=("shop", "pay")), clock, telemetry, middle)
    try:
        assert not await cluster.may(PATCH)
        assert await cluster.may(Right("get", "", "namespaces"))
        assert await cluster.may(replace(PATCH, namespace="shop"))
    finally:
        await cluster.close()


async def test_a_review_is_repeated_like_a_read(
    cluster: KubernetesCluster, server: ApiServer, clock: FakeClock
) -> None:
    server.on(REVIEWS, status(503, "busy"), Answer(201, {"status": {"allowed": True}}), method="POST")
    assert await through(clock, cluster.may(PATCH))
    server.on(REVIEWS, Fault.RESET, method="POST")
    with pytest.raises(Unreachable):
        await through(clock, cluster.may(PATCH))


async def test_the_cache_is_read_without_a_call_and_counts_its_changes(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization(version="90")))
    async with watching(spec, clock, telemetry) as cluster:
        assert cluster.cached(KUSTOMIZATION) is None
        await cluster.synced()
        await eventually(lambda: bool(server.streams))
        asked = len(server.asked)
        first = cluster.cached(KUSTOMIZATION)
        assert first is not None
        assert [each.version for each in first.objects] == ["90"]
        assert cluster.cached(KUSTOMIZATION) == first
        server.streams[0].send("MODIFIED", kustomization(version="91"))
        await eventually(lambda: cluster.cached(KUSTOMIZATION) != first)
        second = cluster.cached(KUSTOMIZATION)
        assert second is not None
        assert ([each.version for each in second.objects], second.changes > first.changes) == (["91"], True)
        server.streams[0].send("DELETED", kustomization(version="92"))
        await eventually(lambda: cluster.cached(KUSTOMIZATION) != second)
        third = cluster.cached(KUSTOMIZATION)
        assert third is not None
        assert (third.objects, third.changes > second.changes) == ((), True)
        assert len(server.asked) == asked
        assert cluster.cached(HELM_RELEASE) is None, "nobody watches it"


async def test_a_cache_that_cannot_be_relied_on_is_none(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization()))
    server.on_watch(KS, *[Fault.RESET] * 50)
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        await drive(clock, lambda: bool(cluster.trouble()))
        assert cluster.cached(KUSTOMIZATION) is None


async def test_a_kind_that_is_not_served_is_an_empty_cache(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    async with watching(spec, clock, telemetry, kinds=(HELM_RELEASE,)) as cluster:
        await cluster.synced()
        found = cluster.cached(HELM_RELEASE)
        assert found is not None
        assert found.objects == ()


def test_a_receiver_names_what_it_asks_for() -> None:
    resources = [
        {"kind": "GitRepository", "name": "web"},
        {"kind": "GitRepository", "name": "*", "namespace": "pay", "matchLabels": {"b": "2", "a": "1"}},
        {"kind": "Deployment", "name": "web"},
        {"name": "nothing"},
        7,
    ]
    body = {"metadata": {"name": "hook", "namespace": "shop"}, "spec": {"resources": resources}}
    found = snapshot(json.dumps(body).encode(), "prod", RECEIVER, full=False)
    assert found is not None
    assert found.triggers == (
        Trigger(Ref("prod", GIT_REPOSITORY, "shop", "web")),
        Trigger(Ref("prod", GIT_REPOSITORY, "pay", "*"), (("a", "1"), ("b", "2"))),
    )
    other = snapshot(json.dumps(body).encode(), "prod", RESOURCE_SET, full=False)
    assert other is not None
    assert other.triggers == ()
