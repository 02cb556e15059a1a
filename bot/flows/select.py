"""From a selection (`all`, globs, labels, `--failing`) to the objects it holds, as far as somebody may have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.channels import fits
from bot.core.commands import Selection, Target
from bot.core.kinds import ASKABLE, HELM_RELEASE, KUSTOMIZATION, Kind
from bot.core.policy import Allowed
from bot.core.requests import Options, Verb
from bot.core.resources import Ref, Snapshot
from bot.core.standing import Stands, stands
from bot.flows.gate import Entered, Gate
from bot.flows.turns import in_steps
from bot.ports import Cluster

SWEPT: Final = (*(kind for kind in ASKABLE if kind.source), KUSTOMIZATION, HELM_RELEASE)
"""The kinds that `all` reconciles where no other is named: sources, Kustomizations and HelmReleases."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selection holds."""

    objects: tuple[Snapshot, ...] = ()
    """In the order of their names, kind by kind; brief."""
    hidden: int = 0
    """How many more it would hold that this person may not have here: counted, never named."""
    elsewhere: int = 0
    """How many more they may have in other namespaces, where the selection means a default one."""


@dataclass(frozen=True, slots=True)
class Select:
    """Looks selections up. Every object is put to the gate by itself."""

    gate: Gate

    async def objects(
        self, entered: Entered, cluster: Cluster, selection: Selection, verb: Verb, default_namespace: str | None
    ) -> Selected:
        """What the selection holds in one cluster. `default_namespace` is meant where a pattern names none, unless
        the selection is for all namespaces; None: all of them. Raises ClusterError."""
        found: list[Snapshot] = []
        hidden = elsewhere = 0
        for kind in _kinds(selection, verb):
            async for snapshot in in_steps(await cluster.list(kind)):
                idle = verb is Verb.RECONCILE and snapshot.static  # nothing would answer
                if idle or not holds(selection, snapshot, None):
                    continue
                here, allowed = holds(selection, snapshot, default_namespace), self._allowed(entered, verb, snapshot)
                if here and allowed:
                    found.append(snapshot)
                hidden += here and not allowed
                elsewhere += allowed and not here
        return Selected(tuple(found), hidden, elsewhere)

    def _allowed(self, entered: Entered, verb: Verb, now: Snapshot) -> bool:
        many = verb is Verb.RECONCILE
        return isinstance(self.gate.decide(entered, verb, now.ref, Options(), many=many), Allowed)


def holds(selection: Selection, snapshot: Snapshot, default_namespace: str | None) -> bool:
    """Whether an object belongs to a selection, as it is now. Clusters are not looked at."""
    labels = dict(snapshot.labels)
    return (
        any(
            _fits(each, snapshot.ref, None if selection.everywhere else default_namespace)
            for each in selection.patterns
        )
        and all(labels.get(key) == value for key, value in selection.labels)
        and not (selection.failing and stands(snapshot) is not Stands.FAILING)
    )


def _fits(pattern: Target, ref: Ref, default_namespace: str | None) -> bool:
    namespace = pattern.namespace or default_namespace
    return (
        pattern.kind in (None, ref.kind)
        and (namespace is None or namespace == ref.namespace)
        and fits((pattern.name,), ref.name)
    )


def _kinds(selection: Selection, verb: Verb) -> tuple[Kind, ...]:
    """The kinds to look through, each once, in the order of the table."""
    named = {pattern.kind for pattern in selection.patterns}
    own = SWEPT if verb is Verb.RECONCILE else ASKABLE
    return tuple(kind for kind in ASKABLE if kind in named or (None in named and kind in own))
