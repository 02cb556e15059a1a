"""An ended object with all that is known around it, and the few turns of phrase that every end shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bot.core.notices import Asked, Outcome, Track
from bot.core.resources import Controller, Ref, Snapshot
from bot.core.verdicts import Failed, Stalled
from bot.wording.advice import advice
from bot.wording.document import Code, Plain, Spans, spans
from bot.wording.figures import listed
from bot.wording.foreign import brief, quote
from bot.wording.reasons import Symptom
from bot.wording.status import Status
from bot.wording.tables import health_items

NEXT: Final = "Next: "
"""How the line begins that says what to do."""


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

    def before(self, source: Ref) -> Scene:
        """The same request, seen from an object that had to come first."""
        return replace(self, track=Track(source), outcome=replace(self.outcome, cause=None, near=None))

    def advise(
        self, ref: Ref, reason: str, message: str, end: Failed | Stalled | None = None, now: Snapshot | None = None
    ) -> Spans:
        return advice(
            Symptom(
                ref,
                reason,
                message,
                now or self.snapshot(ref),
                source_next=ref == self.target and not self.asked.options.with_source,
                good=end.good if end else None,
                revision=end.revision if end else "",
            ),
            self.command,
        )


def said(message: str) -> Spans:
    """The first line of what a controller says; a health check's objects instead where it names some."""
    items = health_items(message)
    if items:
        return spans("not ready: ", listed([str(each) for each in items], 4))
    return spans(brief(quote(message, 300)))


def next_step(hint: Spans) -> Spans:
    return (*spans(NEXT), *hint) if hint else ()


def is_next_step(fact: Spans) -> bool:
    return bool(fact) and isinstance(fact[0], Plain) and fact[0].text.startswith(NEXT)


def kept(facts: tuple[Spans, ...]) -> tuple[Spans, ...]:
    return tuple(fact for fact in facts if fact)


def absent_controller(found: Controller | None) -> Spans:
    """A controller that does not answer; empty where none was looked at."""
    if found is None:
        return ()
    stands = f"{found.available} of {found.replicas} replicas available"
    place = f"{found.namespace}/{found.name}"
    if found.down:
        return spans(Code(place), f" is not running: {stands}")
    return spans(Code(place), f" has not answered: {stands}")
