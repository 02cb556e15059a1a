"""`watch`: one message that is edited on change, until all is ready or the time is over.

Everything is read from what the cluster's own watches show already, so that looking every two seconds asks no API
server for anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bot.core.commands import Selection, Watch
from bot.core.errors import ClusterError
from bot.core.notices import ClusterUnknown, Notice
from bot.core.printing import cluster_of
from bot.core.requests import Options, Request, Verb
from bot.core.resources import Snapshot
from bot.core.standing import (
    Beheld,
    Over,
    Stands,
    Survey,
    Surveyed,
    Unwatched,
    WatchedAlready,
    WatchesFull,
    in_all,
    stands,
)
from bot.flows.answering import Answering, Obstacle
from bot.flows.gate import Entered, Heard
from bot.flows.halt import Halt, Halted
from bot.flows.named import Named
from bot.flows.offering import Offering
from bot.flows.resolve import Resolved
from bot.flows.underway import Underway
from bot.flows.vigils import Beholding, Scope, Vigil, caches_of
from bot.ports import Clusters, Posted, Telemetry, Unpostable
from bot.tasks import Tasks

EVERY: Final = 2.0
"""Seconds between two looks."""
MINE: Final = 3
"""Watches of one person at a time."""
HERE: Final = 5
"""Watches in one channel at a time."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Starts watches and keeps them."""

    answering: Answering
    named: Named
    beholding: Beholding
    clusters: Clusters
    offering: Offering
    underway: Underway
    telemetry: Telemetry
    tasks: Tasks
    """Their owner; a stop of the bot does not wait for them."""
    root_wait: timedelta
    new_id: Callable[[], str]
    _vigils: dict[tuple[str, Scope], Vigil] = field(default_factory=dict)
    """By channel and scope."""

    async def start(self, heard: Heard, entered: Entered, command: Watch) -> None:
        """Answers at once; the watch goes on behind."""
        if await self.answering.refused(heard, entered, command, Verb.STATUS):
            return
        try:
            scope = await self._scope(entered, command)
        except ClusterError as error:
            scope = ClusterUnknown(error.cluster, self.answering.resolve.here(entered), str(error))
        if not isinstance(scope, Scope):
            await self.answering.stopped(heard, entered, command, scope)
            return
        instead = await self._instead(entered, scope)
        if instead is None:
            instead = await self._begin(heard, entered, command, scope)
        if instead is not None:
            await self.answering.whisper(heard, instead)

    async def _scope(self, entered: Entered, command: Watch) -> Scope | Obstacle:
        if isinstance(command.what, Selection):
            chosen = self.answering.resolve.cluster(entered, cluster_of(command))
            if not isinstance(chosen, str):
                return chosen
            patterns = tuple(replace(each, cluster=None) for each in command.what.patterns)
            return Scope(chosen, replace(command.what, patterns=patterns))
        found = await self.named.objects(entered, command.what)
        if not isinstance(found, Resolved):
            return found
        return Scope(found.refs[0].cluster, frozenset(found.refs))

    async def _instead(self, entered: Entered, scope: Scope) -> Notice | None:
        """Why no further watch is begun."""
        running = self._vigils.get((entered.channel.id, scope))
        if running is not None:
            posted = await self.answering.chat.posted(running.slot, self.answering.clock.now())
            link = posted.link if isinstance(posted, Posted) else ""
            return WatchedAlready(running.request.id, running.request.caller.name, link, running.until)
        mine = sum(1 for each in self._vigils.values() if each.request.caller.user == entered.caller.user)
        if mine >= MINE:
            return WatchesFull(MINE, mine=True)
        here = sum(1 for channel, _ in self._vigils if channel == entered.channel.id)
        return WatchesFull(HERE, mine=False) if here >= HERE else None

    async def _begin(self, heard: Heard, entered: Entered, command: Watch, scope: Scope) -> Notice | None:
        """Starts it, or answers why there is nothing to watch."""
        cluster, clock = self.clusters.get(scope.cluster), self.answering.clock
        now, id_ = clock.now(), self.new_id()
        if cluster is None:
            return ClusterUnknown(scope.cluster, self.answering.resolve.here(entered))
        last = Beheld(
            watch=id_,
            user=entered.caller.user,
            name=entered.caller.name,
            typed=command.typed,
            cluster=scope.cluster,
            started_at=now,
            until=now + command.length,
            counts=(),
        )
        request = Request(
            id=id_,
            verb=Verb.STATUS,
            targets=(),
            options=Options(),
            caller=entered.caller,
            place=entered.place,
            typed=command.typed,
            rule="",
            asked_at=now,
            delivery=heard.delivery,
        )
        vigil = Vigil(scope, entered, request, last.until, Halt(), last)
        caches = caches_of(vigil.scope, cluster)
        if caches is None:
            error = f"{scope.cluster}: what the bot's own watches show there cannot be relied on now"
            return ClusterUnknown(scope.cluster, self.answering.resolve.here(entered), error)
        objects = await self.beholding.objects(vigil, caches)
        if isinstance(scope.what, Selection) and scope.what.failing:
            # What fails now must not vanish from sight as soon as it is better.
            objects = tuple(each for each in objects if stands(each) is Stands.FAILING)
            vigil.scope = Scope(scope.cluster, frozenset(each.ref for each in objects))
        if not objects:
            failing = isinstance(scope.what, Selection) and scope.what.failing
            return Surveyed(command.typed, now, (Survey(scope.cluster),), failing)
        vigil.request = replace(request, targets=tuple(each.ref for each in objects))
        await self._show_first(heard, vigil, (entered.channel.id, scope), objects)
        return None

    async def _show_first(
        self, heard: Heard, vigil: Vigil, key: tuple[str, Scope], objects: tuple[Snapshot, ...]
    ) -> None:
        self._vigils[key] = vigil
        started = False
        try:
            buttons = await self.offering.while_running(vigil.request)
            vigil.last = await self.beholding.beheld(vigil, objects, last=replace(vigil.last, buttons=buttons))
            over = self._over(vigil, vigil.last.started_at)
            chat, clock = self.answering.chat, self.answering.clock
            first = vigil.last if over is None else self._ended(vigil, over, timedelta(0))
            chat.show(vigil.slot, vigil.entered.place, first)
            posted = await chat.posted(vigil.slot, clock.now() + self.root_wait)
            if isinstance(posted, Unpostable):
                await self.answering.refusing.unpostable(heard, vigil.entered, vigil.request.typed, posted.code)
            elif over is None:
                self.telemetry.tell("watch_started", request=vigil.request.id, objects=len(objects))
                self.tasks.start(self._watch(key, vigil), name=f"{vigil.request.id} watch")
                started = True
        finally:
            if not started:
                del self._vigils[key]

    # --- While it goes on -----------------------------------------------------------------------------------------

    async def _watch(self, key: tuple[str, Scope], vigil: Vigil) -> None:
        over, by = Over.BROKE, ""
        try:
            with self.telemetry.about(vigil.request.id), self.underway.open(vigil.request, vigil.halt):
                over = await self._until_over(vigil)
        except Halted as halted:
            over, by = Over.CANCELLED, halted.by.name
        except asyncio.CancelledError:
            over = Over.STOPPED
            raise
        finally:
            del self._vigils[key]
            self._end(vigil, over, by)

    async def _until_over(self, vigil: Vigil) -> Over:
        clock = self.answering.clock
        async with vigil.halt.cuts():
            while (over := self._over(vigil, clock.now())) is None:
                await clock.sleep(min(EVERY, max((vigil.until - clock.now()).total_seconds(), 0.0)))
                await self._look(vigil)
        return over

    def _over(self, vigil: Vigil, now: datetime) -> Over | None:
        failing, suspended, reconciling, ready = in_all(vigil.last.counts)
        if not failing and not reconciling:
            return Over.READY if suspended or ready else Over.GONE
        return Over.TIME if now >= vigil.until else None

    async def _look(self, vigil: Vigil) -> None:
        """Shows what has changed since the last look; nothing where nothing has."""
        cluster = self.clusters.get(vigil.scope.cluster)
        caches = caches_of(vigil.scope, cluster) if cluster is not None else None
        if caches is None:
            seen = replace(vigil.last, blind=True)
        elif tuple(cache.changes for cache in caches) == vigil.changes and not vigil.last.blind:
            return
        else:
            objects = await self.beholding.objects(vigil, caches)
            seen = await self.beholding.beheld(vigil, objects, last=vigil.last)
        if seen != vigil.last:
            vigil.last = seen
            if self._over(vigil, self.answering.clock.now()) is None:
                self.answering.chat.show(vigil.slot, vigil.entered.place, seen)

    def _end(self, vigil: Vigil, over: Over, by: str) -> None:
        took = self.answering.clock.now() - vigil.last.started_at
        self.answering.chat.show(vigil.slot, vigil.entered.place, self._ended(vigil, over, took, by))
        why, seconds = over.name.lower(), took.total_seconds()
        self.telemetry.tell("watch_over", request=vigil.request.id, why=why, seconds=seconds)

    def _ended(self, vigil: Vigil, over: Over, took: timedelta, by: str = "") -> Unwatched:
        return Unwatched(replace(vigil.last, buttons=()), over, took, by)
