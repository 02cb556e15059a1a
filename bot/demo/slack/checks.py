"""Small checks of JSON values that are put together into Slack's rules.

A check takes a value and its JSON pointer, and yields one complaint for each thing that is wrong, worded and
addressed as Slack does it: `must be less than 76 characters [json-pointer:/blocks/0/…]`.
"""

import re
from collections.abc import Callable, Iterator, Mapping

Check = Callable[[object, str], Iterator[str]]


def complaint(what: str, pointer: str) -> str:
    """One line for `response_metadata.messages`."""
    return f"[ERROR] {what} [json-pointer:{pointer}]"


def string(most: int, least: int = 1, pattern: str | None = None) -> Check:
    """Text of `least` to `most` characters, matching all of `pattern` if there is one."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield complaint("must be a string", pointer)
        elif len(value) > most:
            yield complaint(f"must be less than {most + 1} characters", pointer)
        elif len(value) < least:
            yield complaint(f"must be more than {least - 1} characters", pointer)
        elif pattern is not None and not re.fullmatch(pattern, value):
            yield complaint("failed to match the expected format", pointer)

    return check


def one_of(*allowed: str) -> Check:
    """One of these words."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield complaint(f"must be a valid enum value: {', '.join(allowed)}", pointer)

    return check


def boolean(value: object, pointer: str) -> Iterator[str]:
    """True or false, not a word for it."""
    if not isinstance(value, bool):
        yield complaint("must be a boolean", pointer)


def integer(least: int, most: int) -> Check:
    """A whole number between both, both included."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield complaint("must be a number", pointer)
        elif not least <= value <= most:
            yield complaint(f"must be between {least} and {most}", pointer)

    return check


def anything(value: object, pointer: str) -> Iterator[str]:
    """No opinion."""
    del value, pointer
    yield from ()


def array(each: Check, most: int, least: int = 1) -> Check:
    """`least` to `most` members, each of which passes."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, list | tuple):
            yield complaint("must be an array", pointer)
            return
        if len(value) > most:
            yield complaint(f"no more than {most} items allowed", pointer)
        if len(value) < least:
            yield complaint(f"no less than {least} items allowed", pointer)
        for index, member in enumerate(value):
            yield from each(member, f"{pointer}/{index}")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with all of the required fields, perhaps the optional ones, and no others."""
    known = {**(optional or {}), **required}

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield complaint("must be an object", pointer)
            return
        for name in required:
            if value.get(name) is None:
                yield complaint(f"missing required field: {name}", pointer)
        for name, member in value.items():
            if name not in known:
                yield complaint(f"invalid additional property: {name}", pointer)
            elif member is not None:
                yield from known[name](member, f"{pointer}/{name}")

    return check


def by_type(table: Mapping[str, Check], unknown: str) -> Check:
    """An object whose `type` chooses its check; `unknown` is the complaint about any other type."""

    def check(value: object, pointer: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        known = table.get(kind) if isinstance(kind, str) else None
        if known is None:
            yield complaint(f"{unknown}: {kind}", f"{pointer}/type" if isinstance(value, dict) else pointer)
        else:
            yield from known(value, pointer)

    return check


def both(*checks: Check) -> Check:
    """Every one of these."""

    def check(value: object, pointer: str) -> Iterator[str]:
        for each in checks:
            yield from each(value, pointer)

    return check
