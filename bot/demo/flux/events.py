"""core/v1 Events, written behind the controllers' backs; equal ones are counted together (docs/flux.md, Events)."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from bot.demo.flux import kinds
from bot.demo.flux.api import Api, ApiError
from bot.demo.flux.conditions import stamp
from bot.demo.flux.shapes import Json, key

NORMAL: Final = "Normal"
WARNING: Final = "Warning"

_LONGEST: Final = 1024
_REMEMBERED: Final = 600.0
"""Seconds for which an event of the same words is counted and not written anew."""

_Same = tuple[str, str, str, str]


class Recorder:
    """One per controller. What the server refuses is lost, as in life."""

    def __init__(self, api: Api, component: str, now: Callable[[], datetime]) -> None:
        self._api = api
        self._component = component
        self._now = now
        self._told: asyncio.Queue[Json] = asyncio.Queue()
        self._seen: dict[_Same, tuple[datetime, str, int]] = {}
        self._last = 0

    def tell(self, obj: Json, kind: str, reason: str, message: str, notes: Mapping[str, str]) -> None:
        """Notes an event; its annotations are `notes`, with whole keys."""
        namespace, name = key(obj)
        moment = self._now()
        about = {name: obj["metadata"].get(name, "") for name in ("uid", "resourceVersion")}
        involved = {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "namespace": namespace,
            "name": name,
            **about,
        }
        # Named after the time as Kubernetes' own recorder does; no two alike, even at the same moment.
        self._last = max(self._last + 1, int(moment.timestamp() * 1e9))
        meta: Json = {"name": f"{name}.{self._last:x}", "namespace": namespace}
        if notes:
            meta["annotations"] = dict(notes)
        body: Json = {"apiVersion": "v1", "kind": "Event", "metadata": meta, "involvedObject": involved, "type": kind}
        body |= {
            "reason": reason,
            "message": message[:_LONGEST],
            "source": {"component": self._component},
            "count": 1,
        }
        body |= {"firstTimestamp": stamp(moment), "lastTimestamp": stamp(moment), "eventTime": None}
        body |= {"reportingComponent": self._component, "reportingInstance": ""}
        self._told.put_nowait(body)

    async def run(self) -> None:
        """Writes what is told, one after the other, until it is cancelled."""
        while True:
            body = await self._told.get()
            try:
                await self._write(body)
            except ApiError:
                continue
            finally:
                self._told.task_done()

    async def flush(self) -> None:
        """Waits until all is written that was told so far."""
        await self._told.join()

    async def _write(self, body: Json) -> None:
        about, moment = body["involvedObject"], self._now()
        same = (
            f"{about['kind']}/{about['namespace']}/{about['name']}",
            body["type"],
            body["reason"],
            body["message"],
        )
        when, path, count = self._seen.get(same, (moment, "", 0))
        if path and (moment - when).total_seconds() < _REMEMBERED:
            self._seen[same] = (moment, path, count + 1)
            try:
                more = {"count": count + 1, "lastTimestamp": body["lastTimestamp"]}
                notes = {"metadata": {"annotations": body["metadata"].get("annotations")}}
                await self._api.patch(path, more | notes)
            except ApiError:
                del self._seen[same]
                raise
            return
        await self._api.create(kinds.EVENT.collection(about["namespace"]), body)
        self._seen[same] = (moment, kinds.EVENT.path((about["namespace"], body["metadata"]["name"])), 1)
