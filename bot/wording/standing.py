"""How objects stand, in lists: the answer to `status` for more than one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from bot.core.explain import Cause, LinkState
from bot.core.printing import printed, status, target_of
from bot.core.resources import Ref
from bot.core.standing import Row, Shared, Stands, Survey, Surveyed, Tally, in_all
from bot.wording import status as is_
from bot.wording.causes import blamed, reason_of_cause, root_sentence
from bot.wording.document import (
    Code,
    Document,
    Line,
    Note,
    Part,
    Passage,
    Person,
    Piece,
    Run,
    Spans,
    Strong,
    When,
    joined,
    line,
    note,
    spans,
)
from bot.wording.figures import counted, listed
from bot.wording.foreign import ELLIPSIS, TYPED, brief, cut_end, one_line, quote
from bot.wording.names import seen_from, word
from bot.wording.tables import health_items

MOST_ROWS: Final = 12
"""Failures with a line of their own."""
_HELD_UP: Final = 3
_NAMES: Final = 8
_CLUSTERS: Final = 12
_WELL: Final = 3
"""So many clusters in which all is well have a line each; more share one."""
_SAYS: Final = 160
"""Characters of a controller's sentence in a list."""

_NONE_FAILING: Final = "✅ nothing failing"
SIGNS: Final = {Stands.FAILING: "❌", Stands.SUSPENDED: "⏸️", Stands.RECONCILING: "⏳", Stands.READY: "✅"}


def surveyed(notice: Surveyed, command: str) -> Document:
    """Counts first; then what fails, with its root cause and age; then what is suspended; then the rest."""
    surveys = notice.surveys
    head = _head(surveys[0], notice) if len(surveys) == 1 else _many_head(surveys)
    parts: list[Part] = [] if len(surveys) == 1 else [*_clusters(surveys)]
    failing = tuple(row for survey in surveys for row in survey.failing)
    one = len(surveys) == 1
    parts += failures(failing, one=one)
    if not notice.failing_only:
        suspended = [row for survey in surveys for row in survey.suspended]
        reconciling = [row for survey in surveys for row in survey.reconciling]
        parts += [
            each for each in (_suspended(suspended, one=one), _reconciling(reconciling, one=one)) if each is not None
        ]
    if len(surveys) == 1 and len(surveys[0].counts) > 1:
        parts.append(Passage("by kind", table(surveys[0].counts), whole=True))
    if failing:
        parts.append(line("one of them in full: ", in_full(failing[0].ref, command)))
    parts += _hidden(surveys)
    return Document(head, (*parts, asked(notice.typed, notice.at, notice.shared)), notice.buttons)


def in_full(ref: Ref, command: str) -> Run:
    """The command that shows an object in full."""
    return Run(f"{command} {printed(status((target_of(ref),)))}")


def asked(typed: str, at: datetime, shared: Shared | None) -> Note:
    """The small print of an answer: what was asked and when it was so, and who shared it."""
    by: tuple[Piece, ...] = ("shared by ", Person(shared.user, shared.name), " · ") if shared else ()
    return note(*by, Code(one_line(typed, TYPED) or "status"), " · as of ", When(at))


# --- First lines --------------------------------------------------------------------------------------------------


def _head(survey: Survey, notice: Surveyed) -> Line:
    failing, suspended, reconciling, ready = in_all(survey.counts)
    total, place = failing + suspended + reconciling + ready, Code(quote(survey.cluster, 80))
    if not total:
        if notice.failing_only:
            return line(Strong(_NONE_FAILING), " in ", place)
        return line(Strong(str(is_.NOTHING_THERE)), " ", place, ": nothing of that is here that you may see")
    rest = counts_of(suspended, reconciling if failing else 0, ready if failing or reconciling else 0)
    if notice.failing_only and not failing:
        return line(Strong(_NONE_FAILING), " in ", place, f" · {counted(total, 'object')}")
    return line(Strong(verdict(failing, reconciling, ready, total)), " in ", place, f" · {rest}" if rest else "")


def verdict(failing: int, reconciling: int, ready: int, total: int) -> str:
    """The worst that can be said of all, as a sign and words."""
    if failing:
        return f"❌ {failing} of {total} failing"
    if reconciling:
        return f"⏳ {reconciling} of {total} reconciling"
    whole = "ready" if total == 1 else f"all {total} ready"
    return f"✅ {whole}" if ready == total else f"✅ {ready} of {total} ready"


