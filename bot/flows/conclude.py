"""The end of a request: recorded first, then told in its root, its thread, a mention and the audit channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, assert_never

from bot.core.audit import Entry
from bot.core.audit import Outcome as Result
from bot.core.chain import feeds
from bot.core.channels import Ping
from bot.core.commands import Reconcile
from bot.core.errors import ClusterError
from bot.core.notices import (
    Account,
    Audited,
    Blocked,
    Detailed,
    Mentioned,
    Outcome,
    Part,
    Slot,
    Stop,
    Stopped,
    Track,
)
from bot.core.offers import Button, Offer, Press, ShowDetails
from bot.core.printing import reconcile, target_of
from bot.core.requests import Options, Request
from bot.core.resources import Event, Ref, Snapshot
from bot.core.verdicts import (
    Broken,
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
from bot.flows.gate import Entered, Gate
from bot.flows.investigate import Investigate
from bot.flows.refusals import audit_places
from bot.flows.steps import Ended
from bot.flows.telling import Telling, asked, fine
from bot.ports import Chat, Clock, Clusters, Posted, Requests, Telemetry

OFFERED_FOR: Final = timedelta(hours=24)
"""How long a button under an ended request works."""
MOST_EVENTS: Final = 10


@dataclass(frozen=True, slots=True)
class Conclude:
    """Says how it ended, everywhere it has to be said."""

    gate: Gate
    clusters: Clusters
    chat: Chat
    requests: Requests
    clock: Clock
    telemetry: Telemetry
    investigate: Investigate
    ping_after: timedelta
    new_key: Callable[[], str]

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
        entries = await self._record(request, telling, patched)
        buttons = await self._buttons(request, telling)
        root = Slot(request.id, Part.ROOT)
        self.chat.show(root, request.place, telling.finished(now, buttons))
        self._audit(request, entries)
        if self._pings(entered, telling, sent=any(ended.ask for ended in patched)):
            mention = Mentioned(asked(request), tuple(telling.tracks.values()))
            self.chat.show(Slot(request.id, Part.MENTION), request.place, mention)
        for track in telling.tracks.values():
            self._told(request, track)
        accounts = tuple([await self._account(request, entered, track, last) for track in telling.tracks.values()])
        if any(account.conditions or account.events for account in accounts):
            details = Detailed(asked(request), accounts, now)
            self.chat.show(Slot(request.id, Part.DETAILS), request.place, details)

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
        entries = await self._record(request, telling, patched)
        self.chat.show(Slot(request.id, Part.ROOT), request.place, telling.finished(now, ()))
        self._audit(request, entries)

    # --- the record -----------------------------------------------------------------------------------------------

    async def _record(self, request: Request, telling: Telling, patched: tuple[Ended, ...]) -> tuple[Entry, ...]:
        link = await self._link(request)
        entries = [self._entry(request, ended.step.ref, ended.end, ended, link) for ended in patched if ended.ask]
        recorded = {ended.step.ref for ended in patched if ended.ask}
        ends: list[tuple[Ref, Verdict | None]] = []
        for target, track in telling.tracks.items():
            end = track.outcome.end if track.outcome else None
            ends.append((target, None if isinstance(end, Stopped | Blocked) else end))
            if target not in recorded and end is not None:
                entries.append(self._entry(request, target, end, None, link))
        numbered = await self.requests.end(request.id, tuple(ends), tuple(entries))
        telling.recorded = True
        return numbered

    async def _link(self, request: Request) -> str:
        posted = await self.chat.posted(Slot(request.id, Part.ROOT), self.clock.now())
        return posted.link if isinstance(posted, Posted) else ""

    def _entry(
        self, request: Request, ref: Ref, end: Verdict | Stopped | Blocked, ended: Ended | None, link: str
    ) -> Entry:
        inner = end.verdict if isinstance(end, Overtaken) else end
        was = ended.ask.changed_from if ended and ended.ask else None
        before = was.applied if was else ""
        return Entry(
            at=self.clock.now(),
            request=request.id,
            caller=request.caller,
            place=request.place,
            verb=request.verb,
            object=str(ref),
            options=request.options,
            rule=request.rule,
            outcome=result(end),
            reason=_reason(inner),
            before=before,
            after=ended.now.applied if ended and ended.now else "",
            seconds=ended.took.total_seconds() if ended else None,
            link=link,
        )

    def _audit(self, request: Request, entries: tuple[Entry, ...]) -> None:
        if not entries:
            return
        for place in audit_places(self.gate.allowlist, request.place.channel):
            self.chat.show(Slot(request.id, Part.AUDIT, place.channel), place, Audited(entries))

    # --- what may be pressed --------------------------------------------------------------------------------------

    async def _buttons(self, request: Request, telling: Telling) -> tuple[Button, ...]:
        offers = tuple(self._offers(request, telling))
        await self.requests.offer(offers)
        telling.buttons = tuple(Button(offer.press, offer.key, offer.label) for offer in offers)
        return telling.buttons

    def _offers(self, request: Request, telling: Telling) -> list[Offer]:
        ends = [(track.target, track.outcome) for track in telling.tracks.values() if track.outcome is not None]
        again = tuple(target for target, outcome in ends if _worth_a_retry(outcome))
        as_is = tuple(
            target for target, outcome in ends if isinstance(outcome.end, Blocked) and outcome.end.has_artifact
        )
        fetch = tuple(target for target, outcome in ends if _worth_a_fetch(request.options, outcome))
        offers = []
        if again:
            offers.append(self._offer(request, Press.RETRY, again, request.options))
        if as_is:
            offers.append(self._offer(request, Press.AS_IS, as_is, replace(request.options, with_source=False)))
        if fetch:
            offers.append(self._offer(request, Press.WITH_SOURCE, fetch, replace(request.options, with_source=True)))
        if any(outcome.now is not None and outcome.now.conditions for _, outcome in ends):
            now, details = self.clock.now(), ShowDetails(request.id)
            key = self.new_key()
            offers.append(Offer(key, Press.DETAILS, details, request.place, now, now + OFFERED_FOR, request.id))
        return offers

    def _offer(self, request: Request, press: Press, targets: tuple[Ref, ...], options: Options) -> Offer:
        # Force and reset are asked for anew each time: a button never carries them on.
        command = reconcile_of(targets, replace(options, force=False, reset=False))
        now = self.clock.now()
        return Offer(self.new_key(), press, command, request.place, now, now + OFFERED_FOR, request.id)

    def _pings(self, entered: Entered, telling: Telling, *, sent: bool) -> bool:
        """Who asked for what ended before a patch still looks at the screen, unless that took its time too."""
        ping = entered.channel.ping or self.gate.allowlist.ping
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
        if now is None or cluster is None or ended is None or ended.ask is None:
            return ()
        try:
            events = await cluster.events(now.ref, request.asked_at)
        except ClusterError:
            return ()
        return events[-MOST_EVENTS:]


def reconcile_of(targets: tuple[Ref, ...], options: Options) -> Reconcile:
    """The command that asks for these objects, complete: no default of a channel changes what it means."""
    return reconcile(tuple(map(target_of, targets)), options)


def _worth_a_retry(outcome: Outcome) -> bool:
    end = outcome.end.verdict if isinstance(outcome.end, Overtaken) else outcome.end
    if isinstance(end, Stopped):
        return end.stop in {Stop.UNREACHABLE, Stop.CONTROLLER_DOWN, Stop.CONTROLLER_ABSENT}
    return isinstance(end, Failed | TimedOut | Blocked | Broken | Stalled)


def _worth_a_fetch(options: Options, outcome: Outcome) -> bool:
    if options.with_source or outcome.now is None:
        return False
    end = outcome.end.verdict if isinstance(outcome.end, Overtaken) else outcome.end
    return isinstance(end, Unchanged) and feeds(outcome.now) is not None


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
        case Stopped(stop=stop):
            return stop.value
        case Blocked(verdict=inner):
            return _reason(inner.verdict if isinstance(inner, Overtaken) else inner)
        case Broken(why=why):
            return why
        case _:
            return ""
