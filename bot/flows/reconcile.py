"""One request from acceptance to its end: plan, ask, follow, tell, record. Wraps the engine; says facts only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from bot.core.chain import alone, chain
from bot.core.commands import Reconcile
from bot.core.errors import BotError, ClusterError
from bot.core.explain import Needs
from bot.core.notices import Blocked, Joined, Outcome, Part, Refusal, Slot, Stop, Stopped, Whisper
from bot.core.policy import Denied
from bot.core.requests import Request, Role, Step, Verb
from bot.core.resources import Absent, Ref, Snapshot
from bot.core.verdicts import Verdict
from bot.flows.carry_out import CarryOut, may_heal
from bot.flows.conclude import Conclude
from bot.flows.gate import Entered, Gate, Heard
from bot.flows.investigate import Investigate
from bot.flows.refusals import Refusing
from bot.flows.steps import Ended, Job, Patience, Waiting
from bot.flows.telling import Telling, good
from bot.ports import Chat, Clock, Clusters, Duplicate, Joining, New, Posted, Requests, Spent, Telemetry, Unpostable
from bot.tasks import Tasks

STOPPED: Final = "the bot was stopped while it followed this; Flux goes on by itself"
BROKE: Final = "the bot broke while it followed this; Flux goes on by itself"


@dataclass(frozen=True, slots=True)
class Planned:
    """A target and the steps to it, the target's own last."""

    target: Ref
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Run:
    """One request while it runs. Mutable, owned by one call of the flow."""

    request: Request
    heard: Heard
    entered: Entered
    telling: Telling
    plans: tuple[Planned, ...]
    ended: dict[Ref, asyncio.Future[Ended]] = field(default_factory=dict)
    """Steps already begun: a source shared by several targets is asked once."""
    last: dict[Ref, Ended] = field(default_factory=dict)
    """The last step of each target, as far as it came."""

    @property
    def root(self) -> Slot:
        return Slot(self.request.id, Part.ROOT)


