"""How many messages Slack is sent for a reconcile that succeeds, the line in the audit channel included."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from bot.demo.slack.workspace import Workspace
from tests.bench.arena import NAMESPACE, Pace, kustomizations, release
from tests.bench.figures import Report, Row
from tests.bench.ground import ended, folder, ready_bot, typed, workspace
from tests.bench.options import Options

_WRITES: Final = ("chat.postMessage", "chat.update", "chat.postEphemeral", "response_url")
_APP: Final = f"ks {NAMESPACE}/app-000"
_WEB: Final = f"hr {NAMESPACE}/web"


async def measure(options: Options) -> Report:
    """Commands that change nothing and commands that do, while runs take from a tenth of a second to twenty."""
    counted: dict[str, int] = {}
    async with AsyncExitStack() as exits:
        place = exits.enter_context(folder())
        arena = await exits.enter_async_context(options.arena(place))
        slack = await exits.enter_async_context(workspace())
        await arena.create([*kustomizations(arena, 1), *release(arena)])
        await exits.enter_async_context(ready_bot(place, slack, [arena.where]))
        for stretch in _stretches(options):
            arena.work(Pace(stretch=stretch))
            for text in () if options.small else (_APP, f"{_APP} --with-source", _WEB):
                counted[f"{text}, pace {stretch:.0f}"] = await _count(slack, text, options)
            await arena.commit(f"shade-{stretch:.0f}")
            text = f"{_APP} --with-source"
            counted[f"{text}, A → B, pace {stretch:.0f}"] = await _count(slack, text, options)
    most = max(counted.values())
    row = Row(
        "Slack writes per successful reconcile under 30 s, audit line included",
        "≤ 4",
        f"at most {most} in {len(counted)} requests",
        most <= 4,
    )
    return Report("writes", (row,), {name: [float(number)] for name, number in counted.items()})


def _stretches(options: Options) -> tuple[float, ...]:
    if options.small:
        return (1.0,)
    return (1.0, 30.0, 100.0) if options.plane is None else (1.0,)


async def _count(slack: Workspace, text: str, options: Options) -> int:
    before = len(slack.calls)
    since = await typed(slack, text)
    await ended(slack, text.split()[1], since)
    # Details and the audit line follow the end.
    await asyncio.sleep(options.seconds(2.5, 0.2))
    return sum(call.method in _WRITES for call in slack.calls[before:])
