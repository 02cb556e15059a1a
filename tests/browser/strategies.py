"""Random blocks that Slack takes, each with the words that a person must find on the screen."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece of JSON, and every text that it must show."""

    json: Json
    words: tuple[str, ...]


# Marks that Slack's markup gives a meaning are put there on purpose, below. Everything else may come.
_LETTERS: Final = st.characters(
    codec="utf-8", categories=("Lu", "Ll", "Lo", "Nd", "Sc", "Sm", "So", "Po"), exclude_characters="*_~`:|&<>\\/#@!"
)
_WORD: Final = st.text(_LETTERS, min_size=1, max_size=12)
_HOSTILE: Final = st.sampled_from(
    ("<script>alert(1)</script>", "a&b", "&amp;", "x<y>z", '"><img src=x onerror=alert(1)>', "{{7*7}}", "${7*7}")
)
PHRASE: Final = st.lists(_WORD | _HOSTILE, min_size=1, max_size=4).map(" ".join)
_IDS: Final = st.integers(0, 10**9).map(lambda number: f"id-{number}")
_URL: Final = st.sampled_from(("https://example.com/a?b=1", "http://127.0.0.1:9/x", "mailto:sre@example.com"))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(most: int) -> st.SearchStrategy[Shown]:
    """A `plain_text` object."""
    return PHRASE.map(lambda text: text[:most].strip() or "x").map(
        lambda text: Shown({"type": "plain_text", "text": text}, (text,))
    )


@st.composite
def _fragment(draw: st.DrawFn) -> tuple[str, str]:
    """A piece of Slack's markup and how it reads."""
    word = draw(_WORD)
    return draw(
        st.sampled_from(
            (
                (_escaped(draw(PHRASE)),) * 2,
                (f"*{word}*", word),
                (f"_{word}_", word),
                (f"~{word}~", word),
                (f"`{_escaped(word)}`", word),
                (f"<https://example.com/{len(word)}|{word}>", word),
                ("<@U0SREPERSON>", "@sre"),
                ("<#C0PLATFORM1>", "#platform"),
                ("<!subteam^S0PLATFORM1>", "@platform-team"),
                ("<!here>", "@here"),
                ("<!date^1767225600^{date_num} at {time_secs}|then>", "2026-01-01 at 00:00:00"),
                (f"<!date^1767225600^{{nonsense}}|{word}>", word),
            )
        )
    )


@st.composite
def mrkdwn(draw: st.DrawFn) -> Shown:
    pieces = draw(st.lists(_fragment(), min_size=1, max_size=4))
    marked = " ".join(["x", *(each for each, _ in pieces)])
    read = " ".join(["x", *(_unescaped(each) for _, each in pieces)])
    return Shown({"type": "mrkdwn", "text": marked, "verbatim": draw(st.booleans())}, (read,))


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


_TEXT: Final = plain(200) | mrkdwn()


def _joined(kind: str, parts: dict[str, Shown], **more: object) -> Shown:
    """An object whose members are those parts."""
    words = tuple(word for part in parts.values() for word in part.words)
    return Shown({"type": kind, **{name: part.json for name, part in parts.items()}, **more}, words)


def _listed(kind: str, name: str, parts: Sequence[Shown], **more: object) -> Shown:
    words = tuple(word for part in parts for word in part.words)
    return Shown({"type": kind, name: [part.json for part in parts], **more}, words)


# --- Elements -----------------------------------------------------------------------------------------------------


@st.composite
def _button(draw: st.DrawFn) -> Shown:
    more: Json = {"action_id": draw(_IDS)}
    if draw(st.booleans()):
        more["style"] = draw(st.sampled_from(("primary", "danger")))
    if draw(st.booleans()):
        more["url"] = draw(_URL)
    return _joined("button", {"text": draw(plain(75))}, **more)


@st.composite
def _options(draw: st.DrawFn, most: int, text: st.SearchStrategy[Shown]) -> list[Shown]:
    found = []
    for number, said in enumerate(draw(st.lists(text, min_size=1, max_size=most))):
        parts = {"text": said} | ({"description": draw(plain(75))} if draw(st.booleans()) else {})
        option = _joined("", parts, value=f"value-{number}")
        found.append(Shown({name: each for name, each in option.json.items() if name != "type"}, option.words))
    return found


