"""Two hundred commands in one second over twenty channels, with Slack's own limits in force."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from tests.bench.arena import NAMESPACE, Pace, kustomizations, name_of
from tests.bench.figures import Report, Row, median, mib, ms, percentile
from tests.bench.ground import channel_id, ended, folder, is_root, knows_its_channels, ready_bot, typed, workspace
from tests.bench.options import Options


@dataclass(frozen=True, slots=True)
class Shown:
    """When a request's root and its end were shown, in seconds since the first command."""

    root: float
    end: float


async def measure(options: Options) -> Report:
    count, channels, broken = options.size(200, 4), options.size(20, 2), options.size(20, 1)
    async with AsyncExitStack() as exits:
        place = exits.enter_context(folder())
        arena = await exits.enter_async_context(options.arena(place))
        slack = await exits.enter_async_context(workspace(channels))
        await arena.create(kustomizations(arena, count, broken))
        arena.work(Pace())
        bot = await exits.enter_async_context(ready_bot(place, slack, [arena.where], channels=channels))
        await knows_its_channels(slack, channels)
        before = await bot.ask("usage")
        seen, acked, began = len(slack.history), len(slack.acks), slack.site.moments.passed()
        # The failures' commands come last, so that what is shown first was not asked first.
        order = list(reversed(range(count)))
        await asyncio.gather(*(_type(slack, number, place_, channels) for place_, number in enumerate(order)))
        await asyncio.sleep(options.size(10, 0))
        busy = await bot.ask("usage")
        await asyncio.gather(*(ended(slack, f"{NAMESPACE}/{name_of(each)}", seen) for each in range(count)))
        shown = [_shown(slack.history[seen:], number, began) for number in range(count)]
        acks = [each.ms / 1000 for each in slack.acks[acked:] if each.kind == "slash_commands"]
        grown = busy["resident"] - before["resident"]
        limited = sum(call.error == "ratelimited" for call in slack.calls)
    failures, successes = shown[:broken], shown[broken:]
    return Report(
        "burst",
        _rows(acks, shown, failures, successes, channels),
        {
            "ack": acks,
            "roots shown": [each.root for each in shown],
            "failures shown": [each.end for each in failures],
            "successes shown": [each.end for each in successes],
        },
        (f"Slack refused {limited} calls", f"memory grew by {mib(grown)} while all were under way"),
    )


async def _type(slack: Workspace, number: int, turn: int, channels: int) -> None:
    await asyncio.sleep(turn * 0.005)
    await typed(slack, f"ks {NAMESPACE}/{name_of(number)}", channel_id(number % channels))


def _shown(history: Sequence[MessageState], number: int, began: float) -> Shown:
    words = f"{NAMESPACE}/{name_of(number)}"
    states = [each for each in history if is_root(each) and words in each.text]
    end = next(each for each in states if not each.text.startswith("⏳"))
    return Shown(states[0].at - began, end.at - began)


def _rows(
    acks: Sequence[float],
    shown: Sequence[Shown],
    failures: Sequence[Shown],
    successes: Sequence[Shown],
    channels: int,
) -> tuple[Row, ...]:
    what = f"a burst of {len(shown)} commands in 1 s over {channels} channels"
    ack, roots, ends = percentile(acks, 0.99), max(each.root for each in shown), max(each.end for each in shown)
    last_failure, usual = max(each.end for each in failures), median(each.end for each in successes)
    return (
        Row(f"{what}: acknowledged", "p99 ≤ 150 ms", f"p50 {ms(median(acks))}, p99 {ms(ack)}", ack <= 0.15),
        Row(f"{what}: all roots shown", "within 60 s", f"{roots:.0f} s", roots <= 60),
        Row(f"{what}: all ends shown", "within 6 min", f"{ends:.0f} s", ends <= 360),
        Row(
            f"{what}: failures first",
            "failures before successes",
            f"last of {len(failures)} failures after {last_failure:.0f} s, median success after {usual:.0f} s",
            last_failure <= usual,
        ),
    )
