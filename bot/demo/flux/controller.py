"""One controller: its caches, queues and workers, and how it is paused, stopped and started again."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, assert_never

from bot.demo.flux.api import ApiError
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.cache import Cache
from bot.demo.flux.events import Recorder
from bot.demo.flux.kinds import Kind
from bot.demo.flux.outcomes import Again, Outcome, Rest
from bot.demo.flux.queue import WorkQueue
from bot.demo.flux.shapes import Json, Key, clone, generation, key, requested
from bot.demo.flux.world import World

_LAST_WORDS: Final = 0.5
_SHAPE: Final = (LookupError, TypeError, ValueError, AttributeError)


class Reconciler(Protocol):
    """Runs over the objects of one kind."""

    @property
    def kind(self) -> Kind: ...

    @property
    def watched(self) -> Sequence[Kind]:
        """Other kinds whose changes may set a run going."""
        ...

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]:
        """Which of its own objects a change of a watched one sets going."""
        ...

    async def run(self, attempt: Attempt) -> Outcome:
        """Raises ApiError where the API server fails it."""
        ...


class Controller:
    """`gate` is open unless the controller is paused; then it does nothing at all but keeps its place.

    `alarm` is set, and `broken` says why, when the controller itself has a fault.
    """

    def __init__(
        self, world: World, name: str, reconcilers: Sequence[Reconciler], alarm: asyncio.Event | None = None
    ) -> None:
        self.name = name
        self.gate = asyncio.Event()
        self.gate.set()
        self.recorder = Recorder(world.api, name, world.now)
        self._world = world
        self._reconcilers = reconcilers
        self._caches: dict[Kind, Cache] = {}
        self._queues: dict[Kind, WorkQueue] = {}
        self._failures: dict[tuple[Kind, Key], int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.broken: BaseException | None = None
        self._alarm = asyncio.Event() if alarm is None else alarm

    @property
    def running(self) -> bool:
        return bool(self._tasks)

    @property
    def idle(self) -> bool:
        """Whether no run is going or waiting, timers aside."""
        return all(queue.idle for queue in self._queues.values())

    def cached(self, kind: Kind, place: Key) -> Json | None:
        return self._caches[kind].get(place)

    def start(self) -> None:
        """Knows nothing at first: it lists everything, and every object gets a run."""
        if self._tasks:
            return
        self.recorder = Recorder(self._world.api, self.name, self._world.now)
        self._failures = {}
        self._queues = {each.kind: WorkQueue() for each in self._reconcilers}
        wanted = {kind for each in self._reconcilers for kind in (each.kind, *each.watched)}
        self._caches = {kind: self._cache(kind) for kind in sorted(wanted, key=lambda kind: kind.plural)}
        self._go(self.recorder.run())
        for cache in self._caches.values():
            self._go(cache.run())
        for each in self._reconcilers:
            for _ in range(self._world.knobs.workers_of(self.name)):
                self._go(self._worker(each))

    async def stop(self) -> None:
        """Ends at once; runs that are going die where they are. Only events are still written, if that is quick."""
        tasks, self._tasks = self._tasks, []
        recording = tasks.pop(0) if tasks else None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if recording is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.recorder.flush(), _LAST_WORDS)
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
        for queue in self._queues.values():
            queue.close()

    async def restart(self) -> None:
        await self.stop()
        self.start()

    def pause(self) -> None:
        """Stands still, as a stopped process does."""
        self.gate.clear()

    def resume(self) -> None:
        self.gate.set()

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """None of them ends by itself unless something is wrong in here."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.broken = error
            self._alarm.set()

    def _cache(self, kind: Kind) -> Cache:
        knobs, varied = self._world.knobs, self._world.varied
        return Cache(
            self._world.api,
            kind,
            namespace=knobs.namespace,
            lag=lambda: varied(knobs.lag_of(self.name, kind.plural)),
            pause=lambda: varied(knobs.reconnect),
            gate=lambda: self.gate,
            handler=lambda old, new: self._changed(kind, old, new),
        )

    def _changed(self, kind: Kind, old: Json | None, new: Json | None) -> None:
        if new is None:
            return
        for each in self._reconcilers:
            if each.kind == kind and _asks(old, new):
                self._queues[kind].add(key(new))
            if kind in each.watched:
                self._wake(each, old, new)

    def _wake(self, reconciler: Reconciler, old: Json | None, new: Json) -> None:
        for own in self._caches[reconciler.kind].all():
            with suppress(*_SHAPE):
                for place in reconciler.triggered(old, new, [own]):
                    self._queues[reconciler.kind].add(place)

    async def _worker(self, reconciler: Reconciler) -> None:
        queue = self._queues[reconciler.kind]
        await asyncio.gather(*(cache.synced.wait() for cache in self._caches.values()))
        while True:
            place = await queue.take()
            try:
                await self.gate.wait()
                outcome = await self._one(reconciler, place)
                await asyncio.sleep(self._world.knobs.turnaround)
                self._plan(reconciler.kind, place, outcome)
            finally:
                queue.done(place)

    async def _one(self, reconciler: Reconciler, place: Key) -> Outcome:
        found = self._caches[reconciler.kind].get(place)
        if found is None:
            return Rest()
        attempt = Attempt(self._world, self, reconciler.kind, clone(found))
        try:
            outcome = await reconciler.run(attempt)
        except ApiError as error:
            attempt.entry.notes.append(f"{type(error).__name__}: {error}")
            attempt.finish("failed")
            return Again()
        except _SHAPE as error:
            # A real server's schema keeps such objects out, and a real controller would not have come this far.
            attempt.entry.notes.append(f"no shape for a controller: {error!r}")
            attempt.finish("failed")
            return Rest()
        except asyncio.CancelledError:
            attempt.finish("died")
            raise
        attempt.finish("finished")
        return outcome

    def _plan(self, kind: Kind, place: Key, outcome: Outcome) -> None:
        queue, knobs = self._queues[kind], self._world.knobs
        match outcome:
            case Rest(seconds):
                self._failures.pop((kind, place), None)
                if seconds:
                    queue.add_after(place, seconds)
            case Again():
                failures = self._failures.get((kind, place), 0)
                self._failures[kind, place] = failures + 1
                queue.add_after(place, min(knobs.retry_first * 2 ** min(failures, 30), knobs.retry_longest))
            case _ as never:
                assert_never(never)


def _asks(old: Json | None, new: Json) -> bool:
    """Whether a change of an object itself sets a run going: new, another spec, or another token."""
    if old is None or generation(old) != generation(new):
        return True
    return requested(new) not in ("", requested(old))


def new_revision(old: Json | None, new: Json) -> str:
    """The revision of a source's artifact if the change brought it; empty otherwise."""
    revision = _revision(new)
    return revision if old is None or _revision(old) != revision else ""


def _revision(source: Json) -> str:
    return str(((source.get("status") or {}).get("artifact") or {}).get("revision", ""))
