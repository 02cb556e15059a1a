"""The only wiring. `run` serves until a signal, `serve` until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress

from bot import __version__
from bot.app.process import settle
from bot.app.supervise import Bot
from bot.app.wiring import open_bot
from bot.clock import SystemClock
from bot.config.settings import Settings
from bot.core.channels import Allowlist
from bot.core.errors import BotError
from bot.telemetry.logs import logging_to
from bot.telemetry.metrics import Metrics


async def run(settings: Settings, allowlist: Allowlist) -> int:
    """Serves until SIGTERM or SIGINT. 0 after an orderly stop, 1 when something that must run could not."""
    settle()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    return await serve(settings, allowlist, stop)


async def serve(settings: Settings, allowlist: Allowlist, stop: asyncio.Event) -> int:
    """The same, until `stop` is set."""
    clock, metrics = SystemClock(), Metrics(__version__)
    with logging_to(sys.stderr, clock, settings.log_level.value):
        try:
            bot = await _unless(stop, open_bot(settings, allowlist, clock, metrics))
        except BotError as error:
            print(f"flux-bot: {error}", file=sys.stderr)  # noqa: T201 - a sentence for whoever started it
            return 1
        if bot is None:
            return 0
        bot.telemetry.tell("started", version=__version__, workspace=bot.connection.workspace.team)
        try:
            await bot.serve(stop)
        except BotError as error:
            bot.telemetry.tell("stopped_by", why=str(error))
            print(f"flux-bot: {error}", file=sys.stderr)  # noqa: T201
            return 1
        except Exception as error:  # noqa: BLE001 - a bug ends the process, with its traceback in the log alone
            bot.telemetry.broke("died", error)
            print("flux-bot: a bug of ours ended the bot; the log has its traceback", file=sys.stderr)  # noqa: T201
            return 1
        finally:
            await bot.close()
    return 0


async def _unless(stop: asyncio.Event, opening: Coroutine[None, None, Bot]) -> Bot | None:
    """The bot once it is open. None when the stop came first: what was open by then is closed again."""
    opened, stopping = asyncio.ensure_future(opening), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([opened, stopping], return_when=asyncio.FIRST_COMPLETED)
        return await opened if opened.done() else None
    finally:
        for task in (opened, stopping):
            task.cancel()
        await asyncio.gather(opened, stopping, return_exceptions=True)
