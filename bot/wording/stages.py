"""One object on the way of a request, in a line: how it stands, which one, what it does or did, how long."""

from __future__ import annotations

from typing import Final, assert_never

from bot.core.notices import Going, Stage
from bot.core.resources import Ref
from bot.core.verdicts import (
    Broken,
    Cancelled,
    Deleting,
    Failed,
    Gone,
    Overtaken,
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
from bot.wording.document import Code, Line, Spans, joined, line, spans
from bot.wording.figures import duration
from bot.wording.foreign import quote
from bot.wording.names import named, word
from bot.wording.status import Status
from bot.wording.successes import change_pieces
from bot.wording.tables import from_to
from bot.wording.verdicts import pending

_NEXT: Final = Status("⏳", "next")
_RUNNING: Final = Status("⏳", "running")
_NOT_ASKED: Final = Status("⏸️", "not asked")
_ASKED: Final = Status("⏹️", "asked already")
_NOTICEABLE: Final = 0.05
"""Seconds below which nothing happened that took time."""


def stage_line(stage: Stage, target: Ref, *, over: bool = False) -> Line:
    """`✅ source done: gitrepository/flux-system/shop · main@3f2a1bc → main@9d8e7f6 · 2.1 s`.

    `over`: the request has ended, so what still waits is never asked.
    """
    status = _NOT_ASKED if over and stage.going in (Going.WAITING, Going.RUNNING) else _status(stage)
    if status in (_NOT_ASKED, is_.NOT_SENT):
        facts = spans(named(stage.ref, target)) if stage.ref != target else ()
    else:
        facts = doing(stage, target)
    return line(f"{status.sign} {stage.role.value} {status.word}", ": " if facts else "", *facts)


def doing(stage: Stage, target: Ref) -> Spans:
    """Which object, where it is another one than the target; what it does or did; how long that took."""
    name = spans(named(stage.ref, target)) if stage.ref != target else ()
    took = spans(duration(stage.seconds)) if stage.seconds is not None and stage.seconds >= _NOTICEABLE else ()
    return joined((name, _so_far(stage), took))


def _status(stage: Stage) -> Status:
    match stage.going:
        case Going.WAITING:
            return _NEXT
        case Going.RUNNING:
            return _RUNNING
        case Going.DONE | Going.FAILED | Going.SKIPPED if stage.verdict is not None:
            return _ended(stage.verdict)
        case Going.DONE:
            return is_.DONE
        case Going.FAILED:
            return is_.NOT_SENT
        case Going.SKIPPED:
            return _NOT_ASKED
        case _:
            assert_never(stage.going)


def _ended(verdict: Verdict) -> Status:  # noqa: C901, PLR0912 - one line per verdict
    match verdict:
        case Succeeded():
            return is_.DONE
        case Unchanged():
            return is_.UNCHANGED
        case Failed():
            return is_.FAILED
        case Stalled():
            return is_.STALLED
        case TimedOut():
            return is_.NOT_FINISHED
        case Suspended():
            return is_.SUSPENDED
        case Gone(seen_before=seen):
            return is_.DELETED if seen else is_.NOT_FOUND
        case Deleting():
            return is_.DELETING
        case Static() | Skipped():
            return is_.SKIPPED
        case Cancelled():
            return _ASKED
        case Broken():
            return is_.BROKEN_OFF
        case Overtaken(verdict=theirs):
            return _ended(theirs)
        case _:
            assert_never(verdict)


def _so_far(stage: Stage) -> Spans:
    verdict = stage.verdict.verdict if isinstance(stage.verdict, Overtaken) else stage.verdict
    match verdict:
        case None if stage.going is Going.RUNNING and stage.pending is not None:
            return pending(stage.pending)
        case Succeeded(change=change):
            return spans(*change_pieces(change))
        case Failed(reason=reason) | Stalled(reason=reason):
            return spans(word(reason))
        case TimedOut(pending=what):
            # Not its sentence: that may name what this channel may not see.
            return spans(what.why.value)
        case Static():
            return spans("nothing to reconcile")
        case Skipped():
            return spans("outside its schedule")
        case Broken(why=why):
            return spans(quote(why, 200))
        case Suspended() | Gone() | Deleting() | Cancelled():
            return ()
        case _:
            return spans(Code(moved)) if (moved := from_to(stage.before, stage.after)) else ()
