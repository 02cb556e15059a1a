"""The edges of the judge's rows: which decides when two of them fit, and what only looks like a sign."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.changes import carries, change_between
from bot.core.judge import judge
from bot.core.kinds import (
    EXTERNAL_ARTIFACT,
    FLUX_INSTANCE,
    HELM_CHART,
    IMAGE_UPDATE_AUTOMATION,
    OCI_REPOSITORY,
    RESOURCE_SET_INPUT_PROVIDER,
)
from bot.core.patience import patience
from bot.core.requests import Ask
from bot.core.resources import Absent, Build, Condition, Details, Event, Remediation, Snapshot, Tokens
from bot.core.verdicts import (
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Seen,
    Skipped,
    Stalled,
    Static,
    Succeeded,
    TimedOut,
    Unchanged,
    Verdict,
    Warn,
    Why,
)
from tests.fakes.clock import MORNING
from tests.fakes.objects import git_repository, helm_chart, helm_release, kustomization, oci_repository
from tests.fakes.runs import done, failed, held_up, running, stalled
from tests.fakes.status import A, B, C, ref

_INDEX = "sha256:" + "77aa" * 16
T = "2026-08-20T09:14:00.000000Z-abcd1234"
SOON = MORNING + timedelta(seconds=5)
DEADLINE = MORNING + timedelta(minutes=5)


def ask(before: Snapshot, wanted: str | None = None, *, force: bool = False, reset: bool = False) -> Ask:
    answer = replace(before, asked=Tokens(T))
    return Ask(before.ref, T, before.handled.request, MORNING, DEADLINE, answer, wanted, force, reset)


def after(
    before: Snapshot,
    now: Snapshot,
    wanted: str | None = None,
    *,
    at: datetime = SOON,
    held_by: Why | None = None,
    held_since: datetime | None = None,
    source: Snapshot | None = None,
    events: tuple[Event, ...] = (),
    force: bool = False,
    reset: bool = False,
) -> Pending | Verdict:
    """What is said of a request to `before` once the object is `now`; it carries our token unless it has another."""
    now = now if now.asked.request else replace(now, asked=Tokens(T))
    return judge(ask(before, wanted, force=force, reset=reset), Seen(now, at, source, events, held_by, held_since))


def with_condition(snapshot: Snapshot, *more: Condition) -> Snapshot:
    types = {each.type for each in more}
    return replace(snapshot, conditions=(*(c for c in snapshot.conditions if c.type not in types), *more))


def ready(snapshot: Snapshot, observed: int | None) -> Snapshot:
    """The same with a Ready that speaks of this generation."""
    assert snapshot.ready is not None
    return with_condition(snapshot, replace(snapshot.ready, observed=observed))


def failure(verdict: Pending | Verdict) -> Failed:
    assert isinstance(verdict, Failed)
    return verdict


def reconciling(reason: str, message: str = "working", status: str = "True") -> Condition:
    return Condition("Reconciling", status, reason, message, 3)


def theirs(now: Snapshot) -> Snapshot:
    """Their token, asked and handled."""
    return replace(now, asked=Tokens("theirs"), handled=Tokens("theirs"))


# --- Rows 1 to 4 --------------------------------------------------------------------------------------------------


def test_row_1_what_the_watch_saw_before_it_vanished_counts_as_seen() -> None:
    apps = kustomization()
    unseen = replace(ask(apps), before=None)
    assert judge(unseen, Seen(Absent(apps.ref, was=apps), SOON)) == Gone(seen_before=True)


def test_being_deleted_is_told_before_being_static_or_suspended() -> None:
    apps = kustomization(suspended=True)
    assert after(apps, replace(apps, deleting=True, static=True)) == Deleting()
    assert after(apps, replace(apps, deleting=True)) == Deleting()


def test_being_static_is_told_before_being_suspended() -> None:
    apps = kustomization(suspended=True)
    assert after(apps, replace(apps, static=True)) == Static()


# --- The overwritten token ----------------------------------------------------------------------------------------


def test_somebody_elses_failure_answers_for_ours() -> None:
    apps = kustomization()
    verdict = after(apps, theirs(failed(apps, "theirs", "BuildFailed", "boom", B)))
    assert isinstance(verdict, Overtaken)
    assert failure(verdict.verdict).reason == "BuildFailed"


def test_somebody_elses_stall_answers_for_ours() -> None:
    podinfo = helm_release()
    verdict = after(podinfo, theirs(stalled(failed(podinfo, "theirs", "UpgradeFailed", "boom", "6.6.0"), "theirs")))
    assert isinstance(verdict, Overtaken)
    assert isinstance(verdict.verdict, Stalled)


def test_somebody_elses_run_that_applied_an_older_revision_times_out_as_ours_does() -> None:
    apps = kustomization()
    old = theirs(done(apps, "theirs"))
    late = MORNING + timedelta(seconds=60)
    assert after(apps, old, B, at=late, held_by=Why.OLD_REVISION, held_since=MORNING) == TimedOut(
        Pending(Why.OLD_REVISION, A)
    )


def test_the_token_from_before_our_patch_put_back_is_nobodys_new_request() -> None:
    apps = kustomization(token="older")
    assert after(apps, replace(done(apps, "older", B), asked=Tokens("older"))) == Pending(Why.QUEUED)


def test_an_object_made_anew_of_which_nobody_asked_anything_was_not_overtaken() -> None:
    apps = kustomization(token="older")
    anew = Seen(replace(done(apps, ""), asked=Tokens(), handled=Tokens()), SOON)
    assert judge(ask(apps), anew) == Pending(Why.QUEUED)


# --- Rows 5 and 6 -------------------------------------------------------------------------------------------------


def test_row_5_without_knowing_what_was_before_a_run_is_not_called_ours() -> None:
    apps = running(kustomization(), B)
    unknown = replace(ask(apps), before=None)
    verdict = judge(unknown, Seen(replace(apps, asked=Tokens(T)), SOON))
    assert isinstance(verdict, Pending)
    assert verdict.why is Why.BUSY


@pytest.mark.parametrize(
    "conditions",
    [
        (Condition("Ready", "Unknown", "Progressing", "working", 3),),
        (reconciling("Progressing"), Condition("Ready", "True", "Succeeded", "old", 3)),
        (reconciling("Progressing"),),
    ],
    ids=["only Ready, unknown", "beside an old Ready", "on a first run"],
)
def test_row_5_these_conditions_mean_that_a_run_is_going(conditions: tuple[Condition, ...]) -> None:
    podinfo = helm_release()
    assert after(podinfo, replace(podinfo, conditions=conditions)) == Pending(Why.RUNNING, "working")


@pytest.mark.parametrize(
    "conditions",
    [
        (reconciling("Progressing", status="False"), Condition("Ready", "True", "Succeeded", "old", 3)),
        (reconciling("ProgressingWithRetry"), Condition("Ready", "True", "Succeeded", "old", 3)),
        (reconciling("ProgressingWithRetry"),),
        (reconciling("Progressing"), Condition("Ready", "False", "UpgradeFailed", "old", 3)),
    ],
    ids=["Reconciling is False", "a retry to come", "a retry to come, without Ready", "left behind by a failure"],
)
def test_row_6_these_conditions_do_not_mean_that_a_run_is_going(conditions: tuple[Condition, ...]) -> None:
    podinfo = helm_release()
    assert after(podinfo, replace(podinfo, conditions=conditions)) == Pending(Why.QUEUED)


def test_row_5_a_run_that_says_nothing_of_its_step_is_told_by_its_ready() -> None:
    podinfo = helm_release()
    silent = (reconciling("Progressing", ""), Condition("Ready", "Unknown", "Progressing", "working", 3))
    assert after(podinfo, replace(podinfo, conditions=silent)) == Pending(Why.RUNNING, "working")


# --- Row 7 --------------------------------------------------------------------------------------------------------


def test_row_7_a_stall_that_is_over_is_no_stall() -> None:
    apps = kustomization()
    over = Condition("Stalled", "False", "InvalidCELExpression", "old", 4)
    assert failure(after(apps, with_condition(failed(apps, T), over))).reason == "HealthCheckFailed"


def test_row_7_a_stall_without_any_ready_is_one() -> None:
    apps = kustomization()
    alone = replace(
        apps, handled=Tokens(T), conditions=(Condition("Stalled", "True", "InvalidCELExpression", "bad", 4),)
    )
    assert after(apps, alone) == Stalled("InvalidCELExpression", "bad", revision=A, running=A)


@pytest.mark.parametrize(
    ("stall", "said", "is_stalled"), [(None, 4, False), (4, None, True), (None, None, True), (4, 4, True)]
)
def test_row_7_a_condition_that_names_no_generation_is_the_older_one(
    stall: int | None, said: int | None, is_stalled: bool
) -> None:
    apps = kustomization()
    both = with_condition(
        failed(apps, T, "AccessDenied", "no"),
        Condition("Stalled", "True", "AccessDenied", "no", stall),
        Condition("Ready", "False", "AccessDenied", "no", said),
    )
    assert isinstance(after(apps, both), Stalled) is is_stalled


# --- Rows 8 and 16 ------------------------------------------------------------------------------------------------

_LATER = "next at 18:00"


def provider(*conditions: Condition) -> Snapshot:
    at = ref(RESOURCE_SET_INPUT_PROVIDER, "flux-system/prs")
    return Snapshot(at, generation=1, handled=Tokens(T), conditions=conditions)


def skipped(at: Snapshot) -> Event:
    return Event(at.ref, "SkippedDueToSchedule", _LATER, warning=False, at=SOON)


def test_row_8_an_unknown_ready_alone_is_a_run_that_is_going() -> None:
    apps = kustomization()
    unknown = replace(
        done(apps, T, B), conditions=(Condition("Ready", "Unknown", "Progressing", "working", apps.generation),)
    )
    assert after(apps, unknown) == Pending(Why.RUNNING, "working")


def test_row_16_a_schedule_is_told_whatever_ready_says() -> None:
    unknown = provider(Condition("Ready", "Unknown", "Progressing", "old", 1))
    broken = provider(Condition("Ready", "False", "ReconciliationFailed", "old", 1))
    verdicts = [after(each, each, events=(skipped(each),)) for each in (unknown, broken)]
    assert verdicts == [Skipped(_LATER), Skipped(_LATER)]


def test_row_16_a_stall_is_told_before_a_schedule() -> None:
    given_up = provider(
        Condition("Ready", "False", "InvalidSchedule", "bad", 1),
        Condition("Stalled", "True", "InvalidSchedule", "bad", 1),
    )
    assert isinstance(after(given_up, given_up, events=(skipped(given_up),)), Stalled)


# --- Rows 9 to 12 -------------------------------------------------------------------------------------------------


def test_row_9_a_release_whose_undoing_is_no_more_true_moves_house() -> None:
    podinfo = helm_release()
    moving = with_condition(
        failed(podinfo, T, "UninstallSucceeded", "uninstalled"),
        Condition("Remediated", "False", "UninstallFailed", "old", 3),
    )
    assert after(podinfo, moving) == Pending(Why.REPLACED, "uninstalled")


def test_row_11_a_source_has_45_seconds_from_when_it_was_first_waited_for() -> None:
    apps, first = kustomization(), MORNING + timedelta(seconds=40)
    end = failed(apps, T, "SourceNotReady", "not yet")
    verdicts = [
        after(apps, end, at=first + timedelta(seconds=each), held_by=Why.SOURCE, held_since=first)
        for each in (0, 44, 45)
    ]
    assert [type(each) for each in verdicts] == [Pending, Pending, Failed]
    assert after(apps, end, at=MORNING + timedelta(seconds=90)) == Pending(Why.SOURCE, "not yet")


@pytest.mark.parametrize(
    ("reason", "text"), [("SourceUnavailable", "no index"), ("ArtifactFailed", "Artifact not found")]
)
def test_row_11_other_words_for_a_missing_source(reason: str, text: str) -> None:
    chart = helm_chart()
    assert after(chart, failed(chart, T, reason, text)) == Pending(Why.SOURCE, text)


def test_row_11_only_a_missing_artifact_is_told_by_those_words() -> None:
    apps = kustomization()
    assert failure(after(apps, failed(apps, T, "BuildFailed", "secret not found, retrying"))).reason == "BuildFailed"


def test_row_11_a_source_still_missing_at_a_short_deadline_is_a_failure() -> None:
    apps = kustomization()
    end = replace(failed(apps, T, "NoSourceArtifact", "no artifact"), asked=Tokens(T))
    hurried = replace(ask(apps), deadline=MORNING + timedelta(seconds=10))
    verdict = judge(hurried, Seen(end, MORNING + timedelta(seconds=10)))
    assert failure(verdict).reason == "NoSourceArtifact"


def test_row_10_waiting_and_running_differ_at_the_deadline() -> None:
    apps = kustomization(depends_on=("flux-system/infra",))
    assert isinstance(after(apps, held_up(apps, T, "flux-system/infra"), at=DEADLINE), Failed)
    assert isinstance(after(apps, replace(running(apps, B), handled=Tokens(T)), at=DEADLINE), TimedOut)


def test_row_12_a_failed_action_that_waits_for_its_retry_is_retried() -> None:
    podinfo = helm_release()
    verdict = failure(after(podinfo, failed(podinfo, T, "InstallFailed", "boom", "6.6.0")))
    assert (verdict.retries, verdict.retry_at) == (True, SOON)


def test_row_12_a_release_that_never_got_to_helm_is_retried_nobody_knows_when() -> None:
    podinfo = helm_release()
    verdict = failure(after(podinfo, failed(podinfo, T, "ValuesError", "no such ConfigMap")))
    assert (verdict.reason, verdict.retries, verdict.retry_at) == ("ValuesError", True, None)


def test_row_12_a_reconciling_left_by_an_early_stop_does_not_unmake_the_retry() -> None:
    podinfo = helm_release()
    early = with_condition(failed(podinfo, T, "ValuesError", "no such ConfigMap"), reconciling("Progressing"))
    assert failure(after(podinfo, early)).retries


def test_row_12_an_older_failure_of_helm_does_not_replace_what_stopped_this_run() -> None:
    podinfo = helm_release()
    early = with_condition(
        failed(podinfo, T, "ValuesError", "no such ConfigMap"),
        Condition("Released", "False", "UpgradeFailed", "old", 3),
    )
    verdict = failure(after(podinfo, early))
    assert (verdict.reason, verdict.message, verdict.remedy) == ("ValuesError", "no such ConfigMap", "")


def test_row_12_a_failed_test_is_told_where_ready_tells_how_it_was_undone() -> None:
    podinfo = helm_release()
    undone = with_condition(
        failed(podinfo, T, "RollbackSucceeded", "rolled back"),
        Condition("Released", "True", "UpgradeSucceeded", "upgraded", 3),
        Condition("TestSuccess", "False", "TestFailed", "no answer", 3),
    )
    verdict = failure(after(podinfo, undone))
    assert (verdict.reason, verdict.message, verdict.remedy) == ("TestFailed", "no answer", "RollbackSucceeded")


@pytest.mark.parametrize("remedy", ["RollbackSucceeded", "RollbackFailed", "UninstallFailed"])
def test_row_12_each_way_of_undoing_is_named(remedy: str) -> None:
    podinfo = helm_release()
    undone = with_condition(
        failed(podinfo, T, remedy, "undone"), Condition("Released", "False", "UpgradeFailed", "boom", 3)
    )
    verdict = failure(after(podinfo, undone))
    assert (verdict.reason, verdict.remedy, verdict.retry_at) == ("UpgradeFailed", remedy, SOON)


@pytest.mark.parametrize(("status", "reason"), [("True", "UpgradeFailed"), ("False", "ArtifactFailed")])
def test_row_12_what_is_no_failed_action_does_not_explain_the_undoing(status: str, reason: str) -> None:
    podinfo = helm_release()
    undone = with_condition(
        failed(podinfo, T, "RollbackSucceeded", "rolled back"), Condition("Released", status, reason, "other", 3)
    )
    assert failure(after(podinfo, undone)).reason == "RollbackSucceeded"


@pytest.mark.parametrize("reason", ["UninstallSucceeded", "RollbackSucceeded", "UpgradeFailed"])
def test_row_12_helms_words_mean_nothing_on_another_kind(reason: str) -> None:
    git = git_repository()
    said = with_condition(
        failed(git, T, reason, "strange"),
        reconciling("ProgressingWithRetry" if reason != "UpgradeFailed" else "Progressing"),
        Condition("Released", "False", "InstallFailed", "boom", 1),
    )
    assert after(git, said) == Failed(reason, "strange", retries=True, running=A)


def test_row_12_helms_words_announce_no_retry_of_another_kind() -> None:
    git = git_repository()
    assert failure(after(git, failed(git, T, "UpgradeFailed", "strange"))).retry_at is None


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("retrying after 30s", timedelta(seconds=30)),
        ("retrying after 1.5s", timedelta(seconds=1.5)),
        ("retrying after 2h0m0s", timedelta(hours=2)),
        ("retrying after 1h2m3.5s", timedelta(hours=1, minutes=2, seconds=3.5)),
    ],
)
def test_row_12_any_duration_of_a_retry_is_read(text: str, delay: timedelta) -> None:
    podinfo = helm_release()
    waiting = with_condition(
        failed(podinfo, T, "UpgradeFailed", "boom", "6.6.0"), reconciling("ProgressingWithRetry", text)
    )
    assert failure(after(podinfo, waiting)).retry_at == SOON + delay


def test_row_12_a_sentence_without_a_duration_leaves_the_interval() -> None:
    apps = replace(kustomization(), retry_interval=timedelta(minutes=2))
    vague = with_condition(failed(apps, T), reconciling("ProgressingWithRetry", "retrying after a while"))
    assert failure(after(apps, vague)).retry_at == SOON + timedelta(minutes=2)


def test_row_12_what_runs_is_the_last_good_release_although_superseded() -> None:
    podinfo = helm_release()
    old = replace(podinfo.helm[0], status="superseded")
    broken = failed(replace(podinfo, helm=(old, *podinfo.helm[1:]), applied=""), T, "UpgradeFailed", "boom", "6.6.0")
    verdict = failure(after(podinfo, broken))
    assert (verdict.running, verdict.good) == ("6.5.0", old)


# --- Rows 13 to 15 ------------------------------------------------------------------------------------------------


def test_row_13_a_status_that_names_no_generation_is_not_current() -> None:
    apps = kustomization()
    assert after(apps, replace(done(apps, T, B), observed=None)) == Pending(Why.NEWER_SPEC, f"Applied revision: {B}")


def test_row_14_a_ready_that_names_no_generation_is_taken_as_it_is() -> None:
    apps = kustomization()
    assert after(apps, ready(done(apps, T), observed=None)) == Unchanged(A)


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


# --- Row 17 -------------------------------------------------------------------------------------------------------


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


# --- Row 18 -------------------------------------------------------------------------------------------------------


def test_row_18_without_knowing_what_was_before_a_success_is_told_as_a_change() -> None:
    apps = kustomization()
    unknown = replace(ask(apps), before=None)
    verdict = judge(unknown, Seen(replace(done(apps, T, B), asked=Tokens(T)), SOON))
    assert isinstance(verdict, Succeeded)
    assert (verdict.change.before, verdict.change.after, verdict.change.counted) == ("", B, False)
    bare = change_between(None, replace(apps, applied="", details=None), None)
    assert bare is not None
    assert (bare.before, bare.after) == ("", "")


def test_row_18_what_appeared_alone_is_a_change_and_is_sorted() -> None:
    apps = kustomization(inventory=("_shop__Namespace",))
    verdict = after(apps, done(apps, T, inventory=("_shop__Namespace", "shop_b__Service", "shop_a__Service")))
    assert isinstance(verdict, Succeeded)
    assert (verdict.change.created, verdict.change.removed) == (("shop_a__Service", "shop_b__Service"), ())


def test_row_18_a_brief_end_claims_no_inventory_diff() -> None:
    apps = kustomization()
    verdict = after(apps, done(apps, T, B).brief())
    assert isinstance(verdict, Succeeded)
    assert (verdict.change.counted, verdict.change.removed) == (False, ())


def test_row_18_a_release_that_was_made_anew_under_the_same_number_is_a_change() -> None:
    podinfo = helm_release()
    anew = done(podinfo, T)
    row = replace(anew.helm[0], digest="sha256:" + "ff" * 32)
    verdict = after(podinfo, replace(anew, helm=(row, *anew.helm[1:])))
    assert isinstance(verdict, Succeeded)
    assert (verdict.change.helm_before, verdict.change.helm_after) == (podinfo.helm[0], row)


def built(snapshot: Snapshot, *builds: Build) -> Snapshot:
    return replace(snapshot, details=Details(builds=builds))


_GOOD, _BETTER, _BAD = (
    Build("sha256:01", A, "ReconciliationSucceeded"),
    Build("sha256:02", A, "ReconciliationSucceeded"),
    Build("sha256:03", A, "HealthCheckFailed"),
)


def test_row_18_other_manifests_of_the_same_revision_are_a_change() -> None:
    apps = kustomization()
    change = change_between(built(apps, _GOOD), built(apps, _BETTER, _GOOD), None)
    assert change is not None
    assert (change.before, change.after, change.rebuilt) == (A, A, True)


@pytest.mark.parametrize("before", [(_GOOD,), (_BAD, _GOOD), ()], ids=["the same", "one failed between", "unknown"])
def test_row_18_the_same_manifests_are_no_change(before: tuple[Build, ...]) -> None:
    apps = kustomization()
    assert change_between(built(apps, *before), built(apps, _GOOD, _BETTER), None) is None


def test_row_18_other_manifests_of_another_revision_need_no_word() -> None:
    apps = kustomization()
    change = change_between(built(apps, _GOOD), built(replace(apps, applied=B), _BETTER, _GOOD), None)
    assert change is not None
    assert not change.rebuilt


def automation(push: str) -> Snapshot:
    at = ref(IMAGE_UPDATE_AUTOMATION, "flux-system/images")
    return Snapshot(
        at, generation=1, observed=1, details=Details(last_push=push), conditions=git_repository().conditions
    )


def test_row_18_a_commit_that_was_pushed_is_a_change() -> None:
    pushed = after(automation("old"), replace(automation("new"), handled=Tokens(T)))
    assert isinstance(pushed, Succeeded)
    assert pushed.change.pushed == "new"


def test_row_18_the_push_of_an_earlier_run_is_none() -> None:
    assert after(automation("old"), replace(automation("old"), handled=Tokens(T))) == Unchanged("")


def test_row_18_a_source_links_its_own_commits() -> None:
    git = git_repository()
    change = change_between(git, done(git, T, B), None)
    assert change is not None
    assert change.link == "https://github.com/acme/shop/compare/{}...{}".format(
        *(each.rpartition(":")[2] for each in (A, B))
    )


@pytest.mark.parametrize(
    ("before", "now", "linked"), [(A, B, True), (A, "", False), ("", B, False)], ids=["both", "before", "now"]
)
def test_row_18_an_oci_artifact_links_the_commits_it_was_built_from(before: str, now: str, linked: bool) -> None:
    source = oci_repository(revision="latest@sha256:" + "00ff" * 16, origin=now)
    apps = replace(kustomization(source=source.ref, revision="latest@sha256:" + "3b6c" * 16), applied_origin=before)
    built = replace(done(apps, T, "latest@sha256:" + "00ff" * 16), applied_origin=now)
    change = change_between(apps, built, source)
    assert change is not None
    old, new = (each.rpartition(":")[2] for each in (A, B))
    assert change.link == (f"https://github.com/acme/shop/compare/{old}...{new}" if linked else "")


def test_row_18_a_success_has_its_warnings_too() -> None:
    apps = kustomization(checks_health=False)
    verdict = after(apps, done(apps, T, B))
    assert isinstance(verdict, Succeeded)
    assert verdict.warnings == (Warn.HEALTH_NOT_CHECKED,)


def test_a_source_at_work_is_not_said_to_fail() -> None:
    apps = kustomization()
    assert after(apps, done(apps, T), source=running(git_repository(), A)) == Unchanged(A)


def test_a_reset_that_was_handled_is_not_lost() -> None:
    podinfo = helm_release()
    handled = replace(done(podinfo, T), handled=Tokens(T, reset=T))
    assert after(podinfo, handled, reset=True) == Unchanged("6.5.0")


def test_a_force_that_nobody_handled_is_lost_whatever_changed_meanwhile() -> None:
    podinfo = helm_release()
    verdict = after(podinfo, done(podinfo, T, "6.6.0"), force=True)
    assert isinstance(verdict, Succeeded)
    assert verdict.warnings == (Warn.FORCE_LOST,)


def test_a_force_of_what_makes_no_releases_is_proven_by_its_token() -> None:
    instance = Snapshot(
        ref(FLUX_INSTANCE, "flux-system/flux"),
        generation=1,
        conditions=(Condition("Ready", "True", "ReconciliationSucceeded", "ok", 1),),
    )
    assert after(instance, replace(instance, handled=Tokens(T, force=T)), force=True) == Unchanged("")


def _not_written() -> Event:
    return Event(helm_release().ref, "HelmChartSyncErr", "access denied", warning=False, at=SOON)


def test_a_chart_that_could_not_be_written_is_tried_again_and_leaves_what_ran() -> None:
    podinfo = helm_release()
    assert after(podinfo, done(podinfo, T), events=(_not_written(),)) == Failed(
        "HelmChartSyncErr", "access denied", retries=True, running="6.5.0"
    )


def test_a_chart_that_could_not_be_written_at_first_does_not_unmake_the_upgrade_that_followed() -> None:
    podinfo = helm_release()
    assert isinstance(after(podinfo, done(podinfo, T, "6.6.0"), events=(_not_written(),)), Succeeded)


# --- Patience -----------------------------------------------------------------------------------------------------

FLOOR = timedelta(minutes=5)


def test_patience_leaves_flux_the_time_to_say_itself_what_timed_out() -> None:
    odd = [replace(each, timeout=FLOOR) for each in (kustomization(), helm_release(), git_repository())]
    assert [patience(each, FLOOR) for each in odd] == [timedelta(minutes=5, seconds=30)] * 3


def test_patience_gives_a_short_interval_a_whole_minute() -> None:
    hasty = replace(kustomization(), timeout=None, interval=timedelta(seconds=50))
    assert patience(hasty, timedelta(seconds=10)) == timedelta(minutes=1)


def test_patience_without_timeouts_takes_fluxs_own() -> None:
    bare = [replace(each, timeout=None) for each in (helm_release(), git_repository())]
    found = [patience(each, timedelta(seconds=10)) for each in bare]
    assert found == [timedelta(minutes=5, seconds=30), timedelta(minutes=1, seconds=30)]


def test_patience_of_a_release_whose_installation_may_be_undone_is_twice_its_timeout() -> None:
    podinfo = helm_release(remediation=Remediation(install_retries=2))
    assert patience(podinfo, FLOOR) == timedelta(minutes=10, seconds=30)


def test_patience_of_any_kind_is_never_shorter_than_the_floor() -> None:
    floor = timedelta(minutes=20)
    assert [patience(each, floor) for each in (kustomization(), helm_release(), git_repository())] == [floor] * 3
