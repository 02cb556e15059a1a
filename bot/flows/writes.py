"""How many patches may be on their way to one cluster at a time, whoever asked for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 16
"""Patches in flight per cluster; the next ones wait for their turn, first come, first served."""


@dataclass(frozen=True, slots=True)
class Writes:
    """Turns to write, shared by all requests of the process."""

    _turns: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def turn(self, cluster: str) -> asyncio.Semaphore:
        """Hold it from just before a patch until its answer."""
        return self._turns.setdefault(cluster, asyncio.Semaphore(MOST))
