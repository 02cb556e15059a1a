"""How a value becomes plain JSON and comes back: worked out once per type, from the fields of its dataclasses.

    a dataclass           an object of its fields, without those that equal their default
    one of several        the object says which in `is`; no field can be called so
    an enum               the member's name: its value is often a sentence, and sentences get reworded
    a kind of Flux        its name as the API spells it
    tuples and sets       arrays; a set is sorted, so that equal values give equal text
    a time, a duration    ISO 8601 with its offset; whole microseconds

So the names of classes, fields and members, and the defaults, are words of the store. Whoever changes one raises
FORMAT in bot/store/codec.py and reads the older form too; for a member of an enum an alias is enough.
tests/data/store/words.json holds them all, and a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeGuard, Union, get_args, get_origin, get_type_hints

from bot.store.codec_values import SINGLE, Damaged, Form, called, enum_form, same

TAG: Final = "is"


@cache
def form_of(hint: object) -> Form:
    """The form of a type as an annotation names it. Raises TypeError for a type that nobody thought of."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _choice(parts)
    if origin is tuple and parts[1:] == (...,):
        return _array(form_of(parts[0]))
    if origin is tuple:
        return _fixed(tuple(form_of(part) for part in parts))
    if origin is frozenset:
        return _set(form_of(parts[0]))
    if isinstance(hint, type) and hint in SINGLE:
        return SINGLE[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return enum_form(hint)
    if _is_record(hint):
        record = _record(hint)
        return Form(record.write, record.read)
    raise TypeError(f"the store has no form for {hint}")


# --- Several values -----------------------------------------------------------------------------------------------


def _items(raw: object) -> list[object]:
    if type(raw) is list:
        return raw
    raise Damaged("should be a list")


def _each(read: Callable[[object], object], items: list[object]) -> list[object]:
    done: list[object] = []
    try:
        for item in items:
            done.append(read(item))  # noqa: PERF401 - how many are done says which one was damaged
    except Damaged as damaged:
        raise damaged.within(f"[{len(done)}]") from None
    return done


def _array(item: Form) -> Form:
    if item.write is same:
        return Form(same, lambda raw: tuple(_each(item.read, _items(raw))))
    return Form(lambda value: [item.write(each) for each in value], lambda raw: tuple(_each(item.read, _items(raw))))


def _fixed(parts: tuple[Form, ...]) -> Form:
    def write(value: tuple[object, ...]) -> list[object]:
        return [part.write(each) for part, each in zip(parts, value, strict=True)]

    def read(raw: object) -> tuple[object, ...]:
        items = _items(raw)
        if len(items) != len(parts):
            raise Damaged(f"should be a list of {len(parts)}")
        done: list[object] = []
        try:
            for part, item in zip(parts, items, strict=True):
                done.append(part.read(item))
        except Damaged as damaged:
            raise damaged.within(f"[{len(done)}]") from None
        return tuple(done)

    return Form(write, read)


def _set(item: Form) -> Form:
    def write(value: frozenset[object]) -> list[Any]:
        written: list[Any] = [item.write(each) for each in value]
        return sorted(written)

    return Form(write, lambda raw: frozenset(_each(item.read, _items(raw))))


# --- Dataclasses --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    """A dataclass, field by field."""

    type: type
    parts: tuple[tuple[str, Callable[[Any], object], object], ...]
    """Name, how it is written, and the default; MISSING where there is none."""
    readers: Mapping[str, Callable[[object], object]]
    required: frozenset[str]

    def write(self, value: object, written: dict[str, object] | None = None) -> dict[str, object]:
        """Adds the fields to `written`, which may hold a tag already."""
        written = {} if written is None else written
        for name, write, default in self.parts:
            part = getattr(value, name)
            if part is not default and part != default:
                written[name] = write(part)
        return written

    def read(self, raw: object) -> object:
        """What is not a field is left out: a newer replica may know it."""
        given: dict[str, object] = {}
        name = ""
        try:
            for name, part in _object(raw).items():
                reader = self.readers.get(name)
                if reader is not None:
                    given[name] = reader(part)
        except Damaged as damaged:
            raise damaged.within(f".{name}") if name else damaged from None
        lacks = sorted(self.required - given.keys())
        if lacks:
            raise Damaged(f"lacks {', '.join(lacks)}")
        try:
            return self.type(**given)
        except ValueError:
            raise Damaged(f"holds what no {self.type.__name__} may") from None


def _is_record(hint: object) -> TypeGuard[type]:
    return isinstance(hint, type) and is_dataclass(hint) and hint not in SINGLE


def _object(raw: object) -> dict[str, object]:
    if type(raw) is dict:
        return raw
    raise Damaged("should be an object")


@cache
def _record(kind: type) -> _Record:
    hints, own = get_type_hints(kind), fields(kind)
    forms = {field.name: form_of(hints[field.name]) for field in own}
    return _Record(
        kind,
        tuple((field.name, forms[field.name].write, field.default) for field in own),
        {name: form.read for name, form in forms.items()},
        frozenset(field.name for field in own if field.default is MISSING and field.default_factory is MISSING),
    )


def _choice(members: tuple[object, ...]) -> Form:
    """One of several. What is no dataclass is told by its JSON alone, so there may be one such beside None."""
    optional = NoneType in members
    some = [member for member in members if member is not NoneType]
    tagged = [member for member in some if _is_record(member)] if len(some) > 1 else []
    plain = [form_of(member) for member in some if member not in tagged]
    if len(plain) > 1:
        raise TypeError(f"the store cannot tell these apart: {some}")
    records = {kind: _record(kind) for kind in tagged}
    by_name = {kind.__name__: record for kind, record in records.items()}

    def write(value: object) -> object:
        if value is None and optional:
            return None
        record = records.get(type(value))
        if record is not None:
            return record.write(value, {TAG: record.type.__name__})
        if not plain:
            raise TypeError(f"{type(value).__name__} is none of {', '.join(by_name)}")
        return plain[0].write(value)

    def read(raw: object) -> object:
        if raw is None and optional:
            return None
        if plain and (not records or type(raw) is not dict):
            return plain[0].read(raw)
        tag = _object(raw).get(TAG)
        record = by_name.get(tag) if isinstance(tag, str) else None
        if record is None:
            raise Damaged(f"is of a type that this version does not know{called(tag)}")
        return record.read(raw)

    return Form(write, read)
