"""Where wanted notices become what is sent: rendering, addresses, and the book of what Slack shows."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, assert_never

import msgspec

from bot.clock import Clock
from bot.core.notices import (
    PROGRESS,
    BatchFinished,
    BatchRunning,
    Finished,
    Notice,
    Part,
    Running,
    Slot,
    fine,
    uneventful,
)
from bot.ports import Message, Messages, Posted, Telemetry, Unpostable
from bot.slack.answers import Arguments
from bot.slack.budgets import Rank, nap
from bot.slack.gateway import Gateway
from bot.slack.rendered import Render, Rendered
from bot.slack.sights import Sight, Sights

TICK: Final = 5.0
"""Seconds between two edits that only tell progress, at least."""
EDITS_A_MINUTE: Final = 30
"""What all progress together may take of the edits; the rest is for ends."""
SHORT: Final = timedelta(seconds=30)
"""A request that goes its way tells no progress for so long: most are over by then, and each edit is one that an end
may wait for."""
LONGEST_TEXT: Final = 3_000

BROKEN: Final = "❌ sorry: this message could not be written; the log of the bot says why"

LOOK: Final[dict[str, object]] = {"parse": "none", "link_names": False}
"""Slack makes no links and no mentions that we did not write."""
NO_PREVIEW: Final[dict[str, object]] = {"unfurl_links": False, "unfurl_media": False}


def permalink(workspace_url: str, channel: str, ts: str, thread_ts: str = "") -> str:
    """The address of a message for browsers, made without asking Slack (docs/slack.md, Addresses)."""
    if not (workspace_url and channel and ts):
        return ""
    page = f"{workspace_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
    return f"{page}?thread_ts={thread_ts}&cid={channel}" if thread_ts and thread_ts != ts else page


def root_of(slot: Slot) -> Slot:
    """The message in whose thread this one stands."""
    return Slot(slot.subject, Part.ROOT, slot.place)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every delivery needs."""

    gateway: Gateway
    messages: Messages
    sights: Sights
    render: Render
    clock: Clock
    telemetry: Telemetry
    workspace_url: str
    running: set[Slot] = field(default_factory=set)
    """Roots that tell progress now: they share the edits."""
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    """There may be work that can start now."""
    shut: dict[str, str] = field(default_factory=dict)
    """Audit channels that take nothing from the bot, and Slack's word for why."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Something was shown or given up."""

    def open(self, slot: Slot) -> Message | None:
        """The slot's message if something is still to be said in it."""
        message = self.messages.get(slot)
        if message is None or message.shown >= message.version:
            return None
        return message if message.version > self.sights.of(slot).given_up else None

    def ready(self, slot: Slot) -> bool:
        """Whether its turn has come: replies wait for their root, the closing mention for what it closes."""
        if slot.part in (Part.ROOT, Part.AUDIT):
            return True
        root = self.messages.get(root_of(slot))
        if root is None or not root.ts:
            return False
        details = Slot(slot.subject, Part.DETAILS, slot.place)
        return slot.part is Part.DETAILS or (self.open(root.slot) is None and self.open(details) is None)

    def drawn(self, message: Message) -> Rendered:
        """How the message looks; text alone where Slack did not take our blocks."""
        rendered = self.draw(message.notice, message.slot.subject)
        return Rendered(_short(rendered.text)) if self.sights.of(message.slot).plain else rendered

    def draw(self, notice: Notice, subject: str) -> Rendered:
        """How the notice looks. A notice that breaks the views is told as broken, for silence would be worse."""
        try:
            return self.render(notice)
        except Exception as error:  # noqa: BLE001 the views are pure: whatever they raise is a bug of ours
            self.telemetry.broke("slack.render_broke", error, request=subject, notice=type(notice).__name__)
            return Rendered(BROKEN)

    def stands(self, slot: Slot, version: int, ts: str, digest: str) -> None:
        """Slack shows this version now."""
        sight = self.sights.of(slot)
        sight.digest, sight.edited_at = digest, self.clock.now()
        message = self.messages.get(slot)
        if message is None:
            return
        notice = message.notice
        if message.version == version and isinstance(notice, Running | Finished | BatchRunning | BatchFinished):
            self.telemetry.tell("conveyed", seconds=(self.clock.now() - notice.at).total_seconds())
        self.messages.keep(replace(message, shown=version, ts=ts))
        sight.found(Posted(self.link(replace(message, ts=ts))))
        self.stir()

    def link(self, message: Message) -> str:
        """Where the message stands; a reply is shown in its thread."""
        root = None if message.slot.part in (Part.ROOT, Part.AUDIT) else self.messages.get(root_of(message.slot))
        return permalink(self.workspace_url, message.place.channel, message.ts, root.ts if root is not None else "")

    def stir(self) -> None:
        """Lets the courier look again: a reply may have got its root, a waiter what it waits for."""
        self.wanted.set()
        self.moved.set()

    def give_up(self, slot: Slot, version: int, code: str) -> None:
        """Slack does not let us say it; the next version may be luckier. What never stood in Slack is forgotten."""
        sight = self.sights.of(slot)
        sight.given_up = version
        self.running.discard(slot)
        message = self.messages.get(slot)
        if message is not None and not message.ts:
            if code:
                sight.found(Unpostable(code))
            if message.version <= version:
                # Its versions begin anew, but what may stand there twice already is not posted a third time.
                sight.given_up, sight.lost = 0, max(sight.lost, message.tries)
                self.messages.forget(slot)
        self.telemetry.tell("slack.given_up", request=slot.subject, part=slot.part.value, code=code)
        self.stir()

    def start_anew(self, slot: Slot, ts: str) -> None:
        """Its message is gone: it is posted again, once."""
        message, sight = self.messages.get(slot), self.sights.of(slot)
        if message is None or message.ts != ts:
            return
        if sight.anew:
            self.give_up(slot, message.version, "message_not_found")
            return
        sight.anew, sight.digest, sight.given_up = True, "", 0
        self.messages.forget(slot)
        self.messages.want(slot, message.place, message.notice)
        self.stir()

    async def pace(self, slot: Slot) -> None:
        """Waits until progress may be told again; not at all once there is more than progress to tell."""
        sight = self.sights.of(slot)
        while True:
            sight.changed.clear()
            message = self.messages.get(slot)
            if message is None or not isinstance(message.notice, PROGRESS) or sight.edited_at is None:
                return
            due = sight.edited_at + timedelta(seconds=max(TICK, len(self.running) * 60 / EDITS_A_MINUTE))
            if isinstance(message.notice, Running) and uneventful(message.notice):
                due = max(due, message.notice.asked.at + SHORT)
            left = (due - self.clock.now()).total_seconds()
            if left <= 0:
                return
            await nap(self.clock, sight.changed, left)


