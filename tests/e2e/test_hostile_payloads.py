"""Payloads with each place gone, null, empty, huge or of another type: acknowledged, and nobody acts by them.

Over Socket Mode and over HTTP. `staged` sees to it that no log holds a traceback.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.config.settings import SlackMode
from bot.demo.slack import payloads, world
from bot.demo.slack.payloads import Deed
from bot.demo.slack.state import MessageState
from tests.e2e.stage import Stage, staged
from tests.e2e.test_http_mode import EVENTS, signed
from tests.slack.wounds import Path as Way
from tests.slack.wounds import Payload, Wound, replaced, without, wounds

ASK = "ks ks-unchanged/app"
AT_ONCE = 50
Send = Callable[[str, Payload], Awaitable[object]]
"""Delivers a payload and answers what is wrong with its acknowledgement; None if nothing is."""

COMMAND_IS_OF = (("user_id",), ("team_id",), ("channel_id",))
PRESS_IS_OF = (("user", "id"), ("user", "team_id"), ("container", "channel_id"))
"""Where a payload says whose it is and where."""


@dataclass(frozen=True, slots=True)
class Post:
    """Slack over HTTP: every payload signed and posted to the bot's own port."""

    session: aiohttp.ClientSession
    url: str

    async def __call__(self, kind: str, payload: Payload) -> object:
        if kind == "slash_commands":
            body = urlencode({name: _in_a_form(value) for name, value in payload.items()}, errors="replace").encode()
        elif kind == "interactive":
            body = urlencode({"payload": json.dumps(payload)}).encode()
        else:
            body = json.dumps(payload).encode()
        headers = signed(body)
        if kind == "events_api":
            headers["Content-Type"] = "application/json"
        async with self.session.post(self.url, data=body, headers=headers) as response:
            return None if (response.status, await response.text()) == (200, "") else response.status


