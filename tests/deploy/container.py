"""Runs containers of an image, without a daemon and without a registry of images.

    image = build(Path("deploy/Dockerfile"), context, folder)   # tests/deploy/building.py
    ended = subprocess.run(image.command(Run(["/opt/flux-bot/bin/flux-bot", "--version"])))

A base image is played by this machine's own /usr, with the Python that runs the tests below /usr/local.
Each process runs in a mount namespace and a chroot of its own, and never with any privilege: as root we become
somebody unknown (IMAGE_ROOT) to be the root of the image, else a user namespace makes us its root. So it can write
what lies in the image and belongs to it, and nothing else.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

IMAGE_ROOT = 61_000
"""Who owns an image's files where we may choose; nobody on any machine, and not whom containers run as."""
_ETC = ("ssl", "ca-certificates", "hosts", "resolv.conf", "nsswitch.conf", "pip.conf", "ld.so.cache", "alternatives")
"""What of this machine's /etc a base image is given: names and certificates, nobody's accounts."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of this machine at a place in the container."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """One process in a container. `env` is added to the image's."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    """uid and gid; None: the image's."""
    workdir: str | None = None
    mounts: Sequence[Mount] = ()
    read_only: bool = False
    """The image's own files cannot be written, whoever owns them."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a build made: a tree on top of the base's, and how it is started."""

    tree: Path
    env: Mapping[str, str]
    user: tuple[int, int]
    workdir: str
    entrypoint: Sequence[str]
    cmd: Sequence[str]
    labels: Mapping[str, str]

    def command(self, run: Run) -> list[str]:
        """What to execute for it, as whoever runs the tests. The process itself takes that pid: signals reach it."""
        mounts = [*_base(self.tree), *run.mounts]
        for each in mounts:
            _place(self.tree, each)
        lines = ["set -e", *_mounting(self.tree, mounts, run.read_only)]
        uid, gid = run.user or self.user
        env = {**self.env, **run.env}
        inside = [
            *_becoming(uid, gid),
            *("/usr/bin/env", "--ignore-environment", f"--chdir={run.workdir or self.workdir}"),
            *(f"{name}={value}" for name, value in env.items()),
            *run.argv,
        ]
        lines.append(shlex.join(["exec", "chroot", str(self.tree), *inside]))
        return [*_entering(), "/bin/sh", "-c", "\n".join(lines)]


@cache
def hindrance() -> str:
    """Why no container can run on this machine; empty when it can."""
    tried = subprocess.run(
        [*_entering(), "mount", "--bind", "/", "/mnt"], capture_output=True, text=True, check=False
    )
    return "" if tried.returncode == 0 else f"this machine lets nobody mount: {tried.stderr.strip()}"


def blank(tree: Path) -> Path:
    """The bare skeleton of a base image."""
    for name in ("dev", "etc", "opt", "proc", "root", "run", "srv", "usr", "var", "var/run", "local/bin", "tmp"):
        (tree / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        if Path("/", name).is_symlink():
            (tree / name).symlink_to(f"usr/{name}")
    for name in ("python", "python3"):
        (tree / "local" / "bin" / name).symlink_to(Path(sys.executable).resolve())
    owned(tree)
    (tree / "tmp").chmod(0o1777)
    return tree


def _base(tree: Path) -> list[Mount]:
    etc = [Mount(Path("/etc", name), f"/etc/{name}") for name in _ETC if Path("/etc", name).exists()]
    python = Path(sys.base_prefix)
    # Debian's own Python has its home in /usr. Any other one is put where official images have theirs, and stays
    # where it was built to be as well, since it may look for its library there.
    local, own = (tree / "local", []) if python == Path("/usr") else (python, [Mount(python, str(python))])
    kernel = [Mount(Path(name), name, read_only=False) for name in ("/dev", "/proc")]
    return [Mount(Path("/usr"), "/usr"), Mount(local, "/usr/local"), *own, *etc, *kernel]


def _place(tree: Path, mount: Mount) -> None:
    """Something to mount on, as a container runtime makes it."""
    target = tree / mount.target.lstrip("/")
    if mount.target == "/usr/local" or target.exists():
        return
    if mount.source.is_dir():
        folder_in(tree, mount.target)
    else:
        folder_in(tree, str(PurePosixPath(mount.target).parent))
        target.touch()
        owned(target)


def _mounting(tree: Path, mounts: Sequence[Mount], sealed: bool) -> list[str]:
    """Lines of a shell script. With `sealed` the tree itself becomes a mount that cannot be written."""
    lines = [shlex.join(["mount", "--bind", str(tree), str(tree)])] if sealed else []
    for each in mounts:
        target = f"{tree}{each.target}"
        lines.append(shlex.join(["mount", "--rbind", str(each.source), target]))
        if each.read_only:
            lines.append(_read_only(target))
    return [*lines, _read_only(str(tree))] if sealed else lines


def _read_only(target: str) -> str:
    return shlex.join(["mount", "-o", "remount,bind,ro", target])


def _entering() -> list[str]:
    unshare = ["unshare", "--mount", "--propagation", "private"]
    return unshare if os.geteuid() == 0 else [*unshare, "--user", "--map-root-user"]


def _becoming(uid: int, gid: int) -> list[str]:
    """Nobody who may do anything: no capabilities, and none to be had. Where one is not root to begin with, there is
    only one uid to be had as well: the image's root, without a root's powers."""
    who = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups"] if os.geteuid() == 0 else []
    return ["/usr/bin/setpriv", *who, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


def image_root() -> int:
    return IMAGE_ROOT if os.geteuid() == 0 else 0


def folder_in(tree: Path, place: str) -> Path:
    """The folder at that place of the image, made with those above it where they are missing."""
    folder = tree
    for part in PurePosixPath(place).parts[1:]:
        folder = folder / part
        if not folder.exists():
            folder.mkdir()
            owned(folder)
    return folder


def owned(path: Path) -> None:
    """Gives it to the image's root, with all below."""
    if os.geteuid() != 0:
        return
    for each in (path, *(path.rglob("*") if path.is_dir() and not path.is_symlink() else ())):
        os.chown(each, IMAGE_ROOT, IMAGE_ROOT, follow_symlinks=False)
