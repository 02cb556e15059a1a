"""Spans of time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.durations import parse_span, print_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1m30s", 90), ("1h", 3600), (" 2H5S ", 7205), ("0s", 0), ("90s", 90)],
)
def test_spans_are_read(text: str, seconds: int) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "1.5h", "5s1m", "5 m", "1d", "١s1", "9" * 50 + "s"])
def test_what_is_no_span_is_none(text: str) -> None:
    assert parse_span(text) is None


@given(st.integers(0, 9999 * 3600))
def test_what_is_printed_parses_back(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert parse_span(print_span(span)) == span
