"""One request from acceptance to its end: plan, ask, follow, tell, record. Wraps the engine; says facts only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.core.commands import Reconcile, ReconcileAll
from bot.core.notices import Joined, Notice, Part, Refusal, Slot, Whisper
from bot.core.requests import Request, Verb
from bot.core.resources import Ref
from bot.flows.conclude import Conclude
from bot.flows.forcing import Forcing
from bot.flows.gate import Entered, Heard
from bot.flows.halt import Halted
from bot.flows.healing import Healing
from bot.flows.planning import Planning
from bot.flows.refusals import Refusing
from bot.flows.resolve import Resolved
from bot.flows.telling import Telling, good
from bot.flows.tracks import Run, Tracks
from bot.flows.underway import Underway
from bot.ports import (
    Chat,
    Clock,
    Directory,
    Duplicate,
    Joining,
    New,
    NotYet,
    Posted,
    Requests,
    Spent,
    Telemetry,
    Unpostable,
)

STOPPED: Final = "the bot was stopped while it followed this; Flux goes on by itself"
BROKE: Final = "the bot broke while it followed this; Flux goes on by itself"

Work = Callable[[Run], Awaitable[None]]
"""What is done between the first root and the end: every target has its outcome afterwards."""


@dataclass(frozen=True, slots=True)
class Reconciling:
    """The flow behind `reconcile`, typed or pressed."""

    planning: Planning
    forcing: Forcing
    underway: Underway
    tracks: Tracks
    healing: Healing
    conclude: Conclude
    refusing: Refusing
    directory: Directory
    chat: Chat
    requests: Requests
    clock: Clock
    telemetry: Telemetry
    root_wait: timedelta
    """How long the patches wait for the root message."""
    new_id: Callable[[], str]

    async def run(
        self,
        heard: Heard,
        entered: Entered,
        command: Reconcile,
        found: Resolved,
        offer: str | None,
        *,
        confirmed: bool = False,
    ) -> None:
        """Carries the command out on objects that the gate already allowed by name; a force that its asker has not
        `confirmed` is asked about first."""
        plans = await self.planning.plans(found.refs, command)
        refused = self.planning.refused(entered, command, plans)
        if refused is not None:
            if not await self.requests.seen(heard.delivery):
                await self.refusing.by_rules(heard, entered, *refused)
            return
        if command.options.force and not confirmed:
            question = await self.forcing.question(entered, command, found.refs)
            if question is not None:
                if not await self.requests.seen(heard.delivery):
                    await self._whisper(heard, question)
                return
            # Nothing would be sent as it all stands; should that change in this moment, nobody said yes to a force.
            command = replace(command, options=replace(command.options, force=False))
        request = self.request(heard, entered, command, found.refs, found.rule)
        telling = Telling(request)
        for plan in plans:
            telling.plan(plan.target, plan.steps)
        await self.carry(heard, entered, telling, offer, lambda run: self.tracks.run(run, plans))

    async def carry(self, heard: Heard, entered: Entered, telling: Telling, offer: str | None, work: Work) -> None:
        """A request from its acceptance to its end, whatever the work on its targets is."""
        request = telling.request
        if not await self._accepted(heard, entered, request, offer):
            return
        with self.telemetry.about(request.id):
            self.telemetry.tell("accepted", request=request.id, verb=request.verb.value, targets=len(request.targets))
            await self._follow(heard, entered, telling, work)

    async def _follow(self, heard: Heard, entered: Entered, telling: Telling, work: Work) -> None:
        request = telling.request
        root = Slot(request.id, Part.ROOT)

        def tell() -> None:
            self.chat.show(root, request.place, telling.running(self.clock.now()))

        run = Run(request, entered, telling, tell, many=telling.batch is not None)
        try:
            await self._carry_out(heard, run, root, work)
        except asyncio.CancelledError:
            await self.conclude.interrupted(request, telling, run.patched(), STOPPED)
            raise
        except BaseException:
            # Whoever started us tells the asker and the log; the root must not go on saying that it runs.
            await self.conclude.interrupted(request, telling, run.patched(), BROKE)
            raise

    async def _carry_out(self, heard: Heard, run: Run, root: Slot, work: Work) -> None:
        with self.underway.open(run.request, run.halt):
            run.telling.while_running = await self.conclude.offering.while_running(run.request)
            run.tell()
            posted = await self._posted(run, root)
            if isinstance(posted, Unpostable):
                await self._unpostable(heard, run, posted.code)
                return
            await work(run)
        if not all(track.outcome is not None and good(track.outcome.end) for track in run.telling.tracks.values()):
            run.telling.cancelled = run.halt.by
        await self.conclude.end(run.request, run.entered, run.telling, tuple(run.last.values()), run.patched())
        if run.telling.cancelled is None:
            self.healing.start(run)

    async def _posted(self, run: Run, root: Slot) -> Posted | Unpostable | NotYet:
        try:
            async with run.halt.cuts():
                return await self.chat.posted(root, self.clock.now() + self.root_wait)
        except Halted:
            return NotYet()

    async def _unpostable(self, heard: Heard, run: Run, code: str) -> None:
        await self.refusing.unpostable(heard, run.entered, run.request.typed, code)
        await self.requests.end(run.request.id, tuple((ref, None) for ref in run.request.targets), ())

    def request(
        self, heard: Heard, entered: Entered, command: Reconcile | ReconcileAll, refs: tuple[Ref, ...], rule: str
    ) -> Request:
        """The request for these objects, with an id of its own."""
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
                await self._whisper(heard, Joined(other, link))
            case Spent(user=user):
                names = await self.directory.names(frozenset({user}))
                who = names.get(user, "")
                await self.refusing.plainly(heard, entered, request.typed, Refusal.OFFER_SPENT, who)
        return False

    async def _whisper(self, heard: Heard, notice: Notice) -> None:
        await self.chat.whisper(Whisper(heard.user, heard.channel, heard.reply), notice)
