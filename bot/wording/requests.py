"""The messages of a request: what goes on, how it ended, the details in its thread, the mention that calls back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from bot.core.notices import Account, Asked, Blocked, Detailed, Finished, Going, Mentioned, Running, Track
from bot.core.resources import Ref
from bot.core.verdicts import Succeeded
from bot.wording import status as is_
from bot.wording import tables
from bot.wording.asking import ask
from bot.wording.causes import chain, root_sentence
from bot.wording.document import (
    Code,
    Document,
    Line,
    Note,
    Part,
    Passage,
    Person,
    Piece,
    Ping,
    Plain,
    Strong,
    When,
    joined,
    line,
    note,
    spans,
)
from bot.wording.figures import counted, duration
from bot.wording.foreign import TYPED, one_line
from bot.wording.names import fitted, head_room
from bot.wording.scene import NEXT, Told, is_next_step
from bot.wording.stages import doing, stage_line
from bot.wording.status import Status
from bot.wording.successes import helm, helm_rows, stays
from bot.wording.verdicts import slow, tell

FACTS: Final = 3
"""Lines between the first one and the buttons."""


def running(notice: Running, command: str) -> Document:
    """What goes on; changes only when a stage does."""
    small = small_print(notice.asked, started=True)
    if len(notice.tracks) == 1:
        track = notice.tracks[0]
        head = _head(is_.RUNNING, track.target, Told(is_.RUNNING, tail=spans(*_options(notice.asked))))
        facts = [*_stages(track, FACTS)]
        if track.slow is not None:
            facts = [*facts[: FACTS - 1], Line(slow(track.slow))]
        return Document(head, (*facts, *_whole_names(head, notice.tracks), small), notice.buttons)
    told = [(track, tell(track, notice.asked, command)) for track in notice.tracks]
    lines = tuple(_going(track, each) for track, each in told)
    return Document(_many_running(told, notice.asked), (*lines, small), notice.buttons)


def finished(notice: Finished, command: str) -> Document:
    """How it ended: verdict, object and reason first; several objects have a line each, the failed ones first."""
    small = small_print(notice.asked)
    if len(notice.tracks) == 1:
        track = notice.tracks[0]
        told = tell(track, notice.asked, command)
        head = _head(told.status, track.target, told)
        facts = tuple(Line(fact) for fact in told.facts[:FACTS])
        return Document(head, (*facts, *_whole_names(head, notice.tracks), small), notice.buttons)
    rows = _worst_first([(track, tell(track, notice.asked, command)) for track in notice.tracks])
    return Document(_many_head(rows, duration(notice.took)), (*(_row(*row) for row in rows), small), notice.buttons)


def mentioned(notice: Mentioned, command: str) -> Document:
    """One line that pings its asker."""
    rows = _worst_first([(track, tell(track, notice.asked, command)) for track in notice.tracks])
    if len(rows) == 1:
        track, told = rows[0]
        head = _head(told.status, track.target, told)
    else:
        head = _many_head(rows)
    return Document(Line((*head.spans, Plain(" "), Ping(notice.asked.user, notice.asked.name))))


def detailed(notice: Detailed, command: str) -> Document:
    """Stages, what changed or is wrong, events, counts, next steps: of each object, the failed ones first."""
    rows = [(account, tell(account.track, notice.asked, command)) for account in notice.accounts]
    rows.sort(key=lambda row: not row[1].status.bad)
    if len(rows) == 1:
        account, told = rows[0]
        title = _head(told.status, account.track.target, told)
        return Document(title, _account(account, told, notice.asked, command))
    parts: list[Part] = []
    for account, told in rows:
        parts += [_head(told.status, account.track.target, told), *_account(account, told, notice.asked, command)]
    return Document(line(Strong("Details"), f" of {counted(len(rows), 'object')}"), tuple(parts))


# --- First lines --------------------------------------------------------------------------------------------------


def _head(status: Status, ref: Ref, told: Told) -> Line:
    reason = f": {told.reason}" if told.reason else ""
    name = fitted(ref, head_room(str(status), told.reason))
    return line(Strong(str(status)), " ", Code(name), reason, *told.tail)


def _many_head(rows: Sequence[tuple[Track, Told]], took: str = "") -> Line:
    worst_track, worst = rows[0]
    words = Counter(told.status.word for _, told in rows)
    bad = sum(told.status.bad for _, told in rows)
    if bad:
        what = worst.status.word if words[worst.status.word] == bad else "not done"
        status = f"{worst.status.sign} {bad} of {len(rows)} {what}"
    else:
        status = f"{worst.status.sign} {len(rows)} of {len(rows)} {worst.status.word if len(words) == 1 else 'done'}"
    reason = f": {worst.reason}" if bad and worst.reason else ""
    name = fitted(worst_track.target, head_room(status, worst.reason))
    if bad and words[worst.status.word] == bad:
        del words[worst.status.word]
    sums = ", ".join(f"{number} {each}" for each, number in words.items()) if bad or len(words) > 1 else ""
    rest = f" and {len(rows) - 1} more" if not bad else ""
    tail = joined((spans(sums), spans(took)))
    return line(Strong(status), " ", Code(name), reason, rest, *spans(" · " if tail else ""), *tail)


def _many_running(told: Sequence[tuple[Track, Told]], asked: Asked) -> Line:
    ended = Counter(each.status.word for track, each in told if track.outcome is not None)
    sums = ", ".join(f"{number} {each}" for each, number in ended.items())
    first = fitted(told[0][0].target, head_room(str(is_.RUNNING), " and 19 more"))
    name = (Code(first), f" and {len(told) - 1} more")
    return line(Strong(str(is_.RUNNING)), " ", *name, *_options(asked), f" · {sums}" if sums else "")


def _options(asked: Asked) -> tuple[Piece, ...]:
    options = asked.options
    rows = (
        (options.with_source, " with source"),
        (options.force, " with force"),
        (options.reset, " with reset"),
    )
    return tuple(text for chosen, text in rows if chosen)


def _worst_first(rows: Sequence[tuple[Track, Told]]) -> list[tuple[Track, Told]]:
    def rank(row: tuple[Track, Told]) -> int:
        if row[1].status.bad:
            return 0 if row[1].reason else 1
        return 2 if row[1].status is is_.WARNED else 3

    return sorted(rows, key=rank)


def _whole_names(head: Line, tracks: Sequence[Track]) -> tuple[Note, ...]:
    """The name again where the first line had no room for it: it must be there to be copied."""
    shown = {span.text for span in head.spans if isinstance(span, Code)}
    return tuple(note(Code(str(track.target))) for track in tracks if str(track.target) not in shown)


def small_print(asked: Asked, *, started: bool = False) -> Note:
    """Who asked for it, when, in which words, and the request's id."""
    when: tuple[Piece, ...] = (" ", When(asked.at)) if started else ()
    typed = one_line(asked.typed, TYPED)
    said = (" · ", Code(typed)) if typed else ()
    by = asked.cancelled
    cancelled: tuple[Piece, ...] = (" · cancelled by ", Person(by.user, by.name)) if by is not None else ()
    return note("asked by ", Person(asked.user, asked.name), *when, *cancelled, *said, f" · {asked.request}")


