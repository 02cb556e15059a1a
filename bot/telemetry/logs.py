"""JSON log lines: one event a line, masked, in the order in which they were told, written by a thread of their own.

Two kinds of record arrive: ours, an event with its facts, from `bot.telemetry.told`; and those of libraries. A
library's record is shown as one short sentence: never a body, never a traceback.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Full, Queue
from typing import Final, Protocol

import msgspec

from bot.clock import Clock
from bot.telemetry.plain import foreign_sentence, plain

OURS: Final = "bot"
"""The logger of our own events."""

_RESERVED: Final = frozenset({"time", "level", "event"})
_ROOM: Final = 10_000
_about: ContextVar[str] = ContextVar("request that is worked on", default="")


@contextmanager
def about(request: str) -> Iterator[None]:
    """Every event told inside, also by tasks started inside, carries this request's id."""
    token = _about.set(request)
    try:
        yield
    finally:
        _about.reset(token)


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, event, request, then its facts."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        }
        line["level"] = record.levelname.lower()
        facts = getattr(record, "facts", None)
        if record.name == OURS and isinstance(facts, dict):
            line["event"] = plain(record.msg)
            if (request := facts.get("request") or _about.get()) != "":
                line["request"] = plain(request)
            line |= {_fact(key): plain(value, key) for key, value in facts.items() if key != "request"}
        else:
            line["event"] = "library"
            line["logger"] = plain(record.name)
            line["text"] = foreign_sentence(record)
        return msgspec.json.encode(line).decode()


def _fact(key: str) -> str:
    return f"fact_{key}" if key in _RESERVED else key


class Stream(Protocol):
    """Where lines go; stderr."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Lines(logging.Handler):
    """Hands formatted lines to a thread that writes them, so that a stalled reader never stalls the bot.

    When `room` lines wait, further ones are dropped and counted.
    """

    def __init__(self, stream: Stream, clock: Clock, room: int = _ROOM) -> None:
        super().__init__()
        self.dropped = 0
        self.setFormatter(JsonLines(clock))
        self._stream = stream
        self._lines: Queue[str | None] = Queue(room)
        self._writer = threading.Thread(target=self._write, name="log lines", daemon=True)
        self._writer.start()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != OURS and record.levelno < logging.WARNING:
            return  # a library's own logger was set lower than the root
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - a line that cannot be made must not stop what it tells of
            line = msgspec.json.encode(
                {"level": "error", "event": "log_broke", "error": type(error).__name__}
            ).decode()
        try:
            self._lines.put_nowait(line)
        except Full:
            self.dropped += 1

    def finish(self, seconds: float = 2.0) -> None:
        """Writes what waits and stops; gives a stalled reader no longer than `seconds`."""
        try:
            self._lines.put(None, timeout=seconds)
        except Full:
            return
        self._writer.join(seconds)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(f"{line}\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                self.dropped += 1


@contextmanager
def logging_to(stream: Stream, clock: Clock, level: str = "info") -> Iterator[Lines]:
    """Inside, everything that is logged in this process goes to `stream` as JSON lines; after it, as before.

    `level` is ours; libraries keep to warnings, since below those they print bodies and tokens.
    """
    lines = Lines(stream, clock)
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    before = (root.handlers[:], root.level, ours.level)
    root.handlers[:] = [lines]
    root.setLevel(logging.WARNING)
    ours.setLevel(level.upper())
    try:
        yield lines
    finally:
        root.handlers[:], root_level, our_level = before
        root.setLevel(root_level)
        ours.setLevel(our_level)
        lines.finish()
