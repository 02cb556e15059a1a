"""How single values are written as JSON, and read back strictly: what is not exactly one is Damaged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from bot.core.kinds import Kind, kind_named

_MICROSECOND: Final = timedelta(microseconds=1)
_WORD: Final = re.compile(r"[A-Za-z0-9_]{1,60}")


class Damaged(Exception):
    """What was read is no value of the wanted type. Its text may be shown: it names fields and never quotes text."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.way: tuple[str, ...] = ()
        """From the outermost value to where the trouble is: `.tracks`, `[3]`, `.target`."""

    def within(self, step: str) -> Damaged:
        self.way = (step, *self.way)
        return self

    def __str__(self) -> str:
        return f"{''.join(self.way).removeprefix('.')} {self.why}".strip()


@dataclass(frozen=True, slots=True)
class Form:
    """How the values of one type are written; `read` raises Damaged."""

    write: Callable[[Any], object]
    read: Callable[[object], object]


def same(value: object) -> object:
    return value


def _text(raw: object) -> str:
    if type(raw) is str:
        return raw
    raise Damaged("should be a text")


def _flag(raw: object) -> bool:
    if type(raw) is bool:
        return raw
    raise Damaged("should be true or false")


def _whole(raw: object) -> int:
    if type(raw) is int:
        return raw
    raise Damaged("should be a whole number")


def _number(raw: object) -> float:
    if type(raw) is float:
        return raw
    try:
        return float(_whole(raw))
    except OverflowError:
        raise Damaged("is beyond counting") from None


def _write_time(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time without a zone is no moment, so it is not stored")
    return value.isoformat()


def _time(raw: object) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(raw))
    except ValueError:
        raise Damaged("should be a time") from None
    if moment.tzinfo is None:
        raise Damaged("should be a time with its zone")
    return moment


def _write_span(value: timedelta) -> int:
    return value // _MICROSECOND


def _span(raw: object) -> timedelta:
    try:
        return timedelta(microseconds=_whole(raw))
    except OverflowError:
        raise Damaged("is beyond counting") from None


def _write_kind(value: Kind) -> str:
    return value.name


def _kind(raw: object) -> Kind:
    kind = kind_named(_text(raw))
    if kind is None:
        raise Damaged(f"names a kind that this version does not know{called(raw)}")
    return kind


def called(raw: object) -> str:
    """The unknown word if it is a mere word; whatever else may stand there is not ours to repeat."""
    return f": {raw}" if isinstance(raw, str) and _WORD.fullmatch(raw) else ""


SINGLE: Final[Mapping[type, Form]] = {
    str: Form(same, _text),
    bool: Form(same, _flag),
    int: Form(same, _whole),
    float: Form(same, _number),
    datetime: Form(_write_time, _time),
    timedelta: Form(_write_span, _span),
    Kind: Form(_write_kind, _kind),
}


def enum_form(kind: type[Enum]) -> Form:
    members = dict(kind.__members__)

    def write(value: Enum) -> str:
        return value.name

    def read(raw: object) -> Enum:
        member = members.get(_text(raw))
        if member is None:
            raise Damaged(f"is no {kind.__name__} that this version knows{called(raw)}")
        return member

    return Form(write, read)
