"""The scenarios that are recorded from real Flux; each ends up as ``tests/data/recordings/NAME.jsonl``."""

from tests.real.scenarios import (
    helm_failures,
    helm_releases,
    kustomization_failures,
    kustomizations,
    overlaps,
    sources,
    suspends,
)
from tests.real.scenarios.scenario import Scenario

ALL: tuple[Scenario, ...] = (
    *kustomizations.SCENARIOS,
    *kustomization_failures.SCENARIOS,
    *overlaps.SCENARIOS,
    *suspends.SCENARIOS,
    *sources.SCENARIOS,
    *helm_releases.SCENARIOS,
    *helm_failures.SCENARIOS,
)
