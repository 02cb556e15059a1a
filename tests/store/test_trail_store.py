"""What every implementation of the port Trail promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Entry, Result, Sought
from bot.core.kinds import HELM_RELEASE, KUSTOMIZATION
from bot.core.proof import GENESIS, Anchor, Proven, sealed, verify
from bot.core.resources import Ref
from tests.fakes.clock import MORNING
from tests.store.conftest import Store
from tests.store.stories import ADA, API, BEN, PLATFORM, SHOP, WEB, an_entry

REDIS = Ref("edge", HELM_RELEASE, "shop", "web")
TOLD: Sequence[Entry] = (
    replace(an_entry("r1"), ref=WEB),
    replace(an_entry("r1", Result.FAILED), ref=API, at=MORNING + timedelta(hours=1)),
    replace(an_entry("r2"), ref=REDIS, caller=BEN, at=MORNING + timedelta(hours=2)),
    replace(an_entry(outcome=Result.REFUSED), object="ks everything", place=SHOP, at=MORNING + timedelta(hours=2)),
    replace(an_entry("r3"), ref=WEB, place=SHOP, caller=BEN, at=MORNING + timedelta(days=3)),
)


async def test_entries_are_numbered_from_one_and_sealed_in_their_order(store: Store) -> None:
    first, second = an_entry(outcome=Result.FAILED), an_entry(outcome=Result.REFUSED)
    one = sealed(first, 1, GENESIS)
    assert await store.trail.append((first, second)) == (one, sealed(second, 2, one.hash))


async def test_numbers_go_on_over_calls(store: Store) -> None:
    numbers = [entry.number for _ in range(3) for entry in await store.trail.append((an_entry(), an_entry()))]
    assert numbers == [1, 2, 3, 4, 5, 6]


async def test_nothing_appended_takes_no_number(store: Store) -> None:
    assert await store.trail.append(()) == ()
    assert [entry.number for entry in await store.trail.append((an_entry(),))] == [1]


async def test_what_was_appended_is_read_in_pages_as_it_was_written(store: Store) -> None:
    written = [entry for each in TOLD for entry in await store.trail.append((each,))]
    assert [*await store.trail.after(0, 2), *await store.trail.after(2, 100)] == written
    assert await store.trail.after(5, 100) == ()


async def test_entries_of_requests_and_refusals_are_one_chain(store: Store) -> None:
    for each in TOLD:
        await store.trail.append((each,))
    found = await store.trail.after(0, 100)
    assert verify(found, None, [Anchor(2, found[1].hash)]) == Proven(5, found[4].hash)


@pytest.mark.parametrize(
    "sought",
    [
        Sought(),
        Sought(cluster="prod"),
        Sought(kind=KUSTOMIZATION),
        Sought(namespace="shop"),
        Sought(name="web"),
        Sought(cluster="prod", kind=KUSTOMIZATION, namespace="shop", name="web"),
        Sought(user=BEN.user),
        Sought(channel=SHOP.channel),
        Sought(channel=PLATFORM.channel, user=ADA.user),
        Sought(results=frozenset({Result.REFUSED, Result.FAILED})),
        Sought(since=MORNING + timedelta(hours=1)),
        Sought(until=MORNING + timedelta(hours=2)),
        Sought(since=MORNING + timedelta(hours=1), until=MORNING + timedelta(hours=2)),
        Sought(name="nobody"),
    ],
    ids=str,
)
async def test_what_is_sought_is_found_newest_first(store: Store, sought: Sought) -> None:
    written = [entry for each in TOLD for entry in await store.trail.append((each,))]
    fitting = [entry for entry in reversed(written) if sought.fits(entry)]
    assert await store.trail.found(sought, 100) == tuple(fitting)
    assert await store.trail.found(sought, 1) == tuple(fitting[:1])
