"""Outlives a killed test run by a moment, to end the processes that it left.

Its standard input is a pipe from the run. Each line ``+ PID`` names a process group to end, ``- PID`` one that is
gone, ``folder PATH`` a folder to remove. When the pipe closes, for whatever reason, the guardian does its work.
"""

import os
import shutil
import signal
import sys
from contextlib import suppress


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups: set[int] = set()
    folders: set[str] = set()
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        match word:
            case "+":
                groups.add(int(rest))
            case "-":
                groups.discard(int(rest))
            case _:
                folders.add(rest)
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