def counts_of(suspended: int, reconciling: int, ready: int) -> str:
    """`1 suspended · 25 ready`."""
    rows = ((suspended, "suspended"), (reconciling, "reconciling"), (ready, "ready"))
    return " · ".join(f"{number} {each}" for number, each in rows if number)


def _many_head(surveys: Sequence[Survey]) -> Line:
    silent = sum(1 for each in surveys if each.error)
    sums = [in_all(each.counts) for each in surveys]
    failing, suspended, reconciling, ready = (sum(column) for column in zip(*sums, strict=True))
    total = failing + suspended + reconciling + ready
    many, told = counted(len(surveys), "cluster"), counts_of(suspended, reconciling if failing else 0, 0)
    if silent and not failing:
        rest = [f"{ready} of {total} ready" if total else "", told]
        return line(Strong(f"❌ {silent} of {many} silent"), *(f" · {each}" for each in rest if each))
    what = verdict(failing, reconciling, ready, total) if total else "✅ nothing there"
    rest = [told, f"{counted(silent, 'cluster')} silent" if silent else ""]
    return line(Strong(what), f" in {many}", *(f" · {each}" for each in rest if each))


def _clusters(surveys: Sequence[Survey]) -> list[Line]:
    """A line for each: silent ones first, then those with failures; many well ones share a line."""

    def order(survey: Survey) -> tuple[bool, bool, str]:
        return not survey.error, in_all(survey.counts)[0] == 0, survey.cluster

    rows = sorted(surveys, key=order)
    well = [each for each in rows if _is_well(each)]
    ill = [_cluster(each) for each in rows if not _is_well(each)]
    rest = len(ill) - _CLUSTERS
    more = [line(f"❌ {ELLIPSIS} and {counted(rest, 'more cluster')}")] if rest > 0 else []
    if len(well) <= _WELL:
        last = [_cluster(each) for each in well]
    else:
        last = [line(f"✅ nothing failing in {listed([quote(each.cluster, 80) for each in well], _NAMES)}")]
    return [*ill[:_CLUSTERS], *more, *last]


def _is_well(survey: Survey) -> bool:
    failing, _, reconciling, _ = in_all(survey.counts)
    return not (survey.error or failing or reconciling)


def _cluster(survey: Survey) -> Line:
    place = Code(quote(survey.cluster, 80))
    if survey.error:
        why = quote(survey.error, 200).removeprefix(f"{survey.cluster}: ")
        return line("❌ ", place, f" does not answer: {why}")
    failing, suspended, reconciling, ready = in_all(survey.counts)
    total = failing + suspended + reconciling + ready
    if not total:
        return line("✅ ", place, ": nothing of that is here")
    rest = counts_of(suspended, reconciling if failing else 0, ready if failing or reconciling else 0)
    return line(verdict(failing, reconciling, ready, total), " in ", place, f" · {rest}" if rest else "")


# --- Lists --------------------------------------------------------------------------------------------------------


def failures(rows: Sequence[Row], most: int = MOST_ROWS, *, one: bool) -> list[Line]:
    """A line for each root cause, with what it holds up; the longest failing first. `one`: all are of one cluster,
    which the first line names."""
    groups: dict[Ref, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_root(row)].append(row)
    told = [_group(root, waiting, one=one) for root, waiting in list(groups.items())[:most]]
    rest = [row.ref for waiting in list(groups.values())[most:] for row in waiting]
    if rest:
        told.append(line(f"❌ {ELLIPSIS} and {len(rest)} more: ", *_codes(rest, one=one)))
    return told


def _root(row: Row) -> Ref:
    """What is to blame; the object itself where nothing else may be named."""
    cause = row.cause
    blamable = cause is not None and cause.root.ref is not None and reason_of_cause(cause) is not None
    return cause.root.ref if blamable and cause is not None and cause.root.ref is not None else row.ref


def _group(root: Ref, rows: Sequence[Row], *, one: bool) -> Line:
    own = next((row for row in rows if row.ref == root), None)
    waiting = [row.ref for row in rows if row.ref != root]
    first = own if own is not None else rows[0]
    name = root.short if one else str(root)
    told = _own(own, name) if own is not None else _blamed(first.cause, name)
    held = spans("holds up ", *_codes(waiting, _HELD_UP, here=root)) if waiting else ()
    return Line(joined((told, held)))


