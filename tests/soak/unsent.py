"""What may be said of a request that was never sent: the object, as the bot knew it, forbade it."""

from collections.abc import Callable, Mapping

from tests.soak.claims import Claim, Word
from tests.soak.evidence import Evidence, Version
from tests.soak.truth import end_of

CONTROLLERS = {
    "Kustomization": "kustomize-controller",
    "HelmRelease": "helm-controller",
    "GitRepository": "source-controller",
    "OCIRepository": "source-controller",
    "HelmRepository": "source-controller",
    "HelmChart": "source-controller",
}
UNSEEN = "the object was not so, as far as the bot could know"


def why_not(evidence: Evidence, claim: Claim) -> str:
    """Empty when it is true."""
    if claim.word is Word.STOPPED:
        return _stopped(evidence, claim)
    holds = _STATES.get(claim.word)
    if holds is None:
        return f"a request that was not sent cannot have {claim.word.value}"
    return "" if any(map(holds, possible(evidence, claim.key, claim))) else UNSEEN


def possible(evidence: Evidence, key: str, claim: Claim) -> list[Version | None]:
    """Every state in which the bot may have known the object when it looked."""
    cached = evidence.cached(key, claim.asked_at)
    known = evidence.history.at_number(key, cached.number) if cached else None
    since = known.number if known is not None else 0
    later = [each for each in evidence.history.of(key) if each.number >= since and each.at <= claim.told_at]
    return [*later, known]


def _absent(state: Version | None) -> bool:
    return state is None or state.body is None


_STATES: Mapping[Word, Callable[[Version | None], bool]] = {
    Word.GONE: _absent,
    Word.SUSPENDED: lambda state: state is not None and state.suspended,
    Word.DELETING: lambda state: state is not None and state.deleting,
    Word.STATIC: lambda state: state is not None and (state.body or {}).get("spec", {}).get("type") == "oci",
}


def _stopped(evidence: Evidence, claim: Claim) -> str:
    match claim.reason:
        case "CANCELLED":
            true = not any(each.token.endswith(claim.request) for each in evidence.history.of(claim.key))
        case "CYCLE":
            true = _circles(evidence, claim, claim.key, set())
        case "RETRIES_EXHAUSTED":
            true = any(_exhausted(evidence, state) for state in possible(evidence, claim.key, claim))
        case "SOURCE_EMPTY":
            true = any(_empty(state) for state in possible(evidence, claim.on, claim))
        case "CONTROLLER_DOWN":
            controller = f"Deployment/flux-system/{CONTROLLERS[(claim.on or claim.key).partition('/')[0]]}"
            true = any(_scaled_down(state) for state in possible(evidence, controller, claim))
        case "UNREACHABLE" | "REJECTED" | "CREDENTIALS" | "FORBIDDEN":
            true = evidence.disturbed(claim.asked_at - 60, claim.told_at)
        case _:
            true = False
    return "" if true else f"{claim.reason}: {UNSEEN}"


def _circles(evidence: Evidence, claim: Claim, key: str, seen: set[str]) -> bool:
    """Whether an object may have waited for itself, as far as the bot could know."""
    kind, namespace, _ = key.split("/")
    seen.add(key)
    for state in possible(evidence, key, claim):
        for each in ((state.body or {}).get("spec", {}).get("dependsOn") or []) if state is not None else ():
            parent = f"{kind}/{each.get('namespace', namespace)}/{each['name']}"
            if parent == claim.key or (parent not in seen and _circles(evidence, claim, parent, seen)):
                return True
    return False


def _exhausted(evidence: Evidence, state: Version | None) -> bool:
    """Its last run gave up, and nothing about its spec has changed since."""
    if state is None or state.body is None:
        return False
    ended = [
        run
        for run in evidence.runs_of(state.key)
        if run.stalled and (end := end_of(evidence, run)) is not None and end.number <= state.number
    ]
    return bool(ended) and ended[-1].generation == state.generation


def _empty(state: Version | None) -> bool:
    ready = next((each for each in state.conditions if each["type"] == "Ready"), {}) if state is not None else {}
    return state is not None and not state.artifact and ready.get("status") == "False"


def _scaled_down(state: Version | None) -> bool:
    return state is not None and (state.body or {}).get("spec", {}).get("replicas") == 0
