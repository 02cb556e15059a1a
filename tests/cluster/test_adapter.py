"""bot.ports.Cluster over HTTP: what each method asks, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cluster.adapter import KubernetesCluster, open_clusters
from bot.cluster.credentials import ClusterSpec
from bot.core.errors import Forbidden, Rejected, Unreachable
from bot.core.kinds import FLUX_INSTANCE, HELM_RELEASE, KUSTOMIZATION
from bot.core.requests import Ask
from bot.core.resources import Absent, Controller, Event, Ref, Snapshot
from bot.ports import Cluster, Clusters
from tests.cluster.conftest import KUSTOMIZE, middle, watching
from tests.cluster.shapes import drive, eventually, kustomization, through
from tests.fakes.api_server import APIS, KS, Answer, ApiServer, Fault, Held, discovery, listing, status
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.telemetry import FakeTelemetry

APPS = Ref("prod", KUSTOMIZATION, "flux-system", "apps")
ONE = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps"
EVENTS = "/api/v1/namespaces/flux-system/events"
DEPLOYMENTS = "/apis/apps/v1/namespaces/flux-system/deployments"


@pytest.fixture
async def cluster(spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry) -> AsyncIterator[KubernetesCluster]:
    """One whose watches do not run."""
    made = KubernetesCluster(spec, clock, telemetry, middle)
    yield made
    await made.close()


def asking(**changes: bool) -> Ask:
    ask = Ask(APPS, "2026-08-20T09:14:00Z-k3f9", "", MORNING, MORNING + timedelta(minutes=5))
    return replace(ask, **changes)  # type: ignore[arg-type]


async def test_it_is_what_the_ports_promise(cluster: KubernetesCluster) -> None:
    port: Cluster = cluster
    ports: Clusters = open_clusters([], FakeClock(), FakeTelemetry())
    assert (port.name, port.frozen, ports.names()) == ("prod", "", ())


async def test_a_request_is_one_merge_patch_of_one_annotation(cluster: KubernetesCluster, server: ApiServer) -> None:
    server.on(ONE, Answer(200, kustomization(version="7", token="t")), method="PATCH")
    answer = await cluster.request(asking())
    assert (answer.version, answer.asked.request) == ("7", "t")
    assert answer.details is not None
    sent = server.requests(ONE, method="PATCH")[0]
    assert json.loads(sent.body) == {
        "metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "2026-08-20T09:14:00Z-k3f9"}}
    }
    assert sent.query == {"fieldManager": "flux-reconcile-bot"}
    assert [(each.method, each.path) for each in server.asked] == [("GET", APIS), ("PATCH", ONE)]


async def test_force_and_reset_go_into_the_same_patch_with_the_same_value(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    server.on(ONE, Answer(200, kustomization()), method="PATCH")
    await cluster.request(asking(force=True, reset=True))
    sent = json.loads(server.requests(ONE, method="PATCH")[0].body)["metadata"]["annotations"]
    assert sent == {
        f"reconcile.fluxcd.io/{each}": "2026-08-20T09:14:00Z-k3f9" for each in ("requestedAt", "forceAt", "resetAt")
    }


async def test_a_cluster_that_must_not_be_written_to_gets_no_patch(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    reading = KubernetesCluster(replace(spec, frozen="no"), clock, telemetry)
    with pytest.raises(Rejected, match=r"^prod: this bot must only read there$"):
        await reading.request(asking())
    assert (server.asked, reading.frozen) == ([], "no")


async def test_a_patch_that_is_refused_says_why(cluster: KubernetesCluster, server: ApiServer) -> None:
    server.on(ONE, status(404, 'kustomizations "apps" not found'), status(403, "no"), method="PATCH")
    with pytest.raises(Rejected, match=r'^prod: kustomizations "apps" not found$'):
        await cluster.request(asking())
    with pytest.raises(Forbidden) as caught:
        await cluster.request(asking())
    assert caught.value.missing == "patch kustomizations"


async def test_a_patch_whose_answer_is_lost_is_unknown_and_not_repeated(
    cluster: KubernetesCluster, server: ApiServer, clock: FakeClock
) -> None:
    for lost in (Fault.RESET, Answer(200, b"<html>"), Answer(200, kustomization("other"))):
        server.asked.clear()
        server.on(ONE, lost, method="PATCH")
        with pytest.raises(Unreachable):
            await through(clock, cluster.request(asking()))
        assert len(server.requests(ONE, method="PATCH")) == 1


async def test_reading_asks_the_server_and_keeps_the_details(cluster: KubernetesCluster, server: ApiServer) -> None:
    server.on(ONE, Answer(200, kustomization(version="9")))
    found = await cluster.read(APPS)
    assert isinstance(found, Snapshot)
    assert found.details is not None
    assert found.details.inventory == ("apps_web_apps_Deployment",)


async def test_getting_before_the_list_is_complete_asks_for_the_one_object(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    server.on(ONE, Answer(200, kustomization(version="9")), status(404, "not found"))
    found = await cluster.get(APPS)
    assert isinstance(found, Snapshot)
    assert (found.version, found.details) == ("9", None)
    assert await cluster.get(APPS) == Absent(APPS)


async def test_getting_during_an_outage_asks_the_server_again(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization(version="90")))
    server.on(ONE, Answer(200, kustomization(version="91")))
    server.on_watch(KS, *[Fault.RESET] * 50)
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        first = await cluster.get(APPS)
        await drive(clock, lambda: bool(cluster.trouble()))
        second = await through(clock, cluster.get(APPS))
        assert [each.version for each in (first, second) if isinstance(each, Snapshot)] == ["90", "91"]


async def test_a_read_that_needs_several_calls_has_five_seconds_in_all(
    cluster: KubernetesCluster, server: ApiServer, clock: FakeClock
) -> None:
    slow = Held(discovery(KUSTOMIZE))
    server.on(APIS, slow)
    server.on(ONE, Fault.HANG)
    begun = clock.now()
    task = asyncio.create_task(cluster.read(APPS))
    await eventually(lambda: len(server.asked) == 1)
    await clock.advance(4)
    slow.released.set()
    await eventually(lambda: len(server.asked) == 2)
    await drive(clock, task.done, within=20, step=0.25)
    assert isinstance(task.exception(), Unreachable)
    assert (clock.now() - begun).total_seconds() == 5.0


async def test_listing_before_the_list_is_complete_reads_all_pages_in_order(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    server.on(
        KS, listing(kustomization("b"), kustomization("z", namespace="a"), following="2"), listing(kustomization("a"))
    )
    assert [each.ref.short for each in await cluster.list(KUSTOMIZATION)] == [
        "ks/a/z",
        "ks/flux-system/a",
        "ks/flux-system/b",
    ]


async def test_a_kind_that_is_not_served_is_empty_absent_and_cannot_be_asked(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    web = Ref("prod", HELM_RELEASE, "shop", "web")
    assert await cluster.serves(KUSTOMIZATION) is True
    assert await cluster.serves(HELM_RELEASE) is False
    assert await cluster.list(HELM_RELEASE) == ()
    assert await cluster.get(web) == Absent(web)
    with pytest.raises(Rejected, match=r"^prod serves no HelmRelease$"):
        await cluster.request(replace(asking(), ref=web))


async def test_names_that_could_lead_elsewhere_are_absent_and_never_sent(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    for namespace, name in (("..", "apps"), ("flux-system", "../x"), ("flux-system", "apps?x=1")):
        ref = Ref("prod", KUSTOMIZATION, namespace, name)
        assert await cluster.read(ref) == Absent(ref)
        assert await cluster.events(ref, MORNING) == ()
    assert await cluster.has_namespace("../nodes") is False
    assert [each.path for each in server.asked] == [APIS]


async def test_a_namespace_is_there_unless_the_server_says_it_is_not(
    cluster: KubernetesCluster, server: ApiServer, clock: FakeClock
) -> None:
    server.on("/api/v1/namespaces/shop", Answer(200, {}))
    server.on("/api/v1/namespaces/hidden", status(403, "no"))
    found = [await through(clock, cluster.has_namespace(name)) for name in ("shop", "hidden", "none")]
    assert found == [True, True, False]


def event(reason: str, at: str, **changes: object) -> dict[str, object]:
    return {
        "involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"},
        "type": "Normal",
        "reason": reason,
        "message": f"it {reason}",
        "lastTimestamp": at,
        **changes,
    }


async def test_events_are_those_of_the_object_since_then_oldest_first(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    later = datetime(2026, 8, 20, 9, 20, tzinfo=UTC)
    server.on(
        EVENTS,
        listing(
            event("late", "2026-08-20T09:20:00Z", type="Warning", count=3),
            event("old", "2026-08-20T09:13:59Z"),
            event("foreign", "2026-08-20T09:20:00Z", involvedObject={"apiVersion": "kustomize.config.k8s.io/v1"}),
            event("timeless", ""),
            following="2",
        ),
        listing(
            event("early", "", eventTime="2026-08-20T09:14:00.000001Z", lastTimestamp=None),
            event("series", "", series={"count": 9, "lastObservedTime": "2026-08-20T09:20:00Z"}),
            "odd",
        ),
    )
    assert await cluster.events(APPS, MORNING) == (
        Event(APPS, "early", "it early", False, MORNING + timedelta(microseconds=1)),
        Event(APPS, "late", "it late", True, later, 3),
        Event(APPS, "series", "it series", False, later, 9),
    )
    assert server.requests(EVENTS)[0].query["fieldSelector"] == (
        "involvedObject.kind=Kustomization,involvedObject.namespace=flux-system,involvedObject.name=apps"
    )


async def test_events_that_may_not_be_read_are_none(cluster: KubernetesCluster, server: ApiServer) -> None:
    server.on(EVENTS, status(403, "no"))
    assert await cluster.events(APPS, MORNING) == ()


def deployment(name: str, replicas: int | None = 1, available: int | None = 1) -> dict[str, object]:
    containers = [{"name": "proxy", "image": "p:1"}, {"name": "manager", "image": f"ghcr.io/fluxcd/{name}:v1"}]
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
        "status": {"availableReplicas": available},
    }


async def test_the_controller_of_a_kind_is_found_with_its_state(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    server.on(DEPLOYMENTS, listing(deployment("helm-controller"), deployment("kustomize-controller", 0, None)))
    found = await cluster.controller(KUSTOMIZATION)
    assert found == Controller("kustomize-controller", "flux-system", 0, 0, "ghcr.io/fluxcd/kustomize-controller:v1")
    assert found.down
    assert server.requests(DEPLOYMENTS)[0].query["labelSelector"] == "app.kubernetes.io/part-of=flux"


async def test_a_controller_is_absent_only_where_others_are_seen(
    cluster: KubernetesCluster, server: ApiServer, clock: FakeClock
) -> None:
    server.on(DEPLOYMENTS, listing(deployment("helm-controller")), listing(), status(403, "no"), status(404, "no"))
    assert [await through(clock, cluster.controller(KUSTOMIZATION)) for _ in range(4)] == [
        Absent(Ref("prod", KUSTOMIZATION, "flux-system", "kustomize-controller")),
        None,
        None,
        None,
    ]


async def test_a_controller_seen_running_lately_needs_no_second_look(
    cluster: KubernetesCluster, server: ApiServer, clock: FakeClock
) -> None:
    lately = timedelta(minutes=1)
    server.on(DEPLOYMENTS, listing(deployment("helm-controller"), deployment("kustomize-controller")))
    up = await cluster.controller(KUSTOMIZATION, lately)
    assert [await cluster.controller(kind, lately) for kind in (KUSTOMIZATION, HELM_RELEASE)] != [None, None]
    assert len(server.requests(DEPLOYMENTS)) == 1
    assert await cluster.controller(KUSTOMIZATION) == up
    await clock.advance(61)
    assert await cluster.controller(KUSTOMIZATION, lately) == up
    assert len(server.requests(DEPLOYMENTS)) == 3


async def test_a_controller_that_did_not_run_is_looked_at_again(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    down, up = (listing(deployment("kustomize-controller", n), deployment("helm-controller")) for n in (0, 1))
    server.on(DEPLOYMENTS, down, up)
    seen = [await cluster.controller(KUSTOMIZATION, timedelta(minutes=1)) for _ in range(2)]
    assert [each.replicas for each in seen if isinstance(each, Controller)] == [0, 1]


async def test_a_shard_stands_for_a_controller_and_the_operator_is_never_said_to_be_absent(
    cluster: KubernetesCluster, server: ApiServer
) -> None:
    server.on(DEPLOYMENTS, listing(deployment("kustomize-controller-shard1", None, 2)))
    found = await cluster.controller(KUSTOMIZATION)
    assert isinstance(found, Controller)
    assert (found.name, found.replicas, found.available) == ("kustomize-controller-shard1", 1, 2)
    assert await cluster.controller(FLUX_INSTANCE) is None


async def test_an_unwatched_namespace_cannot_be_followed(
    spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    narrow = KubernetesCluster(replace(spec, namespaces=("shop",)), clock, telemetry)
    with pytest.raises(Rejected, match=r"^prod: the bot does not watch kustomizations in flux-system$"):
        async with narrow.follow(APPS):
            pass


async def test_a_dead_cluster_does_not_slow_another(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    dead = ApiServer()
    dead.on(APIS, Fault.HANG)
    async with dead.running():
        broken = spec.kubeconfig.with_name("dead")  # type: ignore[union-attr]
        broken.write_text(spec.kubeconfig.read_text().replace(server.url, dead.url))  # type: ignore[union-attr]
        clusters = open_clusters([replace(spec, name="dead", kubeconfig=broken), spec], clock, telemetry)
        running = asyncio.create_task(clusters.run())
        alive = clusters.get("prod")
        assert alive is not None
        await eventually(lambda: len(server.streams) == 1)
        await alive.synced()
        assert (clusters.names(), clusters.get("none")) == (("dead", "prod"), None)
        assert alive.trouble() == ()
        stuck = clusters.get("dead")
        assert stuck is not None
        assert stuck.trouble() == ("kustomizations: not listed yet",)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await clusters.close()


def test_two_clusters_of_one_name_are_refused(spec: ClusterSpec) -> None:
    with pytest.raises(ValueError, match="two clusters are called prod"):
        open_clusters([spec, spec], FakeClock(), FakeTelemetry())


async def test_nothing_is_read_or_connected_before_the_first_call(clock: FakeClock, telemetry: FakeTelemetry) -> None:
    clusters = open_clusters([ClusterSpec("nowhere", in_cluster=True)], clock, telemetry)
    await clusters.close()
    assert clusters.names() == ("nowhere",)
