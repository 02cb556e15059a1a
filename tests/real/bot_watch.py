"""A second watcher: what the cluster itself showed, and when, to measure and to judge the bot by.

It shares no code with the bot: its own client, its own watch, its own reading of an object.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from tests.real.api import REQUESTED, Api, Object, Ref, condition, handled


@dataclass(frozen=True, slots=True)
class Shown:
    """One watch event; ``at`` is its arrival on time.monotonic's clock."""

    at: float
    change: str
    obj: Object

    @property
    def token(self) -> str:
        return str(self.obj["metadata"].get("annotations", {}).get(REQUESTED, ""))

    @property
    def handled(self) -> str:
        return handled(self.obj)

    @property
    def suspended(self) -> bool:
        return bool(self.obj["spec"].get("suspend"))

    @property
    def ready(self) -> str:
        return str(condition(self.obj).get("status", ""))

    @property
    def reason(self) -> str:
        return str(condition(self.obj).get("reason", ""))


@dataclass(slots=True)
class Seen:
    """Everything that a kind's watch showed, in order."""

    shown: list[Shown] = field(default_factory=list)

    def of(self, ref: Ref) -> list[Shown]:
        return [each for each in self.shown if Ref.of(each.obj) == ref]

    def first(self, ref: Ref, holds: Callable[[Shown], bool], *, after: float = 0.0) -> Shown:
        """The first event of that object that fits; the test needs it to exist."""
        return next(each for each in self.of(ref) if each.at >= after and holds(each))


@asynccontextmanager
async def watching(api: Api, kind: str, namespace: str = "") -> AsyncIterator[Seen]:
    """Watches a kind for the length of the block."""
    seen = Seen()
    since = (await api.collect(kind, namespace))["metadata"]["resourceVersion"]
    task = asyncio.create_task(_follow(api, kind, namespace, since, seen))
    try:
        yield seen
    finally:
        ended = task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not ended, "the test's own watch ended early"


async def _follow(api: Api, kind: str, namespace: str, since: str, seen: Seen) -> None:
    async with aclosing(api.watch(kind, namespace, since=since)) as events:
        async for change, obj in events:
            seen.shown.append(Shown(monotonic(), change, obj))
