"""What kustomize-controller does beyond the recordings: dependencies, expressions, health, pruning, deletion."""

import asyncio
from typing import Any

import pytest

from bot.demo.flux.contents import Folder, Tree
from bot.demo.flux.knobs import Knobs
from tests.demo.flux.play import Scene, act, recorded_knobs
from tests.real.api import Object, condition, handled
from tests.real.objects import git_repository, kustomization
from tests.real.scenarios.scenario import APP, application, repository
from tests.real.scenarios.scenario import SOURCE as FROM
from tests.real.stage import failed

URL = "https://git.example.com/acme/app"


def manifest(kind: str, name: str, **rest: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **rest.pop("metadata", {})}, **rest}


async def source(scene: Scene, *manifests: Object, **folder: str) -> None:
    """A GitRepository `app` at rest whose root holds these manifests."""
    scene.origins.git(URL).push(Tree({"": Folder(manifests, **folder)}), "Begin")
    await scene.stage.put(git_repository("test", APP, URL))
    await scene.stage.ready("GitRepository", APP)


def test_a_dependency_on_the_same_source_must_have_applied_the_same_revision() -> None:
    async def script(scene: Scene) -> tuple[str, str]:
        stage = scene.stage
        await source(scene, manifest("ConfigMap", "one"))
        await stage.put(
            kustomization("test", "base", FROM),
            kustomization("test", APP, FROM, dependsOn=[{"name": "base"}]),
        )
        await stage.ready("Kustomization", APP)
        await scene.flux.stop("kustomize-controller")
        await stage.suspend("Kustomization", "base")
        revision = scene.origins.git(URL).push(Tree({"": Folder((manifest("ConfigMap", "two"),))}), "Change")
        await stage.ask_and_wait("GitRepository", APP)
        scene.flux.start("kustomize-controller")
        waiting = await stage.until(
            "Kustomization", APP, lambda obj: "revision" in condition(obj).get("message", ""), seconds=10
        )
        await stage.suspend("Kustomization", "base", suspended=False)
        await stage.until("Kustomization", APP, lambda obj: obj["status"]["lastAppliedRevision"] == revision)
        return condition(waiting)["reason"], condition(waiting)["message"]

    assert act(script) == ("DependencyNotReady", "dependency 'test/base' revision is not up to date")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("dep.metadata.name == 'base'", "ReconciliationSucceeded"),
        ("dep.metadata.name == self.metadata.name", "DependencyNotReady"),
        ("dep.metadata.name ==", "InvalidCELExpression"),
    ],
)
def test_a_ready_expression_replaces_the_check_and_a_broken_one_stalls(expression: str, reason: str) -> None:
    async def script(scene: Scene) -> Object:
        await source(scene, manifest("ConfigMap", "one"))
        await scene.stage.put(
            kustomization("test", "base", FROM, suspend=True),
            kustomization("test", APP, FROM, dependsOn=[{"name": "base", "readyExpr": expression}]),
        )
        return await scene.stage.until("Kustomization", APP, lambda obj: condition(obj).get("reason") == reason)

    found = act(script)
    assert condition(found, "Stalled").get("reason") == ("InvalidCELExpression" if reason.startswith("Inv") else None)


def test_a_broken_health_expression_stalls_and_counts_as_observed() -> None:
    async def script(scene: Scene) -> Object:
        await source(scene, manifest("ConfigMap", "one"))
        broken = [{"apiVersion": "v1", "kind": "ConfigMap", "current": "status.(phase"}]
        await scene.stage.put(kustomization("test", APP, FROM, wait=True, healthCheckExprs=broken))
        found = await scene.stage.until("Kustomization", APP, failed("InvalidCELExpression"))
        await asyncio.sleep(0.1)
        return await scene.stage.api.get(scene.stage.ref("Kustomization", found["metadata"]["name"]))

    found = act(script)
    assert condition(found, "Stalled")["status"] == "True"
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]


def test_a_source_of_another_namespace_is_refused_where_that_is_forbidden() -> None:
    knobs = recorded_knobs()
    knobs.allow_cross_namespace = False

    async def script(scene: Scene) -> Object:
        elsewhere = {"kind": "GitRepository", "name": "shared", "namespace": "elsewhere"}
        await scene.stage.put(kustomization("test", APP, FROM, sourceRef=elsewhere))
        token = await scene.stage.ask("Kustomization", APP)
        return await scene.stage.answered("Kustomization", APP, token)

    found = act(script, knobs)
    assert (condition(found)["reason"], condition(found, "Stalled")["reason"]) == ("AccessDenied", "AccessDenied")


def deployment(name: str, **status: Any) -> Object:
    labels = {"matchLabels": {"app": name}}
    spec = {
        "replicas": 2,
        "selector": labels,
        "template": {"metadata": {"labels": labels["matchLabels"]}, "spec": {}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "test"},
        "spec": spec,
        "status": {"observedGeneration": 1, **status},
    }


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        ({"updatedReplicas": 2, "availableReplicas": 2}, "ReconciliationSucceeded", ""),
        (
            {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]},
            "HealthCheckFailed",
            "failed early due to stalled resources: [Deployment/test/web status: 'Failed']",
        ),
        (
            {"updatedReplicas": 2, "availableReplicas": 1},
            "HealthCheckFailed",
            "timeout waiting for: [Deployment/test/web status: 'InProgress']",
        ),
    ],
)
def test_a_deployment_is_as_well_as_its_replicas(status: Object, reason: str, text: str) -> None:
    async def script(scene: Scene) -> Object:
        scene.server.place(deployment("web", **status))
        await source(scene, manifest("ConfigMap", "one"))
        check = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "test"}]
        await scene.stage.put(kustomization("test", APP, FROM, healthChecks=check, timeout="40s"))
        return await scene.stage.until(
            "Kustomization", APP, lambda obj: condition(obj).get("reason") == reason, seconds=90
        )

    found = act(script)
    assert condition(found, "Healthy")["message"].startswith(text or "Health check passed")


