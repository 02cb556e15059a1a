"""The oracle's table: for each thing that can be said, all that must hold for it to be true, and why.

The rules are those of docs/flux.md, written down a second time over the controllers' journal. Nothing here is taken
from the bot.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.soak.claims import Claim, Word
from tests.soak.evidence import Evidence, Run, Version
from tests.soak.signature import differs, newest_release, revision_of
from tests.soak.truth import EARLY, REPLACED, SOURCELESS, Case, end_of
from tests.soak.waits import settled

SOURCE_GRACE = 45.0
REVISION_GRACE = 60.0
BLOCKED_GRACE = 10.0
LATE = 8.0
"""Seconds that the bot may take to see what a source has."""
INSTANT = 0.01
"""Seconds by which timers may be early."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A claim held against one case."""

    evidence: Evidence
    claim: Claim
    case: Case
    since: float = 0.0
    """Since when the bot had known the state."""

    @property
    def run(self) -> Run:
        assert self.case.run is not None
        return self.case.run


@dataclass(frozen=True, slots=True)
class Rule:
    """`name` completes "it is not true, since …"."""

    name: str
    why: str
    holds: Callable[[Sight], bool]


def _awake(sight: Sight) -> bool:
    return not sight.case.state.suspended


def _there(sight: Sight) -> bool:
    state = sight.case.state
    return state.body is not None and not state.deleting and state.uid == sight.case.sent.uid


def _handled(sight: Sight) -> bool:
    return sight.case.run is not None


def _whose(sight: Sight) -> bool:
    """Whoever asked for the run that is told: ours has no name. Of a run that still goes nobody can know it."""
    asker = "" if sight.run.token == sight.claim.token else sight.run.token
    return sight.claim.by == asker or not sight.case.ended


def _well(sight: Sight) -> bool:
    return sight.run.good


def _current(sight: Sight) -> bool:
    return sight.run.generation == sight.case.state.generation


def _fed(sight: Sight) -> bool:
    claim = sight.claim
    return not claim.fed or not older(sight.evidence, claim, sight.run)


def _changed(sight: Sight) -> bool:
    return any(differs(before, _after(sight)) for before in baselines(sight.evidence, sight.claim, sight.case))


def _unchanged(sight: Sight) -> bool:
    return any(not differs(before, _after(sight)) for before in baselines(sight.evidence, sight.claim, sight.case))


def _told_revision(sight: Sight) -> bool:
    return sight.claim.revision in {"", revision_of(_after(sight))}


def _force(sight: Sight) -> bool:
    claim = sight.claim
    unseen = claim.by and sight.evidence.disturbed(sight.case.sent.at, claim.told_at)
    if not claim.forced or claim.healed or unseen:
        return True
    since = [run for run in sight.evidence.runs_of(claim.key) if run.started >= sight.case.sent.at]
    forced = [run for run in since if run.forced and run.token == claim.token]
    if any(run.ended is not None for run in forced):
        return not claim.force_lost
    if forced:
        return True  # it died before it had written down what it made, so nobody can know of it
    # A release that was made or tried since for another reason is what a force would have made.
    return claim.force_lost or any(run.released or _acted(sight.evidence, run) for run in since)


def _acted(evidence: Evidence, run: Run) -> bool:
    """Whether a Helm action left its row in it, however that ended."""
    before, after = evidence.history.at_time(run.key, run.started), end_of(evidence, run)
    return before is not None and after is not None and newest_release(before) != newest_release(after)


def _after(sight: Sight) -> Version:
    assert sight.case.after is not None
    return sight.case.after


def _badly(sight: Sight) -> bool:
    run = sight.run
    return run.ready == "False" and not run.stalled and not run.suspended and run.reason not in REPLACED


def _reason(sight: Sight) -> bool:
    return sight.claim.reason in {sight.run.reason, sight.run.failure}


def _waited(sight: Sight) -> bool:
    """A run that waits for something is no failure until patience ends, or what it waits for cannot come."""
    run, claim = sight.run, sight.claim
    if run.reason not in EARLY | SOURCELESS or claim.told_at >= claim.deadline - INSTANT or claim.healed:
        return True
    if run.reason in SOURCELESS and (_no_wait(run) or claim.told_at >= sight.since + SOURCE_GRACE - INSTANT):
        return True
    return settled(sight.evidence, claim.key, claim.told_at, BLOCKED_GRACE)


def _no_wait(run: Run) -> bool:
    """An artifact that was there and could not be used: nothing will come by waiting."""
    return run.reason == "ArtifactFailed" and bool(run.used)


def _given_up(sight: Sight) -> bool:
    return sight.run.stalled and not sight.run.suspended


