"""A controller's view of one kind: listed once, watched from then on, as late as the knobs say."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from bot.demo.flux.api import Api, ApiError, Expired, NotFound
from bot.demo.flux.kinds import Kind
from bot.demo.flux.shapes import Json, Key, key

Handler = Callable[[Json | None, Json | None], None]
"""Told the object before and after a change; None before it was there and after it has gone."""

_LONGEST_PAUSE: Final = 30.0


class Cache:
    """Survives dropped watches, 410, refusals and an API server that is down; it lists anew where it must.

    `lag` is asked for every change; `gate` holds back what arrives while the controller is paused.
    """

    def __init__(
        self,
        api: Api,
        kind: Kind,
        *,
        namespace: str = "",
        lag: Callable[[], float],
        pause: Callable[[], float],
        gate: Callable[[], asyncio.Event],
        handler: Handler,
    ) -> None:
        self.kind = kind
        self.synced = asyncio.Event()
        self._api = api
        self._collection = kind.collection(namespace)
        self._lag = lag
        self._pause = pause
        self._gate = gate
        self._handler = handler
        self._known: dict[Key, Json] = {}
        self._late: deque[tuple[float, str, Json]] = deque()
        self._arrived = asyncio.Event()

    def get(self, place: Key) -> Json | None:
        """The object as this cache knows it; nobody may change what is returned."""
        return self._known.get(place)

    def all(self) -> list[Json]:
        return list(self._known.values())

    async def run(self) -> None:
        """Lists and watches until it is cancelled."""
        deliver = asyncio.create_task(self._deliver())
        try:
            await self._follow()
        finally:
            deliver.cancel()
            await asyncio.gather(deliver, return_exceptions=True)

    async def _follow(self) -> None:
        since, failures = "", 0
        while True:
            began = asyncio.get_running_loop().time()
            listed = not since
            try:
                if listed:
                    since = await self._list()
                async with aclosing(self._api.watch(self._collection, since)) as events:
                    async for change, obj in events:
                        since = str(obj["metadata"]["resourceVersion"])
                        if change != "BOOKMARK":
                            self._receive(change, obj)
            except Expired:
                since = ""
                if not listed:
                    continue
            except NotFound:
                # A kind that is not served has no objects; it may be served later.
                self.synced.set()
                since = ""
            except ApiError:
                pass
            lasted = asyncio.get_running_loop().time() - began
            failures = 0 if lasted > self._pause() else failures + 1
            await asyncio.sleep(min(_LONGEST_PAUSE, self._pause() * 2**failures) if failures else 0.01)

    async def _list(self) -> str:
        items, version = await self._api.list(self._collection)
        seen = {key(item) for item in items}
        gone = [obj for place, obj in self._expected().items() if place not in seen]
        for item in items:
            item.setdefault("apiVersion", self.kind.api_version)
            item.setdefault("kind", self.kind.name)
            self._receive("LISTED", item)
        for obj in gone:
            self._receive("DELETED", obj)
        self._receive("SYNCED", {})
        return version

    def _expected(self) -> dict[Key, Json]:
        """What will be known once everything late has arrived."""
        known = dict(self._known)
        for _, change, obj in self._late:
            if change == "DELETED":
                known.pop(key(obj), None)
            elif obj:
                known[key(obj)] = obj
        return known

    def _receive(self, change: str, obj: Json) -> None:
        self._late.append((asyncio.get_running_loop().time() + self._lag(), change, obj))
        self._arrived.set()

    async def _deliver(self) -> None:
        while True:
            while not self._late:
                self._arrived.clear()
                await self._arrived.wait()
            due, _, _ = self._late[0]
            # Something is always slept, so that runs may start between two changes that came together.
            await asyncio.sleep(max(due - asyncio.get_running_loop().time(), 0.0))
            await self._gate().wait()
            _, change, obj = self._late.popleft()
            self._apply(change, obj)

    def _apply(self, change: str, obj: Json) -> None:
        if change == "SYNCED":
            self.synced.set()
            return
        place = key(obj)
        old = self._known.get(place)
        if change == "DELETED":
            self._known.pop(place, None)
            self._handler(old, None)
        elif old is None or old["metadata"].get("resourceVersion") != obj["metadata"].get("resourceVersion"):
            self._known[place] = obj
            self._handler(old, obj)
