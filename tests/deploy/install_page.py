"""Reads docs/install.md: its numbered steps and what is typed in each."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from tests.deploy.rendered import ROOT

PAGE = (ROOT / "docs" / "install.md").read_text("utf-8")
SLACK = "/flux-reconcile "
"""How lines begin that are typed in Slack."""
_INDENT = " " * 7


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step. `lines` are those of its blocks: commands for a shell, for Slack, or lines of a file."""

    number: int
    title: str
    lines: tuple[str, ...]

    @property
    def shell(self) -> tuple[str, ...]:
        return tuple(line for line in self.lines if not line.startswith(SLACK) and not re.match(r"[A-Z_]+=", line))

    @property
    def commands(self) -> list[list[str]]:
        """Its shell lines as words, one list per program."""
        return [shlex.split(part) for line in self.shell for part in line.split(" && ")]

    @property
    def slack(self) -> tuple[str, ...]:
        return tuple(line.removeprefix(SLACK) for line in self.lines if line.startswith(SLACK))

    @property
    def settings(self) -> dict[str, str]:
        pairs = [line.partition("=") for line in self.lines if re.match(r"[A-Z_]+=", line)]
        return {name: value for name, _, value in pairs}


def steps() -> tuple[Step, ...]:
    """In their order."""
    text = PAGE.partition("## Six steps\n")[2].partition("\n## ")[0]
    found = re.split(r"^(\d+)\. \*\*(.+?)\*\*", text, flags=re.MULTILINE)[1:]
    return tuple(
        Step(
            number=int(number),
            title=title.rstrip("."),
            lines=tuple(line.removeprefix(_INDENT) for line in body.splitlines() if line.startswith(_INDENT)),
        )
        for number, title, body in zip(found[::3], found[1::3], found[2::3], strict=True)
    )
