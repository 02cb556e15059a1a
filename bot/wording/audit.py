"""The audit channel: one line for one request, or for refusals that were folded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from bot.core.audit import Entry, Result
from bot.core.notices import Audited, ChannelOff
from bot.wording import status as is_
from bot.wording.document import Code, Document, Line, Link, Person, Piece, Plain, Spans, Strong, joined, line, spans
from bot.wording.figures import counted, duration, listed
from bot.wording.foreign import cut_middle, quote
from bot.wording.status import Status
from bot.wording.tables import from_to

STATUS: Final[dict[Result, Status]] = {
    Result.CHANGED: is_.DONE,
    Result.UNCHANGED: is_.UNCHANGED,
    Result.FAILED: is_.FAILED,
    Result.STALLED: is_.STALLED,
    Result.TIMED_OUT: is_.NOT_FINISHED,
    Result.SUSPENDED: is_.SUSPENDED,
    Result.SKIPPED: is_.SKIPPED,
    Result.GONE: is_.NOT_FOUND,
    Result.STATIC: is_.STATIC,
    Result.BLOCKED: is_.NOT_STARTED,
    Result.CANCELLED: is_.CANCELLED,
    Result.BROKEN: Status("❌", "not carried out", bad=True),
    Result.REFUSED: is_.REFUSED,
}
WELL: Final = (Result.CHANGED, Result.UNCHANGED)
_WORST_FIRST: Final = (
    Result.FAILED,
    Result.STALLED,
    Result.BROKEN,
    Result.BLOCKED,
    Result.TIMED_OUT,
    Result.CANCELLED,
    Result.GONE,
    Result.STATIC,
    Result.SUSPENDED,
    Result.REFUSED,
    Result.SKIPPED,
    Result.CHANGED,
    Result.UNCHANGED,
)
_NAMED: Final = 500
"""Characters that the names of several objects may take in one line; what does not fit is counted."""
_ALSO: Final = 4
_NAME: Final = 90


def audited(notice: Audited) -> Document:
    """One line per request, with whatever was patched on the way; one line for refusals that were folded."""
    entries = notice.entries or notice.also
    if not entries:
        return Document(line(str(is_.REFUSED)))
    if entries[0].outcome is Result.REFUSED:
        return Document(Line((*_refusal(entries[-1]), *_folded(notice))))
    also = _also(notice.also if notice.entries else (), _cluster(entries[-1]))
    told = _one(entries[0]) if len(entries) == 1 else _several(entries)
    return Document(Line((*joined((*told, also)), *thread(entries[0]))))


def _one(entry: Entry) -> tuple[Spans, ...]:
    status = STATUS[entry.outcome]
    what = Code(quote(entry.object, 400) or "(nothing)")
    return (
        (*spans(f"{status.sign} "), *_who((entry,)), *spans(did((entry,)), what, _where(entry))),
        _rule(entry),
        ending(entry, status),
        took((entry,)),
    )


def _several(entries: tuple[Entry, ...]) -> tuple[Spans, ...]:
    ordered = worst_first(entries)
    first = entries[0]
    head = spans(
        f"{STATUS[ordered[0].outcome].sign} ",
        *_who(entries),
        f"{did(entries)}{counted(len(entries), 'object')}{_where(first)}",
    )
    return (head, _rule(first), *outcomes(ordered), took(entries))


def worst_first(entries: Sequence[Entry]) -> list[Entry]:
    """The entries of a request, with those first that somebody has to look at."""
    return sorted(entries, key=lambda entry: _WORST_FIRST.index(entry.outcome))


def outcomes(ordered: Sequence[Entry], room: int = _NAMED) -> list[Spans]:
    """`1 failed: prod ks/shop/a HealthCheckFailed`: each outcome with its objects, as far as there is room. Outcomes
    that are alike have to stand together."""
    told: list[Spans] = []
    cluster = ""
    for outcome, members in groupby(ordered, key=lambda entry: entry.outcome):
        group, named = list(members), list[Spans]()
        for entry in group:
            item = _item(entry, cluster)
            room -= _length(item)
            if room < 0:
                break
            named.append(item)
            cluster = _cluster(entry)
        left = len(group) - len(named)
        rest = f" and {left} more" if named and left else ""
        names = (*spans(": "), *joined(named, ", "), *spans(rest)) if named else ()
        told.append((*spans(f"{len(group)} {outcome.value}"), *names))
    return told


def _item(entry: Entry, cluster: str) -> Spans:
    """An object and what there is to say of it; its cluster only where the one before was another."""
    said = _moved(entry).removeprefix("changed ") if entry.outcome is Result.CHANGED else ""
    if entry.outcome not in WELL:
        said = quote(entry.reason, 60)
    return spans(Code(_short(entry, cluster)), f" {said}" if said else "")


def _also(entries: tuple[Entry, ...], cluster: str) -> Spans:
    """Sources and charts that were patched for the sake of the objects; bad ones with their word, and cut last."""
    kept = sorted(entries, key=lambda entry: entry.outcome in WELL)[:_ALSO]
    named = [
        spans(
            *_number(entry),
            Code(_short(entry, cluster)),
            "" if entry.outcome in WELL else f" {STATUS[entry.outcome].word}",
        )
        for entry in sorted(kept, key=lambda entry: entry.number)
    ]
    left = len(entries) - len(named)
    return (*spans("also "), *joined(named, ", "), *spans(f" and {left} more" if left else "")) if named else ()


def _short(entry: Entry, cluster: str) -> str:
    """`ks/shop/a` beside another object of the same cluster, else `prod ks/shop/a`."""
    name = quote(entry.object, 400) or "(nothing)"
    return cut_middle(name.removeprefix(f"{cluster} ") if cluster else name, _NAME)


def _cluster(entry: Entry) -> str:
    first, space, _ = quote(entry.object, 400).partition(" ")
    return first if space else ""


def _length(item: Spans) -> int:
    return sum(len(span.text) for span in item if isinstance(span, Plain | Code)) + 2


def did(entries: Sequence[Entry]) -> str:
    """Between who and what."""
    return " reconciled " if all(entry.outcome in WELL for entry in entries) else " asked to reconcile "


def _rule(entry: Entry) -> Spans:
    return spans("rule ", Plain(quote(entry.rule, 80)))


def took(entries: Sequence[Entry]) -> Spans:
    """Of the one that took longest."""
    known = [entry.seconds for entry in entries if entry.seconds is not None]
    return spans(duration(max(known))) if known else ()


def ending(entry: Entry, status: Status) -> Spans:
    """From which revision to which, or what kept it from there."""
    if entry.outcome in WELL:
        return spans(_moved(entry) or status.word)
    reason = quote(entry.reason, 120)
    return spans(f"{status.word}: {reason}" if reason else status.word)


def _moved(entry: Entry) -> str:
    """`main@3f2a1bc → main@9d8e7f6`; the same revision twice does not mean that nothing changed."""
    revisions = from_to(entry.before, entry.after)
    same = entry.before == entry.after or entry.outcome is Result.UNCHANGED
    return f"{entry.outcome.value} at {revisions}" if revisions and same else revisions


def _refusal(entry: Entry) -> Spans:
    reason = quote(entry.reason, 120)
    what = Code(quote(entry.object, 400) or "(nothing)")
    facts = (
        (*_who((entry,)), *spans(" was refused ", what, _place(entry))),
        spans(quote(entry.rule, 160), f" ({reason})" if reason else ""),
    )
    return (*spans(f"{is_.REFUSED.sign} "), *joined(facts), *thread(entry))


def _folded(notice: Audited) -> Spans:
    return spans(f" · {counted(notice.count, 'time')}") if notice.count > 1 else ()


def _who(entries: tuple[Entry, ...]) -> Spans:
    caller = entries[0].caller
    return spans(*_numbers([entry.number for entry in entries]), Person(caller.user, caller.name))


def _number(entry: Entry) -> tuple[Piece, ...]:
    return _numbers([entry.number])


def _numbers(given: Sequence[int]) -> tuple[Piece, ...]:
    """`#4–#6, #9`: consecutive numbers as a range. Entries that the trail did not number have none."""
    runs: list[tuple[int, int]] = []
    for number in sorted(each for each in given if each):
        if runs and number <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    told = [f"#{first}" if first == last else f"#{first}–#{last}" for first, last in runs]
    return (Strong(listed(told, _ALSO)), " ") if told else ()


def _where(entry: Entry) -> str:
    return f"{with_what(entry)}{_place(entry)}"


def _place(entry: Entry) -> str:
    return f" in #{quote(entry.place.name or entry.place.channel, 80)}"


def with_what(entry: Entry) -> str:
    """The options, behind what was asked for: ` with source and force`."""
    options = entry.options
    rows = ((options.with_source, "source"), (options.force, "force"), (options.reset, "reset"))
    chosen = [word for on, word in rows if on]
    return f" with {' and '.join(chosen)}" if chosen else ""


def thread(entry: Entry) -> Spans:
    """Where it was told."""
    return spans(" ", Link("↗ thread", entry.link)) if entry.link else ()


def channel_off(notice: ChannelOff) -> Document:
    """An entry of the allowlist that no longer fits its channel."""
    head = line(
        Strong(str(is_.OFF)), " ", Code(f"#{quote(notice.name or notice.channel, 80)}"), ": no command works there"
    )
    facts = (
        line(f"its entry says {quote(notice.expected, 80)}; Slack says {quote(notice.found, 80)}"),
        line(
            "next: change the channel back, or change its entry ",
            Code(quote(notice.channel, 40)),
            " in the allowlist",
        ),
    )
    return Document(head, facts)
