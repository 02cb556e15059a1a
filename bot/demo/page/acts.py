"""What a browser may ask for, as it stands in the body of a post, and how each is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, assert_never

import msgspec

from bot.demo.conversation import COMMAND
from bot.demo.page.refusal import Refused
from bot.demo.page.rows import Place
from bot.demo.page.simulated import SimulatedCluster
from bot.demo.page.troubles import Troubles
from bot.demo.slack import world
from bot.demo.slack.client import Impossible
from bot.demo.slack.modals import View
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace

LONGEST: Final = 12_000
"""Characters that can be typed at once, as in Slack."""
_CALL: Final = f"@{world.BOT_NAME}"

Json = dict[str, Any]


class _Act(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """`do` is the name of the class in lower case."""


class Say(_Act, frozen=True, tag="say"):
    """Whatever was typed into a box: a command, a call of the bot, a message. `thread` is the root's ts."""

    person: str
    channel: str
    text: str
    thread: str | None = None


class Press(_Act, frozen=True, tag="press"):
    """A button of a message."""

    person: str
    channel: str
    ts: str
    action: str
    block: str


class Fill(_Act, frozen=True, tag="fill"):
    """Another element of a message; `state` as Slack's payloads have it."""

    person: str
    channel: str
    ts: str
    action: str
    block: str
    state: Json


class PressInView(_Act, frozen=True, tag="press-in-view"):
    """A button of a modal. `values` is what all its inputs say, by block and action."""

    person: str
    view: str
    action: str
    values: Json


class FillInView(_Act, frozen=True, tag="fill-in-view"):
    """An element of a modal that tells at once."""

    person: str
    view: str
    action: str
    state: Json
    values: Json


class Submit(_Act, frozen=True, tag="submit"):
    """A modal is sent off."""

    person: str
    view: str
    values: dict[str, Json]


class Close(_Act, frozen=True, tag="close"):
    """A modal is closed."""

    person: str
    view: str


class Change(_Act, frozen=True, tag="change"):
    """One of the acts that an object's row offers."""

    cluster: str
    kind: str
    namespace: str
    name: str
    what: str


class Slow(_Act, frozen=True, tag="slow"):
    """A controller becomes slow, or as quick as it was."""

    cluster: str
    controller: str
    on: bool


class Fault(_Act, frozen=True, tag="fault"):
    """A fault begins or ends."""

    id: str
    on: bool


Act = Say | Press | Fill | PressInView | FillInView | Submit | Close | Change | Slow | Fault
_DECODER: Final[msgspec.json.Decoder[Act]] = msgspec.json.Decoder(Act)


def decode(body: bytes) -> Act:
    """The act. Raises Refused for what is none."""
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"that is nothing that can be done here: {error}") from error


class Hands:
    """Carries acts out. Each answers None, or why it cannot be done."""

    def __init__(self, workspace: Workspace, clusters: Mapping[str, SimulatedCluster], troubles: Troubles) -> None:
        self._workspace = workspace
        self._clusters = clusters
        self._troubles = troubles

    async def carry_out(self, act: Act) -> str | None:
        try:
            await self._carry_out(act)
        except (Impossible, Refused) as why:
            return str(why)
        except LookupError as unknown:
            return str(unknown.args[0])
        return None

    async def _carry_out(self, act: Act) -> None:
        match act:
            case Say():
                await self._say(act)
            case Press() | Fill():
                await self._on_message(act)
            case PressInView() | FillInView() | Submit() | Close():
                await self._in_view(act)
            case Change():
                place = Place(act.cluster, act.kind, act.namespace, act.name)
                self._cluster(act.cluster).act(place, act.what)
            case Slow():
                self._cluster(act.cluster).slow(act.controller, slow=act.on)
            case Fault():
                self._troubles.switch(act.id, on=act.on)
            case _:
                assert_never(act)

    async def _on_message(self, act: Press | Fill) -> None:
        message = self._message(act.channel, act.ts)
        match act:
            case Press():
                await self._workspace.press(act.person, message, act.action, act.block)
            case Fill():
                await self._workspace.fill(act.person, message, act.action, act.state, act.block)
            case _:
                assert_never(act)

    async def _in_view(self, act: PressInView | FillInView | Submit | Close) -> None:
        workspace, view = self._workspace, self._view(act.person, act.view)
        match act:
            case PressInView():
                await workspace.press_in_view(act.person, view, act.action, act.values)
            case FillInView():
                await workspace.fill_in_view(act.person, view, act.action, act.state, act.values)
            case Submit():
                await workspace.submit_view(act.person, view, act.values)
            case Close():
                await workspace.close_view(act.person, view)
            case _:
                assert_never(act)

    async def _say(self, act: Say) -> None:
        text = act.text.strip()
        if not text or len(text) > LONGEST:
            raise Refused(f"a message has 1 to {LONGEST:,} characters")
        word, _, rest = text.partition(" ")
        if word.startswith("/"):
            await self._command(act, word, rest.strip())
        elif word == _CALL:
            await self._workspace.mention(act.person, act.channel, rest.strip(), act.thread)
        else:
            self._workspace.say(act.person, act.channel, text, act.thread)

    async def _command(self, act: Say, word: str, rest: str) -> None:
        if word != COMMAND:
            raise Refused(f"{word} is no command of this workspace; {COMMAND} is the only one")
        if act.thread is not None:
            raise Refused("Slack takes no commands in threads; they belong into the channel")
        await self._workspace.command(act.person, act.channel, rest)

    def _message(self, channel: str, ts: str) -> MessageState:
        message = self._workspace.site.board.find(channel, ts)
        if message is None:
            raise Refused("that message is gone")
        return message

    def _view(self, person: str, view: str) -> View:
        found = next((each for each in self._workspace.views_of(person) if each.id == view), None)
        if found is None:
            raise Refused("that window is closed")
        return found

    def _cluster(self, name: str) -> SimulatedCluster:
        found = self._clusters.get(name)
        if found is None:
            raise Refused(f"{name} is no simulated cluster")
        return found
