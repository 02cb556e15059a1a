"""How a run writes its object: up to three patches each time, conditions first, the token among the last
(docs/flux.md, What a watcher sees)."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.demo.flux import conditions
from bot.demo.flux.api import Api, Conflict
from bot.demo.flux.kinds import Kind
from bot.demo.flux.shapes import Json, clone, difference, generation, key, status

_TRIES: Final = 5
_PAUSE: Final = 0.1


class Patcher:
    """Knows what was last written, and sends what differs from it. What has not changed is not sent."""

    def __init__(self, api: Api, kind: Kind, obj: Json, now: Callable[[], datetime]) -> None:
        self._api = api
        self._path = kind.path(key(obj))
        self._before = clone(obj)
        self._latest = self._before
        self._now = now

    async def patch(self, obj: Json, *, observed: bool = False) -> None:
        """Writes the object; with `observed` its generation counts as observed from now on.

        Raises what the server answers; what was sent before stays sent.
        """
        if observed and status(obj):
            status(obj)["observedGeneration"] = generation(obj)
        await self._conditions(obj)
        await self._metadata(obj)
        await self._status(obj)
        self._before = clone(obj)

    async def _conditions(self, obj: Json) -> None:
        for attempt in range(_TRIES):
            wanted = conditions.merged(self._before, obj, self._latest, self._now())
            if wanted is None:
                return
            version = self._latest["metadata"]["resourceVersion"]
            body = {"metadata": {"resourceVersion": version}, "status": {"conditions": wanted}}
            try:
                self._latest = await self._api.patch(f"{self._path}/status", body)
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
                if attempt:
                    await asyncio.sleep(_PAUSE)
                self._latest = await self._api.get(self._path)
            else:
                return

    async def _metadata(self, obj: Json) -> None:
        change = difference(_written_by_us(self._before), _written_by_us(obj))
        if change:
            self._latest = await self._api.patch(self._path, {"metadata": change})

    async def _status(self, obj: Json) -> None:
        change = difference(_rest(self._before), _rest(obj))
        if change:
            self._latest = await self._api.patch(f"{self._path}/status", {"status": change})


def _written_by_us(obj: Json) -> Json:
    return {name: obj["metadata"][name] for name in ("finalizers",) if name in obj["metadata"]}


def _rest(obj: Json) -> Json:
    return {name: value for name, value in (obj.get("status") or {}).items() if name != "conditions"}