HANDLED = (
    Rule("the object is gone or going", "rows 1 and 2 come before all others", _there),
    Rule("it is suspended", "row 4: a suspended object handles tokens and does nothing", _awake),
    Rule("no run had read the token and ended", "only the token tells that a run began after the request", _handled),
    Rule("it was another's token", "a run of somebody else's request is told as such, and only as such", _whose),
)
LOST = Rule("the force was carried out, or not", "a force that was swallowed must be told", _force)
GOOD = (
    *HANDLED,
    Rule("the run did not end well", "Ready of an older run says nothing", _well),
    Rule("the spec was newer than the run", "rows 13 and 14", _current),
    Rule("the run used an older revision than was fetched for it", "row 17", _fed),
    LOST,
    Rule("another revision runs", "what is told as running must be what that run left", _told_revision),
)
RULES: dict[Word, tuple[Rule, ...]] = {
    Word.SUCCEEDED: (*GOOD, Rule("nothing had changed", "row 18", _changed)),
    Word.UNCHANGED: (*GOOD, Rule("something had changed", "row 18", _unchanged)),
    Word.FAILED: (
        *HANDLED,
        Rule("the run did not end badly", "rows 10 to 12", _badly),
        Rule("it was another reason", "the cause of a failure is what people act on", _reason),
        LOST,
        Rule("what it waited for could still come", "rows 10 and 11, and the settled cause", _waited),
    ),
    Word.STALLED: (*HANDLED, Rule("Flux had not given up", "row 7", _given_up), LOST),
    Word.SUSPENDED: (HANDLED[0], Rule("it is not suspended", "row 4", lambda sight: not _awake(sight))),
    Word.GONE: (
        Rule(
            "it is there",
            "row 1; another object of its name is not the one that was asked",
            lambda sight: sight.case.state.body is None or sight.case.state.uid != sight.case.sent.uid,
        ),
    ),
    Word.DELETING: (Rule("it is not being deleted", "row 2", lambda sight: sight.case.state.deleting),),
}


def broken(sight: Sight) -> Rule | None:
    """The first rule that the claim breaks at this state; None when it is true."""
    return next((rule for rule in RULES[sight.claim.word] if not rule.holds(sight)), None)


# --- whether something had to be said -----------------------------------------------------------------------------


def decided(sight: Sight) -> bool:
    """Whether a state leaves nothing to wait for, so that the request must end with it."""
    case = sight.case
    if case.state.body is None or case.state.deleting or case.state.suspended or case.state.uid != case.sent.uid:
        return True
    if case.run is None or case.going:
        return False
    run = case.run
    if run.stalled and not run.suspended:
        return True
    if run.good:
        return _current(sight) and _newest(sight)
    return _badly(sight) and (run.reason not in EARLY | SOURCELESS or _no_wait(run))


def _newest(sight: Sight) -> bool:
    """Whether a run used what was fetched for it, or what its source has: nobody can know of what lies between."""
    claim = sight.claim
    if not claim.fed or sight.run.used == claim.fed:
        return True
    at = sight.case.state.at
    states = sight.evidence.history.between(claim.feeder, at, at + LATE)
    return {each.artifact for each in states} == {sight.run.used}


def held_back(sight: Sight) -> bool:
    """A run that ended well on another revision than was fetched for it, and than its source has: told after a minute
    (row 17). That it is newer than what was fetched nobody can know."""
    case = sight.case
    return case.run is not None and case.run.good and not (_fed(sight) and _newest(sight))


# --- what a run used and changed ----------------------------------------------------------------------------------


def older(evidence: Evidence, claim: Claim, run: Run) -> bool:
    """Whether a run used a revision that its source had before the one that was fetched for it."""
    seen: list[str] = []
    for each in evidence.history.of(claim.feeder):
        if each.artifact and (not seen or seen[-1] != each.artifact):
            seen.append(each.artifact)
    if run.used == claim.fed or run.used not in seen or claim.fed not in seen:
        return run.used != claim.fed
    return max(place for place, each in enumerate(seen) if each == run.used) < seen.index(claim.fed)


def baselines(evidence: Evidence, claim: Claim, case: Case) -> list[Version]:
    """What a change may have been measured against: the patch's own answer, or any state since the request came.

    Where another object was asked first, or the answer was lost, the bot has it from its watch, which may be late.
    """
    lost = evidence.disturbed(case.sent.at - 15, case.sent.at + 15, "patches")
    if not (claim.chained or claim.healed or lost):
        return [case.sent]
    known = evidence.cached(claim.key, claim.asked_at)
    first = known.number if known else 0
    return [each for each in evidence.history.of(claim.key) if first <= each.number <= case.sent.number]