def _in_a_form(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


async def over_a_link(stage: Stage, kind: str, payload: Payload) -> object:
    delivery = await stage.workspace.deliver(kind, payload)
    return delivery.error or (delivery.ack.payload if delivery.ack is not None else None) or None


@dataclass(frozen=True, slots=True)
class Samples:
    """Sound payloads of a stage, each of a deed of its own."""

    stage: Stage
    root: MessageState
    """The end of a request, with a button that has never been pressed."""
    numbers: Iterator[int]

    def deed(self, who: str = "sre") -> Deed:
        workspace = self.stage.workspace
        url = workspace.links.origin + workspace.site.urls.issue(world.SRE, world.PLATFORM, None)
        return Deed(workspace.roster.person(who), f"77.88.{next(self.numbers)}", "19.000001", url)

    def command(self, text: str = ASK) -> Payload:
        channel = self.stage.workspace.roster.channel("platform")
        return payloads.slash_command(self.deed(), channel, "/flux-reconcile", text)

    def press(self) -> Payload:
        channel = self.stage.workspace.roster.channel("platform")
        found = payloads.find_action(self.root.blocks, self.root.ts, "offer:with-source", None)
        assert found is not None
        return payloads.press_on_message(self.deed(), channel, self.root, payloads.as_action(found))

    def of_views(self) -> Iterator[Payload]:
        """What the bot never asked for, and other apps get every day."""
        press = self.press()
        view = {"id": "V1", "type": "modal", "callback_id": "x", "blocks": [], "state": {"values": {}}}
        common = {name: press[name] for name in ("user", "team", "token", "trigger_id", "api_app_id")}
        yield {**common, "type": "view_submission", "view": view, "response_urls": []}
        yield {**common, "type": "view_closed", "view": view, "is_cleared": False}
        yield {**common, "type": "shortcut", "callback_id": "x", "action_ts": "1.0"}
        yield {
            **common,
            "type": "message_action",
            "callback_id": "x",
            "channel": press["channel"],
            "message": press["message"],
            "message_ts": "17.0",
            "response_url": press["response_url"],
        }
        yield {**common, "type": "block_suggestion", "action_id": "a", "block_id": "b", "value": "x"}

    def events(self) -> Iterator[Payload]:
        for body in (
            {"type": "channel_archive", "channel": world.RANDOM, "user": world.SRE},
            {"type": "channel_id_changed", "old_channel_id": world.RANDOM, "new_channel_id": world.LOBBY},
            {"type": "subteam_members_changed", "subteam_id": world.SHOP_TEAM, "added_users": [world.DEV]},
            {"type": "app_mention", "user": world.SRE, "team": world.TEAM, "channel": world.PLATFORM, "text": ASK},
            {"type": "app_home_opened", "user": world.SRE, "tab": "home"},
        ):
            yield payloads.event(f"Ev{next(self.numbers)}", 1_700_000_000, body)


def fresh(kind: str, wound: Wound, number: int) -> Payload:
    """A delivery of its own, where the wound is not its very id."""
    if kind == "events_api" or wound.path[0] == "trigger_id":
        return wound.payload
    return {**wound.payload, "trigger_id": f"99.{number}"}


async def wounded(send: Send, kind: str, payload: Payload, *, only: Callable[[Wound], bool]) -> list[str]:
    """What was not acknowledged in silence, of all wounds of a payload that fit."""
    chosen = [wound for wound in wounds(payload) if only(wound)]
    assert chosen
    failed = []
    for begin in range(0, len(chosen), AT_ONCE):
        batch = chosen[begin : begin + AT_ONCE]
        sent = [fresh(kind, wound, number) for number, wound in enumerate(batch, begin)]
        wrong = await asyncio.gather(*(send(kind, each) for each in sent))
        failed += [f"{kind} {wound}: {why}" for wound, why in zip(batch, wrong, strict=True) if why is not None]
    return failed


async def others(send: Send, payload: Payload, places: Mapping[Way, Sequence[str]], kind: str) -> None:
    """Sends the payload as that of other people, places and organisations."""
    for number, (path, values) in enumerate(places.items()):
        for value in values:
            changed = replaced(payload, path, value)
            await send(kind, {**changed, "trigger_id": f"55.{number}.{value}"})


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> SlackMode:
    return SlackMode(request.param)


@asynccontextmanager
async def hostile(mode: SlackMode, folder: Path) -> AsyncIterator[tuple[Stage, Samples, Send]]:
    """A stage with one request that has ended, and the way to it for payloads."""
    socket = mode is SlackMode.SOCKET
    async with (
        # Over HTTP the signature's time is the machine's, so the bot's has to be as well.
        staged("ks-unchanged", folder, fast=socket, linked=socket, slack_mode=mode) as stage,
        aiohttp.ClientSession() as session,
    ):
        send: Send = partial(over_a_link, stage)
        if not socket:
            send = Post(session, f"{await stage.url(EVENTS)}{EVENTS}")
        assert await send("slash_commands", Samples(stage, NOTHING, count(10_000)).command()) is None
        root = await stage.end()
        await stage.audited()
        yield stage, Samples(stage, root, count(1)), send


NOTHING = MessageState(0, 0.0, "", "", "", None, "", "", None, "")


async def no_act(stage: Stage, patches: int = 1) -> None:
    """Waits for everything that was begun, and finds no patch besides the first."""
    assert await stage.finish() == 0
    assert len(stage.cluster.patches) == patches
    assert len(stage.events("accepted")) == patches


async def test_a_command_that_does_not_say_whose_it_is_and_where_makes_nobody_act(
    tmp_path: Path, mode: SlackMode
) -> None:
    whose: dict[Way, Sequence[str]] = {
        ("user_id",): (world.DEV, world.GUEST, world.FORMER, world.OTHER_BOT, world.OUTSIDER, "U0NOBODY"),
        ("team_id",): (world.OTHER_TEAM, "E0ENTERPRISE"),
        ("channel_id",): (world.RANDOM, world.LOBBY, world.SECRETS, world.OLD_PROJECT, "C0NOWHERE", "D0SOMEBODY"),
    }
    async with hostile(mode, tmp_path) as (stage, samples, send):
        payload = samples.command()
        assert await wounded(send, "slash_commands", payload, only=lambda w: w.touches(*COMMAND_IS_OF)) == []
        await others(send, payload, whose, "slash_commands")
        await no_act(stage)


def hides_its_presser(wound: Wound) -> bool:
    """Without a team of the presser it is that of the payload; what Slack says of the person decides all the same."""
    return wound.touches(*PRESS_IS_OF) and (wound.path, wound.what) != (("user", "team_id"), "gone")


async def test_a_press_that_does_not_say_whose_it_is_and_where_makes_nobody_act(
    tmp_path: Path, mode: SlackMode
) -> None:
    whose: dict[Way, Sequence[str]] = {
        ("user", "id"): (world.DEV, world.GUEST, world.FORMER, world.OTHER_BOT, world.OUTSIDER, "U0NOBODY"),
        ("user", "team_id"): (world.OTHER_TEAM, "E0ENTERPRISE"),
        ("container", "channel_id"): (world.RANDOM, world.LOBBY, world.SECRETS, "C0NOWHERE", "D0SOMEBODY"),
        ("channel", "id"): (world.RANDOM,),
        ("actions", 0, "value"): ("", "a" * 22),
    }
    async with hostile(mode, tmp_path) as (stage, samples, send):
        payload = samples.press()
        assert await wounded(send, "interactive", payload, only=hides_its_presser) == []
        await others(send, payload, whose, "interactive")
        await others(send, without(payload, ("user", "team_id")), {("user", "id"): (world.OUTSIDER,)}, "interactive")
        await no_act(stage)


async def test_a_command_with_any_other_place_spoiled_is_acknowledged(tmp_path: Path, mode: SlackMode) -> None:
    async with hostile(mode, tmp_path) as (stage, samples, send):
        payload = samples.command("help")
        assert await wounded(send, "slash_commands", payload, only=lambda w: not w.touches(*COMMAND_IS_OF)) == []
        await no_act(stage)


async def test_a_press_with_any_other_place_spoiled_is_acknowledged_and_acts_once_at_most(
    tmp_path: Path, mode: SlackMode
) -> None:
    async with hostile(mode, tmp_path) as (stage, samples, send):
        spoiled = await wounded(send, "interactive", samples.press(), only=lambda w: not w.touches(*PRESS_IS_OF))
        assert spoiled == []
        await stage.finish()
        # The button works once; it asks the source, which is the second patch.
        assert len(stage.events("accepted")) <= 2


async def test_what_the_bot_never_asked_for_is_acknowledged(tmp_path: Path, mode: SlackMode) -> None:
    async with hostile(mode, tmp_path) as (stage, samples, send):
        for payload in samples.of_views():
            assert (payload["type"], await send("interactive", payload)) == (payload["type"], None)
            assert await wounded(send, "interactive", payload, only=lambda w: len(w.path) < 3) == []
        await no_act(stage)


async def test_an_event_with_any_place_spoiled_is_acknowledged(tmp_path: Path, mode: SlackMode) -> None:
    async with hostile(mode, tmp_path) as (stage, samples, send):
        for payload in samples.events():
            assert await send("events_api", payload) is None
            assert await wounded(send, "events_api", payload, only=lambda _: True) == []
        await no_act(stage)


async def test_whoever_sent_what_cannot_be_read_is_told_with_a_reference_into_the_log(
    tmp_path: Path, mode: SlackMode
) -> None:
    async with hostile(mode, tmp_path) as (stage, samples, send):
        seen = len(stage.history)
        assert await send("slash_commands", without(samples.command(), ("text",))) is None
        command = await stage.end(seen)
        seen = len(stage.history)
        assert await send("interactive", without(samples.press(), ("actions", 0, "value"))) is None
        press = await stage.end(seen)
        logged = [await stage.logged("slack.garbled", number) for number in (1, 2)]
        for told, line, place in zip((command, press), logged, ("text", "value"), strict=True):
            assert (told.only_for, line["why"]) == (world.SRE, place)
            assert told.text.splitlines() == [
                "❌ sorry: the bot itself failed here, not Flux",
                f"what Slack sent cannot be read ({place}), so nothing was done: ask again",
                f"the log of the bot knows more under {line['reference']}",
            ]
        await no_act(stage)


async def test_a_command_of_a_name_that_the_settings_do_not_know_is_told_the_right_one(
    tmp_path: Path, mode: SlackMode
) -> None:
    async with hostile(mode, tmp_path) as (stage, samples, send):
        seen = len(stage.history)
        assert await send("slash_commands", {**samples.command(), "command": "/reconcile"}) is None
        told = await stage.end(seen)
        assert told.only_for == world.SRE
        assert told.text.splitlines()[:2] == [
            "❓ not understood: /reconcile is nothing this bot does",
            "nearest: /flux-reconcile",
        ]
        await no_act(stage)


FRAMES = (
    *("", "null", "7", "[]", "{}", "not JSON", '{"type": "hello"', "[" * 50_000, '{"type": 7}', '{"type": "hello"}'),
    '{"type": "slash_commands", "envelope_id": "e1", "payload": null}',
    '{"type": "slash_commands", "envelope_id": "e2", "payload": "text"}',
    '{"type": "interactive", "envelope_id": null, "payload": {"type": "block_actions", "actions": 7}}',
    '{"type": "events_api", "envelope_id": {}, "payload": {}, "retry_attempt": [], "retry_reason": {}}',
    '{"type": [], "envelope_id": "e3", "payload": {"event": {"type": "x"}, "type": "event_callback"}}',
)


async def test_frames_that_are_no_envelopes_leave_the_link_as_it_is(tmp_path: Path) -> None:
    async with hostile(SlackMode.SOCKET, tmp_path) as (stage, samples, send):
        for frame in FRAMES:
            await stage.workspace.links.utter(frame)
        seen = len(stage.history)
        assert await send("slash_commands", samples.command("help")) is None
        assert (await stage.end(seen)).text.startswith("💡 ")
        assert len(stage.workspace.links.open) == 1
        assert stage.events("slack.linked") == stage.events("slack.linked")[:1]
        await no_act(stage)
