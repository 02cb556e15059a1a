"""The controllers outlive an API server that misbehaves, and restarts of their own."""

import asyncio
from collections.abc import AsyncGenerator

from bot.demo.flux.api import Expired
from bot.demo.flux.contents import Chart
from bot.demo.flux.knobs import KUSTOMIZE, SOURCE
from bot.demo.kube.watches import Drop
from tests.demo.flux.play import Scene, act
from tests.real.api import Object, condition
from tests.real.objects import config_map, helm_chart, helm_repository, kustomization, watched_health
from tests.real.scenarios.scenario import APP, application, release, repository
from tests.real.scenarios.scenario import SOURCE as FROM
from tests.real.stage import waiting


def test_a_dropped_watch_is_taken_up_again_and_nothing_is_missed() -> None:
    async def script(scene: Scene) -> None:
        await application(scene.stage)
        for how in (Drop.RESET, Drop.CLOSE):
            scene.server.drop_watches(how)
            await scene.stage.ask_and_wait("Kustomization", APP)

    act(script)


def test_after_410_everything_is_listed_anew_and_the_list_alone_sets_nothing_going() -> None:
    async def script(scene: Scene) -> list[str]:
        await application(scene.stage)
        scene.client.down = True
        scene.server.drop_watches()
        token = await scene.stage.ask("Kustomization", APP)
        scene.server.forget_history()
        await asyncio.sleep(20)
        scene.client.down = False
        await scene.stage.answered("Kustomization", APP, token)
        return [run.token for run in scene.journal.of(f"Kustomization/test/{APP}")]

    tokens = act(script)
    assert len(set(tokens)) == len(tokens) - 1, "the relist alone must not set a run going"


def test_a_server_that_is_down_is_asked_seldom_and_found_again() -> None:
    async def script(scene: Scene) -> float:
        await application(scene.stage)
        scene.client.down = True
        scene.server.drop_watches()
        await asyncio.sleep(600)
        scene.client.down = False
        began = asyncio.get_running_loop().time()
        await scene.stage.ask_and_wait("Kustomization", APP)
        return asyncio.get_running_loop().time() - began

    assert act(script) < 60


def test_a_run_that_the_server_fails_is_tried_again_with_a_growing_pause() -> None:
    async def script(scene: Scene) -> list[str | None]:
        await application(scene.stage)
        await scene.stage.ask("Kustomization", APP)
        await asyncio.sleep(0.02)
        scene.client.down = True
        await asyncio.sleep(3)
        scene.client.down = False
        await scene.stage.ready("Kustomization", APP)
        await asyncio.sleep(1)
        return [run.end for run in scene.journal.of(f"Kustomization/test/{APP}")]

    ends = act(script)
    assert ends.count("failed") in range(1, 8)
    assert ends[-1] == "finished"


def test_a_restarted_controller_runs_over_every_object_without_a_new_token() -> None:
    async def script(scene: Scene) -> tuple[int, str]:
        await application(scene.stage)
        before = len(scene.journal.runs)
        await scene.flux.restart(KUSTOMIZE)
        await asyncio.sleep(5)
        after = scene.journal.runs[before:]
        return len(after), after[0].token if after[0].token == after[0].prev else "new"

    runs, token = act(script)
    assert (runs, token != "new") == (1, True)


def test_a_run_that_is_cut_off_leaves_its_token_unhandled_and_the_next_start_takes_it_up() -> None:
    async def script(scene: Scene) -> list[tuple[str | None, bool]]:
        stage = scene.stage
        await repository(stage)
        await stage.put(kustomization(stage.namespace, APP, FROM, **watched_health()))
        await stage.health("ok")
        await stage.ready("Kustomization", APP)
        await stage.health("busy")
        token = await stage.ask("Kustomization", APP)
        await stage.until("Kustomization", APP, waiting)
        await scene.flux.stop(KUSTOMIZE)
        await stage.health("ok")
        await asyncio.sleep(60)
        before = await stage.api.get(stage.ref("Kustomization", APP))
        assert before["status"].get("lastHandledReconcileAt") != token
        scene.flux.start(KUSTOMIZE)
        await stage.answered("Kustomization", APP, token)
        return [
            (run.end, run.wrote_token) for run in scene.journal.of(f"Kustomization/test/{APP}") if run.token == token
        ]

    assert act(script) == [("died", False), ("finished", True)]


def test_a_paused_controller_does_nothing_and_goes_on_where_it_was() -> None:
    async def script(scene: Scene) -> tuple[str, str]:
        await application(scene.stage)
        scene.flux.pause(KUSTOMIZE)
        token = await scene.stage.ask("Kustomization", APP)
        await asyncio.sleep(300)
        before = await scene.stage.api.get(scene.stage.ref("Kustomization", APP))
        scene.flux.resume(KUSTOMIZE)
        await scene.stage.answered("Kustomization", APP, token)
        return before["status"]["lastHandledReconcileAt"], token

    before, token = act(script)
    assert before != token


