"""docs/audit.md and the verifier in it: of the standard library alone, and of one mind with bot/core/proof.py."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

import pytest

from bot.core.audit import Result
from bot.core.proof import GENESIS, Anchor, Proven, Wrong, canonical, exported, sealed, verify
from tests.core.trails import WHOLE, Trail, anchors_of, renumbered, sealed_in_a_row

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "audit.md").read_text(encoding="utf-8")
VERIFIER = DOCS / "verify_audit.py"
HEAD = "ab" * 32

TRICKY = 'x","hash":"' + HEAD + '","number":9,"prev":"' + GENESIS + '",\r\n\u2028é\x1b[31m\0'
"""A name that looks like the keys which the verifier reads."""
TRAIL = sealed_in_a_row(
    (
        WHOLE,
        replace(WHOLE, object=TRICKY, ref=None, outcome=Result.REFUSED, seconds=None),
        replace(WHOLE, caller=replace(WHOLE.caller, name=TRICKY), before=TRICKY, seconds=1e-7),
        replace(WHOLE, rule="", link=""),
        replace(WHOLE, request="efgh5678", seconds=1e22),
    )
)
ANCHORS = anchors_of(TRAIL, [3, 5])
FORGED = sealed(replace(TRAIL[2], outcome=Result.CHANGED), 3, TRAIL[1].hash)

TAMPERED: dict[str, Trail] = {
    "not at all": TRAIL,
    "everything deleted": (),
    "one changed": (TRAIL[0], replace(TRAIL[1], outcome=Result.CHANGED), *TRAIL[2:]),
    "one changed, with its hash": (*TRAIL[:2], FORGED, *TRAIL[3:]),
    "all from one on computed anew": (*TRAIL[:2], FORGED, *sealed_in_a_row(TRAIL[3:], Anchor(3, FORGED.hash))),
    "the first deleted": TRAIL[1:],
    "one deleted": (*TRAIL[:2], *TRAIL[3:]),
    "one deleted, the numbers put right": renumbered((*TRAIL[:2], *TRAIL[3:])),
    "two changed places": (TRAIL[0], TRAIL[2], TRAIL[1], *TRAIL[3:]),
    "two changed places, the numbers put right": renumbered((TRAIL[0], TRAIL[2], TRAIL[1], *TRAIL[3:])),
    "one doubled": (*TRAIL[:2], *TRAIL[1:]),
    "the tail cut": TRAIL[:4],
    "a number left out, and the rest computed anew": (*TRAIL[:3], sealed(TRAIL[3], 5, TRAIL[2].hash)),
    "a number changed": (*TRAIL[:3], replace(TRAIL[3], number=7), TRAIL[4]),
    "a hash that is none": (*TRAIL[:3], replace(TRAIL[3], hash='","number":4,'), TRAIL[4]),
    "a hash in capitals": (*TRAIL[:3], replace(TRAIL[3], hash=TRAIL[3].hash.upper()), TRAIL[4]),
}


DAMAGED: dict[str, Callable[[str], str]] = {
    "emptied": lambda line: "",
    "no JSON": lambda line: line[1:],
    "cut short": lambda line: line[: len(line) // 2],
    "nested without end": lambda line: "[" * 100_000,
    "with a key twice": lambda line: line.replace('"outcome":', '"outcome":"changed","outcome":'),
    "with a second hash": lambda line: line.replace('"link":', f'"hash":"{HEAD}","link":'),
    "with its hash said twice": lambda line: line.replace('"link":', f'"hash":"{TRAIL[3].hash}","link":'),
    "with more behind it": lambda line: f"{line}{{}}",
    "with a space more": lambda line: line.replace('"number":4', '"number": 4'),
    "with a number for a word": lambda line: line.replace('"number":4', '"number":"4"'),
    "with bytes that are no text": lambda line: line.replace("web", "\udcff"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_the_verifier_and_the_bot_say_the_same_of_a_trail(what: str, tmp_path: Path) -> None:
    said = verify(TAMPERED[what], anchors=ANCHORS)
    assert isinstance(said, Proven) == (what == "not at all")
    assert _verified(tmp_path, _lines(TAMPERED[what]), *_given(ANCHORS)) == _as_printed(said)


@pytest.mark.parametrize("how", DAMAGED)
def test_a_line_that_the_bot_did_not_write_is_bad(how: str, tmp_path: Path) -> None:
    lines = _lines(TRAIL)
    damaged = DAMAGED[how](lines[3])
    assert damaged != lines[3]
    lines[3] = damaged
    assert _verified(tmp_path, lines) == (1, "entry 4 is the first bad one\n")


def test_line_ends_may_be_those_of_any_system(tmp_path: Path) -> None:
    assert _verified(tmp_path, _lines(TRAIL), end="\r\n") == _as_printed(verify(TRAIL))


def test_an_export_without_anchors_is_proven_as_far_as_it_goes(tmp_path: Path) -> None:
    assert _verified(tmp_path, []) == (0, f"proven up to entry 0, hash {GENESIS}\n")
    assert _verified(tmp_path, _lines(TRAIL[:2])) == (0, f"proven up to entry 2, hash {TRAIL[1].hash}\n")


def test_a_trail_that_retention_shortened_needs_its_start(tmp_path: Path) -> None:
    lines, start = _lines(TRAIL)[2:], ("--start", f"2:{TRAIL[1].hash}")
    assert _verified(tmp_path, lines, *start, *_given(ANCHORS)) == (
        0,
        f"proven up to entry 5, hash {TRAIL[-1].hash}\n",
    )
    assert _verified(tmp_path, lines) == (1, "entry 1 is the first bad one\n")
    assert _verified(tmp_path, lines, "--start", f"2:{HEAD}") == (1, "entry 3 is the first bad one\n")
    assert _verified(tmp_path, lines, *start, "--anchor", f"2:{HEAD}") == (1, "entry 2 is the first bad one\n")


def test_what_is_no_anchor_is_said_and_proves_nothing(tmp_path: Path) -> None:
    code, said = _verified(tmp_path, _lines(TRAIL), "--anchor", "5")
    assert (code, said) == (2, "")


def test_the_verifier_has_at_most_thirty_lines_and_stands_on_the_page() -> None:
    text = VERIFIER.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 30
    assert re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) == [text]


def test_the_line_for_the_shell_on_the_page_prints_the_hash(tmp_path: Path) -> None:
    (command,) = re.findall(r"^    (head -n 1 audit\.jsonl .*)$", PAGE, re.MULTILINE)
    (tmp_path / "audit.jsonl").write_text("".join(f"{line}\n" for line in _lines(TRAIL)), encoding="utf-8")
    ran = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.split()[0] == TRAIL[0].hash


def test_every_key_of_an_entry_is_on_the_page() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    keys = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    told = json.loads(canonical(WHOLE, GENESIS))
    assert sorted(keys) == sorted(told)
    inner = {key for value in told.values() if isinstance(value, dict) for key in value}
    assert [key for key in inner if f"`{key}`" not in PAGE] == []


def _as_printed(said: Proven | Wrong) -> tuple[int, str]:
    match said:
        case Proven(count, head):
            return 0, f"proven up to entry {count}, hash {head}\n"
        case Wrong(number, _):
            return 1, f"entry {number} is the first bad one\n"
        case _:
            assert_never(said)


def _lines(trail: Trail) -> list[str]:
    """The export of a trail, each entry after the one that stands before it there."""
    before = [GENESIS, *(each.hash for each in trail)]
    return [exported(each, prev) for each, prev in zip(trail, before, strict=False)]


def _given(anchors: Sequence[Anchor]) -> list[str]:
    return [word for anchor in anchors for word in ("--anchor", str(anchor))]


def _verified(folder: Path, lines: Sequence[str], *arguments: str, end: str = "\n") -> tuple[int, str]:
    """Exit code and output. The interpreter finds no package but its own."""
    export = folder / "audit.jsonl"
    export.write_bytes("".join(line + end for line in lines).encode("utf-8", "surrogateescape"))
    command = [sys.executable, "-I", "-S", str(VERIFIER), str(export), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout
