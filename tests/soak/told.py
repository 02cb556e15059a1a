"""What the bot told, taken from what it showed, stored and logged: claims for the oracle, and whether it told each
thing once."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from bot.core.audit import Entry, Result
from bot.core.chain import feeds
from bot.core.notices import (
    Audited,
    BatchFinished,
    BatchRunning,
    Blocked,
    Finished,
    Outcome,
    Part,
    Running,
    Slot,
    Stage,
    Stopped,
    Track,
)
from bot.core.requests import Ask, Role
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
    Warn,
)
from tests.fakes.chat import Shown
from tests.soak.claims import Claim, Word
from tests.soak.clock import seconds

AUDITED = {
    Word.SUCCEEDED: Result.CHANGED,
    Word.UNCHANGED: Result.UNCHANGED,
    Word.FAILED: Result.FAILED,
    Word.STALLED: Result.STALLED,
    Word.SUSPENDED: Result.SUSPENDED,
    Word.GONE: Result.GONE,
    Word.DELETING: Result.GONE,
    Word.STATIC: Result.STATIC,
    Word.TIMED_OUT: Result.TIMED_OUT,
    Word.BROKEN: Result.BROKEN,
    Word.STOPPED: Result.BROKEN,
    Word.CANCELLED: Result.CANCELLED,
    Word.HELD: Result.BLOCKED,
}
End = Finished | BatchFinished
Root = Running | BatchRunning | End
CHARTS = frozenset({"HelmChart", "OCIRepository"})
"""What a release takes its chart from; the repository before a chart has revisions of another form."""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that was said of one request."""

    request: str
    typed_at: float
    shown: tuple[Shown, ...]
    asks: tuple[Ask, ...]
    followed: dict[tuple[str, str], float]
    """By token and object, as targets asked at one moment share a token: when its step ended."""

    def roots(self) -> list[Root]:
        found = (each.notice for each in self.shown if each.slot == Slot(self.request, Part.ROOT))
        return [each for each in found if isinstance(each, Running | BatchRunning | Finished | BatchFinished)]

    def ends(self) -> list[End]:
        return [each for each in self.roots() if isinstance(each, Finished | BatchFinished)]


def key_of(ref: Ref) -> str:
    return f"{ref.kind.name}/{ref.namespace}/{ref.name}"


def claims_of(told: Told) -> list[Claim]:
    """One for each step that ended, then one for each later edit."""
    ends = told.ends()
    if not ends:
        return []
    found = {(claim.key, claim.token): claim for track in ends[0].tracks for claim in _steps(told, track, ends[0])}
    return [*found.values(), *_edits(told, ends)]


def _steps(told: Told, track: Track, end: End) -> Iterator[Claim]:
    before: Stage | None = None
    asked_at = seconds(end.asked.at)
    for stage in track.stages:
        final = stage.role is Role.OBJECT
        outcome = track.outcome if final else None
        said = outcome.end if outcome is not None else stage.verdict
        if said is None:
            continue
        until = asked_at + (outcome.took.total_seconds() if outcome is not None else end.took.total_seconds())
        if isinstance(end, BatchFinished):
            until = asked_at + end.took.total_seconds()
        bare = Claim(told.request, key_of(stage.ref), Word.GONE, until, asked_at=told.typed_at)
        bare = replace(bare, closed_at=seconds(end.at), cancelled=end.asked.cancelled is not None)
        bare = replace(bare, batch=isinstance(end, BatchFinished))
        if isinstance(said, Blocked):
            on = key_of(said.by) if said.by is not None else ""
            yield replace(bare, word=Word.HELD, reason=_claim(bare, said.verdict).word.value, on=on)
            continue
        claim = _claim(bare, said)
        claim = _measured(told, claim, stage, before)
        if final and outcome is not None and outcome.now is not None:
            claim = replace(claim, number=int(outcome.now.version))
        yield claim
        before = stage


def _measured(told: Told, claim: Claim, stage: Stage, before: Stage | None) -> Claim:
    """With what was sent, when its end was known, and what the step before it had fetched."""
    ask = next((each for each in told.asks if each.ref == stage.ref), None)
    if ask is None:
        return claim
    claim = replace(
        claim,
        forced=ask.force,
        token=ask.token,
        deadline=seconds(ask.deadline),
        told_at=told.followed.get((ask.token, str(ask.ref)), claim.told_at),
        revision=claim.revision or stage.after,
    )
    claim = replace(claim, chained=before is not None or ask.baseline is not None)
    feeder = feeds(ask.before) if ask.before is not None else None
    if before is None and ask.wanted is not None and feeder is not None:
        return replace(claim, feeder=key_of(feeder), fed=ask.wanted)
    if before is None or (claim.key.startswith("HelmRelease") and before.ref.kind.name not in CHARTS):
        return claim
    return replace(claim, feeder=key_of(before.ref), fed=before.after)


def _edits(told: Told, ends: list[End]) -> Iterator[Claim]:
    """What was told of Flux's own retries, each change of it once."""
    seen: set[tuple[Ref, object]] = set()
    for end in ends[1:]:
        for track in end.tracks:
            healed = track.outcome.healed if track.outcome is not None else None
            if track.outcome is None or healed is None or (track.target, healed) in seen:
                continue
            seen.add((track.target, healed))
            yield from _edit(told, track, track.outcome, healed.verdict, end)


