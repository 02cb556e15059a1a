"""One run over one object: the copy it works on, and all that it may do."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from bot.demo.flux import conditions, journal
from bot.demo.flux.conditions import PROGRESSING, READY, RECONCILING, STALLED
from bot.demo.flux.events import NORMAL, WARNING, Recorder
from bot.demo.flux.kinds import Kind
from bot.demo.flux.patching import Patcher
from bot.demo.flux.shapes import Json, Key, key, requested, status
from bot.demo.flux.world import World


class Surroundings(Protocol):
    """What a run needs of the controller that makes it."""

    name: str
    gate: asyncio.Event
    recorder: Recorder

    def cached(self, kind: Kind, place: Key) -> Json | None: ...


class Attempt:
    """`obj` is the object as its cache knew it at the start; nothing that changes meanwhile is seen in it."""

    def __init__(self, world: World, controller: Surroundings, kind: Kind, obj: Json) -> None:
        self.world = world
        self.kind = kind
        self.obj = obj
        self.entry = world.journal.begin(kind.name, obj)
        self.started = asyncio.get_running_loop().time()
        self._controller = controller
        self._patcher = Patcher(world.api, kind, obj, world.now)
        self._acknowledged = False

    @property
    def place(self) -> Key:
        return key(self.obj)

    def cached(self, kind: Kind, place: Key) -> Json | None:
        """Another object as this controller's cache knows it."""
        return self._controller.cached(kind, place)

    def lasted(self) -> float:
        """Seconds since the run began."""
        return asyncio.get_running_loop().time() - self.started

    async def work(self, seconds: float) -> None:
        """Takes time, more of it in a slow controller, and without end in a paused one."""
        await asyncio.sleep(self.world.varied(seconds * self.world.knobs.pace_of(self._controller.name)))
        await self._controller.gate.wait()

    async def patch(self, *, observed: bool = False) -> None:
        await self._controller.gate.wait()
        await self._patcher.patch(self.obj, observed=observed)
        if self._acknowledged:
            self.entry.wrote_token, self.entry.wrote_at = True, self.world.now()
            self.entry.ready = self._ready()

    def acknowledge(self) -> None:
        """The token that the run began with counts as handled with its next patch."""
        if token := requested(self.obj):
            status(self.obj)["lastHandledReconcileAt"] = token
            self._acknowledged = True

    def mark(self, kind: str, value: str, why: str, text: str) -> None:
        conditions.put(self.obj, self.world.now(), kind, value, why, text)

    def drop(self, *types: str) -> None:
        conditions.drop(self.obj, *types)

    def reconciling(self, why: str, text: str) -> None:
        self.drop(STALLED)
        self.mark(RECONCILING, "True", why, text)

    def stalled(self, why: str, text: str) -> None:
        self.drop(RECONCILING)
        self.mark(STALLED, "True", why, text)

    def progress(self, text: str, *, drift: bool = False) -> None:
        """Reconciling; Ready turns Unknown when something is being changed, or when it was no better before."""
        self.reconciling(PROGRESSING, text)
        if drift or conditions.state(self.obj) in ("", "Unknown"):
            self.mark(READY, "Unknown", PROGRESSING, text)

    def event(self, reason: str, message: str, notes: Mapping[str, str] | None = None, *, warn: bool = False) -> None:
        """A core Event; the keys of `notes` get the object's group in front."""
        whole = {f"{self.kind.group}/{name}": value for name, value in (notes or {}).items() if value}
        self._controller.recorder.tell(self.obj, WARNING if warn else NORMAL, reason, message, whole)

    def finish(self, end: journal.End) -> None:
        """The journal's last words on this run."""
        self.entry.ready = self._ready()
        self.world.journal.close(self.entry, end)

    def _ready(self) -> tuple[str, str, str]:
        found = conditions.find(self.obj, READY)
        return (found.get("status", ""), found.get("reason", ""), found.get("message", ""))
