"""Requests for suspended objects, and what comes when they are resumed."""

from tests.real.objects import config_map
from tests.real.scenarios.scenario import APP, Scenario, application, nginx, release, repository
from tests.real.stage import Stage


async def _suspended_kustomization(stage: Stage) -> None:
    await application(stage)
    await stage.suspend("Kustomization", APP)
    await stage.record()
    await stage.ask_and_wait("Kustomization", APP)


async def _resumed_kustomization(stage: Stage) -> None:
    repo = await application(stage)
    await stage.suspend("Kustomization", APP)
    revision = await repo.commit({"settings.yaml": config_map(colour="green")}, message="Turn green")
    await stage.ask_and_wait("GitRepository", APP)
    stage.tape.requests.clear()
    await stage.record()
    await stage.suspend("Kustomization", APP, suspended=False)
    await stage.until("Kustomization", APP, lambda obj: obj["status"]["lastAppliedRevision"] == revision)
    await stage.ready("Kustomization", APP)
    await stage.ask_and_wait("Kustomization", APP)


async def _suspended_repository(stage: Stage) -> None:
    repo = await repository(stage)
    await stage.suspend("GitRepository", APP)
    await repo.commit({"settings.yaml": config_map(colour="green")}, message="Turn green")
    await stage.record()
    await stage.ask_and_wait("GitRepository", APP)


async def _suspended_release(stage: Stage) -> None:
    source = await release(stage)
    await stage.suspend("HelmRelease", "nginx")
    await source.publish(nginx("1.1.0"))
    await stage.record()
    await stage.ask_and_wait("HelmRelease", "nginx")


SCENARIOS = (
    Scenario(
        "ks-suspended",
        "A request for a suspended Kustomization: its token is handled, nothing runs, Ready keeps its old True.",
        _suspended_kustomization,
    ),
    Scenario(
        "ks-resumed",
        "Resumed: the new generation starts a run by itself; a fresh request follows.",
        _resumed_kustomization,
    ),
    Scenario(
        "git-suspended",
        "A request for a suspended GitRepository: token handled, the new commit not fetched.",
        _suspended_repository,
    ),
    Scenario(
        "hr-suspended",
        "A request for a suspended HelmRelease: token handled, the newer chart not installed.",
        _suspended_release,
    ),
)
