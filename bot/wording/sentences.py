"""Every notice as a document. The one way out of bot.wording, so that nothing leaves it unmasked."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from bot.core.notices import (
    Ambiguous,
    Apology,
    Audited,
    ChannelOff,
    ClusterAsked,
    ClusterUnknown,
    Detailed,
    Finished,
    Helped,
    Joined,
    Mentioned,
    Notice,
    NotUnderstood,
    Refused,
    Running,
)
from bot.core.vocabulary import DEFAULT_COMMAND
from bot.wording.answers import whispered
from bot.wording.audit import audited, channel_off
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
from bot.wording.foreign import foreign
from bot.wording.refusals import refused
from bot.wording.requests import detailed, finished, mentioned, running


def document(notice: Notice, command: str = DEFAULT_COMMAND) -> Document:
    """What a notice says. `command` is the slash command's name, for what it tells people to type."""
    told = _told(notice, command)
    return Document(_line(told.head), tuple(_part(part) for part in told.parts), told.buttons)


def _told(notice: Notice, command: str) -> Document:
    match notice:
        case Running():
            return running(notice, command)
        case Finished():
            return finished(notice, command)
        case Detailed():
            return detailed(notice, command)
        case Mentioned():
            return mentioned(notice, command)
        case Refused():
            return refused(notice)
        case Audited():
            return audited(notice)
        case ChannelOff():
            return channel_off(notice)
        case NotUnderstood() | Ambiguous() | ClusterUnknown() | ClusterAsked() | Helped() | Joined() | Apology():
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
            return Passage(part.title, foreign(part.text))
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
