"""What stands between a question and its answer: the rules, which cluster, which object. For commands that read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never

from bot.core.commands import Check, Command, Help, Status, Watch
from bot.core.notices import Ambiguous, ClusterAsked, ClusterUnknown, Notice, Whisper
from bot.core.offers import Button, Offer, Press
from bot.core.policy import Denied
from bot.core.printing import cluster_of, on_cluster
from bot.core.requests import Verb
from bot.flows.gate import Entered, Gate, Heard
from bot.flows.refusals import Refusing
from bot.flows.resolve import NoSuchCluster, NotAllowed, Resolve, Unclear, WhichCluster
from bot.ports import Chat, Clock, Requests

ASKED_FOR: Final = timedelta(minutes=15)
"""How long the buttons of a question work."""
MOST_CLUSTERS: Final = 20
Question = Status | Watch | Check
"""The commands that read."""
Obstacle = NotAllowed | WhichCluster | NoSuchCluster | Unclear | ClusterUnknown
"""Why a question has no answer yet, or none here."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Whispers, to whoever asked. Reading is not recorded; what is refused is."""

    gate: Gate
    resolve: Resolve
    """For objects of which the asker may read the status."""
    refusing: Refusing
    chat: Chat
    requests: Requests
    clock: Clock
    new_key: Callable[[], str]

    async def whisper(self, heard: Heard, notice: Notice) -> bool:
        return await self.chat.whisper(Whisper(heard.user, heard.channel, heard.reply), notice)

    async def refused(self, heard: Heard, entered: Entered, command: Question, verb: Verb) -> bool:
        """Whether no rule here would ever allow it to this person; they are told."""
        early = self.gate.refuse_early(entered, verb)
        if early is None:
            return False
        await self.deny(heard, entered, command.typed, early, verb)
        return True

    async def deny(self, heard: Heard, entered: Entered, what: str, denied: Denied, verb: Verb) -> None:
        """Says and records that no rule allows it."""
        offer = self.offer(entered, Press.WHAT_MAY_I, Help())
        await self.requests.offer((offer,))
        await self.refusing.by_rules(heard, entered, what, denied, (Button(offer.press, offer.key),), verb)

    async def stopped(self, heard: Heard, entered: Entered, command: Question, found: Obstacle) -> None:
        """Says what stands in the way."""
        match found:
            case NotAllowed(ref=ref, denied=denied):
                await self.deny(heard, entered, f"{command.typed.split()[0]} {ref}", denied, Verb.STATUS)
            case WhichCluster(clusters=clusters):
                await self.whisper(heard, await self._ask_cluster(entered, command, clusters))
            case NoSuchCluster(name=name, known=known):
                if cluster_of(command):
                    await self.refusing.in_vain(entered, command.typed, "this channel has no such cluster")
                await self.whisper(heard, ClusterUnknown(name, known))
            case Unclear(name=name, refs=refs, nearest=nearest):
                await self.whisper(heard, Ambiguous(name, command.typed, refs, nearest))
            case ClusterUnknown():
                await self.whisper(heard, found)
            case _:
                assert_never(found)

    async def _ask_cluster(self, entered: Entered, command: Question, clusters: tuple[str, ...]) -> ClusterAsked:
        offers = tuple(
            self.offer(entered, Press.CLUSTER, on_cluster(command, name), label=name)
            for name in clusters[:MOST_CLUSTERS]
        )
        await self.requests.offer(offers)
        return ClusterAsked(
            command.typed, clusters, tuple(Button(each.press, each.key, each.label) for each in offers)
        )

    def offer(self, entered: Entered, press: Press, does: Command, label: str = "") -> Offer:
        now = self.clock.now()
        return Offer(self.new_key(), press, does, entered.place, now, now + ASKED_FOR, label=label)
