"""How one object's request ended, as a status, a reason and a few facts: the material of every message about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from bot.core.explain import Link, LinkState
from bot.core.kinds import HELM_REPOSITORY
from bot.core.notices import Asked, Blocked, Healed, Stop, Stopped, Track
from bot.core.resources import Controller, HelmRevision, Ref
from bot.core.revisions import short
from bot.core.verdicts import (
    Broken,
    Cancelled,
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Skipped,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
)
from bot.wording import status as is_
from bot.wording.asking import ask
from bot.wording.causes import blamed, chain, reason_of_cause, root_sentence
from bot.wording.document import Clockface, Code, Piece, Spans, When, joined, spans
from bot.wording.figures import duration, listed
from bot.wording.foreign import brief, quote
from bot.wording.names import named, word
from bot.wording.scene import Scene, Told, absent_controller, is_next_step, kept, next_step, said
from bot.wording.stops import stopped
from bot.wording.successes import LOST, tell_success, tell_unchanged
from bot.wording.tables import health_items

End = Verdict | Stopped | Blocked
_GOES_ON: Final = "Flux goes on by itself"


def tell(track: Track, asked: Asked, command: str) -> Told:
    """What became of one target; of one that is still going, that it is."""
    outcome = track.outcome
    if outcome is None:
        return Told(is_.RUNNING)
    scene = Scene(track, outcome, asked, command)
    if outcome.healed is None:
        return _end(outcome.end, scene)
    return _later(outcome.healed, scene)


def _later(healed: Healed, scene: Scene) -> Told:
    """A failure that was told, and what followed it."""
    first = scene.outcome.end
    if isinstance(first, Blocked):
        return _unblocked(first, healed, scene)
    whole = replace(scene.outcome, cause=None, took=scene.outcome.took + healed.after)
    now = _end(healed.verdict, replace(scene, outcome=whole))
    before = _end(first, scene)
    later = duration(healed.after)
    if isinstance(first, TimedOut):
        history = spans(f"later than was waited for: not finished after {duration(scene.outcome.took)}")
    else:
        was = f"{before.status.word}{f' with {before.reason}' if before.reason else ''}"
        history = spans(f"it {was} first; this came of itself {later} later")
        if isinstance(healed.verdict, Succeeded | Unchanged):
            now = replace(now, status=is_.HEALED)
    return replace(now, facts=(*now.facts[:2], history))


def _end(end: End, scene: Scene) -> Told:
    match end:
        case Succeeded():
            return _succeeded(end, scene)
        case Unchanged():
            return _unchanged(end, scene)
        case Failed() | Stalled():
            return _failed(end, scene)
        case TimedOut():
            return _timed_out(end, scene)
        case Overtaken():
            return _overtaken(end, scene)
        case Blocked():
            return _blocked(end, scene)
        case Stopped():
            return stopped(end, scene)
        case _:
            return _not_run(end, scene)


def _succeeded(end: Succeeded, scene: Scene) -> Told:
    kind, tail, facts = tell_success(end, scene.target, scene.outcome)
    return Told(kind, "", tail, facts)


def _unchanged(end: Unchanged, scene: Scene) -> Told:
    kind, tail, facts = tell_unchanged(end, scene.target, scene.outcome)
    return Told(kind, "", tail, facts)


def _failed(end: Failed | Stalled, scene: Scene) -> Told:
    status = is_.STALLED if isinstance(end, Stalled) else is_.FAILED
    root = reason_of_cause(scene.outcome.cause)
    message = end.ready_message or end.message if isinstance(end, Stalled) else end.message
    cause = scene.outcome.cause
    if root is None or cause is None:
        at = spans(" at ", Code(word(short(end.revision), 40))) if end.revision else ()
        way = chain(cause, scene.target) if cause else ()
        # What may not be seen may not be named by the object that waits for it either.
        hidden = cause is not None and cause.links[0].ref is None
        own = root_sentence(cause.root, scene.target) if hidden and cause else said(message)
        hint = scene.advise(scene.target, end.reason, message, end)
        return Told(status, word(end.reason), at, kept((own, joined((way, _aftermath(end))), next_step(hint))))
    facts = (
        root_sentence(cause.root, scene.target),
        joined((chain(cause, scene.target), _aftermath(end))),
        next_step(_cause_hint(cause.root, scene)),
    )
    return Told(status, root, blamed(cause.root, scene.target), kept(facts))


def _cause_hint(root: Link, scene: Scene) -> Spans:
    if root.ref is None:
        return ()
    match root.state:
        case LinkState.FAILING | LinkState.WAITING:
            return scene.advise(root.ref, root.reason, root.message, now=root.now)
        case LinkState.SUSPENDED:
            return _resume(root.ref)
        case LinkState.MISSING:
            return spans("Add it in Git, or correct what refers to it.")
        case LinkState.CYCLE:
            return spans("Break the circle in ", Code("spec.dependsOn"), ".")
        case _:
            return ()


def _aftermath(end: Failed | Stalled) -> Spans:
    """What Flux does next, what runs meanwhile, and the last release that worked."""
    retry: tuple[Piece, ...] = ()
    if isinstance(end, Stalled):
        retry = ("Flux will not try again by itself",)
    elif end.retry_at is not None:
        retry = ("Flux retries at ", When(end.retry_at, Clockface.TIME), " (", When(end.retry_at), ")")
    elif end.retries:
        retry = ("Flux retries by itself",)
    known = end.good is not None and end.running.partition("+")[0] == end.good.chart_version
    running = ("still running ", Code(word(short(end.running), 60))) if end.running and not known else ()
    # No retry brings a lost force back, so it is told before these are.
    lost = joined(spans(LOST[warn]) for warn in end.warnings if warn in LOST)
    return joined((lost, _undone(end), spans(*retry), spans(*running), _last_good(end.good)))


def _undone(end: Failed | Stalled) -> Spans:
    """What Helm did about a failed action: what was wanted does not run."""
    to = (" to ", Code(quote(f"{end.good.chart} {end.good.chart_version}", 60))) if end.good is not None else ()
    match end.remedy:
        case "RollbackSucceeded":
            return spans("Helm rolled back", *to)
        case "RollbackFailed":
            return spans("rolling back", *to, " failed too")
        case "UninstallSucceeded":
            return spans("Helm uninstalled it again")
        case "UninstallFailed":
            return spans("uninstalling it again failed too")
        case _:
            return ()


def _last_good(good: HelmRevision | None) -> Spans:
    if good is None:
        return ()
    release = quote(f"{good.chart} {good.chart_version}", 60)
    since = (", deployed ", When(good.deployed_at)) if good.deployed_at else ()
    return spans("last good: ", Code(release), f", release {good.version}", *since)


def _timed_out(end: TimedOut, scene: Scene) -> Told:
    cause = scene.outcome.cause
    root = reason_of_cause(cause)
    tail = spans(f" after {duration(scene.outcome.took)}")
    if cause is not None and root is not None:
        tail = (*blamed(cause.root, scene.target), *tail)
    blame = root_sentence(cause.root, scene.target) or chain(cause, scene.target) if cause else ()
    facts = (
        (*spans("pending: "), *pending(end.pending)),
        blame or absent_controller(scene.outcome.controller),
        spans(_GOES_ON, "" if scene.asked.cancelled else "; this message will say how it ends"),
    )
    return Told(is_.NOT_FINISHED, root or "", tail, kept(facts))


def pending(what: Pending) -> Spans:
    """What a run waits for: the controller's own words where it has some."""
    items = health_items(what.text)
    if items:
        return spans(listed([str(each) for each in items], 4))
    return spans(brief(quote(what.text, 200)) or what.why.value)


