"""What the store keeps as JSON: all of it comes back, and nothing else is stored."""

from __future__ import annotations

import random
import re
import timeit
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any, Final, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.audit import Entry
from bot.core.errors import StoreError
from bot.core.notices import NothingToCancel, Notice
from bot.core.offers import Offer
from bot.core.proof import GENESIS, hashed
from bot.core.requests import Ask, Caller, Options, Request
from bot.core.verdicts import Failed, Stalled
from bot.store.codec import Shown, dump, load
from bot.store.codec_forms import form_of
from tests.fakes.objects import kustomization
from tests.store.codec_shapes import HOLDS, LOADS, cases, everything, examples, values
from tests.store.stories import a_request, an_ask

CASES: Final = [pytest.param(name, kind, id=f"{name}-{called}") for name in HOLDS for called, kind in cases(name)]
WHISPERED: Final = {
    "Ambiguous",
    "Apology",
    "Cancelling",
    "ClusterAsked",
    "ClusterUnknown",
    "ForceAsked",
    "Helped",
    "Joined",
    "Unrecorded",
    "NoneSelected",
    "NotUnderstood",
    "NothingToCancel",
    "Refused",
    "WatchedAlready",
    "WatchesFull",
}
HARMLESS: Final = {
    ("Ask", "token"),  # of the request, as its annotation will show it to everybody
    ("Snapshot", "secret"),  # a Secret's name
    ("Snapshot", "triggers"),  # the objects that a Receiver asks for
}
SECRET_WORDS: Final = re.compile("reply|response|trigger|secret|token|password|credential|webhook", re.IGNORECASE)


def any_of(name: str, kind: Any) -> st.SearchStrategy[Any]:
    """Values of one class that a document of this name may hold."""
    if name != "offer":
        return values(kind)
    return st.builds(example_with, values(kind).filter(unforced))


def unforced(does: Any) -> bool:
    """No button carries force or reset on; but the yes to being asked may."""
    options = getattr(does, "options", Options())
    return not (options.force or options.reset)


def example_with(does: Any) -> Offer:
    offer: Offer = examples(Offer)[0]
    return replace(offer, does=does)


# --- Everything comes back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_whatever_is_stored_comes_back_as_it_was(name: str, kind: Any) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_of(name, kind))
    def comes_back(value: Any) -> None:
        assert LOADS[name](dump(value)) == value

    comes_back()


@pytest.mark.parametrize("name", HOLDS)
def test_every_class_member_and_field_that_a_document_may_hold_comes_back(name: str) -> None:
    for value in examples(HOLDS[name]):
        assert LOADS[name](dump(value)) == value


def test_half_of_a_surrogate_pair_and_a_null_in_a_name_come_back() -> None:
    odd = replace(a_request("r1"), caller=Caller("U0ADA", "Ada\ud83d\0 \\ud83d", "T0HOME"))
    text = dump(odd)
    assert load(text, Request) == odd
    assert text.isascii(), "no database could keep it otherwise"


def test_an_entry_has_the_same_hash_when_it_comes_back() -> None:
    odd = replace(examples(Entry)[0], object="what was typed \ud83d", seconds=61)
    for entry in (*examples(Entry), odd):
        assert hashed(load(dump(entry), Entry), GENESIS) == hashed(entry, GENESIS)


def test_equal_values_give_equal_text() -> None:
    groups = [f"S{number}" for number in range(20)]
    texts = set()
    for seed in range(5):
        random.Random(seed).shuffle(groups)
        texts.add(dump(replace(a_request("r1"), caller=Caller("U0ADA", "Ada", "T0HOME", frozenset(groups)))))
    assert len(texts) == 1


def test_an_ask_keeps_the_inventories_of_both_its_snapshots() -> None:
    before = kustomization(inventory=("shop_web_apps_Deployment",))
    ask = replace(an_ask(), before=before, baseline=kustomization(inventory=()))
    back = load(dump(ask), Ask)
    assert back.before is not None
    assert back.before.details is not None
    assert back.before.details.inventory == ("shop_web_apps_Deployment",)
    assert back.changed_from == ask.baseline


@pytest.mark.parametrize("hint", [bytes, int | str, dict[str, int], complex | None])
def test_a_type_that_nobody_thought_of_has_no_form(hint: object) -> None:
    with pytest.raises(TypeError, match="the store"):
        form_of(hint)


def test_a_class_that_is_none_of_the_choice_is_not_written() -> None:
    with pytest.raises(TypeError, match="NothingToCancel is none of Failed, Stalled"):
        form_of(Failed | Stalled).write(NothingToCancel())


def test_a_time_without_a_zone_is_no_moment() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        dump(replace(a_request("r1"), asked_at=datetime(2026, 8, 20)))  # noqa: DTZ001 - that is the point


# --- What is never stored -----------------------------------------------------------------------------------------


def test_every_notice_is_either_shown_in_a_slot_or_whispered() -> None:
    """A new notice belongs to `Shown` if some flow shows it in a slot, and else to WHISPERED."""
    shown = {kind.__name__ for kind in get_args(Shown)}
    assert not shown & WHISPERED
    assert shown | WHISPERED == {kind.__name__ for kind in get_args(Notice)}


def test_a_whisper_is_not_stored() -> None:
    with pytest.raises(StoreError, match="NothingToCancel is whispered to one person"):
        dump(NothingToCancel())


def test_no_type_that_is_stored_has_a_field_for_a_secret() -> None:
    named = {(kind.__name__, each.name) for kind in everything() if is_dataclass(kind) for each in fields(kind)}
    assert {field for field in named if SECRET_WORDS.search(field[1])} == HARMLESS
    assert "Whisper" not in {kind.__name__ for kind in everything()}


# --- Speed --------------------------------------------------------------------------------------------------------


def test_a_request_and_an_ask_cost_little() -> None:
    """Expected are 50 µs for a request and 500 µs for a snapshot with forty rows; the bounds leave ten times that."""
    rows = tuple(f"shop_web-{number}_apps_Deployment" for number in range(40))
    ask = replace(an_ask(), before=kustomization(inventory=rows))
    request = a_request("r1")
    assert slower_of("request", request) < 500
    assert slower_of("ask", ask) < 5_000


def slower_of(name: str, value: Any) -> float:
    """Microseconds of a call, the best of some rounds."""
    text = dump(value)
    write, read = (
        min(timeit.repeat(call, number=100, repeat=5)) * 1e4
        for call in (lambda: dump(value), lambda: LOADS[name](text))
    )
    print(f"{name}: {len(text)} bytes, written in {write:.0f} µs, read in {read:.0f} µs")
    return max(write, read)
