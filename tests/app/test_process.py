"""What the bot asks of its interpreter and of the C library."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = "import gc, bot.app.process as process; process.settle(); print(gc.get_freeze_count())"


def test_what_is_imported_is_kept_from_the_collector() -> None:
    """In a process of its own: whatever is frozen here could never be found to be garbage by later tests."""
    ran = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=30, check=True)
    assert int(ran.stdout) > 10_000
