"""What helm-controller does beyond the recordings: remediation, tests, values, targets, refused charts, deletion."""

import asyncio
from typing import Any

import pytest

from bot.demo.flux.contents import Chart
from tests.demo.flux.play import Scene, act, recorded_knobs
from tests.real.api import Object, condition, handled
from tests.real.objects import helm_release, helm_repository
from tests.real.scenarios.scenario import release
from tests.real.stage import Stage, at_rest

URL = "https://charts.example.com"
NGINX = "HelmRelease/test/nginx"


async def charts(scene: Scene, *published: Chart, **spec: Any) -> None:
    """A HelmRepository and its HelmRelease `nginx`."""
    for each in published:
        scene.origins.helm(URL).publish(each)
    await scene.stage.put(
        helm_repository("test", "charts", URL), helm_release("test", "nginx", "nginx", "charts", **spec)
    )


def stalled(obj: Object) -> bool:
    return condition(obj, "Stalled").get("reason") == "RetriesExceeded"


async def reasons(stage: Stage, script: Any) -> list[str]:
    """The Ready reasons of the release in turn while the script runs."""
    await stage.record()
    await script
    rows = [row["object"] for row in stage.tape.rows if row["object"]["kind"] == "HelmRelease"]
    found = [f"{condition(obj).get('status')}/{condition(obj).get('reason')}" for obj in rows if condition(obj)]
    return [each for number, each in enumerate(found) if number == 0 or each != found[number - 1]]


def test_a_failed_install_is_taken_down_and_tried_again_until_no_retries_are_left() -> None:
    async def script(scene: Scene) -> tuple[list[str], Object]:
        bad = Chart("nginx", "1.0.0", fails="no such image")
        remediation = {"remediation": {"retries": 1, "remediateLastFailure": True}}

        async def run() -> None:
            await charts(scene, bad, install=remediation)
            await scene.stage.until("HelmRelease", "nginx", stalled, seconds=60)

        seen = await reasons(scene.stage, run())
        return seen, await scene.stage.api.get(scene.stage.ref("HelmRelease", "nginx"))

    seen, found = act(script)
    assert seen[-6:] == [
        "Unknown/Progressing",
        "False/InstallFailed",
        "False/UninstallSucceeded",
        "Unknown/Progressing",
        "False/InstallFailed",
        "False/UninstallSucceeded",
    ]
    assert (found["status"]["installFailures"], condition(found)["message"].split(" for ")[0]) == (
        2,
        "Helm uninstall remediation",
    )


def test_an_action_that_hangs_lasts_for_its_timeout() -> None:
    async def script(scene: Scene) -> tuple[float, str]:
        await charts(scene, Chart("nginx", "1.0.0", stuck=True), timeout="2m")
        loop = asyncio.get_running_loop()
        began = loop.time()
        found = await scene.stage.until("HelmRelease", "nginx", stalled, seconds=300)
        return loop.time() - began, condition(found)["message"]

    seconds, message = act(script)
    assert seconds > 119
    assert message.endswith("context deadline exceeded")


def test_failing_tests_fail_the_release_and_good_ones_make_it_ready() -> None:
    async def script(scene: Scene) -> tuple[str, str]:
        stage = scene.stage
        await charts(scene, Chart("nginx", "1.0.0", tests={"smoke": False}), test={"enable": True})
        bad = await stage.until("HelmRelease", "nginx", stalled)
        scene.origins.helm(URL).publish(Chart("nginx", "1.1.0", tests={"smoke": True}))
        await stage.ask("HelmRepository", "charts")
        good = await stage.until("HelmRelease", "nginx", at_rest)
        return condition(bad)["reason"], condition(good)["message"]

    assert act(script) == (
        "TestFailed",
        "Helm test succeeded for release test/nginx.v2 with chart nginx@1.1.0: 1 test hook completed successfully",
    )


