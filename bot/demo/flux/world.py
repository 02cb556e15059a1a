"""What all controllers share: the API server, the outside world, the clock, chance, and the journal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from bot.demo.flux.api import Api
from bot.demo.flux.artifacts import Artifacts
from bot.demo.flux.helm import HelmStorage
from bot.demo.flux.journal import Journal
from bot.demo.flux.knobs import Knobs
from bot.demo.flux.origins import Origins


@dataclass(frozen=True, slots=True)
class World:
    """Outlives every restart of a controller: what is stored here lies in the cluster or outside of it."""

    api: Api
    origins: Origins
    knobs: Knobs
    now: Callable[[], datetime]
    random: Random
    journal: Journal
    artifacts: Artifacts = field(default_factory=Artifacts)
    releases: HelmStorage = field(default_factory=HelmStorage)

    def varied(self, seconds: float) -> float:
        """The same length, give or take the share that the knobs allow."""
        share = self.knobs.jitter
        return seconds * (1 + self.random.uniform(-share, share)) if share else seconds
