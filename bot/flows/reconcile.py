"""One request from acceptance to its end: plan, ask, follow, tell, record. Wraps the engine; says facts only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.core.commands import Reconcile
from bot.core.notices import Joined, Part, Refusal, Slot, Whisper
from bot.core.requests import Request, Verb
from bot.core.resources import Ref
from bot.flows.conclude import Conclude
from bot.flows.gate import Entered, Heard
from bot.flows.healing import Healing
from bot.flows.planning import Planned, Planning
from bot.flows.refusals import Refusing
from bot.flows.telling import Telling
from bot.flows.tracks import Run, Tracks
from bot.ports import Chat, Clock, Directory, Duplicate, Joining, New, Posted, Requests, Spent, Telemetry, Unpostable

STOPPED: Final = "the bot was stopped while it followed this; Flux goes on by itself"
BROKE: Final = "the bot broke while it followed this; Flux goes on by itself"


@dataclass(frozen=True, slots=True)
class Reconciling:
    """The flow behind `reconcile`, typed or pressed."""

    planning: Planning
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
        self, heard: Heard, entered: Entered, command: Reconcile, refs: tuple[Ref, ...], rule: str, offer: str | None
    ) -> None:
        """Carries the command out on objects that the gate already allowed by name."""
        plans = await self.planning.plans(refs, command)
        refused = self.planning.refused(entered, command, plans)
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
        root = Slot(request.id, Part.ROOT)

        def tell() -> None:
            self.chat.show(root, request.place, telling.running(self.clock.now()))

        run = Run(request, entered, telling, plans, tell)
        try:
            await self._carry_out(heard, run, root)
        except asyncio.CancelledError:
            await self.conclude.interrupted(request, telling, run.patched(), STOPPED)
            raise
        except BaseException:
            # Whoever started us tells the asker and the log; the root must not go on saying that it runs.
            await self.conclude.interrupted(request, telling, run.patched(), BROKE)
            raise

    async def _carry_out(self, heard: Heard, run: Run, root: Slot) -> None:
        run.tell()
        posted = await self.chat.posted(root, self.clock.now() + self.root_wait)
        if isinstance(posted, Unpostable):
            await self._unpostable(heard, run, posted.code)
            return
        await self.tracks.run(run)
        await self.conclude.end(run.request, run.entered, run.telling, tuple(run.last.values()), run.patched())
        self.healing.start(run)

    async def _unpostable(self, heard: Heard, run: Run, code: str) -> None:
        refusal = Refusal.NOT_MEMBER if code in {"not_in_channel", "channel_not_found"} else Refusal.UNPOSTABLE
        await self.refusing.plainly(heard, run.entered, run.request.typed, refusal, code)
        await self.requests.end(run.request.id, tuple((ref, None) for ref in run.request.targets), ())

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
                names = await self.directory.names(frozenset({user}))
                who = names.get(user, "")
                await self.refusing.plainly(heard, entered, request.typed, Refusal.OFFER_SPENT, who)
        return False
