"""From the controller's last write to the bytes of our Slack call, beside the moment at which a CLI would know.

The first time is when the API server took the write; the last is when the last byte of the call that tells the end
was handed to the kernel in the bot's process. What the call waited for Slack's budgets meanwhile is counted apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from bot.demo.slack.workspace import Workspace
from bot.demo.slack.world import FLUX_AUDIT
from tests.bench.arena import NAMESPACE, Arena, Pace, kustomizations, last_write, name_of, path_of, rival_of
from tests.bench.child import Child
from tests.bench.figures import Report, Row, Samples, median, ms, percentile
from tests.bench.ground import RUNNING, channel_id, ended, folder, ready_bot, typed, workspace
from tests.bench.logged import Logged
from tests.bench.options import Options

Json = dict[str, Any]

CHANNELS: Final = 10
QUICK: Final = Pace(stretch=14.0, jitter=0.9)
"""Runs of a tenth of a second to two and a half: they end anywhere between two polls of the CLI."""
LONG: Final = Pace(stretch=130.0, jitter=0.4)
"""Runs of seven to seventeen seconds: all of them are under way at once."""


@dataclass(frozen=True, slots=True)
class Told:
    """One end: when the write came, when our call left, and how long between the two it only waited for its turn."""

    written: float
    left: float
    paced: float

    @property
    def reaction(self) -> float:
        return self.left - self.written - self.paced


@dataclass(slots=True)
class Taken:
    """The samples of both clients, in seconds."""

    ours: list[Told] = field(default_factory=list)
    cli: list[float] = field(default_factory=list)

    def samples(self, name: str) -> Samples:
        return {
            f"{name}: ours": [each.reaction for each in self.ours],
            f"{name}: ours, paced": [each.paced for each in self.ours],
            f"{name}: flux CLI": self.cli,
        }


@dataclass(frozen=True, slots=True)
class Table:
    """Where both clients sit."""

    arena: Arena
    slack: Workspace
    bot: Child
    rival: Child


async def measure(options: Options) -> Report:
    idle, busy = options.size(60, 1), options.size(100, 2)
    async with _table(options, max(idle, busy)) as table:
        one, many = Taken(), Taken()
        table.arena.work(Pace() if options.small else QUICK)
        for number in range(idle):
            await _by_us(table, [number], one)
            await _by_cli(table, [number], one)
        table.arena.work(Pace() if options.small else LONG)
        await _by_us(table, range(busy), many)
        await _by_cli(table, range(busy), many)
    return Report("reaction", _rows(one, many, busy), one.samples("idle") | many.samples(f"{busy} in flight"))


@asynccontextmanager
async def _table(options: Options, count: int) -> AsyncIterator[Table]:
    async with AsyncExitStack() as exits:
        place = exits.enter_context(folder())
        arena = await exits.enter_async_context(options.arena(place, workers=200))
        slack = await exits.enter_async_context(workspace(CHANNELS))
        await arena.create(kustomizations(arena, count))
        bot = await exits.enter_async_context(ready_bot(place, slack, [arena.where], channels=CHANNELS, tapped=True))
        rival = await exits.enter_async_context(rival_of(arena, place, options.poll))
        yield Table(arena, slack, bot, rival)


async def _by_us(table: Table, numbers: Sequence[int], taken: Taken) -> None:
    """Asks for all of them at once, and waits until each end is shown."""
    asked, since = monotonic(), len(table.slack.history)
    await asyncio.gather(*(_ask(table.slack, number, many=len(numbers) > 1) for number in numbers))
    await asyncio.gather(*(ended(table.slack, f"{NAMESPACE}/{name_of(number)}", since) for number in numbers))
    heard = await table.bot.ask("calls")
    log = await table.arena.log()
    for number in numbers:
        taken.ours.append(_told(heard, log, name_of(number), asked, table.slack))


async def _ask(slack: Workspace, number: int, *, many: bool) -> None:
    text = f"ks {NAMESPACE}/{name_of(number)}"
    await (typed(slack, text, channel_id(number % CHANNELS)) if many else typed(slack, text))


async def _by_cli(table: Table, numbers: Sequence[int], taken: Taken) -> None:
    asks = (table.rival.ask("reconcile", {"paths": [path_of("Kustomization", name_of(each))]}) for each in numbers)
    answers = await asyncio.gather(*asks)
    log = await table.arena.log()
    for number, answer in zip(numbers, answers, strict=True):
        stage = answer["stages"][0]
        written = last_write(log, "kustomizations", name_of(number), stage["patched_at"], stage["known_at"])
        assert written is not None, f"{name_of(number)}: nobody wrote"
        taken.cli.append(stage["known_at"] - written)


def _told(heard: Json, log: Sequence[Logged], name: str, since: float, slack: Workspace) -> Told:
    """Of the first call after `since` that tells the end of this object's request."""
    words = f"{NAMESPACE}/{name}"
    call = next(
        each
        for each in heard["requests"]
        if each["at"] >= since and words in each["body"].get("text", "") and _tells_end(each)
    )
    written = last_write(log, "kustomizations", name, since, call["at"])
    assert written is not None, f"{name}: nobody wrote"
    return Told(written, call["at"], _paced(heard, call, _request_of(call, slack)))


