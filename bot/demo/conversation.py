"""What somebody does in the workspace, followed until the bot has given its last word on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bot.demo.slack import world
from bot.demo.slack.client import Impossible
from bot.demo.slack.shapes import Json, as_list, as_object, as_objects, as_text
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace

COMMAND: Final = "/flux-reconcile"
ENDS_WITHIN: Final = 65 * 60.0
"""Seconds: longer than any request may be followed."""
STARTS_WITHIN: Final = 30.0
ANSWERS_WITHIN: Final = 10.0
QUIET: Final = 1.6
"""Seconds; the bot posts once a second to a channel when there is much to say."""
RUNNING: Final = "⏳"
FINE: Final = ("✅", "🟰", "⚠️", "💤", "💡")
"""Signs of an answer that somebody asked for: done, unchanged, skipped by its schedule, help."""
REFUSED: Final = "⛔"
WATCH: Final = "watch"
"""How the command begins that is answered in the channel, and is nothing for the audit channel."""
SHARES: Final = "offer:share"
"""How the id of the button begins that stands under every answer to a question."""
ASKS: Final = "offer:force"
"""The same of the one that asks whether a force is meant: nothing was done yet."""


@dataclass(frozen=True, slots=True)
class Untold:
    """Slack itself did not let it happen, or the bot is gone; `why` is a sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """People talking to a bot that runs in the same process."""

    workspace: Workspace
    bot: asyncio.Future[int]

    async def connected(self) -> bool:
        """Whether the bot came up; it says itself why it did not."""
        return await self._unless_it_dies(self.workspace.connected(timeout=STARTS_WITHIN))

    async def say(self, person: str, channel: str, text: str) -> MessageState | Untold:
        """One command to its end: a whisper, or a root that no longer runs; then its line in the audit channel."""
        command = text.removeprefix(COMMAND).strip()
        mark = self.mark()
        if why := await self.type(person, channel, text):
            return Untold(why)
        end = await self._end_after(mark, recorded=not command.lower().startswith(WATCH))
        return end if end is not None else Untold(f"no answer to: {command}")

    async def type(self, person: str, channel: str, text: str) -> str | None:
        """Sends a command and answers once it is acknowledged: None, or why Slack says that it failed."""
        command = text.removeprefix(COMMAND).strip()
        try:
            error = (await self.workspace.command(person, channel, command)).error
        except Impossible as impossible:
            error = str(impossible)
        return f"Slack tells @{person}: {error}" if error is not None else None

    async def press(self, person: str, label: str) -> str | None:
        """Presses the newest button with this label that the person sees: None, or why that cannot be."""
        for message in reversed(self.workspace.visible_to(person)):
            for name, action in _buttons(message):
                if name.casefold() == label.casefold():
                    try:
                        error = (await self.workspace.press(person, message, action)).error
                    except Impossible as impossible:
                        error = str(impossible)
                    return f"Slack tells @{person}: {error}" if error is not None else None
        return f"@{person} sees no button [{label}]"

    async def answered(self, mark: Mark, *, recorded: bool = True) -> MessageState | None:
        """The end of what was pressed after `mark`; None if nothing more came of it than that. `recorded`: the audit
        channel hears of it."""
        with suppress(TimeoutError):
            await self.workspace.wait_for(lambda: any(_roots(self._after(mark))), timeout=ANSWERS_WITHIN)
            return await self._end_after(mark, recorded=recorded)
        return None

    async def quiet(self) -> None:
        """Waits until nothing has been said for a while: the bot spaces its posts, and threads come after ends."""
        silent = False
        while not silent and not self.bot.done():
            said = len(self.workspace.history)
            try:
                await self.workspace.wait_for(lambda: len(self.workspace.history) > said, timeout=QUIET)  # noqa: B023
            except TimeoutError:
                silent = True

    def mark(self) -> Mark:
        """This moment in the history, to look back to."""
        history = self.workspace.history
        return Mark(len(history), frozenset(state.key for state in history), _audit_states(history))

    async def _end_after(self, mark: Mark, *, recorded: bool) -> MessageState | None:
        if not await self._happens(lambda: _end(self._after(mark)) is not None):
            return None
        end = _end(self._after(mark))
        if end is not None and ((recorded and end.only_for is None) or end.text.startswith(REFUSED)):
            with suppress(TimeoutError):  # an allowlist without an audit channel has no line to wait for
                wanted = mark.audited
                await self.workspace.wait_for(
                    lambda: _audit_states(self.workspace.history) > wanted, timeout=ANSWERS_WITHIN
                )
        return end

    def _after(self, mark: Mark) -> Iterable[MessageState]:
        return (state for state in self.workspace.history[mark.states :] if state.key not in mark.keys)

    async def _happens(self, wanted: Callable[[], bool]) -> bool:
        """Whether it happens before the bot dies or any request must have ended."""
        return await self._unless_it_dies(self.workspace.wait_for(wanted, timeout=ENDS_WITHIN))

    async def _unless_it_dies(self, work: Coroutine[None, None, object]) -> bool:
        """Whether it ended well before the bot did."""
        waiting = asyncio.ensure_future(work)
        both: list[asyncio.Future[int] | asyncio.Future[object]] = [waiting, self.bot]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not waiting.done():
                waiting.cancel()
        (result,) = await asyncio.gather(waiting, return_exceptions=True)
        return not isinstance(result, BaseException)


@dataclass(frozen=True, slots=True)
class Mark:
    """How much had been said at some moment: states in all, the messages they are of, states of audit lines."""

    states: int
    keys: frozenset[tuple[str, str]]
    audited: int


def _roots(states: Iterable[MessageState]) -> Iterable[MessageState]:
    """What the bot says outside of threads and of the audit channel."""
    return (
        state
        for state in states
        if state.author == world.BOT_USER and state.channel != world.FLUX_AUDIT and state.thread_ts is None
    )


def _end(states: Iterable[MessageState]) -> MessageState | None:
    """The state in which a request ended, among what came after it was sent. A whisper is whole at once."""
    ends = (state for state in _roots(states) if state.only_for or not state.text.startswith(RUNNING))
    return next(ends, None)


def fine(end: MessageState) -> bool:
    """Whether somebody got what they asked for. Who asks how things stand gets that from bad news too."""
    actions = [action for _, action in _buttons(end)]
    shares = any(action.startswith(SHARES) for action in actions)
    asks = any(action.startswith(ASKS) for action in actions)
    return shares or (end.text.startswith(FINE) and not asks)


def _audit_states(history: Iterable[MessageState]) -> int:
    return sum(1 for state in history if state.channel == world.FLUX_AUDIT)


def _buttons(message: MessageState) -> Iterable[tuple[str, str]]:
    """Label and action_id of each."""
    for block in message.blocks:
        for element in as_objects(as_list(block.get("elements"))):
            if element.get("type") == "button":
                yield as_text(_object(element.get("text")).get("text")), as_text(element.get("action_id"))


def _object(value: object) -> Json:
    return as_object(value) or {}
