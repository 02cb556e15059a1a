"""What a request's messages say at each moment: its tracks, put together from what the engine reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.commands import Selection
from bot.core.notices import (
    Account,
    Asked,
    Batch,
    BatchDetailed,
    BatchFinished,
    BatchMentioned,
    BatchRunning,
    Blocked,
    Detailed,
    Finished,
    Going,
    Healed,
    Mentioned,
    Outcome,
    Running,
    Stage,
    Stop,
    Stopped,
    Track,
)
from bot.core.offers import Button
from bot.core.requests import Caller, Request, Step
from bot.core.resources import Ref, Snapshot
from bot.core.verdicts import (
    Cancelled,
    Deleting,
    Gone,
    Pending,
    Static,
    Succeeded,
    Suspended,
    Unchanged,
    Verdict,
    Why,
    inner,
)
from bot.flows.steps import Ended, Waiting


def asked(request: Request) -> Asked:
    """The part of a request that its messages repeat."""
    caller = request.caller
    return Asked(request.id, caller.user, caller.name, request.typed, request.asked_at, request.options)


def ended_as(end: Verdict | Stopped | Blocked) -> Verdict | Stopped | Blocked:
    """The end itself, whether the run that reached it was asked for by us or by whoever overtook us."""
    return end if isinstance(end, Stopped | Blocked) else inner(end)


def good(end: Verdict | Stopped | Blocked) -> bool:
    """Whether what comes after it may go on: it applied, found nothing to do, or has nothing to reconcile."""
    return isinstance(ended_as(end), Succeeded | Unchanged | Static)


def cut_short(end: Verdict | Stopped | Blocked) -> bool:
    """Whether somebody cancelled before it came to an end of its own."""
    match end:
        case Blocked(verdict=before):
            return cut_short(before)
        case Stopped(stop=stop):
            return stop is Stop.CANCELLED
        case _:
            return isinstance(end, Cancelled)


@dataclass(slots=True)
class Telling:
    """The tracks of one request. Mutable, owned by its flow."""

    request: Request
    tracks: dict[Ref, Track] = field(default_factory=dict)
    took: timedelta = timedelta(0)
    """Until the first verdict on every target."""
    buttons: tuple[Button, ...] = ()
    recorded: bool = False
    """The end stands in the audit trail."""
    cancelled: Caller | None = None
    """Who stopped it before all of it was over."""
    while_running: tuple[Button, ...] = ()
    """Under the root until the end."""
    batch: Batch | None = None
    """Set where the targets were selected, not named."""
    selection: Selection | None = None
    """By which."""

    @property
    def asked(self) -> Asked:
        """The part of the request that each of its messages repeats."""
        return replace(asked(self.request), cancelled=self.cancelled)

    def plan(self, target: Ref, steps: Iterable[Step]) -> None:
        stages = tuple(Stage(step.ref, step.role, Going.WAITING) for step in steps)
        self.tracks[target] = Track(target, stages)

    def began(self, target: Ref, ref: Ref) -> None:
        self._stage(target, ref, lambda stage: replace(stage, going=Going.RUNNING))

    def waits(self, target: Ref, ref: Ref, waiting: Waiting) -> bool:
        """Takes a report in; whether it says anything new."""
        before = self.tracks[target]
        self._stage(
            target,
            ref,
            lambda stage: replace(stage, going=Going.RUNNING, pending=_newer(stage.pending, waiting.pending)),
        )
        if waiting.controller is not None:
            self.tracks[target] = replace(self.tracks[target], slow=waiting.controller)
        return self.tracks[target] != before

    def ended(self, target: Ref, ended: Ended) -> None:
        unasked = ended.ask is None and isinstance(ended.end, Suspended | Gone | Deleting)
        unsent = isinstance(ended.end, Stopped) and cut_short(ended.end)
        asleep = unasked or unsent or isinstance(ended_as(ended.end), Static)
        going = Going.SKIPPED if asleep else Going.DONE if good(ended.end) else Going.FAILED
        verdict = None if isinstance(ended.end, Stopped) else ended.end
        before = ended.ask.changed_from.applied if ended.ask and ended.ask.changed_from else ""
        after = ended.now.applied if ended.now else ""
        seconds = ended.took.total_seconds()
        self._stage(
            target,
            ended.step.ref,
            lambda stage: replace(
                stage, going=going, pending=None, verdict=verdict, before=before, after=after, seconds=seconds
            ),
        )

    def over(self, target: Ref, outcome: Outcome) -> None:
        self.tracks[target] = replace(self.tracks[target], outcome=outcome, slow=None)

    def healed(self, target: Ref, verdict: Verdict, now: Snapshot | None, after: timedelta) -> None:
        outcome = self.tracks[target].outcome
        if outcome is not None:
            newer = replace(outcome, healed=Healed(verdict, after), now=now or outcome.now)
            self.tracks[target] = replace(self.tracks[target], outcome=newer)

    def running(self, at: datetime) -> Running | BatchRunning:
        if self.batch is not None:
            return BatchRunning(self.asked, self.batch, tuple(self.tracks.values()), at, self.while_running)
        return Running(self.asked, tuple(self.tracks.values()), at, self.while_running)

    def finished(self, at: datetime, buttons: tuple[Button, ...]) -> Finished | BatchFinished:
        if self.batch is not None:
            tracks = tuple(self.tracks.values())
            return BatchFinished(self.asked, self.batch, tracks, at, self.took, buttons)
        return Finished(self.asked, tuple(self.tracks.values()), at, self.took, buttons)

    def detailed(self, at: datetime, accounts: tuple[Account, ...]) -> Detailed | BatchDetailed:
        if self.batch is not None:
            tracks = tuple(self.tracks.values())
            return BatchDetailed(self.asked, self.batch, tracks, accounts, at, self.took)
        return Detailed(self.asked, accounts, at)

    def mentioned(self) -> Mentioned | BatchMentioned:
        tracks = tuple(self.tracks.values())
        if self.batch is not None:
            return BatchMentioned(self.asked, self.batch, tracks, self.took)
        return Mentioned(self.asked, tracks)

    def _stage(self, target: Ref, ref: Ref, change: Callable[[Stage], Stage]) -> None:
        track = self.tracks[target]
        stages = tuple(change(stage) if stage.ref == ref else stage for stage in track.stages)
        self.tracks[target] = replace(track, stages=stages)


def _newer(before: Pending | None, now: Pending) -> Pending:
    """What to show: a run writes its conditions before its token, and between these two it only looks unasked."""
    return before if before is not None and before.why is Why.RUNNING and now.why is Why.QUEUED else now
