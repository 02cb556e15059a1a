"""What a request's messages say at each moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.notices import (
    Asked,
    Blocked,
    Finished,
    Going,
    Healed,
    Outcome,
    Running,
    Stage,
    Stop,
    Stopped,
    Track,
    fine,
)
from bot.core.requests import Ask, Caller, Options, Place, Request, Role, Step, Verb
from bot.core.resources import Controller
from bot.core.revisions import Change
from bot.core.verdicts import (
    Broken,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Skipped,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
    Why,
)
from bot.flows.steps import Ended, Waiting
from bot.flows.telling import Telling, asked, good
from tests.fakes.clock import MORNING
from tests.fakes.objects import git_repository, kustomization
from tests.fakes.status import A, B

WEB, GIT = kustomization("shop/web"), git_repository("shop/web")
OBJECT, SOURCE = Step(WEB.ref, Role.OBJECT, WEB.ref), Step(GIT.ref, Role.SOURCE, WEB.ref)
REQUEST = Request(
    id="req1",
    verb=Verb.RECONCILE,
    targets=(WEB.ref,),
    options=Options(with_source=True),
    caller=Caller("U0DEV", "dev", "T0HOME"),
    place=Place("C0SHOP"),
    typed="ks/shop/web --with-source",
    rule="deployers",
    asked_at=MORNING,
)
SUCCEEDED = Succeeded(Change(A, B))
FAILED = Failed("BuildFailed", "boom")
SLOW = Controller("kustomize-controller", "flux-system", replicas=1, available=0)


def a_telling() -> Telling:
    telling = Telling(REQUEST)
    telling.plan(WEB.ref, (SOURCE, OBJECT))
    return telling


def stages(telling: Telling) -> list[tuple[Role, Going]]:
    return [(stage.role, stage.going) for stage in telling.tracks[WEB.ref].stages]


def test_a_plan_waits() -> None:
    telling = a_telling()
    expected = (Stage(GIT.ref, Role.SOURCE, Going.WAITING), Stage(WEB.ref, Role.OBJECT, Going.WAITING))
    root = telling.running(MORNING)
    assert root == Running(asked(REQUEST), (Track(WEB.ref, expected),), MORNING)
    assert root.asked == Asked("req1", "U0DEV", "dev", "ks/shop/web --with-source", MORNING, REQUEST.options)


def test_stages_begin_and_end_one_after_the_other() -> None:
    telling = a_telling()
    telling.began(WEB.ref, GIT.ref)
    seen = [stages(telling)]
    telling.ended(WEB.ref, Ended(SOURCE, SUCCEEDED, timedelta(seconds=2)))
    telling.began(WEB.ref, WEB.ref)
    seen.append(stages(telling))
    telling.ended(WEB.ref, Ended(OBJECT, FAILED, timedelta(seconds=3)))
    seen.append(stages(telling))
    assert seen == [
        [(Role.SOURCE, Going.RUNNING), (Role.OBJECT, Going.WAITING)],
        [(Role.SOURCE, Going.DONE), (Role.OBJECT, Going.RUNNING)],
        [(Role.SOURCE, Going.DONE), (Role.OBJECT, Going.FAILED)],
    ]


def test_an_ended_stage_tells_revisions_and_seconds() -> None:
    telling = a_telling()
    ask = Ask(WEB.ref, "t1", "", MORNING, MORNING + timedelta(minutes=5), before=WEB)
    now = kustomization("shop/web", revision=B)
    telling.waits(WEB.ref, WEB.ref, Waiting(Pending(Why.RUNNING)))
    telling.ended(WEB.ref, Ended(OBJECT, SUCCEEDED, timedelta(seconds=3), ask, now))
    expected = Stage(WEB.ref, Role.OBJECT, Going.DONE, verdict=SUCCEEDED, before=A, after=B, seconds=3.0)
    assert telling.tracks[WEB.ref].stages[1] == expected


@pytest.mark.parametrize(
    ("end", "going", "verdict"),
    [
        (Static(), Going.SKIPPED, Static()),
        (Overtaken("theirs", SUCCEEDED), Going.DONE, Overtaken("theirs", SUCCEEDED)),
        (Overtaken("theirs", FAILED), Going.FAILED, Overtaken("theirs", FAILED)),
        (Stopped(Stop.UNREACHABLE), Going.FAILED, None),
        (Suspended(), Going.SKIPPED, Suspended()),
    ],
)
def test_how_a_stage_stands_follows_from_its_end(
    end: Verdict | Stopped, going: Going, verdict: Verdict | None
) -> None:
    telling = a_telling()
    telling.ended(WEB.ref, Ended(OBJECT, end, timedelta(seconds=1)))
    stage = telling.tracks[WEB.ref].stages[1]
    assert (stage.going, stage.verdict) == (going, verdict)


def test_only_what_is_new_is_worth_an_edit() -> None:
    telling = a_telling()
    news = [
        telling.waits(WEB.ref, GIT.ref, Waiting(Pending(Why.QUEUED))),
        telling.waits(WEB.ref, GIT.ref, Waiting(Pending(Why.QUEUED))),
        telling.waits(WEB.ref, GIT.ref, Waiting(Pending(Why.QUEUED), SLOW)),
        telling.waits(WEB.ref, GIT.ref, Waiting(Pending(Why.QUEUED), SLOW)),
        telling.waits(WEB.ref, GIT.ref, Waiting(Pending(Why.RUNNING), SLOW)),
    ]
    assert news == [True, False, True, False, True]
    assert telling.tracks[WEB.ref].slow == SLOW


def test_the_end_of_a_target_forgets_its_slow_controller() -> None:
    telling = a_telling()
    telling.waits(WEB.ref, GIT.ref, Waiting(Pending(Why.QUEUED), SLOW))
    outcome = Outcome(FAILED, timedelta(seconds=9))
    telling.over(WEB.ref, outcome)
    track = telling.tracks[WEB.ref]
    assert (track.slow, track.outcome) == (None, outcome)
    telling.took = timedelta(seconds=9)
    assert telling.finished(MORNING, ()) == Finished(asked(REQUEST), (track,), MORNING, timedelta(seconds=9))


def test_what_heals_keeps_how_it_ended_first() -> None:
    telling = a_telling()
    telling.over(WEB.ref, Outcome(FAILED, timedelta(seconds=9), now=WEB))
    newer = kustomization("shop/web", revision=B)
    telling.healed(WEB.ref, SUCCEEDED, newer, timedelta(minutes=4))
    healed = Healed(SUCCEEDED, timedelta(minutes=4))
    assert telling.tracks[WEB.ref].outcome == Outcome(FAILED, timedelta(seconds=9), now=newer, healed=healed)
    telling.healed(WEB.ref, Gone(seen_before=True), None, timedelta(minutes=5))
    outcome = telling.tracks[WEB.ref].outcome
    assert outcome is not None
    assert (outcome.end, outcome.now) == (FAILED, newer)


def test_what_has_not_ended_cannot_heal() -> None:
    telling = a_telling()
    telling.healed(WEB.ref, SUCCEEDED, WEB, timedelta(minutes=4))
    assert telling.tracks[WEB.ref].outcome is None


ENDS: list[tuple[Verdict | Stopped | Blocked, bool, bool]] = [
    (SUCCEEDED, True, True),
    (Unchanged(A), True, True),
    (Static(), True, False),
    (Skipped("until noon"), False, True),
    (Overtaken("theirs", SUCCEEDED), True, True),
    (Overtaken("theirs", FAILED), False, False),
    (FAILED, False, False),
    (Stalled("RetriesExceeded", "no"), False, False),
    (Suspended(), False, False),
    (Gone(seen_before=True), False, False),
    (TimedOut(Pending(Why.QUEUED)), False, False),
    (Broken("why"), False, False),
    (Stopped(Stop.UNREACHABLE), False, False),
    (Blocked(GIT.ref, FAILED), False, False),
]


@pytest.mark.parametrize(("end", "goes_on", "is_fine"), ENDS, ids=[str(type(each[0]).__name__) for each in ENDS])
def test_what_may_go_on_and_what_a_person_asked_for_are_not_the_same(
    end: Verdict | Stopped | Blocked, goes_on: bool, is_fine: bool
) -> None:
    assert (good(end), fine(end)) == (goes_on, is_fine)
