"""Hostile inputs without end: real samples, mutated; and properties that hold for whatever comes of it.

    fuzz(20_000, seed)                      all subjects, by their shares
    fuzz(200_000, seed, only="objects")     one of them
    again("objects", seed, 4711)            a single input, to look at it

Every input has a random generator of its own, seeded by the run's seed, its subject and its number.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from tests.soak.fuzz_commands import Commands
from tests.soak.fuzz_objects import Objects
from tests.soak.fuzz_payloads import Payloads
from tests.soak.fuzz_policies import Policies

MOST: Final = 20
"""Findings that are kept; more of them tell nothing new."""
SHOWN: Final = 2_000


class Subject(Protocol):
    """Something that reads hostile input."""

    def input(self, random: Random) -> object:
        """A sample, mutated."""
        ...

    def wrong(self, given: object) -> Iterator[str]:
        """Every property that does not hold for it; whatever it raises is one more."""
        ...


SUBJECTS: Final[dict[str, tuple[Callable[[], Subject], float]]] = {
    "commands": (Commands, 0.3),
    "payloads": (Payloads, 0.3),
    "objects": (Objects, 0.25),
    "policies": (Policies, 0.15),
}
"""How each is made, and its share of a run: reading YAML takes as long as ten commands."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input for which something does not hold."""

    subject: str
    number: int
    why: str
    given: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found."""

    seed: int
    tried: dict[str, int]
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def good(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        tried = ", ".join(f"{count:,} {subject}" for subject, count in self.tried.items())
        head = f"fuzz, seed {self.seed}: {tried} in {self.seconds:.0f} s, {len(self.findings)} wrong"
        told = (f"\n{each.subject} #{each.number}: {each.why}\n  {each.given}" for each in self.findings)
        return head + "".join(told)


@dataclass(slots=True)
class _Run:
    """One subject under one seed."""

    name: str
    subject: Subject
    seed: int
    findings: list[Finding] = field(default_factory=list)

    def over(self, count: int) -> int:
        """How many were tried; it stops early when enough is wrong."""
        for number in range(count):
            self.once(number)
            if len(self.findings) >= MOST:
                return number + 1
        return count

    def once(self, number: int) -> None:
        given = self.subject.input(Random(f"{self.seed} {self.name} {number}"))
        try:
            wrong = list(self.subject.wrong(given))
        except Exception as error:  # noqa: BLE001 that nothing is raised is the first property
            wrong = [f"raised {error!r}"[:SHOWN]]
        self.findings += [Finding(self.name, number, why[:SHOWN], ascii(given)[:SHOWN]) for why in wrong[:1]]


def fuzz(count: int, seed: int, only: str = "") -> Report:
    """Tries `count` inputs, shared among the subjects, or all of one."""
    began = time.monotonic()
    shares = {only: 1.0} if only else {name: share for name, (_, share) in SUBJECTS.items()}
    tried: dict[str, int] = {}
    findings: list[Finding] = []
    for name, share in shares.items():
        run = _Run(name, SUBJECTS[name][0](), seed)
        tried[name] = run.over(round(count * share))
        findings += run.findings
    return Report(seed, tried, tuple(findings), time.monotonic() - began)


def again(subject: str, seed: int, number: int) -> tuple[object, list[str]]:
    """One input of a run, and what is wrong with it; raises what it raises."""
    made = SUBJECTS[subject][0]()
    given = made.input(Random(f"{seed} {subject} {number}"))
    return given, list(made.wrong(given))


def main() -> int:
    """`python -m tests.soak.fuzz [--count N] [--seed S] [--only SUBJECT]`."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--only", choices=tuple(SUBJECTS), default="")
    options = parser.parse_args()
    report = fuzz(options.count, options.seed, options.only)
    print(report)
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
