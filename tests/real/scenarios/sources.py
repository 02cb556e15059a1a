"""Requests for sources, charts and receivers themselves."""

import base64

from tests.real.api import handled
from tests.real.objects import (
    config_map,
    helm_chart,
    helm_repository,
    oci_repository,
    receiver,
)
from tests.real.scenarios.scenario import APP, Scenario, application, charts, nginx, repository
from tests.real.sources import Slow, Unauthorized
from tests.real.stage import Stage


async def _git_unchanged(stage: Stage) -> None:
    await repository(stage)
    await stage.record()
    await stage.ask_and_wait("GitRepository", APP)


async def _git_new_revision(stage: Stage) -> None:
    repo = await repository(stage)
    await repo.commit({"settings.yaml": config_map(colour="green")}, message="Turn green")
    await stage.record()
    await stage.ask_and_wait("GitRepository", APP)


async def _git_unauthorized(stage: Stage) -> None:
    repo = await repository(stage)
    repo.fault(Unauthorized())
    await stage.record()
    await stage.ask_and_wait("GitRepository", APP)
    repo.fault(None)
    await stage.ready("GitRepository", APP)


async def _git_timeout(stage: Stage) -> None:
    repo = await repository(stage)
    repo.fault(Slow(20))
    await stage.record()
    await stage.ask_and_wait("GitRepository", APP)


async def _oci_new_revision(stage: Stage) -> None:
    oci = await stage.sources.oci(f"{stage.namespace}/{APP}")
    await oci.push("latest", {"settings.yaml": config_map(colour="blue")})
    await stage.put(oci_repository(stage.namespace, APP, oci.url, ref={"tag": "latest"}))
    await stage.ready("OCIRepository", APP)
    await oci.push("latest", {"settings.yaml": config_map(colour="green")})
    await stage.record()
    await stage.ask_and_wait("OCIRepository", APP)


async def _oci_tag_missing(stage: Stage) -> None:
    oci = await stage.sources.oci(f"{stage.namespace}/{APP}")
    await oci.push("v1", {"settings.yaml": config_map(colour="blue")})
    await stage.put(oci_repository(stage.namespace, APP, oci.url, ref={"tag": "v1"}))
    await stage.ready("OCIRepository", APP)
    await stage.record()
    await stage.api.patch(stage.ref("OCIRepository", APP), {"spec": {"ref": {"tag": "v2"}}})
    await stage.ask_and_wait("OCIRepository", APP)


async def _helm_repository_new_revision(stage: Stage) -> None:
    source = await charts(stage, nginx("1.0.0"))
    await source.publish(nginx("1.1.0"))
    await stage.record()
    await stage.ask_and_wait("HelmRepository", "charts")


async def _helm_repository_oci(stage: Stage) -> None:
    url = f"oci://{stage.sources.address.removeprefix('http://')}/{stage.namespace}"
    await stage.put(helm_repository(stage.namespace, "charts", url, type="oci", insecure=True))
    await stage.record()
    await stage.ask("HelmRepository", "charts")


async def _helm_chart_new_revision(stage: Stage) -> None:
    source = await charts(stage, nginx("1.0.0"))
    await stage.put(helm_chart(stage.namespace, "nginx", "nginx", "charts"))
    await stage.ready("HelmChart", "nginx")
    await source.publish(nginx("1.1.0"))
    await stage.record()
    await stage.ask_and_wait("HelmRepository", "charts")
    token = await stage.ask("HelmChart", "nginx", with_source=True)
    await stage.answered("HelmChart", "nginx", token)


async def _helm_chart_missing_version(stage: Stage) -> None:
    await charts(stage, nginx("1.0.0"))
    await stage.put(helm_chart(stage.namespace, "nginx", "nginx", "charts"))
    await stage.ready("HelmChart", "nginx")
    await stage.record()
    await stage.api.patch(stage.ref("HelmChart", "nginx"), {"spec": {"version": "9.x"}})
    await stage.ask_and_wait("HelmChart", "nginx")


async def _receiver(stage: Stage) -> None:
    await application(stage)
    await stage.put(
        {
            "kind": "Secret",
            "metadata": {"name": "hook", "namespace": stage.namespace},
            "data": {"token": base64.b64encode(b"not-a-secret").decode()},
        },
        receiver(stage.namespace, "hook", "hook", f"GitRepository/{APP}"),
    )
    await stage.ready("Receiver", "hook")
    before = handled(await stage.api.get(stage.ref("GitRepository", APP)))
    await stage.record()
    await stage.ask_and_wait("Receiver", "hook")
    after = handled(await stage.api.get(stage.ref("GitRepository", APP)))
    assert after == before, "asking a receiver must not ask what it watches"


SCENARIOS = (
    Scenario("git-unchanged", "A request for a GitRepository without a new commit.", _git_unchanged),
    Scenario("git-new-revision", "A request for a GitRepository with a new commit.", _git_new_revision),
    Scenario(
        "git-unauthorized",
        "The Git server refuses the credentials; the old artifact stays; later it lets Flux in again.",
        _git_unauthorized,
    ),
    Scenario("git-timeout", "The Git server does not answer within spec.timeout.", _git_timeout),
    Scenario("oci-new-revision", "A request for an OCIRepository whose tag has moved.", _oci_new_revision),
    Scenario("oci-tag-missing", "The asked tag is not in the registry.", _oci_tag_missing),
    Scenario(
        "helmrepo-new-revision",
        "A request for a HelmRepository whose index has a new chart.",
        _helm_repository_new_revision,
    ),
    Scenario(
        "helmrepo-oci-static",
        "A request for a HelmRepository of type oci, which nothing reconciles: no answer ever comes.",
        _helm_repository_oci,
    ),
    Scenario(
        "chart-new-revision",
        "With source: HelmRepository, then HelmChart, which has a new version.",
        _helm_chart_new_revision,
    ),
    Scenario(
        "chart-version-missing",
        "No chart fits the asked range: the HelmChart gives up until its spec or source changes.",
        _helm_chart_missing_version,
    ),
    Scenario("receiver-request", "A plain request for a Receiver.", _receiver),
)
