"""Whose turn it is, and what counts as a failure and as a recovery."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.cluster.budget import Budget, Course
from bot.cluster.calls import WRITE_SECONDS, Call, Lane
from bot.cluster.client import Api
from bot.cluster.credentials import ClusterSpec
from bot.cluster.errors import Missing, Unsent
from bot.core.errors import Forbidden, Overloaded, Rejected, Unauthorized, Unreachable
from tests.cluster.conftest import middle
from tests.cluster.shapes import eventually, through
from tests.fakes.api_server import KS, Answer, ApiServer, Fault, Held, status
from tests.fakes.clock import FakeClock
from tests.fakes.telemetry import FakeTelemetry

GET = Call("GET", KS, "list kustomizations")
PATCH = Call("PATCH", f"{KS}/apps", "patch kustomizations", body={}, seconds=WRITE_SECONDS)
BROKE = Unreachable("prod", "prod: no connection to the API server")


@pytest.fixture
def budget(clock: FakeClock, telemetry: FakeTelemetry) -> Budget:
    return Budget("prod", clock, telemetry, middle)


async def fails(
    budget: Budget, error: Exception = BROKE, call: Call = GET, meanwhile: Callable[[], None] = lambda: None
) -> None:
    async def ask() -> None:
        async with budget.asking(call, Course()):
            meanwhile()
            raise error

    with pytest.raises(type(error)):
        await ask()


async def works(budget: Budget, call: Call = GET) -> None:
    async with budget.asking(call, Course()):
        pass


async def breaks(budget: Budget, clock: FakeClock) -> None:
    for doing in ("list a", "list b", "list c", "get d", "get e"):
        await clock.through(fails(budget, call=Call("GET", KS, doing)))


async def test_nothing_is_held_back_while_all_is_well(budget: Budget) -> None:
    await asyncio.gather(*(works(budget) for _ in range(500)))
    assert budget.free


async def test_each_success_doubles_what_may_be_sent_and_a_failure_ends_that(
    budget: Budget, clock: FakeClock
) -> None:
    await breaks(budget, clock)
    for _ in range(4):
        await clock.through(works(budget))
    assert not budget.free
    await clock.through(fails(budget))
    for number in range(5):
        assert not budget.free, number
        await clock.through(works(budget))
    assert budget.free


async def test_lanes_share_what_a_broken_cluster_is_sent_and_none_of_them_starves(
    budget: Budget, clock: FakeClock
) -> None:
    await breaks(budget, clock)
    turns: list[Lane] = []

    async def ask(lane: Lane) -> None:
        call = Call("GET", KS, "get x", seconds=1e6, lane=lane)
        while True:
            await fails(budget, call=call, meanwhile=lambda: turns.append(lane))

    tasks = [asyncio.create_task(ask(lane)) for lane in Lane for _ in range(9)]
    await clock.advance(100)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    shares = {lane: turns.count(lane) / len(turns) for lane in Lane}
    assert 150 <= len(turns) <= 200
    assert shares == pytest.approx({Lane.PEOPLE: 4 / 7, Lane.FOLLOWED: 2 / 7, Lane.BACKGROUND: 1 / 7}, abs=0.03)


async def test_a_person_who_comes_while_watches_queue_is_next(budget: Budget, clock: FakeClock) -> None:
    await breaks(budget, clock)
    order: list[str] = []

    async def ask(who: str, lane: Lane) -> None:
        await fails(budget, call=Call("GET", KS, "get x", lane=lane), meanwhile=lambda: order.append(who))

    others = [asyncio.create_task(ask("watch", Lane.BACKGROUND)) for _ in range(20)]
    await clock.advance(6)
    before = len(order)
    person = asyncio.create_task(ask("person", Lane.PEOPLE))
    await clock.advance(5)
    assert "person" in order[before : before + 2]
    await clock.through(asyncio.gather(person, *others))


async def test_who_gives_up_waiting_leaves_the_turn_to_the_next(budget: Budget, clock: FakeClock) -> None:
    await breaks(budget, clock)
    impatient = asyncio.create_task(works(budget))
    patient = asyncio.create_task(works(budget))
    await clock.settle()
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    await clock.advance(3)
    assert patient.done()


async def test_a_clock_that_is_set_back_stops_nothing(telemetry: FakeTelemetry) -> None:
    class Moved(FakeClock):
        back = timedelta(0)

        def now(self) -> datetime:
            return super().now() - self.back

    clock = Moved()
    budget = Budget("prod", clock, telemetry, middle)
    await breaks(budget, clock)
    clock.back = timedelta(hours=1)
    asked = asyncio.create_task(works(budget))
    await clock.advance(5)
    assert asked.done()


@pytest.mark.parametrize(
    ("error", "call", "counts"),
    [
        (BROKE, GET, True),
        (Overloaded("prod", "busy"), GET, True),
        (Overloaded("prod", "busy"), PATCH, True),
        (Forbidden("prod", "no"), GET, True),
        (Rejected("prod", "conflict"), GET, True),
        (Forbidden("prod", "no"), PATCH, False),
        (Rejected("prod", "conflict"), PATCH, False),
        (Missing("prod", "no such object"), GET, False),
        (Unauthorized("prod", "other credentials may do"), GET, False),
    ],
)
async def test_what_counts_as_a_failure(budget: Budget, error: Exception, call: Call, counts: bool) -> None:
    await fails(budget, error, call)
    assert budget.free is not counts


async def test_a_refusal_is_none_where_a_watch_works(budget: Budget, clock: FakeClock) -> None:
    async with budget.streaming(GET):
        await clock.advance(6)
        await fails(budget, Forbidden("prod", "no"))
        await fails(budget, Rejected("prod", "conflict"))
        assert budget.free
        await fails(budget, BROKE)
        assert not budget.free


async def test_an_outage_is_told_once_with_its_cause_and_its_length(
    budget: Budget, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    began = clock.now()
    await breaks(budget, clock)
    await clock.through(fails(budget))
    assert telemetry.of("cluster_broken") == [{"cluster": "prod", "why": "prod: no connection to the API server"}]
    await clock.advance(30)
    for _ in range(5):
        await clock.through(works(budget))
    (mended,) = telemetry.of("cluster_mended")
    assert mended == {"cluster": "prod", "seconds": (clock.now() - began).total_seconds()}


async def test_a_watch_that_works_for_a_while_ends_an_outage_that_nobody_asked_in(
    budget: Budget, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    await breaks(budget, clock)
    after = []
    for seconds in (0, 6):
        await clock.advance(seconds)
        budget.stream_works()
        after.append(budget.free)
    assert after == [False, True]
    assert len(telemetry.of("cluster_mended")) == 1


async def test_a_cluster_that_leaves_a_call_unanswered_is_asked_less_until_it_answers(
    budget: Budget, clock: FakeClock
) -> None:
    answered = asyncio.Event()

    async def hangs() -> None:
        async with budget.asking(GET, Course()):
            await answered.wait()

    hanging = asyncio.create_task(hangs())
    after = []
    for seconds in (0.9, 0.2):
        await clock.advance(seconds)
        after.append(budget.free)
    answered.set()
    await hanging
    assert [*after, budget.free] == [True, False, True]


async def test_a_call_that_was_cut_short_after_a_second_counts_as_unanswered(
    budget: Budget, clock: FakeClock
) -> None:
    for seconds, free in ((0.5, True), (1.5, False)):
        task = asyncio.create_task(_hang(budget))
        await clock.advance(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert budget.free is free


async def _hang(budget: Budget) -> None:
    async with budget.asking(GET, Course()):
        await asyncio.Event().wait()


# The client with it


@pytest.fixture
async def one(api: Api, server: ApiServer) -> Api:
    server.on(KS, Answer(200, {}))
    await api.get(GET)
    server.asked.clear()
    return api


async def test_a_connection_that_was_lost_is_tried_once_more_and_counted(
    one: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(KS, Fault.RESET, Answer(200, {}))
    assert await through(clock, one.get(GET)) == b"{}"
    assert len(server.asked) == 2


async def test_in_a_broken_cluster_one_call_is_one_request(one: Api, server: ApiServer, clock: FakeClock) -> None:
    server.on(KS, Fault.RESET)
    with pytest.raises(Unreachable):
        await through(clock, one.get(GET))
    server.asked.clear()
    with pytest.raises(Unreachable):
        await through(clock, one.get(GET))
    assert len(server.asked) == 1


async def test_nobody_is_followed_elsewhere(one: Api, server: ApiServer, clock: FakeClock) -> None:
    server.on(KS, Answer(302, b"", {"Location": f"{server.url}/login"}))
    with pytest.raises(Unreachable, match=r"^prod: the API server's address points elsewhere$"):
        await one.get(GET)
    assert [each.path for each in server.asked] == [KS]


async def test_a_write_without_a_connection_was_certainly_not_sent(
    spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    gone = ApiServer()
    async with gone.running():
        url = gone.url
    assert spec.kubeconfig is not None
    _point(spec.kubeconfig, url)
    api = Api(spec, clock, telemetry, middle)
    with pytest.raises(Unsent, match=r"^prod: no connection to the API server$"):
        await api.patch(PATCH)
    await api.close()


def _point(kubeconfig: Path, url: str) -> None:
    lines = kubeconfig.read_text().splitlines()
    kubeconfig.write_text("\n".join(line if "server:" not in line else f"    server: {url}" for line in lines))


async def test_a_write_whose_turn_never_came_was_certainly_not_sent(
    one: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(f"{KS}/apps", status(503, "no"), method="PATCH")
    server.on(KS, status(503, "no"))
    for _ in range(3):
        with pytest.raises(Overloaded):
            await through(clock, one.get(GET))
    server.asked.clear()
    crowd = [asyncio.create_task(one.patch(PATCH)) for _ in range(60)]
    await through(clock, asyncio.wait(crowd))
    ends = [task.exception() for task in crowd]
    refused = [each for each in ends if isinstance(each, Unsent)]
    assert len(server.asked) < len(ends) - len(refused) + 5
    assert len(refused) >= 30
    assert all("until it works again only 2 requests a second" in str(each) for each in refused)


async def test_what_hangs_in_the_background_leaves_seats_for_people(
    one: Api, server: ApiServer, clock: FakeClock
) -> None:
    held = Held(Answer(200, {}))
    server.on(KS, held)
    tasks = [
        asyncio.create_task(one.get(Call("GET", KS, "list kustomizations", lane=Lane.BACKGROUND))) for _ in range(20)
    ]
    await eventually(lambda: len(server.asked) == 6)
    server.on(f"{KS}/apps", Answer(200, {}))
    assert await one.get(Call("GET", f"{KS}/apps", "get kustomizations")) == b"{}"
    held.released.set()
    await through(clock, asyncio.gather(*tasks))
