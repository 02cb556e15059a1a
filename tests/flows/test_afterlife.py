"""What becomes of an end that Flux may still change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.core.notices import Stop, Stopped
from bot.core.resources import Snapshot, Tokens
from bot.core.verdicts import (
    Broken,
    Failed,
    Overtaken,
    Pending,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
    Why,
)
from bot.flows.carry_out import may_heal
from bot.flows.steps import Ended
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.objects import git_repository, kustomization
from tests.fakes.runs import done, failed, running
from tests.fakes.status import A, B, C
from tests.flows.bench import Bench, T, asked, bench_with, ours, step_to

# --- The afterlife ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Aftermath:
    """What an afterlife told, and when."""

    clock: FakeClock
    told: list[tuple[float, str, Snapshot | None]] = field(default_factory=list)

    def __call__(self, verdict: Verdict, now: Snapshot | None) -> None:
        reason = verdict.reason if isinstance(verdict, Failed) else type(verdict).__name__
        self.told.append(((self.clock.now() - MORNING).total_seconds(), reason, now))


def failing(reason: str) -> tuple[Bench, Snapshot, Ended]:
    """A Kustomization whose request failed so, as the afterlife takes it over."""
    before = kustomization()
    bench = bench_with(git_repository(), ours(before))
    apps = bench.cluster.put(ours(failed(before, T, reason, "boom", B)))
    verdict = Failed(reason, "boom", retries=True)
    return bench, apps, Ended(step_to(apps), verdict, timedelta(0), asked(before), now=apps)


async def live_on(bench: Bench, ended: Ended) -> tuple[Aftermath, float]:
    aftermath = Aftermath(bench.clock)
    await bench.clock.through(bench.engine().afterlife(ended, aftermath))
    return aftermath, (bench.clock.now() - MORNING).total_seconds()


def later(bench: Bench, seconds: float, snapshot: Snapshot) -> None:
    def put() -> None:
        bench.cluster.put(snapshot)

    bench.clock.call_in(seconds, put)


async def test_each_new_reason_is_told_once_and_the_first_success_ends_it() -> None:
    bench, apps, ended = failing("BuildFailed")
    healed = done(apps, T, B)
    for seconds, become in (
        (10, failed(apps, T, "BuildFailed", "boom again", B)),
        (20, failed(apps, T, "HealthCheckFailed", "sick", B)),
        (30, failed(apps, T, "HealthCheckFailed", "sicker", B)),
        (40, running(apps, B)),
        (50, failed(apps, T, "BuildFailed", "boom", B)),
        (60, healed),
        (70, failed(apps, T, "BuildFailed", "boom", B)),
    ):
        later(bench, seconds, become)
    aftermath, lasted = await live_on(bench, ended)
    assert [each[:2] for each in aftermath.told] == [
        (20, "HealthCheckFailed"),
        (50, "BuildFailed"),
        (61, "Succeeded"),
    ]
    shown = aftermath.told[-1][2]
    assert shown is not None
    assert (replace(shown, version=""), lasted) == (replace(healed, version=""), 61)


async def test_what_heals_is_told_with_what_the_runs_last_write_says() -> None:
    bench, apps, ended = failing("BuildFailed")
    healed = done(apps, T, C)
    first = replace(healed, applied=apps.applied, details=apps.details)
    later(bench, 60, first)
    later(bench, 60.1, healed)
    aftermath, _ = await live_on(bench, ended)
    assert [(at, reason, now.applied if now else "") for at, reason, now in aftermath.told] == [
        (60.1, "Succeeded", C)
    ]


async def test_what_healed_is_told_although_its_spec_changes_right_after_the_runs_last_write() -> None:
    bench, apps, ended = failing("BuildFailed")
    healed = done(apps, T, B)
    later(bench, 60, replace(healed, observed=0))
    later(bench, 60.1, healed)
    later(bench, 60.4, replace(healed, generation=healed.generation + 1))
    aftermath, lasted = await live_on(bench, ended)
    assert ([each[:2] for each in aftermath.told], lasted) == ([(60.1, "Succeeded")], 60.1)


async def test_the_next_run_does_not_take_back_what_healed_before_it_began() -> None:
    bench, apps, ended = failing("BuildFailed")
    healed = done(apps, T, B)
    later(bench, 60, healed)
    later(bench, 60.5, running(healed, C))
    aftermath, lasted = await live_on(bench, ended)
    assert ([each[:2] for each in aftermath.told], lasted) == ([(60.5, "Succeeded")], 60.5)


async def test_what_healed_is_told_although_somebody_asks_anew_right_after() -> None:
    bench, apps, ended = failing("BuildFailed")
    healed = done(apps, T, B)
    later(bench, 60, healed)
    later(bench, 60.5, replace(healed, asked=Tokens("theirs")))
    aftermath, lasted = await live_on(bench, ended)
    assert ([each[:2] for each in aftermath.told], lasted) == ([(61, "Succeeded")], 61)


async def test_what_the_source_has_is_looked_at_again_where_the_run_seems_to_be_behind() -> None:
    bench, apps, ended = failing("BuildFailed")
    assert ended.ask is not None
    later(bench, 60, done(apps, T, C))
    later(bench, 62, git_repository(revision=C))
    aftermath, lasted = await live_on(bench, replace(ended, ask=replace(ended.ask, wanted=B)))
    assert ([each[:2] for each in aftermath.told], lasted) == ([(66, "Succeeded")], 66)


async def test_a_dead_watch_does_not_end_an_afterlife() -> None:
    bench, apps, ended = failing("BuildFailed")
    bench.clock.call_in(5, bench.cluster.blind)
    later(bench, 10, done(apps, T, B))
    aftermath, _ = await live_on(bench, ended)
    assert [each[:2] for each in aftermath.told] == [(11, "Succeeded")]


async def test_a_run_that_outlives_the_deadline_is_not_told_as_another_time_out() -> None:
    bench, apps, ended = failing("BuildFailed")
    later(bench, 600, running(apps, B))
    later(bench, 900, done(apps, T, B))
    aftermath, _ = await live_on(bench, ended)
    assert [each[:2] for each in aftermath.told] == [(901, "Succeeded")]


async def test_the_failure_of_whoever_overtook_us_is_followed_on_too() -> None:
    bench, apps, ended = failing("BuildFailed")
    theirs = replace(failed(apps, "theirs", "BuildFailed", "boom", B), asked=Tokens("theirs"))
    bench.cluster.put(theirs)
    later(bench, 10, failed(theirs, "theirs", "BuildFailed", "boom again", B))
    later(bench, 20, failed(theirs, "theirs", "HealthCheckFailed", "sick", B))
    later(bench, 30, done(theirs, "theirs", B))
    overtaken = replace(ended, end=Overtaken("theirs", Failed("BuildFailed", "boom")), now=theirs)
    aftermath, lasted = await live_on(bench, overtaken)
    assert ([each[:2] for each in aftermath.told], lasted) == ([(20, "Overtaken"), (31, "Overtaken")], 31)


async def test_our_own_token_is_never_somebody_who_asks_anew() -> None:
    bench, apps, ended = failing("BuildFailed")
    later(bench, 10, done(apps, T, B))
    aftermath, _ = await live_on(bench, replace(ended, now=None))
    assert [each[:2] for each in aftermath.told] == [(11, "Succeeded")]


async def test_whoever_asks_anew_ends_the_afterlife() -> None:
    bench, apps, ended = failing("BuildFailed")
    later(bench, 10, replace(apps, asked=Tokens("theirs")))
    later(bench, 20, replace(done(apps, "theirs", B), asked=Tokens("theirs")))
    aftermath, lasted = await live_on(bench, ended)
    assert (aftermath.told, lasted) == ([], 10)


async def test_an_annotation_that_somebody_took_away_asks_nothing() -> None:
    bench, apps, ended = failing("BuildFailed")

    def strip() -> None:
        bench.cluster.put(replace(done(apps, T, B), asked=Tokens("", force="x")))

    bench.clock.call_in(10, strip)
    aftermath, _ = await live_on(bench, ended)
    assert [each[:2] for each in aftermath.told] == [(11, "Succeeded")]


async def test_an_object_that_goes_ends_the_afterlife() -> None:
    bench, apps, ended = failing("BuildFailed")
    bench.clock.call_in(10, lambda: bench.cluster.remove(apps.ref))
    aftermath, lasted = await live_on(bench, ended)
    assert (aftermath.told, lasted) == ([(10, "Gone", None)], 10)


async def test_an_afterlife_lasts_half_an_hour() -> None:
    bench, _, ended = failing("BuildFailed")
    aftermath, lasted = await live_on(bench, ended)
    assert (aftermath.told, lasted) == ([], 1800)


async def test_what_was_never_sent_has_no_afterlife() -> None:
    bench, _, ended = failing("BuildFailed")
    aftermath, lasted = await live_on(bench, replace(ended, ask=None))
    assert (aftermath.told, lasted) == ([], 0)


def test_only_a_failure_and_a_time_out_may_turn_into_something_else_by_themselves() -> None:
    failure = Failed("BuildFailed", "boom")
    ends: list[Verdict | Stopped] = [
        failure,
        TimedOut(Pending(Why.QUEUED)),
        Overtaken("theirs", failure),
        Overtaken("theirs", Unchanged(A)),
        Stopped(Stop.UNREACHABLE),
        Suspended(),
        Broken("x"),
    ]
    assert [may_heal(end) for end in ends] == [True, True, True, False, False, False, False]
