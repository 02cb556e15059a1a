"""A cluster that holds what the test puts in and does what the test says."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from bot.core.errors import BotError, Rejected
from bot.core.health import Right
from bot.core.kinds import KINDS, Kind
from bot.core.requests import Ask
from bot.core.resources import Absent, Controller, Event, Ref, Snapshot, Tokens
from bot.ports import Blind, Cached, Cluster, Quiet, Sighting
from tests.fakes.clock import FakeClock

Answer = Callable[[Ask, Snapshot], Snapshot]
"""What a controller makes of the object as it stands, once it was asked."""

Asks = list[Ask]

_INSTALLED = ("helm-controller", "kustomize-controller", "notification-controller", "source-controller")


class FakeFollow:
    """What one follower has not read yet."""

    def __init__(self, clock: FakeClock, first: Sighting) -> None:
        self._clock = clock
        self._waiting: deque[Sighting | Blind] = deque([first])
        self._arrived = asyncio.Event()
        self.gap = False

    def push(self, thing: Sighting | Blind) -> None:
        if isinstance(thing, Sighting) and self.gap:
            thing, self.gap = replace(thing, gap=True), False
        self._waiting.append(thing)
        self._arrived.set()

    async def next(self, until: datetime) -> Sighting | Blind | Quiet:
        if not self._waiting:
            self._arrived.clear()
            try:
                async with self._clock.timeout((until - self._clock.now()).total_seconds()):
                    await self._arrived.wait()
            except TimeoutError:
                return Quiet()
        return self._waiting.popleft()


class FakeCluster:
    """Objects, and what happens to them.

    - `put`, `remove`, `overwrite` change objects; followers see each change in order.
    - `asks` holds every request that arrived. `on_request` is called with each; `script` plays a controller: what
      becomes of one object so many seconds after it was asked.
    - `blind` kills the watch until the next `put`; `gap` marks the next sighting.
    - `fail("read", error)` makes a method raise until `heal("read")`; a request that fails with `arrived=True`
      reached the cluster, only its answer was lost.
    - `unserved`, `namespaces`, `controllers`, `deployments`, `kubernetes`, `lacking` and `watch_trouble` say what the
      cluster is made of.
    - `slow` is how many seconds each read takes.

    Status writes do not touch annotations: a put without request values of its own keeps those that were there.
    """

    def __init__(self, clock: FakeClock, *objects: Snapshot, name: str = "prod") -> None:
        self.name = name
        self.frozen = ""
        self.asks: Asks = []
        self.on_request: Callable[[Ask], None] | None = None
        self.unserved: set[Kind] = set()
        self.namespaces: set[str] | None = None
        self.controllers: dict[Kind, Controller | Absent | None] = {}
        self.deployments: tuple[Controller, ...] = tuple(
            Controller(each, "flux-system", 1, 1, f"ghcr.io/fluxcd/{each}:v1.9.4", "v2.9.4") for each in _INSTALLED
        )
        self.kubernetes = "v1.36.0"
        self.lacking: set[str] = set()
        """Rights, each as `patch kustomizations`."""
        self.watch_trouble: tuple[str, ...] = ()
        self.flux_namespace = "flux-system"
        self.slow = 0.0
        self.calls: dict[str, int] = {}
        self._clock = clock
        self._objects: dict[Ref, Snapshot] = {}
        self._last: dict[Ref, Snapshot] = {}
        self._events: dict[Ref, deque[Event]] = {}
        self._scripts: dict[Ref, tuple[tuple[float, Answer], ...]] = {}
        self._follows: dict[Ref, deque[FakeFollow]] = {}
        self._failing: dict[str, tuple[BotError, bool]] = {}
        self._outage: Blind | None = None
        self._changes = 0
        self._versions = count(1001)
        for each in objects:
            self.put(each)

    # What tests do

    def put(self, snapshot: Snapshot) -> Snapshot:
        """Makes the object so, and answers it as it is stored: with a resource version of its own."""
        self._end_outage()
        before = self._objects.get(snapshot.ref)
        asked = before.asked if before is not None and snapshot.asked == Tokens() else snapshot.asked
        stored = replace(snapshot, version=str(next(self._versions)), asked=asked)
        self._objects[stored.ref] = self._last[stored.ref] = stored
        self._push(stored.ref, Sighting(stored, self._clock.now()))
        return stored

    def remove(self, ref: Ref) -> None:
        """Deletes the object."""
        self._end_outage()
        del self._objects[ref]
        self._push(ref, Sighting(self._absent(ref), self._clock.now()))

    def overwrite(self, ref: Ref, token: str) -> Snapshot:
        """Somebody else asks: their token replaces whatever stood in the annotation."""
        return self.put(replace(self._objects[ref], asked=Tokens(request=token)))

    def now(self, ref: Ref) -> Snapshot:
        """The object as it stands, details included."""
        return self._objects[ref]

    def script(self, ref: Ref, *steps: tuple[float, Answer]) -> None:
        """Plays these steps whenever the object is asked: seconds after the request, and what it then becomes."""
        self._scripts[ref] = steps

    def blind(self, why: str = "connection refused") -> None:
        """The watch dies."""
        if self._outage is None:
            self._outage = Blind(self._clock.now(), why)
            for follow in self._everybody():
                follow.push(self._outage)

    def gap(self) -> None:
        """States may have been missed: the next sighting of every follower says so."""
        for follow in self._everybody():
            follow.gap = True

    def tell(self, event: Event) -> None:
        """Adds a core event."""
        self._events.setdefault(event.about, deque()).append(event)

    def fail(self, method: str, error: BotError, *, arrived: bool = False) -> None:
        self._failing[method] = (error, arrived)

    def heal(self, method: str) -> None:
        self._failing.pop(method, None)

    # What the port promises

    async def get(self, ref: Ref) -> Snapshot | Absent:
        self._called("get")
        found = self._objects.get(ref)
        return self._absent(ref) if found is None else found.brief()

    async def read(self, ref: Ref) -> Snapshot | Absent:
        self._called("read")
        return self._objects.get(ref) or self._absent(ref)

    def cached(self, kind: Kind) -> Cached | None:
        if self._outage is not None:
            return None
        return Cached(tuple(each.brief() for ref, each in self._objects.items() if ref.kind == kind), self._changes)

    async def serves(self, kind: Kind) -> bool:
        self._called("serves")
        return kind not in self.unserved

    async def has_namespace(self, name: str) -> bool:
        self._called("has_namespace")
        return self.namespaces is None or name in self.namespaces

    @asynccontextmanager
    async def follow(self, ref: Ref) -> AsyncIterator[FakeFollow]:
        self._called("follow")
        found = self._objects.get(ref)
        first = Sighting(self._absent(ref) if found is None else found.brief(), self._clock.now())
        follow = FakeFollow(self._clock, first)
        if self._outage is not None:
            follow.push(self._outage)
        mine = self._follows.setdefault(ref, deque())
        mine.append(follow)
        try:
            yield follow
        finally:
            mine.remove(follow)

    async def request(self, ask: Ask) -> Snapshot:
        failing, arrived = self._failing.get("request", (None, False))
        if failing is not None and not arrived:
            self._called("request")
        before = self._objects.get(ask.ref)
        if before is None or self.frozen:
            raise Rejected(self.name, f"{ask.ref}: {'not found' if before is None else 'read only'}")
        self.asks.append(ask)
        tokens = Tokens(ask.token, ask.token if ask.force else "", ask.token if ask.reset else "")
        answer = self.put(replace(before, asked=tokens))
        for seconds, become in self._scripts.get(ask.ref, ()):
            self._clock.call_in(seconds, partial(self._become, ask, become))
        if self.on_request is not None:
            self.on_request(ask)
        self._called("request")
        return answer

    async def events(self, ref: Ref, since: datetime) -> tuple[Event, ...]:
        self._called("events")
        found = (each for each in self._events.get(ref, ()) if each.at >= since)
        return tuple(sorted(found, key=lambda each: each.at))

    async def controller(self, kind: Kind, within: timedelta = timedelta(0)) -> Controller | Absent | None:
        self._called("controller")
        return self.controllers.get(kind, Controller(kind.controller, "flux-system", replicas=1, available=1))

    async def installed(self) -> tuple[Controller, ...]:
        self._called("installed")
        return self.deployments

    async def version(self) -> str:
        self._called("version")
        return self.kubernetes

    async def served(self) -> tuple[tuple[Kind, tuple[str, ...]], ...]:
        self._called("served")
        return tuple((kind, (kind.version,)) for kind in KINDS if kind not in self.unserved)

    async def may(self, right: Right) -> bool:
        self._called("may")
        return str(right) not in self.lacking

    def trouble(self) -> tuple[str, ...]:
        return self.watch_trouble

    async def list(self, kind: Kind, namespace: str | None = None) -> tuple[Snapshot, ...]:
        self._called("list")
        if self.slow:
            await self._clock.sleep(self.slow)
        refs = sorted(ref for ref in self._objects if ref.kind == kind and namespace in (None, ref.namespace))
        return tuple(self._objects[ref].brief() for ref in refs)

    def _called(self, method: str) -> None:
        self.calls[method] = self.calls.get(method, 0) + 1
        if method in self._failing:
            raise self._failing[method][0]

    def _absent(self, ref: Ref) -> Absent:
        return Absent(ref, self._last.get(ref))

    def _become(self, ask: Ask, become: Answer) -> None:
        if ask.ref in self._objects:
            self.put(become(ask, self._objects[ask.ref]))

    def _everybody(self) -> tuple[FakeFollow, ...]:
        return tuple(follow for follows in self._follows.values() for follow in follows)

    def _end_outage(self) -> None:
        if self._outage is not None:
            self._outage = None
            self.gap()

    def _push(self, ref: Ref, sighting: Sighting) -> None:
        self._changes += 1
        for follow in self._follows.get(ref, ()):
            follow.push(sighting)


class FakeClusters:
    """Clusters by name."""

    def __init__(self, *clusters: Cluster) -> None:
        self._clusters = {cluster.name: cluster for cluster in clusters}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._clusters))

    def get(self, name: str) -> Cluster | None:
        return self._clusters.get(name)
