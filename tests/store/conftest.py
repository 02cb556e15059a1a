"""The stores that the behaviour suites run against: a further implementation is one more row in OPENERS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.clock import Clock
from bot.ports import Messages, Requests, Trail
from bot.store.memory import MemoryMessages, MemoryRequests, MemoryTrail
from tests.fakes.clock import FakeClock


@dataclass(frozen=True, slots=True)
class Store:
    """One implementation of every store port, all on the same state."""

    requests: Requests
    trail: Trail
    messages: Messages


@asynccontextmanager
async def in_memory(clock: Clock) -> AsyncIterator[Store]:
    trail = MemoryTrail()
    yield Store(MemoryRequests(clock, trail), trail, MemoryMessages(clock))


OPENERS: dict[str, Callable[[Clock], AbstractAsyncContextManager[Store]]] = {"memory": in_memory}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=sorted(OPENERS))
async def store(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Store]:
    async with OPENERS[request.param](clock) as opened:
        yield opened
