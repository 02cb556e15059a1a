"""`python -m tests.bench [MEASURE …] [--real] [--small] [--json FILE]`: measures, prints a table, judges nothing."""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Final

from tests.bench import burst, everything, fleet, memory, reaction, refusals, requests, start, writes
from tests.bench.figures import Report, as_json, machine, table
from tests.bench.options import Options
from tests.bench.real_arena import real_plane

Measure = Callable[[Options], Awaitable[Report]]

MEASURES: Final[Mapping[str, Measure]] = {
    "reaction": reaction.measure,
    "requests": requests.measure,
    "all": everything.measure,
    "burst": burst.measure,
    "refusals": refusals.measure,
    "memory": memory.measure,
    "start": start.measure,
    "writes": writes.measure,
    "fleet": fleet.measure,
}


ON_REAL: Final = ("reaction", "requests", "all", "burst", "writes")
"""The measures in which Flux has a part. The others measure the bot alone, among more objects than Flux need hold."""


def main() -> int:
    chosen = _chosen()
    # The simulators live in this process, and their garbage is not what is measured.
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
    if chosen.real:
        with real_plane() as plane:
            reports = _all(chosen.measure or ON_REAL, Options(small=chosen.small, plane=plane))
    else:
        reports = _all(chosen.measure or list(MEASURES), Options(small=chosen.small))
    print(f"\n{table(reports)}\n\n{machine()}")
    for report in reports:
        for note in report.notes:
            print(f"{report.name}: {note}")
    if chosen.json is not None:
        chosen.json.write_text(as_json(reports, "real" if chosen.real else "simulated"), "utf-8")
    return 0


def _all(names: Sequence[str], options: Options) -> list[Report]:
    return [_measured(name, options) for name in names]


def _measured(name: str, options: Options) -> Report:
    print(f"{name} …", file=sys.stderr, flush=True)
    began = monotonic()
    report = asyncio.run(_run(MEASURES[name], options))
    print(f"{name}: {monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return report


async def _run(measure: Measure, options: Options) -> Report:
    return await measure(options)


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("measure", nargs="*", choices=[*MEASURES, []], help="all of them unless named")
    parser.add_argument("--real", action="store_true", help="on real Flux, where that makes sense (docs/real.md)")
    parser.add_argument("--small", action="store_true", help="tiny sizes: shows that it works, measures nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the raw samples")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
