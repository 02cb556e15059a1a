"""`status`: who asks sees how things stand, as far as they may, and changes nothing by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import Forbidden, Unreachable
from bot.core.kinds import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION
from bot.core.notices import Ambiguous, ClusterAsked, ClusterUnknown
from bot.core.offers import Press
from bot.core.resources import Controller, Event, Snapshot
from bot.core.standing import Portrait, Portrayed, Stands, Survey, Surveyed, in_all
from bot.core.veil import HIDDEN
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.fakes.runs import failed
from tests.fakes.status import A, ref
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, PLATFORM, SHOP, SRE, House, house_with

WAITS = "dependency 'shop/backend' is not ready"


def waiting(path: str, on: str) -> Snapshot:
    """A Kustomization that waits for another one."""
    snapshot = kustomization(path, depends_on=(on,))
    return failed(snapshot, "", "DependencyNotReady", f"dependency '{on}' is not ready", A)


async def surveyed(house: House, text: str, user: str = SRE, channel: str = PLATFORM) -> Surveyed:
    await house.say(text, user, channel)
    found = house.whispers()[-1]
    assert isinstance(found, Surveyed), found
    return found


async def only(house: House, text: str, user: str = SRE, channel: str = PLATFORM) -> Survey:
    (survey,) = (await surveyed(house, text, user, channel)).surveys
    return survey


async def portrait(house: House, text: str, user: str = SRE, channel: str = PLATFORM) -> Portrait:
    await house.say(text, user, channel)
    found = house.whispers()[-1]
    assert isinstance(found, Portrayed), found
    (one,) = found.portraits
    return one


def names(survey: Survey) -> list[str]:
    return [row.ref.short for row in survey.failing]


@pytest.mark.parametrize("text", ["status", "get", "ls", "status all"])
async def test_everything_is_counted_and_only_the_asker_reads_it(text: str) -> None:
    house, cluster = house_with(
        kustomization("shop/backend", ready=False),
        waiting("shop/frontend", "shop/backend"),
        kustomization("infra/web"),
        kustomization("infra/old", suspended=True),
        helm_release(),
        replace(git_repository("shop/web"), conditions=()),
    )
    survey = await only(house, text)
    assert in_all(survey.counts) == (2, 1, 1, 2)
    assert names(survey) == ["ks/shop/backend", "ks/shop/frontend"]
    assert [row.ref.short for row in survey.suspended] == ["ks/infra/old"]
    assert [row.ref.short for row in survey.reconciling] == ["gitrepository/shop/web"]
    assert (house.chat.shown, cluster.asks) == ([], [])
    assert house.trail.newest() == ()


async def test_what_fails_is_told_with_its_root_cause_and_since_when() -> None:
    house, _ = house_with(kustomization("shop/backend", ready=False), waiting("shop/frontend", "shop/backend"))
    backend, frontend = (await only(house, "status ks")).failing
    assert (backend.reason, backend.cause) == ("HealthCheckFailed", None)
    assert backend.since is not None
    assert frontend.cause is not None
    assert frontend.cause.root.ref == backend.ref


async def test_the_namespace_of_the_channel_narrows_nothing_for_who_only_looks() -> None:
    house, _ = house_with(kustomization("shop/api"), kustomization("infra/web"), kustomization("flux-system/apps"))
    assert in_all((await only(house, "status ks")).counts) == (0, 0, 0, 3)
    assert in_all((await only(house, "status ks -n infra")).counts) == (0, 0, 0, 1)


async def test_a_kind_a_glob_and_a_label_narrow_it() -> None:
    labelled = replace(kustomization("shop/web"), labels=(("team", "shop"),))
    house, _ = house_with(labelled, kustomization("shop/api"), helm_release("shop/web"))
    assert in_all((await only(house, "status hr")).counts) == (0, 0, 0, 1)
    assert in_all((await only(house, "status ks w*")).counts) == (0, 0, 0, 1)
    assert in_all((await only(house, "status -l team=shop")).counts) == (0, 0, 0, 1)


async def test_failing_shows_what_fails_and_still_counts_the_rest() -> None:
    house, _ = house_with(kustomization("shop/api", ready=False), kustomization("shop/web"))
    found = await surveyed(house, "status --failing")
    assert found.failing_only
    assert (names(found.surveys[0]), in_all(found.surveys[0].counts)) == (["ks/shop/api"], (1, 0, 0, 1))


async def test_what_may_not_be_seen_is_counted_and_never_named() -> None:
    secret = kustomization("vault/keys", ready=False)
    house, _ = house_with(waiting("shop/frontend", "vault/keys"), secret, git_repository("shop/web"))
    survey = await only(house, "status", DEV, SHOP)
    assert (names(survey), survey.hidden) == (["ks/shop/frontend"], 2)
    row = survey.failing[0]
    assert row.cause is not None
    assert (row.cause.root.ref, row.message) == (None, f"dependency {HIDDEN} is not ready")
    assert "vault" not in repr(survey)


async def test_who_may_nothing_here_is_refused_before_any_look_and_that_is_recorded() -> None:
    house, cluster = house_with(kustomization())
    await house.say("status", DEV, PLATFORM)
    (refused,) = house.refusals()
    assert refused.denied is not None
    assert [button.press for button in refused.buttons] == [Press.WHAT_MAY_I]
    assert cluster.calls == {}
    assert len(house.trail.newest()) == 1


async def test_a_rule_for_status_alone_lets_look_and_nothing_else() -> None:
    looks = replace(DEPLOYERS, verbs=frozenset({"status"}))
    shop = replace(ALLOWLIST.channels[1], rules=(looks,))
    house, cluster = house_with(
        kustomization("shop/api"), allowlist=replace(ALLOWLIST, channels=(ALLOWLIST.channels[0], shop))
    )
    assert in_all((await only(house, "status ks", DEV, SHOP)).counts) == (0, 0, 0, 1)
    await house.say("ks api", DEV, SHOP)
    assert cluster.asks == []
    assert len(house.trail.newest()) == 1


# --- Clusters -----------------------------------------------------------------------------------------------------


def three(clock: FakeClock) -> tuple[FakeCluster, FakeCluster, FakeCluster]:
    return (
        FakeCluster(clock, kustomization(cluster="east"), name="east"),
        FakeCluster(clock, kustomization(cluster="north", ready=False), name="north"),
        FakeCluster(clock, kustomization(cluster="west"), name="west"),
    )


async def test_without_a_cluster_all_are_counted_at_once_and_a_dead_one_is_named_in_time() -> None:
    clock = FakeClock()
    east, north, west = three(clock)
    east.fail("list", Unreachable("east", "east: no connection to the API server"))
    north.slow = west.slow = 0.1
    dead = FakeCluster(clock, name="dead")
    dead.slow = 60
    house = House(clock=clock, clusters=(east, north, west, dead))
    found = await surveyed(house, "status ks")
    assert [each.cluster for each in found.surveys] == ["dead", "east", "north", "west"]
    assert [each.error for each in found.surveys] == [
        "dead: no answer within 2.5 s",
        "east: no connection to the API server",
        "",
        "",
    ]
    assert [in_all(each.counts) for each in found.surveys[2:]] == [(1, 0, 0, 0), (0, 0, 0, 1)]
    assert clock.now() - MORNING <= timedelta(seconds=3)


async def test_a_cluster_that_is_named_or_the_default_is_asked_alone() -> None:
    clock = FakeClock()
    east, north, west = three(clock)
    default = replace(ALLOWLIST.channels[0], default_cluster="north")
    house = House(clock=clock, clusters=(east, north, west), allowlist=replace(ALLOWLIST, channels=(default,)))
    assert (await only(house, "status")).cluster == "north"
    assert (await only(house, "status --cluster West")).cluster == "west"
    assert east.calls == {}


async def test_one_cluster_that_does_not_answer_is_told_as_such() -> None:
    house, cluster = house_with()
    cluster.fail("list", Unreachable("prod", "prod: no connection to the API server"))
    await house.say("status")
    assert house.whispers() == [ClusterUnknown("prod", ("prod",), "prod: no connection to the API server")]


async def test_a_name_and_several_clusters_give_a_question_whose_button_answers_it() -> None:
    clock = FakeClock()
    house = House(clock=clock, clusters=three(clock))
    await house.say("status ks apps")
    (asked,) = house.whispers()
    assert isinstance(asked, ClusterAsked)
    await house.press(house.button(Press.CLUSTER, "west"))
    found = house.whispers()[-1]
    assert isinstance(found, Portrayed)
    assert [each.ref.cluster for each in found.portraits] == ["west"]


async def test_an_unknown_cluster_is_answered_and_recorded_as_elsewhere() -> None:
    house, _ = house_with(kustomization())
    await house.say("status --cluster moon")
    assert house.whispers() == [ClusterUnknown("moon", ("prod",))]
    assert len(house.trail.newest()) == 1


# --- One object ---------------------------------------------------------------------------------------------------


async def test_one_object_is_told_in_full() -> None:
    source = git_repository("shop/frontend")
    house, cluster = house_with(
        waiting("shop/frontend", "shop/backend"), kustomization("shop/backend", ready=False), source
    )
    at = ref(KUSTOMIZATION, "shop/frontend")
    cluster.tell(Event(at, "DependencyNotReady", WAITS, False, MORNING))
    found = await portrait(house, "status ks shop/frontend")
    assert found.now is not None
    assert found.now.details is not None
    assert found.cause is not None
    assert found.cause.root.reason == "HealthCheckFailed"
    assert [(row.ref.name, row.stands) for row in found.waits_for] == [("backend", Stands.FAILING)]
    assert found.source is not None
    assert (found.source.ref, found.source.artifact) == (source.ref, source.artifact)
    assert [event.message for event in found.events] == [WAITS]
    assert (found.lost, found.hidden, found.controller) == ((), 0, None)
    assert cluster.asks == []


async def test_a_name_without_namespace_is_looked_for_wherever_the_asker_may_look() -> None:
    house, _ = house_with(kustomization("infra/web"), kustomization("flux-system/apps"))
    assert (await portrait(house, "status ks web")).ref.namespace == "infra"
    assert (await portrait(house, "status web")).ref.namespace == "infra"
    assert (await portrait(house, "status ks apps")).ref.namespace == "flux-system"


async def test_a_name_that_several_have_means_the_one_of_the_default_namespace() -> None:
    house, _ = house_with(kustomization("alpha/web"), kustomization("flux-system/web"))
    assert (await portrait(house, "status ks web")).ref.namespace == "flux-system"
    await house.say("status web")
    assert isinstance(house.whispers()[-1], Ambiguous)


async def test_a_missing_object_is_told_with_names_that_are_near() -> None:
    house, _ = house_with(kustomization("infra/web"), kustomization("flux-system/apps"))
    found = await portrait(house, "status ks flux-system/web")
    assert (found.now, [each.short for each in found.nearest]) == (None, ["ks/infra/web"])
    assert [getattr(each, "buttons", None) for each in house.whispers()] == [()], "there is nothing to share"


async def test_what_may_not_be_seen_of_one_object_is_neither_source_nor_dependency() -> None:
    house, _ = house_with(
        replace(waiting("shop/frontend", "vault/keys"), source=ref(GIT_REPOSITORY, "vault/code")),
        kustomization("vault/keys", ready=False),
        git_repository("vault/code"),
    )
    found = await portrait(house, "status ks frontend", DEV, SHOP)
    assert (found.source, found.source_hidden, found.waits_for, found.hidden) == (None, True, (), 1)
    told = replace(found, now=None if found.now is None else replace(found.now, source=None, depends_on=()))
    assert "vault" not in repr(told)


async def test_an_object_that_no_rule_names_is_refused_whether_it_is_there_or_not() -> None:
    house, cluster = house_with(kustomization("vault/keys"))
    await house.say("status ks vault/keys", DEV, SHOP)
    await house.say("status ks vault/none", DEV, SHOP)
    first, second = house.refusals()
    assert first.denied == second.denied
    assert (first.what, second.what) == ("status prod ks/vault/keys", "status prod ks/vault/none")
    assert "read" not in cluster.calls


async def test_a_controller_that_is_down_is_told_of_what_is_not_ready() -> None:
    house, cluster = house_with(kustomization(ready=False), kustomization("flux-system/well"))
    down = Controller("kustomize-controller", "flux-system", 0, 0)
    cluster.controllers[KUSTOMIZATION] = down
    assert (await portrait(house, "status ks apps")).controller == down
    assert (await portrait(house, "status ks well")).controller is None


async def test_several_names_are_told_together() -> None:
    house, _ = house_with(kustomization("flux-system/apps"), helm_release("flux-system/nginx"))
    await house.say("status ks apps, hr nginx")
    found = house.whispers()[-1]
    assert isinstance(found, Portrayed)
    assert [each.ref.kind for each in found.portraits] == [KUSTOMIZATION, HELM_RELEASE]


async def test_an_object_that_cannot_be_read_is_told_with_the_reason() -> None:
    house, cluster = house_with(kustomization())
    cluster.fail("read", Forbidden("prod", "prod: forbidden", missing="get kustomizations"))
    await house.say("status ks apps")
    assert house.whispers() == [ClusterUnknown("prod", ("prod",), "prod: forbidden")]


async def test_a_redelivery_is_answered_once() -> None:
    house, _ = house_with(kustomization())
    await house.say("status", delivery="twice")
    await house.say("status", delivery="twice")
    assert len(house.whispers()) == 1
