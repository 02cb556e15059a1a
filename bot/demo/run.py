"""The demo: the workspace simulator and the real bot against a cluster, by nothing but settings."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml
from pydantic import SecretStr

from bot import app
from bot.config.channels_file import Broken, Loaded, load_allowlist, parse_allowlist
from bot.config.clusters import ClusterSetting
from bot.config.settings import LogLevel, Settings, SlackMode
from bot.core.channels import Allowlist
from bot.demo.slack import world
from bot.demo.slack.client import Impossible
from bot.demo.slack.reading import as_read, handle
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace

ENDS_WITHIN: Final = 65 * 60.0
"""Seconds: longer than any request may be followed."""
STARTS_WITHIN: Final = 30.0
RUNNING: Final = "⏳"
FINE: Final = ("✅", "🟰", "⚠️", "💤", "💡")
"""Signs of an answer that somebody asked for: done, unchanged, skipped by its schedule, help."""
REFUSED: Final = "⛔"
DEFAULT_ALLOWLIST: Final = f"""\
defaults:
  audit_channel: {world.FLUX_AUDIT}
channels:
  {world.PLATFORM}:
    name: platform
    private: true
    shared: false
    clusters: ["*"]
    rules:
      - name: demo-platform
        who: {{users: [{world.SRE}]}}
        verbs: ["*"]
        kinds: ["*"]
        namespaces: ["*"]
        names: ["*"]
        clusters: ["*"]
        sources: referenced
        all: true
        force: true
        reset: true
"""
_CLUSTER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Demo:
    """What to run. `says` are commands without the slash command's name, or with it."""

    kubeconfig: Path
    says: tuple[str, ...]
    context: str | None = None
    policy: Path | None = None
    person: str = "sre"
    channel: str = "platform"
    as_json: bool = False
    allow_writes: str | None = None
    log_level: LogLevel = LogLevel.ERROR


class BadUsage(Exception):
    """A sentence for whoever typed the options."""


def ids() -> str:
    """The simulator's fixed ids, for `--help` and for allowlists that name them."""
    people = [f"  {each.id}  @{each.name}{_kind_of_person(each)}" for each in world.PEOPLE if not each.is_bot]
    groups = [f"  {each.id}  @{each.handle}" for each in world.GROUPS if not each.disabled]
    channels = [f"  {each.id}  #{each.name}{_kind_of_channel(each)}" for each in world.CHANNELS]
    return "\n".join(["People:", *people, "Groups:", *groups, "Channels:", *channels])


def _kind_of_person(person: world.Person) -> str:
    kinds = {
        "guest": person.is_restricted,
        "of another organisation": person.is_stranger,
        "deactivated": person.deleted,
    }
    found = [kind for kind, holds in kinds.items() if holds]
    return f" ({', '.join(found)})" if found else ""


def _kind_of_channel(channel: world.Channel) -> str:
    kinds = {"private": channel.is_private, "archived": channel.is_archived, "shared": channel.is_ext_shared}
    found = [kind for kind, holds in kinds.items() if holds]
    return f" ({', '.join(found)})" if found else ""


def default_allowlist() -> Allowlist:
    """Without a file: every right to the person sre in the channel platform, none to anybody else."""
    return _loaded(parse_allowlist(DEFAULT_ALLOWLIST.encode()), "the demo's own allowlist")


