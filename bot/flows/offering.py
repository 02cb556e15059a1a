"""What may be pressed under a request, stored before it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.core.chain import feeds
from bot.core.commands import MAX_TARGETS, Reconcile, ReconcileAll, Selection
from bot.core.notices import Blocked, Outcome, Stop, Stopped
from bot.core.offers import Button, Offer, Press, ShowDetails
from bot.core.printing import cancel, reconcile, reconcile_all, target_of
from bot.core.requests import Options, Request
from bot.core.resources import Ref
from bot.core.verdicts import Broken, Failed, Stalled, TimedOut, Unchanged
from bot.flows.telling import Telling, cut_short, ended_as
from bot.ports import Clock, Requests

OFFERED_FOR: Final = timedelta(hours=24)
"""How long a button under an ended request works."""


@dataclass(frozen=True, slots=True)
class Offering:
    """Makes the buttons of a root."""

    requests: Requests
    clock: Clock
    new_key: Callable[[], str]

    async def buttons(self, request: Request, telling: Telling) -> tuple[Button, ...]:
        """Stores what each button would do and answers the buttons."""
        offers = tuple(self._offers(request, telling))
        await self.requests.offer(offers)
        telling.buttons = tuple(Button(offer.press, offer.key, offer.label) for offer in offers)
        return telling.buttons

    async def while_running(self, request: Request) -> tuple[Button, ...]:
        """What stands under the root from its first post to its end. It may be pressed again, and does no more."""
        now = self.clock.now()
        key, ends_at = self.new_key(), now + OFFERED_FOR
        offer = Offer(key, Press.CANCEL, cancel(request.id), request.place, now, ends_at, request.id)
        await self.requests.offer((offer,))
        return (Button(offer.press, offer.key),)

    def _offers(self, request: Request, telling: Telling) -> list[Offer]:
        ends = [(track.target, track.outcome) for track in telling.tracks.values() if track.outcome is not None]
        again = tuple(target for target, outcome in ends if _worth_a_retry(request.options, outcome))
        as_is = tuple(
            target for target, outcome in ends if isinstance(outcome.end, Blocked) and outcome.end.has_artifact
        )
        fetch = tuple(target for target, outcome in ends if _worth_a_fetch(request.options, outcome))
        if telling.batch is not None:
            as_is = fetch = ()
        offers = []
        if again and telling.selection is not None:
            command = _again(telling.selection, again, request.options)
            offers.append(self._made(request, Press.RETRY, command, label="Retry failed"))
        elif again:
            offers.append(self._offer(request, Press.RETRY, again, request.options))
        if as_is:
            offers.append(self._offer(request, Press.AS_IS, as_is, replace(request.options, with_source=False)))
        if fetch:
            offers.append(self._offer(request, Press.WITH_SOURCE, fetch, replace(request.options, with_source=True)))
        if any(outcome.now is not None and outcome.now.conditions for _, outcome in ends):
            now, key = self.clock.now(), self.new_key()
            details = ShowDetails(request.id)
            offers.append(Offer(key, Press.DETAILS, details, request.place, now, now + OFFERED_FOR, request.id))
        return offers

    def _offer(self, request: Request, press: Press, targets: tuple[Ref, ...], options: Options) -> Offer:
        # Force and reset are asked for anew each time: a button never carries them on.
        return self._made(request, press, reconcile_of(targets, replace(options, force=False, reset=False)))

    def _made(self, request: Request, press: Press, command: Reconcile | ReconcileAll, label: str = "") -> Offer:
        now = self.clock.now()
        return Offer(self.new_key(), press, command, request.place, now, now + OFFERED_FOR, request.id, label)


def reconcile_of(targets: tuple[Ref, ...], options: Options) -> Reconcile:
    """The command that asks for these objects, complete: no default of a channel changes what it means."""
    return reconcile(tuple(map(target_of, targets)), options)


def _again(selection: Selection, targets: tuple[Ref, ...], options: Options) -> ReconcileAll:
    """The same order for what did not end well: these objects, or, where they are more than a command may name,
    whatever of the selection fails then."""
    if len(targets) > MAX_TARGETS:
        return reconcile_all(replace(selection, failing=True), options)
    return reconcile_all(Selection(tuple(map(target_of, targets))), options)


def _worth_a_retry(options: Options, outcome: Outcome) -> bool:
    end = ended_as(outcome.end)
    if cut_short(end):
        return True
    if isinstance(end, Stopped):
        return end.stop in {Stop.UNREACHABLE, Stop.CONTROLLER_DOWN, Stop.CONTROLLER_ABSENT, Stop.NOT_RECORDED}
    # Flux asks nothing more of a release out of retries until something of it changes, and preflight says so.
    if isinstance(end, Stalled) and end.reason == "RetriesExceeded":
        return options.with_source
    return isinstance(end, Failed | TimedOut | Blocked | Broken | Stalled)


def _worth_a_fetch(options: Options, outcome: Outcome) -> bool:
    if options.with_source or outcome.now is None:
        return False
    end = ended_as(outcome.end)
    return isinstance(end, Unchanged) and feeds(outcome.now) is not None
