"""The answer to `check`: is this cluster, and what the bot may do in it, fit for work?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.core.channels import fits
from bot.core.commands import Check
from bot.core.errors import ClusterError, Forbidden, Rejected
from bot.core.health import Found, Right, Unreadable, findings, rights
from bot.core.kinds import ASKABLE, KINDS, Kind
from bot.core.notices import ClusterUnknown
from bot.core.policy import Denied, Grant, summary
from bot.core.requests import Verb
from bot.core.resources import Snapshot
from bot.core.standing import Checked
from bot.flows.answering import Answering, Obstacle
from bot.flows.gate import Entered, Gate, Heard
from bot.flows.resolve import FLUX_NAMESPACE
from bot.flows.sharing import Sharing
from bot.ports import Cluster, Clusters

SECONDS: Final = 10.0
"""For all look-ups together: each has its own limit, and they are made at once where that is possible."""
_WHY: Final = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Checking:
    """Answers `check`."""

    answering: Answering
    gate: Gate
    clusters: Clusters
    sharing: Sharing

    async def answer(self, heard: Heard, entered: Entered, command: Check) -> None:
        """Whispers what was found, with a button that shares it."""
        if await self.answering.refused(heard, entered, command, Verb.CHECK):
            return
        chosen = self.answering.resolve.cluster(entered, command.cluster)
        if not isinstance(chosen, str):
            await self.answering.stopped(heard, entered, command, chosen)
            return
        decision = self.gate.decide_cluster(entered, Verb.CHECK, chosen)
        if isinstance(decision, Denied):
            await self.answering.deny(heard, entered, f"check {chosen}", decision, Verb.CHECK)
            return
        found = await self._checked(entered, command, chosen)
        if isinstance(found, Checked):
            await self.answering.whisper(heard, await self.sharing.offered(entered, found))
        else:
            await self.answering.stopped(heard, entered, command, found)

    async def _checked(self, entered: Entered, command: Check, name: str) -> Checked | Obstacle:
        cluster, here = self.clusters.get(name), self.answering.resolve.here(entered)
        if cluster is None:
            return ClusterUnknown(name, here)
        try:
            async with self.answering.clock.timeout(SECONDS):
                found = await self._found(entered, cluster)
        except TimeoutError:
            return ClusterUnknown(name, here, f"{name}: not everything was answered within {SECONDS:g} s")
        except ClusterError as error:
            return ClusterUnknown(name, here, str(error))
        return Checked(
            typed=command.typed,
            at=self.answering.clock.now(),
            cluster=name,
            flux_namespace=cluster.flux_namespace,
            default_namespace=entered.channel.default_namespace or FLUX_NAMESPACE,
            findings=findings(found),
            name=entered.caller.name,
            channel=entered.channel.name,
            here=_grants(entered, name),
            clusters=here,
            rules=len(entered.channel.rules),
            read_only=cluster.frozen,
            hidden=found.hidden,
        )

    async def _found(self, entered: Entered, cluster: Cluster) -> Found:
        """Raises ClusterError when the cluster does not answer at all."""
        kubernetes, controllers, served = await asyncio.gather(
            _looked(cluster.version()), _looked(cluster.installed()), _looked(cluster.served())
        )
        kinds = KINDS if isinstance(served, Unreadable) else tuple(kind for kind, _ in served)
        lacking, (objects, hidden, unread) = await asyncio.gather(
            _looked(self._lacking(cluster, kinds)), self._objects(entered, cluster, kinds)
        )
        return Found(
            cluster=cluster.name,
            flux_namespace=cluster.flux_namespace,
            kubernetes=kubernetes,
            controllers=controllers,
            served=served,
            lacking=lacking,
            blind=cluster.trouble(),
            objects=objects,
            unread=unread,
            hidden=hidden,
        )

    async def _lacking(self, cluster: Cluster, kinds: tuple[Kind, ...]) -> tuple[Right, ...]:
        asked = rights(kinds, cluster.flux_namespace, writes=not cluster.frozen)
        allowed = await asyncio.gather(*(cluster.may(right) for right in asked))
        return tuple(right for right, has in zip(asked, allowed, strict=True) if not has)

    async def _objects(
        self, entered: Entered, cluster: Cluster, kinds: tuple[Kind, ...]
    ) -> tuple[tuple[Snapshot, ...], int, tuple[tuple[Kind, Unreadable], ...]]:
        """Those that the asker may see, how many more there are, and the kinds that could not be read."""
        wanted = tuple(kind for kind in ASKABLE if kind in kinds)
        lists = await asyncio.gather(*(_looked(cluster.list(kind)) for kind in wanted))
        everything = [each for found in lists if not isinstance(found, Unreadable) for each in found]
        seen = tuple(each for each in everything if self.gate.sees(entered, each.ref))
        unread = ((kind, found) for kind, found in zip(wanted, lists, strict=True) if isinstance(found, Unreadable))
        return seen, len(everything) - len(seen), tuple(unread)


async def _looked(look: Awaitable[T]) -> T | Unreadable:
    """What was found, or why nothing could be. Raises ClusterError when there was no answer at all."""
    try:
        return await look
    except Forbidden as error:
        return Unreadable(needs=error.missing, why="" if error.missing else str(error)[:_WHY])
    except Rejected as error:
        return Unreadable(why=str(error)[:_WHY])


def _grants(entered: Entered, cluster: str) -> tuple[Grant, ...]:
    grants = summary(entered.channel, entered.caller)
    return tuple(each for each in grants if fits(each.clusters, cluster))
