"""The one message of a watch, and why a further watch is not begun."""

from __future__ import annotations

from typing import Final, assert_never

from bot.core.resources import Ref
from bot.core.standing import Beheld, Over, Stands, Unwatched, WatchedAlready, WatchesFull, in_all
from bot.wording import status as is_
from bot.wording.batches import bar
from bot.wording.document import (
    Clockface,
    Code,
    Document,
    Line,
    Link,
    Note,
    Part,
    Person,
    Piece,
    Strong,
    When,
    joined,
    line,
    note,
    spans,
)
from bot.wording.figures import counted, duration
from bot.wording.foreign import ELLIPSIS, TYPED, one_line, quote
from bot.wording.standing import counts_of, in_full, row_line, verdict

MOST_ROWS: Final = 8


def beheld(notice: Beheld) -> Document:
    """A bar and the counts, then what is not ready and why."""
    failing, suspended, reconciling, ready = in_all(notice.counts)
    wanted = failing + reconciling + ready
    sums = f" · {failing} failing" if failing else ""
    head = line(
        Strong(str(is_.WATCHING)),
        " ",
        _place(notice),
        f" {bar(ready, wanted)} {ready} of {wanted} ready{sums}",
        f" · {counts_of(suspended, reconciling, 0)}" if suspended or reconciling else "",
    )
    blind = f"the bot sees nothing of {quote(notice.cluster, 80)} at present; this is what it saw last"
    parts: list[Part] = [line(f"⚠️ {blind}")] if notice.blind else []
    return Document(head, (*parts, *_rows(notice), _small_print(notice, still=True)), notice.buttons)


def unwatched(notice: Unwatched, command: str) -> Document:
    """The last state, and why it is the last one."""
    last = notice.last
    failing, suspended, reconciling, ready = in_all(last.counts)
    rows = _rows(last)
    hint: list[Part] = []
    if last.rows and last.rows[0].stands is Stands.FAILING:
        hint.append(line("one of them in full: ", in_full(last.rows[0].ref, command)))
    seen: list[Part] = [line("the bot saw nothing of it in the end; this is what it saw last")] if last.blind else []
    tail = f" · {suspended} suspended" if suspended else ""
    total = failing + suspended + reconciling + ready
    state = f"{failing + reconciling} of {total} not ready" if failing or reconciling else "all ready"
    return Document(_end(notice, ready, total, state, tail), (*seen, *rows, *hint, _small_print(last, still=False)))


def _end(notice: Unwatched, ready: int, total: int, state: str, tail: str) -> Line:
    place, after = _place(notice.last), f" after {duration(notice.took)}" if notice.took else ""
    match notice.over:
        case Over.READY:
            return line(Strong(verdict(0, 0, ready, total)), " in ", place, f"{after or ' already'}{tail}")
        case Over.TIME:
            return line(Strong(str(is_.NOT_FINISHED)), " ", place, f": {state}{after}{tail}")
        case Over.GONE:
            return line(Strong(str(is_.NOTHING_THERE)), " ", place, f": nothing that was watched is left{after}")
        case Over.STOPPED:
            why: tuple[Piece, ...] = ("the bot was stopped",)
        case Over.BROKE:
            why = ("sorry, the bot itself failed here",)
        case Over.CANCELLED:
            why = ("cancelled by ", Person("", notice.by))
        case _:
            assert_never(notice.over)
    return line(Strong(str(is_.UNWATCHED)), " ", place, ": ", *why, f" · {state}{after}{tail}")


def watched_already(notice: WatchedAlready) -> Document:
    """The same is being watched here."""
    where: tuple[Piece, ...] = (Link("↗ that message", notice.link),) if notice.link else ()
    return Document(
        line(
            Strong("🟰 watched already"),
            ": the same is being watched here, asked by ",
            Person("", notice.name),
            ", until ",
            When(notice.until, Clockface.TIME),
            *((" ", *where) if where else ()),
        ),
        (note(notice.watch),),
    )


def watches_full(notice: WatchesFull) -> Document:
    """As many as there may be."""
    whose = "yours" if notice.mine else "this channel's"
    head = line(Strong("💤 not begun"), f": {counted(notice.most, 'watch', 'watches')} of {whose} run already")
    return Document(head, (line("Next: wait until one is over, or end one with ", Code("cancel ID"), "."),))


def _rows(notice: Beheld) -> list[Part]:
    told: list[Part] = [row_line(row) for row in notice.rows[:MOST_ROWS]]
    rest: list[Ref] = [row.ref for row in notice.rows[MOST_ROWS:]]
    if rest:
        names = joined((spans(Code(ref.short)) for ref in rest[:MOST_ROWS]), ", ")
        more = f" {ELLIPSIS} {len(rest) - MOST_ROWS} more" if len(rest) > MOST_ROWS else ""
        told.append(line(f"{ELLIPSIS} and {len(rest)} more not ready: ", *names, more))
    return told


def _place(notice: Beheld) -> Code:
    return Code(quote(notice.cluster, 80))


def _small_print(notice: Beheld, *, still: bool) -> Note:
    typed = one_line(notice.typed, TYPED)
    until: tuple[Piece, ...] = (" · until ", When(notice.until, Clockface.TIME)) if still else ()
    said: tuple[Piece, ...] = (" · ", Code(typed)) if typed else ()
    return note("asked by ", Person(notice.user, notice.name), *said, *until, f" · {notice.watch}")
