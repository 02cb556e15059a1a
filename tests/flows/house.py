"""Every flow wired on fakes, and the little that tests of flows have to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from bot.core.channels import ANY, Allowlist, Channel, Ping, Rule, Sources, Who
from bot.core.notices import Audited, Finished, Notice, Part, Refused, Running
from bot.core.offers import Press
from bot.core.requests import Place
from bot.core.resources import Snapshot
from bot.flows.assembly import Manners, Outside, assemble
from bot.flows.dispatch import Dispatch
from bot.flows.gate import Heard
from bot.ports import Requests
from bot.store.memory import MemoryMessages, MemoryRequests, MemoryTrail
from bot.tasks import Tasks
from tests.fakes.chat import FakeChat
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster, FakeClusters
from tests.fakes.directory import HOME, FakeDirectory
from tests.fakes.telemetry import FakeTelemetry

SRE, DEV, GUEST = "U0SRE", "U0DEV", "U0GUEST"
PLATFORM, SHOP, AUDIT, ELSEWHERE = "C0PLATFORM", "C0SHOP", "C0AUDIT", "C0ELSEWHERE"
SHOP_TEAM = "S0SHOP"

EVERYTHING = Rule(
    name="platform",
    who=Who(users=frozenset({SRE})),
    verbs=frozenset({ANY}),
    clusters=(ANY,),
    kinds=frozenset({ANY}),
    namespaces=(ANY,),
    names=(ANY,),
    sources=Sources.REFERENCED,
    all=True,
    force=True,
    reset=True,
)
DEPLOYERS = Rule(
    name="shop-deployers",
    who=Who(groups=frozenset({SHOP_TEAM})),
    verbs=frozenset({"reconcile"}),
    clusters=(ANY,),
    kinds=frozenset({"Kustomization", "HelmRelease"}),
    namespaces=("shop",),
    names=(ANY,),
)
ALLOWLIST = Allowlist(
    channels=(
        Channel(PLATFORM, "platform", private=True, shared=False, clusters=(ANY,), rules=(EVERYTHING,)),
        Channel(
            SHOP,
            "team-shop",
            private=False,
            shared=False,
            clusters=(ANY,),
            rules=(DEPLOYERS,),
            default_namespace="shop",
        ),
    ),
    audit_channel=AUDIT,
    ping=Ping.FAILURES,
)


@dataclass(slots=True)
class House:
    """One bot without edges. `say` and `press` are what Slack's listeners would hand in."""

    clock: FakeClock = field(default_factory=FakeClock)
    allowlist: Allowlist = ALLOWLIST
    clusters: tuple[FakeCluster, ...] = ()
    chat: FakeChat = field(init=False)
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    trail: MemoryTrail = field(default_factory=MemoryTrail)
    requests: Requests = field(init=False)
    messages: MemoryMessages = field(init=False)
    afterlives: Tasks = field(init=False)
    dispatch: Dispatch = field(init=False)
    manners: Manners = field(default_factory=Manners)
    _deliveries: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.chat = FakeChat(self.clock)
        self.requests = MemoryRequests(self.clock, self.trail)
        self.messages = MemoryMessages(self.clock)
        self.afterlives = Tasks(lambda name, error: self.telemetry.broke("task_died", error, task=name))
        self.directory.person(SRE, "sre")
        self.directory.person(DEV, "dev", groups=(SHOP_TEAM,))
        self.directory.group_names[SHOP_TEAM] = "shop-team"
        self.directory.place(PLATFORM, "platform")
        self.directory.place(SHOP, "team-shop", private=False)
        self.directory.place(AUDIT, "flux-audit")
        self.dispatch = self._wire()

    def use(self, requests: Requests) -> None:
        """Another store from here on."""
        self.requests = requests
        self.dispatch = self._wire()

    def _wire(self) -> Dispatch:
        ids, keys = count(1), count(1)
        outside = Outside(
            allowlist=self.allowlist,
            directory=self.directory,
            chat=self.chat,
            clusters=FakeClusters(*self.clusters),
            requests=self.requests,
            trail=self.trail,
            messages=self.messages,
            clock=self.clock,
            telemetry=self.telemetry,
            afterlives=self.afterlives,
            new_id=lambda: f"req{next(ids):05d}",
            new_key=lambda: f"key-{next(keys)}",
        )
        return assemble(outside, self.manners)

    def heard(self, user: str = SRE, channel: str = PLATFORM, team: str = HOME, delivery: str = "") -> Heard:
        return Heard(
            user, team, channel, delivery or f"delivery-{next(self._deliveries)}", "https://hooks.test/reply"
        )

    async def say(self, text: str, user: str = SRE, channel: str = PLATFORM, *, delivery: str = "") -> None:
        """Types a command and waits for all that comes of it, the afterlife apart."""
        await self.clock.through(self.dispatch.said(self.heard(user, channel, delivery=delivery), text))

    async def force(self, text: str, user: str = SRE, channel: str = PLATFORM) -> None:
        """Types a command with `--force` and says yes to what is asked then."""
        await self.say(text, user, channel)
        await self.press(self.button(Press.FORCE), user, channel)

    async def press(self, key: str, user: str = SRE, channel: str = PLATFORM, *, delivery: str = "") -> None:
        await self.clock.through(self.dispatch.pressed(self.heard(user, channel, delivery=delivery), key))

    def deliver(self) -> None:
        """Keeps what was shown where the courier would keep it."""
        for slot, notice in self.chat.standing().items():
            self.messages.want(slot, Place(slot.place), notice)

    # --- What was shown -------------------------------------------------------------------------------------------

    def whispers(self) -> list[Notice]:
        return [each.notice for each in self.chat.whispers]

    def refusals(self) -> list[Refused]:
        """Every whisper, each of which must be a refusal."""
        found = [each for each in self.whispers() if isinstance(each, Refused)]
        assert len(found) == len(self.chat.whispers), "something else was whispered"
        return found

    def audit_lines(self) -> list[Audited]:
        """What stands in the audit channels, one for each line."""
        standing = self.chat.standing().items()
        return [notice for slot, notice in standing if slot.part is Part.AUDIT and isinstance(notice, Audited)]

    def button(self, press: Press, label: str = "") -> str:
        """The key of a button under the newest root or whisper that has one."""
        shown = [*self.whispers(), *self.in_part(Part.ROOT)]
        for notice in reversed(shown):
            for button in getattr(notice, "buttons", ()):
                if (button.press, button.label) == (press, label):
                    return str(button.key)
        raise AssertionError(f"there is no button to {press.value}")

    def in_part(self, part: Part) -> list[Notice]:
        return [each.notice for each in self.chat.shown if each.slot.part is part]

    def root(self) -> Running | Finished:
        """The newest root message."""
        found = self.in_part(Part.ROOT)[-1]
        assert isinstance(found, Running | Finished)
        return found

    def finished(self) -> Finished:
        found = self.root()
        assert isinstance(found, Finished), "no request has ended"
        return found

    def ends(self) -> list[object]:
        """How each target of the newest request ended."""
        return [track.outcome.end if track.outcome else None for track in self.finished().tracks]


def house_with(*objects: Snapshot, name: str = "prod", allowlist: Allowlist = ALLOWLIST) -> tuple[House, FakeCluster]:
    """A house with one cluster that holds these objects."""
    clock = FakeClock()
    cluster = FakeCluster(clock, *objects, name=name)
    return House(clock=clock, clusters=(cluster,), allowlist=allowlist), cluster
