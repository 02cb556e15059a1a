"""What was true of a request at one state of its object, read from the controllers' journal and not from conditions.

Conditions are used for one thing only: to see how much of a run that had not ended yet was to be seen already.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.soak.evidence import Evidence, Json, Run, Version

EARLY = frozenset({"DependencyNotReady"})
"""Reasons of a run that Flux tries again every half minute, until what it waits for is there."""
SOURCELESS = frozenset({"SourceNotReady", "NoSourceArtifact", "SourceUnavailable", "ArtifactFailed"})
"""Reasons of a run that found nothing to apply."""
REPLACED = frozenset({"HealthCheckCanceled"})
"""Reasons of a run that was cut short for the next one."""


@dataclass(frozen=True, slots=True)
class Case:
    """One object at one state, with the run whose result may be told of it."""

    state: Version
    sent: Version
    """The first state with our token: the patch's own answer."""
    run: Run | None = None
    """The newest run whose result was to be seen, of those since our token, or a later one, was handled."""
    after: Version | None = None
    """The object when that run had written everything."""
    ended: bool = False
    """It had written everything already."""
    going: bool = False
    """A run had begun and was to be seen: that one, or one after it."""


def cases(
    evidence: Evidence, token: str, sent: Version, state: Version, *, at_a_glance: bool = False
) -> tuple[Case, ...]:
    """The case for each run whose result could be told at this state; one without a run where there is none.

    Of the requests that others wrote over ours, `at_a_glance` counts only the one that the state itself shows.
    """
    later = {state.token} if at_a_glance else _later(evidence, sent, state)
    answer = _first(evidence, {token, *later} - {""}, sent, state)
    if answer is None:
        return (Case(state, sent, going=_going(evidence, state) is not None),)
    began = [run for run in evidence.runs_of(state.key) if run.started >= answer.started]
    ended = [run for run in began if (end := end_of(evidence, run)) is not None and end.number <= state.number]
    going = _going(evidence, state)
    found = [Case(state, sent, ended[-1], state, ended=True, going=going is not None)] if ended else []
    if going is not None and going in began:
        if (end := _settled(evidence, going, state)) is not None:
            found.append(Case(state, sent, going, end, going=True))
        elif (failing := _failing(evidence, going, state)) is not None:
            found.append(Case(state, sent, failing, state, going=True))
    return tuple(found) or (Case(state, sent, going=going is not None),)


def end_of(evidence: Evidence, run: Run) -> Version | None:
    """The object as the run left it; None for one that died."""
    if run.ended is None:
        return None
    wrote = list(_writes(evidence, run))
    return wrote[-1] if wrote else evidence.history.at_time(run.key, run.ended)


def _writes(evidence: Evidence, run: Run) -> Iterator[Version]:
    """The states that it wrote: between its start and its end nobody else touches the status."""
    before: Version | None = None
    for each in evidence.history.between(run.key, run.started, run.until):
        if before is not None and before.uid == each.uid and each.at >= run.started and each.status != before.status:
            yield each
        before = each


def _later(evidence: Evidence, sent: Version, state: Version) -> set[str]:
    """What others asked since: any run for it began later than one for ours would have."""
    return {each.token for each in evidence.history.of(state.key) if sent.number < each.number <= state.number}


def _first(evidence: Evidence, tokens: set[str], sent: Version, state: Version) -> Run | None:
    """The first run that handled one of these requests."""
    for run in evidence.runs_of(state.key):
        end = end_of(evidence, run)
        if run.token in tokens and run.answered and end is not None and sent.number <= end.number <= state.number:
            return run
    return None


def _going(evidence: Evidence, state: Version) -> Run | None:
    """The run that had written something by then and had not written its last."""
    for run in reversed(evidence.runs_of(state.key)):
        if run.started > state.at:
            continue
        wrote = [each.number for each in _writes(evidence, run)]
        if not wrote or wrote[0] > state.number:
            continue
        return run if run.ended is None or wrote[-1] > state.number else None
    return None


def _settled(evidence: Evidence, run: Run, state: Version) -> Version | None:
    """The object at the end of a run that has already written its last conditions by then; else None."""
    end = end_of(evidence, run)
    return end if end is not None and _conditions(end) == _conditions(state) else None


def _failing(evidence: Evidence, run: Run, state: Version) -> Run | None:
    """A run whose Helm action has failed, although what is done about that still goes on; as far as it came."""
    now, before = condition(state, "Ready"), evidence.history.at_time(run.key, run.started)
    if not run.key.startswith("HelmRelease/") or now.get("status") != "False" or before is None:
        return None
    if condition(before, "Ready") == now:
        return None
    released = condition(state, "Released")
    failure = str(released["reason"]) if released.get("status") == "False" else ""
    return replace(run, ready="False", stalled=False, reason=str(now["reason"]), failure=failure)


def _conditions(state: Version) -> list[Json]:
    return sorted(state.conditions, key=lambda each: str(each["type"]))


def condition(state: Version, type_: str) -> Json:
    return next((each for each in state.conditions if each["type"] == type_), {})
