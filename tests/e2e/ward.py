"""The whole bot on a simulated workspace and a simulated cluster with Flux in it, where the cluster can be made ill.

    cured(story, folder)    plays `async def story(ward)` in virtual time, so that minutes of illness cost nothing

Only the bot goes through the table of faults: Flux and the test itself reach the API server directly.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot import app
from bot.core.kinds import KINDS
from bot.demo.allowlists import default_allowlist
from bot.demo.flux.contents import Folder, Tree
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.knobs import KUSTOMIZE, Knobs
from bot.demo.flux.origins import GitOrigin, Origins
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.rights import MASTERS, User
from bot.demo.kube.site import Site
from bot.demo.kube.watches import Drop
from bot.demo.loopback import Fault, Predicate, Rule
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from tests.demo.flux.inside import Inside, admit
from tests.e2e.stage import CLUSTER, CLUSTER_TOKEN, RUNNING, SECRETS, is_top, settings_for
from tests.fakes.api_server import kubeconfig
from tests.fakes.virtual_loop import now, virtually
from tests.soak.clock import LoopClock

APPS = "prod ks/flux-system/apps"
ASK = "ks apps"
LONG = 3600.0
"""Virtual seconds in which anything here must have ended."""
REQUESTED = "reconcile.fluxcd.io/requestedAt"
_SOURCE = "https://git.example.com/acme/apps"
_FIRST = "The first commit"

Json = dict[str, Any]


class Relay:
    """Between the bot and the API server. Connections can go dead without a word: open, and nothing comes through."""

    def __init__(self) -> None:
        self.port = 0
        self._target = 0
        self._pairs: list[_Pair] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def to(self, url: str) -> AsyncIterator[Relay]:
        self._target = int(url.rpartition(":")[2])
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def deaden(self) -> None:
        """What is open now is dead from now on; new connections work."""
        for pair in self._pairs:
            pair.dead = True

    async def _connected(self, ours: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        theirs, back = await asyncio.open_connection("127.0.0.1", self._target)
        pair = _Pair()
        self._pairs.append(pair)
        for source, sink in ((ours, back), (theirs, out)):
            task = asyncio.create_task(pair.carry(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


@dataclass(slots=True)
class _Pair:
    dead: bool = False

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(2**16):
                if not self.dead:
                    sink.write(data)
                    await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()


@dataclass(slots=True)
class Ward:
    """What a test drives and looks at."""

    workspace: Workspace
    server: ApiServer
    site: Site
    relay: Relay
    origin: GitOrigin
    flux: Flux
    log: io.StringIO
    config: Path
    """The bot's kubeconfig."""

    # --- what people do and see -----------------------------------------------------------------------------------

    async def type(self, text: str = ASK) -> int:
        """Types it as sre in platform; answers how many states of messages there were before."""
        seen = len(self.workspace.history)
        delivery = await self.workspace.command("sre", "platform", text)
        assert delivery.error is None, delivery.error
        return seen

    async def say(self, text: str = ASK) -> MessageState:
        """Types it and returns its end."""
        return await self.end(await self.type(text))

    async def retry(self, message: MessageState) -> MessageState:
        seen = len(self.workspace.history)
        delivery = await self.workspace.press("sre", message, "offer:retry")
        assert delivery.error is None, delivery.error
        return await self.end(seen)

    async def end(self, since: int = 0) -> MessageState:
        """A root that runs no more."""
        return await self.until(
            lambda state: is_top(state) and state.only_for is None and not state.text.startswith(RUNNING), since
        )

    async def edited(self, message: MessageState, words: str) -> MessageState:
        """A later state of the message that holds these words."""
        return await self.until(
            lambda each: each.key == message.key and each.seq > message.seq and words in each.text, 0
        )

    async def until(self, holds: Callable[[MessageState], bool], since: int) -> MessageState:
        def found() -> MessageState | None:
            return next((state for state in self.workspace.history[since:] if holds(state)), None)

        try:
            state = await self.workspace.wait_for(found, LONG)
        except TimeoutError:
            seen = "\n---\n".join(state.text for state in self.workspace.history[since:])
            raise AssertionError(f"nobody saw that, but:\n{seen}\n\n{self.log.getvalue()[-6000:]}") from None
        assert state is not None
        return state

    @property
    def texts(self) -> list[str]:
        """Every state of every message of the bot's, private ones included."""
        return [state.text for state in self.workspace.history]

    # --- the cluster ----------------------------------------------------------------------------------------------

    def commit(self, broken: str = "") -> None:
        """A new commit, whose build fails with that text if there is one. Flux fetches it when it is told to look."""
        self.origin.push(Tree({"deploy": Folder((), broken=broken)}), "The second commit")

    async def new_revision_waits(self, broken: str = "") -> None:
        """A commit that is fetched while kustomize-controller is away."""
        await self.flux.stop(KUSTOMIZE)
        self.commit(broken)
        await self.fetched()

    def carry_on(self) -> None:
        """kustomize-controller is back."""
        self.flux.start(KUSTOMIZE)

    async def fetched(self) -> None:
        """Makes the source fetch what was committed."""
        note = {"metadata": {"annotations": {REQUESTED: f"by-hand-{passed()}"}}}
        api = Inside(self.server)
        await api.patch("/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/apps", note)
        await asyncio.sleep(10)

    def fall_ill(self, fault: Fault, *, when: Predicate | None = None, times: int | None = None) -> Rule:
        return self.site.faults.add(Rule(fault, when=when, times=times))

    def lose_watches(self) -> None:
        self.server.drop_watches(Drop.RESET)

    def heal(self) -> None:
        self.site.faults.clear()

    @property
    def tokens(self) -> set[str]:
        """Of the bot's requests, as the API server stored them in the Kustomization."""
        history = self.server.history("Kustomization")
        notes = [each.now.object["metadata"].get("annotations", {}).get(REQUESTED, "") for each in history]
        return {each for each in notes if each and not each.startswith("by-hand")}

    async def patched(self) -> None:
        """Until the bot's request has reached the API server."""
        async with asyncio.timeout(LONG):
            while not self.tokens:
                await asyncio.sleep(0.01)

    async def linked(self) -> None:
        await self.workspace.connected(timeout=LONG)

    async def watching(self) -> None:
        """Until the bot has listed everything and watches it."""
        async with asyncio.timeout(LONG):
            while len({line["kind"] for line in self.events("held")}) < len(KINDS):
                await asyncio.sleep(0.05)

    def events(self, name: str) -> list[Json]:
        lines = [json.loads(line) for line in self.log.getvalue().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == name]


