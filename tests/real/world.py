"""The demo's world on the real thing: what of bot/demo/world.py real sources, controllers and an API server can hold.

Things are well, broken, suspended, waiting. ``python -m tests.real up`` shows it, and test_demo_parity.py holds the
demo against it.
"""

from tests.real.api import Api, Object, Ref, condition
from tests.real.charts import Chart
from tests.real.objects import (
    config_map,
    git_repository,
    helm_release,
    helm_release_from,
    helm_repository,
    kustomization,
    oci_repository,
)
from tests.real.scenarios.scenario import nginx
from tests.real.sources import Sources, Unauthorized
from tests.real.stage import at_rest, failed

FLUX, SHOP, LOGS, PAYMENTS = "flux-system", "shop", "observability", "payments"
FLEET, CHARTS = "GitRepository/flux-system", "charts"
TOLD = """\
  flux-system    GitRepository  flux-system, legacy (the server refuses its credentials)
                 Kustomization  flux-system, infra, infra-config, apps, my-app
                                broken-build (does not build), monitoring (suspended)
                                payments (its Deployment failed), payments-ui (depends on payments)
                 HelmRelease    nginx (chart 1.1.0 is newer than what Flux has seen)
  shop           GitRepository  shop (a commit newer than what Flux has fetched is waiting)
                 Kustomization  shop-backend, shop-frontend
                 HelmRelease    redis, podinfo (from an OCIRepository)
  observability  HelmRelease    loki (out of retries)"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: payments-api, namespace: payments}
spec:
  replicas: 2
  selector: {matchLabels: {app: payments-api}}
  template:
    metadata: {labels: {app: payments-api}}
    spec:
      containers: [{name: api, image: "registry.example.com/payments-api:2.4.1"}]
"""


async def build(api: Api, sources: Sources) -> None:
    """Creates the world and returns when every part of it is as told."""
    for namespace in (SHOP, LOGS, PAYMENTS):
        if await api.find(Ref("Namespace", "", namespace)) is None:
            await api.create({"kind": "Namespace", "metadata": {"name": namespace}})
    await _platform(api, sources)
    await _shop(api, sources)
    await _observability(api, sources)


async def clear(api: Api) -> None:
    """Takes the world away again, its namespaces apart: nothing empties those here."""
    for kind in ("HelmRelease", "Kustomization", "HelmChart", "HelmRepository", "OCIRepository", "GitRepository"):
        for namespace in (FLUX, SHOP, LOGS):
            for found in (await api.collect(kind, namespace))["items"]:
                await api.delete(Ref(kind, namespace, found["metadata"]["name"]))
            for found in (await api.collect(kind, namespace))["items"]:
                await api.until_gone(Ref(kind, namespace, found["metadata"]["name"]))


async def _platform(api: Api, sources: Sources) -> None:
    fleet = await sources.git("fleet")
    await fleet.commit(
        {
            "clusters/demo/settings.yaml": config_map("cluster", region="eu-1"),
            "infra/settings.yaml": config_map("ingress", classes="public"),
            "infra-config/settings.yaml": config_map("issuers", issuer="letsencrypt"),
            "apps/settings.yaml": config_map("apps", colour="blue"),
            "my-app/settings.yaml": config_map("my-app", colour="blue"),
            "broken-build/kustomization.yaml": "resources: [missing.yaml]\n",
            "monitoring/settings.yaml": config_map("monitoring", retention="30d"),
            "payments/deployment.yaml": _DEPLOYMENT,
            "payments-ui/settings.yaml": config_map("payments-ui", currency="EUR"),
        },
        message="The fleet",
    )
    legacy = await sources.git("legacy")
    legacy.fault(Unauthorized())
    charts = await sources.helm("platform-charts")
    await charts.publish(nginx("1.0.0"))
    for each in (
        git_repository(FLUX, "flux-system", fleet.url),
        git_repository(FLUX, "legacy", legacy.url),
        _ks("flux-system", path="./clusters/demo"),
        _ks("infra"),
        _ks("infra-config", dependsOn=[{"name": "infra"}]),
        _ks("apps", dependsOn=[{"name": "infra-config"}]),
        _ks("my-app", wait=True),
        _ks("broken-build"),
        _ks("monitoring"),
        _ks("payments", wait=True, timeout="1m", targetNamespace=PAYMENTS),
        _ks("payments-ui", dependsOn=[{"name": "payments"}]),
        helm_repository(FLUX, CHARTS, charts.url),
        helm_release(FLUX, "nginx", "nginx", CHARTS),
    ):
        await api.create(each)
    await _break_payments(api)
    for name in ("flux-system", "infra", "infra-config", "apps", "my-app", "monitoring"):
        await api.until(Ref("Kustomization", FLUX, name), at_rest)
    await api.until(Ref("Kustomization", FLUX, "broken-build"), failed("BuildFailed"))
    await api.until(Ref("Kustomization", FLUX, "payments"), failed("HealthCheckFailed"))
    await api.until(
        Ref("Kustomization", FLUX, "payments-ui"),
        lambda obj: condition(obj).get("reason") == "DependencyNotReady",
    )
    await api.until(Ref("GitRepository", FLUX, "legacy"), failed("GitOperationFailed"))
    await api.until(Ref("HelmRelease", FLUX, "nginx"), at_rest)
    await api.patch(Ref("Kustomization", FLUX, "monitoring"), {"spec": {"suspend": True}})
    await charts.publish(nginx("1.1.0"))


