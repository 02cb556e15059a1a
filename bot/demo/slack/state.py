"""What stands in the channels now, and each state that any message ever had."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from bot.demo.slack.moments import Moments, Pulse
from bot.demo.slack.shapes import Json, as_objects
from bot.demo.slack.world import Channel


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it has an id. `only_for` is the one user who sees it, None for everybody there."""

    channel: Channel
    author: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    only_for: str | None = None
    metadata: Json | None = None


@dataclass(frozen=True, slots=True)
class MessageState:
    """One state of one message.

    `channel` is an id, `channel_name` for people. `only_for` and `author` are user ids. `at` is in seconds
    since the workspace opened; `seq` counts the states of all messages from 1. `via` is what brought it
    about: a Web API method, `response_url`, `ack`, `person` for what people type, `slack` for Slack's own.
    `blocks` are as they were sent. A deletion is a last state with `deleted`, text and blocks as they were.
    """

    seq: int
    at: float
    via: str
    channel: str
    channel_name: str
    only_for: str | None
    author: str
    ts: str
    thread_ts: str | None
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    metadata: Json | None = None
    edited: bool = False
    deleted: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What names the message: channel and ts."""
        return self.channel, self.ts


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji under a message."""

    channel: str
    ts: str
    user: str
    name: str


@dataclass(frozen=True, slots=True)
class ThreadStatus:
    """The line "is working …" under a thread; empty when taken back. Slack drops it after 2 minutes."""

    channel: str
    thread_ts: str
    status: str
    at: float


class Board:
    """Every message. The one place where messages come to be, change and go."""

    def __init__(self, moments: Moments, pulse: Pulse) -> None:
        self.history: list[MessageState] = []
        self.reactions: list[Reaction] = []
        self.statuses: list[ThreadStatus] = []
        self._current: dict[tuple[str, str], MessageState] = {}
        self._posted_at: dict[tuple[str, str], float] = {}
        self._moments = moments
        self._pulse = pulse

    def post(self, draft: Draft, via: str) -> MessageState:
        """A new message at the end of its channel."""
        message = MessageState(
            seq=len(self.history) + 1,
            at=self._moments.passed(),
            via=via,
            channel=draft.channel.id,
            channel_name=draft.channel.name,
            only_for=draft.only_for,
            author=draft.author,
            ts=self._moments.next_ts(),
            thread_ts=draft.thread_ts,
            text=draft.text,
            blocks=deepcopy(draft.blocks),
            attachments=deepcopy(draft.attachments),
            metadata=deepcopy(draft.metadata),
        )
        self._posted_at[message.key] = message.at
        return self._keep(message)

    def edit(self, message: MessageState, content: Draft, via: str) -> MessageState:
        """The same message saying something else; place, thread and readers stay."""
        changed = replace(
            message,
            text=content.text,
            blocks=deepcopy(content.blocks),
            attachments=deepcopy(content.attachments),
            metadata=deepcopy(content.metadata),
            edited=True,
        )
        return self._keep(self._now(changed, via))

    def delete(self, message: MessageState, via: str) -> MessageState:
        """Gone for everybody; its thread stays."""
        return self._keep(self._now(replace(message, deleted=True), via))

    def find(self, channel: str, ts: str) -> MessageState | None:
        """The message as it stands, None if there is none or it was deleted."""
        message = self._current.get((channel, ts))
        return None if message is None or message.deleted else message

    def age(self, message: MessageState) -> float:
        """Seconds since it was first posted."""
        return self._moments.passed() - self._posted_at[message.key]

    def current(self, channel: str | None = None) -> tuple[MessageState, ...]:
        """What stands there now, oldest first; of one channel or of all."""
        return tuple(
            message
            for message in self._current.values()
            if not message.deleted and channel in (None, message.channel)
        )

    def has_replies(self, channel: str, ts: str) -> bool:
        """Whether a thread hangs below the message, itself deleted or not."""
        return any(reply.thread_ts == ts for reply in self.current(channel))

    def react(self, reaction: Reaction) -> bool:
        """Put an emoji under a message; False if the same one is there already."""
        if reaction in self.reactions:
            return False
        self.reactions.append(reaction)
        self._pulse.beat()
        return True

    def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """Replace the working line of a thread."""
        self.statuses.append(ThreadStatus(channel, thread_ts, status, self._moments.passed()))
        self._pulse.beat()

    def _now(self, message: MessageState, via: str) -> MessageState:
        return replace(message, seq=len(self.history) + 1, at=self._moments.passed(), via=via)

    def _keep(self, message: MessageState) -> MessageState:
        self._current[message.key] = message
        self.history.append(message)
        self._pulse.beat()
        return message


def with_ids(blocks: Sequence[Json], seed: str) -> list[Json]:
    """The blocks as Slack hands them out: ids that were left out are filled in, the same ones every time."""
    return [_filled(block, f"{seed}{index}") for index, block in enumerate(blocks)]


def _filled(block: Json, seed: str) -> Json:
    filled: dict[str, object] = {**deepcopy(dict(block)), "block_id": block.get("block_id") or _made_up(seed)}
    elements = block.get("elements")
    if block.get("type") in ("actions", "context_actions"):
        filled["elements"] = [_named(each, f"{seed}.{i}") for i, each in enumerate(as_objects(elements))]
    accessory = block.get("accessory")
    if isinstance(accessory, dict) and accessory.get("type") != "image":
        filled["accessory"] = _named(accessory, f"{seed}.a")
    return filled


def _named(element: Json, seed: str) -> Json:
    return {**deepcopy(dict(element)), "action_id": element.get("action_id") or _made_up(seed)}


def _made_up(seed: str) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    number = sum((index + 7) * ord(char) * 31**index for index, char in enumerate(seed))
    return "".join(letters[number // 62**place % 62] for place in range(5))