def test_values_from_a_missing_config_map_are_waited_for() -> None:
    async def script(scene: Scene) -> tuple[str, str]:
        stage = scene.stage
        await charts(scene, Chart("nginx", "1.0.0"), valuesFrom=[{"kind": "ConfigMap", "name": "values"}])
        missing = await stage.until("HelmRelease", "nginx", lambda obj: condition(obj).get("reason") == "ValuesError")
        await stage.put(
            {
                "kind": "ConfigMap",
                "metadata": {"name": "values", "namespace": "test"},
                "data": {"values.yaml": "replicas: 2"},
            }
        )
        good = await stage.ready("HelmRelease", "nginx")
        return condition(missing)["message"], good["status"]["lastAttemptedConfigDigest"][:7]

    assert act(script) == ("could not find ConfigMap 'test/values'", "sha256:")


def test_a_release_under_a_new_name_is_taken_down_first_and_installed_anew() -> None:
    async def script(scene: Scene) -> tuple[list[str], str]:
        stage = scene.stage
        await release(stage)

        async def run() -> None:
            await stage.api.patch(stage.ref("HelmRelease", "nginx"), {"spec": {"releaseName": "other"}})
            await stage.until("HelmRelease", "nginx", at_rest)

        seen = await reasons(stage, run())
        found = await stage.api.get(stage.ref("HelmRelease", "nginx"))
        return seen, condition(found)["message"]

    seen, message = act(script)
    assert seen[:2] == ["True/InstallSucceeded", "False/UninstallSucceeded"]
    assert (seen[-1], message) == (
        "True/InstallSucceeded",
        "Helm install succeeded for release test/other.v1 with chart nginx@1.0.0",
    )


def test_a_refused_chart_leaves_no_condition_but_an_event_and_a_handled_token() -> None:
    knobs = recorded_knobs()

    async def script(scene: Scene) -> tuple[str, bool, list[str]]:
        stage = scene.stage
        await release(stage)
        knobs.allow_cross_namespace = False
        elsewhere = {"kind": "HelmRepository", "name": "charts", "namespace": "elsewhere"}
        await stage.api.patch(
            stage.ref("HelmRelease", "nginx"), {"spec": {"chart": {"spec": {"sourceRef": elsewhere}}}}
        )
        token = await stage.ask("HelmRelease", "nginx")
        found = await stage.answered("HelmRelease", "nginx", token)
        await asyncio.sleep(0.1)
        events = await stage.api.collect("Event", "test")
        return condition(found)["status"], handled(found) == token, [each["reason"] for each in events["items"]]

    ready, answered, events = act(script, knobs)
    assert (ready, answered, "HelmChartSyncErr" in events) == ("True", True, True)


def test_a_deleted_release_is_uninstalled_and_its_chart_goes_with_it() -> None:
    async def script(scene: Scene) -> tuple[Object | None, object]:
        stage = scene.stage
        await release(stage)
        await stage.api.delete(stage.ref("HelmRelease", "nginx"))
        await stage.api.until_gone(stage.ref("HelmRelease", "nginx"))
        await stage.api.until_gone(stage.ref("HelmChart", "test-nginx"))
        return await stage.api.find(stage.ref("ConfigMap", "nginx")), scene.flux.world.releases.last(
            ("test", "nginx")
        )

    assert act(script) == (None, None)


def test_a_force_is_in_the_journal_only_where_it_was_carried_out() -> None:
    async def script(scene: Scene) -> list[bool]:
        await release(scene.stage)
        for force in (False, True, False):
            token = await scene.stage.ask("HelmRelease", "nginx", force=force)
            await scene.stage.answered("HelmRelease", "nginx", token)
        await asyncio.sleep(0.1)
        return [run.forced for run in scene.journal.of(NGINX)][-3:]

    assert act(script) == [False, True, False]


@pytest.mark.parametrize("both", [True, False])
def test_a_release_with_two_charts_or_none_is_not_even_answered(both: bool) -> None:
    async def script(scene: Scene) -> str:
        obj = helm_release("test", "nginx", "nginx", "charts")
        if both:
            obj["spec"]["chartRef"] = {"kind": "HelmChart", "name": "nginx"}
        else:
            del obj["spec"]["chart"]
        scene.server.place(obj)
        await scene.stage.ask("HelmRelease", "nginx")
        await asyncio.sleep(120)
        return handled(await scene.stage.api.get(scene.stage.ref("HelmRelease", "nginx")))

    assert act(script) == ""


