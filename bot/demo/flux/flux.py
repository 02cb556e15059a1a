"""All controllers together, and the knobs on each of them.

flux = Flux(api, origins, knobs, now, random, journal)
async with flux:
    await flux.restart("kustomize-controller")
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from random import Random
from types import TracebackType
from typing import Self

from bot.demo.flux import receivers
from bot.demo.flux.api import Api
from bot.demo.flux.charts import ChartFetcher
from bot.demo.flux.controller import Controller, Reconciler
from bot.demo.flux.fetching import BucketFetcher, GitFetcher, HelmRepositoryFetcher, OciFetcher
from bot.demo.flux.journal import Journal
from bot.demo.flux.kinds import RECEIVER
from bot.demo.flux.knobs import CONTROLLERS, HELM, KUSTOMIZE, NOTIFICATION, SOURCE, Knobs
from bot.demo.flux.kustomizations import KustomizationReconciler
from bot.demo.flux.origins import Origins
from bot.demo.flux.others import MANNERS, OTHERS, OtherReconciler
from bot.demo.flux.receivers import ReceiverReconciler
from bot.demo.flux.releases import ReleaseReconciler
from bot.demo.flux.shapes import Key
from bot.demo.flux.sources import SourceReconciler
from bot.demo.flux.world import World


class Flux:
    """Controllers that only ever talk to the API server and to the origins.

    `run` works until it is cancelled; as an async context manager they work while the block lasts. `which` leaves
    controllers out, or adds some of `knobs.EXTRA`.
    """

    def __init__(
        self,
        api: Api,
        origins: Origins,
        knobs: Knobs,
        now: Callable[[], datetime],
        random: Random,
        journal: Journal,
        *,
        which: Iterable[str] = CONTROLLERS,
    ) -> None:
        self.world = World(api, origins, knobs, now, random, journal)
        self._alarm = asyncio.Event()
        self._controllers: Mapping[str, Controller] = {
            name: Controller(self.world, name, _reconcilers(name), self._alarm) for name in which
        }

    @property
    def journal(self) -> Journal:
        return self.world.journal

    @property
    def idle(self) -> bool:
        """Whether no controller has a run going or waiting, timers aside."""
        return all(each.idle for each in self._controllers.values())

    async def run(self) -> None:
        """Works until it is cancelled. Raises what a controller broke with."""
        async with self:
            await self._alarm.wait()

    async def __aenter__(self) -> Self:
        for each in self._controllers.values():
            each.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._controllers.values():
            await each.stop()
        for each in self._controllers.values():
            if each.broken is not None and each.broken is not error:
                raise each.broken from error

    def running(self, name: str) -> bool:
        return self._controllers[name].running

    def start(self, name: str) -> None:
        """Starts a stopped controller: it lists everything and runs over every object."""
        self._controllers[name].start()

    async def stop(self, name: str) -> None:
        """Ends a controller; what it was at dies half-way."""
        await self._controllers[name].stop()

    async def restart(self, name: str) -> None:
        await self._controllers[name].restart()

    def pause(self, name: str) -> None:
        """The controller stands still but keeps its place."""
        self._controllers[name].pause()

    def resume(self, name: str) -> None:
        self._controllers[name].resume()

    def slow(self, name: str, pace: float) -> None:
        """Makes every step of a controller take so many times as long; 1 heals it."""
        self.world.knobs.paces[name] = pace

    async def call_receiver(self, place: Key) -> str:
        """A webhook call on a Receiver; returns the token that its resources got. Raises ApiError."""
        receiver = await self.world.api.get(RECEIVER.path(place))
        return await receivers.call(self.world, receiver)


def _reconcilers(name: str) -> Sequence[Reconciler]:
    """The kinds that a controller takes care of."""
    match name:
        case "source-controller":
            fetchers = (GitFetcher(), OciFetcher(), BucketFetcher(), HelmRepositoryFetcher(), ChartFetcher())
            return [SourceReconciler(each) for each in fetchers]
        case "kustomize-controller":
            return [KustomizationReconciler()]
        case "helm-controller":
            return [ReleaseReconciler()]
        case "notification-controller":
            return [ReceiverReconciler()]
        case _ if name in OTHERS:
            return [OtherReconciler(each) for each in MANNERS if each.kind in OTHERS[name]]
        case _:
            raise ValueError(f"no such controller: {name}")


__all__ = ["HELM", "KUSTOMIZE", "NOTIFICATION", "SOURCE", "Flux"]
