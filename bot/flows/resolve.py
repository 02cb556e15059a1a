"""From what was typed to objects this person may touch here.

The rules are asked about the typed name first. Only what they let this person see is then looked up, so an answer
never tells whether a hidden object exists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches

from bot.core.commands import Reconcile, Target
from bot.core.kinds import ASKABLE, HELM_RELEASE, Kind
from bot.core.policy import Allowed, Denied
from bot.core.requests import Options, Verb
from bot.core.resources import Ref, Snapshot
from bot.flows.gate import Entered, Gate
from bot.ports import Cluster, Clusters

FLUX_NAMESPACE = "flux-system"
"""Where an object is looked for when neither the command nor the channel says."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Every target is one object, and every one is allowed."""

    refs: tuple[Ref, ...]
    rule: str
    """The rule that allows the first one."""


@dataclass(frozen=True, slots=True)
class WhichCluster:
    """Several clusters, no default, none named."""

    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoSuchCluster:
    """None of that name that this channel may use; or none at all."""

    name: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unclear:
    """A bare name that fits several objects, or none."""

    name: str
    refs: tuple[Ref, ...] = ()
    nearest: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The first target that no rule allows."""

    ref: Ref
    denied: Denied


Resolution = Resolved | WhichCluster | NoSuchCluster | Unclear | NotAllowed


@dataclass(frozen=True, slots=True)
class Resolve:
    """Names to objects."""

    gate: Gate
    clusters: Clusters
    verb: Verb = Verb.RECONCILE
    """What is to be done with them."""

    def here(self, entered: Entered) -> tuple[str, ...]:
        """The clusters that this channel may use, of those this process knows."""
        return entered.channel.clusters_among(self.clusters.names())

    async def targets(self, entered: Entered, command: Reconcile) -> Resolution:
        """All targets of a command, or the first thing that stands in the way."""
        refs: list[Ref] = []
        rule = ""
        for target in command.targets:
            found = await self._one(entered, target, command.options)
            if not isinstance(found, Resolved):
                return found
            rule = rule or found.rule
            refs.extend(found.refs)
        return Resolved(tuple(dict.fromkeys(refs)), rule)

    async def _one(self, entered: Entered, target: Target, options: Options) -> Resolution:
        cluster = self.cluster(entered, target.cluster)
        if not isinstance(cluster, str):
            return cluster
        if target.kind is None:
            return await self._bare(entered, target, cluster, options)
        return await self._named(entered, replace(target, cluster=cluster), target.kind, options)

    def cluster(self, entered: Entered, named: str | None) -> str | WhichCluster | NoSuchCluster:
        """The one that is meant: as named, else this channel's own, else the only one."""
        here = self.here(entered)
        wanted = named or entered.channel.default_cluster
        if wanted is not None:
            # A phone writes a capital where a sentence begins.
            found = [name for name in here if name == wanted] or [
                each for each in here if each.lower() == wanted.lower()
            ]
            return found[0] if len(found) == 1 else NoSuchCluster(wanted, here)
        if len(here) == 1:
            return here[0]
        return WhichCluster(here) if here else NoSuchCluster("", ())

    def _namespace(self, entered: Entered, target: Target) -> str:
        return target.namespace or entered.channel.default_namespace or FLUX_NAMESPACE

    async def _named(self, entered: Entered, target: Target, kind: Kind, options: Options) -> Resolution:
        refs = self._readings(entered, target, kind)
        decisions = [(ref, self.gate.decide(entered, self.verb, ref, options)) for ref in refs]
        allowed = [(ref, decision) for ref, decision in decisions if isinstance(decision, Allowed)]
        if not allowed:
            ref, denied = decisions[0]
            return NotAllowed(ref, denied if isinstance(denied, Denied) else Denied())
        if len(allowed) > 1 and not await self._exists(allowed[0][0]) and await self._exists(allowed[1][0]):
            allowed = allowed[1:]
        ref, decision = allowed[0]
        return Resolved((ref,), decision.rule.name)

    def _readings(self, entered: Entered, target: Target, kind: Kind) -> tuple[Ref, ...]:
        """The literal name first, then `name.namespace`, which is how Flux's alerts print it."""
        cluster = target.cluster or ""
        literal = Ref(cluster, kind, self._namespace(entered, target), target.name)
        name, dot, namespace = target.name.rpartition(".")
        if target.namespace is not None or not dot or not name:
            return (literal,)
        return (literal, Ref(cluster, kind, namespace, name))

    async def _exists(self, ref: Ref) -> bool:
        cluster = self.clusters.get(ref.cluster)
        return cluster is not None and isinstance(await cluster.get(ref), Snapshot)

    async def _bare(self, entered: Entered, target: Target, cluster: str, options: Options) -> Resolution:
        edge = self.clusters.get(cluster)
        if edge is None:
            return NoSuchCluster(cluster, self.here(entered))
        touchable = await self._touchable(entered, edge, target.namespace, options)
        name, _, namespace = target.name.rpartition(".")
        fits = [ref for ref in touchable if ref.name == target.name] or [
            ref for ref in touchable if target.namespace is None and (ref.name, ref.namespace) == (name, namespace)
        ]
        if len(fits) == 1:
            decision = self.gate.decide(entered, self.verb, fits[0], options)
            return Resolved((fits[0],), decision.rule.name if isinstance(decision, Allowed) else "")
        near = () if fits else get_close_matches(target.name, {ref.name for ref in touchable}, n=3, cutoff=0.6)
        return Unclear(target.name, tuple(fits), tuple(ref for ref in touchable if ref.name in near)[:5])

    async def _touchable(
        self, entered: Entered, cluster: Cluster, namespace: str | None, options: Options
    ) -> tuple[Ref, ...]:
        """Every object this person may reconcile here."""
        found: list[Ref] = []
        # Only releases know force and reset; with a kind in the command the parser says so (docs/commands.md).
        kinds = (HELM_RELEASE,) if options.force or options.reset else ASKABLE
        for kind in kinds:
            for snapshot in await cluster.list(kind, namespace):
                decision = self.gate.decide(entered, self.verb, snapshot.ref, options)
                if isinstance(decision, Allowed):
                    found.append(snapshot.ref)
        return tuple(sorted(found))

    async def names(self, entered: Entered, kind: Kind) -> tuple[str, ...]:
        """Of that kind, as this person may type them here; none where it is open which cluster was meant."""
        here = self.here(entered)
        name = entered.channel.default_cluster or (here[0] if len(here) == 1 else "")
        cluster = self.clusters.get(name)
        if cluster is None:
            return ()
        own = entered.channel.default_namespace or FLUX_NAMESPACE
        refs = sorted(await self.visible(entered, cluster, kind), key=lambda ref: (ref.namespace != own, ref))
        return tuple(ref.name if ref.namespace == own else f"{ref.namespace}/{ref.name}" for ref in refs)

    async def visible(self, entered: Entered, cluster: Cluster, kind: Kind) -> tuple[Ref, ...]:
        """The objects of a kind that this person may see here."""
        snapshots = await cluster.list(kind)
        return tuple(each.ref for each in snapshots if self.gate.sees(entered, each.ref))
