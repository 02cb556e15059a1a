"""Long loops over what a cluster holds, in steps: others get their turn on the event loop in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

STEP: Final = 200
"""Objects between two turns of others: a few milliseconds of work."""

T = TypeVar("T")


async def in_steps(objects: Iterable[T]) -> AsyncIterator[T]:
    """The same, one by one."""
    for number, each in enumerate(objects, start=1):
        yield each
        if number % STEP == 0:
            await asyncio.sleep(0)
