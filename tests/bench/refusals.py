"""Commands that are answered at once, refusals and help, a thousand a second for half a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from time import monotonic

from bot.demo.slack import world
from bot.demo.slack.deliveries import Delivery
from bot.demo.slack.workspace import Workspace
from tests.bench.figures import Report, Row, median, ms, percentile
from tests.bench.ground import channel_id, cluster, folder, knows_its_channels, ready_bot, workspace
from tests.bench.objects import many
from tests.bench.options import Options


async def measure(options: Options) -> Report:
    rate, seconds, channels = options.size(1000, 20), options.size(30, 1), options.size(20, 3)
    async with AsyncExitStack() as exits:
        place = exits.enter_context(folder())
        simulated = await exits.enter_async_context(cluster(place, many(50)))
        # Slack names no limit for response URLs beyond five answers to one.
        slack = await exits.enter_async_context(workspace(channels))
        bot = await exits.enter_async_context(ready_bot(place, slack, [simulated.where], channels=channels))
        await knows_its_channels(slack, channels)
        await _one(slack, 0, help_=True)
        before = await bot.ask("usage")
        deliveries, took = await _all(slack, rate, seconds, channels)
        after = await bot.ask("usage")
        told = await _answers(slack, len(deliveries) + 1, options.seconds(60, 1))
    acks = [each.ack.ms / 1000 for each in deliveries if each.ack is not None]
    lost = len(deliveries) - len(acks)
    p99, busy = percentile(acks, 0.99), (after["cpu"] - before["cpu"]) / took
    rows = (
        Row(
            f"refused and help commands, {len(deliveries) / took:,.0f} a second for {took:.0f} s: acknowledged",
            "p99 ≤ 150 ms, none lost",
            f"p50 {ms(median(acks))}, p99 {ms(p99)}, {lost} lost (processor {busy * 100:.0f} %)",
            p99 <= 0.15 and not lost,
        ),
        Row("the same: answered", "none lost", f"{told - 1:,} of {len(deliveries):,} a minute later"),
    )
    return Report("refusals", rows, {"ack": acks})


async def _all(slack: Workspace, rate: int, seconds: int, channels: int) -> tuple[Sequence[Delivery], float]:
    """So many a second, evenly, whether or not the earlier ones are acknowledged."""
    began = monotonic()
    tasks: list[asyncio.Task[Delivery]] = []
    while (passed := monotonic() - began) < seconds:
        while len(tasks) < passed * rate:
            tasks.append(asyncio.create_task(_one(slack, len(tasks) % channels, help_=bool(len(tasks) % 2))))
        await asyncio.sleep(0.002)
    deliveries = await asyncio.gather(*tasks)
    return deliveries, monotonic() - began


async def _one(slack: Workspace, channel: int, *, help_: bool) -> Delivery:
    who, text = (world.SRE, "help") if help_ else (world.DEV, "ks team-001/app-00001")
    return await slack.command(who, channel_id(channel), text)


async def _answers(slack: Workspace, wanted: int, seconds: float) -> int:
    """How many answers people saw, once all are there or so many seconds have passed."""

    def count() -> int:
        return sum(state.only_for is not None and state.author == world.BOT_USER for state in slack.history)

    until = monotonic() + seconds
    while count() < wanted and monotonic() < until:
        await asyncio.sleep(0.1)
    return count()
