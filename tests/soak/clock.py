"""The bot's clock on an event loop of virtual time."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from tests.fakes.virtual_loop import EPOCH, now


class LoopClock:
    """bot.clock.Clock by the time of the running virtual loop."""

    def now(self) -> datetime:
        return now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(max(0.0, seconds))


def seconds(moment: datetime) -> float:
    """Of virtual time, since the loop began."""
    return (moment - EPOCH).total_seconds()