def _own(row: Row, name: str) -> Spans:
    reason = word(row.reason) or word(row.stalled) or "not ready"
    given_up = f"Flux gave up ({word(row.stalled)})" if row.stalled and row.stalled != row.reason else ""
    since: tuple[Piece, ...] = ("began ", When(row.since)) if row.since else ()
    hidden = row.cause is not None and row.cause.root.ref is None
    why = root_sentence(row.cause.root, row.ref) if hidden and row.cause else says(row.message)
    return joined((spans("❌ ", Code(name), f": {reason}"), spans(given_up), why, spans(*since)))


def _blamed(cause: Cause | None, name: str) -> Spans:
    """A root cause that is not among the objects asked for."""
    if cause is None:
        return spans("❌ ", Code(name))
    link, reason = cause.root, reason_of_cause(cause)
    sign = "⏸️" if link.state is LinkState.SUSPENDED else "❌"
    since: tuple[Piece, ...] = ("began ", When(link.since)) if link.since else ()
    why = says(link.message) if link.state in (LinkState.FAILING, LinkState.WAITING) else ()
    return joined((spans(f"{sign} ", Code(name), f": {reason}"), why, spans(*since)))


def says(message: str) -> Spans:
    """What a controller says, in a few words: the objects of a health check where it names some."""
    items = health_items(message)
    if items:
        return spans(listed([str(each) for each in items], 2))
    return spans(cut_end(brief(quote(message, 400)), _SAYS))


def row_line(row: Row) -> Line:
    """One object that is not ready, with what holds it up, in a message about one cluster."""
    if row.stands is Stands.RECONCILING:
        return Line(joined((spans("⏳ ", Code(row.ref.short)), says(row.message))))
    reason = reason_of_cause(row.cause)
    if reason is None or row.cause is None:
        return Line(_own(row, row.ref.short))
    link = row.cause.root
    since: tuple[Piece, ...] = ("began ", When(link.since)) if link.since else ()
    head = spans("❌ ", Code(row.ref.short), f": {reason}", *blamed(link, row.ref))
    return Line(joined((head, says(link.message), spans(*since))))


def _suspended(rows: Sequence[Row], *, one: bool) -> Line | None:
    if not rows:
        return None
    names = [(*spans(Code(_name(row.ref, one=one))), *_by(row)) for row in rows[:_NAMES]]
    rest = f" {ELLIPSIS} {len(rows) - _NAMES} more" if len(rows) > _NAMES else ""
    return line("⏸️ suspended: ", *joined(names, ", "), rest)


def _by(row: Row) -> Spans:
    return spans(f" (by {quote(row.by, 60)})") if row.by else ()


def _reconciling(rows: Sequence[Row], *, one: bool) -> Line | None:
    if not rows:
        return None
    return line("⏳ reconciling: ", *_codes([row.ref for row in rows], one=one))


def _name(ref: Ref, *, one: bool) -> str:
    return ref.short if one else str(ref)


def _codes(refs: Sequence[Ref], most: int = _NAMES, *, here: Ref | None = None, one: bool = True) -> Spans:
    """Names as they are beside `here`, else with their cluster unless the message is about one."""
    names = [seen_from(ref, here) if here is not None else _name(ref, one=one) for ref in refs[:most]]
    rest = f" {ELLIPSIS} {len(refs) - most} more" if len(refs) > most else ""
    return (*joined((spans(Code(name)) for name in names), ", "), *spans(rest))


def _hidden(surveys: Iterable[Survey]) -> list[Part]:
    hidden = sum(each.hidden for each in surveys)
    return [note(f"{hidden:,} more that you may not see here")] if hidden else []


_COLUMNS: Final = ("failing", "susp.", "busy", "ready")


def table(counts: Sequence[Tally]) -> str:
    """A row for each kind; only columns in which anything stands."""
    rows = [(each.kind.short, (each.failing, each.suspended, each.reconciling, each.ready)) for each in counts]
    used = [index for index in range(len(_COLUMNS)) if any(numbers[index] for _, numbers in rows)]
    width = max(len(name) for name, _ in rows)
    head = " " * width + "".join(f"  {_COLUMNS[index]:>7}" for index in used)
    body = [name.ljust(width) + "".join(f"  {numbers[index] or '·':>7}" for index in used) for name, numbers in rows]
    return "\n".join((head, *body))
