"""The stage on which a recorded scenario plays: one namespace, its objects, and the asking."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.real.api import Api, Object, Ref, condition, handled
from tests.real.control_plane import ControlPlane
from tests.real.objects import HEALTH, SETTINGS
from tests.real.recorder import Recorder, Requested, Tape
from tests.real.sources import Sources


@dataclass(slots=True)
class Stage:
    """Arrange first, then ``record()``, then act: what is on stage at that moment opens the recording."""

    namespace: str
    api: Api
    plane: ControlPlane
    sources: Sources
    tape: Tape
    exits: AsyncExitStack

    async def record(self) -> None:
        self.tape.roll()
        await self.exits.enter_async_context(Recorder(self.api, self.namespace, self.tape))

    async def put(self, *objects: Object) -> None:
        for each in objects:
            await self.api.create(each)

    async def cut(self) -> None:
        """Ends the recording before the scenario tidies up."""
        await self.exits.aclose()

    def ref(self, kind: str, name: str) -> Ref:
        return Ref(kind, self.namespace, name)

    async def ready(self, kind: str, name: str, *, seconds: float = 40) -> Object:
        """Waits until the object is at rest and good at its newest generation."""
        return await self.api.until(self.ref(kind, name), at_rest, seconds=seconds)

    async def ask(
        self,
        kind: str,
        name: str,
        *,
        with_source: bool = False,
        force: bool = False,
        reset: bool = False,
        by: str = "me",
    ) -> str:
        """Requests a reconcile and notes it; returns the token."""
        ref = self.ref(kind, name)
        prev = handled(await self.api.get(ref))
        token = _token(by, len(self.tape.requests))
        self.tape.requests.append(Requested(str(ref), token, prev, with_source, self.tape.now(), force, reset, by))
        await self.api.request(ref, token, force=force, reset=reset)
        return token

    async def answered(self, kind: str, name: str, token: str, *, seconds: float = 40) -> Object:
        """Waits until the token was handled."""
        return await self.until(kind, name, lambda obj: handled(obj) == token, seconds=seconds)

    async def past(self, kind: str, name: str) -> None:
        """A request before the recording, so that an older token is known."""
        await self.ask_and_wait(kind, name)
        self.tape.requests.clear()

    async def ask_and_wait(self, kind: str, name: str, *, with_source: bool = False) -> Object:
        token = await self.ask(kind, name, with_source=with_source)
        return await self.answered(kind, name, token)

    async def until(self, kind: str, name: str, holds: Callable[[Object], bool], *, seconds: float = 40) -> Object:
        return await self.api.until(self.ref(kind, name), holds, seconds=seconds)

    async def suspend(self, kind: str, name: str, *, suspended: bool = True) -> None:
        await self.api.patch(self.ref(kind, name), {"spec": {"suspend": suspended}})

    async def health(self, state: str, name: str = SETTINGS) -> None:
        """Tells the waiting health check of a ConfigMap (objects.watched_health) ``ok`` or ``bad``."""
        ref = self.ref("ConfigMap", name)
        await self.api.until(ref, lambda _: True)
        await self.api.annotate(ref, **{HEALTH: state})


def at_rest(obj: Object) -> bool:
    """Ready at its newest generation, and nothing going on."""
    generation = obj["metadata"]["generation"]
    ready = condition(obj)
    return (
        obj.get("status", {}).get("observedGeneration") == generation
        and ready.get("status") == "True"
        and ready.get("observedGeneration") == generation
        and not condition(obj, "Reconciling")
    )


def failed(reason: str) -> Callable[[Object], bool]:
    return lambda obj: condition(obj).get("status") == "False" and condition(obj).get("reason") == reason


def waiting(obj: Object) -> bool:
    """A Kustomization in its health check."""
    return condition(obj, "Healthy").get("status") == "Unknown"


def _token(by: str, number: int) -> str:
    """Our tokens carry a short tail; others write what Flux's own receivers write."""
    now = datetime.now(UTC)
    if by == "me":
        return f"{now.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}-{number:04x}"
    return f"{now.strftime('%Y-%m-%d %H:%M:%S.%f')} +0000 UTC m=+{3600 + number}.250000000"
