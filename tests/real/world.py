"""A small world in ``flux-system``, for trying the bot by hand: things that are well, broken, suspended, waiting."""

from tests.real.access import FLUX_NAMESPACE as HERE
from tests.real.api import Api, Ref, condition
from tests.real.charts import Chart
from tests.real.objects import (
    config_map,
    git_repository,
    helm_release,
    helm_repository,
    kustomization,
)
from tests.real.sources import Sources
from tests.real.stage import at_rest, failed

TOLD = """\
  GitRepository  flux-system                a commit newer than what Flux has fetched is waiting
  Kustomization  apps                       healthy
  Kustomization  broken                     does not build
  Kustomization  monitoring                 suspended
  Kustomization  payments                   depends on broken
  HelmRepository charts                     nginx 1.1.0 is newer than what Flux has seen
  HelmRelease    nginx                      installed from chart 1.0.0"""


async def build(api: Api, sources: Sources) -> None:
    """Creates the world and returns when every part of it is as told."""
    fleet = await sources.git("fleet")
    await fleet.commit(
        {
            "apps/settings.yaml": config_map("apps", colour="blue"),
            "broken/kustomization.yaml": "resources: [missing.yaml]\n",
            "monitoring/settings.yaml": config_map("monitoring", retention="30d"),
            "payments/settings.yaml": config_map("payments", currency="EUR"),
        },
        message="The fleet",
    )
    charts = await sources.helm("charts")
    await charts.publish(_nginx("1.0.0", workers="2"))
    source = "GitRepository/flux-system"
    for each in (
        git_repository(HERE, "flux-system", fleet.url),
        kustomization(HERE, "apps", source, path="./apps", wait=True),
        kustomization(HERE, "broken", source, path="./broken", retryInterval="30s"),
        kustomization(HERE, "monitoring", source, path="./monitoring"),
        kustomization(HERE, "payments", source, path="./payments", dependsOn=[{"name": "broken"}]),
        helm_repository(HERE, "charts", charts.url),
        helm_release(HERE, "nginx", "nginx", "charts"),
    ):
        await api.create(each)
    await _settled(api)
    await api.patch(Ref("Kustomization", HERE, "monitoring"), {"spec": {"suspend": True}})
    await fleet.commit({"apps/settings.yaml": config_map("apps", colour="green")}, message="Apps turn green")
    await charts.publish(_nginx("1.1.0", workers="4"))


async def _settled(api: Api) -> None:
    for kind, name in (
        ("Kustomization", "apps"),
        ("Kustomization", "monitoring"),
        ("HelmRelease", "nginx"),
    ):
        await api.until(Ref(kind, HERE, name), at_rest)
    await api.until(Ref("Kustomization", HERE, "broken"), failed("BuildFailed"))
    await api.until(
        Ref("Kustomization", HERE, "payments"),
        lambda obj: condition(obj).get("reason") == "DependencyNotReady",
    )


def _nginx(version: str, workers: str) -> Chart:
    return Chart("nginx", version, {"settings.yaml": config_map("nginx", workers=workers)}, app_version="1.29")
