"""The audit channel: one line for one object of a request, or for refusals that were folded."""

from __future__ import annotations

from typing import Final

from bot.core.audit import Entry, Outcome
from bot.core.notices import Audited, ChannelOff
from bot.wording import status as is_
from bot.wording.document import Code, Document, Line, Link, Person, Piece, Plain, Spans, Strong, joined, line, spans
from bot.wording.figures import counted, duration
from bot.wording.foreign import quote
from bot.wording.status import Status
from bot.wording.tables import from_to

_STATUS: Final[dict[Outcome, Status]] = {
    Outcome.CHANGED: is_.DONE,
    Outcome.UNCHANGED: is_.UNCHANGED,
    Outcome.FAILED: is_.FAILED,
    Outcome.STALLED: is_.STALLED,
    Outcome.TIMED_OUT: is_.NOT_FINISHED,
    Outcome.SUSPENDED: is_.SUSPENDED,
    Outcome.SKIPPED: is_.SKIPPED,
    Outcome.GONE: is_.NOT_FOUND,
    Outcome.STATIC: is_.STATIC,
    Outcome.BLOCKED: is_.NOT_STARTED,
    Outcome.BROKEN: Status("❌", "not carried out", bad=True),
    Outcome.REFUSED: is_.REFUSED,
}
_WELL = (Outcome.CHANGED, Outcome.UNCHANGED)


def audited(notice: Audited) -> Document:
    """One line per object; refusals of one person for one reason share theirs."""
    entries = notice.entries
    if not entries:
        return Document(line(str(is_.REFUSED)))
    if entries[0].outcome is Outcome.REFUSED:
        return Document(Line((*_refusal(entries[-1]), *_folded(notice))))
    ordered = sorted(entries, key=lambda entry: entry.outcome in _WELL)
    head, *rest = (Line(_entry(each)) for each in ordered)
    return Document(head, tuple(rest))


def _entry(entry: Entry) -> Spans:
    status = _STATUS[entry.outcome]
    did = "reconciled" if entry.outcome in _WELL else "asked to reconcile"
    facts = (
        _done(entry, f" {did} ", options=True),
        spans("rule ", Plain(quote(entry.rule, 80))),
        _ending(entry, status),
        spans(duration(entry.seconds)) if entry.seconds is not None else (),
    )
    return (*spans(f"{status.sign} "), *joined(facts), *_link(entry))


def _ending(entry: Entry, status: Status) -> Spans:
    revisions = from_to(entry.before, entry.after)
    told = f"unchanged at {revisions}" if entry.outcome is Outcome.UNCHANGED and revisions else revisions
    if entry.outcome in _WELL:
        return spans(told or status.word)
    reason = quote(entry.reason, 120)
    return spans(f"{status.word}: {reason}" if reason else status.word)


def _refusal(entry: Entry) -> Spans:
    reason = quote(entry.reason, 120)
    facts = (
        _done(entry, " was refused ", options=False),
        spans(quote(entry.rule, 160), f" ({reason})" if reason else ""),
    )
    return (*spans(f"{is_.REFUSED.sign} "), *joined(facts), *_link(entry))


def _folded(notice: Audited) -> Spans:
    return spans(f" · {counted(notice.count, 'time')}") if notice.count > 1 else ()


def _done(entry: Entry, did: str, *, options: bool) -> Spans:
    number: tuple[Piece, ...] = (Strong(f"#{entry.number}"), " ") if entry.number else ()
    who = Person(entry.caller.user, entry.caller.name)
    what = Code(quote(entry.object, 400) or "(nothing)")
    return spans(*number, who, did, what, _options(entry) if options else "", f" in #{_place(entry)}")


def _place(entry: Entry) -> str:
    return quote(entry.place.name or entry.place.channel, 80)


def _options(entry: Entry) -> str:
    options = entry.options
    rows = ((options.with_source, "source"), (options.force, "force"), (options.reset, "reset"))
    chosen = [word for on, word in rows if on]
    return f" with {' and '.join(chosen)}" if chosen else ""


def _link(entry: Entry) -> Spans:
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
