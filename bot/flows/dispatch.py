"""From something said or pressed to the flow that answers it. One match, closed by the type checker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from bot.core.commands import (
    Cancel,
    Check,
    Command,
    Help,
    History,
    Reconcile,
    ReconcileAll,
    Status,
    Trouble,
    Unparsed,
    Watch,
)
from bot.core.errors import ClusterError
from bot.core.kinds import kind_called
from bot.core.notices import (
    BatchDetailed,
    ClusterUnknown,
    Detailed,
    Notice,
    NotUnderstood,
    Part,
    Refusal,
    Slot,
)
from bot.core.offers import Confirmed, ShareAnswer, ShowDetails
from bot.core.parsing import parse
from bot.core.printing import cluster_of
from bot.core.requests import Verb
from bot.flows.answering import Answering
from bot.flows.cancelling import Cancels
from bot.flows.gate import Barred, Entered, Gate, Heard
from bot.flows.help import Helping
from bot.flows.reading import Reading
from bot.flows.reconcile import Reconciling
from bot.flows.reconcile_all import ReconcilingAll
from bot.flows.refusals import Refusing
from bot.flows.resolve import Resolution, Resolve, Resolved
from bot.ports import Clock, Messages, Requests, Telemetry


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What Slack's listeners hand to: every entry point passes the gate here, and nowhere else."""

    gate: Gate
    resolve: Resolve
    reconciling: Reconciling
    reconciling_all: ReconcilingAll
    cancels: Cancels
    reading: Reading
    helping: Helping
    refusing: Refusing
    answering: Answering
    requests: Requests
    messages: Messages
    clock: Clock
    telemetry: Telemetry
    command: str

    async def said(self, heard: Heard, text: str) -> None:
        """A command as typed, already cleaned of what clients do to text."""
        entered = await self.gate.enter(heard)
        if isinstance(entered, Barred):
            if not await self.requests.seen(heard.delivery):
                await self.refusing.barred(heard, entered, text)
            return
        parsed = parse(text, self.command)
        if isinstance(parsed, Unparsed):
            if not await self.requests.seen(heard.delivery):
                await self._whisper(heard, NotUnderstood(text, await self._with_names(entered, parsed), self.command))
            return
        if not isinstance(parsed, Help):
            parsed = replace(parsed, typed=" ".join(text.split()))
        await self.carry(heard, entered, parsed, None)

    async def _with_names(self, entered: Entered, found: Unparsed) -> Unparsed:
        """A kind without a name, with the names that would do."""
        kind = kind_called(found.word) if found.trouble is Trouble.NO_NAME else None
        if kind is None:
            return found
        try:
            return replace(found, valid=await self.resolve.names(entered, kind))
        except ClusterError:
            return found

    async def pressed(self, heard: Heard, key: str) -> None:
        """A button: whoever pressed becomes the asker and passes the gate anew."""
        entered = await self.gate.enter(heard)
        if isinstance(entered, Barred):
            if not await self.requests.seen(heard.delivery):
                await self.refusing.barred(heard, entered, "a button")
            return
        offer = await self.requests.offered(key)
        if offer is None or offer.ends_at <= self.clock.now():
            await self._no_offer(heard, entered, "a button", Refusal.OFFER_GONE)
            return
        if offer.place.channel != heard.channel:
            await self._no_offer(heard, entered, "a button", Refusal.NOT_ASKER)
            return
        if offer.user and offer.user != heard.user:
            await self._no_offer(heard, entered, "a button", Refusal.NOT_YOURS)
            return
        match offer.does:
            case ShowDetails(request=request):
                await self._details(heard, entered, request)
            case ShareAnswer():
                await self.reading.sharing.share(heard, entered, offer.key)
            case Confirmed(command=command):
                await self._reconcile(heard, entered, command, offer.key, confirmed=True)
            case _:
                await self.carry(heard, entered, offer.does, offer.key)

    async def carry(self, heard: Heard, entered: Entered, command: Command, offer: str | None) -> None:
        """The one path to an act."""
        match command:
            case Help():
                if not await self.requests.seen(heard.delivery):
                    await self._whisper(heard, await self.helping.answer(entered))
            case Reconcile():
                await self._reconcile(heard, entered, command, offer)
            case ReconcileAll():
                await self._reconcile_all(heard, entered, command, offer)
            case Cancel():
                await self._cancel(heard, entered, command, pressed=offer is not None)
            case Status() | Watch() | History() | Check():
                await self.reading.answer(heard, entered, command)
            case _:
                assert_never(command)

    async def _cancel(self, heard: Heard, entered: Entered, command: Cancel, *, pressed: bool) -> None:
        denied = await self.cancels.run(heard, entered, command, pressed=pressed)
        if denied is not None:
            await self.answering.deny(heard, entered, command.typed, denied, Verb.CANCEL)

    async def _reconcile(
        self, heard: Heard, entered: Entered, command: Reconcile, offer: str | None, *, confirmed: bool = False
    ) -> None:
        early = self.gate.refuse_early(entered, Verb.RECONCILE)
        if early is not None:
            if not await self.requests.seen(heard.delivery):
                await self.answering.deny(heard, entered, command.typed, early, Verb.RECONCILE)
            return
        try:
            found: Resolution | ClusterUnknown = await self.resolve.targets(entered, command)
        except ClusterError as error:
            found = ClusterUnknown(error.cluster, self.resolve.here(entered), str(error))
        if isinstance(found, Resolved):
            await self.reconciling.run(heard, entered, command, found, offer, confirmed=confirmed)
        elif not await self.requests.seen(heard.delivery):
            await self.answering.stopped(heard, entered, command, found)

    async def _reconcile_all(self, heard: Heard, entered: Entered, command: ReconcileAll, offer: str | None) -> None:
        early = self.gate.refuse_early(entered, Verb.RECONCILE, many=True)
        if early is not None:
            if not await self.requests.seen(heard.delivery):
                await self.answering.deny(heard, entered, command.typed, early, Verb.RECONCILE)
            return
        found = self.resolve.cluster(entered, cluster_of(command))
        cluster = self.resolve.clusters.get(found) if isinstance(found, str) else None
        if cluster is not None:
            await self.reconciling_all.run(heard, entered, command, cluster, offer)
        elif not isinstance(found, str) and not await self.requests.seen(heard.delivery):
            await self.answering.stopped(heard, entered, command, found)

    async def _details(self, heard: Heard, entered: Entered, request: str) -> None:
        """What the thread says, to whoever presses: they are in the channel where it stands already."""
        message = self.messages.get(Slot(request, Part.DETAILS))
        if message is None or not isinstance(message.notice, Detailed | BatchDetailed):
            await self._no_offer(heard, entered, "details", Refusal.OFFER_GONE)
        elif not await self.requests.seen(heard.delivery):
            await self._whisper(heard, message.notice)

    async def _no_offer(self, heard: Heard, entered: Entered, what: str, refusal: Refusal) -> None:
        if not await self.requests.seen(heard.delivery):
            await self.refusing.plainly(heard, entered, what, refusal)

    async def _whisper(self, heard: Heard, notice: Notice) -> None:
        await self.answering.whisper(heard, notice)
