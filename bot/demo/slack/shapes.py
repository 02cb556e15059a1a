"""JSON as it comes in from a caller: nothing is believed before it was looked at."""

from collections.abc import Mapping, Sequence

Json = Mapping[str, object]
"""One JSON object."""


def as_object(value: object) -> Json | None:
    """The value if it is a JSON object."""
    return value if isinstance(value, dict) else None


def as_list(value: object) -> Sequence[object] | None:
    """The value if it is a JSON array."""
    return value if isinstance(value, list | tuple) else None


def as_objects(value: object) -> tuple[Json, ...]:
    """The objects among the members of an array; nothing if it is none."""
    return tuple(member for member in as_list(value) or () if isinstance(member, dict))


def as_text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""