def _tells_end(call: Json) -> bool:
    body = call["body"]
    return not (body.get("thread_ts") or body["channel"] == FLUX_AUDIT or body["text"].startswith(RUNNING))


def _request_of(call: Json, slack: Workspace) -> str:
    """The id of the request, which a root's metadata tell."""
    body = call["body"]
    if "metadata" in body:
        return str(body["metadata"]["event_payload"]["request"])
    posted = next(
        each for each in slack.history if each.key == (body["channel"], body["ts"]) and each.metadata is not None
    )
    assert posted.metadata is not None
    payload: Any = posted.metadata["event_payload"]
    return str(payload["request"])


def _paced(heard: Json, call: Json, request: str) -> float:
    """How long the call stood in the bot's gateway and waited for its turn, after the bot knew how the run had ended.

    Each call is noted when its answer has come: `took` before that it had its turn, and `waited` before that it came.
    """
    noted = next(
        each for each in heard["calls"] if each["at"] >= call["at"] and each["task"] == f"show root {request}"
    )
    turn = min(float(noted["at"] - noted["took"]), float(call["at"]))
    came = turn - float(noted["waited"])
    judged = max(float(each["at"]) for each in heard["verdicts"] if each["request"] == request)
    return max(0.0, turn - max(came, judged))


def _rows(one: Taken, many: Taken, busy: int) -> tuple[Row, ...]:
    ours, loaded = [each.reaction for each in one.ours], [each.reaction for each in many.ours]
    p50, p99, busy99 = median(ours), percentile(ours, 0.99), percentile(loaded, 0.99)
    cli, cli_busy = median(one.cli), median(many.cli)
    paced = [each.paced for each in (*one.ours, *many.ours)]
    return (
        Row(
            f"reaction, idle ({len(ours)} requests)",
            "p50 ≤ 50 ms, p99 ≤ 150 ms",
            f"p50 {ms(p50)}, p99 {ms(p99)}",
            p50 <= 0.05 and p99 <= 0.15,
        ),
        Row(
            f"reaction, {busy} in flight",
            "p99 ≤ 400 ms",
            f"p50 {ms(median(loaded))}, p99 {ms(busy99)} (waits for Slack's budgets apart: up to {max(paced):.0f} s)",
            busy99 <= 0.4,
        ),
        Row(
            "the flux CLI's median, idle and with as many in flight",
            "≥ 20 × ours",
            f"{ms(cli)} and {ms(cli_busy)}: {cli / p50:.0f} × and {cli_busy / median(loaded):.0f} ×",
            cli >= 20 * p50,
        ),
    )
