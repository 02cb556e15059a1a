"""The whole bot in a simulated workspace, on the real control plane: what people type and what they then see.

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say("ks shop/app --with-source")
        assert end.head == "✅ done real ks/shop/app main@3f2a1bc → main@9d8e7f6 in 2.1 s"

The bot runs on the test's own loop, wired by nothing but settings, with the rights of the bot's own token.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any

from pydantic import SecretStr

from bot import app
from bot.config.channels_file import Broken, load_allowlist
from bot.config.clusters import ClusterSetting
from bot.config.settings import LogLevel, Settings, SlackMode
from bot.core.channels import Allowlist
from bot.demo.allowlists import default_allowlist
from bot.demo.slack import world
from bot.demo.slack.shapes import as_objects, as_text
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from tests.real.access import CONTEXT

RUNNING = "⏳"
LONG = 45.0
"""Seconds: far more than any request here needs, even on a slow machine."""
_TOOK = re.compile(r"(?: ·| in) \d+(?:\.\d+)? (?:ms|s|m|h)\b(?: \d+ [sm]\b)?")


@dataclass(frozen=True, slots=True)
class End:
    """How something that was typed or pressed ended: the root's first state that no longer runs, or a whisper."""

    message: MessageState
    states: tuple[MessageState, ...]
    """Every state of that message up to its end."""
    audit: str
    """Its line in the audit channel; empty for what leaves none."""
    at: float
    """When it was shown, on time.monotonic's clock."""

    @property
    def lines(self) -> list[str]:
        return self.message.text.splitlines()

    @property
    def head(self) -> str:
        return self.lines[0]

    @property
    def buttons(self) -> list[str]:
        return [
            as_text(element.get("action_id")).removeprefix("offer:")
            for block in self.message.blocks
            if block["type"] == "actions"
            for element in as_objects(block.get("elements"))
        ]


class Talk:
    """People of the workspace and what they see; made by ``conversation``."""

    def __init__(self, workspace: Workspace, opened: float) -> None:
        self.workspace = workspace
        self._opened = opened

    @property
    def history(self) -> list[MessageState]:
        return self.workspace.history

    async def say(self, text: str, *, who: str = "sre", where: str = "platform", seconds: float = LONG) -> End:
        """Types the slash command and returns its end."""
        seen = len(self.history)
        delivery = await self.workspace.command(who, where, text)
        assert delivery.error is None, delivery.error
        return await self.ended(seen, text, who, where, seconds)

    async def start(self, text: str, *, who: str = "sre", where: str = "platform") -> "Started":
        """Types the slash command and returns once its root says that it runs."""
        seen = len(self.history)
        delivery = await self.workspace.command(who, where, text)
        assert delivery.error is None, delivery.error
        await self.until(lambda state: state.only_for is None and named_in(text) in state.text, since=seen)
        return Started(self, seen, text, who, where)

    async def press(self, end: End, button: str, *, who: str = "sre", seconds: float = LONG) -> End:
        """Presses a button of an ended request, such as ``retry``; returns the end of what it started."""
        seen = len(self.history)
        delivery = await self.workspace.press(who, end.message, f"offer:{button}")
        assert delivery.error is None, delivery.error
        return await self.ended(seen, "", who, end.message.channel, seconds, but=end.message.key)

    async def until(
        self, holds: Callable[[MessageState], bool], *, since: int = 0, seconds: float = LONG
    ) -> MessageState:
        """The first state of any message that fits; AssertionError with all that was seen otherwise."""

        def found() -> MessageState | None:
            return next((state for state in self.history[since:] if holds(state)), None)

        try:
            state = await self.workspace.wait_for(found, seconds)
        except TimeoutError:
            seen = "\n---\n".join(f"#{state.channel_name} {state.text}" for state in self.history[since:])
            raise AssertionError(f"nobody saw that within {seconds:.0f} s, but:\n{seen}") from None
        assert state is not None
        return state

    async def edited(self, end: End, holds: Callable[[str], bool], *, seconds: float = LONG) -> MessageState:
        """The ended request's root, once a later edit of it fits."""
        return await self.until(
            lambda state: state.key == end.message.key and state.seq > end.message.seq and holds(state.text),
            seconds=seconds,
        )

    def thread(self, end: End) -> list[MessageState]:
        """What stands in the thread below an ended request now."""
        where, ts = end.message.key
        return [state for state in self.workspace.messages(where) if state.thread_ts == ts]

    async def details(self, end: End) -> str:
        """The message with conditions and events in its thread."""
        where, ts = end.message.key
        state = await self.until(
            lambda state: (
                (state.channel, state.thread_ts) == (where, ts)
                and state.only_for is None
                and "conditions" in state.text
            )
        )
        return state.text

    def moment(self, state: MessageState) -> float:
        """When a state was shown, on time.monotonic's clock."""
        return self._opened + state.at

    async def ended(
        self, seen: int, text: str, who: str, where: str, seconds: float, but: tuple[str, str] | None = None
    ) -> End:
        """The end of what ``who`` asked for in ``where`` after the first ``seen`` states of the workspace.

        ``but``: a message that does not count, whose own request may heal meanwhile.
        """
        place, person = self.workspace.roster.channel(where).id, self.workspace.roster.person(who).id

        def ends(state: MessageState) -> bool:
            return (
                state.author == world.BOT_USER
                and state.channel == place
                and state.thread_ts is None
                and state.key != but
                and (state.only_for == person or (state.only_for is None and named_in(text) in state.text))
                and not state.text.startswith(RUNNING)
            )

        message = await self.until(ends, since=seen, seconds=seconds)
        states = tuple(
            state for state in self.history[seen:] if state.key == message.key and state.seq <= message.seq
        )
        return End(message, states, await self._audit(seen, message), self.moment(message))

    async def _audit(self, seen: int, message: MessageState) -> str:
        if message.only_for is not None and not message.text.startswith("⛔"):
            return ""
        link = "" if message.only_for is not None else f"/p{message.ts.replace('.', '')}"
        state = await self.until(
            lambda state: state.channel == world.FLUX_AUDIT and link in f"{state.text}{state.blocks}", since=seen
        )
        return state.text


