"""What every implementation of the port Trail promises."""

from __future__ import annotations

from dataclasses import replace

from bot.core.audit import Result
from tests.store.conftest import Store
from tests.store.stories import an_entry


async def test_entries_are_numbered_from_one_in_their_order(store: Store) -> None:
    outcomes = (Result.FAILED, Result.CHANGED, Result.REFUSED)
    entries = tuple(an_entry(outcome=each) for each in outcomes)
    assert await store.trail.append(entries) == tuple(
        replace(entry, number=number) for number, entry in enumerate(entries, start=1)
    )


async def test_numbers_go_on_over_calls(store: Store) -> None:
    numbers = [entry.number for _ in range(3) for entry in await store.trail.append((an_entry(), an_entry()))]
    assert numbers == [1, 2, 3, 4, 5, 6]


async def test_nothing_appended_takes_no_number(store: Store) -> None:
    assert await store.trail.append(()) == ()
    assert [entry.number for entry in await store.trail.append((an_entry(),))] == [1]
