"""More than one thing at a time: two requests, a token written over, a deletion, a suspend in the middle."""

import asyncio

from tests.real.objects import kustomization, watched_health
from tests.real.scenarios.scenario import APP, SOURCE, Scenario, application, repository
from tests.real.stage import Stage, at_rest, waiting


async def _waiting(stage: Stage, by: str = "me") -> str:
    """Records from a request on, until its run waits for health; returns the token."""
    await repository(stage)
    await stage.put(kustomization(stage.namespace, APP, SOURCE, **watched_health()))
    await stage.health("ok")
    await stage.ready("Kustomization", APP)
    await stage.health("busy")
    await stage.record()
    token = await stage.ask("Kustomization", APP, by=by)
    await stage.until("Kustomization", APP, waiting)
    return token


async def _two_requests(stage: Stage) -> None:
    first = await _waiting(stage)
    second = await stage.ask("Kustomization", APP)
    await stage.health("ok")
    await stage.answered("Kustomization", APP, first)
    await stage.answered("Kustomization", APP, second)


async def _written_over(stage: Stage) -> None:
    earlier = await _waiting(stage, by="other")
    await stage.ask("Kustomization", APP)
    theirs = await stage.ask("Kustomization", APP, by="other")
    await stage.health("ok")
    await stage.answered("Kustomization", APP, earlier)
    await stage.answered("Kustomization", APP, theirs)


async def _controller_down(stage: Stage) -> None:
    await application(stage)
    await asyncio.to_thread(stage.plane.stop, "kustomize-controller")
    await stage.record()
    token = await stage.ask("Kustomization", APP)
    await asyncio.to_thread(stage.plane.start, "kustomize-controller")
    await stage.answered("Kustomization", APP, token)


async def _written_over_during_run(stage: Stage) -> None:
    mine = await _waiting(stage)
    theirs = await stage.ask("Kustomization", APP, by="other")
    await stage.health("bad")
    await stage.answered("Kustomization", APP, mine)
    await stage.health("ok")
    await stage.answered("Kustomization", APP, theirs)
    await stage.until("Kustomization", APP, at_rest)


async def _deleted(stage: Stage) -> None:
    await _waiting(stage)
    await stage.api.delete(stage.ref("Kustomization", APP))
    await stage.health("bad")
    await stage.api.until_gone(stage.ref("Kustomization", APP))


async def _suspended_during_run(stage: Stage) -> None:
    token = await _waiting(stage)
    await stage.suspend("Kustomization", APP)
    await stage.health("ok")
    await stage.answered("Kustomization", APP, token)


async def _suspended_during_failing_run(stage: Stage) -> None:
    token = await _waiting(stage)
    await stage.suspend("Kustomization", APP)
    await stage.health("bad")
    await stage.answered("Kustomization", APP, token)


async def _new_spec_during_run(stage: Stage) -> None:
    token = await _waiting(stage)
    await stage.api.patch(stage.ref("Kustomization", APP), {"spec": {"retryInterval": "3s"}})
    await stage.health("ok")
    await stage.answered("Kustomization", APP, token)
    await stage.ready("Kustomization", APP)


SCENARIOS = (
    Scenario(
        "ks-two-requests",
        "A second request lands while the first run waits for health: each gets a run of its own.",
        _two_requests,
    ),
    Scenario(
        "ks-token-overwritten",
        "An earlier run waits for health; we ask, and somebody else writes a token over ours before a run has seen "
        "it: ours never appears.",
        _written_over,
    ),
    Scenario(
        "ks-token-overwritten-during-run",
        "Somebody else writes a token while our run goes: ours is handled and fails, theirs comes next and succeeds.",
        _written_over_during_run,
    ),
    Scenario(
        "ks-controller-down",
        "The controller does not run when we ask; once it starts it takes up the request.",
        _controller_down,
        alone=True,
    ),
    Scenario("ks-deleted-while-waiting", "The object is deleted while a run waits for health.", _deleted),
    Scenario(
        "ks-suspended-during-run",
        "Suspended while a run waits for health; the run ends well and its token is handled all the same.",
        _suspended_during_run,
    ),
    Scenario(
        "ks-suspended-during-failing-run",
        "Suspended while a run waits for health; the run fails and nothing retries it.",
        _suspended_during_failing_run,
    ),
    Scenario(
        "ks-new-spec-during-run",
        "The spec changes while a run waits for health: the token is handled at the old generation, a second run "
        "follows.",
        _new_spec_during_run,
    ),
)
