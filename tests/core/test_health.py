"""What `check` finds, from facts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.health import (
    Finding,
    Found,
    Level,
    Right,
    Topic,
    Unreadable,
    findings,
    rarely_looking,
    rights,
    triggers,
)
from bot.core.kinds import (
    ALERT,
    ASKABLE,
    GIT_REPOSITORY,
    HELM_RELEASE,
    IMAGE_POLICY,
    KINDS,
    KUSTOMIZATION,
    RECEIVER,
)
from bot.core.resources import Controller, Ref, Remediation, Snapshot, Trigger
from tests.fakes.objects import git_repository, helm_release, helm_repository, kustomization
from tests.fakes.status import ref

INSTALLED = tuple(
    Controller(name, "flux-system", 1, 1, f"ghcr.io/fluxcd/{name}:v1.9.4", "v2.9.4")
    for name in ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
)
SERVED = tuple((kind, (kind.version,)) for kind in KINDS)
WELL = Found("prod", "flux-system", "v1.36.0", INSTALLED, SERVED)
SLOW = replace(git_repository("shop/web"), interval=timedelta(hours=1), labels=(("team", "shop"),))
PATIENT = helm_release(remediation=Remediation(upgrade_retries=3))


def receiver(*asked: Trigger, suspended: bool = False) -> Snapshot:
    return Snapshot(Ref("prod", RECEIVER, "shop", "hook"), triggers=asked, suspended=suspended)


def told(found: Found, level: Level | None = None) -> list[Topic]:
    return [each.topic for each in findings(found) if level in (None, each.level)]


def one(found: Found, topic: Topic) -> Finding:
    (finding,) = [each for each in findings(found) if each.topic is topic]
    return finding


def test_a_cluster_that_is_well_has_only_good_lines() -> None:
    well = replace(WELL, objects=(git_repository(), kustomization(), PATIENT))
    assert told(well, Level.GOOD) == told(well)
    assert set(told(well)) == {Topic.KUBERNETES, Topic.CONTROLLERS, Topic.SERVED, Topic.RIGHTS, Topic.WELL_MADE}
    assert one(well, Topic.CONTROLLERS).values == ("v2.9.4",)


def test_the_bad_comes_first_and_the_unknown_last() -> None:
    down = replace(INSTALLED[0], available=0)
    found = replace(
        WELL, controllers=(down, *INSTALLED[1:]), objects=(SLOW,), kubernetes=Unreadable(needs="get /version")
    )
    levels = [each.level for each in findings(found)]
    order = [Level.BAD, Level.ODD, Level.GOOD, Level.UNKNOWN]
    assert levels == sorted(levels, key=order.index)
    assert set(levels) == set(order)


@pytest.mark.parametrize(
    ("replicas", "available", "topic"),
    [(0, 0, Topic.CONTROLLER_DOWN), (1, 0, Topic.CONTROLLER_DOWN), (2, 1, Topic.CONTROLLER_WEAK)],
)
def test_a_controller_with_too_few_pods_is_told(replicas: int, available: int, topic: Topic) -> None:
    ill = replace(INSTALLED[1], replicas=replicas, available=available)
    found = replace(WELL, controllers=(INSTALLED[0], ill, *INSTALLED[2:]))
    assert one(found, topic).controllers == (ill,)
    assert ill not in one(found, Topic.CONTROLLERS).controllers


def test_no_controller_at_all_is_told_with_the_namespace_that_was_searched() -> None:
    assert one(replace(WELL, controllers=()), Topic.NO_FLUX).values == ("flux-system",)


def test_a_kind_that_is_used_needs_its_controller() -> None:
    policy = Snapshot(Ref("prod", IMAGE_POLICY, "shop", "web"))
    assert Topic.CONTROLLER_ABSENT not in told(WELL)
    absent = one(replace(WELL, objects=(policy,)), Topic.CONTROLLER_ABSENT)
    assert (absent.level, absent.kinds, absent.values) == (
        Level.BAD,
        (IMAGE_POLICY,),
        ("image-reflector-controller",),
    )


def test_the_controllers_of_flux_itself_are_needed_though_nothing_is_there_yet() -> None:
    without = tuple(each for each in INSTALLED if each.name != "kustomize-controller")
    assert one(replace(WELL, controllers=without), Topic.CONTROLLER_ABSENT).values == ("kustomize-controller",)


def test_a_shard_counts_as_its_controller() -> None:
    shard = replace(INSTALLED[1], name="kustomize-controller-shard1")
    found = replace(WELL, controllers=(INSTALLED[0], shard, *INSTALLED[2:]))
    assert Topic.CONTROLLER_ABSENT not in told(found)


def test_versions_of_flux_that_differ_are_odd() -> None:
    mixed = replace(WELL, controllers=(replace(INSTALLED[0], flux="v2.8.1"), *INSTALLED[1:]))
    assert one(mixed, Topic.FLUX_MIXED).values == ("v2.8.1", "v2.9.4")


@pytest.mark.parametrize(
    ("kubernetes", "flux", "old"),
    [
        ("v1.32.4", "v2.9.4", True),
        ("v1.33.0", "v2.9.4", False),
        ("v1.32.4-eks-1", "v2.10.0", True),
        ("v1.28.0", "v2.8.0", False),
        ("v1.28.0", "", False),
        ("nonsense", "v2.9.4", False),
    ],
)
def test_kubernetes_is_too_old_only_for_a_flux_of_which_that_is_known(kubernetes: str, flux: str, old: bool) -> None:
    controllers = tuple(replace(each, flux=flux) for each in INSTALLED)
    found = replace(WELL, kubernetes=kubernetes, controllers=controllers)
    assert (Topic.KUBERNETES_OLD in told(found)) is old


def test_what_may_not_be_read_is_unknown_and_no_fault() -> None:
    unreadable = Unreadable(needs="list deployments")
    blind = replace(
        WELL,
        kubernetes=unreadable,
        controllers=unreadable,
        served=unreadable,
        lacking=unreadable,
        unread=((KUSTOMIZATION, unreadable),),
    )
    assert [each.level for each in findings(blind)] == [Level.UNKNOWN] * 5
    assert {each.unreadable for each in findings(blind)} == {unreadable}


def test_flux_without_its_core_kinds_is_broken() -> None:
    served = tuple(row for row in SERVED if row[0] != KUSTOMIZATION)
    assert one(replace(WELL, served=served), Topic.NOT_SERVED).kinds == (KUSTOMIZATION,)
    assert told(replace(WELL, served=()), Level.BAD) == [Topic.NOT_SERVED]


def test_a_right_that_is_needed_is_a_fault_and_an_optional_one_is_not() -> None:
    patch = Right("patch", KUSTOMIZATION.group, "kustomizations")
    events = Right("list", "", "events", needed=False)
    found = replace(WELL, lacking=(patch, events), blind=("kustomizations: forbidden",))
    assert one(found, Topic.RIGHT_LACKS).rights == (patch,)
    assert one(found, Topic.RIGHT_OPTIONAL).level is Level.UNKNOWN
    assert one(found, Topic.BLIND).level is Level.BAD
    assert Topic.RIGHTS not in told(found)


def test_patch_is_asked_about_for_every_kind_that_can_be_asked_unless_the_bot_only_reads() -> None:
    asked = rights(KINDS, "flux", writes=True)
    assert [each.plural for each in asked if each.needed] == [kind.plural for kind in ASKABLE]
    assert ALERT.plural not in {each.plural for each in asked}
    assert [str(each) for each in rights(KINDS, "flux", writes=False)] == [
        "list events",
        "get namespaces",
        "list deployments",
    ]
    assert [each.namespace for each in asked if each.plural == "deployments"] == ["flux"]


def test_sources_that_rarely_look_need_a_receiver() -> None:
    assert rarely_looking((SLOW,)) == (SLOW,)
    assert rarely_looking((git_repository(), replace(SLOW, interval=timedelta(minutes=10)))) == ()
    assert rarely_looking((replace(SLOW, suspended=True), helm_repository(oci=True))) == ()
    assert rarely_looking((SLOW, receiver(Trigger(SLOW.ref)))) == ()
    assert rarely_looking((SLOW, receiver(Trigger(SLOW.ref), suspended=True))) == (SLOW,)
    assert rarely_looking((SLOW, receiver(Trigger(ref(GIT_REPOSITORY, "shop/other"))))) == (SLOW,)


def test_a_receiver_for_all_of_a_kind_asks_those_with_its_labels() -> None:
    everything = ref(GIT_REPOSITORY, "shop/*")
    assert triggers(receiver(Trigger(everything)), SLOW)
    assert triggers(receiver(Trigger(everything, (("team", "shop"),))), SLOW)
    assert not triggers(receiver(Trigger(everything, (("team", "pay"),))), SLOW)
    assert not triggers(receiver(Trigger(ref(GIT_REPOSITORY, "pay/*"))), SLOW)


def test_releases_without_any_retry_and_kustomizations_without_health_checks_are_odd() -> None:
    hasty = kustomization(checks_health=False)
    bare = helm_release("shop/bare")
    forgiving = helm_release("shop/forgiving", remediation=Remediation(retry_on_failure=True))
    asleep = replace(bare, suspended=True), replace(hasty, suspended=True)
    found = replace(WELL, objects=(hasty, bare, forgiving, PATIENT, *asleep))
    assert one(found, Topic.NO_REMEDIATION).objects == (bare,)
    assert one(found, Topic.NO_HEALTH_CHECK).objects == (hasty,)
    assert HELM_RELEASE in {each.ref.kind for each in found.objects}
    assert Topic.WELL_MADE not in told(found)
