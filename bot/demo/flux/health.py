"""Health checks of a Kustomization: what every applied object says of itself (docs/flux.md, Dependencies and health).

Flux's own kinds and all others with conditions by the rules of kstatus, a Deployment by its replicas, and any kind
that `spec.healthCheckExprs` names by those expressions. An object without a status is well once it is there.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.demo.flux import applying, cel, conditions
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import READY, RECONCILING, STALLED
from bot.demo.flux.shapes import Json, deleting, generation, spec, status

Health = Literal["Current", "InProgress", "Failed", "Terminating", "NotFound", "Unknown"]

_LOOKS: Final = 0.006
_REPLICAS: Final = ("updatedReplicas", "availableReplicas")


class Unhealthy(Exception):
    """Not everything is well; the text is kstatus' own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `spec.healthCheckExprs`."""

    api_version: str
    kind: str
    current: cel.Expression
    failed: cel.Expression | None
    in_progress: cel.Expression | None


def rules(entries: Sequence[Json]) -> list[Rule]:
    """The compiled entries. Raises cel.Invalid."""
    return [
        Rule(
            str(each.get("apiVersion", "")),
            str(each.get("kind", "")),
            cel.compiled(str(each.get("current", ""))),
            cel.compiled(str(each["failed"])) if each.get("failed") else None,
            cel.compiled(str(each["inProgress"])) if each.get("inProgress") else None,
        )
        for each in entries
    ]


async def wait(attempt: Attempt, objects: Sequence[Json], known: Sequence[Rule], timeout: float) -> None:
    """Looks at once and then every few seconds. Raises Unhealthy at the timeout, or as soon as something failed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    await attempt.work(_LOOKS)
    while True:
        found = [(each, await look(attempt, each, known)) for each in objects]
        if failed := [f"{applying.subject(each)} status: 'Failed'" for each, health in found if health == "Failed"]:
            raise Unhealthy(f"failed early due to stalled resources: [{', '.join(failed)}]")
        rest = [f"{applying.subject(each)} status: '{health}'" for each, health in found if health != "Current"]
        if not rest:
            return
        left = deadline - loop.time()
        if left <= 0:
            raise Unhealthy(f"timeout waiting for: [{', '.join(rest)}]")
        # Not stretched by a slow controller: these are a clock's seconds, not work.
        await asyncio.sleep(min(attempt.world.knobs.poll_health, left))
        await attempt.work(0)


async def look(attempt: Attempt, manifest: Json, known: Sequence[Rule]) -> Health:
    """The health of one object now."""
    live = await applying.find(attempt.world.api, manifest)
    if live is None:
        return "NotFound"
    live = {**live, "kind": manifest["kind"], "apiVersion": manifest["apiVersion"]}
    rule = next((each for each in known if (each.api_version, each.kind) == (live["apiVersion"], live["kind"])), None)
    if deleting(live):
        return "Terminating"
    if rule is not None:
        return _by_rule(rule, live)
    return _of_deployment(live) if live["kind"] == "Deployment" else _by_conditions(live)


def _by_rule(rule: Rule, live: Json) -> Health:
    if rule.in_progress is not None and cel.holds(rule.in_progress, live):
        return "InProgress"
    if rule.failed is not None and cel.holds(rule.failed, live):
        return "Failed"
    return "Current" if cel.holds(rule.current, live) else "InProgress"


def _of_deployment(live: Json) -> Health:
    told = status(live)
    if conditions.reason(live, "Progressing") == "ProgressDeadlineExceeded":
        return "Failed"
    if told.get("observedGeneration", 0) != generation(live):
        return "InProgress"
    wanted = int(spec(live).get("replicas", 1))
    return "Current" if all(int(told.get(name) or 0) >= wanted for name in _REPLICAS) else "InProgress"


def _by_conditions(live: Json) -> Health:
    seen = (live.get("status") or {}).get("observedGeneration")
    if seen is not None and seen != generation(live):
        return "InProgress"
    if conditions.state(live, RECONCILING) == "True":
        return "InProgress"
    if conditions.state(live, STALLED) == "True":
        return "Failed"
    return "InProgress" if conditions.state(live, READY) in ("False", "Unknown") else "Current"
