"""What every implementation of the port Requests promises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.audit import Result
from bot.core.errors import StoreError
from bot.core.requests import Options, Request
from bot.core.verdicts import Unchanged
from bot.ports import Duplicate, Joining, New, Spent
from bot.store.memory import MemoryRequests, MemoryTrail
from tests.fakes.clock import MORNING, FakeClock
from tests.store.conftest import Store
from tests.store.stories import API, BEN, SHOP, WEB, a_request, an_ask, an_entry, an_offer


async def test_a_request_is_new(store: Store) -> None:
    assert await store.requests.accept(a_request("r1")) == New()


async def test_the_same_delivery_again_is_a_duplicate_even_minutes_later(store: Store, clock: FakeClock) -> None:
    await store.requests.accept(a_request("r1", delivery="d1"))
    await clock.advance(20 * 60)
    again = a_request("r2", delivery="d1", at=clock.now(), caller=BEN)
    assert await store.requests.accept(again) == Duplicate()


async def test_a_delivery_that_was_only_seen_never_becomes_a_request(store: Store) -> None:
    assert [await store.requests.seen("d1"), await store.requests.seen("d1")] == [False, True]
    assert await store.requests.accept(a_request("r1", delivery="d1")) == Duplicate()


async def test_the_delivery_of_a_request_was_seen(store: Store) -> None:
    await store.requests.accept(a_request("r1", delivery="d1"))
    assert await store.requests.seen("d1") is True


async def test_what_has_no_delivery_is_never_a_duplicate(store: Store) -> None:
    assert [await store.requests.seen(""), await store.requests.seen("")] == [False, False]


async def test_the_same_question_within_five_seconds_joins(store: Store) -> None:
    await store.requests.accept(a_request("r1", targets=(WEB, API)))
    twin = a_request("r2", targets=(API, WEB), at=MORNING + timedelta(seconds=5))
    assert await store.requests.accept(twin) == Joining("r1")


async def test_a_joined_delivery_is_answered_once(store: Store) -> None:
    await store.requests.accept(a_request("r1"))
    await store.requests.accept(a_request("r2", delivery="d2"))
    assert await store.requests.accept(a_request("r3", delivery="d2")) == Duplicate()


@pytest.mark.parametrize(
    "other",
    [
        a_request("r2", at=MORNING + timedelta(seconds=5.1)),
        a_request("r2", caller=BEN),
        a_request("r2", targets=(WEB, API)),
        a_request("r2", targets=(API,)),
        a_request("r2", options=Options(with_source=True)),
        a_request("r2", place=SHOP),
    ],
    ids=["later", "another person", "more objects", "another object", "other options", "another channel"],
)
async def test_a_different_question_is_new(store: Store, other: Request) -> None:
    await store.requests.accept(a_request("r1"))
    assert await store.requests.accept(other) == New()


async def test_a_button_works_once_and_tells_who_pressed_it(store: Store, clock: FakeClock) -> None:
    await store.requests.offer((an_offer("key"),))
    assert await store.requests.accept(a_request("r1"), offer="key") == New()
    await clock.advance(60)
    late = a_request("r2", caller=BEN, at=clock.now())
    assert await store.requests.accept(late, offer="key") == Spent("U0ADA")


async def test_a_double_press_spends_one_button_once(store: Store) -> None:
    await store.requests.offer((an_offer("key"),))
    answers = [await store.requests.accept(a_request(id_), offer="key") for id_ in ("r1", "r2", "r3")]
    assert answers == [New(), Spent("U0ADA"), Spent("U0ADA")]


async def test_what_has_ended_answers_nobody_else(store: Store) -> None:
    await store.requests.accept(a_request("r1"))
    await store.requests.end("r1", (), ())
    assert await store.requests.accept(a_request("r2")) == New()


async def test_a_press_never_joins_since_its_request_may_have_ended(store: Store) -> None:
    await store.requests.offer((an_offer("key"),))
    await store.requests.accept(a_request("r1"))
    assert await store.requests.accept(a_request("r2"), offer="key") == New()


async def test_a_press_that_comes_twice_by_one_delivery_leaves_the_button(store: Store) -> None:
    await store.requests.offer((an_offer("key"),))
    await store.requests.seen("d1")
    assert await store.requests.accept(a_request("r1", delivery="d1"), offer="key") == Duplicate()
    assert await store.requests.accept(a_request("r2"), offer="key") == New()


async def test_a_made_up_button_does_nothing(store: Store) -> None:
    assert await store.requests.offered("key") is None
    assert await store.requests.accept(a_request("r1"), offer="key") == Spent("")
    assert await store.requests.accept(a_request("r2")) == New()


async def test_an_offer_stands_until_its_end(store: Store, clock: FakeClock) -> None:
    await store.requests.offer((an_offer("key", minutes=1),))
    await clock.advance(59)
    assert await store.requests.offered("key") == an_offer("key", minutes=1)
    await clock.advance(1)
    assert await store.requests.offered("key") is None
    assert await store.requests.accept(a_request("r1", at=clock.now()), offer="key") == Spent("")


async def test_looking_at_an_offer_spends_nothing(store: Store) -> None:
    await store.requests.offer((an_offer("key"),))
    await store.requests.offered("key")
    assert await store.requests.accept(a_request("r1"), offer="key") == New()


async def test_a_spent_offer_can_still_be_looked_at(store: Store) -> None:
    await store.requests.offer((an_offer("key"),))
    await store.requests.accept(a_request("r1"), offer="key")
    assert await store.requests.offered("key") == an_offer("key")


async def test_entries_are_numbered_on_from_those_of_others(store: Store) -> None:
    await store.trail.append((an_entry(),))
    await store.requests.accept(a_request("r1", targets=(WEB, API)))
    await store.requests.begin("r1", an_ask())
    ends = ((WEB, Unchanged("main@sha1:aa")), (API, None))
    entries = await store.requests.end("r1", ends, (an_entry("r1"), an_entry("r1", Result.BLOCKED)))
    assert [(entry.number, entry.outcome) for entry in entries] == [(2, Result.CHANGED), (3, Result.BLOCKED)]


async def test_a_request_ends_once(store: Store) -> None:
    await store.requests.accept(a_request("r1"))
    await store.requests.end("r1", (), (an_entry("r1"),))
    with pytest.raises(StoreError):
        await store.requests.end("r1", (), (an_entry("r1"),))
    assert [entry.number for entry in await store.trail.append((an_entry(),))] == [2]


async def test_nothing_begins_after_the_end(store: Store) -> None:
    await store.requests.accept(a_request("r1"))
    await store.requests.end("r1", (), ())
    with pytest.raises(StoreError):
        await store.requests.begin("r1", an_ask())


async def test_what_was_never_accepted_neither_begins_nor_ends(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.requests.begin("r1", an_ask())
    with pytest.raises(StoreError):
        await store.requests.end("r1", (), (an_entry("r1"),))


async def test_an_id_is_given_once(store: Store, clock: FakeClock) -> None:
    await store.requests.accept(a_request("r1"))
    with pytest.raises(StoreError):
        await store.requests.accept(a_request("r1", caller=BEN, delivery="d2"))


@given(presses=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 9)), max_size=30))
async def test_whatever_is_pressed_each_button_starts_one_request_at_most(
    presses: list[tuple[str, str, int]],
) -> None:
    clock = FakeClock()
    requests = MemoryRequests(clock, MemoryTrail())
    await requests.offer((an_offer("a"), an_offer("b")))
    started = []
    for number, (key, delivery, wait) in enumerate(presses):
        await clock.advance(wait)
        answer = await requests.accept(a_request(f"r{number}", at=clock.now(), delivery=delivery), offer=key)
        if answer == New():
            started.append((key, delivery))
    assert len({key for key, _ in started}) == len(started)
    assert len({delivery for _, delivery in started}) == len(started)
