"""Two requests a second while a cluster is broken, nothing held back elsewhere, and nothing lost when it heals.

Real HTTP, in virtual time, with every kind watched and people who go on asking (docs/kubernetes.md, "A broken
cluster").
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.errors import ClusterError
from bot.core.resources import Snapshot
from bot.demo.kube.faults import EXPIRED_WATCH, FAULTS
from bot.demo.kube.watches import Drop
from bot.demo.loopback import Fault, HalfOpen, Slow, Status
from bot.ports import Blind, Follow, Quiet, Sighting
from tests.cluster.pair import Pair, Patient, is_list, is_watch, paired, passed
from tests.fakes.virtual_loop import now, virtually

BREAKS = {name: fault for name, fault in FAULTS.items() if name != "slow"} | {"slower than anybody waits": Slow(40)}
AT_ONCE = 0.2
"""Seconds that a call to a cluster takes which works, and more."""
MINUTE = 60.0
BROKEN = 2
"""Requests a second, at most."""
EVERY_END_AT_ONCE = Status(200, content_type="application/json")


@dataclass(slots=True)
class Person:
    """Reads one object again and again, and notes how long each took and what it said."""

    took: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    worked: int = 0

    async def ask(self, patient: Patient, every: float) -> None:
        while True:
            began = passed()
            try:
                assert isinstance(await patient.cluster.read(patient.apps), Snapshot)
                self.worked += 1
            except ClusterError as error:
                self.said.append(str(error))
            self.took.append(passed() - began)
            await asyncio.sleep(every)


@asynccontextmanager
async def people(patient: Patient, number: int = 1, every: float = 1.0) -> AsyncIterator[list[Person]]:
    """So many of them, at work while the block runs."""
    crowd = [Person() for _ in range(number)]
    tasks = [asyncio.create_task(each.ask(patient, every)) for each in crowd]
    try:
        yield crowd
    finally:
        for task in tasks:
            task.cancel()
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(end, asyncio.CancelledError), end


async def until(condition: Callable[[], bool], within: float) -> float:
    """Seconds until it holds."""
    began = passed()
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.05)
    return passed() - began


async def seen(follow: Follow, revision: str, within: float) -> list[str]:
    """What a follower is told until the object has been applied at this revision."""
    told = []
    end = now() + timedelta(seconds=within)
    while True:
        heard = await follow.next(end)
        match heard:
            case Blind():
                told.append("blind")
            case Quiet():
                raise AssertionError(f"it never saw {revision}, but {told}")
            case Sighting(now=Snapshot(applied=applied)):
                told.append(applied)
                if applied == revision:
                    return told


def told(patient: Patient, event: str) -> int:
    return len(patient.telemetry.of(event))


@pytest.mark.parametrize("name", BREAKS)
def test_while_a_cluster_is_broken_it_gets_two_requests_a_second_and_no_wait_is_lost(
    name: str, tmp_path: Path
) -> None:
    async def scenario(pair: Pair) -> None:
        sick, sound = pair.sick, pair.sound
        sick.write(lastAppliedRevision="before")
        async with (
            sick.cluster.follow(sick.apps) as follow,
            sound.cluster.follow(sound.apps) as elsewhere,
            people(sick, 3),
            people(sound, 3, every=0.3) as untroubled,
        ):
            await seen(follow, "before", 5)
            broke_at = passed()
            sick.fall_ill(BREAKS[name])
            await asyncio.sleep(MINUTE / 2)
            sick.write(lastAppliedRevision="meanwhile")
            sound.write(lastAppliedRevision="elsewhere")
            await seen(elsewhere, "elsewhere", 1)
            await asyncio.sleep(MINUTE / 2)
            assert sick.busiest(broke_at + 1, passed()) == BROKEN
            sick.heal()
            # A list may have begun to hang just before, and has half a minute.
            hangs = isinstance(BREAKS[name], Slow)
            await seen(follow, "meanwhile", 45 if hangs else 10)
            await until(lambda: sick.cluster.trouble() == (), 75 if hangs else 20)
            await until(lambda: told(sick, "cluster_mended") == 1, 5)
            assert told(sick, "cluster_broken") == 1
            assert all(each.said == [] and max(each.took) < AT_ONCE for each in untroubled)
        assert sound.cluster.trouble() == ()
        assert told(sound, "cluster_broken") == 0

    _play(tmp_path, scenario)


@pytest.mark.parametrize("name", BREAKS)
def test_a_cluster_that_never_worked_is_not_asked_more_often_and_is_there_once_it_is_healed(
    name: str, tmp_path: Path
) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        async with people(sick):
            await asyncio.sleep(MINUTE)
            assert sick.busiest(1, passed()) <= BROKEN
            sick.heal()
            async with asyncio.timeout(45):
                await sick.cluster.synced()
            await until(lambda: sick.cluster.trouble() == (), 45)

    _play(tmp_path, scenario, at_birth=BREAKS[name])


@pytest.mark.parametrize("name", BREAKS)
def test_one_person_is_answered_as_soon_as_ever_while_twenty_watches_want_to_come_back(
    name: str, tmp_path: Path
) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        sick.fall_ill(BREAKS[name])
        await asyncio.sleep(5)
        async with people(sick, every=2) as (person,):
            await asyncio.sleep(MINUTE)
        assert person.worked == 0
        assert len(person.said) >= MINUTE / (2 + 5) - 1
        assert max(person.took) <= 5.0
        silent = name in {"half-open", "slower than anybody waits"}
        quick = [each for each in person.took if each <= 2.5]
        assert silent or len(quick) >= 0.9 * len(person.took)
        assert all(each.startswith("sick: ") and "Traceback" not in each for each in person.said)

    _play(tmp_path, scenario)


def test_the_first_sign_of_life_wakes_every_watch(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        sick.fall_ill(FAULTS["reset"])
        await asyncio.sleep(5 * MINUTE)
        sick.heal()
        await until(lambda: sick.cluster.trouble() == (), 12)

    _play(tmp_path, scenario)


def test_watches_that_always_end_at_once_are_a_broken_cluster_too_although_people_get_answers(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        async with sick.cluster.follow(sick.apps) as follow, people(sick, 2) as crowd:
            began = passed()
            sick.fall_ill(EVERY_END_AT_ONCE, when=is_watch, how=Drop.CLOSE)
            await asyncio.sleep(MINUTE)
            assert sick.busiest(began + 2, passed()) <= BROKEN
            sick.write(lastAppliedRevision="meanwhile")
            assert "blind" in await seen(follow, "meanwhile", 30)
            sick.heal()
            await until(lambda: sick.cluster.trouble() == (), 40)
        assert all(each.said == [] for each in crowd)

    _play(tmp_path, scenario)


def test_versions_that_always_expire_are_a_broken_cluster_too(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        async with sick.cluster.follow(sick.apps) as follow:
            began = passed()
            sick.fall_ill(EXPIRED_WATCH, when=is_watch)
            await asyncio.sleep(MINUTE)
            # One expiry says nothing, so that it takes each watch two.
            assert sick.busiest(began + 15, passed()) <= BROKEN
            sick.write(lastAppliedRevision="meanwhile")
            await seen(follow, "meanwhile", 40)
            sick.heal()
            await until(lambda: sick.cluster.trouble() == (), 40)

    _play(tmp_path, scenario)


def test_an_api_server_that_restarts_gives_410_once_and_holds_nobody_up(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        sick.server.forget_history()
        sick.server.drop_watches(Drop.CLOSE)
        async with people(sick, 3, every=0.1) as crowd:
            await asyncio.sleep(10)
        assert all(each.said == [] and max(each.took) < AT_ONCE for each in crowd)
        assert told(sick, "cluster_broken") == 0
        assert sick.cluster.trouble() == ()

    _play(tmp_path, scenario)


def test_lists_that_hang_leave_seats_and_turns_for_people(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        sick.server.forget_history()
        sick.fall_ill(HalfOpen(), when=is_list, how=Drop.CLOSE)
        async with people(sick, 5, every=0.5) as crowd:
            await asyncio.sleep(2 * MINUTE)
        assert all(each.said == [] for each in crowd)
        assert max(took for each in crowd for took in each.took) < 2.5

    _play(tmp_path, scenario)


def test_a_slow_cluster_is_not_broken_and_everybody_gets_an_answer(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        sick.fall_ill(FAULTS["slow"], how=None)
        async with people(sick, 3) as crowd:
            await asyncio.sleep(MINUTE)
        assert all(each.said == [] for each in crowd)
        assert told(sick, "cluster_broken") == 0

    _play(tmp_path, scenario)


def test_a_crowd_is_told_at_once_what_is_wrong_instead_of_forming_a_queue(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        sick.fall_ill(FAULTS["503"])
        await asyncio.sleep(5)
        began = passed()
        async with people(sick, 100, every=100) as crowd:
            await until(lambda: all(each.said for each in crowd), 10)
        assert sick.busiest(began, passed()) <= BROKEN
        refused = [each for each in crowd if "only 2 requests a second" in each.said[0]]
        assert len(refused) > 80
        assert max(each.took[0] for each in refused) < AT_ONCE

    _play(tmp_path, scenario)


def test_a_cluster_in_which_nothing_happens_is_not_broken_although_its_watches_fall_silent(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        await asyncio.sleep(60 * MINUTE)
        assert told(sick, "cluster_broken") == 0
        assert sick.cluster.trouble() == ()
        async with people(sick, 10, every=0.1) as crowd:
            await asyncio.sleep(5)
        assert all(each.said == [] and max(each.took) < AT_ONCE for each in crowd)

    _play(tmp_path, scenario)


def test_one_kind_that_may_not_be_read_slows_nothing_down_and_is_no_outage(tmp_path: Path) -> None:
    async def scenario(pair: Pair) -> None:
        sick = pair.sick
        sick.fall_ill(FAULTS["403"], when=lambda request: request.path.endswith("/buckets"), how=None)
        sick.server.drop_watches(Drop.CLOSE, "Bucket")
        async with people(sick, 3, every=0.1) as crowd:
            await asyncio.sleep(2 * MINUTE)
        assert all(each.said == [] and max(each.took) < AT_ONCE for each in crowd)
        assert told(sick, "cluster_broken") == 0
        assert len(sick.cluster.trouble()) == 1

    _play(tmp_path, scenario)


def _play(folder: Path, scenario: Callable[[Pair], object], at_birth: Fault | None = None) -> None:
    async def main() -> None:
        async with paired(folder, at_birth) as pair:
            await scenario(pair)  # type: ignore[misc]

    virtually(main())
