"""What an object says that no sane one says, as the fuzz found it: judged with care, and nothing breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.judge import judge
from bot.core.kinds import HELM_RELEASE, KUSTOMIZATION, Kind
from bot.core.patience import LONGEST, patience
from bot.core.requests import Ask
from bot.core.resources import Condition, Ref, Snapshot, Tokens
from bot.core.verdicts import Failed, Pending, Seen, Unchanged

AT = datetime(2026, 8, 20, 9, 14, tzinfo=UTC)
TOKEN = "2026-08-20T09:14:00.000000Z-ab12cd34"
BEYOND = timedelta.max
FLOOR = timedelta(minutes=5)


def handled(kind: Kind, *conditions: Condition) -> Snapshot:
    """An object whose controller has handled our request."""
    return Snapshot(
        Ref("prod", kind, "flux-system", "apps"),
        generation=1,
        observed=1,
        conditions=conditions,
        asked=Tokens(TOKEN),
        handled=Tokens(TOKEN),
        applied="main@sha1:9d8e7f6",
    )


def judged(now: Snapshot) -> object:
    ask = Ask(now.ref, TOKEN, "", AT, AT + FLOOR, before=replace(now, handled=Tokens()))
    return judge(ask, Seen(now, AT + timedelta(seconds=9)))


def failing(message: str = "") -> tuple[Condition, ...]:
    return (
        Condition("Ready", "False", "BuildFailed", "no"),
        Condition("Reconciling", "True", "ProgressingWithRetry", message),
    )


@pytest.mark.parametrize("kind", [KUSTOMIZATION, HELM_RELEASE])
def test_a_generation_that_cannot_be_read_is_no_success(kind: Kind) -> None:
    ready = Condition("Ready", "True", "ReconciliationSucceeded", observed=0)
    assert isinstance(judged(handled(kind, replace(ready, observed=1))), Unchanged)
    assert isinstance(judged(replace(handled(kind, ready), generation=0, observed=0)), Pending)


def test_a_retry_beyond_all_dates_is_one_that_nobody_can_name() -> None:
    now = replace(handled(KUSTOMIZATION, *failing()), retry_interval=BEYOND, interval=BEYOND)
    end = judged(now)
    assert isinstance(end, Failed)
    assert (end.retries, end.retry_at) == (True, None)


@pytest.mark.parametrize("hours", ["9" * 10, "9" * 400])
def test_a_message_that_names_such_a_retry_breaks_nothing(hours: str) -> None:
    end = judged(handled(HELM_RELEASE, *failing(f"retrying after {hours}h")))
    assert isinstance(end, Failed)
    assert end.retry_at is None


@pytest.mark.parametrize("kind", [KUSTOMIZATION, HELM_RELEASE])
def test_no_spec_makes_anybody_wait_for_more_than_its_day(kind: Kind) -> None:
    forever = replace(handled(kind), timeout=BEYOND, interval=BEYOND)
    for now in (forever, replace(forever, timeout=None), replace(forever, interval=None)):
        assert FLOOR <= patience(now, FLOOR) <= 2 * LONGEST + timedelta(minutes=1)
