"""The edges of root causes and of the steps to a target: what is followed, what is passed by, where it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.chain import chain
from bot.core.explain import MAX_LINKS, Cause, Link, LinkState, Needs, explain, unhealthy
from bot.core.kinds import (
    GIT_REPOSITORY,
    HELM_CHART,
    HELM_REPOSITORY,
    IMAGE_UPDATE_AUTOMATION,
    KUSTOMIZATION,
    OCI_REPOSITORY,
)
from bot.core.requests import Role, Step
from bot.core.resources import Absent, Snapshot
from tests.core.test_chain import steps
from tests.core.test_explain import cause_of, chain_of, waits_for
from tests.fakes.objects import (
    git_repository,
    helm_chart,
    helm_release,
    helm_repository,
    kustomization,
    oci_repository,
)
from tests.fakes.runs import failed, held_up, running, told
from tests.fakes.status import B, ref

# --- How far it goes ----------------------------------------------------------------------------------------------


def test_a_longer_chain_is_cut_at_twenty_links() -> None:
    path = [waits_for(f"shop/n{number}", f"shop/n{number + 1}") for number in range(30)]
    links = chain_of(cause_of(*path))
    assert [name for name, _, _ in links] == [f"ks/shop/n{number}" for number in range(1, 21)]
    assert len(links) == MAX_LINKS


def test_a_cycle_that_the_symptom_is_no_part_of_is_found_too() -> None:
    backend, db = waits_for("shop/backend", "shop/db"), waits_for("shop/db", "shop/backend")
    assert chain_of(cause_of(waits_for("shop/frontend", "shop/backend"), backend, db)) == [
        ("ks/shop/backend", LinkState.WAITING, "DependencyNotReady"),
        ("ks/shop/db", LinkState.WAITING, "DependencyNotReady"),
        ("ks/shop/backend", LinkState.CYCLE, ""),
    ]


def test_nothing_below_a_suspended_link_matters() -> None:
    backend = told(waits_for("shop/backend", "shop/db"), "t")
    assert chain_of(cause_of(waits_for("shop/frontend", "shop/backend"), backend, waits_for("shop/db", "x/y"))) == [
        ("ks/shop/backend", LinkState.SUSPENDED, "DependencyNotReady")
    ]


_BACKEND = ref(KUSTOMIZATION, "shop/backend")


@pytest.mark.parametrize(
    ("found", "state", "settled"),
    [
        (kustomization("shop/backend", ready=False), LinkState.FAILING, True),
        (told(kustomization("shop/backend", ready=False), "t"), LinkState.SUSPENDED, True),
        (Absent(_BACKEND), LinkState.MISSING, True),
        (kustomization("shop/backend"), LinkState.WAITING, False),
        (told(kustomization("shop/backend"), "t"), LinkState.SUSPENDED, True),
        (None, LinkState.UNKNOWN, False),
    ],
)
@pytest.mark.parametrize("visible", [True, False])
def test_the_last_link_decides_whether_waiting_would_mend_it_although_a_hidden_one_does_not_say(
    found: Snapshot | Absent | None, state: LinkState, settled: bool, visible: bool
) -> None:
    cause = explain(waits_for("shop/web", "shop/backend"), {_BACKEND: found}, lambda _: visible)
    assert isinstance(cause, Cause)
    assert (cause.root.state, cause.settled) == (state if visible else LinkState.WAITING, settled)


def test_the_root_cause_is_the_far_end_and_a_cycle_never_mends_itself() -> None:
    web, backend = waits_for("shop/web", "shop/backend"), waits_for("shop/backend", "shop/web")
    cause = cause_of(web, backend, web)
    assert isinstance(cause, Cause)
    assert (cause.root, cause.settled) == (Link(web.ref, LinkState.CYCLE), True)


# --- Which dependency ---------------------------------------------------------------------------------------------


def frontend(named: str, *on: str) -> Snapshot:
    return held_up(kustomization("shop/frontend", depends_on=on), "t", named)


def test_a_named_dependency_that_healed_gives_way_to_another_that_fails() -> None:
    cause = cause_of(
        frontend("shop/a", "shop/a", "shop/b"), kustomization("shop/a"), kustomization("shop/b", ready=False)
    )
    assert chain_of(cause) == [("ks/shop/b", LinkState.FAILING, "HealthCheckFailed")]


def test_the_dependency_that_flux_named_comes_before_the_others() -> None:
    broken = [kustomization(f"shop/{name}", ready=False) for name in ("a", "b")]
    assert chain_of(cause_of(frontend("shop/b", "shop/a", "shop/b"), *broken)) == [
        ("ks/shop/b", LinkState.FAILING, "HealthCheckFailed")
    ]


def test_a_dependency_that_flux_named_is_followed_although_the_spec_has_dropped_it() -> None:
    assert chain_of(cause_of(frontend("shop/old"), kustomization("shop/old", ready=False))) == [
        ("ks/shop/old", LinkState.FAILING, "HealthCheckFailed")
    ]


def test_a_dependency_named_by_any_other_failure_is_none() -> None:
    broken = failed(kustomization("shop/frontend"), "t", "BuildFailed", "dependency 'shop/backend' is not ready")
    assert cause_of(broken, kustomization("shop/backend", ready=False)) is None


def test_a_dependency_that_healed_lends_no_reason() -> None:
    for backend, state in (
        (kustomization("shop/backend"), LinkState.WAITING),
        (told(kustomization("shop/backend"), "t"), LinkState.SUSPENDED),
    ):
        cause = cause_of(frontend("shop/backend", "shop/backend"), backend)
        assert cause == Cause((Link(backend.ref, state),), settled=state is LinkState.SUSPENDED)


# --- Which source -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason", ["SourceNotReady", "ArtifactFailed", "NoSourceArtifact", "SourceUnavailable", "ChartPullError"]
)
def test_a_failure_to_get_something_is_explained_by_the_source(reason: str) -> None:
    assert chain_of(cause_of(failed(kustomization(), "t", reason, "no"), git_repository(ready=False))) == [
        ("gitrepository/flux-system/apps", LinkState.FAILING, "GitOperationFailed")
    ]


def test_any_other_failure_is_not_blamed_on_a_failing_source() -> None:
    assert cause_of(failed(kustomization(), "t", "BuildFailed", "boom"), git_repository(ready=False)) is None


def test_a_missing_source_is_the_root_cause() -> None:
    gone = Absent(ref(GIT_REPOSITORY, "flux-system/apps"))
    apps = failed(kustomization(), "t", "ArtifactFailed", "Source 'GitRepository/flux-system/apps' not found")
    assert chain_of(cause_of(apps, gone)) == [("gitrepository/flux-system/apps", LinkState.MISSING, "")]


@pytest.mark.parametrize(
    ("source", "reason"),
    [(replace(git_repository(), conditions=()), ""), (running(git_repository(), B), "Progressing")],
)
def test_a_source_that_has_not_ended_its_run_is_what_is_waited_for(source: Snapshot, reason: str) -> None:
    apps = failed(kustomization(), "t", "ArtifactFailed", "artifact not found")
    assert chain_of(cause_of(apps, source)) == [("gitrepository/flux-system/apps", LinkState.WAITING, reason)]


@pytest.mark.parametrize(
    "symptom",
    [replace(kustomization(), conditions=()), running(kustomization(), B)],
    ids=["without Ready", "running"],
)
def test_what_has_not_ended_its_run_may_wait_for_its_source(symptom: Snapshot) -> None:
    assert chain_of(cause_of(symptom, git_repository(ready=False))) == [
        ("gitrepository/flux-system/apps", LinkState.FAILING, "GitOperationFailed")
    ]


def test_a_source_with_a_failure_of_its_own_is_still_explained_by_what_it_is_made_from() -> None:
    chart = failed(helm_chart(), "t", "StorageOperationFailed", "no space left")
    repository = failed(helm_repository(), "t", "IndexationFailed", "404")
    assert chain_of(cause_of(chart, repository)) == [
        ("helmrepository/shop/podinfo", LinkState.FAILING, "IndexationFailed")
    ]


def test_an_included_repository_that_fails_explains_the_whole() -> None:
    good, bad = git_repository("flux-system/one"), git_repository("flux-system/two", ready=False)
    whole = replace(git_repository(ready=False), includes=(good.ref, bad.ref))
    assert chain_of(cause_of(whole, good, bad)) == [
        ("gitrepository/flux-system/two", LinkState.FAILING, "GitOperationFailed")
    ]


def test_a_static_repository_holds_nothing_up() -> None:
    chart = failed(helm_chart(), "t", "ChartPullError", "not found")
    assert cause_of(chart, helm_repository(oci=True)) is None


def test_a_release_with_a_ready_chart_is_not_explained_by_the_repository_behind_it() -> None:
    podinfo = failed(helm_release(), "t", "SourceNotReady", "HelmChart 'shop/shop-podinfo' is not ready")
    assert cause_of(podinfo, helm_chart(), failed(helm_repository(), "t", "IndexationFailed", "404")) is None


def test_a_release_without_a_chart_of_its_own_is_explained_by_its_source() -> None:
    source = failed(oci_repository("shop/podinfo"), "t", "OCIArtifactPullFailed", "no such tag")
    podinfo = replace(helm_release(source=ref(OCI_REPOSITORY, "shop/podinfo")), chart=None)
    assert chain_of(cause_of(failed(podinfo, "t", "SourceNotReady", "no"), source)) == [
        ("ocirepository/shop/podinfo", LinkState.FAILING, "OCIArtifactPullFailed")
    ]


# --- What controllers say -----------------------------------------------------------------------------------------


def unhealthy_apps(text: str, reason: str = "HealthCheckFailed") -> Snapshot:
    return failed(kustomization(), "t", reason, f"timeout waiting for: [{text}]")


def test_every_flux_object_of_a_health_check_is_looked_at() -> None:
    apps = unhealthy_apps("HelmRelease/shop/web status: 'InProgress', HelmRelease/shop/podinfo status: 'Failed'")
    assert chain_of(cause_of(apps, helm_release("shop/web"), helm_release(ready=False))) == [
        ("hr/shop/podinfo", LinkState.FAILING, "UpgradeFailed")
    ]


@pytest.mark.parametrize("text", ["HelmRelease/podinfo status: 'Failed'", "Deployment/shop/web status: 'Failed'"])
def test_what_is_no_flux_object_in_a_namespace_is_not_looked_up(text: str) -> None:
    assert cause_of(unhealthy_apps(text)) is None


def test_only_a_health_check_is_read_for_unhealthy_objects() -> None:
    apps = unhealthy_apps("HelmRelease/shop/podinfo status: 'Failed'", reason="BuildFailed")
    assert cause_of(apps, helm_release(ready=False)) is None


def test_unhealthy_objects_are_told_apart_without_spaces() -> None:
    text = "[Deployment/apps/web status: 'InProgress',Namespace/x status: 'Terminating']"
    assert [each.id for each in unhealthy(text)] == ["Deployment/apps/web", "Namespace/x"]


# --- The steps to a target ----------------------------------------------------------------------------------------


def test_a_repository_that_includes_itself_is_asked_once() -> None:
    git = git_repository()
    assert chain(replace(git, includes=(git.ref,)), {git.ref: git}) == (Step(git.ref, Role.OBJECT, git.ref),)


def test_what_stands_behind_a_step_is_asked_for_too() -> None:
    podinfo = replace(helm_release(), source=ref(HELM_CHART, "charts/podinfo"), chart=None)
    shared = helm_chart("charts/podinfo", source=ref(HELM_REPOSITORY, "charts/repo"))
    assert chain(podinfo, {shared.ref: shared}) == Needs(ref(HELM_REPOSITORY, "charts/repo"))


def test_a_chart_that_the_run_itself_will_make_is_no_step() -> None:
    missing = Absent(ref(HELM_CHART, "shop/shop-podinfo"))
    assert [name for name, _ in steps(helm_release(), helm_repository(), missing)] == [
        "helmrepository/shop/podinfo",
        "hr/shop/podinfo",
    ]


def test_a_chart_of_its_own_that_is_missing_is_a_step_that_will_say_so() -> None:
    podinfo = replace(helm_release(), source=ref(HELM_CHART, "charts/podinfo"), chart=None)
    assert [name for name, _ in steps(podinfo, Absent(ref(HELM_CHART, "charts/podinfo")))] == [
        "helmchart/charts/podinfo",
        "hr/shop/podinfo",
    ]


def test_where_a_graph_is_too_large_the_nearest_repositories_are_kept() -> None:
    far = [git_repository(f"far/r{number}") for number in range(20)]
    near = [
        replace(git_repository(f"near/r{number}"), includes=tuple(each.ref for each in far)) for number in range(3)
    ]
    whole = replace(git_repository(), includes=tuple(each.ref for each in near))
    found = [name for name, _ in steps(kustomization(), whole, *near, *far)]
    assert found == [
        *(f"gitrepository/far/r{number}" for number in range(7)),
        *(f"gitrepository/near/r{number}" for number in range(3)),
        "gitrepository/flux-system/apps",
        "ks/flux-system/apps",
    ]


def test_an_image_update_clones_by_itself() -> None:
    images = Snapshot(ref(IMAGE_UPDATE_AUTOMATION, "flux-system/images"), source=git_repository().ref)
    assert steps(images) == [("imageupdateautomation/flux-system/images", Role.OBJECT)]
