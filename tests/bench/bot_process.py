"""The bot in a process of its own: `python -m tests.bench.bot_process ORDER`, asked by `child`.

The order: `clusters` (name, kubeconfig), `api_url`, `port` of Slack, `bot_token`, `app_token`, `team`, `allowlist`,
and `ticking` if the loop is to be watched from the start. It imports no simulator, so that its memory is the bot's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app.process import settle
from bot.app.supervise import Bot
from bot.app.wiring import open_bot
from bot.clock import SystemClock
from bot.config.channels_file import Broken, load_allowlist
from bot.config.clusters import ClusterSetting
from bot.config.settings import Settings, SlackMode
from bot.core.kinds import KINDS
from bot.core.resources import Ref
from bot.telemetry.logs import logging_to
from tests.bench.answering import answering, tell
from tests.bench.taps import HeardMetrics, TappedLoop, Ticker, requests_of

Json = dict[str, Any]


@dataclass(slots=True)
class Watched:
    """The bot that runs, and what is noticed of it."""

    bot: Bot
    loop: TappedLoop
    metrics: HeardMetrics
    ticker: Ticker
    waits: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, asked: Json) -> Json:
        match asked["do"]:
            case "usage":
                return usage()
            case "calls":
                requests = requests_of(self.loop.written)
                return {"requests": requests, "calls": self.metrics.calls, "verdicts": self.metrics.verdicts}
            case "stalls":
                return {"late": self.ticker.late}
            case "waits":
                await self._wait_for(asked["cluster"], asked["kind"], asked["count"])
                return usage()
            case unknown:
                raise ValueError(f"nobody here knows how to {unknown}")

    async def _wait_for(self, name: str, kind: str, count: int) -> None:
        """Opens so many waits, each as the flows do: a follow of one object, read until a deadline."""
        cluster = self.bot.clusters.get(name)
        assert cluster is not None
        found = await cluster.list(next(each for each in KINDS if each.name == kind))
        for number in range(count):
            self.waits.add(asyncio.create_task(self._wait(found[number % len(found)].ref), name="wait"))
        await asyncio.sleep(0.5)

    async def _wait(self, ref: Ref) -> None:
        cluster = self.bot.clusters.get(ref.cluster)
        assert cluster is not None
        until = self.bot.clock.now() + timedelta(minutes=10)
        async with cluster.follow(ref) as follow:
            while True:
                await follow.next(until)


def usage() -> Json:
    """Bytes in memory now and at most, seconds of the processor, and when that was."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    resident, peak = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return {"resident": resident, "peak": peak, "cpu": time.process_time(), "at": time.monotonic()}


def settings_of(order: Json) -> Settings:
    """Every field is given, since the environment is not the benchmark's business."""
    defaults = {name: info.default for name, info in Settings.model_fields.items() if not info.is_required()}
    own = {
        "slack_mode": SlackMode.SOCKET,
        "slack_bot_token": SecretStr(order["bot_token"]),
        "slack_app_token": SecretStr(order["app_token"]),
        "slack_team": order["team"],
        "slack_api_url": order["api_url"],
        "allowlist_file": Path(order["allowlist"]),
        "clusters": tuple(ClusterSetting(name, Path(config), name) for name, config in order["clusters"]),
        "database": SecretStr(str(Path(order["allowlist"]).with_name("state.db"))),
        "drain": timedelta(seconds=0),
        "listen_port": 0,
    }
    return Settings(**{**defaults, **own})


async def serve(order: Json, loop: TappedLoop) -> None:
    tell("imported", **usage())
    allowlist = load_allowlist(Path(order["allowlist"]))
    assert not isinstance(allowlist, Broken), allowlist
    clock, metrics, ticker, stop = SystemClock(), HeardMetrics("bench"), Ticker(), asyncio.Event()
    if order.get("ticking"):
        ticker.start()
    with logging_to(sys.stderr, clock):
        bot = await open_bot(settings_of(order), allowlist.allowlist, clock, metrics)
        async with AsyncExitStack() as exits:
            exits.push_async_callback(bot.close)
            serving = asyncio.create_task(bot.serve(stop))
            syncing = [asyncio.create_task(_synced(bot, name)) for name in bot.clusters.names()]
            watched = Watched(bot, loop, metrics, ticker)
            await answering(watched.answer)
            ticker.stop()
            for task in (*watched.waits, *syncing):
                task.cancel()
            await asyncio.gather(*watched.waits, *syncing, return_exceptions=True)
            stop.set()
            await serving


async def _synced(bot: Bot, name: str) -> None:
    cluster = bot.clusters.get(name)
    assert cluster is not None
    await cluster.synced()
    tell(f"synced {name}", **usage())


def main() -> None:
    order = json.loads(sys.argv[1])
    settle()
    loop = TappedLoop(order["port"] if order.get("tapped") else 0)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serve(order, loop))


if __name__ == "__main__":
    main()