def test_a_rollback_counts_as_good_once_its_version_is_the_wanted_one() -> None:
    async def script(scene: Scene) -> tuple[str, str, list[str]]:
        stage = scene.stage
        await charts(scene, Chart("nginx", "1.0.0"), upgrade={"remediation": {"retries": 1}})
        await stage.ready("HelmRelease", "nginx")
        scene.origins.helm(URL).publish(Chart("nginx", "1.1.0", fails="no such image"))
        await stage.ask("HelmRepository", "charts")
        bad = await stage.until("HelmRelease", "nginx", stalled, seconds=60)
        pinned = {"spec": {"chart": {"spec": {"version": "1.0.0"}}}}
        await stage.api.patch(stage.ref("HelmRelease", "nginx"), pinned)
        good = await stage.ready("HelmRelease", "nginx")
        return (
            condition(bad)["reason"],
            condition(good)["reason"],
            [each["type"] for each in good["status"]["conditions"]],
        )

    assert act(script) == ("RollbackSucceeded", "UpgradeSucceeded", ["Ready", "Released"])


def test_a_failed_upgrade_may_be_uninstalled_and_is_then_installed_anew() -> None:
    async def script(scene: Scene) -> list[str]:
        stage = scene.stage
        remediation = {"remediation": {"retries": 1, "strategy": "uninstall"}}
        await charts(scene, Chart("nginx", "1.0.0"), upgrade=remediation)
        await stage.ready("HelmRelease", "nginx")

        async def run() -> None:
            scene.origins.helm(URL).publish(Chart("nginx", "1.1.0", fails="no such image"))
            await stage.ask("HelmRepository", "charts")
            await stage.until(
                "HelmRelease", "nginx", lambda obj: condition(obj).get("reason") == "UninstallSucceeded"
            )
            scene.origins.helm(URL).publish(Chart("nginx", "1.2.0"))
            await stage.ask("HelmRepository", "charts")
            await stage.until("HelmRelease", "nginx", at_rest)

        return await reasons(stage, run())

    seen = act(script)
    assert seen[:4] == [
        "True/InstallSucceeded",
        "Unknown/Progressing",
        "False/UpgradeFailed",
        "False/UninstallSucceeded",
    ]
    assert seen[-1] == "True/InstallSucceeded"


def test_an_install_that_only_retries_is_upgraded_until_it_works() -> None:
    async def script(scene: Scene) -> list[str]:
        retry = {"strategy": {"name": "RetryOnFailure", "retryInterval": "10s"}}

        async def run() -> None:
            await charts(scene, Chart("nginx", "1.0.0", fails="no such image"), install=retry, upgrade=retry)
            await asyncio.sleep(25)
            scene.origins.helm(URL).publish(Chart("nginx", "1.0.1"))
            await scene.stage.ask("HelmRepository", "charts")
            await scene.stage.until("HelmRelease", "nginx", at_rest)

        return await reasons(scene.stage, run())

    seen = act(script)
    assert [each for each in seen if "Unknown" not in each][-4:] == [
        "False/InstallFailed",
        "False/UpgradeFailed",
        "False/UpgradeFailed",
        "True/UpgradeSucceeded",
    ]


def test_a_broken_ready_expression_and_a_forbidden_chart_stall() -> None:
    knobs = recorded_knobs()
    knobs.allow_cross_namespace = False

    async def script(scene: Scene) -> list[str]:
        stage = scene.stage
        broken = [{"name": "base", "readyExpr": "dep.("}]
        elsewhere = {"kind": "OCIRepository", "name": "nginx", "namespace": "elsewhere"}
        await charts(scene, Chart("nginx", "1.0.0"), dependsOn=broken)
        base, away = (helm_release("test", name, "nginx", "charts") for name in ("base", "away"))
        del away["spec"]["chart"]
        await stage.put(base, {**away, "spec": {**away["spec"], "chartRef": elsewhere}})
        states = [
            await stage.until("HelmRelease", name, lambda obj: condition(obj, "Stalled").get("status") == "True")
            for name in ("nginx", "away")
        ]
        return [condition(each)["reason"] for each in states]

    assert act(script, knobs) == ["InvalidCELExpression", "AccessDenied"]
