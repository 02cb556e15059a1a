"""`check`: what the bot finds in a cluster, for who has the verb, and without naming what they may not see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.errors import Forbidden, Unreachable
from bot.core.health import Finding, Level, Topic
from bot.core.kinds import IMAGE_POLICY, KUSTOMIZATION
from bot.core.notices import ClusterAsked, ClusterUnknown
from bot.core.offers import Press
from bot.core.resources import Ref, Snapshot
from bot.core.standing import Checked
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, PLATFORM, SHOP, SRE, House, house_with

CHECKERS = replace(DEPLOYERS, verbs=frozenset({"reconcile", "check"}))
LIST_WITH_CHECK = replace(
    ALLOWLIST, channels=(ALLOWLIST.channels[0], replace(ALLOWLIST.channels[1], rules=(CHECKERS,)))
)


async def checked(house: House, text: str = "check", user: str = SRE, channel: str = PLATFORM) -> Checked:
    await house.say(text, user, channel)
    found = house.whispers()[-1]
    assert isinstance(found, Checked), found
    return found


def about(found: Checked, topic: Topic) -> Finding:
    (finding,) = [each for each in found.findings if each.topic is topic]
    return finding


async def test_a_cluster_that_is_well_is_told_so_to_the_asker_alone() -> None:
    house, cluster = house_with(kustomization(), git_repository())
    found = await checked(house)
    assert {each.level for each in found.findings} == {Level.GOOD}
    assert about(found, Topic.KUBERNETES).values == ("v1.36.0",)
    assert len(about(found, Topic.CONTROLLERS).controllers) == 4
    assert KUSTOMIZATION in about(found, Topic.SERVED).kinds
    assert (found.cluster, found.flux_namespace, found.default_namespace) == ("prod", "flux-system", "flux-system")
    assert [each.rule for each in found.here] == ["platform"]
    assert (found.clusters, found.rules) == (("prod",), 1)
    assert [button.press for button in found.buttons] == [Press.SHARE]
    assert (house.chat.shown, cluster.asks, house.trail.newest()) == ([], [], ())


async def test_flaws_of_objects_are_found() -> None:
    slow = replace(git_repository("shop/slow"), interval=timedelta(hours=1))
    house, _ = house_with(slow, helm_release("shop/bare"), kustomization("shop/hasty", checks_health=False))
    found = await checked(house)
    assert [each.ref.name for each in about(found, Topic.NO_RECEIVER).objects] == ["slow"]
    assert [each.ref.name for each in about(found, Topic.NO_REMEDIATION).objects] == ["bare"]
    assert [each.ref.name for each in about(found, Topic.NO_HEALTH_CHECK).objects] == ["hasty"]


async def test_what_the_bot_may_not_read_is_told_by_the_right_that_it_needs() -> None:
    house, cluster = house_with(kustomization())
    cluster.fail("installed", Forbidden("prod", "prod: forbidden", missing="list deployments"))
    cluster.fail("list", Forbidden("prod", "prod: forbidden", missing="list kustomizations"))
    found = await checked(house)
    unreadable = about(found, Topic.CONTROLLERS).unreadable
    assert unreadable is not None
    assert unreadable.needs == "list deployments"
    assert [each for each in found.findings if each.level is Level.BAD] == []
    assert any(each.topic is Topic.UNREAD for each in found.findings)


async def test_rights_that_the_role_lacks_are_told_apart() -> None:
    house, cluster = house_with(kustomization())
    cluster.lacking = {"patch kustomizations", "list events"}
    found = await checked(house)
    assert [str(each) for each in about(found, Topic.RIGHT_LACKS).rights] == ["patch kustomizations"]
    assert [str(each) for each in about(found, Topic.RIGHT_OPTIONAL).rights] == ["list events"]


async def test_who_only_reads_is_not_asked_for_patch() -> None:
    house, cluster = house_with(kustomization())
    cluster.lacking = {"patch kustomizations"}
    cluster.frozen = "this demo only reads"
    found = await checked(house)
    assert found.read_only == "this demo only reads"
    assert about(found, Topic.RIGHTS).level is Level.GOOD


async def test_a_watch_that_does_not_work_is_a_fault() -> None:
    house, cluster = house_with(kustomization())
    cluster.watch_trouble = ("kustomizations: prod: forbidden",)
    assert about(await checked(house), Topic.BLIND).values == ("kustomizations: prod: forbidden",)


async def test_a_kind_in_use_without_its_controller_is_a_fault() -> None:
    house, _ = house_with(kustomization(), Snapshot(Ref("prod", IMAGE_POLICY, "shop", "web")))
    assert about(await checked(house), Topic.CONTROLLER_ABSENT).kinds == (IMAGE_POLICY,)


async def test_it_needs_a_rule_with_the_verb() -> None:
    house, cluster = house_with(kustomization("shop/api"))
    await house.say("check", DEV, SHOP)
    (refused,) = house.refusals()
    assert refused.denied is not None
    assert (cluster.calls, len(house.trail.newest())) == ({}, 1)


async def test_only_objects_that_may_be_seen_are_looked_at_and_the_others_counted() -> None:
    house, _ = house_with(
        kustomization("shop/api", checks_health=False),
        kustomization("vault/keys", checks_health=False),
        allowlist=LIST_WITH_CHECK,
    )
    found = await checked(house, user=DEV, channel=SHOP)
    assert [each.ref.name for each in about(found, Topic.NO_HEALTH_CHECK).objects] == ["api"]
    assert (found.hidden, found.default_namespace) == (1, "shop")
    assert [each.rule for each in found.here] == ["shop-deployers"]
    assert "vault" not in repr(found)


async def test_a_rule_for_one_cluster_is_none_for_another() -> None:
    clock = FakeClock()
    east = replace(CHECKERS, clusters=("east",))
    shop = replace(ALLOWLIST.channels[1], rules=(east,))
    house = House(
        clock=clock,
        clusters=(FakeCluster(clock, name="east"), FakeCluster(clock, name="west")),
        allowlist=replace(ALLOWLIST, channels=(shop,)),
    )
    assert (await checked(house, "check east", DEV, SHOP)).cluster == "east"
    await house.say("check west", DEV, SHOP)
    refused = house.whispers()[-1]
    assert getattr(refused, "what", "") == "check west"


async def test_several_clusters_give_a_question_whose_button_answers_it() -> None:
    clock = FakeClock()
    house = House(clock=clock, clusters=(FakeCluster(clock, name="east"), FakeCluster(clock, name="west")))
    await house.say("check")
    assert isinstance(house.whispers()[-1], ClusterAsked)
    await house.press(house.button(Press.CLUSTER, "west"))
    found = house.whispers()[-1]
    assert isinstance(found, Checked)
    assert found.cluster == "west"


async def test_a_cluster_that_does_not_answer_is_told_as_such() -> None:
    house, cluster = house_with()
    cluster.fail("version", Unreachable("prod", "prod: no connection to the API server"))
    await house.say("check")
    assert house.whispers() == [ClusterUnknown("prod", ("prod",), "prod: no connection to the API server")]


async def test_it_takes_at_most_ten_seconds() -> None:
    house, cluster = house_with(kustomization())
    cluster.slow = 60
    begun = house.clock.now()
    await house.say("check")
    assert isinstance(house.whispers()[-1], ClusterUnknown)
    assert house.clock.now() - begun <= timedelta(seconds=10)
