"""Kustomizations that go well."""

from tests.real.api import condition
from tests.real.objects import (
    config_map,
    git_repository,
    kustomization,
    oci_repository,
    watched_health,
)
from tests.real.scenarios.scenario import APP, SOURCE, Scenario, application, ask_git_chain, repository
from tests.real.stage import Stage, at_rest


async def _first_run(stage: Stage) -> None:
    repo = await stage.sources.git(f"{stage.namespace}-{APP}")
    revision = await repo.commit({"settings.yaml": config_map(colour="blue")}, message="Begin")
    await stage.record()
    with stage.plane.paused("kustomize-controller"):
        await stage.put(git_repository(stage.namespace, APP, repo.url), kustomization(stage.namespace, APP, SOURCE))
        await stage.ready("GitRepository", APP)
        await stage.ask("Kustomization", APP)
    await stage.until("Kustomization", APP, lambda obj: obj.get("status", {}).get("lastAppliedRevision") == revision)
    await stage.ready("Kustomization", APP)


async def _unchanged(stage: Stage) -> None:
    await application(stage)
    await stage.record()
    await stage.ask_and_wait("Kustomization", APP)


async def _new_revision(stage: Stage) -> None:
    repo = await application(
        stage,
        {"settings.yaml": config_map(colour="blue"), "old.yaml": config_map("old", kept="no")},
    )
    await repo.commit(
        {
            "settings.yaml": config_map(colour="green"),
            "old.yaml": None,
            "new.yaml": config_map("new", kept="yes"),
        },
        message="Turn green",
    )
    await stage.record()
    await stage.answered("Kustomization", APP, await ask_git_chain(stage))
    await stage.ready("Kustomization", APP)


async def _new_revision_from_oci(stage: Stage) -> None:
    oci = await stage.sources.oci(f"{stage.namespace}/{APP}")
    source = "https://git.example.com/acme/app"
    await oci.push(
        "latest",
        {"settings.yaml": config_map(colour="blue")},
        revision="main@sha1:" + "1" * 40,
        source=source,
    )
    await stage.put(oci_repository(stage.namespace, APP, oci.url, ref={"tag": "latest"}))
    await stage.put(kustomization(stage.namespace, APP, f"OCIRepository/{APP}"))
    await stage.ready("Kustomization", APP)
    await oci.push(
        "latest",
        {"settings.yaml": config_map(colour="green")},
        revision="main@sha1:" + "2" * 40,
        source=source,
    )
    await stage.record()
    await stage.ask_and_wait("OCIRepository", APP)
    token = await stage.ask("Kustomization", APP, with_source=True)
    await stage.answered("Kustomization", APP, token)
    await stage.ready("Kustomization", APP)


async def _healthy_after_a_while(stage: Stage) -> None:
    await repository(stage)
    await stage.put(kustomization(stage.namespace, APP, SOURCE, **watched_health()))
    await stage.health("ok")
    await stage.ready("Kustomization", APP)
    await stage.health("busy")
    await stage.record()
    token = await stage.ask("Kustomization", APP)
    await stage.until("Kustomization", APP, lambda obj: condition(obj, "Healthy").get("status") == "Unknown")
    await stage.health("ok")
    await stage.answered("Kustomization", APP, token)


async def _with_source_race(stage: Stage) -> None:
    with stage.plane.late_watch("kustomize-controller", "gitrepositories", 2.0):
        repo = await application(stage)
        revision = await repo.commit({"settings.yaml": config_map(colour="green")}, message="Turn green")
        await stage.record()
        old = await stage.answered("Kustomization", APP, await ask_git_chain(stage))
        assert old["status"]["lastAppliedRevision"] != revision, "the controller knew too early"
        await stage.until(
            "Kustomization",
            APP,
            lambda obj: at_rest(obj) and obj["status"]["lastAppliedRevision"] == revision,
        )
        await stage.cut()


async def _dependency_then_ready(stage: Stage) -> None:
    await repository(
        stage,
        {"app/app.yaml": config_map("app"), "infra/kustomization.yaml": "resources: [infra.yaml]\n"},
    )
    await stage.put(
        kustomization(stage.namespace, "infra", SOURCE, path="./infra", retryInterval="1h"),
        kustomization(stage.namespace, APP, SOURCE, path="./app", dependsOn=[{"name": "infra"}]),
    )
    await stage.until("Kustomization", "infra", lambda obj: condition(obj).get("reason") == "BuildFailed")
    await stage.until("Kustomization", APP, lambda obj: condition(obj).get("reason") == "DependencyNotReady")
    await stage.record()
    await stage.ask_and_wait("Kustomization", APP)
    await stage.api.patch(stage.ref("Kustomization", "infra"), {"spec": {"path": "./app"}})
    await stage.ready("Kustomization", APP)


SCENARIOS = (
    Scenario(
        "ks-first-run",
        "A request meets a new Kustomization, so that the run which answers it only adds the finalizer; "
        "a second run applies.",
        _first_run,
        alone=True,
    ),
    Scenario("ks-unchanged", "A request for a Kustomization whose source has nothing new.", _unchanged),
    Scenario(
        "ks-new-revision",
        "With source: a commit changes one object, adds one and removes one.",
        _new_revision,
    ),
    Scenario(
        "ks-new-revision-oci",
        "With source, from an OCIRepository whose artifact names the Git commit it was made from.",
        _new_revision_from_oci,
    ),
    Scenario(
        "ks-health-check-passes",
        "A run waits for health checks, which pass after some seconds.",
        _healthy_after_a_while,
    ),
    Scenario(
        "ks-with-source-race",
        "With source, but the controller's cache learns of the new artifact 2 s late: the token is handled "
        "on the old revision, a second run applies the new one.",
        _with_source_race,
        alone=True,
    ),
    Scenario(
        "ks-dependency-then-ready",
        "A Kustomization waits for one that does not build; when that is mended it goes on by itself.",
        _dependency_then_ready,
    ),
)
