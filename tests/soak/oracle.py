"""Holds what the bot said against what happened, and names every difference.

It shares no code with the bot: see `rules` for the table, `truth` for how a run is found that a claim may speak of.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from tests.soak.claims import Claim, Word
from tests.soak.evidence import Delivery, Evidence, Route, Version
from tests.soak.rules import INSTANT, REVISION_GRACE, Sight, broken, decided, held_back
from tests.soak.truth import SOURCELESS, cases
from tests.soak.unsent import why_not

PROMPT = 8.0
"""Seconds in which a decided request must be told when nothing is broken."""
GLIMPSE = 1.0
"""Seconds that an end must stand to be sure of it, where no token tells that its run has written everything."""
ROUNDED = 1e-6
"""Seconds by which what the bot noted may be too early: its stamps are whole microseconds."""
LAST_LOOK = 2.0
"""Seconds before its deadline in which what decides a request may still be looked at."""
PATIENT = 60.0
"""The same while calls to the API server fail: look-ups on the way to a verdict have time limits of their own."""
BEHIND = 45.0
"""Seconds that a watch may take to come back by itself, its longest pause included."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One claim that was not true, or was not made in time."""

    claim: Claim
    why: str


def judge_claims(evidence: Evidence, claims: Iterable[Claim]) -> list[Wrong]:
    """Every wrong claim."""
    found = ((claim, _wrong(evidence, claim)) for claim in claims)
    return [Wrong(claim, why) for claim, why in found if why]


def _wrong(evidence: Evidence, claim: Claim) -> str:
    if claim.word is Word.HELD:
        return ""  # see tests.soak.order, which holds it against what is said of the other
    if not claim.token:
        return why_not(evidence, claim)
    if claim.word is Word.STOPPED:
        return _stopped(evidence, claim)
    sent = evidence.history.patched(claim.key, claim.token)
    if claim.word is Word.BROKEN:
        return _broken(evidence, claim, sent)
    if sent is None:
        return _never_sent(evidence, claim)
    if claim.word is Word.CANCELLED:
        return _late(evidence, claim, sent, PROMPT)
    sights = list(_sights(evidence, claim, sent))
    if claim.word is Word.TIMED_OUT:
        return _late(evidence, claim, sent, LAST_LOOK) or _timed_out(evidence, claim, sent)
    return _untrue(sights) or ("" if claim.healed else _late(evidence, claim, sent, PROMPT))


def _untrue(sights: list[Sight]) -> str:
    """Empty if the claim is true at any state that it may have been read from; else what speaks against the last."""
    rules = [broken(sight) for sight in sights]
    if not rules:
        return "nothing of the object had reached the bot since the patch"
    if None in rules:
        return ""
    last = rules[-1]
    assert last is not None
    return f"{last.name} ({last.why})"


def _sights(evidence: Evidence, claim: Claim, sent: Version) -> Iterator[Sight]:
    """The claim held against every state that the bot may have judged."""
    if claim.number is not None and claim.word is not Word.GONE:
        exact = evidence.history.at_number(claim.key, claim.number)
        if exact is not None:
            yield from _at(evidence, claim, sent, exact, _held_since(evidence, claim, sent))
        return
    since = _held_since(evidence, claim, sent)
    for delivery in _known(evidence, claim, sent):
        state = evidence.history.at_number(claim.key, delivery.number)
        if state is not None:
            yield from _at(evidence, claim, sent, state, since)


def _at(
    evidence: Evidence, claim: Claim, sent: Version, state: Version, since: float, *, at_a_glance: bool = False
) -> Iterator[Sight]:
    for case in cases(evidence, claim.token, sent, state, at_a_glance=at_a_glance):
        yield Sight(evidence, claim, case, since)


def _known(evidence: Evidence, claim: Claim, sent: Version) -> list[Delivery]:
    """What reached the bot of the object since its patch, until it spoke."""
    found = evidence.delivered(claim.key, sent.at, claim.told_at + ROUNDED)
    return [each for each in found if each.number >= sent.number]


def _held_since(evidence: Evidence, claim: Claim, sent: Version) -> float:
    """Since when, without a break, all that the bot knew was a run without a source."""
    since = claim.told_at
    for delivery in reversed(_known(evidence, claim, sent)):
        state = evidence.history.at_number(claim.key, delivery.number)
        found = cases(evidence, claim.token, sent, state) if state is not None else ()
        if not any(case.run is not None and case.run.reason in SOURCELESS for case in found):
            break
        since = delivery.at
    return since


def _late(evidence: Evidence, claim: Claim, sent: Version, prompt: float) -> str:
    """Whether there was nothing to wait for any more so many seconds before it spoke."""
    watched = [each for each in _known(evidence, claim, sent) if each.route is not Route.READ]
    for delivery, after in zip_longest(watched, watched[1:]):
        if not _decided(evidence, claim, sent, delivery):
            continue
        if after is not None and after.at < delivery.at + GLIMPSE and not _decided(evidence, claim, sent, after):
            continue
        slack = PATIENT if evidence.disturbed(delivery.at - 5, claim.told_at) else prompt
        late = claim.told_at - delivery.at
        return f"it was decided {late:.1f} s before it was told" if late > slack else ""
    return ""


def _decided(evidence: Evidence, claim: Claim, sent: Version, delivery: Delivery) -> bool:
    state = evidence.history.at_number(claim.key, delivery.number)
    sights = _at(evidence, claim, sent, state, delivery.at, at_a_glance=True) if state is not None else ()
    return state is not None and all(decided(sight) for sight in sights)


def _timed_out(evidence: Evidence, claim: Claim, sent: Version) -> str:
    known = _known(evidence, claim, sent)
    if claim.told_at < claim.deadline - INSTANT:
        return _gave_up_early(evidence, claim, sent, known)
    seen = max((each.number for each in known), default=0)
    unseen = [
        each
        for each in evidence.history.of(claim.key)
        if each.number > max(seen, sent.number) and each.at < claim.told_at - BEHIND
    ]
    if unseen and not evidence.disturbed(unseen[0].at - BEHIND, claim.told_at):
        return f"nothing kept the bot from seeing number {unseen[0].number}"
    return ""


def _gave_up_early(evidence: Evidence, claim: Claim, sent: Version, known: list[Delivery]) -> str:
    """Before its deadline a request is only given up on an older revision that has stood for a minute."""
    since = claim.told_at
    for delivery in reversed(known):
        state = evidence.history.at_number(claim.key, delivery.number)
        if state is None or not any(held_back(sight) for sight in _at(evidence, claim, sent, state, delivery.at)):
            break
        since = delivery.at
    if claim.told_at - since >= REVISION_GRACE - INSTANT:
        return ""
    return "its deadline had not come"


def _broken(evidence: Evidence, claim: Claim, sent: Version | None) -> str:
    # Of many, when each of them was known is not told: only when all were.
    since = min(claim.asked_at, claim.told_at - PATIENT) if claim.batch else claim.told_at - PATIENT
    if not evidence.disturbed(since, claim.told_at):
        return "nothing was broken"
    if sent is not None and "did not reach" in claim.reason:
        return "the request did reach the cluster"
    return ""


def _stopped(evidence: Evidence, claim: Claim) -> str:
    """The server refused the patch, or could not be asked."""
    if evidence.history.patched(claim.key, claim.token) is not None:
        return "the request did reach the cluster"
    return why_not(evidence, claim)


def _never_sent(evidence: Evidence, claim: Claim) -> str:
    """A patch that met no object: it went away between the look and the patch."""
    if claim.word is Word.GONE:
        return why_not(evidence, replace(claim, token=""))
    return "no object ever had its token"