async def _break_payments(api: Api) -> None:
    """Plays the deployment controller: the rollout was given up."""
    ref = Ref("Deployment", PAYMENTS, "payments-api")
    found = await api.until(ref, lambda _: True)
    given_up = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": 'ReplicaSet "payments-api-6d4cf56db6" has timed out progressing.',
        "lastUpdateTime": found["metadata"]["creationTimestamp"],
        "lastTransitionTime": found["metadata"]["creationTimestamp"],
    }
    status = {
        "observedGeneration": found["metadata"]["generation"],
        "replicas": 2,
        "updatedReplicas": 2,
        "unavailableReplicas": 2,
        "conditions": [given_up],
    }
    await api.patch(ref, {"status": status}, subresource="status")


async def _shop(api: Api, sources: Sources) -> None:
    repo = await sources.git("shop")
    await repo.commit(
        {
            "backend/settings.yaml": config_map("backend", colour="blue"),
            "frontend/settings.yaml": config_map("frontend", colour="blue"),
        },
        message="The shop",
    )
    charts = await sources.helm("shop-charts")
    await charts.publish(Chart("redis", "1.2.0", {"settings.yaml": config_map("redis", maxmemory="256mb")}))
    podinfo = await sources.oci("shop/podinfo")
    await podinfo.push_chart(Chart("podinfo", "6.9.2", {"settings.yaml": config_map("podinfo", colour="blue")}))
    for each in (
        git_repository(SHOP, "shop", repo.url),
        _ks("shop-backend", SHOP, "GitRepository/shop", path="./backend", wait=True),
        _ks("shop-frontend", SHOP, "GitRepository/shop", path="./frontend"),
        helm_repository(SHOP, CHARTS, charts.url),
        helm_repository(SHOP, "oci-charts", "oci://registry.example.com/charts", type="oci"),
        helm_release(SHOP, "redis", "redis", CHARTS),
        oci_repository(SHOP, "podinfo", podinfo.url, ref={"semver": "6.x"}),
        helm_release_from(SHOP, "podinfo", "OCIRepository/podinfo"),
    ):
        await api.create(each)
    for kind, name in (
        ("Kustomization", "shop-backend"),
        ("Kustomization", "shop-frontend"),
        ("HelmRelease", "redis"),
        ("HelmRelease", "podinfo"),
    ):
        await api.until(Ref(kind, SHOP, name), at_rest)
    await repo.commit(
        {
            "backend/settings.yaml": config_map("backend", colour="green"),
            "backend/cache.yaml": config_map("backend-cache", size="64m"),
        },
        message="The backend turns green",
    )


async def _observability(api: Api, sources: Sources) -> None:
    """loki's second version changes what cannot be changed; one attempt is all it has."""
    charts = await sources.helm("logs-charts")
    await charts.publish(_loki("1.0.0", "7d"))
    await api.create(helm_repository(LOGS, CHARTS, charts.url))
    await api.create(helm_release(LOGS, "loki", "loki", CHARTS))
    await api.until(Ref("HelmRelease", LOGS, "loki"), at_rest)
    await charts.publish(_loki("1.1.0", "30d"))
    await api.request(Ref("HelmRepository", LOGS, CHARTS), "world")
    await api.until(
        Ref("HelmRelease", LOGS, "loki"),
        lambda obj: condition(obj, "Stalled").get("reason") == "RetriesExceeded",
    )


def _ks(name: str, namespace: str = FLUX, source: str = FLEET, **spec: object) -> Object:
    return kustomization(namespace, name, source, **{"path": f"./{name}", "retryInterval": "5m", **spec})


def _loki(version: str, retention: str) -> Chart:
    templates = {"settings.yaml": config_map("loki", immutable=True, retention=retention)}
    return Chart("loki", version, templates)