def passed() -> float:
    return asyncio.get_running_loop().time()


Story = Callable[[Ward], Awaitable[None]]
Spoil = Callable[[Path], None]


def cured(story: Story, folder: Path, at_birth: Fault | None = None, spoil: Spoil | None = None) -> None:
    """Plays it to its end. What the bot logged must hold no secret and no traceback."""

    async def main() -> None:
        async with warded(folder, at_birth, spoil) as ward:
            await story(ward)

    virtually(main())


@asynccontextmanager
async def warded(folder: Path, at_birth: Fault | None = None, spoil: Spoil | None = None) -> AsyncIterator[Ward]:
    """The bot linked, the cluster at rest. With `at_birth` the bot meets that fault from its first call on, and with
    `spoil` its kubeconfig was changed like that."""
    server, origins = admit(ApiServer(now, Random(11))), Origins()
    server.users[CLUSTER_TOKEN] = User("flux-bot", (MASTERS,))
    origin = origins.git(_SOURCE)
    origin.push(Tree({"deploy": Folder()}), _FIRST)
    for obj in _world():
        server.place(obj)
    flux = Flux(Inside(server), origins, Knobs(), now, Random(12), Journal(now))
    async with flux, Site(server) as site, Relay().to(site.url) as relay, Workspace() as workspace:
        await asyncio.sleep(20)
        url = f"http://127.0.0.1:{relay.port}"
        config = kubeconfig(folder / "kubeconfig", url, {"token": CLUSTER_TOKEN}, context=CLUSTER)
        log, stop = io.StringIO(), asyncio.Event()
        ward = Ward(workspace, server, site, relay, origin, flux, log, config)
        if at_birth is not None:
            ward.fall_ill(at_birth)
        if spoil is not None:
            spoil(config)
        settings = settings_for(workspace.api_url, config)
        with redirect_stderr(log), pytest.MonkeyPatch.context() as patch:
            patch.setattr("bot.app.SystemClock", LoopClock)
            bot = asyncio.ensure_future(app.serve(settings, default_allowlist(), stop))
            try:
                await ward.linked()
                if at_birth is None and spoil is None:
                    await ward.watching()
                    await asyncio.sleep(10)
                yield ward
            finally:
                stop.set()
                code = await bot
    _sound(log.getvalue(), code)


def _sound(log: str, code: int) -> None:
    assert code == 0, log
    assert [secret for secret in SECRETS if secret in log] == []
    assert "Traceback" not in log
    traced = [line["event"] for line in map(json.loads, filter(None, log.splitlines())) if "trace" in line]
    assert traced == [], log


def _world() -> list[Json]:
    source = {"kind": "GitRepository", "name": "apps"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}},
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "apps", "namespace": "flux-system"},
            "spec": {"interval": "24h", "url": _SOURCE, "ref": {"branch": "main"}},
        },
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "apps", "namespace": "flux-system"},
            "spec": {"interval": "24h", "timeout": "1m", "path": "./deploy", "prune": True, "sourceRef": source},
        },
    ]
