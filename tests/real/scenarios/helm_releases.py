"""HelmReleases that go well."""

from tests.real.objects import git_repository, helm_release, helm_release_from, helm_release_in_git, oci_repository
from tests.real.scenarios.scenario import (
    APP,
    Scenario,
    ask_chart_chain,
    charts,
    nginx,
    release,
)
from tests.real.stage import Stage


async def _install(stage: Stage) -> None:
    await charts(stage, nginx("1.0.0"))
    await stage.record()
    await stage.put(helm_release(stage.namespace, "nginx", "nginx", "charts"))
    await stage.ask("HelmRelease", "nginx")
    await stage.ready("HelmRelease", "nginx")


async def _unchanged(stage: Stage) -> None:
    await release(stage)
    await stage.record()
    await stage.ask_and_wait("HelmRelease", "nginx")


async def _upgrade(stage: Stage) -> None:
    source = await release(stage)
    await source.publish(nginx("1.1.0"))
    await stage.record()
    await stage.answered("HelmRelease", "nginx", await ask_chart_chain(stage))
    await stage.ready("HelmRelease", "nginx")


async def _upgrade_by_values(stage: Stage) -> None:
    await release(stage)
    await stage.record()
    await stage.api.patch(stage.ref("HelmRelease", "nginx"), {"spec": {"values": {"workers": 8}}})
    await stage.ask("HelmRelease", "nginx")
    await stage.ready("HelmRelease", "nginx")


async def _upgrade_from_oci(stage: Stage) -> None:
    oci = await stage.sources.oci(f"{stage.namespace}/nginx")
    await oci.push_chart(nginx("1.0.0"))
    await stage.put(
        oci_repository(stage.namespace, "nginx", oci.url, ref={"semver": "1.x"}),
        helm_release_from(stage.namespace, "nginx", "OCIRepository/nginx"),
    )
    await stage.ready("HelmRelease", "nginx")
    await oci.push_chart(nginx("1.1.0"))
    await stage.record()
    await stage.ask_and_wait("OCIRepository", "nginx")
    token = await stage.ask("HelmRelease", "nginx", with_source=True)
    await stage.answered("HelmRelease", "nginx", token)
    await stage.ready("HelmRelease", "nginx")


async def _upgrade_from_git(stage: Stage) -> None:
    repo = await stage.sources.git(f"{stage.namespace}-{APP}")
    await repo.commit(nginx("0.1.0", colour="blue").files("charts/nginx"), message="Begin")
    await stage.put(
        git_repository(stage.namespace, APP, repo.url),
        helm_release_in_git(stage.namespace, "nginx", "./charts/nginx", APP),
    )
    await stage.ready("HelmRelease", "nginx")
    await repo.commit(nginx("0.1.0", colour="green").files("charts/nginx"), message="Turn green")
    await stage.record()
    await stage.ask_and_wait("GitRepository", APP)
    await stage.ask_and_wait("HelmChart", f"{stage.namespace}-nginx")
    token = await stage.ask("HelmRelease", "nginx", with_source=True)
    await stage.answered("HelmRelease", "nginx", token)
    await stage.ready("HelmRelease", "nginx")


async def _force(stage: Stage) -> None:
    await release(stage)
    await stage.record()
    token = await stage.ask("HelmRelease", "nginx", force=True)
    await stage.answered("HelmRelease", "nginx", token)
    await stage.ready("HelmRelease", "nginx")


SCENARIOS = (
    Scenario("hr-install", "A request right after a HelmRelease was created: it is installed.", _install),
    Scenario("hr-unchanged", "A request for a HelmRelease that is in sync.", _unchanged),
    Scenario(
        "hr-upgrade", "With source: HelmRepository, HelmChart, HelmRelease; a newer chart is installed.", _upgrade
    ),
    Scenario("hr-upgrade-values", "New values and a request right after.", _upgrade_by_values),
    Scenario("hr-upgrade-oci", "With source, by chartRef to an OCIRepository with a newer chart.", _upgrade_from_oci),
    Scenario("hr-upgrade-git", "With source, a chart in Git whose version follows the commit.", _upgrade_from_git),
    Scenario("hr-force", "A forced request for a release in sync makes a new Helm revision.", _force),
)
