"""Slack's markup in plain text: a terminal shows what a person would read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.slack import world
from bot.demo.slack.reading import as_read, handle

HERE = f"https://{world.TEAM_DOMAIN}.slack.com/archives/{world.PLATFORM}/p1"
THERE = "https://github.com/acme/fleet/compare/a...b"


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("since <!date^1795507271^{ago}|2026-11-24 08:01 UTC>", "since 2026-11-24 08:01 UTC"),
        (f"<!date^1795507271^{{date_num}}^{HERE}|yesterday>", "yesterday"),
        (f"done <{HERE}|↗ thread>", "done ↗ thread"),
        (f"<{THERE}|↗ compare> it", f"↗ compare ({THERE}) it"),
        (f"<{THERE}>", THERE),
        (f"<{THERE}|{THERE}>", THERE),
        ("<https://x.example/?a=1&amp;b=2|a &lt; b>", "a < b (https://x.example/?a=1&b=2)"),
        (
            "<https://flux-demo.slack.com.evil.example/|↗ thread>",
            "↗ thread (https://flux-demo.slack.com.evil.example/)",
        ),
        ("<mailto:sre@x.example|sre@x.example>", "sre@x.example"),
        (f"asked by <@{world.SRE}>", "asked by @sre"),
        (f"<@{world.SRE}|old-name>", "@sre"),
        ("<@U0UNKNOWN01|ann> <@U0UNKNOWN02>", "@ann @U0UNKNOWN02"),
        (f"in <#{world.PLATFORM}|>", "in #platform"),
        ("in <#C0UNKNOWN01|shop> <#C0UNKNOWN02>", "in #shop #C0UNKNOWN02"),
        (f"<!subteam^{world.SHOP_TEAM}> <!subteam^S0X|@x-team>", "@shop-team @x-team"),
        ("<!here> <!channel|channel>", "@here @channel"),
        ("*done* at *10 %*, (*x*).", "done at 10 %, (x)."),
        (f"*<{HERE}|bold thread>*", "bold thread"),
        ("a * b * c, 2*3*4, apps/* and shop/*", "a * b * c, 2*3*4, apps/* and shop/*"),
        ("`a *b* c` and *d*", "`a *b* c` and d"),
        ("a &amp;&amp; b &lt;c&gt;", "a && b <c>"),
        ("&amp;lt;b&amp;gt; &nbsp; &copy", "&lt;b&gt; &nbsp; &copy"),
        ("&lt;@U0SREPERSON&gt; &lt;!here&gt;", "<@U0SREPERSON> <!here>"),
        ("<!date^soon^{ago}|x> <b> a < b", "<!date^soon^{ago}|x> <b> a < b"),
        ("two\nlines, *not\nbold*", "two\nlines, *not\nbold*"),
    ],
)
def test_markup_reads_as_a_client_shows_it(raw: str, read: str) -> None:
    assert as_read(raw) == read


def test_somebody_unknown_is_called_by_the_id() -> None:
    assert (handle(world.DEV), handle("U0UNKNOWN01")) == ("dev", "U0UNKNOWN01")


@given(st.text())
def test_escaped_text_reads_as_it_was_but_for_bold(text: str) -> None:
    typed = text.replace("*", "")
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert as_read(escaped) == typed
