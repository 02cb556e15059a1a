"""What source-controller and notification-controller do beyond the recordings."""

import asyncio
import re
from itertools import pairwise

import pytest

from bot.demo.flux.contents import Chart, Folder, Tree
from bot.demo.flux.origins import Down, Slow
from tests.demo.flux.play import Scene, act
from tests.real.api import Object, Ref, condition
from tests.real.objects import config_map, git_repository, helm_chart, helm_repository, kustomization, receiver
from tests.real.scenarios.scenario import APP, application

URL = "https://git.example.com/acme/app"
TREE = Tree({"": Folder(({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}},))})


async def at_end(scene: Scene, obj: Object) -> Object:
    """Creates a source and returns it after its request was answered."""
    await scene.stage.put(obj)
    return await scene.stage.ask_and_wait(obj["kind"], obj["metadata"]["name"])


@pytest.mark.parametrize(
    ("ref", "revision"),
    [
        ({"branch": "main"}, r"main@sha1:[0-9a-f]{40}"),
        ({"tag": "v1.0.0"}, r"v1\.0\.0@sha1:[0-9a-f]{40}"),
        ({"semver": "1.x"}, r"v1\.2\.0@sha1:[0-9a-f]{40}"),
        ({"name": "refs/heads/main"}, r"refs/heads/main@sha1:[0-9a-f]{40}"),
        ({"branch": "gone"}, "GitOperationFailed"),
        ({"tag": "v9"}, "GitOperationFailed"),
    ],
)
def test_a_git_reference_is_resolved_as_flux_names_it(ref: Object, revision: str) -> None:
    async def script(scene: Scene) -> str:
        origin = scene.origins.git(URL)
        for tag in ("v1.0.0", "v1.2.0", "v2.0.0"):
            origin.push(TREE, tag)
            origin.tag(tag)
        await scene.stage.put(git_repository("test", APP, URL, ref=ref))
        found = await scene.stage.until(
            "GitRepository", APP, lambda obj: condition(obj).get("status") in ("True", "False"), seconds=30
        )
        await asyncio.sleep(0.1)
        found = await scene.stage.api.get(scene.stage.ref("GitRepository", APP))
        return str(found["status"].get("artifact", {}).get("revision") or condition(found)["reason"])

    assert re.fullmatch(revision, act(script))


def test_a_chart_that_is_not_in_the_index_stalls_and_is_not_tried_until_the_index_changes() -> None:
    async def script(scene: Scene) -> tuple[str, int, int]:
        origin = scene.origins.helm("http://charts.example.com")
        origin.publish(Chart("redis", "1.0.0"))
        await scene.stage.put(helm_repository("test", "charts", origin.url))
        await scene.stage.ready("HelmRepository", "charts")
        await scene.stage.put(helm_chart("test", "nginx", "nginx", "charts"))
        found = await scene.stage.until("HelmChart", "nginx", lambda obj: bool(condition(obj, "Stalled")))
        await asyncio.sleep(1000)
        tries = len(scene.journal.of("HelmChart/test/nginx"))
        origin.publish(Chart("nginx", "1.0.0"))
        await scene.stage.ask("HelmRepository", "charts")
        await scene.stage.ready("HelmChart", "nginx")
        return condition(found)["reason"], tries, len(scene.journal.of("HelmChart/test/nginx"))

    assert act(script) == ("InvalidChartReference", 2, 3)


def test_a_failing_source_is_asked_ever_more_seldom() -> None:
    async def script(scene: Scene) -> list[float]:
        scene.origins.git(URL).fault = Down()
        await scene.stage.put(git_repository("test", APP, URL))
        await asyncio.sleep(20)
        runs = [run.started for run in scene.journal.of(f"GitRepository/test/{APP}")]
        return [(after - before).total_seconds() for before, after in pairwise(runs)]

    gaps = act(script)
    assert gaps[1] < gaps[2] < gaps[3]
    assert max(gaps) < 2.2


def test_a_slow_answer_within_the_timeout_is_good() -> None:
    async def script(scene: Scene) -> str:
        scene.origins.git(URL).push(TREE)
        scene.origins.git(URL).fault = Slow(3)
        await scene.stage.put(git_repository("test", APP, URL))
        return str(condition(await scene.stage.ready("GitRepository", APP))["reason"])

    assert act(script) == "Succeeded"


