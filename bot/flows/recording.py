"""The record of a request's end: entries in the trail, and its line in the audit channels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never

from bot.core.audit import Entry, Result
from bot.core.channels import Allowlist
from bot.core.errors import Settled, StoreError
from bot.core.notices import Audited, Blocked, Part, Slot, Stop, Stopped
from bot.core.requests import Request
from bot.core.resources import Ref
from bot.core.verdicts import (
    Broken,
    Cancelled,
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Skipped,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
)
from bot.flows.refusals import audit_places
from bot.flows.steps import Ended
from bot.flows.telling import Telling, ended_as
from bot.ports import Chat, Clock, Posted, Requests, Telemetry

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=30)
"""Between two tries to store an end."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Writes ends down, and says so where it is read."""

    allowlist: Allowlist
    chat: Chat
    requests: Requests
    clock: Clock
    telemetry: Telemetry

    async def end(
        self, request: Request, telling: Telling, patched: tuple[Ended, ...], *, once: bool = False
    ) -> None:
        """Stores how everything ended, then tells the audit channels: one entry per object, one line per request.
        Nothing is told before it is stored, so this goes on until it is; `once` gives up with StoreError."""
        link = await self._link(request)
        # The sources of what was named first, then as it was named, whichever ended first.
        places = {ref: place for place, ref in enumerate(request.targets)}
        sent = sorted((ended for ended in patched if ended.ask), key=lambda ended: places.get(ended.step.ref, -1))
        entries = [self._entry(request, ended.step.ref, ended.end, ended, link) for ended in sent]
        recorded = {ended.step.ref for ended in sent}
        ends: list[tuple[Ref, Verdict | None]] = []
        for target, track in telling.tracks.items():
            end = track.outcome.end if track.outcome else None
            ends.append((target, None if isinstance(end, Stopped | Blocked) else end))
            if target not in recorded and end is not None:
                entries.append(self._entry(request, target, end, None, link))
        numbered = await self._stored(request, tuple(ends), tuple(entries), once=once)
        telling.recorded = True
        if numbered:
            self._tell(request, numbered)

    async def _stored(
        self,
        request: Request,
        ends: tuple[tuple[Ref, Verdict | None], ...],
        entries: tuple[Entry, ...],
        *,
        once: bool,
    ) -> tuple[Entry, ...]:
        pause = FIRST_PAUSE
        while True:
            try:
                return await self.requests.end(request.id, ends, entries)
            except Settled:
                if pause is FIRST_PAUSE:
                    raise
                # It was stored although the store had not said so; which numbers it gave is not known.
                return entries
            except StoreError as error:
                self.telemetry.tell("store.waiting", request=request.id, why=str(error))
                if once:
                    raise
            await self.clock.sleep(pause.total_seconds())
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _link(self, request: Request) -> str:
        posted = await self.chat.posted(Slot(request.id, Part.ROOT), self.clock.now())
        return posted.link if isinstance(posted, Posted) else ""

    def _entry(
        self, request: Request, ref: Ref, end: Verdict | Stopped | Blocked, ended: Ended | None, link: str
    ) -> Entry:
        was = ended.ask.changed_from if ended and ended.ask else None
        before = was.applied if was else ""
        return Entry(
            at=self.clock.now(),
            request=request.id,
            caller=request.caller,
            place=request.place,
            verb=request.verb,
            object=str(ref),
            ref=ref,
            options=request.options,
            rule=request.rule,
            outcome=result(end),
            reason=_reason(ended_as(end)),
            before=before,
            after=ended.now.applied if ended and ended.now else "",
            seconds=ended.took.total_seconds() if ended else None,
            link=link,
        )

    def _tell(self, request: Request, entries: tuple[Entry, ...]) -> None:
        targets = {str(ref) for ref in request.targets}
        line = Audited(
            tuple(entry for entry in entries if entry.object in targets),
            also=tuple(entry for entry in entries if entry.object not in targets),
        )
        for place in audit_places(self.allowlist, request.place.channel):
            self.chat.show(Slot(request.id, Part.AUDIT, place.channel), place, line)


def result(end: Verdict | Stopped | Blocked) -> Result:  # noqa: C901, PLR0912 - one line per verdict
    """How it ended, in the audit's one word."""
    match end:
        case Succeeded():
            return Result.CHANGED
        case Unchanged():
            return Result.UNCHANGED
        case Failed():
            return Result.FAILED
        case Stalled():
            return Result.STALLED
        case TimedOut():
            return Result.TIMED_OUT
        case Suspended():
            return Result.SUSPENDED
        case Skipped():
            return Result.SKIPPED
        case Gone() | Deleting():
            return Result.GONE
        case Static():
            return Result.STATIC
        case Cancelled() | Stopped(stop=Stop.CANCELLED) | Blocked(verdict=Cancelled() | Stopped(stop=Stop.CANCELLED)):
            return Result.CANCELLED
        case Blocked():
            return Result.BLOCKED
        case Broken() | Stopped():
            return Result.BROKEN
        case Overtaken(verdict=inner):
            return result(inner)
        case _:
            assert_never(end)


def _reason(end: Verdict | Stopped | Blocked) -> str:
    match end:
        case Failed(reason=reason) | Stalled(reason=reason):
            return reason
        case Cancelled(by=name):
            return f"by @{name}; already asked"
        case Stopped(stop=Stop.CANCELLED, text=name) | Blocked(verdict=Cancelled(by=name)):
            return f"by @{name}; not sent"
        case Stopped(stop=Stop.READ_ONLY, text=text) if text:
            return text
        case Stopped(stop=stop):
            return stop.value
        case Blocked(verdict=inner):
            return _reason(ended_as(inner))
        case Broken(why=why):
            return why
        case _:
            return ""
