"""Many schedules, one after the other: what was asked, what was said of it, and what of that was wrong."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from tests.fakes.virtual_loop import virtually
from tests.soak.afterlife import untold
from tests.soak.bot import AFTERLIFE
from tests.soak.claims import Claim
from tests.soak.oracle import judge_claims
from tests.soak.order import disordered
from tests.soak.schedule import Schedule, schedule_of
from tests.soak.stage import Played, play
from tests.soak.told import claims_of, untidy

CHUNK = 50
"""Schedules that a process plays before it tells how they went."""
MOST = 40
"""Findings that are told one by one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the bot should not have said, or should have."""

    seed: int
    request: str
    what: str


@dataclass(slots=True)
class Tally:
    """The sum over many schedules."""

    schedules: int = 0
    requests: int = 0
    claims: Counter[str] = field(default_factory=Counter)
    wrong: list[Finding] = field(default_factory=list)
    endless: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        self.schedules += other.schedules
        self.requests += other.requests
        self.claims.update(other.claims)
        self.wrong += other.wrong
        self.endless += other.endless

    def told(self) -> str:
        """The report."""
        said = ", ".join(f"{count} {word}" for word, count in self.claims.most_common())
        lines = [
            f"{self.schedules} schedules, {self.requests} requests, {self.seconds:.0f} s",
            f"said: {said}",
            f"{len(self.wrong)} wrong, {len(self.endless)} without an end",
        ]
        found = [f"  seed {each.seed}, {each.request}: {each.what}" for each in (*self.wrong, *self.endless)[:MOST]]
        return "\n".join((*lines, *found))


def soak(seeds: range, kubeconfig: Path) -> Tally:
    """Plays one schedule for each seed."""
    began, tally = time.monotonic(), Tally()
    for seed in seeds:
        tally.add(check(schedule_of(seed), kubeconfig)[0])
    tally.seconds = time.monotonic() - began
    return tally


def soak_all(seeds: range, kubeconfig: Path, processes: int, told: Callable[[Tally], None] = lambda _: None) -> Tally:
    """The same in several processes; `told` hears of the sum now and then."""
    began, sum_ = time.monotonic(), Tally()
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for tally in pool.map(soak, chunks, [kubeconfig] * len(chunks)):
            sum_.add(tally)
            sum_.seconds = time.monotonic() - began
            told(sum_)
    return sum_


def check(schedule: Schedule, kubeconfig: Path) -> tuple[Tally, Played]:
    """Plays one schedule and asks the oracle."""
    played = virtually(play(schedule, kubeconfig))
    claims = [claim for told in played.told for claim in claims_of(told)]
    tally = Tally(schedules=1, requests=len(played.told), claims=Counter(map(_said, claims)))
    seed = schedule.seed
    for each in (
        *judge_claims(played.evidence, claims),
        *disordered(played.evidence, claims),
        *untold(played.evidence, claims, AFTERLIFE.total_seconds()),
    ):
        tally.wrong.append(Finding(seed, each.claim.request, f"{each.claim.key} {_said(each.claim)}: {each.why}"))
    for told in played.told:
        for what in untidy(told, played.bot.entries(told.request), played.evidence.sent):
            kind = tally.endless if "never ended" in what or "no end" in what else tally.wrong
            kind.append(Finding(seed, told.request, what))
    tally.endless += [Finding(seed, "-", what) for what in played.troubles]
    return tally, played


def _said(claim: Claim) -> str:
    word = claim.word.value
    return f"{word}{' (overtaken)' if claim.by else ''}{' (later edit)' if claim.healed else ''}"