@dataclass(frozen=True, slots=True)
class Reconciling:
    """The flow behind `reconcile`, typed or pressed."""

    gate: Gate
    clusters: Clusters
    chat: Chat
    requests: Requests
    clock: Clock
    telemetry: Telemetry
    refusing: Refusing
    investigate: Investigate
    conclude: Conclude
    patience: Patience
    root_wait: timedelta
    """How long the patches wait for the root message."""
    afterlives: Tasks
    new_id: Callable[[], str]

    async def run(
        self, heard: Heard, entered: Entered, command: Reconcile, refs: tuple[Ref, ...], rule: str, offer: str | None
    ) -> None:
        """Carries the command out on objects that the gate already allowed by name."""
        plans = tuple([await self._plan(ref, command) for ref in refs])
        refused = self._refused_step(entered, command, plans)
        if refused is not None:
            if not await self.requests.seen(heard.delivery):
                await self.refusing.by_rules(heard, entered, *refused)
            return
        request = self._request(heard, entered, command, refs, rule)
        if not await self._accepted(heard, entered, request, offer):
            return
        with self.telemetry.about(request.id):
            await self._follow(heard, entered, request, plans)

    async def _follow(self, heard: Heard, entered: Entered, request: Request, plans: tuple[Planned, ...]) -> None:
        self.telemetry.tell("accepted", request=request.id, verb=request.verb.value, targets=len(plans))
        telling = Telling(request)
        for plan in plans:
            telling.plan(plan.target, plan.steps)
        run = Run(request, heard, entered, telling, plans)
        try:
            await self._carry_out(run)
        except asyncio.CancelledError:
            await self.conclude.interrupted(run.request, run.telling, self._patched(run), STOPPED)
            raise
        except BaseException:
            # Whoever started us tells the asker and the log; the root must not go on saying that it runs.
            await self.conclude.interrupted(run.request, run.telling, self._patched(run), BROKE)
            raise

    def _request(
        self, heard: Heard, entered: Entered, command: Reconcile, refs: tuple[Ref, ...], rule: str
    ) -> Request:
        return Request(
            id=self.new_id(),
            verb=Verb.RECONCILE,
            targets=refs,
            options=command.options,
            caller=entered.caller,
            place=entered.place,
            typed=command.typed,
            rule=rule,
            asked_at=self.clock.now(),
            delivery=heard.delivery,
        )

    async def _accepted(self, heard: Heard, entered: Entered, request: Request, offer: str | None) -> bool:
        accepted = await self.requests.accept(request, offer)
        match accepted:
            case New():
                return True
            case Duplicate():
                self.telemetry.tell("duplicate", delivery=heard.delivery)
            case Joining(request=other):
                self.telemetry.tell("joined", request=other)
                posted = await self.chat.posted(Slot(other, Part.ROOT), self.clock.now())
                link = posted.link if isinstance(posted, Posted) else ""
                await self.chat.whisper(Whisper(heard.user, heard.channel, heard.reply), Joined(other, link))
            case Spent(user=user):
                names = await self.gate.directory.names(frozenset({user}))
                who = names.get(user, "")
                await self.refusing.plainly(heard, entered, request.typed, Refusal.OFFER_SPENT, who)
        return False

    # --- planning -------------------------------------------------------------------------------------------------

    async def _plan(self, target: Ref, command: Reconcile) -> Planned:
        """The steps to a target. What cannot be looked up now is left to the target's own preflight to say."""
        cluster = self.clusters.get(target.cluster)
        if cluster is None or not command.options.with_source:
            return Planned(target, alone(target))
        try:
            found = await cluster.get(target)
            if not isinstance(found, Snapshot) or found.suspended:
                return Planned(target, alone(target))
            known: dict[Ref, Snapshot | Absent | None] = {}
            while isinstance(steps := chain(found, known), Needs):
                known[steps.ref] = await cluster.get(steps.ref)
        except ClusterError:
            return Planned(target, alone(target))
        return Planned(target, steps)

    def _refused_step(
        self, entered: Entered, command: Reconcile, plans: tuple[Planned, ...]
    ) -> tuple[str, Denied] | None:
        """The first object of any plan that no rule allows to patch."""
        for plan in plans:
            for step in plan.steps:
                decision = self.gate.decide_step(entered, Verb.RECONCILE, step, command.options)
                if isinstance(decision, Denied):
                    named = step.role is Role.OBJECT or self.gate.sees(entered, step.ref)
                    hidden = f"the source of {plan.target}, which this channel may not see"
                    return f"reconcile {step.ref if named else hidden}", decision
        return None

    # --- carrying out ---------------------------------------------------------------------------------------------

    async def _carry_out(self, run: Run) -> None:
        self._tell(run)
        posted = await self.chat.posted(run.root, self.clock.now() + self.root_wait)
        if isinstance(posted, Unpostable):
            await self._unpostable(run, posted.code)
            return
        async with asyncio.TaskGroup() as group:
            for plan in run.plans:
                group.create_task(self._target(run, plan), name=f"{run.request.id} {plan.target.short}")
        await self.conclude.end(run.request, run.entered, run.telling, tuple(run.last.values()), self._patched(run))
        healing = tuple(
            ended for ended in run.last.values() if may_heal(ended.end) and ended.step.role is Role.OBJECT
        )
        if healing:
            self.afterlives.start(self._afterlife(run, healing), name=f"{run.request.id} afterlife")

    def _patched(self, run: Run) -> tuple[Ended, ...]:
        done = (future for future in run.ended.values() if future.done() and not future.cancelled())
        return tuple(future.result() for future in done)

    async def _unpostable(self, run: Run, code: str) -> None:
        refusal = Refusal.NOT_MEMBER if code in {"not_in_channel", "channel_not_found"} else Refusal.UNPOSTABLE
        await self.refusing.plainly(run.heard, run.entered, run.request.typed, refusal, code)
        await self.requests.end(run.request.id, tuple((ref, None) for ref in run.request.targets), ())

    def _tell(self, run: Run) -> None:
        self.chat.show(run.root, run.request.place, run.telling.running(self.clock.now()))

    async def _target(self, run: Run, plan: Planned) -> None:
        """All steps to one target, in order, until one does not end well."""
        wanted: str | None = None
        baselines = await self._baselines(plan)
        for step in plan.steps:
            ended = await self._step(run, plan.target, step, wanted, baselines.get(step.ref))
            run.telling.ended(plan.target, ended)
            run.last[plan.target] = ended
            if not good(ended.end) or step.role is Role.OBJECT:
                outcome = await self._outcome(run, plan, ended)
                run.telling.over(plan.target, outcome)
                self._tell_if_others_run(run)
                return
            if ended.now is not None and ended.now.artifact is not None:
                wanted = ended.now.artifact.revision
            self._tell(run)

    def _tell_if_others_run(self, run: Run) -> None:
        """The last target's end is told by the conclusion, which has the buttons too."""
        if any(track.outcome is None for track in run.telling.tracks.values()):
            self._tell(run)

    async def _baselines(self, plan: Planned) -> dict[Ref, Snapshot]:
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

    async def _step(self, run: Run, target: Ref, step: Step, wanted: str | None, baseline: Snapshot | None) -> Ended:
        begun = run.ended.get(step.ref)
        if begun is not None:
            run.telling.began(target, step.ref)
            return replace(await asyncio.shield(begun), step=step)
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        run.ended[step.ref] = future
        try:
            ended = await self._carry_step(run, target, step, wanted, baseline)
        except BaseException:
            future.cancel()
            raise
        future.set_result(ended)
        return ended

    async def _carry_step(
        self, run: Run, target: Ref, step: Step, wanted: str | None, baseline: Snapshot | None
    ) -> Ended:
        cluster = self.clusters.get(step.ref.cluster)
        if cluster is None:
            return Ended(step, Stopped(Stop.UNREACHABLE, f"no cluster {step.ref.cluster}"), timedelta(0))
        engine = CarryOut(cluster, self.requests, self.clock, self.telemetry, self.patience)
        run.telling.began(target, step.ref)
        self._tell(run)

        def report(waiting: Waiting) -> None:
            text = self.investigate.veil(run.entered, step.ref, waiting.pending.text)
            fit = replace(waiting, pending=replace(waiting.pending, text=text))
            if run.telling.waits(target, step.ref, fit):
                self._tell(run)

        async def blocked(now: Snapshot) -> bool:
            cause = await self.investigate.cause(run.entered, target, now)
            return cause is not None and cause.settled

        return await engine.run(
            Job(
                request=run.request,
                step=step,
                wanted=wanted,
                baseline=baseline,
                recheck=lambda each: self.gate.still_allowed(run.entered, Verb.RECONCILE, each, run.request.options),
                blocked=blocked,
                report=report,
            )
        )

    async def _outcome(self, run: Run, plan: Planned, ended: Ended) -> Outcome:
        """What the messages say of one target, with its root cause looked up."""
        took = self.clock.now() - run.request.asked_at
        if ended.step.role is Role.OBJECT:
            return await self.investigate.outcome(run.entered, plan.target, ended, took)
        if isinstance(ended.end, Stopped):
            end: Verdict | Stopped | Blocked = replace(ended.end, on=ended.step.ref)
        else:
            has_artifact = ended.now is not None and ended.now.artifact is not None
            end = Blocked(ended.step.ref, ended.end, has_artifact)
        cause = await self.investigate.cause(run.entered, plan.target, ended.now) if ended.now else None
        return Outcome(end, took, now=ended.now, cause=cause, controller=ended.controller)

    # --- the afterlife --------------------------------------------------------------------------------------------

    async def _afterlife(self, run: Run, healing: tuple[Ended, ...]) -> None:
        """Follows what Flux still retries; only edits the root."""
        async with asyncio.TaskGroup() as group:
            for ended in healing:
                group.create_task(self._heal(run, ended), name=f"{run.request.id} {ended.step.ref.short}")

    async def _heal(self, run: Run, ended: Ended) -> None:
        cluster = self.clusters.get(ended.step.ref.cluster)
        if cluster is None:
            return
        engine = CarryOut(cluster, self.requests, self.clock, self.telemetry, self.patience)
        target = ended.step.ref
        told_at = self.clock.now()

        def tell(verdict: Verdict, now: Snapshot | None) -> None:
            fit = self.investigate.told(run.entered, target, replace(ended, end=verdict, now=now or ended.now))
            if isinstance(fit, Stopped):
                return
            run.telling.healed(target, fit, now, self.clock.now() - told_at)
            self.telemetry.tell("healed", request=run.request.id, object=str(target), verdict=type(verdict).__name__)
            self.conclude.retell(run.request, run.telling)

        try:
            await engine.afterlife(ended, tell)
        except BotError as error:
            self.telemetry.tell("afterlife_ended", request=run.request.id, object=str(target), why=str(error))
