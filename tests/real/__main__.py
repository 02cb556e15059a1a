"""``python -m tests.real``: runs the suite against the real thing, makes recordings, or keeps a control plane up.

python -m tests.real                     builds what is missing, runs tests/real, ends with REAL SUITE: n passed
python -m tests.real build               only builds
python -m tests.real up                  a control plane with a small world until Ctrl-C
python -m tests.real record [SCENARIO…]  writes tests/data/recordings anew
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real import build, rehearsal, world
from tests.real.access import CONTEXT, FLUX_NAMESPACE
from tests.real.api import Api
from tests.real.control_plane import ControlPlane
from tests.real.grounds import KUBECONFIG, SWITCH, needed, prepared
from tests.real.processes import ProcessError
from tests.real.sources import Sources

_HERE = Path(__file__).parent


class _Tally:
    """A pytest plugin that counts what ended how."""

    def __init__(self) -> None:
        self.ends: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.ends[report.outcome] = self.ends.get(report.outcome, 0) + 1

    def __str__(self) -> str:
        order = [word for word in ("failed", "passed", "skipped") if self.ends.get(word) or word == "passed"]
        return ", ".join(f"{self.ends.get(word, 0)} {word}" for word in order)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["--help" | "-h"]:
            print(__doc__)
            return 0
        case ["build"]:
            return _prepared(lambda: 0)
        case ["up"]:
            return _prepared(_up)
        case ["record", *names]:
            return _prepared(lambda: rehearsal.record(names))
        case _:
            return _prepared(lambda: _suite(arguments))


def _prepared(work: Callable[[], int]) -> int:
    """Builds what is missing first. Only the three permitted reasons end in a skip; all else is a failure."""
    tools = needed()
    if tools and (unable := build.probe(tools)):
        print(f"REAL SUITE SKIPPED: {unable.why}")
        return 0
    try:
        build.build_all(tools)
        return work()
    except (build.BuildError, ProcessError) as error:
        print(f"REAL SUITE: cannot run\n{error}", file=sys.stderr)
        return 1


def _suite(arguments: list[str]) -> int:
    """pytest on this folder, or on those of its files that ``arguments`` name; they all go to pytest."""
    began = time.monotonic()
    os.environ[SWITCH] = "1"
    tally = _Tally()
    named = any(Path(each.split("::")[0]).exists() for each in arguments)
    where = [] if named else [str(_HERE)]
    code = int(pytest.main([*where, "-m", "real", *arguments], plugins=[tally]))
    print(f"REAL SUITE: {tally}")
    for line in _parts():
        print(line)
    print(f"  {time.monotonic() - began:.0f} s")
    return code


def _parts() -> list[str]:
    """Name, version and the beginning of the SHA-256 of every program that took part."""
    cluster = [f"  cluster of {KUBECONFIG}"] if KUBECONFIG in os.environ else []
    return cluster + [
        f"  {name:<25} {each.tool.version():<10} sha256 {each.digest()[:12]}"
        for name, each in build.cached_all(needed()).items()
    ]


def _up() -> int:
    """Prints where it is and waits for Ctrl-C or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with prepared() as grounds:
        if grounds.plane is None or grounds.sources is None:
            print(f"`up` starts a control plane of its own: unset {KUBECONFIG}", file=sys.stderr)
            return 2
        asyncio.run(_make_world(grounds.plane, grounds.sources))
        print(f"admin kubeconfig  {grounds.admin_kubeconfig}\nbot kubeconfig    {grounds.bot_kubeconfig}")
        print(f"context {CONTEXT}, namespace {FLUX_NAMESPACE}:\n{world.TOLD}\nCtrl-C ends it.", flush=True)
        ended.wait()
    return 0


async def _make_world(plane: ControlPlane, sources: Sources) -> None:
    async with Api(plane.admin) as api:
        await world.build(api, sources)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