def slow(controller: Controller) -> Spans:
    """A controller that has not picked the request up for 30 s."""
    return absent_controller(controller)


def _overtaken(end: Overtaken, scene: Scene) -> Told:
    theirs = _end(end.verdict, scene)
    ours = spans("a newer request replaced this one before Flux saw it; this is how that one ended")
    return replace(theirs, facts=(*theirs.facts[:2], ours))


def _blocked(end: Blocked, scene: Scene) -> Told:
    if end.by is None:
        return Told(is_.NOT_STARTED, "", spans(": blocked by ", named(None)), (_not_asked(end),))
    if isinstance(end.verdict, Cancelled):
        already = spans("asked already: ", named(end.by, scene.target), f"; with that {_GOES_ON}")
        return Told(is_.CANCELLED, "", (), (_not_asked(end), already))
    if isinstance(end.verdict, Stopped) and end.verdict.stop is Stop.CANCELLED:
        return Told(is_.CANCELLED, "", (), (_not_asked(end),))
    before = _end(end.verdict, scene.before(end.by))
    bad = end.verdict if isinstance(end.verdict, Failed | Stalled) else None
    why = next((fact for fact in before.facts if not is_next_step(fact)), ())
    facts = (
        why,
        joined((_not_asked(end), _aftermath(bad) if bad else ())),
        next((fact for fact in before.facts if is_next_step(fact)), ()),
    )
    return Told(is_.NOT_STARTED, before.reason or before.status.word, _whose(end, end.by, scene), kept(facts))


