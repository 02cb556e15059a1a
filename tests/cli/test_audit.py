"""`flux-bot audit`: what stands in the trail, and whether it is as it was written."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.core.audit import Entry
from bot.core.audit import Result as Outcome
from tests.fakes.clock import FakeClock
from tests.store.conftest import in_database, running
from tests.store.stories import API, BEN, SHOP, WEB, an_entry

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_audit.py"


def called(file: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words, "--database", str(file)])


def written(file: Path, *entries: Entry) -> tuple[Entry, ...]:
    async def write() -> tuple[Entry, ...]:
        async with running(str(file)) as database:
            return await in_database(database, FakeClock()).trail.append(entries)

    return asyncio.run(write())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_a_trail_as_it_was_written_is_proven(file: Path) -> None:
    head = written(file, *(an_entry() for _ in range(1200)))[-1].hash
    result = called(file, "verify")
    assert (result.exit_code, result.output) == (0, f"proven: 1200 entries, the newest 1200:{head}\n")
    assert called(file, "verify", "--anchor", f"1200:{head}").exit_code == 0


def test_the_first_entry_that_was_tampered_with_is_named(file: Path) -> None:
    entries = written(file, *(an_entry() for _ in range(10)))
    database = sqlite3.connect(file)
    with database:
        database.execute("UPDATE entries SET body = replace(body, 'Ada', 'Eve') WHERE number = 7")
    result = called(file, "verify")
    assert (result.exit_code, result.output.split(":")[0]) == (1, "entry 7")
    with database:
        database.execute("DELETE FROM entries WHERE number >= 7")
    database.close()
    assert called(file, "verify").exit_code == 0
    cut = called(file, "verify", "--anchor", f"9:{entries[8].hash}")
    assert (cut.exit_code, cut.output.split(":")[0]) == (1, "entry 7")


def test_what_is_sought_is_listed_newest_first(file: Path) -> None:
    written(
        file,
        replace(an_entry("r1"), ref=WEB, before="main@sha1:aa", after="main@sha1:bb"),
        replace(an_entry("r2", Outcome.FAILED), ref=API, object=str(API), reason="HealthCheckFailed", caller=BEN),
        replace(an_entry("r3"), ref=WEB, place=SHOP, at=datetime.now(UTC) - timedelta(hours=1)),
    )
    assert [line.split()[0] for line in called(file, "list").output.splitlines()] == ["3", "2", "1"]
    found = called(file, "list", "--object", "prod ks/shop/web", "--channel", "C0PLATFORM").output
    assert found == (
        "1  2026-08-20 09:14:00Z  Ada (U0ADA)  in platform  reconcile prod ks/shop/web  changed  "
        "main@sha1:aa → main@sha1:bb\n"
    )
    (failed,) = called(file, "list", "--by", BEN.user).output.splitlines()
    assert failed.endswith("reconcile prod ks/shop/api  failed  HealthCheckFailed")
    assert [line.split()[0] for line in called(file, "list", "--since", "2h").output.splitlines()] == ["3"]
    assert len(called(file, "list", "--object", "ks", "--most", "2").output.splitlines()) == 2


def test_an_export_is_proven_without_the_bot(file: Path, tmp_path: Path) -> None:
    head = written(file, *(an_entry() for _ in range(600)))[-1].hash
    exported = tmp_path / "audit.jsonl"
    exported.write_text(called(file, "export").output)
    command = [sys.executable, str(VERIFIER), str(exported), "--anchor", f"600:{head}"]
    assert subprocess.run(command, check=False).returncode == 0
    exported.write_text(exported.read_text().replace('"name":"Ada"', '"name":"Eve"', 1))
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_a_table_for_a_spreadsheet_holds_no_formula_and_nothing_for_a_terminal(file: Path) -> None:
    evil = replace(an_entry(outcome=Outcome.REFUSED), object='=HYPERLINK("http://evil","x")', reason="a\x1b[31m,\nb")
    written(file, evil)
    rows = list(csv.DictReader(io.StringIO(called(file, "export", "--format", "csv").output)))
    assert [(row["object"], row["reason"]) for row in rows] == [('\'=HYPERLINK("http://evil","x")', "a�[31m,�b")]
    assert "\x1b" not in called(file, "list").output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["verify", "--anchor", "yesterday"], "is no anchor"),
        (["list", "--since", "soon"], "is no time such as"),
        (["list", "--object", "pods/shop/web"], "'pods' is no kind"),
    ],
)
def test_what_is_typed_wrongly_is_told(file: Path, words: list[str], told: str) -> None:
    written(file, an_entry())
    result = called(file, *words)
    assert (result.exit_code, told in result.output) == (2, True)


def test_a_database_that_is_not_there_is_told_and_not_made(file: Path) -> None:
    for command in ("verify", "list", "export"):
        result = called(file, command)
        assert (result.exit_code, result.output) == (1, f"Error: there is no database {file}\n")
    assert not file.exists()
