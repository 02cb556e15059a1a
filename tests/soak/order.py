"""Whether the objects of one request came in order: what `all` asks waits for what is before it in the plan, and what
was never asked names what held it (docs/flux.md, "The order of `all`")."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tests.soak.claims import Claim, Word
from tests.soak.evidence import Evidence, Version
from tests.soak.oracle import Wrong
from tests.soak.truth import cases, condition
from tests.soak.unsent import possible
from tests.soak.waits import needs

WELL = frozenset({Word.SUCCEEDED, Word.UNCHANGED, Word.STATIC})


def disordered(evidence: Evidence, claims: Iterable[Claim]) -> Iterator[Wrong]:
    """Everything that was asked too soon, or is said to be held by what does not hold it."""
    requests: dict[str, dict[str, Claim]] = {}
    for claim in claims:
        if not claim.healed:
            requests.setdefault(claim.request, {})[claim.key] = claim
    for along in requests.values():
        for claim in along.values():
            why = _held(evidence, claim, along) if claim.word is Word.HELD else _too_soon(evidence, claim, along)
            if why:
                yield Wrong(claim, why)


# --- what was never asked -----------------------------------------------------------------------------------------


def _held(evidence: Evidence, claim: Claim, along: Mapping[str, Claim]) -> str:
    if any(each.token.endswith(claim.request) for each in evidence.history.of(claim.key)):
        return "it was asked all the same"
    if claim.on == claim.key or not _reaches(evidence, claim, claim.key, set()):
        return f"it does not wait for {claim.on or 'anything'}"
    before = along.get(claim.on)
    if before is None:
        shut = any(map(_shuts, possible(evidence, claim.on, claim)))
        return "" if shut else f"{claim.on}, which was not asked along, held up nobody"
    if before.word in WELL or _idle(evidence, claim, before):
        return f"{claim.on} held up nobody: it was told as {before.word.value}"
    if before.word is not Word.HELD and claim.reason != before.word.value:
        return f"{claim.on} was told as {before.word.value}, and here as {claim.reason}"
    return ""


def _reaches(evidence: Evidence, claim: Claim, key: str, seen: set[str]) -> bool:
    """Whether it may have waited for what is said to hold it, over however many others, as far as the bot could
    know."""
    seen.add(key)
    for state in possible(evidence, key, claim):
        for each in needs(state):
            if each == claim.on or (each not in seen and _reaches(evidence, claim, each, seen)):
                return True
    return False


def _idle(evidence: Evidence, claim: Claim, before: Claim) -> bool:
    """Whether what is switched off held up nobody: a plan looks at its state alone, a chain of sources ends there."""
    known = possible(evidence, claim.on, claim)
    return claim.batch and before.word is Word.SUSPENDED and all(each is None or _useful(each) for each in known)


def _shuts(state: Version | None) -> bool:
    """Whether a dependency that nobody asks along is not ready; one that a run is busy with may become so."""
    if state is None or state.body is None:
        return True
    return condition(state, "Ready").get("status") in {None, "False"} or (state.suspended and not _ready(state))


# --- what was asked -----------------------------------------------------------------------------------------------


def _too_soon(evidence: Evidence, claim: Claim, along: Mapping[str, Claim]) -> str:
    sent = evidence.history.patched(claim.key, claim.token) if claim.batch and claim.token else None
    if sent is None:
        return ""
    for key in sorted(_parents(evidence, claim, sent) & along.keys()):
        if not _open(evidence, along[key], claim, sent):
            return f"it was asked before {key} had ended well"
    return ""


def _parents(evidence: Evidence, claim: Claim, sent: Version) -> set[str]:
    """What it waits for in every state in which the plan, made when it was asked, may have known it."""
    known = (each for each in possible(evidence, claim.key, claim) if each is not None and each.number <= sent.number)
    found = [set() if each.suspended else set(needs(each, strictly=True)) for each in known]
    return set.intersection(*found) if found else set()


def _open(evidence: Evidence, before: Claim, claim: Claim, sent: Version) -> bool:
    """Whether what is before it had ended well, or is switched off and holds up nobody, when it was patched."""
    asked = evidence.history.patched(before.key, before.token) if before.token else None
    if asked is None:
        known = possible(evidence, before.key, replace(claim, told_at=sent.at))
        return any(each is not None and each.suspended and _useful(each) for each in known)
    return any(
        (each.suspended and _useful(each)) or _ended_well(evidence, before, asked, each)
        for each in evidence.history.of(before.key)
        if asked.number <= each.number < sent.number
    )


def _ended_well(evidence: Evidence, before: Claim, asked: Version, state: Version) -> bool:
    return any(
        case.run is not None and case.run.good and case.run.generation == state.generation
        for case in cases(evidence, before.token, asked, state)
    )


def _useful(state: Version) -> bool:
    return _ready(state) or bool(state.artifact)


def _ready(state: Version) -> bool:
    return condition(state, "Ready").get("status") == "True"