def test_a_bucket_feeds_a_kustomization() -> None:
    async def script(scene: Scene) -> bool:
        revision = scene.origins.bucket("s3.example.com", "manifests").put(TREE)
        bucket = {
            "kind": "Bucket",
            "metadata": {"name": "store", "namespace": "test"},
            "spec": {"endpoint": "s3.example.com", "bucketName": "manifests", "interval": "1h"},
        }
        await scene.stage.put(bucket, kustomization("test", APP, "Bucket/store"))
        found = await scene.stage.ready("Kustomization", APP)
        return bool(found["status"]["lastAppliedRevision"] == revision)

    assert act(script)


def test_a_chart_comes_from_a_registry_without_any_index() -> None:
    async def script(scene: Scene) -> str:
        scene.origins.oci("oci://registry.example.com/charts/nginx").push_chart(Chart("nginx", "1.4.2"))
        await scene.stage.put(
            helm_repository("test", "charts", "oci://registry.example.com/charts", type="oci"),
            helm_chart("test", "nginx", "nginx", "charts"),
        )
        found = await scene.stage.ready("HelmChart", "nginx")
        return str(found["status"]["artifact"]["revision"])

    assert act(script) == "1.4.2"


def test_a_chart_waits_for_a_repository_that_is_not_there() -> None:
    async def script(scene: Scene) -> str:
        await scene.stage.put(helm_chart("test", "nginx", "nginx", "charts"))
        found = await scene.stage.until("HelmChart", "nginx", lambda obj: condition(obj).get("status") == "False")
        scene.origins.helm("http://charts.example.com").publish(Chart("nginx", "1.0.0"))
        await scene.stage.put(helm_repository("test", "charts", "http://charts.example.com"))
        await scene.stage.ready("HelmChart", "nginx")
        return str(condition(found)["reason"])

    assert act(script) == "SourceUnavailable"


def test_a_webhook_asks_for_runs_of_the_receivers_resources_in_gos_own_time_format() -> None:
    async def script(scene: Scene) -> tuple[str, str]:
        stage = scene.stage
        await application(stage, {"settings.yaml": config_map(colour="blue")})
        secret = {"kind": "Secret", "metadata": {"name": "hook", "namespace": "test"}, "data": {"token": "bm8="}}
        await stage.put(secret, receiver("test", "hook", "hook", f"GitRepository/{APP}"))
        await stage.ready("Receiver", "hook")
        token = await scene.flux.call_receiver(("test", "hook"))
        found = await stage.answered("GitRepository", APP, token)
        return token, found["status"]["lastHandledReconcileAt"]

    token, handled = act(script)
    assert handled == token
    assert re.fullmatch(r"2026-08-20 \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC m=\+\d+\.\d{9}", token)


def test_a_receiver_without_its_secret_says_so() -> None:
    async def script(scene: Scene) -> str:
        await scene.stage.put(receiver("test", "hook", "nowhere", f"GitRepository/{APP}"))
        found = await scene.stage.until("Receiver", "hook", lambda obj: condition(obj).get("status") == "False")
        return str(condition(found)["reason"])

    assert act(script) == "TokenNotFound"


def test_a_repository_of_the_same_name_elsewhere_wakes_a_chart_if_its_index_differs() -> None:
    async def script(scene: Scene) -> list[int]:
        stage = scene.stage
        mine, theirs = (scene.origins.helm(f"http://charts.example.com/{name}") for name in ("mine", "theirs"))
        for each in (mine, theirs):
            each.publish(Chart("nginx", "1.0.0"))
        await stage.put(helm_repository("test", "charts", mine.url), helm_chart("test", "nginx", "nginx", "charts"))
        await stage.ready("HelmChart", "nginx")
        await asyncio.sleep(5)
        runs = [len(scene.journal.of("HelmChart/test/nginx"))]
        await stage.api.create({"kind": "Namespace", "metadata": {"name": "elsewhere"}})
        await stage.put(helm_repository("elsewhere", "charts", theirs.url))
        await asyncio.sleep(5)
        runs.append(len(scene.journal.of("HelmChart/test/nginx")))
        theirs.publish(Chart("nginx", "9.0.0"))
        await stage.api.request(Ref("HelmRepository", "elsewhere", "charts"), "token")
        await asyncio.sleep(5)
        found = await stage.api.get(stage.ref("HelmChart", "nginx"))
        assert found["status"]["artifact"]["revision"] == "1.0.0"
        return [*runs, len(scene.journal.of("HelmChart/test/nginx"))]

    before, same, differing = act(script)
    assert (same - before, differing - same) == (0, 1)