@dataclass(frozen=True, slots=True)
class Started:
    """A request that runs."""

    talk: Talk
    seen: int
    text: str
    who: str
    where: str

    async def says(self, words: str, *, seconds: float = LONG) -> MessageState:
        """The first state of its root that holds these words."""
        return await self.talk.until(
            lambda state: state.only_for is None and named_in(self.text) in state.text and words in state.text,
            since=self.seen,
            seconds=seconds,
        )

    async def end(self, *, seconds: float = LONG) -> End:
        return await self.talk.ended(self.seen, self.text, self.who, self.where, seconds)


@asynccontextmanager
async def conversation(kubeconfig: Path, allowlist: Allowlist | None = None, **changes: Any) -> AsyncIterator[Talk]:
    """The bot and its workspace for the length of the block; ``changes`` are settings."""
    async with Workspace() as workspace:
        opened = monotonic() - workspace.site.moments.passed()
        stop = asyncio.Event()
        settings = settings_for(kubeconfig, workspace.api_url, **changes)
        bot = asyncio.ensure_future(app.serve(settings, allowlist or default_allowlist(), stop))
        try:
            connected = asyncio.ensure_future(workspace.connected(timeout=30))
            await asyncio.wait([connected, bot], return_when=asyncio.FIRST_COMPLETED)
            assert not bot.done(), "the bot did not start"
            await connected
            yield Talk(workspace, opened)
        finally:
            stop.set()
            code = await bot
    assert code == 0, f"the bot ended with {code}"


def settings_for(kubeconfig: Path, api_url: str, **changes: Any) -> Settings:
    """As the demo sets the bot up, with writes allowed."""
    chosen: dict[str, Any] = {
        "slack_mode": SlackMode.SOCKET,
        "slack_bot_token": SecretStr(world.BOT_TOKEN),
        "slack_app_token": SecretStr(world.APP_TOKEN),
        "slack_team": world.TEAM,
        "slack_api_url": api_url,
        "allowlist_file": Path("-"),
        "clusters": (ClusterSetting(CONTEXT, kubeconfig, CONTEXT),),
        "database": SecretStr(str(kubeconfig.with_name(f"state-{token_hex(4)}.db"))),
        "drain": timedelta(seconds=2),
        "listen_host": "127.0.0.1",
        "listen_port": 0,
        "log_level": LogLevel.ERROR,
        **changes,
    }
    return Settings(**chosen)


def written_allowlist(target: Path, text: str) -> Allowlist:
    """An allowlist as somebody writes it, loaded from its file."""
    target.write_text(text, "utf-8")
    loaded = load_allowlist(target)
    assert not isinstance(loaded, Broken), loaded
    return loaded.allowlist


def named_in(text: str) -> str:
    """What tells the messages of this command from others of the same moment: ``namespace/name`` of its object."""
    return next((word for word in text.split() if "/" in word), "")


def timeless(lines: Sequence[str]) -> list[str]:
    """The same lines without durations: no test here says how fast a machine is, and short ones are not told."""
    return [_TOOK.sub("", line) for line in lines]