@st.composite
def _choosing(draw: st.DrawFn, kind: str, most: int) -> Shown:
    """A menu or a group of boxes; Slack takes markup in boxes only."""
    short = st.builds(_shortened, _TEXT if kind in ("radio_buttons", "checkboxes") else plain(75))
    return _listed(kind, "options", draw(_options(most, short)), action_id=draw(_IDS))


def _shortened(shown: Shown) -> Shown:
    """Options hold 75 characters."""
    if len(shown.json["text"]) <= 75:
        return shown
    return Shown({"type": "plain_text", "text": "long"}, ("long",))


@st.composite
def _grouped(draw: st.DrawFn) -> Shown:
    label, options = draw(plain(75)), draw(_options(3, plain(75)))
    group = Shown({"label": label.json, "options": [each.json for each in options]}, label.words)
    words = (*label.words, *(word for each in options for word in each.words))
    return Shown({"type": "static_select", "option_groups": [group.json], "action_id": draw(_IDS)}, words)


@st.composite
def _asking(draw: st.DrawFn, kind: str) -> Shown:
    """Something to fill in, with its placeholder."""
    return _joined(kind, {"placeholder": draw(plain(75))}, action_id=draw(_IDS))


def _picture() -> st.SearchStrategy[Shown]:
    return PHRASE.map(
        lambda text: Shown({"type": "image", "image_url": "https://example.com/x.png", "alt_text": text}, (text,))
    )


def _several(kinds: Sequence[str], make: Callable[[str], st.SearchStrategy[Shown]]) -> st.SearchStrategy[Shown]:
    return st.sampled_from(kinds).flatmap(make)


_MENUS: Final = _several(("static_select",), lambda kind: _choosing(kind, 5)) | _grouped()
_BOXES: Final = _several(("radio_buttons", "checkboxes"), lambda kind: _choosing(kind, 4))
_OVERFLOW: Final = _choosing("overflow", 5)
_PLACES: Final = _several(("users_select", "channels_select", "conversations_select"), _asking)
_DATES: Final = _IDS.map(
    lambda name: Shown({"type": "datepicker", "action_id": name, "initial_date": "2026-11-24"}, ("2026-11-24",))
)
_ACTIONS: Final = _button() | _MENUS | _OVERFLOW | _BOXES | _PLACES | _DATES
_ACCESSORIES: Final = _ACTIONS | _picture() | _choosing("multi_static_select", 4)
_TYPED: Final = _asking("plain_text_input") | _MENUS | _BOXES | _PLACES


# --- Rich text ----------------------------------------------------------------------------------------------------


@st.composite
def _run(draw: st.DrawFn) -> Shown:
    text, style = draw(PHRASE), draw(st.sets(st.sampled_from(("bold", "italic", "strike", "code"))))
    styled: Json = {"style": dict.fromkeys(style, True)} if style else {}
    runs = (
        Shown({"type": "text", "text": text, **styled}, (text,)),
        Shown({"type": "link", "url": draw(_URL), "text": text, **styled}, (text,)),
        Shown({"type": "user", "user_id": "U0DEVPERSON"}, ("@dev",)),
        Shown({"type": "usergroup", "usergroup_id": "S0SHOPTEAM1"}, ("@shop-team",)),
        Shown({"type": "channel", "channel_id": "C0TEAMSHOP1"}, ("#team-shop",)),
        Shown({"type": "emoji", "name": "rocket"}, ("🚀",)),
        Shown({"type": "emoji", "name": "some-own-emoji", "unicode": "1f984"}, ("🦄",)),
        Shown({"type": "broadcast", "range": "channel"}, ("@channel",)),
        Shown({"type": "date", "timestamp": 1767225600, "format": "{date_num}"}, ("2026-01-01",)),
        Shown({"type": "color", "value": "#326ce5"}, ("#326ce5",)),
    )
    return draw(st.sampled_from(runs))


def _rich_section(kind: str = "rich_text_section") -> st.SearchStrategy[Shown]:
    return st.lists(_run(), min_size=1, max_size=4).map(lambda runs: _listed(kind, "elements", runs))


