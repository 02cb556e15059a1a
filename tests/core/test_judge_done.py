"""Row 18 of docs/flux.md, "The judge": done, changed or not, with a warning or without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.changes import change_between
from bot.core.judge import judge
from bot.core.kinds import (
    FLUX_INSTANCE,
    IMAGE_UPDATE_AUTOMATION,
)
from bot.core.resources import Build, Condition, Details, Event, Snapshot, Tokens
from bot.core.verdicts import (
    Failed,
    Overtaken,
    Seen,
    Succeeded,
    Unchanged,
    Warn,
)
from tests.core.asks import SOON, T, after, ask
from tests.fakes.objects import (
    git_repository,
    helm_release,
    kustomization,
    oci_repository,
)
from tests.fakes.runs import done, running
from tests.fakes.status import A, B, ref


def test_row_18_a_new_revision_says_what_appeared_and_disappeared() -> None:
    apps, source = kustomization("shop/web"), git_repository("shop/web", revision=B)
    verdict = after(apps, done(apps, T, B, inventory=("_shop__Namespace", "shop_flags__ConfigMap")), B, source=source)
    assert isinstance(verdict, Succeeded)
    change = verdict.change
    assert (change.before, change.after) == (A, B)
    assert change.created == ("shop_flags__ConfigMap",)
    assert change.removed == ("shop_web__Service", "shop_web_apps_Deployment")
    assert change.counted
    old, new = (each.rpartition(":")[2] for each in (A, B))
    assert change.link == f"https://github.com/acme/shop/compare/{old}...{new}"


def test_row_18_nothing_new_is_unchanged() -> None:
    apps = kustomization()
    assert after(apps, done(apps, T)) == Unchanged(A)


def test_row_18_the_same_revision_with_another_inventory_is_a_change() -> None:
    apps = kustomization()
    verdict = after(apps, done(apps, T, inventory=()))
    assert isinstance(verdict, Succeeded)


def test_row_18_other_manifests_at_the_same_revision_are_a_change() -> None:
    apps = kustomization()
    again = done(apps, T)
    assert again.details is not None
    built = replace(again.details, builds=(replace(again.details.builds[0], digest="sha256:ff"),))
    verdict = after(apps, replace(again, details=built))
    assert isinstance(verdict, Succeeded)
    assert verdict.change.rebuilt


def test_row_18_a_new_helm_revision_of_the_same_chart_is_a_change() -> None:
    podinfo = helm_release()
    again = done(podinfo, T)
    again = replace(again, helm=(replace(again.helm[0], version=3, config_digest="sha256:ff"), *again.helm))
    verdict = after(podinfo, again)
    assert isinstance(verdict, Succeeded)
    assert verdict.change.values_changed


def test_row_18_a_brief_before_claims_no_inventory_diff() -> None:
    apps = kustomization()
    verdict = after(apps.brief(), done(apps, T, B))
    assert isinstance(verdict, Succeeded)
    assert (verdict.change.counted, verdict.change.created, verdict.change.removed) == (False, (), ())


def test_success_without_health_checks_says_so() -> None:
    apps = kustomization(checks_health=False)
    assert after(apps, done(apps, T)) == Unchanged(A, (Warn.HEALTH_NOT_CHECKED,))


def test_success_on_an_old_artifact_says_that_the_source_fails() -> None:
    apps = kustomization()
    assert after(apps, done(apps, T), source=git_repository(ready=False)) == Unchanged(A, (Warn.SOURCE_FAILING,))


def test_a_force_that_an_early_exit_swallowed_is_told() -> None:
    podinfo = helm_release()
    assert after(podinfo, done(podinfo, T), force=True, reset=True) == Unchanged(
        "6.5.0", (Warn.FORCE_LOST, Warn.RESET_LOST)
    )


def test_a_force_that_is_marked_handled_and_made_no_release_is_lost_too() -> None:
    podinfo = helm_release()
    marked = replace(done(podinfo, T), handled=Tokens(T, force=T))
    assert after(podinfo, marked, force=True) == Unchanged("6.5.0", (Warn.FORCE_LOST,))


def test_a_force_that_made_a_release_is_not_lost() -> None:
    podinfo = helm_release()
    forced = replace(done(podinfo, T), handled=Tokens(T, force=T))
    forced = replace(forced, helm=(replace(forced.helm[0], version=3), *forced.helm))
    verdict = after(podinfo, forced, force=True)
    assert isinstance(verdict, Succeeded)
    assert verdict.warnings == ()


def test_a_force_is_not_proven_by_a_release_that_was_made_on_the_way_to_our_patch() -> None:
    podinfo = helm_release()
    upgraded = done(podinfo, podinfo.handled.request, "6.6.0")
    marked = replace(done(upgraded, T, "6.6.0"), asked=Tokens(T), handled=Tokens(T, force=T))
    request = replace(ask(upgraded, force=True), baseline=podinfo)
    verdict = judge(request, Seen(marked, SOON))
    assert isinstance(verdict, Succeeded)
    assert (verdict.change.before, verdict.change.after) == ("6.5.0", "6.6.0")
    assert verdict.warnings == (Warn.FORCE_LOST,)


def test_a_force_is_not_proven_by_a_release_that_stood_when_a_run_took_it_up() -> None:
    podinfo = helm_release()
    upgraded = done(podinfo, podinfo.handled.request, "6.6.0")
    marked = replace(done(upgraded, T, "6.6.0"), asked=Tokens(T), handled=Tokens(T, force=T))
    forced = replace(marked, helm=(replace(marked.helm[0], version=9), *marked.helm))
    for now, warnings in ((marked, (Warn.FORCE_LOST,)), (forced, ())):
        verdict = judge(ask(podinfo, force=True), Seen(now, SOON), unforced=upgraded)
        assert isinstance(verdict, Succeeded)
        assert verdict.warnings == warnings


def test_what_was_written_over_with_its_request_is_lost_whatever_another_run_marked() -> None:
    podinfo = helm_release()
    theirs = replace(done(podinfo, "theirs"), asked=Tokens("theirs", T, T), handled=Tokens("theirs", T, T))
    verdict = after(podinfo, theirs, force=True, reset=True)
    assert isinstance(verdict, Overtaken)
    assert isinstance(verdict.verdict, Unchanged)
    assert verdict.verdict.warnings == (Warn.FORCE_LOST, Warn.RESET_LOST)


def test_a_release_made_since_speaks_for_a_force_whose_own_answer_was_never_seen() -> None:
    podinfo = helm_release()
    theirs = replace(done(podinfo, "theirs", "6.6.0"), asked=Tokens("theirs", T, T), handled=Tokens("theirs", T, T))
    assert theirs.helm != podinfo.helm
    verdict = after(podinfo, theirs, force=True, reset=True)
    assert isinstance(verdict, Overtaken)
    assert isinstance(verdict.verdict, Succeeded)
    assert verdict.verdict.warnings == (Warn.RESET_LOST,)


def test_a_newer_revision_in_the_source_is_told() -> None:
    apps = kustomization()
    assert after(apps, done(apps, T), source=git_repository(revision=B)) == Unchanged(A, (Warn.NEWER_AVAILABLE,))


def test_a_chart_that_could_not_be_written_is_no_unchanged_success() -> None:
    podinfo = helm_release()
    event = Event(podinfo.ref, "HelmChartSyncErr", "access denied", warning=False, at=SOON)
    verdict = after(podinfo, done(podinfo, T), events=(event,))
    assert isinstance(verdict, Failed)
    assert (verdict.reason, verdict.message) == ("HelmChartSyncErr", "access denied")


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
