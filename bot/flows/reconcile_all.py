"""`all`, globs and labels: what they hold, in which order, then one request like any other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from bot.core.chain import alone, chain
from bot.core.commands import ReconcileAll, Selection
from bot.core.errors import ClusterError
from bot.core.explain import Needs
from bot.core.kinds import HELM_RELEASE, KUSTOMIZATION
from bot.core.notices import Batch, ClusterUnknown, NoneSelected, Notice, Whisper
from bot.core.plan import outside, planned
from bot.core.policy import Allowed
from bot.core.requests import Options, Request, Role, Step, Verb
from bot.core.resources import Absent, Ref, Snapshot
from bot.flows.batches import Batches, Order
from bot.flows.gate import Entered, Gate, Heard
from bot.flows.reconcile import Reconciling
from bot.flows.resolve import FLUX_NAMESPACE
from bot.flows.select import Select, Selected
from bot.flows.telling import Telling
from bot.ports import Chat, Cluster, Requests

MOST: Final = 1_000
"""Objects of one request."""
_PLAIN: Final = Options()
_FIRST: Final = (KUSTOMIZATION, HELM_RELEASE)
"""Told before the sources."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a selection comes to with its sources."""

    objects: dict[Ref, Snapshot] = field(default_factory=dict)
    """Sources first."""
    steps: dict[Ref, Step] = field(default_factory=dict)
    before: dict[Ref, set[Ref]] = field(default_factory=dict)
    """The sources and charts on the way to each."""
    unfetched: frozenset[Ref] = frozenset()


@dataclass(frozen=True, slots=True)
class ReconcilingAll:
    """The flow behind a selection."""

    gate: Gate
    select: Select
    reconciling: Reconciling
    batches: Batches
    chat: Chat
    requests: Requests

    async def run(
        self, heard: Heard, entered: Entered, command: ReconcileAll, cluster: Cluster, offer: str | None
    ) -> None:
        """Carries the selection out in one cluster, as far as this person may."""
        default = entered.channel.default_namespace or FLUX_NAMESPACE
        try:
            found = await self.select.objects(entered, cluster, command.selection, Verb.RECONCILE, default)
            if not found.objects or len(found.objects) > MOST:
                await self._none(heard, entered, command, cluster, found)
                return
            chosen = await self._chosen(entered, cluster, found.objects)
            order = await self._order(cluster, chosen)
        except ClusterError as error:
            await self._whisper(heard, ClusterUnknown(error.cluster, (cluster.name,), str(error)))
            return
        batch = Batch(
            cluster=cluster.name,
            namespace=_namespace(command.selection, default),
            kinds=_kinds(chosen.objects),
            hidden=found.hidden,
            elsewhere=found.elsewhere,
            unfetched=len(chosen.unfetched),
        )
        request = self._request(heard, entered, command, order)
        telling = Telling(request, batch=batch, selection=command.selection)
        for ref, step in order.steps.items():
            telling.plan(ref, (replace(step, role=Role.OBJECT),))
        await self.reconciling.carry(heard, entered, telling, offer, lambda run: self.batches.run(run, order))

    def _request(self, heard: Heard, entered: Entered, command: ReconcileAll, order: Order) -> Request:
        # Sources come first by themselves, so what may run is measured as with a source that was asked.
        sourced = replace(command, options=replace(command.options, with_source=True))
        first = next(iter(order.steps.values()))
        decision = self.gate.decide_step(entered, Verb.RECONCILE, first, sourced.options, many=True)
        rule = decision.rule.name if isinstance(decision, Allowed) else ""
        return self.reconciling.request(heard, entered, sourced, tuple(order.steps), rule)

    # --- what it holds --------------------------------------------------------------------------------------------

    async def _chosen(self, entered: Entered, cluster: Cluster, objects: tuple[Snapshot, ...]) -> _Chosen:
        """The objects with the sources and charts on the way to them that this person may have fetched."""
        known: dict[Ref, Snapshot | Absent | None] = {each.ref: each for each in objects}
        chosen, unfetched = _Chosen(), set[Ref]()
        for each in objects:
            steps = await _chain(cluster, each, known)
            for place, step in enumerate(steps[:-1]):
                source = known.get(step.ref)
                if isinstance(source, Snapshot) and step.ref not in chosen.objects:
                    if not self._may(entered, step):
                        unfetched.add(step.ref)
                        continue
                    chosen.objects[step.ref], chosen.steps[step.ref] = source, step
                chosen.before.setdefault(step.ref, set()).update(each.ref for each in steps[:place])
            chosen.before.setdefault(each.ref, set()).update(step.ref for step in steps[:-1])
        for each in objects:
            chosen.objects[each.ref] = each
            chosen.steps[each.ref] = Step(each.ref, Role.OBJECT, each.ref)
        return replace(chosen, unfetched=frozenset(unfetched - set(chosen.steps)))

    def _may(self, entered: Entered, step: Step) -> bool:
        return isinstance(self.gate.decide_step(entered, Verb.RECONCILE, step, _PLAIN), Allowed)

    async def _order(self, cluster: Cluster, chosen: _Chosen) -> Order:
        """The plan, with what stands outside of it looked at once."""
        known: dict[Ref, Snapshot | Absent | None] = {}
        for now in chosen.objects.values():
            for dependency in now.depends_on:
                if dependency.ref not in chosen.objects and dependency.ref not in known:
                    known[dependency.ref] = await _look(cluster, dependency.ref)
        held = {ref: (by, known.get(by)) for ref, by in outside(chosen.objects, known.get)}
        return Order(planned(chosen.objects, chosen.before), chosen.steps, chosen.objects, held)

    # --- what is said ---------------------------------------------------------------------------------------------

    async def _none(
        self,
        heard: Heard,
        entered: Entered,
        command: ReconcileAll,
        cluster: Cluster,
        found: Selected,
    ) -> None:
        namespace = _namespace(command.selection, entered.channel.default_namespace or FLUX_NAMESPACE)
        count = len(found.objects)
        await self._whisper(
            heard,
            NoneSelected(
                command.typed,
                cluster.name,
                namespace,
                hidden=found.hidden,
                elsewhere=found.elsewhere,
                found=count,
                most=MOST,
            ),
        )

    async def _whisper(self, heard: Heard, notice: Notice) -> None:
        if not await self.requests.seen(heard.delivery):
            await self.chat.whisper(Whisper(heard.user, heard.channel, heard.reply), notice)


async def _chain(cluster: Cluster, of: Snapshot, known: dict[Ref, Snapshot | Absent | None]) -> tuple[Step, ...]:
    """The steps to an object. One that is switched off is not asked, so nothing is fetched for it."""
    if of.suspended:
        return alone(of.ref)
    while isinstance(steps := chain(of, known), Needs):
        known[steps.ref] = await _look(cluster, steps.ref)
    return steps


async def _look(cluster: Cluster, ref: Ref) -> Snapshot | Absent | None:
    try:
        return await cluster.get(ref)
    except ClusterError:
        return None


def _namespace(selection: Selection, default: str) -> str:
    """The only one that it can reach into; empty when there are several."""
    named = {pattern.namespace or default for pattern in selection.patterns}
    return next(iter(named)) if len(named) == 1 and not selection.everywhere else ""


def _kinds(objects: dict[Ref, Snapshot]) -> tuple[tuple[str, int], ...]:
    count = Counter(ref.kind for ref in objects)
    ordered = sorted(count, key=lambda kind: (kind not in _FIRST, _FIRST.index(kind) if kind in _FIRST else 0))
    return tuple((kind.name, count[kind]) for kind in ordered)
