"""One list and watch of one kind, shared by everybody who waits (docs/kubernetes.md, "Watching").

It keeps brief snapshots of every object and tells followers each event in full, in order. It ends only when it is
cancelled: a server that refuses, breaks off or falls silent is tried again, ever more slowly.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Raw

from bot.clock import Clock
from bot.cluster.budget import SETTLED_SECONDS
from bot.cluster.calls import Call, Lane, Query, resource_path
from bot.cluster.client import Api, Lines
from bot.cluster.decode import snapshot, version
from bot.cluster.discovery import Discovery
from bot.cluster.errors import Brief, Expired, Missing, Silent, Status, from_status
from bot.cluster.follower import Follower, Followers, Key
from bot.cluster.wire import ListMeta, Page, read, read_line
from bot.core.errors import ClusterError, Overloaded, Rejected
from bot.core.kinds import Kind
from bot.core.resources import Absent, Ref, Snapshot
from bot.ports import Blind, Telemetry

PAGE: Final = 250
BREATH: Final = 10
"""Objects of a page that are read in one go."""
PAGE_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 150.0
"""Bookmarks come every minute, so this much silence means that nobody is there any more."""
WAIT_LIMIT: Final = 30.0
FOLLOWED_LIMIT: Final = 5.0
"""The longest pause between two tries; the second where somebody follows."""
FLOOR_SECONDS: Final = 1.0
"""The shortest one after a stream that ended as soon as it had begun."""
UNSERVED_SECONDS: Final = (180.0, 300.0)
PATIENCE: Final = 5
"""Failures in a row after which the resource version is no longer trusted."""

Jitter = Callable[[float, float], float]


class Reflector:
    """The objects of one kind, in one namespace or in all of a cluster."""

    def __init__(
        self,
        api: Api,
        discovery: Discovery,
        clock: Clock,
        telemetry: Telemetry,
        kind: Kind,
        namespace: str | None = None,
        jitter: Jitter | None = None,
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.synced = asyncio.Event()
        """Set once the first list is complete, or the kind turned out not to be served."""
        self.served = True
        self.outage: Blind | None = None
        self.changes = 0
        """Grows whenever what the cache holds may have changed."""
        self._api = api
        self._discovery = discovery
        self._clock = clock
        self._telemetry = telemetry
        self._jitter = jitter if jitter is not None else random.SystemRandom().uniform
        self._objects: dict[Key, Snapshot] = {}
        self._followers = Followers()
        self._version = ""
        self._strikes = 0
        self._failing_since: datetime | None = None
        self._silences = 0
        self._woken = asyncio.Event()
        self._told_to_wait = False
        api.budget.on_life(self._revive)

    # What others ask

    @property
    def fresh(self) -> bool:
        """Whether the cache is what the cluster holds, as far as anybody can know."""
        return self.synced.is_set() and self.served and self.outage is None

    def get(self, ref: Ref) -> Snapshot | Absent:
        """From the cache, brief."""
        return self._objects.get((ref.namespace, ref.name)) or Absent(ref)

    def all(self) -> tuple[Snapshot, ...]:
        """Everything in the cache, brief, in no order."""
        return tuple(self._objects.values())

    def follow(self, ref: Ref) -> Follower:
        """A follower of one object, for the length of its block."""
        return Follower(self._clock, self, ref)

    def join(self, ref: Ref, follower: Follower) -> None:
        """See bot.cluster.follower.Stand."""
        if self.synced.is_set():
            follower.see(self.get(ref))
        if self.outage is not None:
            follower.lose_sight(self.outage)
        self._followers.join((ref.namespace, ref.name), follower)

    def leave(self, ref: Ref, follower: Follower) -> None:
        """See bot.cluster.follower.Stand."""
        self._followers.leave((ref.namespace, ref.name), follower)

    def wake(self) -> None:
        """Looks at once whether a kind is served by now."""
        self._woken.set()

    def _revive(self) -> None:
        """The cluster answers again: a pause that we chose ourselves is over."""
        if self._strikes and not self._told_to_wait:
            self._woken.set()

    # The loop

    async def run(self) -> None:
        """Lists and watches until cancelled."""
        while True:
            self._told_to_wait = False
            try:
                pause = await self._round()
            except Missing:
                pause = self._unserved()
            except Expired as error:
                pause = self._broke(error) if self._strikes else self._expired()
            except ClusterError as error:
                pause = self._broke(error)
            await self._rest(pause)

    async def _round(self) -> float:
        path = await self._path()
        if not self._version:
            await self._relist(path)
        return await self._watch(path)

    async def _path(self) -> str:
        api_version = await self._discovery.api_version(self.kind)
        if api_version is None:
            raise Missing(self._api.cluster, f"{self._api.cluster}: {self.kind.name} is not served")
        return resource_path(self._api.cluster, api_version, self.namespace, self.kind.plural)

    async def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            return
        self._woken.clear()
        try:
            async with self._clock.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _relist(self, path: str) -> None:
        """Reads the whole list, then tells followers what became of their objects meanwhile."""
        found: dict[Key, Snapshot] = {}
        followed: dict[Key, Snapshot] = {}
        token = ""
        while True:
            meta, items = await self._page(path, token)
            for number, raw in enumerate(items):
                if number % BREATH == 0:
                    # A page in one go would keep everybody else waiting for a moment that people feel.
                    await asyncio.sleep(0)
                each = snapshot(raw, self._api.cluster, self.kind, full=bool(self._followers))
                if each is None:
                    continue
                where = (each.ref.namespace, each.ref.name)
                found[where] = each.brief()
                if where in self._followers:
                    followed[where] = each
            token = meta.next_page or ""
            if not token:
                break
        before, self._objects = self._objects, found
        self.changes += 1
        if self.synced.is_set():
            self._telemetry.tell("watch_restarted", **self._labels())
        self._version = meta.resource_version or ""
        self._silences = 0
        self.served = True
        self.synced.set()
        self._followers.find(
            lambda where: followed.get(where) or found.get(where) or self._absent(where, before.get(where))
        )
        self._telemetry.tell("held", count=len(found), **self._labels())

    async def _page(self, path: str, token: str) -> tuple[ListMeta, tuple[Raw, ...]]:
        query: Query = [("limit", str(PAGE)), *([("continue", token)] if token else [])]
        call = Call("GET", path, self._doing("list"), query, seconds=PAGE_SECONDS, tries=1, lane=self._lane)
        page = read(await self._api.get(call), Page)
        if page is None or page.metadata is None or not page.metadata.resource_version:
            raise Rejected(self._api.cluster, f"{self._api.cluster}: the list of {self.kind.plural} cannot be read")
        return page.metadata, page.items or ()

    async def _watch(self, path: str) -> float:
        """Follows the stream from the last version until the server ends it; answers how long to rest."""
        query = (
            ("watch", "1"),
            ("resourceVersion", self._version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(round(self._jitter(240, 290)))),
        )
        async with self._api.watch(path, query, self._doing("watch"), self._lane) as lines:
            opened = self._clock.now()
            try:
                said = await self._take_all(lines)
            finally:
                lived = (self._clock.now() - opened).total_seconds()
                if lived >= SETTLED_SECONDS:
                    self._strikes = 0
            if lived >= SETTLED_SECONDS:
                return 0.0
            if not said:
                cluster = self._api.cluster
                raise Brief(cluster, f"{cluster}: the API server ends every watch as soon as it has begun")
        self._strikes += 1
        return max(FLOOR_SECONDS, self._backoff())

    async def _take_all(self, lines: Lines) -> bool:
        """Until the server ends the stream; whether it said anything."""
        patience, said = SETTLED_SECONDS, False
        while True:
            try:
                line = await lines.next(patience)
            except Silent:
                if patience == IDLE_SECONDS:
                    self._silences += 1
                    raise
                line = b""
            if line is None:
                return said
            patience = IDLE_SECONDS
            if line.strip():
                said = True
                self._take(line)
            self._works()

    # One event

    def _take(self, raw: bytes) -> None:
        line = read_line(raw)
        if line is None:
            raise Rejected(self._api.cluster, f"{self._api.cluster}: a watch event of {self.kind.plural} is no JSON")
        self._silences = 0
        match line.type:
            case "ADDED" | "MODIFIED":
                self._seen(snapshot(line.object, self._api.cluster, self.kind, full=bool(self._followers)))
            case "DELETED":
                self._gone(snapshot(line.object, self._api.cluster, self.kind, full=bool(self._followers)))
            case "BOOKMARK":
                self._version = version(line.object) or self._version
            case "ERROR":
                status = read(line.object, Status) or Status()
                raise from_status(self._api.cluster, status.code or 0, status, self._doing("watch"))
            case _:
                pass

    def _seen(self, now: Snapshot | None) -> None:
        if now is None:
            return
        where = (now.ref.namespace, now.ref.name)
        self._objects[where] = now.brief()
        self.changes += 1
        self._version = now.version or self._version
        self._followers.see(where, now)

    def _gone(self, last: Snapshot | None) -> None:
        if last is None:
            return
        where = (last.ref.namespace, last.ref.name)
        self._objects.pop(where, None)
        self.changes += 1
        self._version = last.version or self._version
        self._followers.see(where, Absent(last.ref, last))

    # Trouble

    def _works(self) -> None:
        """The stream is alive: an outage, if there was one, is over."""
        self._api.budget.stream_works()
        self._failing_since = None
        if self.outage is None:
            return
        since, self.outage = self.outage.since, None
        self._followers.regain_sight()
        seconds = (self._clock.now() - since).total_seconds()
        self._telemetry.tell("watch_sees", seconds=seconds, **self._labels())

    def _broke(self, error: ClusterError) -> float:
        """A failure that may pass: the second in a row is told as an outage since the first."""
        now = self._clock.now()
        self._strikes += 1
        self._failing_since = self._failing_since or now
        if isinstance(error, Rejected) or self._strikes >= PATIENCE or self._silences > 1:
            self._version = ""
        if self._strikes > 1 and self.outage is None:
            self.outage = Blind(self._failing_since, str(error))
            self._followers.lose_sight(self.outage)
            self._telemetry.tell("watch_blind", why=str(error), **self._labels())
        asked = error.retry_after if isinstance(error, Overloaded) else None
        self._told_to_wait = asked is not None
        return max(self._backoff(), asked or 0.0, FLOOR_SECONDS if isinstance(error, Brief) else 0.0)

    def _expired(self) -> float:
        """The server no longer knows our version: list anew, with a little spread over the kinds."""
        self._version = ""
        self._strikes += 1
        return self._backoff()

    def _unserved(self) -> float:
        before, self._objects = self._objects, {}
        self.changes += 1
        self._version = ""
        self._strikes = 0
        self._works()
        self.served = False
        self.synced.set()
        self._discovery.forget(self.kind)
        self._followers.find(lambda where: self._absent(where, before.get(where)))
        return self._jitter(*UNSERVED_SECONDS)

    def _backoff(self) -> float:
        limit = FOLLOWED_LIMIT if self._followers else WAIT_LIMIT
        return min(limit, self._jitter(0.75, 1.25) * 0.5 * float(2 ** (min(self._strikes, 10) - 1)))

    def _absent(self, where: Key, was: Snapshot | None) -> Absent:
        return Absent(Ref(self._api.cluster, self.kind, *where), was)

    @property
    def _lane(self) -> Lane:
        return Lane.FOLLOWED if self._followers else Lane.BACKGROUND

    def _doing(self, verb: str) -> str:
        return f"{verb} {self.kind.plural}"

    def _labels(self) -> dict[str, object]:
        labels: dict[str, object] = {"cluster": self._api.cluster, "kind": self.kind.name}
        return labels if self.namespace is None else {**labels, "namespace": self.namespace}
