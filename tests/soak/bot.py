"""The real bot on the simulated API server: its flows and its cluster edge, with fakes where Slack would be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random

from bot.cluster.adapter import KubernetesCluster, KubernetesClusters
from bot.cluster.credentials import ClusterSpec
from bot.core.audit import Entry
from bot.core.kinds import GIT_REPOSITORY, HELM_CHART, HELM_RELEASE, HELM_REPOSITORY, KUSTOMIZATION, OCI_REPOSITORY
from bot.core.notices import BatchFinished, BatchRunning, Finished, ForceAsked, Part, Running
from bot.flows.assembly import Manners, Outside, assemble
from bot.flows.dispatch import Dispatch
from bot.flows.gate import Heard
from bot.flows.steps import Patience
from bot.store.memory import MemoryMessages, MemoryRequests, MemoryTrail
from bot.tasks import Tasks
from tests.fakes.chat import FakeChat
from tests.fakes.directory import HOME, FakeDirectory
from tests.fakes.telemetry import FakeTelemetry
from tests.flows.house import ALLOWLIST, AUDIT, PLATFORM, SRE
from tests.soak.clock import LoopClock
from tests.soak.told import Told
from tests.soak.wire import Wire

CLUSTER = "prod"
KINDS = (KUSTOMIZATION, HELM_RELEASE, GIT_REPOSITORY, OCI_REPOSITORY, HELM_REPOSITORY, HELM_CHART)
AFTERLIFE = timedelta(minutes=5)


TYPED: ContextVar[float] = ContextVar("typed")
"""When the command that a task carries out was typed or pressed: before anything was looked up for it."""


class TimedTelemetry(FakeTelemetry):
    """Notes when each request was typed, and when each step was over."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: dict[str, float] = {}
        self.followed: dict[tuple[str, str], float] = {}
        self.joined = 0

    def tell(self, event: str, /, **facts: object) -> None:
        match event:
            case "followed":
                self.followed[str(facts["token"]), str(facts["object"])] = asyncio.get_running_loop().time()
            case "joined":
                self.joined += 1
            case "accepted":
                self.typed[str(facts["request"])] = TYPED.get()
                super().tell(event, **facts)
            case "duplicate":
                super().tell(event, **facts)
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot. `say` and `press` are what Slack's listeners would hand in."""

    dispatch: Dispatch
    chat: FakeChat
    trail: MemoryTrail
    requests: MemoryRequests
    telemetry: TimedTelemetry
    afterlives: Tasks
    numbers: "count[int]"

    async def say(self, text: str) -> None:
        """Types it; asked whether a force is meant, this person says yes at once."""
        asked = len(self.chat.whispers)
        TYPED.set(asyncio.get_running_loop().time())
        await self.dispatch.said(self._heard(), text)
        for whispered in self.chat.whispers[asked:]:
            if isinstance(whispered.notice, ForceAsked) and whispered.notice.typed == text:
                await self.press(whispered.notice.buttons[0].key)

    async def press(self, key: str) -> None:
        TYPED.set(asyncio.get_running_loop().time())
        await self.dispatch.pressed(self._heard(), key)

    def button(self, name: str) -> str | None:
        """The key of the newest button of that name, if one stands."""
        for shown in reversed(self.chat.shown):
            if shown.slot.part is Part.ROOT and isinstance(
                shown.notice, Running | Finished | BatchRunning | BatchFinished
            ):
                for button in shown.notice.buttons:
                    if button.press.value == name:
                        return button.key
        return None

    def told(self) -> list[Told]:
        """All that was said, request by request."""
        names = [str(fact.facts["request"]) for fact in self.telemetry.told if fact.event == "accepted"]
        shown = {name: tuple(each for each in self.chat.shown if each.slot.subject == name) for name in names}
        typed, followed = self.telemetry.typed, self.telemetry.followed
        return [Told(name, typed[name], shown[name], self.requests.asks(name), followed) for name in names]

    def entries(self, request: str) -> list[Entry]:
        """What stands in the audit trail of a request."""
        return [entry for entry in self.trail.newest() if entry.request == request]

    def _heard(self) -> Heard:
        return Heard(SRE, HOME, PLATFORM, f"delivery-{next(self.numbers)}", "https://hooks.test/reply")


@asynccontextmanager
async def bot_on(wire: Wire, kubeconfig: Path, random: Random) -> AsyncIterator[Bot]:
    """A bot whose watches run, synced, until the block ends."""
    clock, telemetry = LoopClock(), TimedTelemetry()
    spec = ClusterSpec(CLUSTER, kubeconfig=kubeconfig, kinds=KINDS)
    cluster = KubernetesCluster(spec, clock, telemetry, random.uniform, wire.connect)
    watching = asyncio.create_task(cluster.run(), name="watches")
    bot = _assembled(cluster, clock, telemetry)
    try:
        await cluster.synced()
        yield bot
        if watching.done():
            watching.result()
    finally:
        await bot.afterlives.drain(0)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await cluster.close()


def _assembled(cluster: KubernetesCluster, clock: LoopClock, telemetry: TimedTelemetry) -> Bot:
    chat, directory, trail = FakeChat(clock), FakeDirectory(), MemoryTrail()
    directory.person(SRE, "sre")
    directory.place(PLATFORM, "platform")
    directory.place(AUDIT, "flux-audit")
    requests, afterlives = MemoryRequests(clock, trail), Tasks(telemetry.broke)
    ids, keys = count(1), count(1)
    outside = Outside(
        allowlist=ALLOWLIST,
        directory=directory,
        chat=chat,
        clusters=KubernetesClusters([cluster]),
        requests=requests,
        trail=trail,
        messages=MemoryMessages(clock),
        clock=clock,
        telemetry=telemetry,
        afterlives=afterlives,
        new_id=lambda: f"req{next(ids):05d}",
        new_key=lambda: f"key-{next(keys)}",
    )
    dispatch = assemble(outside, Manners(patience=Patience(floor=timedelta(minutes=1), afterlife=AFTERLIFE)))
    return Bot(dispatch, chat, trail, requests, telemetry, afterlives, count(1))