@st.composite
def _rich_list(draw: st.DrawFn) -> Shown:
    items = draw(st.lists(_rich_section(), min_size=1, max_size=3))
    style, indent = draw(st.sampled_from(("bullet", "ordered"))), draw(st.integers(0, 3))
    return _listed("rich_text_list", "elements", items, style=style, indent=indent)


_RICH: Final = st.lists(
    _rich_section() | _rich_section("rich_text_quote") | _rich_section("rich_text_preformatted") | _rich_list(),
    min_size=1,
    max_size=4,
).map(lambda parts: _listed("rich_text", "elements", parts))


# --- Blocks -------------------------------------------------------------------------------------------------------


@st.composite
def _section(draw: st.DrawFn) -> Shown:
    parts = {"text": draw(_TEXT)}
    if draw(st.booleans()):
        parts["accessory"] = draw(_ACCESSORIES)
    shown = _joined("section", parts)
    if draw(st.booleans()):
        fields = draw(st.lists(_TEXT, min_size=1, max_size=6))
        words = tuple(word for each in fields for word in each.words)
        return Shown({**shown.json, "fields": [each.json for each in fields]}, (*shown.words, *words))
    return shown


@st.composite
def _actions(draw: st.DrawFn) -> Shown:
    elements = draw(st.lists(_ACTIONS, min_size=1, max_size=5, unique_by=lambda each: each.json["action_id"]))
    return _listed("actions", "elements", elements)


@st.composite
def _input(draw: st.DrawFn) -> Shown:
    return _joined("input", {"label": draw(plain(200)), "hint": draw(plain(200)), "element": draw(_TYPED)})


@st.composite
def _table(draw: st.DrawFn) -> Shown:
    raw = PHRASE.map(lambda text: Shown({"type": "raw_text", "text": text}, (text,)))
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(raw | _RICH, min_size=width, max_size=width), min_size=1, max_size=4))
    words = tuple(word for row in rows for cell in row for word in cell.words)
    return Shown({"type": "table", "rows": [[cell.json for cell in row] for row in rows]}, words)


@st.composite
def _markdown(draw: st.DrawFn) -> Shown:
    word, other = draw(_WORD), draw(_WORD)
    lines = (
        (f"# {word} {other}", f"{word} {other}"),
        (f"- first {word}", f"first {word}"),
        (f"1. then {word}", f"then {word}"),
        (f"> said {word}", f"said {word}"),
        (f"so **{word}** and `{other}`", f"so {word} and {other}"),
        (f"[see {word}](https://example.com)", f"see {word}"),
        (f"```\ncode {word}\n```", f"code {word}"),
    )
    chosen = draw(st.lists(st.sampled_from(lines), min_size=1, max_size=5))
    return Shown(
        {"type": "markdown", "text": "\n\n".join(each for each, _ in chosen)}, tuple(read for _, read in chosen)
    )


@st.composite
def _unknown(draw: st.DrawFn) -> Shown:
    """Slack knows them, this page does not: it says so and shows them raw."""
    title = draw(_WORD)
    raw = json.dumps(title, ensure_ascii=False)[1:-1]
    plan = Shown({"type": "plan", "title": title}, ("Unknown block: plan", raw))
    card = Shown({"type": "card", "title": {"type": "plain_text", "text": title}}, ("Unknown block: card", raw))
    return draw(st.sampled_from((plan, card)))


_HEADER: Final = plain(150).map(lambda text: _joined("header", {"text": text}))
_DIVIDER: Final = st.just(Shown({"type": "divider"}, ()))
_CONTEXT: Final = st.lists(_TEXT | _picture(), min_size=1, max_size=4).map(
    lambda parts: _listed("context", "elements", parts)
)
_IMAGE: Final = st.tuples(_picture(), plain(200)).map(
    lambda both: Shown({**both[0].json, "title": both[1].json}, (*both[0].words, *both[1].words))
)
_ONCE: Final = _table()
"""A message takes one table only."""
BLOCK: Final = st.one_of(
    _section(), _HEADER, _DIVIDER, _CONTEXT, _actions(), _RICH, _input(), _markdown(), _IMAGE, _unknown()
)


@st.composite
def messages(draw: st.DrawFn) -> list[Shown]:
    """The blocks of one message."""
    blocks = draw(st.lists(BLOCK, min_size=1, max_size=5))
    return [*blocks, draw(_ONCE)] if draw(st.booleans()) else blocks
