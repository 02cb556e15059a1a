"""Kustomizations that fail."""

from tests.real.api import condition
from tests.real.objects import config_map, kustomization, watched_health
from tests.real.scenarios.scenario import APP, SOURCE, Scenario, application, ask_git_chain, repository
from tests.real.sources import Down
from tests.real.stage import Stage, failed, waiting

_BROKEN = "resources: [missing.yaml]\n"


async def _build_failure(stage: Stage) -> None:
    repo = await application(stage)
    await repo.commit({"kustomization.yaml": _BROKEN}, message="Break the build")
    await stage.record()
    await stage.answered("Kustomization", APP, await ask_git_chain(stage))
    await stage.until("Kustomization", APP, failed("BuildFailed"))
    await repo.commit({"kustomization.yaml": None}, message="Mend the build")
    await stage.ask("GitRepository", APP, by="other")
    await stage.ready("Kustomization", APP)


async def _apply_failure(stage: Stage) -> None:
    repo = await application(stage, {"settings.yaml": config_map(immutable=True, colour="blue")})
    await repo.commit(
        {"settings.yaml": config_map(immutable=True, colour="green")}, message="Change what must not change"
    )
    await stage.record()
    await stage.answered("Kustomization", APP, await ask_git_chain(stage))
    await stage.until("Kustomization", APP, failed("ReconciliationFailed"))


async def _path_not_found(stage: Stage) -> None:
    await application(stage)
    await stage.api.patch(stage.ref("Kustomization", APP), {"spec": {"path": "./nowhere"}})
    await stage.until("Kustomization", APP, failed("ArtifactFailed"))
    await stage.record()
    await stage.ask_and_wait("Kustomization", APP)


async def _source_missing(stage: Stage) -> None:
    await stage.put(kustomization(stage.namespace, APP, "GitRepository/nowhere"))
    await stage.until("Kustomization", APP, failed("ArtifactFailed"))
    await stage.record()
    await stage.ask_and_wait("Kustomization", APP)


async def _source_failing(stage: Stage) -> None:
    repo = await application(stage)
    await repo.commit({"settings.yaml": config_map(colour="green")}, message="Turn green")
    repo.fault(Down())
    await stage.record()
    await stage.ask_and_wait("GitRepository", APP)
    await stage.ask_and_wait("Kustomization", APP)
    repo.fault(None)
    await stage.ready("GitRepository", APP)
    await stage.ready("Kustomization", APP)


async def _health_timeout(stage: Stage) -> None:
    await _unhealthy(stage)
    await stage.record()
    token = await stage.ask("Kustomization", APP)
    await stage.answered("Kustomization", APP, token, seconds=60)
    await stage.until("Kustomization", APP, failed("HealthCheckFailed"), seconds=60)
    await stage.health("ok")
    await stage.ready("Kustomization", APP)


async def _health_failed_early(stage: Stage) -> None:
    await _unhealthy(stage)
    await stage.record()
    token = await stage.ask("Kustomization", APP)
    await stage.until("Kustomization", APP, waiting)
    await stage.health("bad")
    await stage.answered("Kustomization", APP, token)


async def _unhealthy(stage: Stage) -> None:
    """Once healthy, now neither well nor ill: the next run waits."""
    await repository(stage)
    await stage.put(kustomization(stage.namespace, APP, SOURCE, **watched_health()))
    await stage.health("ok")
    await stage.ready("Kustomization", APP)
    await stage.health("busy")


async def _dependency_not_ready(stage: Stage) -> None:
    await repository(stage, {"app/app.yaml": config_map("app"), "infra/kustomization.yaml": _BROKEN})
    await stage.put(
        kustomization(stage.namespace, "infra", SOURCE, path="./infra", retryInterval="1h"),
        kustomization(stage.namespace, "middle", SOURCE, path="./app", dependsOn=[{"name": "infra"}]),
        kustomization(stage.namespace, APP, SOURCE, path="./app", dependsOn=[{"name": "middle"}]),
    )
    for name in ("middle", APP):
        await stage.until("Kustomization", name, lambda obj: condition(obj).get("reason") == "DependencyNotReady")
    await stage.record()
    await stage.ask_and_wait("Kustomization", APP)


SCENARIOS = (
    Scenario(
        "ks-build-failure",
        "With source: the new commit does not build; a later commit mends it and Flux heals by itself.",
        _build_failure,
    ),
    Scenario(
        "ks-apply-failure",
        "With source: the new commit changes an immutable object, which the API server refuses.",
        _apply_failure,
    ),
    Scenario("ks-path-not-found", "The source has no such folder.", _path_not_found),
    Scenario("ks-source-missing", "The named GitRepository does not exist.", _source_missing),
    Scenario(
        "ks-source-failing-old-artifact",
        "The Git server is down: the source fails but keeps its old artifact, on which the Kustomization "
        "succeeds; then the server is back.",
        _source_failing,
    ),
    Scenario(
        "ks-health-timeout-recovery",
        "The health check runs into its timeout of 30 s; the object gets well and the next retry succeeds.",
        _health_timeout,
    ),
    Scenario(
        "ks-health-failed-early",
        "The health check ends early because an object says that it failed.",
        _health_failed_early,
    ),
    Scenario(
        "ks-dependency-not-ready",
        "A chain of three: the asked one waits for a second, which waits for a third that does not build.",
        _dependency_not_ready,
    ),
)
