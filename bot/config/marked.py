"""YAML as plain values that know their lines. Nothing is constructed from tags, nothing is expanded.

Anchors may stand in a file, aliases may not: what a rule says must be readable where it stands, and a few lines of
aliases can unfold to gigabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import yaml

from bot.config.problems import Problem, printable

LARGEST: Final = 1024 * 1024
"""Bytes of a file."""
DEEPEST: Final = 16
"""Levels of nesting; an allowlist needs seven."""
MOST: Final = 100_000
"""Words, lists and mappings of a file, each of which costs half a kilobyte: a thousand rules need a third of it."""


class Shape(Enum):
    """What YAML takes a word for."""

    TEXT = "tag:yaml.org,2002:str"
    FLAG = "tag:yaml.org,2002:bool"
    NULL = "tag:yaml.org,2002:null"
    OTHER = ""
    """A number, a date, or a tag of somebody's own."""


@dataclass(frozen=True, slots=True)
class Word:
    """A scalar, as written and as YAML takes it."""

    line: int
    text: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence."""

    line: int
    items: tuple[Marked, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping with its value. Repeated keys are repeated entries."""

    line: int
    key: str
    value: Marked


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the order of the file."""

    line: int
    entries: tuple[Entry, ...]


Marked = Word | Listing | Table


class _Refused(Exception):
    """Carries a problem out of PyYAML's recursion."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(line, "", text)


class _Composer(yaml.SafeLoader):
    """Builds nodes as the safe loader does, without aliases, not deeper than DEEPEST and not more than MOST."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _Refused(self._line(), 'an alias; write it out (and a name that starts with "*" in quotes)')
        self._nodes += 1
        if self._nodes > MOST:
            raise _Refused(self._line(), f"more than {MOST:,} words, lists and mappings")
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Refused(self._line(), "nested too deeply")
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def _line(self) -> int:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        return event.start_mark.line + 1 if event.start_mark else 0


def read_marked(data: bytes) -> Marked | Problem | None:
    """The one document of a YAML file; None when it is empty. Never raises, whatever the bytes are."""
    if len(data) > LARGEST:
        return Problem(0, "", f"larger than {LARGEST // 1024} KiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(data.count(b"\n", 0, error.start) + 1, "", "not UTF-8")
    try:
        composer = _Composer(text)
        try:
            node = composer.get_single_node()
            return None if node is None else _marked(node)
        finally:
            composer.dispose()
    except _Refused as refused:
        return refused.problem
    except yaml.MarkedYAMLError as error:
        return _syntax(error)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Problem(line, "", "a character that YAML does not allow")
    except (yaml.YAMLError, ValueError, OverflowError):
        # The scanner turns escapes and version numbers into integers without looking at their size.
        return Problem(0, "", "not YAML: an escape or a number out of range")


def _syntax(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = " ".join(each for each in (error.context, error.problem) if each)
    hint = ' (a "*" must stand in quotes)' if "alias" in said else ""
    return Problem(mark.line + 1 if mark else 0, "", f"not YAML: {printable(said, 200)}{hint}")


def _marked(node: yaml.Node) -> Marked:
    line = node.start_mark.line + 1
    match node:
        case yaml.MappingNode():
            return Table(line, tuple(_entry(key, value) for key, value in node.value))
        case yaml.SequenceNode():
            return Listing(line, tuple(_marked(item) for item in node.value))
        case yaml.ScalarNode():
            return Word(line, node.value, _shape(node))
        case _:
            raise _Refused(line, "neither a word nor a list nor a mapping")


def _entry(key: yaml.Node, value: yaml.Node) -> Entry:
    line = key.start_mark.line + 1
    if not isinstance(key, yaml.ScalarNode):
        raise _Refused(line, "a key that is no plain word")
    return Entry(line, key.value, _marked(value))


def _shape(node: yaml.ScalarNode) -> Shape:
    try:
        return Shape(node.tag)
    except ValueError:
        return Shape.OTHER