def test_a_failing_child_of_flux_makes_its_parent_wait_in_vain() -> None:
    async def script(scene: Scene) -> str:
        child = kustomization("test", "child", "GitRepository/nowhere")
        await source(scene, child)
        await scene.stage.put(kustomization("test", APP, FROM, wait=True, timeout="30s"))
        found = await scene.stage.until("Kustomization", APP, failed("HealthCheckFailed"), seconds=90)
        return str(condition(found, "Healthy")["message"])

    assert act(script) == "timeout waiting for: [Kustomization/test/child status: 'InProgress']"


def test_what_leaves_the_source_is_deleted_unless_it_says_otherwise() -> None:
    async def script(scene: Scene) -> list[bool]:
        stage = scene.stage
        keep = {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}}
        names = ("stays", "goes", "kept")
        first = tuple(manifest("ConfigMap", name, metadata=keep if name == "kept" else {}) for name in names)
        await source(scene, *first)
        await stage.put(kustomization("test", APP, FROM))
        await stage.ready("Kustomization", APP)
        scene.origins.git(URL).push_folder("", Folder(first[:1]), "Remove two")
        await stage.ask_and_wait("GitRepository", APP)
        await stage.ask_and_wait("Kustomization", APP)
        assert [run.changed for run in scene.journal.of(f"Kustomization/test/{APP}")][-2:] == [True, False]
        return [await stage.api.find(stage.ref("ConfigMap", name)) is not None for name in names]

    assert act(script) == [True, False, True]


@pytest.mark.parametrize("suspended", [False, True])
def test_a_deleted_kustomization_takes_its_objects_along_unless_it_is_suspended(suspended: bool) -> None:
    async def script(scene: Scene) -> bool:
        stage = scene.stage
        await application(stage)
        if suspended:
            await stage.suspend("Kustomization", APP)
        await stage.api.delete(stage.ref("Kustomization", APP))
        await stage.api.until_gone(stage.ref("Kustomization", APP))
        return await stage.api.find(stage.ref("ConfigMap", "settings")) is not None

    assert act(script) is suspended


def test_a_refused_apply_fails_with_the_servers_words_until_a_commit_mends_it() -> None:
    async def script(scene: Scene) -> str:
        stage = scene.stage
        await source(scene, manifest("ConfigMap", "one"), refused="Service/test/web dry-run failed: no")
        await stage.put(kustomization("test", APP, FROM))
        found = await stage.until("Kustomization", APP, failed("ReconciliationFailed"))
        scene.origins.git(URL).push_mended("")
        await stage.ask("GitRepository", APP)
        await stage.ready("Kustomization", APP)
        return str(condition(found)["message"])

    assert act(script) == "Service/test/web dry-run failed: no"


def test_behind_busy_workers_a_request_waits() -> None:
    async def script(scene: Scene) -> float:
        stage = scene.stage
        await repository(stage)
        busy = {"wait": True, "timeout": "60s"}
        never = [{"apiVersion": "v1", "kind": "ConfigMap", "current": "false"}]
        await stage.put(
            *(kustomization("test", f"busy-{n}", FROM, **busy, healthCheckExprs=never) for n in range(2)),
            kustomization("test", APP, FROM),
        )
        loop = asyncio.get_running_loop()
        await asyncio.sleep(5)
        began = loop.time()
        await stage.answered("Kustomization", APP, await stage.ask("Kustomization", APP), seconds=200)
        return loop.time() - began

    two = recorded_knobs()
    two.workers_else = 2
    assert act(script, two) > 30
    assert act(script, recorded_knobs()) < 5


def test_the_journal_tells_what_a_run_read_and_what_it_did() -> None:
    async def script(scene: Scene) -> tuple[str, str, str, Any]:
        stage = scene.stage
        repo = await application(stage)
        revision = await repo.commit({"more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"})
        await stage.ask_and_wait("GitRepository", APP)
        await stage.until("Kustomization", APP, lambda obj: obj["status"]["lastAppliedRevision"] == revision)
        token = await stage.ask("Kustomization", APP)
        found = await stage.answered("Kustomization", APP, token)
        await asyncio.sleep(0.1)
        return revision, token, handled(found), scene.journal.of(f"Kustomization/test/{APP}")

    revision, token, last, runs = act(script)
    change = next(run for run in runs if run.source == revision)
    assert (change.changed, change.applied, change.ready[:2]) == (True, revision, ("True", "ReconciliationSucceeded"))
    assert (runs[-1].token, runs[-1].changed, runs[-1].wrote_token, last) == (token, False, True, token)
    assert all(run.ended is not None and run.ended >= run.started for run in runs)


def test_the_defaults_are_those_of_flux() -> None:
    knobs = Knobs()

    assert [knobs.workers_of(name) for name in ("source-controller", "kustomize-controller", "helm-controller")] == [
        2,
        4,
        4,
    ]
    assert (knobs.requeue_dependency, knobs.retry_first, knobs.retry_longest) == (30, 0.75, 900)
