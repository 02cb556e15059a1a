"""docs/commands.md shows only what the parser takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.core.commands import Command
from bot.core.kinds import KINDS, kind_called, kind_of_cli
from bot.core.parsing import parse
from bot.core.switches import LONG_OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
EXAMPLES = [re.split(r"\s{3,}", line.strip())[0] for line in PAGE.splitlines() if line.startswith("    ")]
ROWS = re.findall(
    r"^\| (\w+) \| ?(.*?) ?\|$", PAGE.partition("### Kinds")[2].partition("### Several")[0], re.MULTILINE
)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 9


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_command(example: str) -> None:
    assert isinstance(parse(example), Command)


def test_every_kind_that_can_be_asked_for_is_listed_with_its_words() -> None:
    rows = [(name, re.findall(r"`([^`]+)`", also)) for name, also in ROWS if name != "kind"]
    assert [name for name, _ in rows] == [kind.name for kind in KINDS if not kind.static]
    for name, words in rows:
        for word in words:
            first, _, second = word.partition(" ")
            kind = kind_of_cli(first, second) if second else kind_called(word)
            assert kind is not None
            assert kind.name == name


def test_every_option_is_listed() -> None:
    assert sorted(name for name in LONG_OPTIONS if f"--{name}" not in PAGE) == []
