"""The judge as a whole (docs/flux.md, "The judge"): patience ends, and the one rule above all.

What Flux really writes is in test_recordings_are_judged.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.judge import judge
from bot.core.kinds import (
    GIT_REPOSITORY,
    KUSTOMIZATION,
)
from bot.core.resources import Condition, Snapshot, Tokens
from bot.core.verdicts import (
    Overtaken,
    Pending,
    Seen,
    Succeeded,
    TimedOut,
    Unchanged,
    Why,
)
from tests.core.asks import DEADLINE, SOON, T, after, ask
from tests.fakes.objects import (
    helm_release,
    kustomization,
)
from tests.fakes.runs import done, running
from tests.fakes.status import A, B, ref


def test_row_19_the_deadline_tells_what_was_pending() -> None:
    apps = kustomization()
    text = f"Running health checks for revision {B} with a timeout of 2m0s"
    assert after(apps, running(apps, B), at=DEADLINE) == TimedOut(Pending(Why.RUNNING, text))


def test_row_19_an_end_at_the_deadline_is_still_an_end() -> None:
    apps = kustomization()
    assert isinstance(after(apps, done(apps, T, B), at=DEADLINE + timedelta(hours=1)), Succeeded)


_STATUS = st.sampled_from(["True", "False", "Unknown"])
_REASONS = st.sampled_from(
    ["Progressing", "ProgressingWithRetry", "ReconciliationSucceeded", "HealthCheckFailed", "DependencyNotReady",
     "ArtifactFailed", "RetriesExceeded", "Succeeded", "UpgradeSucceeded", "UninstallSucceeded"]
)  # fmt: skip
_CONDITIONS = st.lists(
    st.builds(
        Condition,
        type=st.sampled_from(["Ready", "Reconciling", "Stalled", "Healthy", "Released"]),
        status=_STATUS,
        reason=_REASONS,
        message=st.just("text"),
        observed=st.one_of(st.none(), st.integers(1, 3)),
    ),
    max_size=4,
    unique_by=lambda each: each.type,
)
_TOKENS = st.sampled_from(["", "before", T, "theirs"])
_OBJECTS = st.builds(
    Snapshot,
    ref=st.sampled_from([ref(KUSTOMIZATION, "shop/web"), ref(GIT_REPOSITORY, "shop/web"), helm_release().ref]),
    generation=st.integers(1, 3),
    observed=st.one_of(st.none(), st.integers(1, 3)),
    suspended=st.booleans(),
    deleting=st.booleans(),
    conditions=_CONDITIONS.map(tuple),
    asked=_TOKENS.map(Tokens),
    handled=_TOKENS.map(Tokens),
    applied=st.sampled_from(["", A, B]),
)


@given(now=_OBJECTS, wanted=st.sampled_from([None, A, B]), late=st.booleans())
def test_success_is_only_said_after_a_run_that_began_after_our_patch(
    now: Snapshot, wanted: str | None, late: bool
) -> None:
    before = replace(now, handled=Tokens("before"), asked=Tokens(T), conditions=())
    seen = Seen(now, DEADLINE if late else SOON)
    verdict = judge(replace(ask(before, wanted), prev="before"), seen)
    inner = verdict.verdict if isinstance(verdict, Overtaken) else verdict
    if isinstance(inner, Succeeded | Unchanged):
        own = now.handled.request == T
        theirs = now.handled.request == now.asked.request == "theirs"
        assert own or theirs
        assert not now.suspended
        assert not now.deleting
        assert now.ready is not None
        assert now.ready.status == "True"
        assert wanted is None or now.ref.kind != KUSTOMIZATION or now.applied == wanted
    if late:
        assert not isinstance(verdict, Pending)
