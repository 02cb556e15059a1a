"""A cluster of somebody's own for the page: its Flux objects are listed and watched, and nothing else is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, Final

import msgspec

from bot.clock import SystemClock
from bot.cluster.calls import Call, Lane
from bot.cluster.client import Api, ClusterSpec
from bot.cluster.errors import Missing
from bot.config.clusters import ClusterSetting
from bot.core.errors import ClusterError
from bot.core.kinds import Kind
from bot.demo.page.feed import Entry, Value
from bot.demo.page.rows import SHOWN, Place, place_of, row

Json = dict[str, Any]

PAGE: Final = 500
AGAIN: Final = 3.0
"""Seconds between two tries; a kind that is not served is asked for rarely."""
RARELY: Final = 60.0
IDLE: Final = 150.0
"""Bookmarks come every minute: so long a silence means that nobody is there any more."""


class Unheard:
    """Telemetry for a client whose calls are nobody's business: what the bot does itself, the bot tells."""

    def tell(self, event: str, /, **facts: object) -> None:
        """Says nothing."""

    def about(self, request: str) -> AbstractContextManager[None]:
        """Marks nothing."""
        del request
        return nullcontext()

    def broke(self, event: str, error: BaseException, /, **facts: object) -> None:
        """Says nothing."""


class RealCluster:
    """What was last seen of every Flux object."""

    real: Final = True

    def __init__(self, name: str, api: Api, kinds: Sequence[Kind]) -> None:
        self.name = name
        self._api = api
        self._seen: dict[Kind, dict[Place, Json]] = {kind: {} for kind in kinds}
        self._troubles: dict[Kind, str] = {}
        self._changes = 0

    @property
    def stamp(self) -> Hashable:
        return self._changes

    def entries(self) -> Iterator[Entry]:
        """The cluster, then a row for each object, without acts."""
        trouble = next(iter(self._troubles.values()), None)
        told = {"name": self.name, "real": True, "controllers": [], "trouble": trouble}
        yield Entry(f"cluster/{self.name}", trouble, partial(dict, told))
        for objects in self._seen.values():
            for place, obj in objects.items():
                yield Entry(place.key, obj["metadata"].get("resourceVersion"), partial(_row, place, obj))

    async def follow(self, kind: Kind) -> None:
        """Lists and watches one kind until it is cancelled; a cluster that does not answer is asked again."""
        path = f"/apis/{kind.api_version}/{kind.plural}"
        while True:
            pause = AGAIN
            try:
                version = await self._list(kind, path)
                self._tell(kind, None)
                await self._watch(kind, path, version)
            except ClusterError as error:
                unserved = isinstance(error, Missing)
                self._tell(kind, None if unserved else str(error))
                pause = RARELY if unserved else AGAIN
            await asyncio.sleep(pause)

    async def _list(self, kind: Kind, path: str) -> str:
        found: dict[Place, Json] = {}
        after = ""
        while True:
            query = (("limit", str(PAGE)), *((("continue", after),) if after else ()))
            page = _decoded(
                await self._api.get(Call("GET", path, f"list {kind.plural}", query, lane=Lane.BACKGROUND))
            )
            for obj in page.get("items") or ():
                # Members of a list do not say what they are.
                place = place_of(self.name, {**obj, "kind": kind.name})
                found[place] = obj
            meta = page.get("metadata") or {}
            after = str(meta.get("continue") or "")
            if not after:
                self._seen[kind] = found
                self._changes += 1
                return str(meta.get("resourceVersion") or "")

    async def _watch(self, kind: Kind, path: str, version: str) -> None:
        """Until the stream ends or says something that only a new list can make up for."""
        query = (("watch", "true"), ("resourceVersion", version), ("allowWatchBookmarks", "true"))
        async with self._api.watch(path, query, f"watch {kind.plural}") as lines:
            while (line := await lines.next(IDLE)) is not None:
                event = _decoded(line)
                happened, obj = event.get("type"), event.get("object") or {}
                if happened == "ERROR":
                    return
                if happened in ("ADDED", "MODIFIED", "DELETED"):
                    self._take(kind, obj, gone=happened == "DELETED")

    def _take(self, kind: Kind, obj: Json, *, gone: bool) -> None:
        place = place_of(self.name, {**obj, "kind": kind.name})
        self._seen[kind].pop(place, None)
        if not gone:
            self._seen[kind][place] = obj
        self._changes += 1

    def _tell(self, kind: Kind, trouble: str | None) -> None:
        before = self._troubles.pop(kind, None)
        if trouble is not None:
            self._troubles[kind] = trouble
        self._changes += trouble != before


@asynccontextmanager
async def watched(setting: ClusterSetting, kinds: Sequence[Kind] = SHOWN) -> AsyncIterator[RealCluster]:
    """The cluster while the block lasts."""
    api = Api(ClusterSpec(setting.name, setting.kubeconfig, setting.context), SystemClock(), Unheard())
    cluster = RealCluster(setting.name, api, kinds)
    tasks = [asyncio.create_task(cluster.follow(kind)) for kind in kinds]
    try:
        yield cluster
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await api.close()


def _row(place: Place, obj: Json) -> Value:
    return {**row(place, obj), "newest": None, "broken": False, "acts": []}


def _decoded(raw: bytes) -> Json:
    try:
        found = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
