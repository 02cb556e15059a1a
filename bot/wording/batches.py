"""The root of `all`: how far it has come, then the sum of it with what failed and why. Its thread: batch_lists.py."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import Enum
from typing import Final, assert_never

from bot.core.notices import (
    Asked,
    Batch,
    BatchFinished,
    BatchMentioned,
    BatchRunning,
    Blocked,
    Going,
    NoneSelected,
    Outcome,
    Stop,
    Stopped,
    Track,
)
from bot.core.resources import Ref
from bot.core.verdicts import (
    Broken,
    Cancelled,
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Skipped,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
)
from bot.wording import status as is_
from bot.wording.document import (
    Code,
    Document,
    Line,
    Note,
    Part,
    Ping,
    Plain,
    Span,
    Spans,
    Strong,
    joined,
    line,
    note,
    spans,
)
from bot.wording.figures import counted, duration, listed
from bot.wording.foreign import ELLIPSIS, TYPED, cut_end, flat, foreign, one_line
from bot.wording.names import named
from bot.wording.requests import small_print
from bot.wording.verdicts import pending, tell

BAR: Final = 10
_NOW: Final = 3
"""Running objects in the root."""
MOST_FAILED: Final = 5
"""Failed objects in the root; the thread has all."""
_NAMES: Final = 6
_DOING: Final = 40
"""Characters of what one of many does just now."""
_LIMITS: Final = re.compile(r"(:? (?:for|with) (?:revision|a timeout|chart|new index)\b.*|: new .*)$")
_FACT: Final = 140
"""Characters of what one of many failures says in the root."""


class Sort(Enum):
    """What became of one of many, in the word that counts it."""

    FAILED = "failed"
    NOT_SENT = "not sent"
    NOT_FINISHED = "not finished"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    HEALED = "healed"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SUSPENDED = "suspended"
    SKIPPED = "outside its schedule"
    STATIC = "nothing to reconcile"


BAD: Final = (Sort.FAILED, Sort.NOT_SENT, Sort.NOT_FINISHED)
"""What somebody should look at; the blocked ones follow from it."""
_TOLD_FIRST: Final = (*BAD, Sort.BLOCKED, Sort.CANCELLED)
_CALM: Final = {
    Sort.UNCHANGED: is_.UNCHANGED,
    Sort.SUSPENDED: is_.SUSPENDED,
    Sort.SKIPPED: is_.SKIPPED,
    Sort.STATIC: is_.UNCHANGED,
}
"""What may be said of all of them where nothing happened, with its sign."""


def sort_of(outcome: Outcome) -> Sort:  # noqa: C901 - one line per verdict
    """In which count one object goes."""
    if outcome.healed is not None and isinstance(outcome.healed.verdict, Succeeded | Unchanged):
        return Sort.BLOCKED if isinstance(outcome.end, Blocked) else Sort.HEALED
    end = outcome.end.verdict if isinstance(outcome.end, Overtaken) else outcome.end
    match end:
        case Succeeded():
            return Sort.CHANGED
        case Unchanged():
            return Sort.UNCHANGED
        case Suspended():
            return Sort.SUSPENDED
        case Skipped():
            return Sort.SKIPPED
        case Static():
            return Sort.STATIC
        case TimedOut():
            return Sort.NOT_FINISHED
        case (
            Cancelled()
            | Stopped(stop=Stop.CANCELLED)
            | Blocked(verdict=Cancelled())
            | Blocked(verdict=Stopped(stop=Stop.CANCELLED))
        ):
            return Sort.CANCELLED
        case Blocked() | Stopped(stop=Stop.CYCLE):
            return Sort.BLOCKED
        case Stopped():
            return Sort.NOT_SENT
        case Failed() | Stalled() | Gone() | Deleting() | Broken():
            return Sort.FAILED
        case _:
            assert_never(end)


# --- The root -----------------------------------------------------------------------------------------------------


def batch_running(notice: BatchRunning) -> Document:
    """A bar, the counts, and what runs now."""
    count = _count(notice.tracks)
    done, total = sum(count.values()), len(notice.tracks)
    sums = "".join(f" · {number} {sort.value}" for sort, number in _ordered(count))
    head = line(
        Strong(str(is_.RUNNING)), " ", Code(where(notice.batch)), f" {bar(done, total)} {done} of {total}{sums}"
    )
    facts = [line(_kinds(notice.batch))]
    now = [track for track in notice.tracks if track.outcome is None and track.stages[0].going is Going.RUNNING]
    if now:
        more = f" {ELLIPSIS} and {len(now) - _NOW} more" if len(now) > _NOW else ""
        facts.append(line("now: ", *joined((_running(track) for track in now[:_NOW]), ", "), more))
    return Document(head, (*facts, small_print(notice.asked, started=True)), notice.buttons)


def bar(done: int, total: int) -> str:
    """`▓▓▓▓▓▓▓░░░`; full only when all is done."""
    filled = done * BAR // max(total, 1)
    return "▓" * filled + "░" * (BAR - filled)


def _running(track: Track) -> Spans:
    """`apps (running health checks)`: a controller's sentence up to its revision and time limit."""
    waits = track.stages[0].pending
    said = (
        "".join(span.text for span in pending(waits) if isinstance(span, Plain | Code)) if waits is not None else ""
    )
    what = cut_end(_LIMITS.sub("", said), _DOING)
    return spans(Code(track.target.name), f" ({what[:1].lower()}{what[1:]})" if what else "")


