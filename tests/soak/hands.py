"""Carries out the acts of a schedule."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, assert_never

from bot.demo.flux.api import ApiError
from bot.demo.flux.flux import Flux
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.watches import Drop
from tests.fakes.virtual_loop import now
from tests.soak.acts import (
    Act,
    Ask,
    AskAll,
    Create,
    Credentials,
    CutBot,
    CutControllers,
    Delete,
    Edit,
    Fail,
    Forget,
    Freeze,
    Overwrite,
    Press,
    Push,
    Restart,
)
from tests.soak.bot import CLUSTER, Bot
from tests.soak.evidence import REQUESTED, Json
from tests.soak.flux_api import InsideApi
from tests.soak.outside import Outside
from tests.soak.schedule import Schedule
from tests.soak.troubles import Trouble
from tests.soak.wire import Wire
from tests.soak.world import GROUPS

LONG = 5.0
"""Seconds after which a controller that is away is scaled down for all to see."""
WORDS = {
    "GitRepository": "gitrepository",
    "OCIRepository": "ocirepository",
    "HelmRepository": "helmrepository",
    "HelmChart": "helmchart",
    "Kustomization": "ks",
    "HelmRelease": "hr",
}


@dataclass(slots=True)
class Hands:
    """Everybody who does anything: people in Slack, people with kubectl, whoever pushes, and bad luck."""

    schedule: Schedule
    server: ApiServer
    wire: Wire
    api: InsideApi
    outside: Outside
    flux: Flux
    bot: Bot
    commands: "list[asyncio.Task[None]]" = field(default_factory=list)
    later: "list[asyncio.Task[None]]" = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def do(self, act: Act) -> None:  # noqa: C901, PLR0912 - one line per act
        """One act. What it starts goes on by itself."""
        match act:
            case Ask():
                self._command(self.bot.say(typed(act)), typed(act))
            case AskAll(text=text):
                self._command(self.bot.say(text), text)
            case Press(button=button):
                key = self.bot.button(button)
                if key is not None:
                    self._command(self.bot.press(key), button)
            case Push(source=source, news=news):
                self.outside.push(source, news)
            case Credentials(source=source, work=work):
                self.outside.credentials(source, work=work)
            case Edit(key=key, patch=patch):
                await self._patch(key, patch)
            case Overwrite(key=key):
                await self._patch(key, {"metadata": {"annotations": {REQUESTED: self._token(act)}}})
            case Delete(key=key):
                await self._quietly(self.api.delete(path_of(key)))
            case Create(key=key):
                path = path_of(key).rpartition("/")[0]
                await self._quietly(self.api.create(path, self.schedule.world.objects[key]))
            case Restart() | Freeze():
                self.later.append(asyncio.create_task(self._disturb(act)))
            case CutBot(how=how):
                self.wire.drop_watches(Drop[how])
            case CutControllers(how=how):
                self.api.drop_watches(Drop[how])
            case Forget():
                self.server.forget_history()
                self.wire.drop_watches(Drop.RESET)
            case Fail(which=which, what=what, seconds=seconds, times=times):
                until = asyncio.get_running_loop().time() + seconds
                self.wire.troubles.standing.append(Trouble(which, what, until, times))
            case _:
                assert_never(act)

    def _command(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.commands.append(asyncio.create_task(work, name=name))

    def _token(self, act: Overwrite) -> str:
        number, moment = next(self._numbers), now()
        if act.as_receiver:
            return f"{moment:%Y-%m-%d %H:%M:%S.%f} +0000 UTC m=+{number}.250000000"
        return f"{moment.isoformat()}-other{number}"

    async def _patch(self, key: str, body: Json) -> None:
        await self._quietly(self.api.patch(path_of(key), body))

    async def _quietly(self, call: Awaitable[object]) -> None:
        """Whoever acts on an object that is not there, or is there already, shrugs."""
        with suppress(ApiError):
            await call

    async def _disturb(self, act: Restart | Freeze) -> None:
        """A controller that is away for long is scaled down, so that the bot can know."""
        name = act.controller
        match act:
            case Freeze(seconds=seconds):
                self.flux.pause(name)
                await asyncio.sleep(seconds)
                self.flux.resume(name)
            case Restart(away=away):
                await self.flux.stop(name)
                if away > LONG:
                    self._scale(name, 0)
                await asyncio.sleep(away)
                self.flux.start(name)
                if away > LONG:
                    self._scale(name, 1)

    def _scale(self, controller: str, replicas: int) -> None:
        found = self.server.find("Deployment", "flux-system", controller)
        assert found is not None
        self.server.place({**found, "spec": {**found["spec"], "replicas": replicas}})

    async def stop(self) -> None:
        """Ends what still goes on."""
        for each in self.later:
            each.cancel()
        for ended in await asyncio.gather(*self.later, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def typed(act: Ask) -> str:
    """The command as a person types it."""
    objects = ", ".join(f"{WORDS[kind]}/{rest}" for kind, _, rest in (key.partition("/") for key in act.targets))
    flags = (("--with-source", act.with_source), ("--force", act.force), ("--reset", act.reset))
    words = [
        CLUSTER,
        objects,
        *(flag for flag, on in flags if on),
        *(["--timeout", act.timeout] if act.timeout else []),
    ]
    return " ".join(words)


def path_of(key: str) -> str:
    """Where the API server keeps it."""
    kind, namespace, name = key.split("/")
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return f"/apis/{GROUPS[kind]}/namespaces/{namespace}/{plural.lower()}/{name}"
