"""A second watcher: what the cluster itself showed, and when, to measure and to judge the bot by.

It shares no code with the bot: its own client, its own watch, its own reading of an object.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from tests.real.api import REQUESTED, Api, Object, Ref, condition, handled

MARK = "example.com/mark"


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
    def waits_for_health(self) -> bool:
        return condition(self.obj, "Healthy").get("status") == "Unknown"

    @property
    def reason(self) -> str:
        return str(condition(self.obj).get("reason", ""))


@dataclass(slots=True)
class Seen:
    """Everything that a kind's watch showed, in order."""

    shown: list[Shown] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, shown: Shown) -> None:
        self.shown.append(shown)
        self._more.set()
        self._more = asyncio.Event()

    def of(self, ref: Ref) -> list[Shown]:
        return [each for each in self.shown if Ref.of(each.obj) == ref]

    async def until(self, ref: Ref, holds: Callable[[Shown], bool], *, seconds: float = 40) -> Shown:
        """The first event of that object that fits, from now or from earlier."""
        async with asyncio.timeout(seconds):
            while True:
                more = self._more
                found = next((each for each in self.of(ref) if holds(each)), None)
                if found is not None:
                    return found
                await more.wait()


async def caught_up(api: Api, seen: Seen, ref: Ref) -> None:
    """Returns once the watch has shown all that the cluster holds now: it shows a mark that is made for that."""
    mark = secrets.token_hex(4)
    await api.annotate(ref, **{MARK: mark})
    await seen.until(ref, lambda shown: shown.obj["metadata"].get("annotations", {}).get(MARK) == mark)


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
            seen.add(Shown(monotonic(), change, obj))
