"""A request that ended well: what changed, or since when nothing did."""

from __future__ import annotations

from typing import Final

from bot.core.kinds import KUSTOMIZATION
from bot.core.notices import Outcome, Sourced
from bot.core.resources import HelmRevision, Ref, Snapshot
from bot.core.revisions import Change, short
from bot.core.verdicts import Succeeded, Unchanged, Warn
from bot.wording import status as is_
from bot.wording.document import Code, Link, Piece, Spans, When, joined, spans
from bot.wording.figures import duration
from bot.wording.foreign import quote
from bot.wording.names import named, word
from bot.wording.status import Status
from bot.wording.tables import sums

_SOFT: Final = frozenset({Warn.HEALTH_NOT_CHECKED, Warn.NEWER_AVAILABLE})
"""What is worth a line, but makes no success doubtful."""
LOST: Final[dict[Warn, str]] = {
    Warn.FORCE_LOST: "the force was lost: the run that took it ended early; ask again",
    Warn.RESET_LOST: "the reset was lost: the run that took it ended early; ask again",
}
"""Told of a failure, too: its retries neither force nor reset."""
REBUILT: Final = "same revision, other manifests: a substitution or patch changed"


def tell_success(end: Succeeded, target: Ref, outcome: Outcome) -> tuple[Status, Spans, tuple[Spans, ...]]:
    """Status, rest of the first line, facts."""
    tail = spans(" ", *change_pieces(end.change), f" in {duration(outcome.took)}")
    facts = (changes(end.change, stays(outcome.now)), *warnings(end.warnings, target, outcome.source))
    return _status(end.warnings, is_.DONE), tail, tuple(filter(None, facts))


def tell_unchanged(end: Unchanged, target: Ref, outcome: Outcome) -> tuple[Status, Spans, tuple[Spans, ...]]:
    """Status, rest of the first line, facts."""
    tail = spans(" at ", Code(word(short(end.revision), 60))) if end.revision else ()
    facts = (source_facts(outcome.source, target), *warnings(end.warnings, target, outcome.source))
    return _status(end.warnings, is_.UNCHANGED), tail, tuple(filter(None, facts))


def _status(found: tuple[Warn, ...], well: Status) -> Status:
    if frozenset(found) - _SOFT:
        return is_.WARNED
    return is_.APPLIED if Warn.HEALTH_NOT_CHECKED in found and well is is_.DONE else well


def change_pieces(change: Change) -> tuple[Piece, ...]:
    """`main@3f2a1bc → main@9d8e7f6`, or `changed at main@9d8e7f6`; one of them alone where there is no other."""
    before, after = (word(short(raw), 60) if raw else "" for raw in (change.before, change.after))
    if before and before == after:
        return ("changed at ", Code(after))
    if not before:
        return (Code(after), " (the first)") if after else ()
    return (Code(before), " → ", Code(after)) if after else (Code(before),)


def stays(now: Snapshot | None) -> bool:
    """Whether what Git no longer holds is left in the cluster."""
    return now is not None and now.ref.kind == KUSTOMIZATION and not now.prunes


def changes(change: Change, kept: bool = False) -> Spans:
    """What a change consists of, in one line. `kept`: what was removed is still in the cluster."""
    compare = spans(Link("↗ compare", change.link)) if change.link else ()
    pushed = spans("pushed ", Code(word(short(change.pushed), 40))) if change.pushed else ()
    rebuilt = spans(REBUILT) if change.rebuilt else ()
    return joined((rebuilt, spans(sums(change, kept)), helm(change), pushed, compare))


def helm(change: Change) -> Spans:
    """Chart, release and values, before and after, in one line."""
    before, after = change.helm_before, change.helm_after
    if after is None:
        return ()
    if before is None:
        return spans(_release(after), f", release {after.version}, the first")
    if before.version == after.version:
        return ()
    same = f"{before.chart} {before.chart_version}" == f"{after.chart} {after.chart_version}"
    chart = (_release(after), " again") if same else (_release(before), " → ", _release(after))
    values = "values changed" if change.values_changed else "same values"
    return joined((spans(*chart), spans(f"release {before.version} → {after.version}"), spans(values)))


def helm_rows(change: Change) -> tuple[Spans, ...]:
    """The row that `helm list` showed before, and the one that it shows now."""
    before, after = change.helm_before, change.helm_after
    if after is None or (before is not None and before.version == after.version):
        return ()
    return (*((_row("before: ", before),) if before else ()), _row("now: ", after))


def _row(title: str, row: HelmRevision) -> Spans:
    status = spans(f"status {quote(row.status, 20)}")
    app = spans("app ", Code(quote(row.app_version, 40))) if row.app_version else ()
    updated = spans("updated ", When(row.deployed_at)) if row.deployed_at else ()
    return (*spans(title), *joined((spans(_release(row)), spans(f"release {row.version}"), status, app, updated)))


def _release(revision: HelmRevision) -> Code:
    return Code(quote(f"{revision.chart} {revision.chart_version}", 80))


def source_facts(source: Sourced | None, here: Ref) -> Spans:
    """Since when the source holds what it holds, and when it last looked for more."""
    if source is None:
        return ()
    since: tuple[Piece, ...] = ()
    if source.artifact is not None and source.artifact.updated_at is not None:
        since = ("its source got this revision ", When(source.artifact.updated_at))
    if source.looked_at is not None:
        since = (*since, " and last looked " if since else "its source last looked ", When(source.looked_at))
    return joined((spans(*since), () if source.ready else _failing(source, here)))


def _failing(source: Sourced, here: Ref) -> Spans:
    told = word(source.reason) or "not ready"
    return spans(named(source.ref, here), f" fails: {told}")


def warnings(found: tuple[Warn, ...], target: Ref, source: Sourced | None) -> tuple[Spans, ...]:
    """A line for each thing that an end must not keep quiet about."""
    return tuple(_warning(each, target, source) for each in found)


def _warning(warn: Warn, target: Ref, source: Sourced | None) -> Spans:
    match warn:
        case Warn.HEALTH_NOT_CHECKED:
            return spans(f"health not checked (the {target.kind.name} has no wait or healthChecks)")
        case Warn.SOURCE_FAILING:
            if source is None:
                return spans("an old artifact was applied: its source fails")
            return spans("an old artifact was applied: ", *_failing(source, target))
        case Warn.FORCE_LOST | Warn.RESET_LOST:
            return spans(LOST[warn])
        case Warn.NEWER_AVAILABLE:
            return spans("its source has a newer revision by now, which Flux applies next")
