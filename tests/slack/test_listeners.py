"""Commands and presses reach the flows through a real Bolt app on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from bot.core.errors import StoreError
from bot.core.notices import Apology, Notice, Refusal, Refused, Unrecorded, Whisper
from bot.demo.slack.world import PLATFORM, SRE, TEAM
from bot.slack.gateway import POST
from bot.slack.listeners import Listeners, Recent, Surroundings, Turnstile
from bot.slack.payloads import ChannelChanged, GroupsChanged, Pressed, Said
from bot.slack.rendered import Rendered
from bot.tasks import Tasks
from tests.fakes.clock import FakeClock
from tests.slack.rig import Rig, finished, rigged

COMMAND = "/flux-reconcile"


@dataclass(slots=True)
class Flows:
    """Notes what arrives; waits or breaks if told to."""

    heard: list[Said | Pressed] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    breaks: Exception | None = None
    ended: int = 0

    async def said(self, said: Said) -> None:
        await self._take(said)

    async def pressed(self, pressed: Pressed) -> None:
        await self._take(pressed)

    async def _take(self, deed: Said | Pressed) -> None:
        self.heard.append(deed)
        if self.breaks is not None:
            raise self.breaks
        await self.gate.wait()
        self.ended += 1


@dataclass(frozen=True, slots=True)
class Stage:
    """A rig with listeners on its socket."""

    rig: Rig
    flows: Flows
    tasks: Tasks
    whispers: list[tuple[Whisper, Notice]]
    doubts: list[GroupsChanged | ChannelChanged]


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    async with rigged() as rig:
        flows, whispers, doubts = Flows(), list[tuple[Whisper, Notice]](), list[GroupsChanged | ChannelChanged]()
        tasks = Tasks(rig.telemetry.broke)

        async def whisper(to: Whisper, notice: Notice) -> bool:
            whispers.append((to, notice))
            return True

        around = Surroundings(tasks, rig.clock, rig.telemetry, whisper, doubts.append)
        app = rig.connection.bolt()
        Listeners(flows, around).register(app, COMMAND)
        running = asyncio.create_task(rig.connection.link.run(app))
        try:
            await rig.workspace.connected()
            yield Stage(rig, flows, tasks, whispers, doubts)
        finally:
            flows.gate.set()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await tasks.drain(1)


async def test_a_command_is_acknowledged_without_waiting_for_its_flow() -> None:
    async with staged() as stage:
        delivery = await stage.rig.workspace.command("sre", "platform", "ks payload-service")
        assert delivery.error is None
        assert delivery.ack is not None
        assert delivery.ack.payload == {}
        assert [type(deed) for deed in stage.flows.heard] == [Said]
        said = stage.flows.heard[0]
        assert isinstance(said, Said)
        assert (said.user, said.team, said.channel, said.command) == (SRE, TEAM, PLATFORM, COMMAND)
        assert (said.text, said.reply) == ("ks payload-service", delivery.response_url)
        assert (stage.flows.ended, len(stage.tasks)) == (0, 1)


async def test_many_commands_at_once_are_all_acknowledged_and_all_kept() -> None:
    async with staged() as stage:
        deliveries = await asyncio.gather(
            *(stage.rig.workspace.command("sre", "platform", f"ks app-{n}") for n in range(100))
        )
        assert [delivery.error for delivery in deliveries] == [None] * 100
        assert len(stage.tasks) == 100
        stage.flows.gate.set()
        assert await stage.tasks.drain(10) == 0
        assert stage.flows.ended == 100


async def test_the_same_delivery_twice_is_carried_out_once() -> None:
    async with staged() as stage:
        delivery = await stage.rig.workspace.command("sre", "platform", "ks apps")
        again = await stage.rig.workspace.deliver_again(delivery)
        assert again.acked
        assert len(stage.flows.heard) == 1
        assert stage.rig.telemetry.of("slack.duplicate") == [{"user": SRE}]


async def test_the_same_words_twice_are_two_deeds() -> None:
    async with staged() as stage:
        for _ in range(2):
            await stage.rig.workspace.command("sre", "platform", "ks apps")
        assert len(stage.flows.heard) == 2


def with_buttons() -> Rendered:
    def button(action: str, **more: object) -> dict[str, object]:
        return {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": action}, **more}

    buttons = [button("offer:retry", value="k" * 22), button("link:git", url="https://git.example/commit")]
    return Rendered("over", ({"type": "actions", "elements": buttons},))


async def test_a_press_reaches_the_flows_with_its_key_and_a_link_only_its_ack() -> None:
    async with staged() as stage:
        rig = stage.rig
        rendered = with_buttons()
        await rig.connection.gateway.ask(POST, channel=PLATFORM, text=rendered.text, blocks=list(rendered.blocks))
        message = rig.shown("over")
        pressed = await rig.workspace.press("sre", message, "offer:retry")
        followed = await rig.workspace.press("sre", message, "link:git")
        assert (pressed.error, followed.error) == (None, None)
        assert stage.flows.heard == [
            Pressed(
                user=SRE,
                team=TEAM,
                channel=PLATFORM,
                key="k" * 22,
                action="offer:retry",
                message_ts=message.ts,
                reply=pressed.response_url,
                delivery=pressed.trigger_id,
            )
        ]


async def test_a_flow_that_breaks_is_told_to_the_person_and_to_the_log() -> None:
    async with staged() as stage:
        stage.flows.breaks = ValueError("a secret: xoxb-1-2-3")
        delivery = await stage.rig.workspace.command("sre", "platform", "ks apps")
        await stage.rig.until(lambda: stage.whispers)
        (fact,) = stage.rig.telemetry.broken
        assert fact.event == "slack.flow_broke"
        assert stage.whispers == [
            (Whisper(SRE, PLATFORM, delivery.response_url), Apology(str(fact.facts["reference"])))
        ]


async def test_what_could_not_be_recorded_is_told_to_the_person_without_a_traceback() -> None:
    async with staged() as stage:
        stage.flows.breaks = StoreError("the database does not answer")
        delivery = await stage.rig.workspace.command("sre", "platform", "ks apps")
        await stage.rig.until(lambda: stage.whispers)
        assert stage.rig.telemetry.broken == []
        assert stage.whispers == [
            (Whisper(SRE, PLATFORM, delivery.response_url), Unrecorded("the database does not answer"))
        ]


async def test_what_comes_during_the_shutdown_is_answered() -> None:
    async with staged() as stage:
        await stage.tasks.drain(0)
        delivery = await stage.rig.workspace.command("sre", "platform", "ks apps")
        assert delivery.error is None
        await stage.rig.until(lambda: stage.whispers)
        assert [notice for _, notice in stage.whispers] == [Refused(Refusal.SHUTTING_DOWN, f"{COMMAND} ks apps")]
        assert stage.flows.heard == []


async def test_events_that_make_us_doubt_are_told_and_others_only_acknowledged() -> None:
    async with staged() as stage:
        shared = await stage.rig.workspace.tell({"type": "channel_shared", "channel": PLATFORM})
        group = await stage.rig.workspace.tell({"type": "subteam_members_changed", "subteam_id": "S1"})
        home = await stage.rig.workspace.open_home("sre")
        assert [delivery.acked for delivery in (shared, group, home)] == [True] * 3
        assert stage.doubts == [ChannelChanged(PLATFORM), GroupsChanged()]


async def test_a_payload_that_is_not_slacks_is_acknowledged_and_named_without_its_content() -> None:
    async with staged() as stage:
        broken = {"command": COMMAND, "text": "ks apps", "trigger_id": "9.9"}
        delivery = await stage.rig.workspace._dispatcher.carry("slash_commands", broken)
        assert delivery.acked
        pressed = await stage.rig.workspace._dispatcher.carry(
            "interactive",
            {"type": "block_actions", "actions": [{"type": "button", "action_id": "a", "block_id": "b"}]},
        )
        assert pressed.acked
        garbled = stage.rig.telemetry.of("slack.garbled")
        assert [(fact["kind"], fact["why"]) for fact in garbled] == [("command", "user_id"), ("action", "user")]
        assert stage.flows.heard == []


async def test_bolt_never_asks_slack_who_it_is() -> None:
    async with staged() as stage:
        for n in range(3):
            await stage.rig.workspace.command("sre", "platform", f"ks app-{n}")
        assert [call.method for call in stage.rig.workspace.calls] == ["auth.test", "apps.connections.open"]


async def test_when_intake_stops_messages_still_go_out() -> None:
    async with staged() as stage:
        await stage.rig.connection.stop_intake()
        delivery = await stage.rig.workspace.command("sre", "platform", "ks apps")
        assert delivery.error == "dispatch_failed"
        stage.rig.show(finished())
        await stage.rig.flushed()
        assert stage.rig.texts()[-1:] == ["r1 ended 1"]


async def test_a_delivery_is_remembered_for_ten_minutes() -> None:
    clock = FakeClock()
    recent = Recent(clock)
    assert [recent.again("a"), recent.again("a"), recent.again("b")] == [False, True, False]
    await clock.advance(599)
    assert recent.again("a")
    await clock.advance(1)
    assert [recent.again("a"), recent.again("b")] == [False, False]


async def test_what_has_arrived_is_acknowledged_before_the_link_closes() -> None:
    async with staged() as stage:
        deliveries = [
            asyncio.create_task(stage.rig.workspace.command("sre", "platform", f"ks {n}")) for n in range(20)
        ]
        await stage.rig.until(lambda: stage.flows.heard)
        await stage.rig.connection.stop_intake()
        fates = [(await each).error for each in deliveries]
        # Each one was acknowledged and heard, or never sent: none is acknowledged and lost, none heard in vain.
        assert fates.count(None) == len(stage.flows.heard)
        assert set(fates) <= {None, "dispatch_failed"}


async def test_flows_begin_one_by_one_with_a_turn_for_acknowledgements_between_them() -> None:
    turnstile, order = Turnstile(), list[str]()

    async def flow(name: str) -> None:
        await turnstile.passed()
        order.append(name)

    async def acknowledging() -> None:
        for _ in range(20):
            order.append("ack")
            await asyncio.sleep(0)

    await asyncio.gather(*(flow(name) for name in "abc"), acknowledging())
    started = [order.index(name) for name in "abc"]
    assert started == sorted(started)
    assert all("ack" in order[before:after] for before, after in pairwise(started))
