"""What a run of the benchmark was asked to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.bench.arena import Arena, simulated
from tests.bench.rival import POLL


class Plane(Protocol):
    """A real control plane that is up."""

    def arena(self, place: Path) -> AbstractAsyncContextManager[Arena]: ...


@dataclass(frozen=True, slots=True)
class Options:
    """`small`: sizes that only show that a measure works. `plane`: the real thing; None for the simulators."""

    small: bool = False
    plane: Plane | None = None

    def size(self, whole: int, small: int) -> int:
        return small if self.small else whole

    def seconds(self, whole: float, small: float) -> float:
        return small if self.small else whole

    @property
    def poll(self) -> float:
        """Seconds between two polls of the client like the flux CLI."""
        return self.seconds(POLL, 0.1)

    @asynccontextmanager
    async def arena(self, place: Path, workers: int = 4) -> AsyncIterator[Arena]:
        """A cluster with Flux. `workers` of each simulated controller; real ones have Flux's own four."""
        made = simulated(place, workers) if self.plane is None else self.plane.arena(place)
        async with made as arena:
            yield arena
