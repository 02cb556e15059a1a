"""Which objects a request reaches on its way to its target, in order (docs/flux.md, "With source")."""

from __future__ import annotations

from typing import Final

from bot.core.explain import Known, Needs
from bot.core.kinds import (
    ARTIFACT_GENERATOR,
    EXTERNAL_ARTIFACT,
    GIT_REPOSITORY,
    HELM_CHART,
    HELM_RELEASE,
    IMAGE_POLICY,
    KUSTOMIZATION,
)
from bot.core.requests import Role, Step
from bot.core.resources import Absent, Ref, Snapshot

MAX_STEPS: Final = 12
"""More included repositories than anybody has; a hostile graph must not cost patches without end."""


def chain(target: Snapshot, known: Known) -> tuple[Step, ...] | Needs:
    """The steps of a reconcile with source, the target last; Needs while an object must be looked up first.

    What nothing reconciles (a HelmRepository of type oci, an ExternalArtifact) is no step: its maker is, where there
    is one. What could not be read is a step all the same, so that its own preflight says what is wrong.
    """
    before = _before(target, known, {target.ref}, target.ref)
    if isinstance(before, Needs):
        return before
    return (*before, Step(target.ref, Role.OBJECT, target.ref))


def alone(target: Ref) -> tuple[Step, ...]:
    """The only step of a reconcile without source."""
    return (Step(target, Role.OBJECT, target),)


def _before(of: Snapshot, known: Known, seen: set[Ref], serves: Ref) -> tuple[Step, ...] | Needs:
    steps: list[Step] = []
    # The nearest ones first: where a graph is too large, what lies furthest from the target is left out.
    near = [ref for ref in _parents(of) if ref not in seen][: MAX_STEPS - len(seen)]
    seen.update(near)
    for ref in near:
        if ref not in known:
            return Needs(ref)
        found = known[ref]
        if isinstance(found, Absent) and ref == of.chart:
            continue  # the template's chart is made by the run that we are about to ask for
        if isinstance(found, Snapshot):
            deeper = _before(found, known, seen, serves)
            if isinstance(deeper, Needs):
                return deeper
            steps.extend(deeper)
            if found.static or ref.kind.static:
                continue
        steps.append(Step(ref, Role.CHART if ref.kind == HELM_CHART else Role.SOURCE, serves))
    return tuple(steps)


def _parents(of: Snapshot) -> tuple[Ref, ...]:
    kind = of.ref.kind
    if kind == HELM_RELEASE:
        refs = (of.source, of.chart)
    elif kind in {KUSTOMIZATION, HELM_CHART, IMAGE_POLICY, EXTERNAL_ARTIFACT}:
        refs = (of.source, None)
    elif kind in {GIT_REPOSITORY, ARTIFACT_GENERATOR}:
        return of.includes
    else:
        return ()
    return tuple(ref for ref in refs if ref is not None)


def feeds(of: Snapshot) -> Ref | None:
    """The object whose artifact `of` applies: a HelmRelease's chart, else its source."""
    return of.chart or of.source
