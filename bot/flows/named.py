"""Objects that a question names: a name without a namespace means the only one that the asker may see."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.core.commands import Target
from bot.core.policy import Allowed
from bot.core.printing import reconcile
from bot.core.requests import Options, Verb
from bot.flows.gate import Entered, Gate
from bot.flows.resolve import NoSuchCluster, NotAllowed, Resolve, Resolved, Unclear, WhichCluster
from bot.ports import Clusters


@dataclass(frozen=True, slots=True)
class Named:
    """Finds them. A default namespace is for what changes something; who only looks is looked for everywhere."""

    gate: Gate
    clusters: Clusters
    resolve: Resolve
    """For objects of which the asker may read the status."""

    async def objects(
        self, entered: Entered, targets: tuple[Target, ...]
    ) -> Resolved | WhichCluster | NoSuchCluster | Unclear | NotAllowed:
        """All of them, or the first thing that stands in the way. Raises ClusterError."""
        meant = tuple([await self._meant(entered, target) for target in targets])
        return await self.resolve.targets(entered, reconcile(meant, Options()))

    async def _meant(self, entered: Entered, target: Target) -> Target:
        if target.kind is None or target.namespace is not None:
            return target
        name = self.resolve.cluster(entered, target.cluster)
        cluster = self.clusters.get(name) if isinstance(name, str) else None
        if cluster is None:
            return target
        found = [
            each.ref
            for each in await cluster.list(target.kind)
            if each.ref.name == target.name
            and isinstance(self.gate.decide(entered, Verb.STATUS, each.ref, Options()), Allowed)
        ]
        return replace(target, namespace=found[0].namespace) if len(found) == 1 else target
