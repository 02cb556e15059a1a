"""The line of the audit channel: one per request, whatever became of how many objects."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.audit import Result
from bot.core.notices import Audited
from bot.slack.views import render
from bot.wording.plain import plain
from bot.wording.sentences import document
from tests.wording.rarer import SOURCE_ENTRY, THREE, entry

OUTCOMES = [each for each in Result if each is not Result.REFUSED]


def line(notice: Audited) -> str:
    told = document(notice)
    assert told.parts == ()
    return plain(told)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((4, 5, 6), "#4–#6"),
        ((6, 4, 5), "#4–#6"),
        ((4, 6), "#4, #6"),
        ((4, 5, 9), "#4–#5, #9"),
        ((1, 3, 5, 7, 9, 11), "#1, #3, #5, #7 … and 2 more"),
    ],
)
def test_numbers_in_a_row_are_told_as_a_range(numbers: tuple[int, ...], told: str) -> None:
    entries = tuple(entry(number, f"prod ks/shop/{number}", Result.UNCHANGED) for number in numbers)
    assert line(Audited(entries)).split(" @dev")[0] == f"🟰 {told}"


def test_entries_that_were_never_numbered_have_no_number() -> None:
    entries = tuple(replace(each, number=0) for each in THREE)
    assert line(Audited(entries)).split(" 3 objects")[0] == "❌ @dev asked to reconcile"


def test_an_object_of_another_cluster_is_named_with_it() -> None:
    entries = (
        entry(1, "prod ks/shop/a", Result.UNCHANGED),
        entry(2, "prod ks/shop/b", Result.UNCHANGED),
        entry(3, "staging ks/shop/a", Result.UNCHANGED),
    )
    named = line(Audited(entries)).split(" · ")[2]
    assert named == "3 unchanged: prod ks/shop/a, ks/shop/b, staging ks/shop/a"


def test_the_longest_of_several_is_the_time_it_took() -> None:
    entries = tuple(replace(each, seconds=seconds) for each, seconds in zip(THREE, (3, None, 41), strict=True))
    assert line(Audited(entries)).split(" · ")[-1].split(" ↗")[0] == "41 s"


def test_what_was_patched_on_the_way_is_told_even_where_no_object_is() -> None:
    assert line(Audited((), also=(SOURCE_ENTRY,))).split(" in #")[0] == (
        "✅ #1 @dev reconciled prod gitrepository/flux-system/app"
    )


@given(
    st.lists(st.tuples(st.sampled_from(OUTCOMES), st.text(max_size=80), st.text(max_size=200)), max_size=20),
    st.lists(st.tuples(st.sampled_from(OUTCOMES), st.text(max_size=300), st.text(max_size=9)), max_size=40),
)
def test_whatever_happened_it_is_one_line_that_shows_its_link(
    targets: list[tuple[Result, str, str]], also: list[tuple[Result, str, str]]
) -> None:
    entries, others = (
        tuple(entry(n, f"prod ks/shop/{name}", result, reason) for n, (result, name, reason) in enumerate(rows, 1))
        for rows in (targets, also)
    )
    told = render(Audited(entries, also=others))
    assert len(told.blocks) == 1
    assert len(told.text.split("\n")) == 1
    assert told.text.endswith("↗ thread>") or not (entries or others)


@given(st.lists(st.sampled_from(OUTCOMES), min_size=2, max_size=20))
def test_every_object_is_counted_under_what_became_of_it(outcomes: list[Result]) -> None:
    entries = tuple(entry(n, f"prod ks/shop/{n}", outcome) for n, outcome in enumerate(outcomes, 1))
    facts = [fact.split(": ")[0] for fact in line(Audited(entries)).split(" · ")[2:-1]]
    counts = [(each.value, outcomes.count(each)) for each in OUTCOMES if each in outcomes]
    assert sorted(facts) == sorted(f"{number} {word}" for word, number in counts)
