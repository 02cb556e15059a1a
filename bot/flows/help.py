"""The answer to `help`: up to three commands that the asker could send as they stand, about objects that exist."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.core.chain import chain
from bot.core.commands import Target
from bot.core.errors import ClusterError
from bot.core.explain import Needs
from bot.core.kinds import ASKABLE, HELM_RELEASE, KINDS, KUSTOMIZATION, Kind
from bot.core.notices import Helped, May
from bot.core.parsing import parse
from bot.core.policy import Allowed, Grant, summary
from bot.core.printing import reconcile
from bot.core.requests import Options, Verb
from bot.core.resources import Absent, Ref, Snapshot
from bot.flows.gate import Entered, Gate
from bot.flows.resolve import FLUX_NAMESPACE, Resolve
from bot.ports import Cluster, Clusters

EXAMPLES: Final = 3
MOST_ASKED: Final = 8
"""Clusters that are looked at for examples."""
_FIRST: Final = (KUSTOMIZATION, HELM_RELEASE)
"""What people ask for most; the other kinds are looked at only if these leave room."""


@dataclass(frozen=True, slots=True)
class Helping:
    """Answers `help`."""

    gate: Gate
    clusters: Clusters
    resolve: Resolve
    command: str
    """The slash command's name."""

    async def answer(self, entered: Entered) -> Helped:
        """Facts for the help text. A cluster that does not answer is named and costs no example."""
        here = self.resolve.here(entered)
        default = entered.channel.default_cluster or (here[0] if len(here) == 1 else None)
        grants = summary(entered.channel, entered.caller)
        # Who may nothing here costs no cluster a look-up.
        examples, unreachable = await self._examples(entered, here, default) if grants else ((), ())
        return Helped(
            command=self.command,
            channel=entered.channel.name,
            examples=examples,
            may=tuple(_may(grant) for grant in grants),
            default_cluster=default,
            default_namespace=_namespace(entered),
            clusters=here,
            unreachable=unreachable,
            kinds=tuple(kind.short for kind in ASKABLE),
        )

    async def _examples(
        self, entered: Entered, here: tuple[str, ...], default: str | None
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Commands, those for the default cluster first, and the clusters that did not answer."""
        names = sorted(here, key=lambda each: each != default)[:MOST_ASKED]
        clusters = [cluster for name in names if (cluster := self.clusters.get(name)) is not None]
        looks = await asyncio.gather(*(self._look(entered, cluster) for cluster in clusters))
        unreachable = tuple(cluster.name for cluster, found in zip(clusters, looks, strict=True) if found is None)
        found = [(cluster, each) for cluster, look in zip(clusters, looks, strict=True) for each in look or ()]
        examples: list[str] = []
        fetched = False
        for cluster, each in found[:EXAMPLES]:
            fetch = not fetched and await self._may_fetch(entered, cluster, each)
            fetched = fetched or fetch
            examples.append(self._example(entered, each.ref, default, with_source=fetch))
        return tuple(examples), unreachable

    async def _look(self, entered: Entered, cluster: Cluster) -> tuple[Snapshot, ...] | None:
        """Objects for examples; None when the cluster does not answer. All clusters are asked at once, so that dead
        ones cost their time-out only once."""
        try:
            return await self._touchable(entered, cluster, EXAMPLES)
        except ClusterError:
            return None

    async def _touchable(self, entered: Entered, cluster: Cluster, most: int) -> tuple[Snapshot, ...]:
        """Objects this person may reconcile here: one Kustomization, one HelmRelease, more of both, then others."""
        first = [self._allowed(entered, await cluster.list(kind)) for kind in _FIRST]
        found = [each for group in first for each in group[:1]] + [each for group in first for each in group[1:]]
        for kind in ASKABLE:
            if kind not in _FIRST and len(found) < most:
                found.extend(self._allowed(entered, await cluster.list(kind)))
        return tuple(found[:most])

    def _allowed(self, entered: Entered, snapshots: tuple[Snapshot, ...]) -> list[Snapshot]:
        return [
            each
            for each in snapshots
            if _goes(each) and isinstance(self.gate.decide(entered, Verb.RECONCILE, each.ref, Options()), Allowed)
        ]

    async def _may_fetch(self, entered: Entered, cluster: Cluster, found: Snapshot) -> bool:
        """Whether it has a source, and every object on the way is there and may be asked too."""
        known: dict[Ref, Snapshot | Absent | None] = {}
        while isinstance(steps := chain(found, known), Needs):
            try:
                known[steps.ref] = await cluster.get(steps.ref)
            except ClusterError:
                return False
        decisions = [self.gate.decide_step(entered, Verb.RECONCILE, step, Options()) for step in steps]
        return (
            len(steps) > 1
            and all(_goes(known[step.ref]) for step in steps[:-1])
            and all(isinstance(each, Allowed) for each in decisions)
        )

    def _example(self, entered: Entered, ref: Ref, default: str | None, *, with_source: bool) -> str:
        """The shortest command that means this object here; in our own printing where the plain one would not."""
        target = Target(
            name=ref.name,
            kind=ref.kind,
            namespace=None if ref.namespace == _namespace(entered) else ref.namespace,
            cluster=None if ref.cluster == default else ref.cluster,
        )
        command = reconcile((target,), Options(with_source=with_source))
        path = f"{target.namespace}/{ref.name}" if target.namespace else ref.name
        cluster = f" --cluster {target.cluster}" if target.cluster else ""
        plain = f"{ref.kind.short} {path}{cluster}{' --with-source' if with_source else ''}"
        return f"{self.command} {plain if parse(plain, self.command) == command else command.typed}"


def _goes(found: Snapshot | Absent | None) -> bool:
    """Whether a request to it would be carried out, as far as it tells itself."""
    return isinstance(found, Snapshot) and not (found.suspended or found.static or found.deleting)


def _namespace(entered: Entered) -> str:
    return entered.channel.default_namespace or FLUX_NAMESPACE


def _may(grant: Grant) -> May:
    return May(
        rule=grant.rule,
        verbs=grant.verbs,
        kinds=tuple(_short(kind) for kind in grant.kinds),
        namespaces=grant.namespaces,
        names=grant.names,
        clusters=grant.clusters,
        sources=grant.sources,
        force=grant.force,
        reset=grant.reset,
    )


def _short(kind: str) -> str:
    row: Kind | None = next((each for each in KINDS if each.name == kind), None)
    return row.short if row else kind
