"""The end of a request: recorded first, then told in its root, its thread, a mention and the audit channel."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, assert_never

from bot.core.channels import Allowlist, Ping
from bot.core.errors import ClusterError
from bot.core.notices import Account, Outcome, Part, Slot, Stopped, Track, fine
from bot.core.offers import Press
from bot.core.requests import Request
from bot.core.resources import Event, Snapshot
from bot.core.verdicts import Broken, Failed, Stalled, TimedOut, Unchanged, Verdict, inner
from bot.flows.gate import Entered
from bot.flows.investigate import Investigate
from bot.flows.offering import Offering
from bot.flows.recording import Recording, result
from bot.flows.steps import Ended
from bot.flows.telling import Telling, ended_as
from bot.ports import Chat, Clock, Clusters, Telemetry

MOST_EVENTS: Final = 10
MOST_ACCOUNTS: Final = 10
"""Of so many failed objects of a selection the events are fetched; the others are told without."""


@dataclass(frozen=True, slots=True)
class Conclude:
    """Says how it ended, everywhere it has to be said."""

    recording: Recording
    offering: Offering
    investigate: Investigate
    clusters: Clusters
    chat: Chat
    clock: Clock
    telemetry: Telemetry
    allowlist: Allowlist
    ping_after: timedelta

    async def end(
        self,
        request: Request,
        entered: Entered,
        telling: Telling,
        last: tuple[Ended, ...],
        patched: tuple[Ended, ...],
    ) -> None:
        """Stores the end, then shows it: the root at once, what needs look-ups after it."""
        now = self.clock.now()
        telling.took = now - request.asked_at
        await self.recording.end(request, telling, patched)
        buttons = await self.offering.buttons(request, telling)
        self.chat.show(Slot(request.id, Part.ROOT), request.place, telling.finished(now, buttons))
        tracks = tuple(telling.tracks.values())
        for track in tracks:
            self._told(request, track)
        told = tracks if telling.batch is None else _worst(tracks)
        accounts = tuple(await asyncio.gather(*(self._account(request, entered, track, last) for track in told)))
        if telling.batch is not None or any(account.conditions or account.events for account in accounts):
            self.chat.show(Slot(request.id, Part.DETAILS), request.place, telling.detailed(now, accounts))
        if self._pings(entered, telling, sent=any(ended.ask for ended in patched)):
            mention = telling.mentioned()
            self.chat.show(Slot(request.id, Part.MENTION), request.place, mention)

    def _told(self, request: Request, track: Track) -> None:
        outcome = track.outcome
        if outcome is not None:
            self.telemetry.tell(
                "ended",
                request=request.id,
                verb=request.verb.value,
                object=str(track.target),
                outcome=result(outcome.end).value,
                seconds=outcome.took.total_seconds(),
            )

    def retell(self, request: Request, telling: Telling) -> None:
        """Edits the root of an ended request: Flux went on by itself. What it offered is over."""
        details = tuple(button for button in telling.buttons if button.press is Press.DETAILS)
        self.chat.show(Slot(request.id, Part.ROOT), request.place, telling.finished(self.clock.now(), details))

    async def interrupted(self, request: Request, telling: Telling, patched: tuple[Ended, ...], why: str) -> None:
        """The bot stops or breaks while a request runs: says so, since nobody follows it any more."""
        now = self.clock.now()
        if telling.recorded:
            # It ended just before; only what the thread would have added is lost.
            self.chat.show(Slot(request.id, Part.ROOT), request.place, telling.finished(now, telling.buttons))
            return
        telling.took = now - request.asked_at
        for target, track in telling.tracks.items():
            if track.outcome is None:
                telling.over(target, Outcome(Broken(why), telling.took))
        self.chat.show(Slot(request.id, Part.ROOT), request.place, telling.finished(now, ()))
        await self.recording.end(request, telling, patched, once=True)

    def _pings(self, entered: Entered, telling: Telling, *, sent: bool) -> bool:
        """Who asked for what ended before a patch still looks at the screen, unless that took its time too; and
        whoever cancels knows."""
        if telling.cancelled is not None:
            return False
        ping = self.allowlist.ping_in(entered.channel)
        long = telling.took > self.ping_after
        bad = any(track.outcome is None or not fine(track.outcome.end) for track in telling.tracks.values())
        failed = bad and (sent or long)
        match ping:
            case Ping.NEVER:
                return False
            case Ping.FAILURES:
                return failed
            case Ping.LONG:
                return failed or long
            case Ping.ALWAYS:
                return True
            case _:
                assert_never(ping)

    # --- the thread -----------------------------------------------------------------------------------------------

    async def _account(self, request: Request, entered: Entered, track: Track, last: tuple[Ended, ...]) -> Account:
        outcome = track.outcome
        now = outcome.now if outcome else None
        ended = next((each for each in last if now is not None and each.step.ref == now.ref), None)
        return Account(
            track=track,
            conditions=tuple(
                replace(each, message=self.investigate.veil(entered, track.target, each.message))
                for each in (now.conditions if now else ())
            ),
            events=tuple(
                replace(each, message=self.investigate.veil(entered, track.target, each.message))
                for each in await self._events(request, now, ended)
            ),
            counts=await self.investigate.counts(entered, track.target) if now else None,
        )

    async def _events(self, request: Request, now: Snapshot | None, ended: Ended | None) -> tuple[Event, ...]:
        cluster = self.clusters.get(now.ref.cluster) if now else None
        if now is None or cluster is None or ended is None or ended.ask is None or _nothing_happened(ended.end):
            return ()
        try:
            events = await cluster.events(now.ref, request.asked_at)
        except ClusterError:
            return ()
        return events[-MOST_EVENTS:]


def _nothing_happened(end: Verdict | Stopped) -> bool:
    return not isinstance(end, Stopped) and isinstance(told := inner(end), Unchanged) and not told.warnings


def _worst(tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """The targets of a selection that failed themselves, as many as anybody reads of."""
    failed = (
        each
        for each in tracks
        if each.outcome is not None and isinstance(ended_as(each.outcome.end), Failed | Stalled | TimedOut | Broken)
    )
    return tuple(failed)[:MOST_ACCOUNTS]
