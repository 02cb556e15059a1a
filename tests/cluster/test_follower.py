"""What one follower reads: everything, in order, or a gap."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.cluster.follower import Follower
from bot.core.kinds import BUCKET
from bot.core.resources import Absent, Ref, Snapshot
from bot.ports import Blind, Quiet, Sighting
from tests.fakes.clock import MORNING, FakeClock

WEB = Ref("prod", BUCKET, "shop", "web")


class Nowhere:
    """Shows nobody anything."""

    def join(self, ref: Ref, follower: Follower) -> None: ...

    def leave(self, ref: Ref, follower: Follower) -> None: ...


def following(clock: FakeClock, limit: int = 10_000) -> Follower:
    return Follower(clock, Nowhere(), WEB, limit)


def at(version: int) -> Snapshot:
    return Snapshot(WEB, uid="u", version=str(version))


async def read_all(follower: Follower, clock: FakeClock) -> list[Sighting | Blind | Quiet]:
    found: list[Sighting | Blind | Quiet] = []
    while not isinstance(thing := await follower.next(clock.now()), Quiet):
        found.append(thing)
    return found


async def test_waiting_ends_at_the_moment_asked_for() -> None:
    clock = FakeClock()
    assert await clock.through(following(clock).next(MORNING + timedelta(seconds=30))) == Quiet()
    assert clock.now() == MORNING + timedelta(seconds=30)


async def test_what_arrives_while_waiting_ends_the_wait() -> None:
    clock = FakeClock()
    follower = following(clock)
    clock.call_in(10, lambda: follower.see(at(7)))
    assert await clock.through(follower.next(MORNING + timedelta(seconds=30))) == Sighting(
        at(7), MORNING + timedelta(seconds=10)
    )


async def test_what_arrived_is_read_even_when_the_moment_has_passed() -> None:
    clock = FakeClock()
    follower = following(clock)
    follower.see(at(7))
    assert await follower.next(MORNING - timedelta(seconds=1)) == Sighting(at(7), MORNING)


async def test_beyond_its_limit_old_sightings_are_dropped_and_the_gap_is_told() -> None:
    clock = FakeClock()
    follower = following(clock, limit=3)
    for version in range(1, 6):
        follower.see(at(version))
    assert await read_all(follower, clock) == [
        Sighting(at(4), MORNING, gap=True),
        Sighting(at(5), MORNING),
    ]


async def test_a_list_that_holds_the_same_says_nothing() -> None:
    clock = FakeClock()
    follower = following(clock)
    follower.see(at(1))
    follower.find(at(1))
    follower.find(Absent(WEB))
    follower.find(Absent(WEB))
    follower.find(at(2))
    assert await read_all(follower, clock) == [
        Sighting(at(1), MORNING),
        Sighting(Absent(WEB), MORNING, gap=True),
        Sighting(at(2), MORNING, gap=True),
    ]


async def test_the_first_thing_found_is_no_gap() -> None:
    clock = FakeClock()
    follower = following(clock)
    follower.find(at(1))
    assert await read_all(follower, clock) == [Sighting(at(1), MORNING)]


async def test_blindness_is_told_once_until_sight_is_back() -> None:
    clock = FakeClock()
    follower = following(clock)
    dead = Blind(MORNING, "no")
    follower.regain_sight()
    follower.see(at(1))
    follower.lose_sight(dead)
    follower.lose_sight(dead)
    follower.regain_sight()
    follower.regain_sight()
    follower.lose_sight(dead)
    assert await read_all(follower, clock) == [Sighting(at(1), MORNING), dead, Sighting(at(1), MORNING), dead]


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 8))
async def test_whatever_is_lost_is_followed_by_a_gap(versions: list[int], limit: int) -> None:
    clock = FakeClock()
    follower = following(clock, limit)
    for version in versions:
        follower.see(at(version))
    seen = [each for each in await read_all(follower, clock) if isinstance(each, Sighting)]
    kept = [int(each.now.version) for each in seen if isinstance(each.now, Snapshot)]
    assert kept == versions[len(versions) - len(kept) :]
    assert [each.gap for each in seen] == [index == 0 and len(kept) < len(versions) for index in range(len(kept))]
