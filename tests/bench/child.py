"""A process beside this one that is asked questions: a line of JSON in, a line of JSON out.

The child answers each question with its `id`, in any order, and may tell events of its own, with a name as `event`.
Times are time.monotonic's, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Final

Json = dict[str, Any]

_LONGEST_LINE: Final = 2**30
_PATIENCE: Final = 600.0


class Child:
    """Made by `started`."""

    def __init__(self, process: asyncio.subprocess.Process, began: float, log: Path) -> None:
        self.began = began
        """When it was started, before there was a process."""
        self.log = log
        """What it wrote to stderr."""
        self._process = process
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Json]] = {}
        self._events: dict[str, asyncio.Future[Json]] = {}

    async def ask(self, do: str, facts: Mapping[str, object] | None = None, seconds: float = _PATIENCE) -> Json:
        """The answer. Raises RuntimeError when the child has ended."""
        number = next(self._numbers)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "do": do, **(facts or {})}).encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(seconds):
            return await answer

    async def told(self, event: str, seconds: float = _PATIENCE) -> Json:
        """The event's facts, once it was told."""
        async with asyncio.timeout(seconds):
            if not self._event(event).done() and self._event("ended").done():
                raise self._dead()
            return await asyncio.shield(self._event(event))

    async def listen(self) -> None:
        """Takes answers and events in until the child ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            said: Json = json.loads(line)
            if "event" in said:
                event = self._event(said["event"])
                if not event.done():
                    event.set_result(said)
            elif (waiter := self._asked.pop(said["id"], None)) is not None and not waiter.done():
                waiter.set_result(said)
        for left in (*self._asked.values(), *self._events.values(), self._event("ended")):
            if not left.done():
                left.set_exception(self._dead())
                left.exception()

    def _dead(self) -> RuntimeError:
        return RuntimeError(f"the process has ended; its log:\n{self.log.read_text('utf-8')[-4000:]}")

    async def alive(self, work: Coroutine[Any, Any, None]) -> None:
        """Waits for what the child has a part in. Raises RuntimeError when the child ends first."""
        working = asyncio.ensure_future(work)
        end = self._event("ended")
        both: list[asyncio.Future[None] | asyncio.Future[Json]] = [working, end]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            await (working if working.done() else end)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    def _event(self, name: str) -> asyncio.Future[Json]:
        if name not in self._events:
            self._events[name] = asyncio.get_running_loop().create_future()
        return self._events[name]


@asynccontextmanager
async def started(module: str, order: Mapping[str, object], log: Path) -> AsyncIterator[Child]:
    """`python -m MODULE ORDER` for the length of the block; it ends when its stdin does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLUX_BOT_", "COVERAGE_"))}
    with log.open("wb") as errors:
        began = monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            json.dumps(order),
            env=kept,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=_LONGEST_LINE,
        )
        child = Child(process, began, log)
        listening = asyncio.create_task(child.listen())
        try:
            yield child
        finally:
            await _ended(process)
            await listening


async def _ended(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(20):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
