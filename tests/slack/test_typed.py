"""What clients, phones and Slack do to a typed command is undone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands import Reconcile
from bot.core.parsing import parse
from bot.core.printing import printed
from bot.slack.typed import plain
from tests.core import strategies as some

COMMAND = "/flux-reconcile"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        # Dashes: a phone joins two into one long one, a keyboard offers others.
        ("ks apps —with-source", "ks apps --with-source"),
        ("ks apps –with-source", "ks apps --with-source"),
        ("ks apps ––with-source", "ks apps --with-source"),
        ("ks apps -with-source", "ks apps --with-source"),
        ("ks apps --with–source", "ks apps --with-source"),
        ("—resource=ks —name=my—app", "--resource=ks --name=my--app"),
        ("ks apps –n shop", "ks apps -n shop"),
        ("ks apps —n shop", "ks apps -n shop"),
        ("ks apps --n=shop", "ks apps -n=shop"),
        ("ks apps —no-such", "ks apps --no-such"),
        ("ks my‑app my-app my--app", "ks my-app my-app my--app"),
        ("ks apps -", "ks apps -"),
        # Quotes and blanks.
        ("ks “apps” ‘web’ «x» `y`", 'ks "apps" \'web\' "x" y'),
        ("ks\u00a0apps\u2003web\u3000x\ty", "ks apps web x y"),
        ("ks apps\r\nhr nginx\u2028hc x", "ks apps\n\nhr nginx\nhc x"),
        ("```ks apps\nhr nginx```", "ks apps\nhr nginx"),
        ("  ks apps  ", "ks apps"),
        ("ks apps，web、x", "ks apps,web,x"),
        # Slack's own signs.
        ("ks &lt;a&gt; &amp; &amp;lt;b", "ks <a> & &lt;b"),
        ("ks <@U012|dev> <@U012>", "ks @dev @U012"),
        ("history --by <@U012|dev>", "history --by @U012"),
        ("history —By=<@U012|de v> ks <@U034|ops>", "history --By=@U012 ks @ops"),
        ("<@U0BOT> history --by <@U012>", "/flux-reconcile history --by @U012"),
        ("ks <#C012|team-shop> <#C012|> <#C012>", "ks #team-shop #C012 #C012"),
        ("ks <!subteam^S012|@sre> <!subteam^S012> <!here>", "ks @sre @S012 @here"),
        ("ks <!date^1^{ago}|now>", "ks now"),
        ("ks <http://apps.shop|apps.shop> <http://apps.shop>", "ks apps.shop apps.shop"),
        ("ks <https://git.example.com/a?b=1&amp;c> x", "ks https://git.example.com/a?b=1&c x"),
        ("ks a --cluster <mailto:admin@prod.eu|admin@prod.eu>", "ks a --cluster admin@prod.eu"),
        ("ks <mailto:admin@prod.eu>", "ks admin@prod.eu"),
        ("ks <>", "ks"),
        ("ks a < b <", "ks a < b <"),
        ("<@U0BOT> ks apps", "/flux-reconcile ks apps"),
        ("<@U0BOT>", "/flux-reconcile"),
        # Bold, italics, full stops.
        ("ks *apps* _web_ ~old~ *_both_*", "ks apps web old both"),
        ("*ks/shop/cart*, hr x", "ks/shop/cart, hr x"),
        ("ks *x y*", "ks *x y*"),
        ("ks shop-* *", "ks shop-* *"),
        ("ks my_app _x", "ks my_app _x"),
        ("ks apps. web, x; *y*. z: “q”.", 'ks apps web, x y z "q"'),
        ("reconcile ks apps!", "reconcile ks apps"),
        ("ks apps… ?", "ks apps ?"),
        ("ks apps.shop --timeout 1.5m.", "ks apps.shop --timeout 1.5m"),
        # What nobody can see, and what only decorates.
        ("ks \u200bap\u00adps\u2060\ufeff", "ks apps"),
        ("ks \u202espp\u202ca\u2066\u2069", "ks sppa"),
        ("ks a\x00p\x1bp\x7fs\ud83d", "ks apps"),
        ("✅ prod ks/a/b", "prod ks/a/b"),
        ("⏸️ ► prod ks/a/b 👍🏽", "prod ks/a/b"),
        (":white_check_mark: prod ks/a/b :+1::skin-tone-2:", "prod ks/a/b"),
        ("❌ prod ks/flux-system/apps:", "prod ks/flux-system/apps"),
        ("ks a:b:c", "ks a:b:c"),
    ],
)
def test_a_text_is_what_its_writer_typed(text: str, meant: str) -> None:
    got = plain(text, COMMAND)
    assert [" ".join(line.split()) for line in got.split("\n")] == meant.split("\n")


@pytest.mark.parametrize(
    "piece", ["<", "<a|", ":a", "*", "_a", "—", "&amp;", ".", "a.", "\ud800", "<@U1|x>", "`", "'"]
)
def test_forty_thousand_characters_are_read_in_passing(piece: str) -> None:
    assert isinstance(plain((piece * 40_000)[:40_000], COMMAND), str)


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_nothing_invisible_is_left_of_any_text(text: str) -> None:
    got = plain(text, COMMAND)
    got.encode("utf-8")
    assert [char for char in got if not char.isprintable() and char != "\n"] == []


@given(some.commands())
def test_a_text_that_nothing_was_done_to_stays_as_it_is(command: Reconcile) -> None:
    assert plain(command.typed, COMMAND) == command.typed


def _joined_dashes(text: str) -> str:
    return text.replace(" --", " —")


def _short_dashes(text: str) -> str:
    return text.replace(" --", " –")


def _curly(text: str) -> str:
    return text.replace(' "', " “").replace('"', "”")


def _wide_blanks(text: str) -> str:
    return text.replace(" ", "\u00a0")


def _full_stop(text: str) -> str:
    return f"{text}."


def _fenced(text: str) -> str:
    return f"```{text}```"


def _linked(text: str) -> str:
    return re.sub(r"(?<!\S)[a-z0-9-]+(\.[a-z0-9-]+)+(?=,|\s|$)", r"<http://\g<0>|\g<0>>", text)


def _bold(text: str) -> str:
    return " ".join(word if word.startswith("-") or word.endswith(",") else f"*{word}*" for word in text.split(" "))


def _sprinkled(text: str) -> str:
    return "\u200b".join(text)


SPOILERS: tuple[Callable[[str], str], ...] = (
    *(_joined_dashes, _short_dashes, _linked, _curly, _full_stop, _fenced, _bold, _wide_blanks, _sprinkled),
)
"""In an order in which each finds what it spoils."""


@given(some.commands(), st.sets(st.sampled_from(SPOILERS), max_size=4))
def test_a_spoiled_command_is_still_the_same_command(command: Reconcile, spoilers: set[Callable[[str], str]]) -> None:
    text = printed(command)
    for spoil in SPOILERS:
        if spoil in spoilers:
            text = spoil(text)
    assert parse(plain(text, COMMAND)) == command