class Letter:
    """One call for one slot, written when its turn comes: with the newest notice, or not at all."""

    def __init__(self, desk: Desk, slot: Slot) -> None:
        self._desk = desk
        self._slot = slot
        self.version = 0
        self.digest = ""
        self.progress = False
        """Whether it only tells progress."""

    def rank(self) -> Rank:
        message = self._desk.messages.get(self._slot)
        return Rank.PROGRESS if message is None else rank(message)

    def edit(self) -> Arguments | None:
        """Arguments of chat.update; none when Slack shows the same already."""
        message = self._desk.open(self._slot)
        if message is None or not message.ts:
            return None
        rendered = self._written(message)
        if self.digest == self._sight().digest:
            self._desk.stands(self._slot, message.version, message.ts, self.digest)
            return None
        return {"channel": message.place.channel, "ts": message.ts, **content(rendered), **LOOK}

    def post(self) -> Arguments | None:
        """Arguments of chat.postMessage: a root, or a reply in its thread."""
        message = self._desk.open(self._slot)
        if message is None or message.ts:
            return None
        if self._slot.part is Part.ROOT:
            return {**self._new(message), "metadata": metadata(self._slot.subject)}
        # A root that went missing while this waited for its turn would leave a reply beside all threads.
        thread = self._thread()
        return {**self._new(message), "thread_ts": thread} if thread else None

    def beside(self) -> Arguments | None:
        """Arguments of chat.postMessage for what can no longer be edited into its own message."""
        message = self._desk.open(self._slot)
        if message is None:
            return None
        return {**self._new(message), "thread_ts": self._thread() or message.ts}

    def _new(self, message: Message) -> dict[str, object]:
        return {"channel": message.place.channel, **content(self._written(message)), **LOOK, **NO_PREVIEW}

    def _thread(self) -> str:
        root = self._desk.messages.get(root_of(self._slot))
        return root.ts if root is not None else ""

    def _written(self, message: Message) -> Rendered:
        rendered = self._desk.drawn(message)
        self.version, self.digest = message.version, digest(rendered)
        self.progress = isinstance(message.notice, PROGRESS)
        return rendered

    def _sight(self) -> Sight:
        return self._desk.sights.of(self._slot)


def rank(message: Message) -> Rank:
    """Failures before other ends, those before new roots, details, audit lines and progress."""
    match message.slot.part:
        case Part.ROOT if not isinstance(message.notice, PROGRESS):
            return Rank.FAILURE if _tells_failure(message.notice) else Rank.END
        case Part.ROOT:
            return Rank.PROGRESS if message.ts else Rank.ROOT
        case Part.MENTION:
            return Rank.END
        case Part.DETAILS:
            return Rank.DETAILS
        case Part.AUDIT:
            return Rank.AUDIT
        case _ as never:
            assert_never(never)


def _tells_failure(notice: Notice) -> bool:
    """Whether somebody has something to do about this end."""
    tracks = notice.tracks if isinstance(notice, Finished | BatchFinished) else ()
    return any(track.outcome is None or not fine(track.outcome.end) for track in tracks)


def content(rendered: Rendered) -> dict[str, object]:
    """Text and blocks together: an edit that leaves one out would take it away or keep an old one."""
    return {"text": rendered.text, "blocks": list(rendered.blocks)}


def metadata(request: str) -> dict[str, object]:
    """Lets somebody who finds two roots see that they are of one request."""
    return {"event_type": "flux_request", "event_payload": {"request": request}}


def digest(rendered: Rendered) -> str:
    """The same for messages that look the same."""
    return hashlib.sha256(msgspec.json.encode((rendered.text, rendered.blocks))).hexdigest()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
