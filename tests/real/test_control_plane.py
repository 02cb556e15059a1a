"""The ground itself: Flux really reconciles here, and the API tells the truth about who runs and who may."""

import pytest

from tests.real.access import FLUX_NAMESPACE
from tests.real.api import Api, ApiError, Object, Ref, condition, handled
from tests.real.build import CONTROLLERS
from tests.real.charts import Chart
from tests.real.control_plane import ControlPlane
from tests.real.objects import (
    config_map,
    git_repository,
    helm_release,
    helm_release_from,
    helm_repository,
    kustomization,
    oci_repository,
)
from tests.real.sources import Down, Sources, Unauthorized
from tests.real.stage import at_rest


async def test_a_kustomization_follows_a_commit(api: Api, namespace: str, sources: Sources) -> None:
    repo = await sources.git(f"{namespace}-app")
    first = await repo.commit({"settings.yaml": config_map(colour="blue")})
    await api.create(git_repository(namespace, "app", repo.url))
    await api.create(kustomization(namespace, "app", "GitRepository/app"))
    app = Ref("Kustomization", namespace, "app")
    assert (await api.until(app, at_rest))["status"]["lastAppliedRevision"] == first

    second = await repo.commit({"settings.yaml": config_map(colour="green")})
    await api.request(Ref("GitRepository", namespace, "app"), "token-1")
    followed = await api.until(app, lambda obj: obj["status"].get("lastAppliedRevision") == second)

    applied = await api.get(Ref("ConfigMap", namespace, "settings"))
    assert (handled(followed), applied["data"]) == ("", {"colour": "green"})


async def test_a_helm_release_upgrades_to_a_published_chart(api: Api, namespace: str, sources: Sources) -> None:
    charts = await sources.helm(f"{namespace}-charts")
    await charts.publish(_chart("1.0.0"))
    await api.create(helm_repository(namespace, "charts", charts.url))
    await api.create(helm_release(namespace, "nginx", "nginx", "charts"))
    nginx = Ref("HelmRelease", namespace, "nginx")
    await api.until(nginx, at_rest)

    await charts.publish(_chart("1.1.0"))
    await api.request(Ref("HelmRepository", namespace, "charts"), "token-1")
    upgraded = await api.until(nginx, lambda obj: at_rest(obj) and _chart_versions(obj)[0] == "1.1.0")

    assert _chart_versions(upgraded) == ["1.1.0", "1.0.0"]


async def test_a_kustomization_and_a_release_come_from_the_oci_registry(
    api: Api, namespace: str, sources: Sources
) -> None:
    manifests = await sources.oci(f"{namespace}/app")
    pushed = await manifests.push("v1", {"settings.yaml": config_map(colour="blue")}, revision="main@sha1:abc")
    charts = await sources.oci(f"{namespace}/nginx")
    await charts.push_chart(_chart("1.0.0"))
    await api.create(oci_repository(namespace, "app", manifests.url, ref={"tag": "v1"}))
    await api.create(oci_repository(namespace, "nginx", charts.url, ref={"semver": "1.x"}))
    await api.create(kustomization(namespace, "app", "OCIRepository/app"))
    await api.create(helm_release_from(namespace, "nginx", "OCIRepository/nginx"))

    app = await api.until(Ref("Kustomization", namespace, "app"), at_rest)
    await api.until(Ref("HelmRelease", namespace, "nginx"), at_rest)

    status = app["status"]
    assert (status["lastAppliedRevision"], status["lastAppliedOriginRevision"]) == (pushed, "main@sha1:abc")


async def test_a_source_tells_refusal_from_silence(api: Api, namespace: str, sources: Sources) -> None:
    repo = await sources.git(f"{namespace}-app")
    await repo.commit({"settings.yaml": config_map()})
    repo.fault(Unauthorized())
    await api.create(git_repository(namespace, "app", repo.url))
    app = Ref("GitRepository", namespace, "app")
    await api.until(app, lambda obj: "authentication required" in condition(obj).get("message", ""))

    repo.fault(Down())
    await api.until(app, lambda obj: "EOF" in condition(obj).get("message", ""))
    repo.fault(None)
    await api.until(app, at_rest)


async def test_a_stopped_controller_is_scaled_to_nothing_and_takes_no_request(
    api: Api, namespace: str, sources: Sources, control_plane: ControlPlane
) -> None:
    repo = await sources.git(f"{namespace}-app")
    await repo.commit({"settings.yaml": config_map()})
    await api.create(git_repository(namespace, "app", repo.url))
    app = Ref("GitRepository", namespace, "app")
    await api.until(app, at_rest)

    control_plane.stop("source-controller")
    stopped = await api.until(_deployment("source-controller"), lambda obj: _replicas(obj) == (0, 0))
    await api.request(app, "token-1")
    control_plane.start("source-controller")
    started = await api.until(_deployment("source-controller"), lambda obj: _replicas(obj) == (1, 1))

    assert [condition(each, "Available")["status"] for each in (stopped, started)] == ["True", "True"]
    await api.until(app, lambda obj: handled(obj) == "token-1")


async def test_a_crashed_controller_is_unavailable_though_wanted(api: Api, control_plane: ControlPlane) -> None:
    control_plane.crash("notification-controller")

    crashed = await api.until(_deployment("notification-controller"), lambda obj: _replicas(obj) == (1, 0))
    assert condition(crashed, "Available")["status"] == "False"


async def test_all_four_controllers_show_as_flux_deployments(api: Api, control_plane: ControlPlane) -> None:
    found = await api.collect("Deployment", FLUX_NAMESPACE, labelSelector="app.kubernetes.io/part-of=flux")

    images = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]["image"]
        for each in found["items"]
    }
    assert images == {name: f"ghcr.io/fluxcd/{name}:{control_plane.versions[name]}" for name in CONTROLLERS}


async def test_the_bot_may_patch_a_kustomization_and_read_no_secret(
    api: Api, namespace: str, control_plane: ControlPlane
) -> None:
    await api.create(kustomization(namespace, "app", "GitRepository/missing"))
    async with Api(control_plane.bot) as bot:
        await bot.request(Ref("Kustomization", namespace, "app"), "token-1")
        refused = []
        for attempt in (
            bot.collect("Secret", namespace),
            bot.get(Ref("ConfigMap", namespace, "any")),
            bot.delete(Ref("Kustomization", namespace, "app")),
            bot.collect("Deployment", namespace),
        ):
            with pytest.raises(ApiError) as error:
                await attempt
            refused.append(error.value.status)
        deployments = await bot.collect("Deployment", FLUX_NAMESPACE)

    assert (refused, len(deployments["items"])) == ([403, 403, 403, 403], 4)


def _chart(version: str) -> Chart:
    return Chart("nginx", version, {"settings.yaml": config_map("nginx", version=version)})


def _chart_versions(release: Object) -> list[str]:
    return [entry["chartVersion"] for entry in release["status"].get("history", [])]


def _deployment(name: str) -> Ref:
    return Ref("Deployment", FLUX_NAMESPACE, name)


def _replicas(obj: Object) -> tuple[int, int]:
    """Wanted and available."""
    return obj["spec"]["replicas"], obj.get("status", {}).get("availableReplicas", 0)
