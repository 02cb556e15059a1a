"""`flux-bot run` until it would serve: what stops it, and how it says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main

EXAMPLE = Path(__file__).parents[2] / "deploy" / "allowlist.example.yaml"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("FLUX_BOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", *arguments])


def written(folder: Path, allowlist: Path) -> Path:
    file = folder / "bot.env"
    file.write_text(
        "FLUX_BOT_SLACK_BOT_TOKEN=xoxb-1-not-a-real-token\nFLUX_BOT_SLACK_APP_TOKEN=xapp-1-not-a-real-token\n"
        f"FLUX_BOT_CLUSTERS=prod=in-cluster\nFLUX_BOT_ALLOWLIST_FILE={allowlist}\n",
        "utf-8",
    )
    return file


def test_wrong_settings_stop_it_with_two_and_one_line_each() -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "4 settings are wrong:",
        "  FLUX_BOT_ALLOWLIST_FILE is not set",
        "  FLUX_BOT_CLUSTERS is not set",
        "  FLUX_BOT_SLACK_APP_TOKEN is needed when FLUX_BOT_SLACK_MODE is socket",
        "  FLUX_BOT_SLACK_BOT_TOKEN is not set",
    ]


def test_a_wrong_allowlist_stops_it_with_two(tmp_path: Path) -> None:
    allowlist = tmp_path / "allowlist.yaml"
    allowlist.write_text("chanels: {}\n", "utf-8")
    result = run("--env-file", str(written(tmp_path, allowlist)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        f'{allowlist}:1 chanels: unknown key; did you mean "channels"?',
        f"{allowlist}:1 channels: is missing",
        f"{allowlist}: 2 problems",
    ]


def test_a_missing_allowlist_stops_it_with_two(tmp_path: Path) -> None:
    result = run("--env-file", str(written(tmp_path, tmp_path / "none.yaml")))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"{tmp_path}/none.yaml: cannot be read: No such file or directory",
        f"{tmp_path}/none.yaml: 1 problem",
    ]
