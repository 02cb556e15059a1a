"""A store that does not answer: no action without an entry, nothing final before it is stored, and reads go on."""

from __future__ import annotations

import pytest

from bot.core.audit import Entry
from bot.core.errors import Settled, StoreError
from bot.core.notices import Finished, Stop, Stopped
from bot.core.requests import Ask, Request
from bot.core.standing import Surveyed
from bot.ports import Accepted, Ends
from bot.store.memory import MemoryRequests, MemoryTrail
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, kustomization
from tests.fakes.runs import done
from tests.fakes.status import B
from tests.flows.house import House, house_with

APPS, GIT = kustomization(), git_repository()


class Shaky(MemoryRequests):
    """Fails the next calls of each kind, as often as it is told to."""

    def __init__(self, clock: FakeClock, trail: MemoryTrail) -> None:
        super().__init__(clock, trail)
        self.failing: dict[str, int] = {}
        self.deaf = False
        """What it is told to end is stored, and the answer lost."""

    async def accept(self, request: Request, offer: str | None = None) -> Accepted:
        self._shake("accept")
        return await super().accept(request, offer)

    async def begin(self, request: str, ask: Ask) -> None:
        self._shake("begin")
        await super().begin(request, ask)

    async def end(self, request: str, ends: Ends, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        if self.deaf and self.failing.get("end"):
            await super().end(request, ends, entries)
        self._shake("end")
        return await super().end(request, ends, entries)

    async def seen(self, delivery: str) -> bool:
        self._shake("seen")
        return await super().seen(delivery)

    def _shake(self, call: str) -> None:
        if self.failing.get(call, 0) > 0:
            self.failing[call] -= 1
            raise StoreError("the database does not answer")


def shaky(**failing: int) -> tuple[House, Shaky, FakeCluster]:
    house, cluster = house_with(APPS, GIT)
    requests = Shaky(house.clock, house.trail)
    requests.failing = failing
    house.use(requests)
    cluster.script(APPS.ref, (2, lambda ask, now: done(now, ask.token, B)))
    return house, requests, cluster


async def test_what_cannot_be_recorded_is_not_begun() -> None:
    house, _, cluster = shaky(accept=1)
    with pytest.raises(StoreError):
        await house.say("ks apps")
    assert (cluster.asks, house.chat.shown, house.trail.newest()) == ([], [], ())


async def test_no_patch_goes_out_of_which_no_ask_is_stored() -> None:
    house, _, cluster = shaky(begin=1)
    await house.say("ks apps")
    assert cluster.asks == []
    assert house.ends() == [Stopped(Stop.NOT_RECORDED, "the database does not answer")]


async def test_an_end_is_shown_once_it_is_stored_and_not_before() -> None:
    house, _, _ = shaky(end=3)
    began = house.clock.now()
    await house.say("ks apps")
    (end,) = [notice for notice in house.chat.notices() if isinstance(notice, Finished)]
    # Tried at once, after 1, 2 and 4 s.
    assert (end.took.total_seconds(), (house.clock.now() - began).total_seconds() >= 9) == (2, True)
    assert [entry.number for entry in house.trail.newest()] == [1]


async def test_an_end_that_was_stored_without_an_answer_is_stored_once() -> None:
    house, requests, _ = shaky(end=1)
    requests.deaf = True
    await house.say("ks apps")
    assert isinstance(house.root(), Finished)
    assert [entry.number for entry in house.trail.newest()] == [1]


async def test_a_request_that_ended_already_is_a_bug_and_no_trouble() -> None:
    house, requests, _ = shaky()
    await house.say("ks apps")
    with pytest.raises(Settled):
        await requests.end("req00001", (), ())


async def test_who_only_looks_is_answered_all_the_same() -> None:
    house, _, _ = shaky(seen=1)
    await house.say("status")
    assert [type(notice) for notice in house.whispers()] == [Surveyed]
