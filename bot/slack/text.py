"""Words as Slack takes them: escaped, harmless, within its limits (docs/slack.md, "Messages").

Nothing here trusts a text. The only `<…>` in what comes out are links, dates and the one closing ping, built here.
Formatting signs have no escape in Slack's markup, so those that would format are replaced by look-alikes outside of
code; whoever needs the text to the letter finds it in a preformatted passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from urllib.parse import urlsplit

from bot.wording.document import Clockface, Code, Link, Person, Ping, Plain, Run, Span, Spans, Strong, When
from bot.wording.foreign import ELLIPSIS, more, neutral
from bot.wording.plain import clock

MESSAGE_TEXT: Final = 3_000
"""Characters of `text`; an edit over 4,000 is refused, and escaping by others may add to it."""
SECTION_TEXT: Final = 3_000
CONTEXT_TEXT: Final = 3_000
BLOCKS: Final = 50
ACTIONS: Final = 25
BUTTON_LABEL: Final = 75
BUTTON_VALUE: Final = 2_000
ACTION_ID: Final = 255
URL: Final = 3_000
PASSAGE: Final = 3_000
"""Characters of one preformatted passage: our own limit, for a phone's sake."""

_FACES: Final = {Clockface.AGO: "{ago}", Clockface.DATE: "{date_short_pretty} {time}", Clockface.TIME: "{time_secs}"}


def length(text: str) -> int:
    """Characters as Slack may count them: those outside the basic plane as two."""
    return len(text) + sum(char > "\uffff" for char in text)


def escape(text: str) -> str:
    """The three signs that begin anything active, in the order that does not escape twice."""
    return neutral(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_FORMATS: Final = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_EMPHASIS: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# Two digits are a time of day, and no emoji.
_EMOJI: Final = re.compile(r":(?!\d\d:)(?=[\w+'-]{1,100}:)")
_QUOTE: Final = re.compile(r"(?m)^(\s*)>+")
_CALLS: Final = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)


def unformatted(text: str) -> str:
    """The text with look-alikes for signs that would make it bold, quoted, an emoji or a call to everybody."""
    text = _QUOTE.sub(r"\1›", _EMPHASIS.sub("ˍ", text.translate(_FORMATS)))
    return _CALLS.sub("＠", _EMOJI.sub("꞉", text))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of output that is cut between atoms only, with what must close it."""

    atoms: tuple[str, ...]
    opens: str = ""
    closes: str = ""
    whole: bool = False
    """Dropped rather than cut: a link, a date."""


def mrkdwn(spans: Spans, limit: int = SECTION_TEXT) -> str:
    """Spans in Slack's markup, at most `limit` characters."""
    return _fit([_marked(span) for span in spans], limit)


def words(spans: Spans, limit: int = MESSAGE_TEXT) -> str:
    """Spans without markup but links and dates, for `text`: what notifications and screen readers say."""
    return _fit([_unmarked(span) for span in spans], limit)


def preformatted(text: str, limit: int, where: str = "") -> str:
    """Text for a preformatted element: nothing in it is parsed, so nothing is escaped. Cut in the middle."""
    text = neutral(text)
    if length(text) <= limit:
        return text
    place = f" in {where}" if where else ""
    mark = f"\n{more(len(text))}{place}\n"
    room = max(limit - length(mark), 0)
    head, tail = _prefix(text, room - room // 3), _prefix(text[::-1], room // 3)[::-1]
    return f"{head}\n{more(len(text) - len(head) - len(tail))}{place}\n{tail}"


def preformatted_words(text: str, limit: int) -> str:
    """The same for `text`, where everything is parsed."""
    return cut(escape(unformatted(text)), limit)


def label(text: str) -> str:
    """The word on a button: plain text, one line, short enough."""
    return cut(" ".join(neutral(text).split()) or ELLIPSIS, BUTTON_LABEL)


_ATOM: Final = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|[\s\S][\ufe00-\ufe0f\u0300-\u036f]*")


def atoms(text: str) -> tuple[str, ...]:
    """An already escaped text in pieces that must not be split."""
    return tuple(_ATOM.findall(text))


def cut(text: str, limit: int, note: str = "") -> str:
    """An already escaped text in at most `limit` characters, never inside an escape or a link.

    `note` stands behind the ellipsis: where the rest is.
    """
    if length(text) <= limit:
        return text
    end = f"{ELLIPSIS}{f' {note}' if note else ''}"
    if length(end) > limit:
        return ""
    return "".join(_taken(atoms(text), limit - length(end))) + end


def _prefix(text: str, room: int) -> str:
    return "".join(_taken(text, room))


def _taken(pieces: Iterable[str], room: int) -> list[str]:
    taken: list[str] = []
    for piece in pieces:
        room -= length(piece)
        if room < 0:
            # Inside a word it formats nothing; at its end it would.
            while taken and taken[-1] == "_":
                taken.pop()
            break
        taken.append(piece)
    return taken


def _fit(runs: Sequence[Stretch], limit: int) -> str:
    """All runs, or as many as fit with an ellipsis in place of the rest."""
    written = [_all(run) for run in runs]
    if sum(map(length, written)) <= limit:
        return "".join(written)
    room = limit - 1
    told: list[str] = []
    for run, text in zip(runs, written, strict=True):
        if length(text) <= room:
            told.append(text)
            room -= length(text)
            continue
        inner = room - length(run.opens) - length(run.closes)
        taken = [] if run.whole or inner <= 0 else _taken(run.atoms, inner)
        if taken:
            told.append(f"{run.opens}{''.join(taken)}{run.closes}")
        break
    return f"{''.join(told)}{ELLIPSIS}"


def _all(run: Stretch) -> str:
    return f"{run.opens}{''.join(run.atoms)}{run.closes}"


def _marked(span: Span) -> Stretch:
    match span:
        case Strong(text):
            return Stretch(atoms(escape(unformatted(text))), "*", "*")
        case Code(text) | Run(text):
            # A back-tick would end the code; nothing else in it is parsed.
            inner = escape(text.replace("`", "ˋ"))
            return Stretch(atoms(inner), "`", "`") if inner.strip() else Stretch(())
        case _:
            return _unmarked(span)


def _unmarked(span: Span) -> Stretch:
    match span:
        case Plain(text) | Strong(text) | Code(text) | Run(text):
            return Stretch(atoms(escape(unformatted(text))))
        case Link(text, url):
            return _link(text, url)
        case When(at, face):
            return Stretch((date(at, face),), whole=True)
        case Person(_, name):
            return Stretch(atoms(escape(unformatted(f"@{name}"))))
        case Ping(id_, name):
            return _ping(id_, name)
        case _:
            assert_never(span)


def date(at: datetime, face: Clockface) -> str:
    """A moment that Slack shows in the reader's own zone, counting by itself where `face` says so."""
    return f"<!date^{int(at.timestamp())}^{_FACES[face]}|{clock(at, face)}>"


_USER: Final = re.compile(r"[UW][A-Z0-9]{1,30}")


def _ping(id_: str, name: str) -> Stretch:
    if _USER.fullmatch(id_):
        return Stretch((f"<@{id_}>",), whole=True)
    return Stretch(atoms(escape(unformatted(f"@{name}"))))


def _link(text: str, url: str) -> Stretch:
    shown = escape(unformatted(text)).replace("|", "¦")
    if not _linkable(url):
        return Stretch(atoms(shown))
    return Stretch((f"<{url.replace('&', '&amp;')}|{shown}>",), whole=True)


def _linkable(url: str) -> bool:
    if length(url) > URL or re.search(r"[\s<>|\"`\x00-\x1f]", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
