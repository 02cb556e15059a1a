"""Tokens in the wrong place: the setting is named, what was written there is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main

EXAMPLE = Path(__file__).parents[2] / "deploy" / "allowlist.example.yaml"
SECRET = "hunterhunterhunterhunter"
RIGHT = {
    "SLACK_BOT_TOKEN": f"xoxb-1-{SECRET}",
    "SLACK_APP_TOKEN": f"xapp-1-{SECRET}",
    "CLUSTERS": "prod=in-cluster,staging=/none",
    "ALLOWLIST_FILE": str(EXAMPLE),
}
BOT = "FLUX_BOT_SLACK_BOT_TOKEN is not the bot token: it starts with xoxb-"
APP = "FLUX_BOT_SLACK_APP_TOKEN is not an app-level token: it starts with xapp-"
SIGNING = "FLUX_BOT_SLACK_SIGNING_SECRET is not a signing secret: 16 letters and digits or more"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("FLUX_BOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"SLACK_BOT_TOKEN": f"xapp-1-{SECRET}"}, [BOT]),
        ({"SLACK_BOT_TOKEN": f"xoxp-1-{SECRET}"}, [BOT]),
        ({"SLACK_BOT_TOKEN": f"xoxe.xoxp-1-{SECRET}"}, [BOT]),
        ({"SLACK_BOT_TOKEN": f"xoxe-1-{SECRET}"}, [BOT]),
        ({"SLACK_BOT_TOKEN": SECRET}, [BOT]),
        ({"SLACK_BOT_TOKEN": f"xoxb-1-{SECRET}\nxapp-1-{SECRET}"}, [BOT]),
        ({"SLACK_BOT_TOKEN": f'"xoxb-1-{SECRET}"'}, [BOT]),
        ({"SLACK_BOT_TOKEN": f"Bearer xoxb-1-{SECRET}"}, [BOT]),
        ({"SLACK_BOT_TOKEN": f"xoxb-1-{SECRET}\u202e"}, [BOT]),
        ({"SLACK_BOT_TOKEN": "xoxb-"}, [BOT]),
        ({"SLACK_BOT_TOKEN": "xoxb-" + "a" * 100_000 + "!"}, [BOT]),
        ({"SLACK_APP_TOKEN": f"xoxb-1-{SECRET}"}, [APP]),
        ({"SLACK_APP_TOKEN": f"https://hooks.slack.com/services/{SECRET}"}, [APP]),
        (
            {"SLACK_BOT_TOKEN": f"xapp-1-{SECRET}", "SLACK_APP_TOKEN": f"xoxb-1-{SECRET}"},
            [APP, BOT],
        ),
        ({"SLACK_MODE": "http", "SLACK_SIGNING_SECRET": "short"}, [SIGNING]),
        ({"SLACK_MODE": "http", "SLACK_SIGNING_SECRET": f"v0={SECRET}"}, [SIGNING]),
    ],
)
def test_a_token_of_the_wrong_sort_names_its_setting_and_shows_nothing_of_itself(
    changes: dict[str, str], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (RIGHT | changes).items():
        monkeypatch.setenv(f"FLUX_BOT_{name}", value)
    result = CliRunner().invoke(main, ["run"])
    assert (result.exit_code, result.stdout) == (2, "")
    head, *rest = result.stderr.splitlines()
    assert head == ("1 setting is wrong:" if len(told) == 1 else f"{len(told)} settings are wrong:")
    assert rest == [f"  {each}" for each in told]
    assert SECRET not in result.stderr
