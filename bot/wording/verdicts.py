"""How one object's request ended, as a status, a reason and a few facts: the material of every message about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, assert_never

from bot.core.explain import Link, LinkState
from bot.core.kinds import HELM_REPOSITORY
from bot.core.notices import Asked, Blocked, Healed, Outcome, Stop, Stopped, Track
from bot.core.resources import Controller, HelmRevision, Ref, Snapshot
from bot.core.revisions import short
from bot.core.verdicts import (
    Broken,
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
from bot.wording.advice import advice
from bot.wording.causes import blamed, chain, reason_of_cause, root_sentence
from bot.wording.document import Clockface, Code, Piece, Spans, When, joined, spans
from bot.wording.figures import duration, listed
from bot.wording.foreign import brief, quote
from bot.wording.names import named, word
from bot.wording.reasons import Symptom
from bot.wording.status import Status
from bot.wording.successes import tell_success, tell_unchanged
from bot.wording.tables import health_items

NEXT: Final = "Next: "
"""How the line begins that says what to do."""
End = Verdict | Stopped | Blocked


@dataclass(frozen=True, slots=True)
class Told:
    """One object's end: `reason` and `tail` follow the name in the first line, `facts` are lines of their own."""

    status: Status
    reason: str = ""
    tail: Spans = ()
    facts: tuple[Spans, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """An ended object with all that is known around it."""

    track: Track
    outcome: Outcome
    asked: Asked
    command: str

    @property
    def target(self) -> Ref:
        return self.track.target

    def snapshot(self, ref: Ref) -> Snapshot | None:
        now = self.outcome.now
        return now if now is not None and now.ref == ref else None

    def advise(self, ref: Ref, reason: str, message: str, end: Failed | Stalled | None = None) -> Spans:
        return advice(
            Symptom(
                ref,
                reason,
                message,
                self.snapshot(ref),
                source_next=ref == self.target and not self.asked.options.with_source,
                good=end.good if end else None,
                revision=end.revision if end else "",
            ),
            self.command,
        )


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
            return _stopped(end, scene)
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
        return Told(status, word(end.reason), at, _kept((own, joined((way, _aftermath(end))), _next(hint))))
    facts = (
        root_sentence(cause.root, scene.target),
        joined((chain(cause, scene.target), _aftermath(end))),
        _next(_cause_hint(cause.root, scene)),
    )
    return Told(status, root, blamed(cause.root, scene.target), _kept(facts))


def _cause_hint(root: Link, scene: Scene) -> Spans:
    if root.ref is None:
        return ()
    match root.state:
        case LinkState.FAILING | LinkState.WAITING:
            return scene.advise(root.ref, root.reason, root.message)
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
    return joined((spans(*retry), spans(*running), _last_good(end.good)))


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
    facts = (
        (*spans("pending: "), *pending(end.pending)),
        root_sentence(cause.root, scene.target) if cause else _controller(scene.outcome.controller),
        spans("Flux goes on by itself; this message will say how it ends"),
    )
    return Told(is_.NOT_FINISHED, root or "", tail, _kept(facts))


def pending(what: Pending) -> Spans:
    """What a run waits for: the controller's own words where it has some."""
    items = health_items(what.text)
    if items:
        return spans(listed([str(each) for each in items], 4))
    return spans(brief(quote(what.text, 200)) or what.why.value)


def _controller(found: Controller | None) -> Spans:
    if found is None:
        return ()
    stands = f"{found.available} of {found.replicas} replicas available"
    place = f"{found.namespace}/{found.name}"
    if found.down:
        return spans(Code(place), f" is not running: {stands}")
    return spans(Code(place), f" has not answered: {stands}")


def slow(controller: Controller) -> Spans:
    """A controller that has not picked the request up for 30 s."""
    return _controller(controller)


def _overtaken(end: Overtaken, scene: Scene) -> Told:
    theirs = _end(end.verdict, scene)
    ours = spans("a newer request replaced this one before Flux saw it; this is how that one ended")
    return replace(theirs, facts=(*theirs.facts[:2], ours))


def _blocked(end: Blocked, scene: Scene) -> Told:
    before = _end(end.verdict, replace(scene, outcome=replace(scene.outcome, cause=None)))
    reason = before.reason or before.status.word
    whose = spans(" of ", named(end.by, scene.target))
    if end.by is None:
        return Told(is_.NOT_STARTED, "", spans(": blocked by ", named(None)), (_not_asked(end),))
    bad = end.verdict if isinstance(end.verdict, Failed | Stalled) else None
    message = bad.message if bad else ""
    facts = (
        said(message) or (before.facts[0] if before.facts else ()),
        joined((_not_asked(end), _aftermath(bad) if bad else ())),
        _next(scene.advise(end.by, before.reason, message)),
    )
    return Told(is_.NOT_STARTED, reason, whose, _kept(facts))


def _not_asked(end: Blocked) -> Spans:
    left = "; its source still holds an older artifact" if end.has_artifact else ""
    return spans(f"the object itself was not asked{left}")


_STOPS: Final[dict[Stop, str]] = {
    Stop.NO_KIND: "kind not served",
    Stop.NO_NAMESPACE: "no such namespace",
    Stop.CONTROLLER_ABSENT: "controller absent",
    Stop.CONTROLLER_DOWN: "controller scaled to 0",
    Stop.UNREACHABLE: "cluster unreachable",
    Stop.FORBIDDEN: "the bot's role forbids it",
    Stop.SOURCE_EMPTY: "source failing, no artifact",
    Stop.RETRIES_EXHAUSTED: "Helm retries exhausted",
    Stop.REVOKED: "allowlist changed",
    Stop.NOT_CARRIED_OUT: "cut short",
    Stop.READ_ONLY: "",
}


def _stopped(end: Stopped, scene: Scene) -> Told:
    status = {Stop.READ_ONLY: is_.READ_ONLY, Stop.REVOKED: is_.REFUSED}.get(end.stop, is_.NOT_SENT)
    reason, facts = _STOPS[end.stop], _why_stopped(end, scene)
    tail: Spans = ()
    if end.stop is Stop.SOURCE_EMPTY:
        first, colon, rest = end.text.partition(": ")
        if colon and first.isalnum():
            reason, facts = word(first), (said(rest), spans("it holds no artifact yet, so there is nothing to apply"))
        tail = spans(" of ", named(end.on, scene.target))
    facts = (
        *facts,
        _controller(scene.outcome.controller),
        _next(_after_stop(end.stop, scene)),
    )
    return Told(status, reason, tail, _kept(facts))


def _why_stopped(end: Stopped, scene: Scene) -> tuple[Spans, ...]:
    target, text = scene.target, said(end.text)
    match end.stop:
        case Stop.NO_KIND:
            return (spans(Code(target.cluster), f" has no {target.kind.name} ({target.kind.group})"),)
        case Stop.NO_NAMESPACE:
            return (spans("there is no namespace ", Code(target.namespace), " in ", Code(target.cluster)),)
        case Stop.CONTROLLER_ABSENT:
            return (spans(Code(target.kind.controller), " is not there, so nothing would answer"),)
        case Stop.CONTROLLER_DOWN:
            return (spans(Code(target.kind.controller), " has 0 replicas, so nothing would answer"),)
        case Stop.READ_ONLY | Stop.NOT_CARRIED_OUT:
            return (text or spans("nothing was sent"),)
        case _:
            return (text or spans(end.stop.value),)


def _after_stop(stop: Stop, scene: Scene) -> Spans:
    target = scene.target
    ready = (now := scene.snapshot(target)) and now.ready
    match stop:
        case Stop.RETRIES_EXHAUSTED:
            good = (
                next((each for each in now.helm if each.status in {"deployed", "superseded"}), None) if now else None
            )
            end = Stalled("RetriesExceeded", "", good=good)
            return scene.advise(target, "RetriesExceeded", ready.message if ready else "", end)
        case Stop.CONTROLLER_ABSENT | Stop.CONTROLLER_DOWN:
            return spans(Code(f"kubectl -n flux-system get deploy {target.kind.controller}"), " shows it.")
        case Stop.NO_KIND:
            return spans(Code("flux check"), " tells which parts of Flux are installed.")
        case _:
            return ()


def _not_run(end: Suspended | Gone | Deleting | Static | Skipped | Broken, scene: Scene) -> Told:
    match end:
        case Suspended():
            return Told(is_.SUSPENDED, "", spans(": nothing runs until it is resumed"), _kept(_suspended(end, scene)))
        case Gone():
            return Told(is_.DELETED if end.seen_before else is_.NOT_FOUND, "", (), _kept(_near(scene)))
        case Deleting():
            held = spans("held by ", Code(quote(listed(end.finalizers, 4)))) if end.finalizers else ()
            return Told(is_.DELETING, "", (), _kept((held,)))
        case Static():
            return Told(is_.STATIC, "", (), (_static(scene.target),))
        case Skipped():
            return Told(
                is_.SKIPPED, "", spans(": outside its schedule"), _kept((said(end.text), spans("nothing ran")))
            )
        case Broken():
            return Told(is_.BROKEN_OFF, "", (), _kept((said(end.why),)))
        case _:
            assert_never(end)


def _static(ref: Ref) -> Spans:
    if ref.kind == HELM_REPOSITORY:
        return spans("a HelmRepository of type oci has nothing to reconcile: charts read the registry themselves")
    return spans(f"Flux reads a {ref.kind.name} where it is used; there is nothing to reconcile")


def _suspended(end: Suspended, scene: Scene) -> tuple[Spans, ...]:
    by = said(end.by)
    return ((*spans("suspended by "), *by) if by else (), _next(_resume(scene.target)))


def _resume(ref: Ref) -> Spans:
    if not ref.kind.cli:
        return spans("Remove the annotation that disables it, in Git.")
    line = f"flux resume {' '.join(ref.kind.cli)} {ref.name} -n {ref.namespace}"
    return spans("Resume it in Git, or with ", Code(line), ".")


def _near(scene: Scene) -> tuple[Spans, ...]:
    near = scene.outcome.near
    if near is None:
        return ()
    rows = (("nearest: ", near.nearest), ("the same name in: ", near.elsewhere))
    return tuple(_names(title, refs, scene.target) for title, refs in rows if refs)


def _names(title: str, refs: tuple[Ref, ...], here: Ref) -> Spans:
    return (*spans(title), *joined((spans(named(each, here)) for each in refs[:5]), ", "))


def said(message: str) -> Spans:
    """The first line of what a controller says; a health check's objects instead where it names some."""
    items = health_items(message)
    if items:
        return spans("not ready: ", listed([str(each) for each in items], 4))
    return spans(brief(quote(message, 300)))


def _next(hint: Spans) -> Spans:
    return (*spans(NEXT), *hint) if hint else ()


def _kept(facts: tuple[Spans, ...]) -> tuple[Spans, ...]:
    return tuple(fact for fact in facts if fact)
