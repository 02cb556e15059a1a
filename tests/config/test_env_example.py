"""The file an operator copies names every setting, says what it is, and works."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bot.config.loading import load_settings
from bot.config.settings import Settings, variable

ROOT = Path(__file__).parents[2]
VARIABLES = [variable(field) for field in Settings.model_fields]


def lines() -> list[str]:
    return (ROOT / ".env.example").read_text("utf-8").splitlines()


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("FLUX_BOT_")]:
        monkeypatch.delenv(name)


def test_the_example_file_holds_every_setting_once_and_none_that_is_unknown() -> None:
    names = [line.partition("=")[0] for line in lines() if line and not line.startswith("#")]
    assert sorted(names) == sorted(VARIABLES)


def test_every_setting_of_the_example_file_has_a_comment_above_it() -> None:
    above = {line.partition("=")[0]: lines()[number - 1] for number, line in enumerate(lines()) if "=" in line[:60]}
    bare = [name for name in VARIABLES if not re.match(r"# [A-Za-z].*[a-z]", above[name])]
    assert bare == []


@pytest.mark.usefixtures("clean")
def test_the_example_file_loads_as_it_stands() -> None:
    settings = load_settings(ROOT / ".env.example")
    assert isinstance(settings, Settings), str(settings)
    shown = {"slack_bot_token", "slack_app_token", "allowlist_file", "clusters", "forges"}
    defaults = {name: field.default for name, field in Settings.model_fields.items() if name not in shown}
    assert {name: getattr(settings, name) for name in defaults} == defaults