def context_of(demo: Demo) -> str:
    """The context that will be used: the named one, else the kubeconfig's current one."""
    try:
        loaded = yaml.safe_load(demo.kubeconfig.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadUsage(f"{demo.kubeconfig} cannot be read: {type(error).__name__}") from error
    if not isinstance(loaded, dict):
        raise BadUsage(f"{demo.kubeconfig} is no kubeconfig")
    contexts = loaded.get("contexts")
    names = [each.get("name") for each in contexts if isinstance(each, dict)] if isinstance(contexts, list) else []
    wanted = demo.context or loaded.get("current-context")
    if wanted not in names:
        known = ", ".join(str(name) for name in names) or "none"
        raise BadUsage(f"{demo.kubeconfig} has no context {wanted or '(none is current)'}; it has: {known}")
    return str(wanted)


@contextmanager
def _allowlist_file(demo: Demo) -> Iterator[Path]:
    """The named file, else the demo's own, which is there as long as the bot runs."""
    if demo.policy is not None:
        yield demo.policy
        return
    with TemporaryDirectory(prefix="flux-bot-demo-") as folder:
        file = Path(folder) / "allowlist.yaml"
        file.write_text(DEFAULT_ALLOWLIST, encoding="utf-8")
        yield file


def _loaded(result: Loaded | Broken, name: object) -> Allowlist:
    if isinstance(result, Broken):
        problems = "\n".join(f"  line {each.line} {each.field}: {each.text}" for each in result.problems)
        raise BadUsage(f"{name} is no allowlist:\n{problems}")
    return result.allowlist


def _settings(demo: Demo, context: str, api_url: str, allowlist_file: Path) -> Settings:
    # A context such as arn:aws:eks:…/prod is no name that a person could type.
    name = context if _CLUSTER_NAME.fullmatch(context) else "demo"
    own: dict[str, Any] = {
        "slack_mode": SlackMode.SOCKET,
        "slack_bot_token": SecretStr(world.BOT_TOKEN),
        "slack_app_token": SecretStr(world.APP_TOKEN),
        "slack_team": world.TEAM,
        "slack_command": "/flux-reconcile",
        "slack_api_url": api_url,
        "allowlist_file": allowlist_file,
        "clusters": (ClusterSetting(name, demo.kubeconfig, context),),
        "read_only": demo.allow_writes != context,
        "read_only_words": "this demo only reads",
        "listen_host": "127.0.0.1",
        "listen_port": 0,
        "log_level": demo.log_level,
    }
    # What is given wins over the environment. So every field is given: the FLUX_BOT_ variables of the caller's shell
    # are some other bot's, and a wrong one among them is no mistake of the demo's user.
    defaults = {field: info.default for field, info in Settings.model_fields.items() if not info.is_required()}
    return Settings(**{**defaults, **own})


async def run(demo: Demo) -> int:
    """Says everything, waits until each request has ended, prints what people saw. The exit code of `flux-bot`."""
    context = context_of(demo)
    if demo.allow_writes is not None and demo.allow_writes != context:
        raise BadUsage(f"--allow-writes names {demo.allow_writes}, but the demo would use the context {context}")
    with _allowlist_file(demo) as file:
        return await _played(demo, context, file)


async def _played(demo: Demo, context: str, allowlist_file: Path) -> int:
    allowlist = _loaded(load_allowlist(allowlist_file), allowlist_file)
    async with Workspace() as workspace:
        stop = asyncio.Event()
        settings = _settings(demo, context, workspace.api_url, allowlist_file)
        bot = asyncio.ensure_future(app.serve(settings, allowlist, stop))
        try:
            fine = await _conversation(demo, workspace, bot)
        finally:
            stop.set()
            with suppress(asyncio.CancelledError):
                await bot
        _print(demo, workspace.history)
    return 0 if fine else 1


async def _conversation(demo: Demo, workspace: Workspace, bot: asyncio.Future[int]) -> bool:
    if not await _connected(workspace, bot):
        return False
    fine = True
    for text in demo.says:
        fine = await _say(demo, workspace, bot, text) and fine
    return fine


async def _connected(workspace: Workspace, bot: asyncio.Future[int]) -> bool:
    """Whether the bot came up; it says itself why it did not."""
    connected = asyncio.ensure_future(workspace.connected(timeout=STARTS_WITHIN))
    waiting: list[asyncio.Future[int] | asyncio.Future[None]] = [connected, bot]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if bot.done():
        connected.cancel()
        await asyncio.gather(connected, return_exceptions=True)
        return False
    await connected
    return True


async def _happens(workspace: Workspace, bot: asyncio.Future[int], wanted: Callable[[], bool]) -> bool:
    """Whether it happens before the bot dies or any request must have ended."""
    waiting = asyncio.ensure_future(workspace.wait_for(wanted, timeout=ENDS_WITHIN))
    both: list[asyncio.Future[int] | asyncio.Future[bool]] = [waiting, bot]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        waiting.cancel()
    (result,) = await asyncio.gather(waiting, return_exceptions=True)
    return result is True


async def _say(demo: Demo, workspace: Workspace, bot: asyncio.Future[int], text: str) -> bool:
    """One command to its end: a whisper, or a root that no longer runs; then its line in the audit channel."""
    seen = len(workspace.history)
    audited = _audit_states(workspace.history)
    command = text.removeprefix("/flux-reconcile").strip()
    try:
        error = (await workspace.command(demo.person, demo.channel, command)).error
    except Impossible as impossible:
        error = str(impossible)
    if error is not None:
        print(f"Slack tells @{demo.person}: {error}", file=sys.stderr)
        return False
    before = {state.key for state in workspace.history[:seen]}

    def ended() -> MessageState | None:
        return _end(state for state in workspace.history[seen:] if state.key not in before)

    if not await _happens(workspace, bot, lambda: ended() is not None):
        print(f"no answer to: {command}", file=sys.stderr)
        return False
    end = ended()
    if end is None:
        return False
    if end.only_for is None or end.text.startswith(REFUSED):
        with suppress(TimeoutError):  # an allowlist without an audit channel has no line to wait for
            await workspace.wait_for(lambda: _audit_states(workspace.history) > audited, timeout=10)
    return end.text.startswith(FINE)


def _end(states: Iterable[MessageState]) -> MessageState | None:
    """The state in which a request ended, among what came after it was sent."""
    for state in states:
        if state.author != world.BOT_USER or state.channel == world.FLUX_AUDIT or state.thread_ts is not None:
            continue
        if not state.text.startswith(RUNNING):
            return state
    return None


def _audit_states(history: Iterable[MessageState]) -> int:
    return sum(1 for state in history if state.channel == world.FLUX_AUDIT)


def _print(demo: Demo, history: Iterable[MessageState]) -> None:
    for state in history:
        print(json.dumps(_as_json(state), ensure_ascii=False) if demo.as_json else _as_text(state))


def _as_json(state: MessageState) -> dict[str, object]:
    return {
        "channel": state.channel_name,
        "only_for": handle(state.only_for) if state.only_for else None,
        "ts": state.ts,
        "thread_ts": state.thread_ts,
        "edited": state.edited,
        "text": state.text,
        "blocks": list(state.blocks),
    }


def _as_text(state: MessageState) -> str:
    marks = [f"#{state.channel_name}", f"@{handle(state.author)}"]
    if state.only_for:
        marks.append(f"(only @{handle(state.only_for)} sees this)")
    if state.thread_ts and state.thread_ts != state.ts:
        marks.append("(in the thread)")
    if state.deleted:
        marks.append("(deleted)")
    elif state.edited:
        marks.append("(edited)")
    lines = "\n".join(f"    {line}" for line in as_read(state.text).splitlines())
    return f"{' '.join(marks)}  {state.at:.1f} s\n{lines}\n"
