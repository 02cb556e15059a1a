"""Durations, counts, cut names and lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.kinds import KINDS
from bot.core.resources import Ref
from bot.core.revisions import Change
from bot.wording.figures import counted, duration, listed
from bot.wording.foreign import brief, cut_middle, flat, neutral, quote
from bot.wording.names import fitted
from bot.wording.tables import conditions, from_to, health_items, inventory, sums
from tests.wording.examples import CONDITIONS, NEW, OLD, UNHEALTHY


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (0.04, "0 s"), (2.13, "2.1 s"), (9.4, "9.4 s"), (9.96, "10 s"), (59.6, "1 m"), (250, "4 m 10 s"),
     (3_600, "1 h"), (3_900, "1 h 5 m"), (266_400, "3 d 2 h")],
)  # fmt: skip
def test_a_duration_has_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_counts_have_nouns() -> None:
    assert [counted(1, "object"), counted(1_204, "GitRepository"), counted(0, "HelmRelease")] == [
        "1 object",
        "1,204 GitRepositories",
        "0 HelmReleases",
    ]


def test_a_long_list_says_how_many_more() -> None:
    assert listed(["a", "b", "c", "d"], 2) == "a, b … and 2 more"


def test_an_inventory_names_what_came_and_went() -> None:
    many = tuple(f"shop_web-{number}_apps_Deployment" for number in range(14))
    change = Change(OLD, NEW, created=many, removed=("_shop__Namespace",), counted=True)
    names = ", ".join(f"Deployment/shop/web-{number}" for number in range(12))
    assert inventory(change) == (f"14 created: {names} … and 2 more", "1 removed: Namespace/shop")
    assert sums(change) == "14 created · 1 removed"


def test_unhealthy_objects_are_read_from_a_health_check_and_nothing_else() -> None:
    assert [str(each) for each in health_items(UNHEALTHY)] == [
        "Job/shop/migrate Failed",
        "Deployment/shop/web InProgress",
    ]
    assert health_items("Deployment/shop/web status: 'InProgress'") == ()


def test_conditions_that_are_not_well_come_first() -> None:
    ready, healthy = CONDITIONS[1], CONDITIONS[0]
    rows = conditions((CONDITIONS[2], ready, healthy)).split("\n")
    assert [row.split(" ")[0] for row in rows] == ["Reconciling", "Ready", "Healthy"]


def test_revisions_are_short_inside_sentences_too() -> None:
    assert brief(f"fetched {NEW} and sha256:{'ab' * 32}") == "fetched main@9d8e7f6 and sha256:abababa"
    assert [from_to(OLD, NEW), from_to("", NEW), from_to(NEW, NEW)] == [
        "main@3f2a1bc → main@9d8e7f6",
        "main@9d8e7f6",
        "main@9d8e7f6",
    ]


@given(st.text(max_size=100), st.integers(1, 40))
def test_a_cut_name_keeps_both_ends(text: str, room: int) -> None:
    shown = cut_middle(text, room)
    assert len(shown) <= room
    head, cut, tail = shown.partition("…")
    assert shown == text or (text.startswith(head) and text.endswith(tail) and cut == "…")


@given(st.text("abc-", min_size=1, max_size=253), st.text("xyz-", min_size=1, max_size=63), st.sampled_from(KINDS))
def test_a_name_fits_wherever_kind_and_three_letters_do(name: str, namespace: str, kind: object) -> None:
    target = Ref("prod", kind, namespace, name)  # type: ignore[arg-type]
    room = len(target.kind.short) + 12
    assert len(fitted(target, room)) <= room
    assert fitted(target, 400) == str(target)


@given(st.text(st.characters(), max_size=300), st.integers(1, 60))
def test_a_quote_is_one_short_harmless_line(text: str, room: int) -> None:
    shown = quote(text, room)
    assert len(shown) <= room
    assert flat(shown) == shown
    assert neutral(shown) == shown
