"""Whether what an object waits for has failed for good, as far as waiting goes (docs/flux.md, "A settled cause")."""

from collections.abc import Iterator

from tests.soak.evidence import Evidence, Json, Version
from tests.soak.truth import EARLY, condition

BEHIND = 3.0
"""Seconds that the bot's watches may be late."""
LOOKS = 5.0
"""Seconds between two looks at what a request waits for."""


def settled(evidence: Evidence, key: str, told_at: float, grace: float) -> bool:
    """Whether something below it was bad at the first look of the grace period, and at the last."""
    first = told_at - grace
    return _bad_within(evidence, key, first - LOOKS - BEHIND, first + BEHIND) and _bad_within(
        evidence, key, told_at - BEHIND, told_at
    )


def _bad_within(evidence: Evidence, key: str, since: float, until: float) -> bool:
    moments = {since, until}
    for below in _everything_below(evidence, key, until, set()):
        moments.update(each.at for each in evidence.history.between(below, since, until) if each.at >= since)
    return any(_bad_below(evidence, key, moment, {key}) for moment in sorted(moments))


def _everything_below(evidence: Evidence, key: str, at: float, seen: set[str]) -> Iterator[str]:
    for below in needs(evidence.history.at_time(key, at)):
        if below not in seen:
            seen.add(below)
            yield below
            yield from _everything_below(evidence, below, at, seen)


def _bad_below(evidence: Evidence, key: str, at: float, seen: set[str]) -> bool:
    for below in needs(evidence.history.at_time(key, at)):
        if below in seen or _bad(evidence, below, at):
            return True
        if _bad_below(evidence, below, at, seen | {below}):
            return True
    return False


def _bad(evidence: Evidence, key: str, at: float) -> bool:
    state = evidence.history.at_time(key, at)
    if state is None or state.body is None or state.suspended:
        return True
    ready = condition(state, "Ready")
    return ready.get("status") == "False" and ready["reason"] not in EARLY


def needs(state: Version | None, *, strictly: bool = False) -> Iterator[str]:
    """The objects that an object needs before it can do anything; `strictly`: without those that an expression of
    its own may find good enough whatever they are."""
    if state is None or state.body is None:
        return
    kind, namespace, name = state.key.split("/")
    spec: Json = state.body["spec"]
    for each in spec.get("dependsOn") or []:
        if strictly and each.get("readyExpr"):
            continue
        yield f"{kind}/{each.get('namespace', namespace)}/{each['name']}"
    template = (spec.get("chart") or {}).get("spec") if isinstance(spec.get("chart"), dict) else None
    if template:
        yield f"HelmChart/{template['sourceRef'].get('namespace', namespace)}/{namespace}-{name}"
    ref = spec.get("sourceRef") or spec.get("chartRef") or (template or {}).get("sourceRef")
    if ref:
        yield f"{ref['kind']}/{ref.get('namespace', namespace)}/{ref['name']}"