def _edit(told: Told, track: Track, outcome: Outcome, verdict: Verdict, end: End) -> Iterator[Claim]:
    # A target that was never asked, since its source failed, is edited for its source's sake.
    ref = track.target if not isinstance(outcome.end, Blocked) else outcome.end.by
    ask = next((each for each in told.asks if each.ref == ref), None)
    if ref is None or ask is None or outcome.now is None:
        return
    at = seconds(end.at)
    claim = Claim(told.request, key_of(ref), Word.GONE, at, token=ask.token, deadline=at, healed=True)
    claim = replace(claim, asked_at=told.typed_at, number=int(outcome.now.version))
    yield _claim(claim, verdict)


def _claim(claim: Claim, said: Verdict | Stopped) -> Claim:  # noqa: C901, PLR0912 - one line per verdict
    match said:
        case Overtaken(by=by, verdict=inner):
            return replace(_claim(claim, inner), by=by)
        case Succeeded(change=change, warnings=warnings):
            lost = Warn.FORCE_LOST in warnings
            return replace(claim, word=Word.SUCCEEDED, revision=change.after, force_lost=lost)
        case Unchanged(revision=revision, warnings=warnings):
            lost = Warn.FORCE_LOST in warnings
            return replace(claim, word=Word.UNCHANGED, revision=revision, force_lost=lost)
        case Failed(reason=reason, warnings=warnings):
            return replace(claim, word=Word.FAILED, reason=reason, force_lost=Warn.FORCE_LOST in warnings)
        case Stalled(reason=reason, warnings=warnings):
            return replace(claim, word=Word.STALLED, reason=reason, force_lost=Warn.FORCE_LOST in warnings)
        case Cancelled():
            return replace(claim, word=Word.CANCELLED)
        case Suspended():
            return replace(claim, word=Word.SUSPENDED)
        case Gone():
            return replace(claim, word=Word.GONE)
        case Deleting():
            return replace(claim, word=Word.DELETING)
        case Static():
            return replace(claim, word=Word.STATIC)
        case TimedOut(pending=pending):
            return replace(claim, word=Word.TIMED_OUT, reason=pending.why.name)
        case Broken(why=why):
            return replace(claim, word=Word.BROKEN, reason=why)
        case Stopped(stop=stop, on=on):
            return replace(claim, word=Word.STOPPED, reason=stop.name, on=key_of(on) if on is not None else "")
        case Skipped():
            return replace(claim, word=Word.STOPPED, reason="SKIPPED")
        case _:
            assert_never(said)


# --- each thing once ----------------------------------------------------------------------------------------------


def untidy(told: Told, entries: list[Entry], sent: Callable[[str, str], bool]) -> Iterator[str]:
    """What was said too often, too late, never, or otherwise in the audit trail.

    `entries` are the request's own; `sent` knows whether a token ever reached its object.
    """
    roots = told.roots()
    first_end = next((place for place, each in enumerate(roots) if isinstance(each, Finished | BatchFinished)), None)
    if first_end is None:
        yield "its root never ended"
        return
    if any(isinstance(each, Running | BatchRunning) for each in roots[first_end:]):
        yield "its root ran again after its end"
    if any(track.outcome is None for track in told.ends()[0].tracks):
        yield "a target has no end"
    if any(isinstance(end, Broken) and "the bot" in end.why for end in _outcomes(told)):
        yield "the bot broke"
    audited = Counter(entry.object for entry in entries)
    yield from (f"{thing} has {count} audit entries" for thing, count in audited.items() if count != 1)
    yield from _audited_otherwise(told, entries)
    missing = {str(ask.ref) for ask in told.asks if sent(key_of(ask.ref), ask.token)}
    missing |= {str(track.target) for track in told.ends()[0].tracks}
    yield from (f"{thing} has no audit entry" for thing in sorted(missing - set(audited)))
    yield from _shown_twice(told)


def _audited_otherwise(told: Told, entries: list[Entry]) -> Iterator[str]:
    said = {claim.key: claim.word for claim in claims_of(told) if not claim.healed}
    for entry in entries:
        word = said.get(_audited_key(told, entry.object))
        if word is not None and entry.outcome not in {AUDITED[word], _unsent(word, told)}:
            yield f"{entry.object} was told as {word.value} and written down as {entry.outcome.value}"


def _unsent(word: Word, told: Told) -> Result:
    """What was not sent may be so since somebody cancelled."""
    cancelled = word in {Word.STOPPED, Word.HELD} and told.ends()[0].asked.cancelled is not None
    return Result.CANCELLED if cancelled else AUDITED[word]


def _audited_key(told: Told, printed: str) -> str:
    refs = [track.target for track in told.ends()[0].tracks] + [ask.ref for ask in told.asks]
    return next((key_of(ref) for ref in refs if str(ref) == printed), "")


def _outcomes(told: Told) -> Iterator[object]:
    return (track.outcome.end for end in told.ends() for track in end.tracks if track.outcome is not None)


def _shown_twice(told: Told) -> Iterator[str]:
    parts = Counter(each.slot for each in told.shown if each.slot.part in {Part.AUDIT, Part.MENTION})
    yield from (f"{slot.part.value} was shown {count} times" for slot, count in parts.items() if count > 1)
    audited = [each for each in told.shown if isinstance(each.notice, Audited)]
    if not audited:
        yield "the audit channel was told nothing"
