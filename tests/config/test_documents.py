"""The pages an operator reads name every setting and every key, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from bot.config.channels_file import CHANNEL_KEYS, DEFAULT_KEYS, FILE_KEYS, RULE_KEYS, WHO_KEYS
from bot.config.settings import Settings, variable

ROOT = Path(__file__).parents[2]
VARIABLES = [variable(field) for field in Settings.model_fields]
KEYS = {*FILE_KEYS.all, *DEFAULT_KEYS.all, *CHANNEL_KEYS.all, *RULE_KEYS.all, *WHO_KEYS.all}


def test_the_page_about_settings_has_a_row_for_each() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| `(FLUX_BOT_\w+)` \|", page, re.MULTILINE)) == sorted(VARIABLES)


def test_the_page_about_the_allowlist_has_a_row_for_each_key() -> None:
    page = (ROOT / "docs" / "allowlist.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == KEYS


def test_the_example_allowlist_uses_every_key() -> None:
    text = (ROOT / "deploy" / "allowlist.example.yaml").read_text("utf-8")
    assert {key for key in KEYS if not re.search(rf"(^|[\s{{,-]){key}:", text)} == set()