def batch_finished(notice: BatchFinished, command: str) -> Document:
    """The sum first; then each failure with its cause and whom it blocks; then what was left out."""
    count = _count(notice.tracks)
    facts: list[Part] = []
    failed = worst_first(notice.tracks)
    for track in failed[:MOST_FAILED]:
        facts += [failed_row(track, notice.asked, command), *_blocked_by(track.target, notice.tracks)]
    if len(failed) > MOST_FAILED:
        facts.append(line(f"and {len(failed) - MOST_FAILED} more, in the thread: ", _names(failed[MOST_FAILED:])))
    facts += _blocked_otherwise(notice.tracks, {track.target for track in failed})
    facts += _cancelled(notice.tracks)
    if suspended := [track for track in notice.tracks if sorted_as(track) is Sort.SUSPENDED]:
        facts.append(line(f"{is_.SUSPENDED}: ", _names(suspended)))
    rest = (*left_out(notice.batch), small_print(notice.asked))
    return Document(_sum(notice, count), (*facts, *rest), notice.buttons)


def batch_mentioned(notice: BatchMentioned) -> Document:
    """The sum once more, with a ping."""
    summed = _sum(notice, _count(notice.tracks))
    return Document(Line((*summed.spans, Plain(" "), Ping(notice.asked.user, notice.asked.name))))


def worst_first(tracks: Sequence[Track]) -> list[Track]:
    """What somebody should look at, that which keeps most others from running first."""
    behind = Counter(_blocker(track.outcome) for track in tracks if track.outcome is not None)
    failed = [track for track in tracks if sorted_as(track) in BAD]
    return sorted(failed, key=lambda track: -behind[track.target])


def _sum(notice: BatchFinished | BatchMentioned, count: Counter[Sort]) -> Line:
    verdict, told = _headline(count, len(notice.tracks))
    sums = ", ".join(f"{number} {sort.value}" for sort, number in _ordered(count) if sort is not told)
    tail = joined((spans(sums), spans(duration(notice.took))))
    return line(Strong(verdict), " ", Code(where(notice.batch)), " · ", *tail)


def _headline(count: Counter[Sort], total: int) -> tuple[str, Sort | None]:
    """The number that matters most, and which count it tells."""
    first = next((sort for sort in _TOLD_FIRST if count[sort]), None)
    if first is not None:
        bad = sum(count[each] for each in _TOLD_FIRST)
        sign = is_.CANCELLED.sign if bad == count[Sort.CANCELLED] else is_.FAILED.sign
        return f"{sign} {count[first]} of {total} {first.value}", first
    if changed := count[Sort.CHANGED] + count[Sort.HEALED]:
        return f"{is_.DONE.sign} {changed + count[Sort.UNCHANGED]} of {total} {is_.DONE.word}", None
    calm = next((sort for sort in _CALM if count[sort]), Sort.UNCHANGED)
    return f"{_CALM[calm].sign} {count[calm]} of {total} {calm.value}", calm


def failed_row(track: Track, asked: Asked, command: str) -> Line:
    """One object in a line: its status and reason, whose reason it is, and the first fact as far as there is room."""
    told = tell(track, asked, command)
    reason = f": {told.reason}" if told.reason else ""
    more = [_short(fact) for fact in told.facts[:1]]
    return Line(
        joined(
            (
                spans(
                    f"{told.status.sign} ", Code(track.target.short), reason or f": {told.status.word}", *told.tail
                ),
                *more,
            )
        )
    )


def _short(fact: Spans) -> Spans:
    """A fact that one of many has room for; the thread has all of it."""
    kept: list[Span] = []
    room = _FACT
    for span in fact:
        if room <= 0:
            break
        match span:
            case Plain(text) | Code(text):
                kept.append(replace(span, text=cut_end(text, room)))
                room -= len(text)
            case _:
                kept.append(span)
    return tuple(kept)


