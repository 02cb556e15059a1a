"""Owned tasks: started in one place, referenced until they end, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

Report = Callable[[str, BaseException], None]
"""Called with a task's name and what it died of."""


class Tasks:
    """Keeps every task it starts until the task ends, tells of those that die, and drains at shutdown."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Starts `work`; refuses after `drain` began, since nobody would wait for it."""
        if self._closed:
            work.close()
            raise RuntimeError(f"{name} was started while the bot shuts down")
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(task.get_name(), error)

    async def drain(self, seconds: float) -> int:
        """Waits up to `seconds` for what runs, cancels the rest, and says how many were cancelled."""
        self._closed = True
        if not self._running:
            return 0
        _, late = await asyncio.wait(set(self._running), timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)
