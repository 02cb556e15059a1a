"""Nothing that a test run started outlives it, however it ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

_VICTIM = """
import sys, time
from pathlib import Path
from tests.real.processes import Guardian, Process, Recipe

folder = Path(sys.argv[1])
process = Process(Recipe("sleeper", ["sleep", "1000"], {}, folder / "log"), Guardian(folder))
print(process.pid, flush=True)
time.sleep(1000)
"""


async def test_a_killed_run_leaves_neither_processes_nor_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _VICTIM, str(folder), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert run.stdout is not None
    sleeper = int(await run.stdout.readline())
    assert _alive(sleeper)

    run.send_signal(signal.SIGKILL)
    await run.wait()

    async with asyncio.timeout(20):
        while _alive(sleeper) or folder.exists():
            await asyncio.sleep(0.05)


def _alive(pid: int) -> bool:
    """A zombie that nobody has waited for counts as gone; where there is no /proc, zombies are not told apart."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()
