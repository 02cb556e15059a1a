"""What is noticed in the bot's process: bytes that leave for Slack, calls of its gateway, a loop that stands still.

None of it changes the bot: the loop and the metrics are handed to it, as any other loop and metrics would be.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from bot.telemetry.metrics import Metrics

Json = dict[str, Any]

_TICK: Final = 0.001


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes that were handed to the kernel, by connection."""

    at: float
    connection: int
    data: bytes


class TappedLoop(asyncio.SelectorEventLoop):
    """Notes what is written to one port, and when."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.written: list[Written] = []
        self._port = port
        self._connections = 0

    def _make_socket_transport(
        self, sock: socket.socket, protocol: asyncio.BaseProtocol, *args: Any, **kwargs: Any
    ) -> Any:
        """The one place where the loop makes a connection's transport."""
        made: Any = super()._make_socket_transport(sock, protocol, *args, **kwargs)  # type: ignore[misc]
        if self._port and sock.getpeername()[1] == self._port:
            self._connections += 1
            self._tap(made, self._connections)
        return made

    def _tap(self, transport: Any, connection: int) -> None:
        write: Callable[[bytes], None] = transport.write

        def noting(data: bytes) -> None:
            write(data)
            self.written.append(Written(time.monotonic(), connection, bytes(data)))

        transport.write = noting
        transport.writelines = lambda parts: noting(b"".join(parts))


def requests_of(written: Iterable[Written]) -> list[Json]:
    """The HTTP requests with a JSON body in what was written: path, body, and when the last byte of each left."""
    found: list[Json] = []
    for _, parts in groupby(sorted(written, key=lambda each: each.connection), key=lambda each: each.connection):
        pending = b""
        for part in parts:
            pending += part.data
            while (cut := _whole(pending)) is not None:
                path, body, pending = cut
                if body.startswith(b"{"):
                    found.append({"at": part.at, "path": path, "body": json.loads(body)})
            if pending.startswith(b"GET ") and b"\r\nupgrade: websocket\r\n" in pending.lower():
                break
    return sorted(found, key=lambda each: float(each["at"]))


def _whole(data: bytes) -> tuple[str, bytes, bytes] | None:
    """Path and body of the first request in `data`, and the rest; None while it is not whole."""
    head, gap, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = int(headers.get("content-length", "0"))
    if not gap or len(rest) < length or headers.get("upgrade", "").lower() == "websocket":
        return None
    return lines[0].split(" ")[1], rest[:length], rest[length:]


class HeardMetrics(Metrics):
    """The bot's own metrics, which also remember every call of Slack's API, with its task, and every verdict."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.calls: list[Json] = []
        self.verdicts: list[Json] = []

    def record(self, event: str, facts: Mapping[str, object]) -> None:
        super().record(event, facts)
        if event in ("slack.called", "slack.limited"):
            task = asyncio.current_task()
            name = task.get_name() if task is not None else ""
            self.calls.append({"at": time.monotonic(), "task": name, "event": event, **facts})
        if event == "followed":
            self.verdicts.append({"at": time.monotonic(), "request": facts.get("request")})


class Ticker:
    """Ticks every millisecond and notes by how much each tick was late.

    Lateness is told twice: as passed on the wall, in which other processes have a part, and as computed by this
    process's own main thread meanwhile.
    """

    def __init__(self) -> None:
        self.late: list[tuple[float, float, float]] = []
        """When, seconds on the wall, seconds of the processor; those above a millisecond."""
        self._before = (0.0, 0.0)
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self.late.clear()
        self._before = (time.monotonic(), time.thread_time())
        self._next()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _next(self) -> None:
        self._handle = asyncio.get_running_loop().call_later(_TICK, self._tick)

    def _tick(self) -> None:
        now = (time.monotonic(), time.thread_time())
        wall = now[0] - self._before[0] - _TICK
        if wall > _TICK:
            self.late.append((now[0], wall, now[1] - self._before[1]))
        self._before = now
        self._next()
