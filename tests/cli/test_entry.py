"""The command line as a process: what it says, how it exits, and what it does not import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bot import __version__

ROOT = Path(__file__).parents[2]
EDGES = ("aiohttp", "kubernetes", "msgspec", "prometheus_client", "slack_bolt", "slack_sdk")
HEAVY = (*EDGES, "asyncio", "dotenv", "pydantic", "rich", "yaml")


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith("FLUX_BOT_")}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, env=clean, timeout=30, check=False
    )


def test_help_names_the_commands_in_both_spellings_of_the_option() -> None:
    for option in ("--help", "-h"):
        done = python("-m", "bot", option)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: flux-bot [OPTIONS] COMMAND [ARGS]...\n")


def test_the_version_is_the_packages() -> None:
    done = python("-m", "bot", "--version")
    assert (done.returncode, done.stdout) == (0, f"flux-bot, version {__version__}\n")


def test_bad_usage_exits_with_two() -> None:
    assert python("-m", "bot", "frobnicate").returncode == 2
    assert python("-m", "bot", "policy", "check", "no-such-file.yaml").returncode == 2


def test_help_imports_nothing_heavy_so_that_it_answers_at_once() -> None:
    script = (
        "import sys\nfrom bot.cli import main\n"
        "for words in (['--help'], ['--version'], ['run', '--help'], ['policy', 'check', '--help'],"
        " ['audit', 'list', '--help']):\n"
        "    main(words, standalone_mode=False)\n"
        f"print('heavy:', *sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = python("-c", script)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].split() == ["heavy:"]


def test_importing_the_settings_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff")
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nimport bot.config.loading, bot.config.channels_file"
    done = python("-c", script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
