"""Reads a Dockerfile and its .dockerignore, as far as ours use the language; what it does not know is an error."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

KNOWN = frozenset(
    {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "LABEL", "RUN", "STOPSIGNAL", "USER", "WORKDIR"}
)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with its continuation lines joined; `line` is where it begins."""

    line: int
    word: str
    rest: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.word} {self.rest}"

    def argv(self) -> list[str]:
        """Of ENTRYPOINT and CMD; only the exec form, since the other one hides signals behind a shell."""
        argv = json.loads(self.rest)
        assert isinstance(argv, list)
        return [str(each) for each in argv]

    def pairs(self, known: Mapping[str, str]) -> dict[str, str]:
        """Of ENV and LABEL: `key=value …`, with `${name}` replaced by what is known."""
        pairs = [each.partition("=") for each in shlex.split(self.rest)]
        return {key: re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], ""), value) for key, _, value in pairs}

    def flags(self) -> tuple[dict[str, str], list[str]]:
        """Of COPY: its `--flag=value` words, and the rest of its words."""
        words = shlex.split(self.rest)
        flags = [word for word in words if word.startswith("--")]
        named = {flag.removeprefix("--").partition("=")[0]: flag.partition("=")[2] for flag in flags}
        return named, [word for word in words if not word.startswith("--")]


@dataclass(frozen=True, slots=True)
class Stage:
    """From one FROM to the next."""

    base: str
    name: str
    instructions: tuple[Instruction, ...]

    def last(self, word: str) -> Instruction | None:
        return next((each for each in reversed(self.instructions) if each.word == word), None)


def stages(text: str) -> tuple[Stage, ...]:
    """Raises ValueError for an instruction that is not known here."""
    found: list[Stage] = []
    for each in _instructions(text):
        if each.word not in KNOWN:
            raise ValueError(f"{each}: not known")
        if each.word == "FROM":
            base, _, name = each.rest.partition(" AS ")
            found.append(Stage(base.strip(), name.strip(), ()))
        else:
            stage = found[-1]
            found[-1] = Stage(stage.base, stage.name, (*stage.instructions, each))
    return tuple(found)


def _instructions(text: str) -> list[Instruction]:
    found: list[Instruction] = []
    begun: tuple[int, str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#") or (begun is None and not line.strip()):
            continue
        start, before = begun if begun is not None else (number, "")
        whole = before + line.strip()
        if whole.endswith("\\"):
            begun = (start, whole[:-1])
            continue
        begun = None
        word, _, rest = whole.partition(" ")
        found.append(Instruction(start, word.upper(), rest.strip()))
    assert begun is None, "the file ends in the middle of an instruction"
    return found


@dataclass(frozen=True, slots=True)
class Ignored:
    """A .dockerignore: the last pattern that fits a path or a folder above it decides."""

    patterns: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Ignored:
        lines = [line.strip() for line in text.splitlines()]
        return cls(tuple(line for line in lines if line and not line.startswith("#")))

    def __call__(self, path: PurePosixPath) -> bool:
        ignored = False
        for pattern in self.patterns:
            if _fits(path, pattern.removeprefix("!")):
                ignored = not pattern.startswith("!")
        return ignored


def _fits(path: PurePosixPath, pattern: str) -> bool:
    parts = re.split(r"(\*\*/|\*)", pattern)
    wild = {"**/": r"(?:[^/]+/)*", "*": r"[^/]*"}
    expression = "".join(wild.get(part, re.escape(part)) for part in parts)
    return any(re.fullmatch(expression, str(each)) for each in (path, *path.parents) if str(each) != ".")
