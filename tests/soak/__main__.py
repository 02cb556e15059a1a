"""The long runs: `python -m tests.soak [schedules|fuzz] [--count N] [--seed S] [-v]`.

Without a word it plays 100,000 schedules and then tries 1,000,000 fuzzed inputs. One schedule (`--count 1`) is
replayed and told.
"""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.soak.fuzz import fuzz
from tests.soak.schedule import schedule_of
from tests.soak.soak import Tally, check, soak_all
from tests.soak.stage import kubeconfig
from tests.soak.story import story

SCHEDULES = 100_000
FUZZ = 1_000_000


def main() -> int:
    options = _options()
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    good = True
    with tempfile.TemporaryDirectory() as folder:
        config = kubeconfig(Path(folder))
        if options.what == "schedules" and options.count == 1:
            return _replay(seed, config, verbose=options.verbose)
        if options.what in {"all", "schedules"}:
            good &= _schedules(range(seed, seed + (options.count or SCHEDULES)), config, options.processes)
    if options.what in {"all", "fuzz"}:
        good &= _fuzz(options.count or FUZZ, seed)
    return 0 if good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("all", "schedules", "fuzz"), default="all")
    parser.add_argument("--count", type=int, help="how many schedules or inputs")
    parser.add_argument("--seed", type=int, help="of the first schedule; each next one has the next")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("-v", "--verbose", action="store_true", help="tell the whole story of a single schedule")
    return parser.parse_args()


def _replay(seed: int, config: Path, *, verbose: bool) -> int:
    tally, played = check(schedule_of(seed), config)
    print(played.schedule.told())
    if verbose:
        print(story(played))
    print(tally.told())
    return 1 if tally.wrong or tally.endless else 0


def _schedules(seeds: range, config: Path, processes: int) -> bool:
    print(f"{len(seeds)} schedules from seed {seeds.start}", flush=True)
    tally = soak_all(seeds, config, processes, _progress if sys.stderr.isatty() else lambda _: None)
    print(tally.told())
    return not (tally.wrong or tally.endless)


def _progress(tally: Tally) -> None:
    print(f"\r{tally.schedules} played, {len(tally.wrong)} wrong", end="", file=sys.stderr, flush=True)


def _fuzz(count: int, seed: int) -> bool:
    report = fuzz(count, seed)
    print(report)
    return report.good


if __name__ == "__main__":
    sys.exit(main())
