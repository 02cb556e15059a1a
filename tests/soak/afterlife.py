"""Whether what healed by itself after its failure was told: the promise of a request's afterlife."""

from collections.abc import Iterable, Iterator

from tests.soak.claims import Claim, Word
from tests.soak.evidence import Delivery, Evidence, Route
from tests.soak.oracle import PATIENT, PROMPT, ROUNDED, Wrong
from tests.soak.rules import Sight, decided
from tests.soak.truth import cases

LOOK_UPS = 1.0
"""Seconds between an end and its afterlife."""
FOLLOWED = frozenset({Word.FAILED, Word.TIMED_OUT})


def untold(evidence: Evidence, claims: list[Claim], lasts: float) -> Iterator[Wrong]:
    """Every failure that healed within `lasts` seconds of its request's end, and whose message says nothing of it."""
    for claim in claims:
        if claim.word not in FOLLOWED or claim.healed or claim.cancelled or not claim.token:
            continue
        healed_at = _healed_at(evidence, claim, claim.closed_at + lasts)
        if healed_at is not None and not _told(evidence, claim, claims, healed_at):
            yield Wrong(claim, f"it healed {healed_at - claim.told_at:.1f} s later, and that was not told")


def _healed_at(evidence: Evidence, claim: Claim, until: float) -> float | None:
    """When the bot could know of the first good end since; None if somebody asked anew before."""
    for delivery in evidence.delivered(claim.key, claim.told_at, until - PROMPT):
        if delivery.route is Route.READ or delivery.at <= claim.told_at:
            continue
        found = _good(evidence, claim, delivery)
        if found is not None:
            return delivery.at if found and _followed(evidence, claim, delivery.at) else None
    return None


def _followed(evidence: Evidence, claim: Claim, healed_at: float) -> bool:
    """Whether nobody had asked anew by the time at which the bot could know."""
    patience = PATIENT if evidence.disturbed(healed_at - PATIENT, healed_at + PROMPT) else PROMPT
    # The details of an end are looked up before what comes after it is followed; and that a revision is newer than
    # the one that was fetched is known once the source was seen with it.
    begun = max(healed_at, claim.closed_at) + (patience if claim.fed or patience == PATIENT else LOOK_UPS)
    known = evidence.cached(claim.key, begun)
    state = evidence.history.at_number(claim.key, known.number) if known else None
    return state is not None and state.token == claim.token


def _good(evidence: Evidence, claim: Claim, delivery: Delivery) -> bool | None:
    """Whether the object is well; None while that is open, False when nobody follows it any more."""
    sent = evidence.history.patched(claim.key, claim.token)
    state = evidence.history.at_number(claim.key, delivery.number)
    if sent is None or state is None or state.token != claim.token or state.suspended or state.deleting:
        return False
    sights = [Sight(evidence, claim, case) for case in cases(evidence, claim.token, sent, state, at_a_glance=True)]
    if not all(map(decided, sights)):
        return None
    runs = [sight.case.run for sight in sights]
    if all(run is not None and run.good for run in runs):
        return True
    # What Flux has given up on, or must not run over, heals by somebody's hand: that is followed on by nobody.
    return None if all(run is not None and not run.stalled and run.ready == "False" for run in runs) else False


def _told(evidence: Evidence, claim: Claim, claims: Iterable[Claim], healed_at: float) -> bool:
    patience = PATIENT if evidence.disturbed(healed_at - 5, healed_at + PROMPT) else PROMPT
    by = max(healed_at, claim.closed_at) + patience
    mine = (each for each in claims if each.healed and (each.request, each.key) == (claim.request, claim.key))
    # Whatever is told is held against the truth on its own. A read may tell it before the watch does, and so may who
    # knows a revision for the newest sooner than this can; but another failure told before then is none of it.
    return any(
        claim.told_at <= each.told_at <= by and (each.word not in FOLLOWED or each.told_at >= healed_at - ROUNDED)
        for each in mine
    )
