"""Escaping, cutting and disarming of single texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.text import cut, escape, label, length, mrkdwn, preformatted, words
from bot.wording.document import Clockface, Code, Link, Person, Ping, Plain, Span, Strong, When

AT = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


@given(st.text(max_size=200), st.integers(0, 120))
def test_a_cut_never_exceeds_its_limit_nor_splits_an_escape(text: str, limit: int) -> None:
    shown = cut(escape(text), limit)
    assert length(shown) <= limit
    assert re.findall(r"&(?!amp;|lt;|gt;)", shown) == []


@pytest.mark.parametrize("limit", range(2, 12))
def test_a_cut_inside_a_name_leaves_no_underscore_at_its_end(limit: int) -> None:
    assert re.findall(r"_(?![^\W_])", cut("a_b_c_d_e_f_g", limit)) == []
    assert re.findall(r"_(?![^\W_])", mrkdwn((Plain("a_b_c_d_e_f_g"),), limit)) == []


@given(st.integers(0, 80))
def test_a_cut_never_splits_a_link(limit: int) -> None:
    shown = cut("see <https://example.com/a|the page> and <!date^1^{ago}|then> &amp; more", limit)
    assert re.sub(r"<[^<>]+>", "", shown).count("<") == 0
    assert shown.count("<") == shown.count(">")


spans = st.one_of(
    st.text(max_size=60).map(Plain),
    st.text(max_size=60).map(Strong),
    st.text(max_size=60).map(Code),
    st.builds(Link, text=st.text(max_size=20), url=st.just("https://example.com/a?b=1&c=2")),
    st.builds(Person, id=st.just("U0DEV"), name=st.text(max_size=30)),
    st.just(When(AT)),
)


@given(st.lists(spans, max_size=6), st.integers(1, 150))
def test_a_cut_line_keeps_its_markup_balanced(line: list[Span], limit: int) -> None:
    shown = mrkdwn(tuple(line), limit)
    assert length(shown) <= limit
    assert shown.count("`") % 2 == 0
    assert re.sub(r"`[^`]*`", "", shown).count("*") % 2 == 0
    assert shown.count("<") == shown.count(">")
    assert length(words(tuple(line), limit)) <= limit


@pytest.mark.parametrize(
    ("span", "markup", "spoken"),
    [
        (Plain("a < b & c > d"), "a &lt; b &amp; c &gt; d", "a &lt; b &amp; c &gt; d"),
        (Plain("<!channel> @here"), "&lt;!channel&gt; ＠here", "&lt;!channel&gt; ＠here"),
        (Plain("*a* _b_ c_d ~e~ `f`"), "∗a∗ ˍbˍ c_d ∼e∼ ˋfˋ", "∗a∗ ˍbˍ c_d ∼e∼ ˋfˋ"),
        (Plain(":skull: at 10:04:30"), "꞉skull: at 10:04:30", "꞉skull: at 10:04:30"),
        (Plain("> quoted"), "› quoted", "› quoted"),
        (Strong("❌ failed"), "*❌ failed*", "❌ failed"),
        (Code("a`b*c"), "`aˋb*c`", "aˋb∗c"),
        (Code(""), "", ""),
        (Link("here|now", "https://x.example/?a=1&b"), "<https://x.example/?a=1&amp;b|here¦now>", None),
        (Link("here", "javascript:alert(1)"), "here", "here"),
        (Link("here", "https://x.example/<!channel>"), "here", "here"),
        (Person("U0DEV", "here"), "＠here", "＠here"),
        (Person("U0DEV", "<@U0SRE>"), "@&lt;@U0SRE&gt;", "@&lt;@U0SRE&gt;"),
        (Ping("U0DEV", "dev"), "<@U0DEV>", "<@U0DEV>"),
        (Ping("!here", "dev"), "@dev", "@dev"),
        (When(AT), "<!date^1795428000^{ago}|2026-11-23 10:00 UTC>", None),
        (
            When(AT, Clockface.DATE),
            "<!date^1795428000^{date_short_pretty} {time}|2026-11-23 10:00 UTC>",
            None,
        ),
        (When(AT, Clockface.TIME), "<!date^1795428000^{time_secs}|10:00:00 UTC>", None),
        (Plain("a\u202eb\u200bc\x00d\ud800"), "abc\ufffdd\ufffd", "abc\ufffdd\ufffd"),
    ],
)
def test_a_span_is_written_so(span: Span, markup: str, spoken: str | None) -> None:
    assert (mrkdwn((span,)), words((span,))) == (markup, markup if spoken is None else spoken)


def test_a_long_passage_loses_its_middle_and_says_how_much() -> None:
    text = preformatted("a" * 2_000 + "b" * 2_000, 1_000, "Details")
    assert re.sub(r"(.)\1{9,}", r"\1", text) == "a\n… 3,036 characters more in Details\nb"
    assert length(text) <= 1_000


@given(st.text(max_size=200))
def test_a_button_always_has_a_label_that_fits(text: str) -> None:
    assert 1 <= length(label(text)) <= 75
