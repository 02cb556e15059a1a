"""Watches: what happened since a version, then what happens, until time is up or the stream is broken off."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

import msgspec

from bot.demo.kube.calls import Json
from bot.demo.kube.knobs import Knobs
from bot.demo.kube.refusals import expired
from bot.demo.kube.selectors import Selector
from bot.demo.kube.shapes import Shape
from bot.demo.kube.store import Change, Happening, Revision, Shelf, event_line, stamped
from bot.demo.kube.tables import bookmark, table

_ENDED_INITIAL: Final = {"k8s.io/initial-events-end": "true"}


class Drop(Enum):
    """How an open watch is lost."""

    RESET = "reset"
    """The connection breaks between two lines."""
    CUT = "cut"
    """It breaks in the middle of a line."""
    CLOSE = "close"
    """The server ends it in good order, as when its time is up."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a watch is about. `namespace` may be empty for all, `seconds` is how long it lives."""

    namespace: str
    selector: Selector
    shape: Shape
    include: str
    bookmarks: bool
    seconds: float


class Watch:
    """One open watch; see `calls.Stream`. Time begins to count when the first line is asked for."""

    def __init__(
        self, shelf: Shelf, wish: Wish, knobs: Knobs, version: Callable[[], int], now: Callable[[], datetime]
    ) -> None:
        self.shelf = shelf
        self._wish = wish
        self._knobs = knobs
        self._version = version
        self._now = now
        self._lines: deque[bytes] = deque()
        self._woken = asyncio.Event()
        self._ended = False
        self._broken = False
        self._deadline: float | None = None
        self._bookmark_at = 0.0
        self._start = 0
        shelf.listeners.append(self._hear)

    @property
    def open(self) -> bool:
        """Whether it still hears of changes."""
        return not self._ended

    def begin(self, since: int | None, *, initial_end: bool = False) -> None:
        """Queues what happened after `since`, or everything that stands there as ADDED when it is None."""
        self._start = self._version() if since is None else since
        if since is None:
            for each in self.shelf.as_of(self._version()):
                if self._covers(each):
                    self._lines.append(self._line(Happening.ADDED, each))
            if initial_end:
                self._lines.append(self._bookmark(_ENDED_INITIAL))
            return
        if since < self.shelf.floor:
            gone = expired(f"too old resource version: {since} ({self.shelf.floor})")
            self._lines.append(event_line("ERROR", msgspec.json.encode(gone.status)))
            self._end()
            return
        for change in self.shelf.since(since):
            self._hear(change)

    async def next(self) -> bytes | None:
        """See `calls.Stream`."""
        if self._deadline is None:
            began = asyncio.get_running_loop().time()
            self._deadline = began + self._wish.seconds
            self._bookmark_at = self._next_bookmark(began, self._deadline)
        while not self._lines:
            if self._broken:
                raise ConnectionResetError("the watch was broken off")
            if self._ended:
                return None
            await self._wait(self._deadline)
        return self._lines.popleft()

    async def _wait(self, deadline: float) -> None:
        """Until something happens, a bookmark is due, or the time is up."""
        due = min(deadline, self._bookmark_at) if self._wish.bookmarks else deadline
        self._woken.clear()
        try:
            async with asyncio.timeout_at(due):
                await self._woken.wait()
        except TimeoutError:
            if due == deadline:
                self._end()
                return
            # As the real server: no bookmark tells a version that the watch began with.
            if self._version() > self._start:
                self._lines.append(self._bookmark({}))
            self._bookmark_at = self._next_bookmark(due, deadline)

    def _next_bookmark(self, time: float, deadline: float) -> float:
        regular, last = time + self._knobs.bookmarks, deadline - self._knobs.last_bookmark
        return min(regular, last) if time < last else regular

    def close(self) -> None:
        """See `calls.Stream`."""
        self._lines.clear()
        self._end()

    def drop(self, how: Drop) -> None:
        """Loses the stream; lines that were not fetched yet are lost with it, unless it ends in good order."""
        if how is not Drop.CLOSE:
            self._lines.clear()
            self._broken = True
        if how is Drop.CUT:
            line = self._bookmark({})
            self._lines.append(line[: len(line) // 2])
        self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self.shelf.listeners.remove(self._hear)
        self._woken.set()

    def _hear(self, change: Change) -> None:
        wish = self._wish
        # A version from the future is waited for in silence.
        if change.version <= self._start or (wish.namespace and change.now.key[0] != wish.namespace):
            return
        if not wish.selector.tests and wish.shape is Shape.PLAIN:
            self._say(change.line)
            return
        was = change.before is not None and wish.selector.takes(change.before.object)
        fits = change.happening is not Happening.DELETED and wish.selector.takes(change.now.object)
        match was, fits:
            case False, True:
                self._say(self._line(Happening.ADDED, change.now))
            case True, True:
                self._say(self._line(Happening.MODIFIED, change.now))
            case True, False:
                self._say(self._line(Happening.DELETED, _last_seen(change)))
            case _:
                pass

    def _say(self, line: bytes) -> None:
        self._lines.append(line)
        if len(self._lines) > self._knobs.watch_buffer:
            self._end()
        self._woken.set()

    def _covers(self, each: Revision) -> bool:
        return self._wish.namespace in ("", each.key[0]) and self._wish.selector.takes(each.object)

    def _line(self, happening: Happening, revision: Revision) -> bytes:
        if self._wish.shape is Shape.PLAIN:
            return event_line(happening.value, revision.encoded)
        metadata = {"resourceVersion": str(revision.version)}
        rows = [revision.object]
        body = table(self.shelf.resource, rows, metadata, self._now(), self._wish.include)
        return event_line(happening.value, msgspec.json.encode(body))

    def _bookmark(self, annotations: Mapping[str, str]) -> bytes:
        resource = self.shelf.resource
        metadata: Json = {"resourceVersion": str(self._version())}
        if annotations:
            metadata["annotations"] = dict(annotations)
        if self._wish.shape is Shape.TABLE:
            body = bookmark(metadata, len(resource.columns))
        else:
            body = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        return event_line("BOOKMARK", msgspec.json.encode(body))


def _last_seen(change: Change) -> Revision:
    """What a watcher is shown of an object that left its selection: the state it knew, under the new version."""
    if change.happening is Happening.DELETED or change.before is None:
        return change.now
    return Revision(change.now.key, stamped(change.before.object, change.version), change.version)
