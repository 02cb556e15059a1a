"""A document as plain lines: for a terminal, a log, an Event in a cluster."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, assert_never

from bot.core.offers import Button, Press
from bot.wording.document import (
    Clockface,
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

LABELS: Final[dict[Press, str]] = {
    Press.RETRY: "Retry",
    Press.WITH_SOURCE: "With source",
    Press.AS_IS: "Reconcile what is there",
    Press.DETAILS: "Details",
    Press.WHAT_MAY_I: "What may I do here?",
    Press.CLUSTER: "This cluster",
    Press.FORCE: "Force it",
    Press.CANCEL: "Cancel",
    Press.SHARE: "Share",
}


def label(button: Button) -> str:
    """The word on a button."""
    return button.label or LABELS[button.press]


def plain(document: Document) -> str:
    """The whole message, a line per fact."""
    lines = [_spans(document.head.spans), *(_part(part) for part in document.parts)]
    if document.buttons:
        lines.append(" ".join(f"[{label(button)}]" for button in document.buttons))
    return "\n".join(lines)


def _part(part: Part) -> str:
    match part:
        case Line():
            return f"  {_spans(part.spans)}"
        case Note():
            return f"  ({_spans(part.spans)})"
        case Passage():
            body = "\n".join(f"    {line}" for line in part.text.split("\n"))
            return f"  {part.title}:\n{body}"
        case _:
            assert_never(part)


def _spans(spans: Spans) -> str:
    return "".join(_span(each) for each in spans)


def _span(span: Span) -> str:
    match span:
        case Plain(text) | Strong(text) | Code(text) | Run(text):
            return text
        case Link(text, url):
            return f"{text} ({url})"
        case When(at, face):
            return clock(at, face)
        case Person(_, name) | Ping(_, name):
            return f"@{name}"
        case _:
            assert_never(span)


def clock(at: datetime, face: Clockface) -> str:
    """A moment where nothing counts by itself."""
    shape = "%H:%M:%S UTC" if face is Clockface.TIME else "%Y-%m-%d %H:%M UTC"
    return at.astimezone(UTC).strftime(shape)
