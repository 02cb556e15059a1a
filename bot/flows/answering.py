"""What stands between a command and what it is for: the rules, which cluster, which object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never

from bot.core.commands import Command, Help, Reconcile, ReconcileAll
from bot.core.notices import Ambiguous, ClusterAsked, ClusterUnknown, Notice, Whisper
from bot.core.offers import Button, Offer, Press
from bot.core.policy import Denied
from bot.core.printing import Clustered, cluster_of, on_cluster
from bot.core.requests import Options, Verb
from bot.flows.gate import Entered, Gate, Heard
from bot.flows.refusals import Refusing
from bot.flows.resolve import NoSuchCluster, NotAllowed, Resolve, Unclear, WhichCluster
from bot.ports import Chat, Clock, Requests

ASKED_FOR: Final = timedelta(minutes=15)
"""How long the buttons of a question work."""
MOST_CLUSTERS: Final = 20
Obstacle = NotAllowed | WhichCluster | NoSuchCluster | Unclear | ClusterUnknown
"""Why a command is not carried out yet, or not here."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Whispers, to whoever asked. That somebody reads is not recorded; what is refused is."""

    gate: Gate
    resolve: Resolve
    refusing: Refusing
    chat: Chat
    requests: Requests
    clock: Clock
    new_key: Callable[[], str]

    async def whisper(self, heard: Heard, notice: Notice) -> bool:
        return await self.chat.whisper(Whisper(heard.user, heard.channel, heard.reply), notice)

    async def refused(self, heard: Heard, entered: Entered, command: Clustered, verb: Verb) -> bool:
        """Whether no rule here would ever allow it to this person; they are told."""
        many = isinstance(command, ReconcileAll)
        early = self.gate.refuse_early(entered, verb, many=many)
        if early is None:
            return False
        await self.deny(heard, entered, command.typed, early, verb)
        return True

    async def deny(self, heard: Heard, entered: Entered, what: str, denied: Denied, verb: Verb) -> None:
        """Says and records that no rule allows it."""
        offer = self.offer(entered, Press.WHAT_MAY_I, Help())
        await self.requests.offer((offer,))
        await self.refusing.by_rules(heard, entered, what, denied, (Button(offer.press, offer.key),), verb)

    async def stopped(self, heard: Heard, entered: Entered, command: Clustered, found: Obstacle) -> None:
        """Says what stands in the way."""
        acts = isinstance(command, Reconcile | ReconcileAll)
        match found:
            case NotAllowed(ref=ref, denied=denied):
                verb = Verb.RECONCILE if acts else Verb.STATUS
                word = verb.value if acts else command.typed.split()[0]
                await self.deny(heard, entered, f"{word} {ref}", denied, verb)
            case WhichCluster(clusters=clusters):
                await self.whisper(heard, await self._ask_cluster(entered, command, clusters))
            case NoSuchCluster(name=name, known=known):
                if cluster_of(command):
                    await self.refusing.in_vain(entered, command.typed, "this channel has no such cluster")
                await self.whisper(heard, ClusterUnknown(name, known))
            case Unclear(name=name, refs=refs, nearest=nearest):
                if acts and not refs:
                    await self.refusing.in_vain(entered, command.typed, "nothing of that name that they may touch")
                await self.whisper(heard, Ambiguous(name, command.typed, refs, nearest))
            case ClusterUnknown():
                await self.whisper(heard, found)
            case _:
                assert_never(found)

    async def _ask_cluster(self, entered: Entered, command: Clustered, clusters: tuple[str, ...]) -> ClusterAsked:
        # A button never carries force or reset on, and without them it would not do what was typed.
        options = command.options if isinstance(command, Reconcile | ReconcileAll) else Options()
        most = 0 if options.force or options.reset else MOST_CLUSTERS
        offers = tuple(
            self.offer(entered, Press.CLUSTER, on_cluster(command, name), label=name) for name in clusters[:most]
        )
        await self.requests.offer(offers)
        return ClusterAsked(
            command.typed, clusters, tuple(Button(each.press, each.key, each.label) for each in offers)
        )

    def offer(self, entered: Entered, press: Press, does: Command, label: str = "") -> Offer:
        now = self.clock.now()
        return Offer(self.new_key(), press, does, entered.place, now, now + ASKED_FOR, label=label)
