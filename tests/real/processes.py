"""Processes of the control plane: each in its own group, its words in a file, its end noticed."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_GUARDIAN = Path(__file__).with_name("guardian.py")


class ProcessError(Exception):
    """A process ended or did not answer in time; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one process is started. ``env`` is added to a small environment, not to the caller's."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path


class Guardian:
    """Ends the groups it was told of when this run is gone, even by SIGKILL (guardian.py)."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_GUARDIAN)], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        self._lock = threading.Lock()
        self._tell(f"folder {folder}")

    def watch(self, group: int) -> None:
        self._tell(f"+ {group}")

    def forget(self, group: int) -> None:
        self._tell(f"- {group}")

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(timeout=30)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with self._lock, suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()


class Process:
    """One running process. ``on_end`` is called from a thread when it ends, whoever ended it."""

    def __init__(self, recipe: Recipe, guardian: Guardian, on_end: Callable[[], None] = lambda: None) -> None:
        self.recipe = recipe
        self._guardian = guardian
        with recipe.log.open("ab") as log:
            self._popen = subprocess.Popen(
                list(recipe.command),
                env=_environment(recipe.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        guardian.watch(self._popen.pid)
        self._waiter = threading.Thread(target=self._wait, args=(on_end,), daemon=True, name=f"wait {recipe.name}")
        self._waiter.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self, grace: float = 5) -> None:
        """SIGTERM, and SIGKILL to the whole group after ``grace`` seconds; returns when the process is gone."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        try:
            self._popen.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._popen.wait(timeout=30)
        self._waiter.join(timeout=30)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self._popen.wait(timeout=30)
        self._waiter.join(timeout=30)

    def require_running(self) -> None:
        if not self.running:
            raise ProcessError(f"{self.recipe.name} ended with {self._popen.returncode}:\n{self.tail()}")

    def tail(self, lines: int = 30) -> str:
        return tail(self.recipe.log, lines)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, number)

    def _wait(self, on_end: Callable[[], None]) -> None:
        self._popen.wait()
        self._guardian.forget(self._popen.pid)
        on_end()


def tail(log: Path, lines: int = 30) -> str:
    """The last lines, each cut to what a person still reads."""
    if not log.exists():
        return "(no log)"
    return "\n".join(line[:500] for line in log.read_text(errors="replace").splitlines()[-lines:])


def free_ports(count: int) -> list[int]:
    """Ports that the kernel gave out at once, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Without the caller's proxies, kubeconfigs and credentials: the control plane must not reach beyond loopback."""
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "GOMAXPROCS": "2"} | dict(extra)
