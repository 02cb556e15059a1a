"""What a method of the Web API can say, and how it looks in JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from bot.demo.slack.shapes import Json


@dataclass(frozen=True, slots=True)
class Done:
    """Carried out; `body` is what the caller gets besides `ok`."""

    body: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """Slack's error, its lines of detail, and further fields such as `needed` and `provided`."""

    error: str
    messages: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)


Answer = Done | Refused


def as_json(answer: Answer) -> Json:
    """The body of the HTTP answer."""
    match answer:
        case Done(body):
            return {"ok": True, **body}
        case Refused(error, messages, extra):
            details = {"response_metadata": {"messages": list(messages)}} if messages else {}
            return {"ok": False, "error": error, **extra, **details}
        case _ as never:
            assert_never(never)