def _blocked_by(ref: Ref, tracks: Sequence[Track]) -> list[Part]:
    behind = [each for each in tracks if each.outcome is not None and _blocker(each.outcome) == ref]
    return [line("blocked by it: ", _names(behind))] if behind else []


def _blocker(outcome: Outcome) -> Ref | None:
    return outcome.end.by if isinstance(outcome.end, Blocked) else None


def _blocked_otherwise(tracks: Sequence[Track], failed: set[Ref]) -> list[Part]:
    """By something that was not part of this, by a circle, or by what may not be named."""
    rows: dict[Spans, list[Track]] = defaultdict(list)
    for track in tracks:
        end = track.outcome.end if track.outcome is not None else None
        match end:
            case Blocked(by=by) if by is None or by not in failed:
                rows[spans("blocked by ", named(by, track.target), because(end))].append(track)
            case Stopped(stop=Stop.CYCLE, way=way):
                rows[_circle(way)].append(track)
    return [Line((*why, Plain(": "), Plain(_names(behind)))) for why, behind in rows.items()]


def _cancelled(tracks: Sequence[Track]) -> list[Part]:
    """What was asked before somebody cancelled, and what was not."""
    cut = [track for track in tracks if sorted_as(track) is Sort.CANCELLED and track.outcome is not None]
    sent = [track for track in cut if track.outcome is not None and isinstance(track.outcome.end, Cancelled)]
    unsent = [track for track in cut if track not in sent]
    rows = ((sent, "asked already, and Flux goes on with: "), (unsent, "not sent: "))
    return [line(text, _names(found)) for found, text in rows if found]


def because(end: Blocked) -> str:
    """` (HealthCheckFailed)`: why what blocks it is no better, in a word; empty where that is not known."""
    match end.verdict:
        case Failed(reason=reason) | Stalled(reason=reason) if reason:
            return f" ({flat(foreign(reason))[:60]})"
        case Suspended():
            return " (suspended)"
        case Gone():
            return " (missing)" if end.by is not None else ""
        case _:
            return ""


def _circle(way: Sequence[Ref]) -> Spans:
    names = [each.name for each in (*way, *way[:1])]
    return spans("in a circle of dependencies, ", Code(" → ".join(names[:_NAMES])))


def left_out(batch: Batch) -> list[Note]:
    """What the selection did not reach, counted."""
    rows = (
        (batch.hidden, "left out, as no rule here lets you", "object"),
        (batch.unfetched, "not fetched, as no rule here lets you", "source"),
        (batch.elsewhere, "with -A besides", "object"),
    )
    told = [f"{text}: {counted(number, one)}" for number, text, one in rows if number]
    return [note(" · ".join(told))] if told else []


# --- Nothing to do ------------------------------------------------------------------------------------------------


def none_selected(notice: NoneSelected) -> Document:
    """Why a selection came to no request."""
    typed = Code(one_line(notice.typed, TYPED))
    place = notice.cluster + (f" {notice.namespace}" if notice.namespace else "")
    if notice.found:
        head = line(
            Strong(str(is_.UNCLEAR)),
            ": ",
            typed,
            f" is {notice.found:,} objects; {notice.most:,} are the most at once",
        )
        return Document(head, (line("name a namespace with -n, a kind, or a label with -l"),))
    head = line(
        Strong(str(is_.NOT_FOUND)), ": ", typed, " holds nothing in ", Code(place), " that you may reconcile here"
    )
    rows = []
    if notice.hidden:
        rows.append(line(f"{counted(notice.hidden, 'object')} fit, and no rule of this channel lets you"))
    if notice.elsewhere:
        rows.append(line(f"in other namespaces there are {notice.elsewhere:,}: add -A"))
    return Document(head, tuple(rows))


# --- Small things -------------------------------------------------------------------------------------------------


def where(batch: Batch) -> str:
    """`prod flux-system`."""
    return f"{batch.cluster} {batch.namespace}" if batch.namespace else f"{batch.cluster}, several namespaces"


def _kinds(batch: Batch) -> str:
    return ", ".join(counted(number, kind) for kind, number in batch.kinds)


def sorted_as(track: Track) -> Sort:
    """In which count a track goes when everything is over."""
    return sort_of(track.outcome) if track.outcome is not None else Sort.NOT_FINISHED


def _count(tracks: Iterable[Track]) -> Counter[Sort]:
    return Counter(sort_of(track.outcome) for track in tracks if track.outcome is not None)


def _ordered(count: Counter[Sort]) -> list[tuple[Sort, int]]:
    return [(sort, count[sort]) for sort in Sort if count[sort]]


def _names(tracks: Sequence[Track]) -> str:
    return listed([track.target.name for track in tracks], _NAMES)
