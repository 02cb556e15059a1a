"""What a notice says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.notices import Asked, Going, Outcome, Running, Stage, Stop, Stopped, Track, uneventful
from bot.core.requests import Caller, Role
from bot.core.verdicts import Pending, Unchanged, Why
from tests.fakes.clock import MORNING
from tests.fakes.objects import kustomization

WEB, API = kustomization("shop/web").ref, kustomization("shop/api").ref
ASKED = Asked("r1", "U1", "dev", "ks web api", MORNING)


def going(*tracks: Track, asked: Asked = ASKED) -> Running:
    return Running(asked, tracks, MORNING)


def waiting(why: Why | None) -> Track:
    return Track(WEB, (Stage(WEB, Role.OBJECT, Going.RUNNING, Pending(why) if why is not None else None),))


@pytest.mark.parametrize("why", [None, Why.QUEUED, Why.BUSY, Why.RUNNING, Why.REPLACED, Why.NEWER_SPEC])
def test_a_run_on_its_way_is_uneventful(why: Why | None) -> None:
    assert uneventful(going(waiting(why)))


@pytest.mark.parametrize("why", [Why.DEPENDENCY, Why.SOURCE, Why.OLD_REVISION, Why.BLIND])
def test_what_may_keep_a_run_from_its_end_is_an_event(why: Why) -> None:
    assert not uneventful(going(waiting(Why.RUNNING), waiting(why)))


def test_a_target_that_ended_badly_while_others_run_is_an_event_and_a_good_end_is_none() -> None:
    good = Track(API, (), Outcome(Unchanged("main@sha1:a"), timedelta(seconds=1)))
    bad = replace(good, outcome=Outcome(Stopped(Stop.FORBIDDEN), timedelta(seconds=1)))
    assert uneventful(going(waiting(Why.RUNNING), good))
    assert not uneventful(going(waiting(Why.RUNNING), bad))


def test_a_cancel_is_an_event() -> None:
    assert not uneventful(going(waiting(Why.RUNNING), asked=replace(ASKED, cancelled=Caller("U2", "sre", "T1"))))
