"""What tests of the real thing stand on: a control plane of their own, or a cluster that somebody names.

With ``FLUX_BOT_TEST_KUBECONFIG`` nothing is started: its current context is used, where Flux must run already. Git,
Helm and OCI sources then need ``FLUX_BOT_TEST_SOURCE_HOST``, under which that cluster finds this machine.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real import build
from tests.real.access import read_kubeconfig
from tests.real.api import Access
from tests.real.background import Background
from tests.real.control_plane import ControlPlane, running
from tests.real.processes import Guardian
from tests.real.sources import Sources

KUBECONFIG = "FLUX_BOT_TEST_KUBECONFIG"
SOURCE_HOST = "FLUX_BOT_TEST_SOURCE_HOST"
SWITCH = "FLUX_BOT_TEST_REAL"


@dataclass(frozen=True, slots=True)
class Grounds:
    """``plane`` is None on a foreign cluster; ``sources`` is None if that cluster cannot reach us."""

    admin: Access
    admin_kubeconfig: Path
    bot_kubeconfig: Path
    plane: ControlPlane | None
    sources: Sources | None


def needed() -> Sequence[build.Tool]:
    """The programs that ``prepared`` will start."""
    if KUBECONFIG not in os.environ:
        return build.TOOLS
    return (build.REGISTRY,) if SOURCE_HOST in os.environ else ()


@contextmanager
def prepared() -> Iterator[Grounds]:
    """For the length of the block; all that was started ends with it."""
    background = Background()
    try:
        if foreign := os.environ.get(KUBECONFIG):
            with _on_foreign(Path(foreign), background) as grounds:
                yield grounds
        else:
            with _on_own(background) as grounds:
                yield grounds
    finally:
        background.close()


@contextmanager
def _on_own(background: Background) -> Iterator[Grounds]:
    built = build.cached_all()
    with running(built, background) as plane:
        sources = Sources(background, plane.guardian, built["registry"], plane.folder / "sources", "127.0.0.1")
        try:
            yield Grounds(plane.admin, plane.admin_kubeconfig, plane.bot_kubeconfig, plane, sources)
        finally:
            sources.close()


@contextmanager
def _on_foreign(kubeconfig: Path, background: Background) -> Iterator[Grounds]:
    access = read_kubeconfig(kubeconfig)
    host = os.environ.get(SOURCE_HOST)
    if host is None:
        yield Grounds(access, kubeconfig, kubeconfig, None, None)
        return
    folder = Path(tempfile.mkdtemp(prefix="flux-real-"))
    guardian = Guardian(folder)
    try:
        sources = Sources(background, guardian, build.cached_all([build.REGISTRY])["registry"], folder, host)
        try:
            yield Grounds(access, kubeconfig, kubeconfig, None, sources)
        finally:
            sources.close()
    finally:
        guardian.close()
        shutil.rmtree(folder, ignore_errors=True)
