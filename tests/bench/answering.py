"""The child's side of `child`: questions from stdin, answers and events to stdout."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

Json = dict[str, Any]

_LONGEST_LINE: Final = 2**26


def tell(event: str, **facts: object) -> None:
    """An event of our own."""
    _say({"event": event, **facts})


async def answering(answer: Callable[[Json], Awaitable[Json]]) -> None:
    """Answers questions, several at once, until stdin ends."""
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        async with asyncio.TaskGroup() as group:
            while line := await reader.readline():
                group.create_task(_one(answer, json.loads(line)))
    finally:
        transport.close()


async def _one(answer: Callable[[Json], Awaitable[Json]], asked: Json) -> None:
    _say({"id": asked["id"], **await answer(asked)})


def _say(line: Json) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
