"""The answer to `status`: how a selection stands in one cluster or in all, or named objects in full."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.core.commands import Selection, Status, Target
from bot.core.errors import ClusterError
from bot.core.notices import ClusterUnknown
from bot.core.printing import cluster_of
from bot.core.requests import Verb
from bot.core.standing import Portrayed, Surveyed
from bot.flows.answering import Answering, Obstacle
from bot.flows.gate import Entered, Heard
from bot.flows.named import Named
from bot.flows.portraits import Portraying
from bot.flows.resolve import Resolved, WhichCluster
from bot.flows.sharing import Sharing
from bot.flows.surveys import Surveying

ALONE: Final = 5.0
"""Seconds that one cluster may take."""
AMONG: Final = 2.5
"""Seconds that each of several may take: who asks for all must not wait for a dead one."""


@dataclass(frozen=True, slots=True)
class Reporting:
    """Answers `status`."""

    answering: Answering
    named: Named
    surveying: Surveying
    portraying: Portraying
    sharing: Sharing

    async def answer(self, heard: Heard, entered: Entered, command: Status) -> None:
        """Whispers how it stands, with a button that shares it."""
        if await self.answering.refused(heard, entered, command, Verb.STATUS):
            return
        what = command.what
        found = await (
            self._surveyed(entered, command, what)
            if isinstance(what, Selection)
            else self._portrayed(entered, command, what)
        )
        if isinstance(found, Portrayed) and all(each.now is None for each in found.portraits):
            # There is nothing to share.
            await self.answering.whisper(heard, found)
        elif isinstance(found, Surveyed | Portrayed):
            await self.answering.whisper(heard, await self.sharing.offered(entered, found))
        else:
            await self.answering.stopped(heard, entered, command, found)

    async def _surveyed(self, entered: Entered, command: Status, selection: Selection) -> Surveyed | Obstacle:
        resolve = self.answering.resolve
        chosen = resolve.cluster(entered, cluster_of(command))
        names: tuple[str, ...]
        if isinstance(chosen, str):
            names = (chosen,)
        elif isinstance(chosen, WhichCluster):
            names = chosen.clusters
        else:
            return chosen
        seconds = ALONE if len(names) == 1 else AMONG
        surveys = await asyncio.gather(*(self.surveying.survey(entered, name, selection, seconds) for name in names))
        if len(surveys) == 1 and surveys[0].error:
            return ClusterUnknown(names[0], resolve.here(entered), surveys[0].error)
        return Surveyed(command.typed, self.answering.clock.now(), tuple(surveys), selection.failing)

    async def _portrayed(
        self, entered: Entered, command: Status, targets: tuple[Target, ...]
    ) -> Portrayed | Obstacle:
        try:
            found = await self.named.objects(entered, targets)
            if not isinstance(found, Resolved):
                return found
            portraits = await asyncio.gather(*(self.portraying.portrait(entered, ref) for ref in found.refs))
        except ClusterError as error:
            return ClusterUnknown(error.cluster, self.answering.resolve.here(entered), str(error))
        return Portrayed(command.typed, self.answering.clock.now(), tuple(portraits))
