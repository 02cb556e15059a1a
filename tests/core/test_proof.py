"""The audit trail proves itself: whatever is done to it is found, and at which entry (docs/audit.md)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.audit import Entry
from bot.core.kinds import KINDS, Kind
from bot.core.proof import (
    GENESIS,
    Anchor,
    Flaw,
    Proof,
    Proven,
    Wrong,
    anchor_in,
    canonical,
    exported,
    hashed,
    sealed,
    verify,
)
from tests.core.trails import (
    WHOLE,
    Path,
    Trail,
    anchors_of,
    at_path,
    entries,
    others,
    paths,
    renumbered,
    sealed_in_a_row,
    trails,
    with_path,
)

HEAD = "ab" * 32

# --- The text -----------------------------------------------------------------------------------------------------


def test_the_text_of_an_entry_never_changes() -> None:
    """When this fails, every entry that was ever written would count as changed. A new field of an entry is told only
    where it is not at its default (`FORM` in bot/core/proof.py)."""
    assert canonical(WHOLE, GENESIS) == (
        '{"after":"main@sha1:9d8e7f6","at":"2026-08-20T09:14:00.250000Z","before":"main@sha1:3f2a1bc",'
        '"caller":{"groups":["S0DBA","S0SRE"],"name":"Ada \\"Zo\\u00eb\\" L","team":"T0HOME","user":"U0ADA"},'
        '"link":"https://acme.slack.com/archives/C0SHOP/p1","number":0,"object":"prod ks/shop/web",'
        '"options":{"force":false,"reset":false,"timeout":60.5,"with_source":true},"outcome":"not finished",'
        '"place":{"channel":"C0SHOP","name":"team-shop","team":"T0HOME"},"prev":"' + "0" * 64 + '",'
        '"reason":"HealthCheckFailed",'
        '"ref":{"cluster":"prod","kind":"Kustomization","name":"web","namespace":"shop"},"request":"abcd1234",'
        '"rule":"shop for everybody","seconds":12.0,"v":1,"verb":"reconcile"}'
    )


def test_a_refusal_that_never_became_an_object_has_its_text_too() -> None:
    refused = replace(WHOLE, ref=None, seconds=None, options=replace(WHOLE.options, timeout=None))
    told = json.loads(canonical(refused, GENESIS))
    assert (told["ref"], told["seconds"], told["options"]["timeout"]) == (None, None, None)


def test_a_whole_second_has_its_six_decimals_too() -> None:
    whole = replace(WHOLE, at=WHOLE.at.replace(microsecond=0))
    assert json.loads(canonical(whole, GENESIS))["at"] == "2026-08-20T09:14:00.000000Z"


@pytest.mark.parametrize("path", [path for path in paths(WHOLE) if path != ("hash",)], ids=".".join)
def test_every_field_is_under_the_hash(path: Path) -> None:
    changed = with_path(WHOLE, path, _another(at_path(WHOLE, path)))
    assert hashed(changed, GENESIS) != hashed(WHOLE, GENESIS)


@pytest.mark.parametrize("path", [("ref",), ("seconds",), ("options", "timeout")], ids=".".join)
def test_that_something_is_not_there_is_under_the_hash(path: Path) -> None:
    assert hashed(with_path(WHOLE, path, None), GENESIS) != hashed(WHOLE, GENESIS)


def test_the_entry_before_is_under_the_hash() -> None:
    assert hashed(WHOLE, HEAD) != hashed(WHOLE, GENESIS)


@given(entries, st.sampled_from((GENESIS, HEAD)))
def test_the_text_is_one_line_that_reads_back_to_itself(entry: Entry, before: str) -> None:
    text = canonical(entry, before)
    assert text.isascii()
    assert text.isprintable()
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text


@given(entries)
def test_a_line_of_an_export_is_the_text_with_the_hash_that_the_entry_claims(entry: Entry) -> None:
    line = exported(replace(entry, hash=HEAD), GENESIS)
    assert line.replace(f'"hash":"{HEAD}",', "", 1) == canonical(entry, GENESIS)


def test_what_a_store_hands_back_in_another_shape_has_the_same_hash() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    handed_back = replace(WHOLE, at=WHOLE.at.astimezone(east), seconds=12.0)
    assert hashed(handed_back, GENESIS) == hashed(WHOLE, GENESIS)
    assert hashed(replace(WHOLE, seconds=-0.0), GENESIS) == hashed(replace(WHOLE, seconds=0), GENESIS)


@pytest.mark.parametrize(
    "entry", [replace(WHOLE, at=WHOLE.at.replace(tzinfo=None)), replace(WHOLE, seconds=float("nan"))]
)
def test_what_has_no_text_is_no_entry(entry: Entry) -> None:
    with pytest.raises(ValueError, match=r"time zone|JSON"):
        sealed(entry, 1, GENESIS)


# --- What is found ------------------------------------------------------------------------------------------------


@given(trails(), st.data())
def test_an_untouched_trail_is_proven_in_pages_of_any_size(trail: Trail, data: st.DataObject) -> None:
    counts = data.draw(st.sets(st.integers(0, len(trail))))
    begins = data.draw(st.integers(0, len(trail)))
    size = data.draw(st.integers(1, len(trail)))
    start = anchors_of(trail, [begins])[0]
    proof = Proof(start, anchors_of(trail, counts))
    while page := trail[proof.count : proof.count + size]:
        assert proof.take(page) is None
    assert proof.ended() == Proven(len(trail), trail[-1].hash)


@given(trails(), st.data())
def test_a_changed_field_is_found_where_it_was_changed(trail: Trail, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(trail) - 1))
    path = data.draw(st.sampled_from(sorted(paths(trail[index]))))
    tampered = with_path(trail[index], path, data.draw(others(trail[index], path)))
    why = Flaw.MISSING if path == ("number",) else Flaw.CHANGED
    assert verify(_with(trail, index, tampered)) == Wrong(index + 1, why)


@given(trails(least=2), st.data())
def test_one_changed_with_its_hash_made_to_fit_is_found_at_the_next(trail: Trail, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(trail) - 2))
    tampered = _forged(trail, index)
    assert verify(_with(trail, index, tampered)) == Wrong(index + 2, Flaw.CHANGED)


@given(trails(), st.data())
def test_everything_written_anew_from_some_entry_on_is_found_at_the_first_anchor(
    trail: Trail, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(trail) - 1))
    counts = data.draw(st.sets(st.integers(0, len(trail))))
    forged = trail[:index] + sealed_in_a_row(
        (_forged(trail, index), *trail[index + 1 :]), anchors_of(trail, [index])[0]
    )
    later = [count for count in counts if count > index]
    expected = Wrong(min(later), Flaw.REWRITTEN) if later else Proven(len(trail), forged[-1].hash)
    assert verify(forged, anchors=anchors_of(trail, counts)) == expected


@given(trails(least=2), st.data())
def test_a_deleted_entry_is_found_renumbered_or_not(trail: Trail, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(trail) - 2))
    rest = trail[:index] + trail[index + 1 :]
    assert verify(rest) == Wrong(index + 1, Flaw.MISSING)
    assert verify(renumbered(rest)) == Wrong(index + 1, Flaw.CHANGED)


@given(trails(least=2), st.data())
def test_two_entries_that_changed_places_are_found_renumbered_or_not(trail: Trail, data: st.DataObject) -> None:
    one, other = sorted(data.draw(st.sets(st.integers(0, len(trail) - 1), min_size=2, max_size=2)))
    swapped = _with(_with(trail, one, trail[other]), other, trail[one])
    assert verify(swapped) == Wrong(one + 1, Flaw.MISSING)
    assert verify(renumbered(swapped)) == Wrong(one + 1, Flaw.CHANGED)


@given(trails(), st.data())
def test_an_entry_slipped_in_is_found_renumbered_or_not(trail: Trail, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(trail) - 1))
    more = (*trail[:index], _forged(trail, index), *trail[index:])
    assert verify(more) == Wrong(index + 2, Flaw.MISSING)
    assert verify(renumbered(more)) == Wrong(index + 2, Flaw.CHANGED)


@given(trails(), st.data())
def test_a_tail_cut_behind_the_newest_anchor_is_found(trail: Trail, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, len(trail) - 1))
    counts = data.draw(st.sets(st.integers(0, len(trail)), min_size=1))
    proven = Proven(left, trail[left - 1].hash if left else GENESIS)
    expected = Wrong(left + 1, Flaw.CUT) if max(counts) > left else proven
    assert verify(trail[:left], anchors=anchors_of(trail, counts)) == expected


# --- Where a trail begins -----------------------------------------------------------------------------------------

FIVE = sealed_in_a_row(replace(WHOLE, request=f"request{n}") for n in range(5))


def test_a_trail_without_entries_is_proven_until_an_anchor_counts_one() -> None:
    assert verify(()) == Proven(0, GENESIS)
    assert verify((), anchors=[Anchor(0, GENESIS)]) == Proven(0, GENESIS)
    assert verify((), anchors=[Anchor(1, HEAD)]) == Wrong(1, Flaw.CUT)


def test_a_trail_whose_oldest_entries_are_gone_is_proven_only_from_an_anchor() -> None:
    kept, (start,) = FIVE[2:], anchors_of(FIVE, [2])
    assert verify(kept, start) == Proven(5, FIVE[-1].hash)
    assert verify(kept) == Wrong(1, Flaw.MISSING)
    assert verify(kept[1:], start) == Wrong(3, Flaw.MISSING)
    assert verify(kept, Anchor(2, HEAD)) == Wrong(3, Flaw.CHANGED)


def test_anchors_from_before_the_start_are_passed_over_and_one_at_it_must_agree() -> None:
    kept, start = FIVE[2:], Anchor(2, FIVE[1].hash)
    assert verify(kept, start, [Anchor(1, HEAD), start]) == Proven(5, FIVE[-1].hash)
    assert verify(kept, start, [Anchor(2, HEAD)]) == Wrong(2, Flaw.REWRITTEN)


def test_two_anchors_that_contradict_each_other_cannot_both_hold() -> None:
    assert verify(FIVE, anchors=[Anchor(4, FIVE[3].hash), Anchor(4, HEAD)]) == Wrong(4, Flaw.REWRITTEN)


def test_after_the_first_wrong_entry_nothing_counts() -> None:
    proof = Proof()
    wrong = Wrong(2, Flaw.MISSING)
    assert proof.take([FIVE[0], FIVE[2]]) == wrong
    assert proof.take(FIVE[1:]) == wrong
    assert (proof.count, proof.ended()) == (1, wrong)


# --- Anchors as text ----------------------------------------------------------------------------------------------


@given(st.integers(0, 10**18 - 1))
def test_an_anchor_reads_back_as_it_is_posted(count: int) -> None:
    assert anchor_in(f" {Anchor(count, HEAD)}\n") == Anchor(count, HEAD)


@pytest.mark.parametrize(
    "text", ["", "12", HEAD, f"12:{HEAD[1:]}", f"12:{HEAD}0", f"-1:{HEAD}", f"x:{HEAD}", f"²:{HEAD}"]
)
def test_other_text_is_no_anchor(text: str) -> None:
    assert anchor_in(text) is None


def _with(trail: Trail, index: int, entry: Entry) -> Trail:
    return (*trail[:index], entry, *trail[index + 1 :])


def _forged(trail: Trail, index: int) -> Entry:
    """The entry with somebody else for its asker, sealed as if it had always been so."""
    was = trail[index]
    forged = replace(was, caller=replace(was.caller, user=was.caller.user + "0"))
    return sealed(forged, was.number, anchors_of(trail, [index])[0].head)


def _another(value: object) -> object:
    """The nearest other value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value} "
        case datetime():
            return value + timedelta(microseconds=1)
        case timedelta():
            return value + timedelta(microseconds=1)
        case frozenset():
            return value | {"S0NEW"}
        case Enum():
            return next(each for each in type(value) if each is not value)
        case Kind():
            return next(each for each in KINDS if each is not value)
        case _:
            raise AssertionError(f"no other value of {value!r} is known here")
