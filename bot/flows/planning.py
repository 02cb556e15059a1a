"""Which objects a command reaches, in which order, and whether each of them may be patched."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.core.chain import alone, chain
from bot.core.commands import Reconcile
from bot.core.errors import ClusterError
from bot.core.explain import Needs
from bot.core.notices import Stop, Stopped
from bot.core.policy import Denied
from bot.core.requests import Role, Step, Verb
from bot.core.resources import Absent, Ref, Snapshot
from bot.flows.gate import Entered, Gate
from bot.flows.steps import stopped_by
from bot.ports import Cluster, Clusters


@dataclass(frozen=True, slots=True)
class Planned:
    """A target and the steps to it, the target's own last."""

    target: Ref
    steps: tuple[Step, ...]
    stopped: Stopped | None = None
    """The target could not even be looked at; nobody asks its cluster again for this request."""


@dataclass(frozen=True, slots=True)
class Planning:
    """Looks before anything is said or sent."""

    gate: Gate
    clusters: Clusters

    async def plans(self, targets: tuple[Ref, ...], command: Reconcile) -> tuple[Planned, ...]:
        """One plan per target. All are looked up at once, so that a dead cluster costs its time-out only once."""
        return tuple(await asyncio.gather(*(self._plan(target, command) for target in targets)))

    async def _plan(self, target: Ref, command: Reconcile) -> Planned:
        cluster = self.clusters.get(target.cluster)
        if cluster is None:
            return Planned(target, alone(target), Stopped(Stop.UNREACHABLE, f"there is no cluster {target.cluster}"))
        if not command.options.with_source:
            return Planned(target, alone(target))
        try:
            found = await cluster.get(target)
        except ClusterError as error:
            return Planned(target, alone(target), stopped_by(error))
        if not isinstance(found, Snapshot) or found.suspended:
            return Planned(target, alone(target))
        return Planned(target, await self._chain(cluster, found))

    async def _chain(self, cluster: Cluster, target: Snapshot) -> tuple[Step, ...]:
        """The chain to a target. What cannot be read stays a step: its own preflight will say why."""
        known: dict[Ref, Snapshot | Absent | None] = {}
        while isinstance(steps := chain(target, known), Needs):
            try:
                known[steps.ref] = await cluster.get(steps.ref)
            except ClusterError:
                known[steps.ref] = None
        return steps

    def refused(self, entered: Entered, command: Reconcile, plans: tuple[Planned, ...]) -> tuple[str, Denied] | None:
        """The first object of any plan that no rule allows to patch, in words that name nothing hidden."""
        for plan in plans:
            for step in plan.steps:
                decision = self.gate.decide_step(entered, Verb.RECONCILE, step, command.options)
                if isinstance(decision, Denied):
                    named = step.role is Role.OBJECT or self.gate.sees(entered, step.ref)
                    hidden = f"the source of {plan.target}, which this channel may not see"
                    return f"reconcile {step.ref if named else hidden}", decision
        return None

    async def baselines(self, plan: Planned) -> dict[Ref, Snapshot]:
        """What stands before the first patch of several: the rest may follow a new source before we ask them."""
        cluster = self.clusters.get(plan.target.cluster)
        found: dict[Ref, Snapshot] = {}
        if cluster is None or len(plan.steps) == 1:
            return found
        for step in plan.steps[1:]:
            try:
                now = await (cluster.read(step.ref) if step.role is Role.OBJECT else cluster.get(step.ref))
            except ClusterError:
                continue
            if isinstance(now, Snapshot):
                found[step.ref] = now
        return found
