"""Whispers in a crowd: nobody who asks is kept waiting, and everybody is answered."""

from __future__ import annotations

import asyncio

from bot.core.notices import Whisper
from bot.demo.loopback import Rule, Status
from bot.demo.slack.world import PLATFORM, SRE
from bot.slack.whispers import CROWD
from tests.slack.rig import Rig, finished, rigged

CROWDED = 3 * CROWD


def crowd(rig: Rig, count: int) -> list[Whisper]:
    """So many who are to be answered, each at an address of its own."""
    urls = (rig.workspace.url + rig.workspace.site.urls.issue(SRE, PLATFORM) for _ in range(count))
    return [Whisper(SRE, PLATFORM, url) for url in urls]


def read(rig: Rig) -> list[str]:
    return [state.text for state in rig.workspace.history if state.only_for == SRE]


async def test_in_a_crowd_a_whisper_is_put_off_and_said_later() -> None:
    async with rigged() as rig:
        to = crowd(rig, CROWDED)
        # Once it has shown something the courier has begun its work.
        await rig.courier.posted(rig.show(finished()), rig.soon())
        saying = [asyncio.create_task(rig.courier.whisper(each, finished(n))) for n, each in enumerate(to)]
        await asyncio.sleep(0)
        # The burst goes out, as many wait for their turn, and the rest need not wait.
        done = [task.done() for task in saying]
        assert (done[:CROWD], done[-CROWD // 2 :]) == ([False] * CROWD, [True] * (CROWD // 2))
        await rig.flushed()
        assert all(await asyncio.gather(*saying))
        assert sorted(read(rig)) == sorted(f"r1 ended {n}" for n in range(CROWDED))


async def test_what_was_put_off_is_tried_as_often_as_any_whisper() -> None:
    async with rigged() as rig:
        to = crowd(rig, CROWDED)
        rig.workspace.faults.add(Rule(Status(503), "/actions/*", times=CROWD // 2))
        await asyncio.gather(*(rig.courier.whisper(each, finished(n)) for n, each in enumerate(to)))
        await rig.flushed()
        assert set(read(rig)) == {f"r1 ended {n}" for n in range(CROWDED)}


async def test_without_a_crowd_whoever_whispers_learns_whether_it_was_read() -> None:
    async with rigged() as rig:
        (to,) = crowd(rig, 1)
        assert await rig.courier.whisper(to, finished())
        assert read(rig) == ["r1 ended 1"]
