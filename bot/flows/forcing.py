"""The question before a force: what it would do, to what, and a button for the one person who asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.core.chain import alone
from bot.core.commands import Reconcile
from bot.core.errors import ClusterError
from bot.core.notices import ClusterUnknown, Forceable, ForceAsked
from bot.core.offers import Button, Confirmed, Offer, Press
from bot.core.resources import Ref, Snapshot
from bot.flows.gate import Entered
from bot.flows.offering import reconcile_of
from bot.flows.preflight import Preflight
from bot.ports import Clock, Clusters, Requests

CONFIRM_WITHIN: Final = timedelta(minutes=2)
"""How long the second press may take."""


@dataclass(frozen=True, slots=True)
class Forcing:
    """Asks whether a force is meant."""

    clusters: Clusters
    requests: Requests
    clock: Clock
    new_key: Callable[[], str]

    async def question(
        self, entered: Entered, command: Reconcile, refs: tuple[Ref, ...]
    ) -> ForceAsked | ClusterUnknown | None:
        """One question for all releases, its button stored. None: nothing would be sent to any of them as they stand,
        so there is nothing to be asked, and the request itself tells why."""
        try:
            releases = tuple([await self._look(ref, command) for ref in refs])
        except ClusterError as error:
            known = entered.channel.clusters_among(self.clusters.names())
            return ClusterUnknown(error.cluster, known, str(error))
        if all(each.hindered for each in releases):
            return None
        now = self.clock.now()
        # What is confirmed is what was named in the question, however names resolve by then.
        meant = replace(reconcile_of(refs, command.options), typed=command.typed)
        offer = Offer(
            key=self.new_key(),
            press=Press.FORCE,
            does=Confirmed(meant),
            place=entered.place,
            made_at=now,
            ends_at=now + CONFIRM_WITHIN,
            user=entered.caller.user,
        )
        await self.requests.offer((offer,))
        return ForceAsked(command.typed, releases, command.options, CONFIRM_WITHIN, (Button(offer.press, offer.key),))

    async def _look(self, ref: Ref, command: Reconcile) -> Forceable:
        cluster = self.clusters.get(ref.cluster)
        if cluster is None:
            return Forceable(ref, None, hindered=True)
        found = await cluster.get(ref)
        stop = await Preflight(cluster).check(command.options, alone(ref)[0], found)
        return Forceable(ref, found if isinstance(found, Snapshot) else None, hindered=stop is not None)
