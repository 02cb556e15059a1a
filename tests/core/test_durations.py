"""Durations as Go writes them, and how long ago something was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.durations import duration, printed_duration, printed_span, span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1m30s", 90),
        ("1h", 3600),
        ("1h0m0s", 3600),
        ("1.5h", 5400),
        ("2.5S", 2.5),
        ("500ms", 0.5),
    ],
)
def test_what_go_takes_is_a_duration(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "-5m", "5d", "m", "1e3s", "٥m", "5m\n", "9" * 99 + "h", "999999999999h"]
)
def test_what_has_no_unit_or_no_end_is_none(text: str) -> None:
    assert duration(text) is None


@given(st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_a_printed_duration_is_read_back(value: timedelta) -> None:
    assert duration(printed_duration(value)) == value


@given(st.text())
def test_any_text_is_a_duration_or_none(text: str) -> None:
    assert isinstance(duration(text), timedelta | None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", timedelta(days=7)),
        ("2W", timedelta(days=14)),
        ("1w1d", timedelta(days=8)),
        ("1d12h", timedelta(hours=36)),
        ("90m", timedelta(minutes=90)),
    ],
)
def test_people_count_back_in_weeks_and_days_too(text: str, expected: timedelta) -> None:
    assert span(text) == expected


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-7d", "1d1w", "7days", "1.5d", "99999d9999h", "9999w", "d\n"])
def test_what_counts_back_in_nothing_or_without_end_is_none(text: str) -> None:
    assert span(text) is None


@given(st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_a_printed_span_is_read_back(value: timedelta) -> None:
    assert span(printed_span(value)) == value


@given(st.text() | st.from_regex(r"[0-9]{0,9}w?[0-9]{0,9}d?[0-9]{0,9}[hms]?", fullmatch=True))
def test_any_text_is_a_span_or_none(text: str) -> None:
    assert isinstance(span(text), timedelta | None)
