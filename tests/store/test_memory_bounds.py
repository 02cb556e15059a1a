"""A process that runs for weeks remembers a day."""

from __future__ import annotations

from dataclasses import replace

from bot.core.notices import Apology, Part, Slot
from bot.ports import New
from bot.store.memory import MemoryMessages, MemoryRequests, MemoryTrail
from tests.fakes.clock import FakeClock
from tests.store.stories import PLATFORM, a_request, an_ask, an_entry, an_offer

HOUR = 3600
DAY = 24 * HOUR


async def test_ended_requests_are_forgotten_after_a_day_and_open_ones_never() -> None:
    clock = FakeClock()
    requests = MemoryRequests(clock, MemoryTrail())
    await requests.accept(a_request("open"))
    await requests.begin("open", an_ask())
    await clock.advance(60)
    await requests.accept(a_request("ended", at=clock.now()))
    await requests.begin("ended", an_ask())
    await requests.end("ended", (), ())
    await clock.advance(DAY)
    await requests.seen("d1")
    assert (requests.asks("open"), requests.asks("ended")) == ((an_ask(),), (an_ask(),))
    await clock.advance(1)
    await requests.seen("d2")
    assert (requests.asks("open"), requests.asks("ended")) == ((an_ask(),), ())
    assert requests.open_requests() == ("open",)


async def test_a_delivery_is_forgotten_after_half_an_hour() -> None:
    clock = FakeClock()
    requests = MemoryRequests(clock, MemoryTrail())
    await requests.seen("d1")
    await clock.advance(HOUR / 2)
    assert await requests.seen("d1") is True
    await clock.advance(1)
    assert await requests.seen("d1") is False


async def test_a_day_of_traffic_leaves_nothing_behind() -> None:
    clock = FakeClock()
    requests = MemoryRequests(clock, MemoryTrail())
    for number in range(200):
        await requests.offer((an_offer(f"k{number}", minutes=number + 1),))
        assert await requests.accept(a_request(f"r{number}", at=clock.now()), offer=f"k{number}") == New()
        await requests.end(f"r{number}", (), (an_entry(f"r{number}"),))
        await clock.advance(10)
    await clock.advance(DAY + 1)
    await requests.seen("")
    assert len(requests) == 0


async def test_the_trail_keeps_the_newest_and_counts_on() -> None:
    trail = MemoryTrail(keep=3)
    for _ in range(5):
        await trail.append((an_entry(),))
    assert [entry.number for entry in trail.newest()] == [3, 4, 5]
    assert [entry.number for entry in trail.newest(1)] == [5]
    assert trail.newest(0) == ()


async def test_messages_are_forgotten_after_a_day_told_or_not_and_never_before() -> None:
    clock = FakeClock()
    messages = MemoryMessages(clock)
    said, unsaid, later = Slot("r1", Part.ROOT), Slot("r2", Part.ROOT), Slot("r3", Part.ROOT)
    wanted = messages.want(said, PLATFORM, Apology("one"))
    messages.keep(replace(wanted, shown=wanted.version, ts="1.1"))
    messages.want(unsaid, PLATFORM, Apology("two"))
    await clock.advance(DAY)
    messages.want(later, PLATFORM, Apology("three"))
    assert [messages.get(slot) is not None for slot in (said, unsaid)] == [True, True]
    await clock.advance(1)
    messages.want(later, PLATFORM, Apology("four"))
    assert [messages.get(slot) for slot in (said, unsaid)] == [None, None]
    assert [message.slot for message in messages.unsaid()] == [later]
