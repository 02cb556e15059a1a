"""Which objects a reconcile with source reaches, and in which order."""

from __future__ import annotations

from dataclasses import replace

from bot.core.chain import alone, chain, feeds
from bot.core.explain import Needs
from bot.core.kinds import (
    ARTIFACT_GENERATOR,
    EXTERNAL_ARTIFACT,
    GIT_REPOSITORY,
    HELM_CHART,
    IMAGE_POLICY,
    IMAGE_REPOSITORY,
    KUSTOMIZATION,
    OCI_REPOSITORY,
)
from bot.core.requests import Role
from bot.core.resources import Absent, Snapshot
from tests.fakes.objects import (
    git_repository,
    helm_chart,
    helm_release,
    helm_repository,
    kustomization,
    oci_repository,
)
from tests.fakes.status import ref


def steps(target: Snapshot, *known: Snapshot | Absent) -> list[tuple[str, Role]]:
    found = chain(target, {each.ref: each for each in known})
    assert not isinstance(found, Needs), found
    assert {step.serves for step in found} == {target.ref}
    return [(step.ref.short, step.role) for step in found]


def test_a_kustomization_comes_after_its_source() -> None:
    assert steps(kustomization(), git_repository()) == [
        ("gitrepository/flux-system/apps", Role.SOURCE),
        ("ks/flux-system/apps", Role.OBJECT),
    ]


def test_what_is_not_known_yet_is_asked_for() -> None:
    assert chain(kustomization(), {}) == Needs(ref(GIT_REPOSITORY, "flux-system/apps"))


def test_included_repositories_come_first() -> None:
    base = git_repository("flux-system/base")
    whole = replace(git_repository(), includes=(base.ref,))
    assert [name for name, _ in steps(kustomization(), whole, base)] == [
        "gitrepository/flux-system/base",
        "gitrepository/flux-system/apps",
        "ks/flux-system/apps",
    ]


def test_repositories_that_include_each_other_are_each_asked_once() -> None:
    base = git_repository("flux-system/base")
    whole = replace(git_repository(), includes=(base.ref,))
    assert [name for name, _ in steps(kustomization(), whole, replace(base, includes=(whole.ref,)))] == [
        "gitrepository/flux-system/base",
        "gitrepository/flux-system/apps",
        "ks/flux-system/apps",
    ]


def test_a_release_comes_after_its_repository_and_its_chart() -> None:
    assert steps(helm_release(), helm_repository(), helm_chart()) == [
        ("helmrepository/shop/podinfo", Role.SOURCE),
        ("helmchart/shop/shop-podinfo", Role.CHART),
        ("hr/shop/podinfo", Role.OBJECT),
    ]


def test_a_static_repository_is_no_step() -> None:
    assert steps(helm_release(), helm_repository(oci=True), helm_chart()) == [
        ("helmchart/shop/shop-podinfo", Role.CHART),
        ("hr/shop/podinfo", Role.OBJECT),
    ]


def test_a_release_by_chart_reference_comes_after_the_charts_own_source() -> None:
    podinfo = replace(helm_release(), source=ref(HELM_CHART, "charts/podinfo"), chart=None)
    shared = helm_chart("charts/podinfo", source=ref(GIT_REPOSITORY, "charts/repo"))
    assert steps(podinfo, shared, git_repository("charts/repo")) == [
        ("gitrepository/charts/repo", Role.SOURCE),
        ("helmchart/charts/podinfo", Role.CHART),
        ("hr/shop/podinfo", Role.OBJECT),
    ]


def test_a_release_from_an_oci_artifact_comes_after_it() -> None:
    podinfo = replace(helm_release(), source=ref(OCI_REPOSITORY, "shop/podinfo"), chart=None)
    assert steps(podinfo, oci_repository("shop/podinfo")) == [
        ("ocirepository/shop/podinfo", Role.SOURCE),
        ("hr/shop/podinfo", Role.OBJECT),
    ]


def test_an_external_artifact_is_reached_through_its_maker() -> None:
    apps = kustomization(source=ref(EXTERNAL_ARTIFACT, "flux-system/made"))
    maker = ref(ARTIFACT_GENERATOR, "flux-system/maker")
    made = Snapshot(ref(EXTERNAL_ARTIFACT, "flux-system/made"), source=maker)
    generator = Snapshot(maker, includes=(ref(GIT_REPOSITORY, "flux-system/apps"),))
    assert [name for name, _ in steps(apps, made, generator, git_repository())] == [
        "gitrepository/flux-system/apps",
        "artifactgenerator/flux-system/maker",
        "ks/flux-system/apps",
    ]


def test_an_image_policy_comes_after_its_repository() -> None:
    policy = Snapshot(ref(IMAGE_POLICY, "shop/web"), source=ref(IMAGE_REPOSITORY, "shop/web"))
    assert steps(policy, Snapshot(ref(IMAGE_REPOSITORY, "shop/web"))) == [
        ("imagerepository/shop/web", Role.SOURCE),
        ("imagepolicy/shop/web", Role.OBJECT),
    ]


def test_a_missing_source_is_a_step_that_will_say_so() -> None:
    missing = Absent(ref(GIT_REPOSITORY, "flux-system/apps"))
    assert [name for name, _ in steps(kustomization(), missing)] == [
        "gitrepository/flux-system/apps",
        "ks/flux-system/apps",
    ]


def test_a_hostile_graph_costs_a_bounded_number_of_patches_and_keeps_the_nearest() -> None:
    many = tuple(ref(GIT_REPOSITORY, f"x/r{number}") for number in range(100))
    whole = replace(git_repository(), includes=many)
    found = steps(kustomization(), whole, *(git_repository(f"x/r{number}") for number in range(100)))
    assert len(found) == 12
    assert found[-2:] == [("gitrepository/flux-system/apps", Role.SOURCE), ("ks/flux-system/apps", Role.OBJECT)]


def test_a_chain_without_end_is_followed_so_far_and_no_further() -> None:
    links = [
        replace(git_repository(f"x/r{number}"), includes=(ref(GIT_REPOSITORY, f"x/r{number + 1}"),))
        for number in range(2000)
    ]
    found = steps(kustomization(source=links[0].ref), *links)
    assert len(found) == 12
    assert found[-2] == ("gitrepository/x/r0", Role.SOURCE)


def test_a_template_whose_chart_is_not_made_yet_has_no_step_for_it() -> None:
    podinfo = helm_release()
    assert podinfo.chart is not None
    assert [name for name, _ in steps(podinfo, helm_repository(), Absent(podinfo.chart))] == [
        "helmrepository/shop/podinfo",
        "hr/shop/podinfo",
    ]


def test_without_source_the_target_is_alone() -> None:
    assert [step.role for step in alone(ref(KUSTOMIZATION, "shop/web"))] == [Role.OBJECT]


def test_a_release_is_fed_by_its_chart() -> None:
    assert feeds(helm_release()) == ref(HELM_CHART, "shop/shop-podinfo")
    assert feeds(kustomization()) == ref(GIT_REPOSITORY, "flux-system/apps")
