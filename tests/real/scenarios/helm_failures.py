"""HelmReleases that fail, give up, and are set going again."""

from tests.real.api import Object, condition, handled
from tests.real.objects import helm_release
from tests.real.scenarios.scenario import Scenario, ask_chart_chain, charts, nginx, release
from tests.real.sources import HelmSource
from tests.real.stage import Stage, failed

_GOOD = nginx("1.0.0", immutable=True, colour="blue")
_BAD = nginx("1.1.0", immutable=True, colour="green")


def _stalled(obj: Object) -> bool:
    return condition(obj, "Stalled").get("status") == "True"


async def _before_bad_chart(stage: Stage, upgrade: Object | None = None) -> HelmSource:
    """Installed; the next chart is published and cannot be applied."""
    spec = {"upgrade": upgrade} if upgrade else {}
    source = await release(stage, _GOOD, **spec)
    await source.publish(_BAD)
    return source


async def _given_up(stage: Stage) -> None:
    """Asks the whole chain and returns when the release has given up and answered."""
    token = await ask_chart_chain(stage)
    await stage.until("HelmRelease", "nginx", lambda obj: _stalled(obj) and handled(obj) == token)


async def _failed(stage: Stage) -> None:
    await _before_bad_chart(stage)
    await stage.record()
    await _given_up(stage)


async def _failed_with_rollback(stage: Stage) -> None:
    await _before_bad_chart(stage, {"remediation": {"retries": 1}})
    await stage.record()
    await _given_up(stage)


async def _retry_on_failure(stage: Stage) -> None:
    source = await _before_bad_chart(stage, {"strategy": {"name": "RetryOnFailure", "retryInterval": "3s"}})
    await stage.record()
    token = await ask_chart_chain(stage)
    await stage.until("HelmRelease", "nginx", failed("UpgradeFailed"))
    await stage.answered("HelmRelease", "nginx", token)
    await source.publish(nginx("1.2.0", immutable=True, colour="blue"))
    await stage.ask("HelmRepository", "charts", by="other")
    await stage.ready("HelmRelease", "nginx")


async def _stalled_then_reset(stage: Stage) -> None:
    await _before_bad_chart(stage)
    await _given_up(stage)
    stage.tape.requests.clear()
    await stage.record()
    await stage.ask_and_wait("HelmRelease", "nginx")
    await stage.api.delete(stage.ref("ConfigMap", "nginx"))
    token = await stage.ask("HelmRelease", "nginx", reset=True)
    await stage.answered("HelmRelease", "nginx", token)
    await stage.ready("HelmRelease", "nginx")


async def _stalled_then_forced(stage: Stage) -> None:
    await _before_bad_chart(stage)
    await _given_up(stage)
    stage.tape.requests.clear()
    await stage.api.delete(stage.ref("ConfigMap", "nginx"))
    await stage.record()
    token = await stage.ask("HelmRelease", "nginx", force=True)
    await stage.answered("HelmRelease", "nginx", token)
    await stage.ready("HelmRelease", "nginx")


async def _install_failed(stage: Stage) -> None:
    await charts(stage, nginx("1.0.0"))
    await stage.api.create(
        {
            "kind": "ConfigMap",
            "metadata": {"name": "nginx", "namespace": stage.namespace},
            "data": {"owner": "somebody else"},
            "immutable": True,
        }
    )
    await stage.record()
    await stage.put(helm_release(stage.namespace, "nginx", "nginx", "charts"))
    await stage.ask("HelmRelease", "nginx")
    await stage.until("HelmRelease", "nginx", lambda obj: condition(obj).get("reason") == "InstallFailed")


async def _source_not_ready(stage: Stage) -> None:
    await release(stage)
    chart = {"spec": {"chart": {"spec": {"version": "9.x"}}}}
    await stage.api.patch(stage.ref("HelmRelease", "nginx"), chart)
    await stage.until("HelmRelease", "nginx", failed("SourceNotReady"))
    await stage.record()
    await stage.ask_and_wait("HelmRelease", "nginx")


async def _force_lost(stage: Stage) -> None:
    await release(stage)
    depends = {"spec": {"dependsOn": [{"name": "database"}]}}
    await stage.api.patch(stage.ref("HelmRelease", "nginx"), depends)
    await stage.until("HelmRelease", "nginx", failed("DependencyNotReady"))
    await stage.record()
    token = await stage.ask("HelmRelease", "nginx", force=True)
    await stage.answered("HelmRelease", "nginx", token)
    await stage.put(helm_release(stage.namespace, "database", "nginx", "charts", releaseName="database-nginx"))
    await stage.until("HelmRelease", "nginx", lambda obj: condition(obj).get("reason") != "DependencyNotReady")


SCENARIOS = (
    Scenario(
        "hr-upgrade-failed",
        "With source: the new chart cannot be applied; without retries the release gives up at once.",
        _failed,
    ),
    Scenario(
        "hr-upgrade-failed-rollback",
        "With source and one retry: upgrade, rollback, upgrade, rollback, then the release gives up.",
        _failed_with_rollback,
    ),
    Scenario(
        "hr-retry-on-failure",
        "With source and the strategy RetryOnFailure: it fails without rollback and tries again by itself; "
        "a later chart succeeds.",
        _retry_on_failure,
    ),
    Scenario(
        "hr-stalled-then-reset",
        "Given up: a plain request changes nothing; the cause is mended and a request with reset upgrades.",
        _stalled_then_reset,
    ),
    Scenario(
        "hr-stalled-then-forced",
        "Given up: the cause is mended and a forced request upgrades.",
        _stalled_then_forced,
    ),
    Scenario(
        "hr-install-failed", "The first install fails, since an object of that name is not Helm's.", _install_failed
    ),
    Scenario("hr-source-not-ready", "No chart fits the asked range.", _source_not_ready),
    Scenario(
        "hr-force-lost",
        "A forced request meets a missing dependency: its token is handled, but the force is not carried out, "
        "not even when the dependency appears.",
        _force_lost,
    ),
)
