"""The answer to `status` for objects by name: each in full, or in short where there are several."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final

from bot.core.kinds import HELM_RELEASE
from bot.core.notices import Asked, Outcome, Track
from bot.core.resources import Snapshot
from bot.core.revisions import parse_inventory_id, short
from bot.core.standing import Portrait, Portrayed, Row, Stands, stands
from bot.core.verdicts import Deleting, Suspended, Verdict
from bot.wording import status as is_
from bot.wording import tables
from bot.wording.asking import ask
from bot.wording.document import (
    Code,
    Document,
    Line,
    Part,
    Passage,
    Piece,
    Spans,
    Strong,
    When,
    joined,
    line,
    note,
    spans,
)
from bot.wording.figures import counted, duration, listed, plural
from bot.wording.foreign import quote
from bot.wording.names import HIDDEN, fitted, head_room, named, seen_from, word
from bot.wording.scene import NEXT, Told, absent_controller, is_next_step
from bot.wording.standing import SIGNS, asked, says
from bot.wording.verdicts import tell

SEVERAL: Final = 3
"""More objects than so many get their first line only."""
_DEPENDENCIES: Final = 8
_NAMES: Final = 6


def portrayed(notice: Portrayed, command: str) -> Document:
    """One object in full; of several, how each stands and why, the failing ones first."""
    small = asked(notice.typed, notice.at, notice.shared)
    rows = [(each, _told(each, notice, command)) for each in notice.portraits]
    if len(rows) == 1:
        portrait, told = rows[0]
        return Document(_first(portrait, told), (*_in_full(portrait, told, command), small), notice.buttons)
    rows.sort(key=lambda row: not row[1].status.bad)
    parts: list[Part] = []
    for portrait, told in rows[1:] if len(rows) > SEVERAL else rows:
        first = _first(portrait, told)
        parts.append(first)
        if len(rows) <= SEVERAL:
            parts += [Line(fact) for fact in told.facts[:2]]
    head = _first(*rows[0]) if len(rows) > SEVERAL else _many(rows)
    return Document(head, (*parts, small), notice.buttons)


def _many(rows: list[tuple[Portrait, Told]]) -> Line:
    words = Counter(told.status.word for _, told in rows)
    bad = sum(told.status.bad for _, told in rows)
    head = (
        f"{rows[0][1].status.sign} {bad} of {len(rows)} not ready" if bad else f"✅ {len(rows)} of {len(rows)} well"
    )
    return line(Strong(head), f" · {', '.join(f'{number} {each}' for each, number in words.items())}")


def _first(portrait: Portrait, told: Told) -> Line:
    reason = f": {told.reason}" if told.reason else ""
    name = fitted(portrait.ref, head_room(str(told.status), told.reason))
    return line(Strong(str(told.status)), " ", Code(name), reason, *told.tail)


def _told(portrait: Portrait, notice: Portrayed, command: str) -> Told:
    now = portrait.now
    if now is None:
        near = joined((spans(named(each, portrait.ref)) for each in portrait.nearest), ", ")
        return Told(is_.NOT_FOUND, "", (), ((*spans("nearest: "), *near),) if near else ())
    how = stands(now)
    if portrait.end is not None and how is Stands.FAILING:
        return _as_ended(portrait, portrait.end, notice, command)
    if how is Stands.SUSPENDED:
        return _as_ended(portrait, Suspended(now.suspended_by), notice, command)
    if now.deleting:
        return _as_ended(portrait, Deleting(now.finalizers), notice, command)
    if now.static:
        return Told(is_.NOTHING_TO_DO, "", ())
    return _well(now, how)


def _as_ended(portrait: Portrait, end: Verdict, notice: Portrayed, command: str) -> Told:
    """In the words in which a request would tell the same end."""
    outcome = Outcome(end, timedelta(0), portrait.now, portrait.cause, controller=portrait.controller)
    return tell(Track(portrait.ref, (), outcome), Asked("", "", "", notice.typed, notice.at), command)


def _well(now: Snapshot, how: Stands) -> Told:
    ready = now.ready
    if how is Stands.RECONCILING:
        running = now.condition("Reconciling")
        told = running if running is not None and running.status == "True" else ready
        return Told(is_.RUNNING, "", (), tuple(filter(None, (says(told.message) if told else (),))))
    since: tuple[Piece, ...] = (" since ", When(ready.changed_at)) if ready and ready.changed_at else ()
    at = (" at ", Code(word(short(now.applied), 60))) if now.applied else ()
    return Told(is_.READY, "", spans(*at, *since))


# --- All there is to say of one -----------------------------------------------------------------------------------


def _in_full(portrait: Portrait, told: Told, command: str) -> tuple[Part, ...]:
    now = portrait.now
    facts = [fact for fact in told.facts if not is_next_step(fact)]
    steps = [Line(fact) for fact in told.facts if is_next_step(fact)]
    whole = (
        () if len(str(portrait.ref)) <= head_room(str(told.status), told.reason) else (note(Code(str(portrait.ref))),)
    )
    if now is None:
        return (*whole, *map(Line, facts))
    began: tuple[Piece, ...] = ()
    ready = now.ready
    if (
        portrait.cause is None
        and stands(now) is Stands.FAILING
        and ready is not None
        and ready.changed_at is not None
    ):
        began = ("began ", When(ready.changed_at))
    rows = (
        *facts,
        spans(*began),
        absent_controller(portrait.controller),
        _revision(now),
        _source(portrait),
        _waits_for(portrait),
        _inventory(now),
        _settings(now),
    )
    passages: list[Part] = []
    if now.conditions:
        passages.append(Passage("conditions", tables.conditions(now.conditions)))
    if portrait.events:
        passages.append(Passage("events of the last hour", tables.events(portrait.events)))
    return (*whole, *(Line(row) for row in rows if row), *passages, *(steps or _next(portrait, now, command)))


def _revision(now: Snapshot) -> Spans:
    if now.ref.kind == HELM_RELEASE and now.helm:
        row = now.helm[0]
        release = quote(f"{row.chart} {row.chart_version}", 80)
        since: tuple[Piece, ...] = (", deployed ", When(row.deployed_at)) if row.deployed_at else ()
        state = f" ({word(row.status)})" if row.status != "deployed" else ""
        return spans(f"release {row.version}: ", Code(release), state, *since)
    if not now.applied and not now.attempted:
        return ()
    runs = spans("revision ", Code(word(short(now.applied), 60))) if now.applied else spans("nothing applied yet")
    tried = now.attempted and now.applied and short(now.attempted) != short(now.applied)
    return joined((runs, spans("tried ", Code(word(short(now.attempted), 60))) if tried else ()))


def _source(portrait: Portrait) -> Spans:
    source = portrait.source
    if source is None:
        return spans(f"source: {HIDDEN}") if portrait.source_hidden else ()
    sign = SIGNS[stands(source)]
    name = spans(f"source: {sign} ", named(source.ref, portrait.ref))
    ready = source.ready
    reason = f": {word(ready.reason)}" if ready and stands(source) is Stands.FAILING else ""
    artifact = source.artifact
    held: tuple[Piece, ...] = ()
    if artifact is not None:
        since: tuple[Piece, ...] = (", stored ", When(artifact.updated_at)) if artifact.updated_at else ()
        held = (" has ", Code(word(short(artifact.revision), 60)), *since)
    every = f" · looks every {duration(source.interval)}" if source.interval and not source.static else ""
    return spans(*name, reason, *held, every)


def _waits_for(portrait: Portrait) -> Spans:
    here = portrait.ref
    told = [spans(f"{SIGNS[row.stands]} ", Code(seen_from(row.ref, here)), _why(row)) for row in portrait.waits_for]
    told += [spans("❌ ", Code(seen_from(ref, here)), " (missing)") for ref in portrait.lost]
    if portrait.hidden:
        told.append(spans(f"{portrait.hidden} that this channel may not see"))
    if not told:
        return ()
    rest = f" … {len(told) - _DEPENDENCIES} more" if len(told) > _DEPENDENCIES else ""
    return spans("depends on: ", *joined(told[:_DEPENDENCIES], ", "), rest)


def _why(row: Row) -> str:
    return f" ({word(row.reason)})" if row.stands is Stands.FAILING and row.reason else ""


def _inventory(now: Snapshot) -> Spans:
    """`12 objects: 5 Deployments, 4 Services`."""
    ids = now.details.inventory if now.details is not None else ()
    if not ids:
        return ()
    kinds = Counter(quote(parse_inventory_id(each).kind, 60) for each in ids)
    told = [counted(number, kind, plural(kind)) for kind, number in kinds.most_common()]
    return spans(f"applied: {counted(len(ids), 'object')}: {listed(told, _NAMES)}")


def _settings(now: Snapshot) -> Spans:
    if now.static:
        return spans(Code(quote(now.url, 120))) if now.url else ()
    kustomization = bool(now.path) or now.prunes or now.checks_health
    health = "health is checked" if now.checks_health else "health is not checked"
    facts = (
        spans(f"every {duration(now.interval)}") if now.interval else (),
        spans(f"time-out {duration(now.timeout)}") if now.timeout else (),
        spans("path ", Code(quote(now.path, 120))) if now.path else (),
        spans("chart ", Code(quote(f"{now.chart_name} {now.chart_wanted}".strip(), 80))) if now.chart_name else (),
        spans(Code(quote(now.url, 120))) if now.url else (),
        spans(health) if kustomization else (),
        spans("prunes" if now.prunes else "does not prune") if kustomization else (),
        spans("made ", When(now.created_at)) if now.created_at else (),
    )
    return joined(facts)


def _next(portrait: Portrait, now: Snapshot, command: str) -> list[Part]:
    """What may be done about what is well: ask for something newer."""
    if stands(now) is not Stands.READY or now.static:
        return []
    fetch = now.source is not None and not portrait.source_hidden
    what = " asks its source for something newer." if fetch else " runs it now."
    return [line(NEXT, ask(command, portrait.ref, with_source=fetch), what)]
