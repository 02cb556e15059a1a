"""The thread of `all`: failures with their causes and last events, then every object by its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from bot.core.notices import Account, Asked, BatchDetailed, Blocked, Stopped, Track
from bot.core.resources import Ref
from bot.core.verdicts import Cancelled, Failed, Overtaken, Stalled
from bot.wording import tables
from bot.wording.batches import MOST_FAILED, Sort, because, failed_row, left_out, sorted_as, where, worst_first
from bot.wording.causes import root_sentence
from bot.wording.document import Code, Document, Line, Part, Passage, Strong, line
from bot.wording.figures import counted
from bot.wording.foreign import flat, foreign
from bot.wording.names import HIDDEN
from bot.wording.tables import from_to
from bot.wording.verdicts import tell

_AFTER: Final = (
    *(Sort.CANCELLED, Sort.HEALED, Sort.CHANGED, Sort.UNCHANGED),
    *(Sort.SUSPENDED, Sort.SKIPPED, Sort.STATIC),
)
"""The lists behind the failures and what these block, in this order."""
_PAGE: Final = 2_800
"""Characters of one list: what a block holds, less its title."""
_WIDTH: Final = 300
"""Characters of names in one line of a list."""


def batch_detailed(notice: BatchDetailed, command: str) -> Document:
    """Failures with cause and last events, then what changed, then the rest: every object is in one of the lists."""
    parts: list[Part] = []
    accounts = {account.track.target: account for account in notice.accounts}
    sorted_: dict[Sort, list[Track]] = defaultdict(list)
    for track in notice.tracks:
        sorted_[sorted_as(track)].append(track)
    told = worst_first(notice.tracks)
    shown = max(len(accounts), MOST_FAILED)
    for track in told[:shown]:
        parts += _failure(track, accounts.get(track.target), notice.asked, command)
    rest = told[shown:]
    parts += _pages("failed as well", [(_reason(track), track.target) for track in rest])
    blocked = [(_blocking(track), track.target) for track in sorted_[Sort.BLOCKED]]
    parts += _pages("blocked", blocked)
    for sort in _AFTER:
        parts += _pages(sort.value, [(_moved(track, sort), track.target) for track in sorted_[sort]])
    head = line(Strong("Details"), f" of {counted(len(notice.tracks), 'object')} in ", Code(where(notice.batch)))
    return Document(head, (*parts, *left_out(notice.batch)))


def _failure(track: Track, account: Account | None, asked: Asked, command: str) -> list[Part]:
    cause = track.outcome.cause if track.outcome is not None else None
    told = tell(track, asked, command)
    parts: list[Part] = [failed_row(track, asked, command), *(Line(fact) for fact in told.facts[1:])]
    if cause is not None and cause.links and not told.facts:
        parts.append(Line(root_sentence(cause.root, track.target)))
    if account is not None and account.events:
        parts.append(Passage(f"last events of {track.target.name}", tables.events(account.events[-3:])))
    return parts


def _reason(track: Track) -> str:
    end = track.outcome.end if track.outcome is not None else None
    end = end.verdict if isinstance(end, Overtaken) else end
    match end:
        case Failed(reason=reason) | Stalled(reason=reason):
            return flat(foreign(reason))[:80]
        case Stopped(stop=stop):
            return stop.value
        case _:
            return sorted_as(track).value


def _blocking(track: Track) -> str:
    end = track.outcome.end if track.outcome is not None else None
    if isinstance(end, Blocked):
        return f"by {end.by.short if end.by is not None else HIDDEN}{because(end)}"
    return "in a circle of dependencies"


def _moved(track: Track, sort: Sort) -> str:
    """What stands above the names of a list: the revisions where they are the same for many."""
    stage = track.stages[0] if track.stages else None
    if sort is Sort.CANCELLED:
        sent = track.outcome is not None and isinstance(track.outcome.end, Cancelled)
        return "asked already; Flux goes on by itself" if sent else "not sent"
    if stage is None or sort in (Sort.SUSPENDED, Sort.SKIPPED, Sort.STATIC):
        return ""
    if sort is Sort.UNCHANGED:
        return f"at {from_to('', stage.after)}" if stage.after else ""
    return from_to(stage.before, stage.after)


def _pages(title: str, rows: Sequence[tuple[str, Ref]]) -> list[Part]:
    """Every name, under what it has in common with others, in as many blocks as that takes."""
    if not rows:
        return []
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for heading, ref in rows:
        groups[heading][f"{ref.kind.short}/{ref.namespace}"].append(ref.name)
    lines: list[str] = []
    for heading, places in groups.items():
        lines += [heading] if heading else []
        for place, names in places.items():
            lines += [f"{'  ' if heading else ''}{place}: {text}" for text in _wrapped(names)]
    pages = _split(lines)
    count = f"{title}, {len(rows):,}"
    return [
        Passage(count if place == 0 else f"{title}, continued", "\n".join(page), whole=True)
        for place, page in enumerate(pages)
    ]


def _wrapped(names: Iterable[str]) -> list[str]:
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) + 2 > _WIDTH:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{name}"
    return lines


def _split(lines: Iterable[str]) -> list[list[str]]:
    pages: list[list[str]] = [[]]
    room = _PAGE
    for each in lines:
        if pages[-1] and room < len(each) + 1:
            pages.append([])
            room = _PAGE
        pages[-1].append(each)
        room -= len(each) + 1
    return pages
