"""A small schema: types and patterns of the fields of `spec` that we declare. Others are taken as they are."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.demo.kube.calls import Json

_TYPES: Final[tuple[tuple[type, str], ...]] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why an object is invalid: `field` is its path, `spec.interval`."""

    reason: str
    message: str
    field: str


@dataclass(frozen=True, slots=True)
class Field:
    """What may stand in one field: a type of JSON Schema, perhaps a pattern or a few words only."""

    type: str
    required: bool = False
    pattern: str = ""
    words: tuple[str, ...] = ()


Schema = Mapping[str, Field]
"""From the dotted path below `spec` to what may stand there."""


def check(obj: Json, schema: Schema) -> tuple[Cause, ...]:
    """What is wrong with the object's `spec`; empty when nothing is."""
    if not schema:
        return ()
    spec = obj.get("spec")
    if spec is None:
        # Without a spec at all nothing in it is missed.
        return ()
    if not isinstance(spec, dict):
        return (_wrong_type(spec, "spec", "object"),)
    return tuple(cause for path, field in schema.items() for cause in _check_field(spec, path, field))


def _check_field(spec: Json, path: str, field: Field) -> Iterator[Cause]:
    *above, name = path.split(".")
    parent: object = spec
    for step in above:
        parent = parent.get(step) if isinstance(parent, dict) else None
    if not isinstance(parent, dict):
        # A parent that is absent or odd is its own field's affair.
        return
    where = f"spec.{path}"
    if name not in parent:
        if field.required:
            yield Cause("FieldValueRequired", "Required value", where)
        return
    yield from _check_value(parent[name], where, field)


def _check_value(value: object, where: str, field: Field) -> Iterator[Cause]:
    found = type_of(value)
    if found != field.type and not (field.type == "number" and found == "integer"):
        yield _wrong_type(value, where, field.type)
    elif field.words and value not in field.words:
        words = ", ".join(f'"{word}"' for word in field.words)
        yield Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {words}', where)
    elif field.pattern and isinstance(value, str) and not re.search(field.pattern, value):
        message = f"Invalid value: \"{value}\": {where} in body should match '{field.pattern}'"
        yield Cause("FieldValueInvalid", message, where)


def _wrong_type(value: object, where: str, wanted: str) -> Cause:
    found = type_of(value)
    message = f'Invalid value: "{found}": {where} in body must be of type {wanted}: "{found}"'
    return Cause("FieldValueTypeInvalid", message, where)


def type_of(value: object) -> str:
    """The value's type as JSON Schema calls it."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")
