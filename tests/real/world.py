"""The demo's world on the real thing: what of bot/demo/world.py real sources, controllers and an API server can hold.

Things are well, broken, suspended, waiting. ``python -m tests.real up`` shows it, and test_demo_parity.py holds the
demo against it.
"""

from bot.demo.fleet import AT_REST, LOGS, PAYMENTS, SHOP, UNWELL, Addresses, given_up, objects
from tests.real.access import FLUX_NAMESPACE
from tests.real.api import Api, Object, Ref, condition
from tests.real.charts import Chart
from tests.real.objects import config_map
from tests.real.scenarios.scenario import nginx
from tests.real.sources import GitSource, HelmSource, Sources, Unauthorized
from tests.real.stage import at_rest, failed

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
    platform, logs = await sources.helm("platform-charts"), await sources.helm("logs-charts")
    shop = await sources.git("shop")
    at = await _addresses(sources, shop, platform, logs)
    for each in objects(at):
        if each["kind"] == "OCIRepository":
            each["spec"]["insecure"] = True
        await api.create(each)
    await _give_up(api)
    await _settled(api)
    await api.patch(Ref("Kustomization", FLUX_NAMESPACE, "monitoring"), {"spec": {"suspend": True}})
    await _use_up(api, logs)
    await platform.publish(nginx("1.1.0"))
    await shop.commit(
        {
            "backend/settings.yaml": config_map("backend", colour="green"),
            "backend/cache.yaml": config_map("backend-cache", size="64m"),
        },
        message="The backend turns green",
    )


async def clear(api: Api) -> None:
    """Takes the world away again, its namespaces apart: nothing empties those here."""
    for kind in ("HelmRelease", "Kustomization", "HelmChart", "HelmRepository", "OCIRepository", "GitRepository"):
        for namespace in (FLUX_NAMESPACE, SHOP, LOGS):
            found = [Ref(kind, namespace, each["metadata"]["name"]) for each in await _all(api, kind, namespace)]
            for ref in found:
                await api.delete(ref)
            for ref in found:
                await api.until_gone(ref)


async def _all(api: Api, kind: str, namespace: str) -> list[Object]:
    found: list[Object] = (await api.collect(kind, namespace))["items"]
    return found


async def _addresses(sources: Sources, shop: GitSource, platform: HelmSource, logs: HelmSource) -> Addresses:
    """The sources with what they hold at first."""
    fleet, legacy = await sources.git("fleet"), await sources.git("legacy")
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
    legacy.fault(Unauthorized())
    await shop.commit(
        {
            "backend/settings.yaml": config_map("backend", colour="blue"),
            "frontend/settings.yaml": config_map("frontend", colour="blue"),
        },
        message="The shop",
    )
    charts, podinfo = await sources.helm("shop-charts"), await sources.oci("shop/podinfo")
    await platform.publish(nginx("1.0.0"))
    await charts.publish(Chart("redis", "1.2.0", {"settings.yaml": config_map("redis", maxmemory="256mb")}))
    await logs.publish(_loki("1.0.0", "7d"))
    await podinfo.push_chart(Chart("podinfo", "6.9.2", {"settings.yaml": config_map("podinfo", colour="blue")}))
    return Addresses(
        fleet=fleet.url,
        legacy=legacy.url,
        shop=shop.url,
        platform_charts=platform.url,
        shop_charts=charts.url,
        logs_charts=logs.url,
        oci_charts="oci://registry.example.com/charts",
        podinfo=podinfo.url,
    )


async def _give_up(api: Api) -> None:
    """Plays the deployment controller: the rollout of payments-api was given up."""
    ref = Ref("Deployment", PAYMENTS, "payments-api")
    found = await api.until(ref, lambda _: True)
    await api.patch(ref, {"status": given_up(found)}, subresource="status")


async def _settled(api: Api) -> None:
    for kind, place, name in AT_REST:
        await api.until(Ref(kind, place, name), at_rest)
    for kind, place, name, reason in UNWELL:
        await api.until(Ref(kind, place, name), failed(reason))


async def _use_up(api: Api, charts: HelmSource) -> None:
    """loki's second version changes what cannot be changed, and one attempt is all that it has."""
    await charts.publish(_loki("1.1.0", "30d"))
    await api.request(Ref("HelmRepository", LOGS, "charts"), "world")
    await api.until(
        Ref("HelmRelease", LOGS, "loki"),
        lambda obj: condition(obj, "Stalled").get("reason") == "RetriesExceeded",
    )


def _loki(version: str, retention: str) -> Chart:
    templates = {"settings.yaml": config_map("loki", immutable=True, retention=retention)}
    return Chart("loki", version, templates)