def _unblocked(first: Blocked, healed: Healed, scene: Scene) -> Told:
    """What kept the object from being asked changed by itself; the object was still not asked."""
    if first.by is None:
        return _blocked(first, scene)
    if not isinstance(healed.verdict, Succeeded | Unchanged):
        return _blocked(replace(first, verdict=healed.verdict), scene)
    well = spans(named(first.by, scene.target), f" became ready of itself {duration(healed.after)} later")
    again = spans("Flux goes on with what it brings; ", ask(scene.command, scene.target), " follows that.")
    return replace(
        _blocked(first, scene), facts=(well, _not_asked(replace(first, has_artifact=False)), next_step(again))
    )


def _whose(end: Blocked, by: Ref, scene: Scene) -> Spans:
    """`AuthenticationFailed of …`, `cluster unreachable for …`, `suspended …`: as a sentence would have it."""
    match end.verdict:
        case Failed() | Stalled() | Overtaken():
            between = " of "
        case Stopped():
            between = " for "
        case _:
            between = " "
    return spans(between, named(by, scene.target))


def _not_asked(end: Blocked) -> Spans:
    left = "; its source still holds an older artifact" if end.has_artifact else ""
    return spans(f"the object itself was not asked{left}")


def _not_run(end: Suspended | Gone | Deleting | Static | Skipped | Cancelled | Broken, scene: Scene) -> Told:
    match end:
        case Suspended():
            return Told(is_.SUSPENDED, "", spans(": nothing runs until it is resumed"), kept(_suspended(end, scene)))
        case Gone():
            return Told(is_.DELETED if end.seen_before else is_.NOT_FOUND, "", (), kept(_near(scene)))
        case Deleting():
            held = spans("held by ", Code(quote(listed(end.finalizers, 4)))) if end.finalizers else ()
            return Told(is_.DELETING, "", (), kept((held,)))
        case Static():
            return Told(is_.STATIC, "", (), (_static(scene.target),))
        case Skipped():
            return Told(
                is_.SKIPPED, "", spans(": outside its schedule"), kept((said(end.text), spans("nothing ran")))
            )
        case Cancelled():
            tail = spans(f" after {duration(scene.outcome.took)}")
            return Told(is_.CANCELLED, "", tail, (spans(f"it had been asked already: {_GOES_ON}"),))
        case Broken():
            return Told(is_.BROKEN_OFF, "", (), kept((said(end.why),)))
        case _:
            assert_never(end)


def _static(ref: Ref) -> Spans:
    if ref.kind == HELM_REPOSITORY:
        return spans("a HelmRepository of type oci has nothing to reconcile: charts read the registry themselves")
    return spans(f"Flux reads a {ref.kind.name} where it is used; there is nothing to reconcile")


def _suspended(end: Suspended, scene: Scene) -> tuple[Spans, ...]:
    by = said(end.by)
    return ((*spans("suspended by "), *by) if by else (), next_step(_resume(scene.target)))


def _resume(ref: Ref) -> Spans:
    if not ref.kind.cli:
        return spans("Remove the annotation that disables it, in Git.")
    line = f"flux resume {' '.join(ref.kind.cli)} {ref.name} -n {ref.namespace}"
    return spans("Resume it in Git, or with ", Code(line), ".")


def _near(scene: Scene) -> tuple[Spans, ...]:
    near = scene.outcome.near
    if near is None:
        return ()
    rows = (("nearest: ", near.nearest), ("the same name in: ", near.elsewhere), ("valid: ", near.valid))
    return tuple(_names(title, refs, scene.target) for title, refs in rows if refs)


def _names(title: str, refs: tuple[Ref, ...], here: Ref) -> Spans:
    return (*spans(title), *joined((spans(named(each, here)) for each in refs[:5]), ", "))
