"""A cursor over marked YAML that collects every problem instead of stopping at the first.

Readers answer None where something is wrong and have said so; whoever reads goes on with the next field.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.config.marked import Entry, Listing, Marked, Shape, Table, Word
from bot.config.problems import Problem, listed, nearest, printable, shown

_FLAGS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_PLAIN_KEY: Final = re.compile(r"[\w-]{1,60}")


@dataclass(slots=True)
class Findings:
    """What was found while one file was read. `warnings` are legal, but hardly meant."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that a mapping knows."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


@dataclass(frozen=True, slots=True)
class Field:
    """One value of the file and the way to it."""

    path: str
    value: Marked
    line: int
    """Of its key, where it has one: that is where a person looks."""
    findings: Findings

    def wrong(self, text: str) -> None:
        self.findings.problems.append(Problem(self.line, self.path, text))

    def doubtful(self, text: str) -> None:
        self.findings.warnings.append(Problem(self.line, self.path, text))

    @property
    def is_null(self) -> bool:
        return isinstance(self.value, Word) and self.value.shape is Shape.NULL

    def members(self) -> tuple[tuple[str, Field], ...]:
        """Key and value of every entry of a mapping; a key that comes twice is a problem and counts once."""
        if self.is_null:
            return ()
        if not isinstance(self.value, Table):
            self.wrong(f"must be a mapping (`key: value`), not {_called(self.value)}")
            return ()
        first: dict[str, Entry] = {}
        for entry in self.value.entries:
            if entry.key in first:
                text = f"stands twice; first in line {first[entry.key].line}"
                self.findings.problems.append(Problem(entry.line, self._below(entry.key), text))
            else:
                first[entry.key] = entry
        return tuple((key, self._member(entry)) for key, entry in first.items())

    def parts(self, keys: Keys) -> dict[str, Field]:
        """The known entries of a mapping by key; unknown keys and missing required ones are problems."""
        found = dict(self.members())
        for key, member in found.items():
            if key not in keys.all:
                member.wrong(f"unknown key{nearest(key, keys.all) or '; known here: ' + ', '.join(keys.all)}")
        if isinstance(self.value, Table) or self.is_null:
            missing = (key for key in keys.required if key not in found)
            self.findings.problems.extend(Problem(self.line, self._below(key), "is missing") for key in missing)
        return {key: member for key, member in found.items() if key in keys.all}

    def items(self) -> tuple[Field, ...]:
        """The elements of a list. Null is an empty list, which is legal and gets a warning: it means nobody."""
        if self.is_null or (isinstance(self.value, Listing) and not self.value.items):
            self.doubtful("empty: fits nobody and nothing")
            return ()
        if not isinstance(self.value, Listing):
            self.wrong(f"must be a list, as `[…]` or with dashes, not {_called(self.value)}")
            return ()
        return tuple(
            Field(f"{self.path}[{number}]", item, item.line, self.findings)
            for number, item in enumerate(self.value.items)
        )

    def text(self) -> str | None:
        """A word. What YAML would take for a number or a truth value must be quoted, or `no` becomes false."""
        if isinstance(self.value, Word) and self.value.shape is Shape.TEXT:
            if self.value.text and self.value.text.isprintable():
                return self.value.text
            self.wrong("is empty" if not self.value.text else "holds characters that do not print")
            return None
        if isinstance(self.value, Word) and not self.is_null:
            self.wrong(f"must be a text; {shown(self.value.text)} needs quotes")
        else:
            self.wrong(f"must be a text, not {_called(self.value)}")
        return None

    def matching(self, pattern: re.Pattern[str], what: str) -> str | None:
        """A text of a certain form; `what` names the form."""
        text = self.text()
        if text is not None and not pattern.fullmatch(text):
            self.wrong(f"{shown(text)} is not {what}")
            return None
        return text

    def choice(self, valid: Collection[str]) -> str | None:
        """One of a few words."""
        text = self.text()
        if text is not None and text not in valid:
            self.wrong(f"{shown(text)} is not {listed(valid)}{nearest(text, valid)}")
            return None
        return text

    def flag(self) -> bool | None:
        if isinstance(self.value, Word) and self.value.shape is Shape.FLAG and self.value.text.lower() in _FLAGS:
            return _FLAGS[self.value.text.lower()]
        self.wrong(f"must be true or false, not {_called(self.value)}")
        return None

    def _member(self, entry: Entry) -> Field:
        return Field(self._below(entry.key), entry.value, entry.line, self.findings)

    def _below(self, key: str) -> str:
        shown_key = key if _PLAIN_KEY.fullmatch(key) else shown(key)
        return f"{self.path}.{shown_key}" if self.path else shown_key


def told(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Each once, in the order of the file."""
    return tuple(sorted(set(problems)))


def _called(value: Marked) -> str:
    match value:
        case Word(shape=Shape.NULL):
            return "nothing"
        case Word(text=text):
            return printable(f'"{text}"', 40)
        case Listing():
            return "a list"
        case Table():
            return "a mapping"