# --- Lines of one object ------------------------------------------------------------------------------------------


def _row(track: Track, told: Told) -> Line:
    reason = f": {told.reason}" if told.reason else ""
    fact = (Plain(" · "), *told.facts[0]) if told.facts else ()
    return line(str(told.status), " ", Code(str(track.target)), reason, *told.tail, *fact)


def _going(track: Track, told: Told) -> Line:
    if track.outcome is not None:
        return _row(track, told)
    stage = next((each for each in track.stages if each.going is Going.RUNNING), None)
    what = doing(stage, track.target) if stage else ()
    return Line(joined((spans("⏳ ", Code(str(track.target))), what)))


def _stages(track: Track, most: int) -> tuple[Line, ...]:
    """A line per stage; where there are too many, the first ones that are done share one."""
    stages, done = list(track.stages), 0
    while len(stages) + bool(done) > most and stages[0].going in (Going.DONE, Going.SKIPPED):
        stages.pop(0)
        done += 1
    lines = [stage_line(each, track.target) for each in stages[: most - bool(done)]]
    return (line(f"✅ {counted(done, 'stage')} done"), *lines) if done else tuple(lines)


# --- The thread ---------------------------------------------------------------------------------------------------


def _account(account: Account, told: Told, asked: Asked, command: str) -> tuple[Part, ...]:
    track = account.track
    parts: list[Part] = [stage_line(each, track.target, over=track.outcome is not None) for each in track.stages]
    parts += _changed(track)
    parts += _wrong(track)
    if account.conditions:
        parts.append(Passage("conditions", tables.conditions(account.conditions)))
    if account.events:
        parts.append(Passage("events since the request", tables.events(account.events)))
    if account.counts is not None and account.counts.kinds:
        where = f"{account.counts.cluster} {account.counts.namespace}"
        parts.append(line("now in ", Code(where), f": {tables.counts(account.counts)}"))
    return (*parts, *_steps(track, told, asked, command))


def _changed(track: Track) -> list[Part]:
    end = track.outcome.end if track.outcome else None
    if track.outcome and track.outcome.healed and not isinstance(track.outcome.end, Blocked):
        end = track.outcome.healed.verdict
    if not isinstance(end, Succeeded):
        return []
    release = helm(end.change)
    kept = stays(track.outcome.now if track.outcome else None)
    rows = ([release] if release else []) + list(helm_rows(end.change))
    return [*(line(row) for row in tables.inventory(end.change, kept)), *map(Line, rows)]


def _wrong(track: Track) -> list[Part]:
    cause = track.outcome.cause if track.outcome else None
    if cause is None or not cause.links:
        return []
    facts = (root_sentence(cause.root, track.target), chain(cause, track.target))
    return [Line(fact) for fact in facts if fact]


def _steps(track: Track, told: Told, asked: Asked, command: str) -> list[Part]:
    """What to do next; nothing where all is well."""
    if track.outcome is None:
        return []
    if told.status is is_.UNCHANGED and track.outcome.source and not asked.options.with_source:
        return [line(NEXT, ask(command, track.target, with_source=True), " asks the source for something newer.")]
    if not told.status.bad:
        return []
    hints = [Line(fact) for fact in told.facts if is_next_step(fact)]
    again = line("Then ask again: ", ask(command, track.target, with_source=asked.options.with_source))
    return [*hints, again] if told.status in (is_.FAILED, is_.STALLED, is_.NOT_STARTED) else list(hints)
