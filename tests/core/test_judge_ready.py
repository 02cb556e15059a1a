"""Rows 13 to 17 of docs/flux.md, "The judge": handled and ready, and yet not done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.changes import carries
from bot.core.judge import REVISION_GRACE
from bot.core.kinds import (
    EXTERNAL_ARTIFACT,
    FLUX_INSTANCE,
    HELM_CHART,
    OCI_REPOSITORY,
    RESOURCE_SET_INPUT_PROVIDER,
)
from bot.core.resources import Condition, Event, Snapshot, Tokens
from bot.core.verdicts import (
    Pending,
    Skipped,
    Succeeded,
    TimedOut,
    Unchanged,
    Warn,
    Why,
)
from tests.core.asks import SOON, T, after, observing, ready, reconciling, with_condition
from tests.fakes.clock import MORNING
from tests.fakes.objects import (
    git_repository,
    helm_chart,
    helm_release,
    kustomization,
    oci_repository,
)
from tests.fakes.runs import done
from tests.fakes.status import A, B, C, ref

_INDEX = "sha256:" + "77aa" * 16


def test_row_13_a_newer_spec_is_waited_for() -> None:
    apps = kustomization()
    assert after(apps, replace(done(apps, T, B), generation=5, observed=4)) == Pending(
        Why.NEWER_SPEC, f"Applied revision: {B}"
    )


def test_row_13_a_kind_without_the_field_is_measured_by_its_ready_condition() -> None:
    instance = Snapshot(
        ref(FLUX_INSTANCE, "flux-system/flux"),
        generation=2,
        handled=Tokens(T),
        conditions=(Condition("Ready", "True", "ReconciliationSucceeded", "ok", 1),),
    )
    assert after(instance, instance) == Pending(Why.NEWER_SPEC, "ok")
    assert isinstance(after(instance, ready(instance, observed=2)), Unchanged)


def test_row_14_a_ready_of_an_older_generation_is_old() -> None:
    apps = kustomization()
    stale = ready(replace(done(apps, T, B), generation=5, observed=5), observed=4)
    assert after(apps, stale) == Pending(Why.NEWER_SPEC, f"Applied revision: {B}")


def test_row_15_a_release_between_two_actions_is_not_done() -> None:
    podinfo = helm_release()
    between = with_condition(
        done(podinfo, T, "6.6.0"), Condition("Reconciling", "True", "Progressing", "Running 'test' action", 3)
    )
    assert after(podinfo, between) == Pending(Why.RUNNING, "Running 'test' action")


def test_row_16_outside_its_schedule_nothing_ran() -> None:
    provider = Snapshot(
        ref(RESOURCE_SET_INPUT_PROVIDER, "flux-system/prs"),
        generation=1,
        handled=Tokens(T),
        conditions=(Condition("Ready", "True", "ReconciliationSucceeded", "ok", 1),),
    )
    event = Event(provider.ref, "SkippedDueToSchedule", "next at 18:00", warning=False, at=SOON)
    assert after(provider, provider, events=(event,)) == Skipped("next at 18:00")


def test_row_17_the_older_revision_is_not_what_was_asked_for() -> None:
    apps, source = kustomization(), git_repository(revision=B)
    raced = done(apps, T)
    last = SOON + REVISION_GRACE
    assert after(apps, raced, B, source=source, at=last) == Pending(Why.OLD_REVISION, A)
    assert after(apps, raced, B, source=source, at=last, held_by=Why.OLD_REVISION, held_since=SOON) == TimedOut(
        Pending(Why.OLD_REVISION, A)
    )


def test_row_17_what_the_source_got_since_is_good_too() -> None:
    apps = kustomization()
    newer = "main@sha1:" + "c0ffee11" * 5
    assert isinstance(after(apps, done(apps, T, newer), B, source=git_repository(revision=newer)), Succeeded)


def test_row_17_a_release_is_measured_by_its_chart() -> None:
    podinfo, chart = helm_release(), helm_chart(version="6.6.0")
    assert after(podinfo, done(podinfo, T), "6.6.0", source=chart) == Pending(Why.OLD_REVISION, "6.5.0")
    assert isinstance(after(podinfo, done(podinfo, T, "6.6.0"), "6.6.0", source=chart), Succeeded)


def test_row_17_a_release_from_an_oci_artifact_is_measured_by_its_digest() -> None:
    source = oci_repository("shop/podinfo")
    assert source.artifact is not None
    podinfo = replace(helm_release(source=ref(OCI_REPOSITORY, "shop/podinfo")), chart=None)
    old, digest = done(podinfo, T), source.artifact.revision.rpartition("@")[2]
    new = replace(old, helm=(replace(old.helm[0], oci_digest=digest), *old.helm[1:]))
    assert after(podinfo, old, source.artifact.revision, source=source) == Pending(Why.OLD_REVISION, "6.5.0")
    assert isinstance(after(podinfo, new, source.artifact.revision, source=source), Unchanged)


def test_row_13_a_status_that_names_no_generation_is_not_current() -> None:
    apps = kustomization()
    assert after(apps, replace(done(apps, T, B), observed=None)) == Pending(Why.NEWER_SPEC, f"Applied revision: {B}")


def test_row_14_a_ready_that_names_no_generation_is_taken_as_it_is() -> None:
    apps = kustomization()
    assert after(apps, observing(done(apps, T), observed=None)) == Unchanged(A)


def test_row_15_a_reconciling_that_is_over_holds_nothing_up() -> None:
    apps = kustomization()
    assert after(apps, with_condition(done(apps, T), reconciling("Progressing", status="False"))) == Unchanged(A)


def test_row_15_a_run_that_is_going_is_waited_for_even_if_the_last_one_applied_an_older_revision() -> None:
    apps = kustomization()
    going = with_condition(done(apps, T), reconciling("Progressing"))
    late = MORNING + timedelta(seconds=90)
    assert after(apps, going, B, at=late, held_by=Why.OLD_REVISION, held_since=MORNING) == Pending(
        Why.RUNNING, "working"
    )


def test_row_17_a_second_run_has_60_seconds_from_when_it_was_first_waited_for() -> None:
    apps, first = kustomization(), MORNING + timedelta(seconds=100)
    moments = [first + timedelta(seconds=each) for each in (0, 59, 60)]
    verdicts = [
        after(apps, done(apps, T), B, at=each, held_by=Why.OLD_REVISION, held_since=first) for each in moments
    ]
    pending = Pending(Why.OLD_REVISION, A)
    assert verdicts == [pending, pending, TimedOut(pending)]
    assert after(apps, done(apps, T), B, at=MORNING + timedelta(seconds=90)) == pending


def test_row_17_the_wanted_revision_counts_although_the_source_has_a_newer_one() -> None:
    apps = kustomization()
    verdict = after(apps, done(apps, T, B), B, source=git_repository(revision=C))
    assert isinstance(verdict, Succeeded)
    assert verdict.warnings == (Warn.NEWER_AVAILABLE,)


def test_row_17_a_chart_is_measured_by_the_index_it_was_built_from() -> None:
    chart = replace(helm_chart(), attempted="sha256:" + "00" * 32)
    assert after(chart, done(chart, T), _INDEX) == Pending(Why.OLD_REVISION, "6.5.0")
    assert after(chart, replace(done(chart, T), attempted=_INDEX), _INDEX) == Unchanged("6.5.0")


def test_what_does_not_say_what_it_runs_counts_as_up_to_date() -> None:
    assert [carries(each, B) for each in (git_repository(), replace(helm_release(), helm=()))] == [True, True]


def test_what_is_made_from_an_external_artifact_does_not_say_what_it_runs() -> None:
    made = helm_release(source=ref(EXTERNAL_ARTIFACT, "shop/made"))
    assert [carries(each, "latest@sha256:00") for each in (replace(made, chart=None), made)] == [True, False]


def test_a_release_by_a_chart_of_its_own_is_measured_by_its_version() -> None:
    charted = replace(helm_release(source=ref(HELM_CHART, "charts/podinfo")), chart=None)
    templated = helm_release(source=ref(OCI_REPOSITORY, "shop/podinfo"))
    assert [carries(each, "6.5.0") for each in (charted, templated)] == [True, True]
    assert [carries(each, "6.6.0") for each in (charted, templated)] == [False, False]


def test_a_release_from_an_oci_artifact_that_was_already_attempted_is_up_to_date() -> None:
    digest = "sha256:" + "3b6c" * 16
    podinfo = replace(helm_release(source=ref(OCI_REPOSITORY, "shop/podinfo")), chart=None, attempted_digest=digest)
    assert [carries(podinfo, f"latest@{each}") for each in (digest, "sha256:" + "00" * 32)] == [True, False]
