"""Every notice as a document. The one way out of bot.wording, so that nothing leaves it unmasked."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from bot.core.notices import (
    Ambiguous,
    Apology,
    Audited,
    BatchDetailed,
    BatchFinished,
    BatchMentioned,
    BatchRunning,
    Cancelling,
    ChannelOff,
    ClusterAsked,
    ClusterUnknown,
    Detailed,
    Finished,
    ForceAsked,
    Helped,
    Joined,
    Mentioned,
    NoneSelected,
    NothingToCancel,
    Notice,
    NotUnderstood,
    Refused,
    Running,
    Unrecorded,
)
from bot.core.standing import Beheld, Checked, Portrayed, Recalled, Surveyed, Unwatched, WatchedAlready, WatchesFull
from bot.core.vocabulary import DEFAULT_COMMAND
from bot.wording.answers import whispered
from bot.wording.audit import audited, channel_off
from bot.wording.batch_lists import batch_detailed
from bot.wording.batches import batch_finished, batch_mentioned, batch_running, none_selected
from bot.wording.cancelling import cancelling, nothing_to_cancel
from bot.wording.checks import checked
from bot.wording.document import (
    Code,
    Document,
    Line,
    Link,
    Note,
    Part,
    Passage,
    Person,
    Ping,
    Plain,
    Run,
    Span,
    Spans,
    Strong,
    When,
)
from bot.wording.forcing import force_asked
from bot.wording.foreign import foreign
from bot.wording.history import recalled
from bot.wording.portraits import portrayed
from bot.wording.refusals import refused
from bot.wording.requests import detailed, finished, mentioned, running
from bot.wording.standing import surveyed
from bot.wording.watches import beheld, unwatched, watched_already, watches_full


def document(notice: Notice, command: str = DEFAULT_COMMAND) -> Document:
    """What a notice says. `command` is the slash command's name, for what it tells people to type."""
    told = _told(notice, command)
    return Document(_line(told.head), tuple(_part(part) for part in told.parts), told.buttons)


def _told(notice: Notice, command: str) -> Document:  # noqa: C901, PLR0912 - one line per notice
    match notice:
        case Running():
            return running(notice, command)
        case Finished():
            return finished(notice, command)
        case Detailed():
            return detailed(notice, command)
        case Mentioned():
            return mentioned(notice, command)
        case ForceAsked():
            return force_asked(notice)
        case Cancelling():
            return cancelling(notice)
        case NothingToCancel():
            return nothing_to_cancel(notice)
        case BatchRunning():
            return batch_running(notice)
        case BatchFinished():
            return batch_finished(notice, command)
        case BatchDetailed():
            return batch_detailed(notice, command)
        case BatchMentioned():
            return batch_mentioned(notice)
        case NoneSelected():
            return none_selected(notice)
        case Surveyed():
            return surveyed(notice, command)
        case Portrayed():
            return portrayed(notice, command)
        case Checked():
            return checked(notice)
        case Recalled():
            return recalled(notice, command)
        case Beheld():
            return beheld(notice)
        case Unwatched():
            return unwatched(notice, command)
        case WatchedAlready():
            return watched_already(notice)
        case WatchesFull():
            return watches_full(notice)
        case Refused():
            return refused(notice)
        case Audited():
            return audited(notice)
        case ChannelOff():
            return channel_off(notice)
        case (
            NotUnderstood()
            | Ambiguous()
            | ClusterUnknown()
            | ClusterAsked()
            | Helped()
            | Joined()
            | Unrecorded()
            | Apology()
        ):
            return whispered(notice, command)
        case _:
            assert_never(notice)


def _part(part: Part) -> Part:
    match part:
        case Line():
            return _line(part)
        case Note():
            return Note(_spans(part.spans))
        case Passage():
            return replace(part, text=foreign(part.text))
        case _:
            assert_never(part)


def _line(line: Line) -> Line:
    return Line(_spans(line.spans))


def _spans(spans: Spans) -> Spans:
    return tuple(_span(each) for each in spans)


def _span(span: Span) -> Span:
    match span:
        case When():
            return span
        case Person() | Ping():
            return replace(span, name=_flat(span.name))
        case Link():
            return replace(span, text=_flat(span.text), url=foreign(span.url))
        case Plain() | Strong() | Code() | Run():
            return replace(span, text=_flat(span.text))
        case _:
            assert_never(span)


def _flat(text: str) -> str:
    return foreign(text).replace("\n", " ").replace("\t", " ")
