"""The answer to `history`: a line for each request, newest first, each to be read by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.core.audit import Entry, Result
from bot.core.commands import Target
from bot.core.printing import history, printed
from bot.core.standing import Recalled
from bot.wording import status as is_
from bot.wording.audit import STATUS, WELL, did, ending, outcomes, thread, took, with_what, worst_first
from bot.wording.document import (
    Clockface,
    Code,
    Document,
    Line,
    Part,
    Person,
    Piece,
    Run,
    Spans,
    Strong,
    When,
    joined,
    line,
    spans,
)
from bot.wording.figures import counted, duration
from bot.wording.foreign import ELLIPSIS, cut_middle, quote
from bot.wording.standing import asked

_OBJECT: Final = 120
_NAMES: Final = 160
"""Characters that the names of several objects may take in one line."""
_MOVED: Final = 3
"""So many objects of one line have their revisions told."""
_WHY: Final = 120
_REFUSED: Final = 200
"""Characters of what was refused: it is told as it was typed."""


def recalled(notice: Recalled, command: str) -> Document:
    """How many first; then who did what and how it ended; then how to see what is not shown."""
    parts: list[Part] = [_request(each) for each in notice.requests]
    parts += _rest(notice) if notice.requests else _nothing(notice, command)
    return Document(_head(notice), (*parts, asked(notice.typed, notice.at, notice.shared)), notice.buttons)


def _head(notice: Recalled) -> Line:
    by: tuple[Piece, ...] = (" by ", Person(notice.user, notice.name)) if notice.user else ()
    within = f" in the last {duration(notice.since)}"
    if not notice.requests:
        return line(Strong(str(is_.NOTHING_ASKED)), *by, within, ", as far as you may see here")
    count = len(notice.requests)
    newest = "the newest " if count > 1 and (notice.beyond or notice.unread) else ""
    return line(Strong(str(is_.HISTORY)), f": {newest}{counted(count, 'request')}", *by, within)


def _nothing(notice: Recalled, command: str) -> list[Part]:
    if not notice.cluster:
        return _rest(notice)
    there = history((Target("*", cluster=notice.cluster),), notice.user, notice.since)
    cluster = Code(quote(notice.cluster, 80))
    return [line(cluster, " is a cluster here; all of it: ", Run(f"{command} {printed(there)}")), *_rest(notice)]


def _rest(notice: Recalled) -> list[Part]:
    narrow: tuple[Piece, ...] = (": narrow it with ", Code("--since"), ", ", Code("--by"), " or a name")
    if notice.beyond:
        least = "at least " if notice.unread else ""
        return [line(f"{ELLIPSIS} and {least}{notice.beyond:,} more", *narrow)]
    return [line(f"{ELLIPSIS} older ones were not looked at", *narrow)] if notice.unread else []


def _request(entries: Sequence[Entry]) -> Line:
    newest = entries[0]
    if newest.outcome is Result.REFUSED:
        return _refusal(entries)
    targets = [each for each in entries if not _for_another(each, entries)]
    ordered = worst_first(targets or entries)
    told = _one(ordered[0]) if len(ordered) == 1 else _several(ordered)
    also = _sources([each for each in entries if each not in ordered])
    return Line((*joined((*told, also, took(entries))), *thread(newest)))


def _for_another(entry: Entry, entries: Sequence[Entry]) -> bool:
    """A source or chart that was asked for the sake of what needs it."""
    sources = [each for each in entries if each.ref is not None and each.ref.kind.source]
    return entry.options.with_source and entry in sources and len(sources) < len(entries)


def _one(entry: Entry) -> tuple[Spans, ...]:
    status = STATUS[entry.outcome]
    what = Code(cut_middle(quote(entry.object, 400), _OBJECT) or "(nothing)")
    return (spans(*_begin(entry, status.sign), did((entry,)), what, with_what(entry)), ending(entry, status))


def _several(ordered: Sequence[Entry]) -> tuple[Spans, ...]:
    first = ordered[0]
    what = f"{did(ordered)}{counted(len(ordered), 'object')}{with_what(first)}"
    # Among many it is their names that are looked for.
    named = ordered if len(ordered) <= _MOVED else [replace(each, before="", after="") for each in ordered]
    return (spans(*_begin(first, STATUS[first.outcome].sign), what), *outcomes(named, _NAMES))


def _begin(entry: Entry, sign: str) -> tuple[Piece, ...]:
    return f"{sign} ", When(entry.at, Clockface.DATE), " ", Person(entry.caller.user, entry.caller.name)


def _sources(entries: Sequence[Entry]) -> Spans:
    """Only what went wrong with them: that they were asked stands behind the object."""
    bad = [each for each in entries if each.outcome not in WELL]
    named = (
        spans(Code(cut_middle(quote(each.object, 400), _OBJECT)), f" {STATUS[each.outcome].word}") for each in bad[:2]
    )
    return joined((*named, spans(f"{ELLIPSIS} {len(bad) - 2} more") if len(bad) > 2 else ()), ", ")


def _refusal(entries: Sequence[Entry]) -> Line:
    newest = entries[0]
    reason = quote(newest.reason, _WHY)
    times = f" {len(entries):,} times" if len(entries) > 1 else ""
    what = Code(quote(newest.object, _REFUSED) or "(nothing)")
    head = spans(*_begin(newest, is_.REFUSED.sign), f" was refused{times} ", what)
    return Line(joined((head, spans(quote(newest.rule, _WHY), f" ({reason})" if reason else ""))))