def test_a_slow_controller_takes_its_time() -> None:
    async def script(scene: Scene) -> tuple[float, float]:
        await application(scene.stage)
        loop, times = asyncio.get_running_loop(), []
        for pace in (1.0, 50.0):
            scene.flux.slow(KUSTOMIZE, pace)
            began = loop.time()
            await scene.stage.ask_and_wait("Kustomization", APP)
            times.append(loop.time() - began)
        return times[0], times[1]

    quick, slow = act(script)
    assert slow > 20 * quick


def test_an_emptied_storage_is_filled_again_and_dependents_wait_for_it() -> None:
    async def script(scene: Scene) -> None:
        stage = scene.stage
        repo = await application(stage, {"settings.yaml": config_map(colour="blue")})
        scene.flux.world.artifacts.lose()
        token = await stage.ask("Kustomization", APP)
        lost = await stage.answered("Kustomization", APP, token)
        assert lost["status"]["conditions"][-1]["reason"] == "ArtifactFailed"
        await stage.ask_and_wait("GitRepository", APP)
        await stage.ready("Kustomization", APP)
        assert repo.url

    act(script)


def test_intervals_set_runs_going_by_themselves() -> None:
    async def script(scene: Scene) -> int:
        await release(scene.stage)
        before = len(scene.journal.of("HelmRelease/test/nginx"))
        await asyncio.sleep(3 * 3600)
        return len(scene.journal.of("HelmRelease/test/nginx")) - before

    assert act(script) in (2, 3)


def test_a_controller_that_is_stopped_twice_or_started_twice_stays_as_it_is() -> None:
    async def script(scene: Scene) -> tuple[bool, bool]:
        await scene.flux.stop(SOURCE)
        await scene.flux.stop(SOURCE)
        stopped = scene.flux.running(SOURCE)
        scene.flux.start(SOURCE)
        scene.flux.start(SOURCE)
        return stopped, scene.flux.running(SOURCE)

    assert act(script) == (False, True)


def test_a_server_that_forgets_every_version_at_once_is_not_stormed() -> None:
    async def script(scene: Scene) -> int:
        await application(scene.stage)
        asked = 0
        listing = scene.client.list

        async def counted(path: str) -> tuple[list[Object], str]:
            nonlocal asked
            asked += path.endswith("/kustomizations")
            return await listing(path)

        async def expired(path: str, since: str) -> AsyncGenerator[tuple[str, Object], None]:
            if since != "never":
                raise Expired(f"{path} since {since} is too old")
            yield "", {}

        scene.client.list, scene.client.watch = counted, expired  # type: ignore[method-assign]
        scene.server.drop_watches()
        await asyncio.sleep(120)
        return asked

    assert act(script) < 20


def test_an_object_of_a_shape_that_no_schema_would_let_in_hurts_nobody_else() -> None:
    async def script(scene: Scene) -> list[str | None]:
        scene.server.place(
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": "odd", "namespace": "test", "finalizers": ["finalizers.fluxcd.io"]},
                "spec": {
                    "interval": "1h",
                    "prune": True,
                    "sourceRef": {"kind": "GitRepository", "name": APP},
                    "dependsOn": [{"nome": "base"}],
                },
            }
        )
        await application(scene.stage)
        return [run.end for run in scene.journal.of("Kustomization/test/odd")]

    ends = act(script)
    assert "failed" in ends


def test_what_was_deleted_while_the_server_was_away_is_forgotten() -> None:
    async def script(scene: Scene) -> tuple[str, str]:
        stage = scene.stage
        scene.origins.oci("oci://registry.example.com/charts/nginx").push_chart(Chart("nginx", "1.4.2"))
        await stage.put(
            helm_repository("test", "charts", "oci://registry.example.com/charts", type="oci"),
            helm_chart("test", "nginx", "nginx", "charts"),
        )
        before = condition(await stage.ready("HelmChart", "nginx"))["reason"]
        scene.client.down = True
        scene.server.drop_watches()
        await stage.api.delete(stage.ref("HelmRepository", "charts"))
        scene.server.forget_history()
        await asyncio.sleep(5)
        scene.client.down = False
        await asyncio.sleep(40)
        found = await stage.ask_and_wait("HelmChart", "nginx")
        return before, condition(found)["reason"]

    assert act(script) == ("ChartPullSucceeded", "SourceUnavailable")


def test_a_kind_that_is_not_served_keeps_no_controller_from_its_work() -> None:
    async def script(scene: Scene) -> None:
        scene.server.withdraw("ExternalArtifact")
        await scene.flux.restart(KUSTOMIZE)
        await application(scene.stage)

    act(script)
