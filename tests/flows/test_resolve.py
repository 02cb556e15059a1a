"""From names to objects: only among what this person may touch here, and never a guessed cluster."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.channels import Rule, Who
from bot.core.errors import Unreachable
from bot.core.kinds import KUSTOMIZATION
from bot.core.notices import Ambiguous, ClusterAsked, ClusterUnknown, Refusal
from bot.core.resources import Ref, Snapshot
from bot.core.verdicts import Gone
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, PLATFORM, SHOP, SHOP_TEAM, SRE, House, house_with

PLATFORM_ENTRY, SHOP_ENTRY = ALLOWLIST.channels


def targets(house: House) -> list[str]:
    """What the newest request is about."""
    return [str(track.target) for track in house.finished().tracks]


def at(path: str) -> Ref:
    return kustomization(path).ref


# --- Bare names ---------------------------------------------------------------------------------------------------


async def test_a_bare_name_is_the_only_object_of_that_name_which_the_asker_may_touch() -> None:
    house, _ = house_with(kustomization("shop/web"), kustomization("infra/web"), git_repository("shop/web"))
    await house.say("web --timeout 10s", DEV, SHOP)
    assert targets(house) == ["prod ks/shop/web"]
    assert house.trail.newest()[0].rule == "shop-deployers"


async def test_a_bare_name_of_several_objects_is_asked_about_with_those_that_may_be_touched() -> None:
    objects = (kustomization("shop/web"), helm_release("shop/web"), kustomization("infra/web"))
    house, cluster = house_with(*objects)
    await house.say("web", DEV, SHOP)
    assert house.whispers() == [Ambiguous("web", "web", tuple(sorted(each.ref for each in objects[:2])), ())]
    assert cluster.asks == []


async def test_a_bare_name_of_nothing_is_answered_with_names_near_it_that_may_be_touched() -> None:
    house, _ = house_with(
        kustomization("shop/frontend"), kustomization("infra/frontends"), git_repository("shop/frontend")
    )
    await house.say("fronted", DEV, SHOP)
    assert house.whispers() == [Ambiguous("fronted", "fronted", (), (at("shop/frontend"),))]


async def test_a_bare_name_in_a_named_namespace_is_looked_for_only_there() -> None:
    house, _ = house_with(kustomization("shop/web"), kustomization("infra/web"))
    await house.say("infra/web --timeout 10s")
    await house.say("web -n shop --timeout 10s")
    ends = [entry.object for entry in house.trail.newest()]
    assert ends == ["prod ks/infra/web", "prod ks/shop/web"]


async def test_a_bare_name_with_its_namespace_behind_a_dot_is_found() -> None:
    house, _ = house_with(kustomization("shop/web"), kustomization("infra/web"))
    await house.say("web.infra --timeout 10s")
    assert targets(house) == ["prod ks/infra/web"]


async def test_a_bare_literal_name_with_a_dot_comes_first() -> None:
    house, _ = house_with(kustomization("shop/web.infra"), kustomization("infra/web"))
    await house.say("web.infra --timeout 10s")
    assert targets(house) == ["prod ks/shop/web.infra"]


async def test_in_a_named_namespace_a_dot_is_part_of_the_name() -> None:
    house, _ = house_with(kustomization("infra/web"))
    await house.say("web.infra -n infra")
    assert house.whispers() == [Ambiguous("web.infra", "web.infra -n infra", (), ())]


@pytest.mark.parametrize("option", ["--force", "--reset"])
async def test_force_and_reset_make_a_bare_name_mean_a_release(option: str) -> None:
    house, cluster = house_with(kustomization("shop/web"), helm_release("shop/web"), kustomization("shop/api"))
    text = f"web {option} --timeout 10s"
    await (house.force(text) if option == "--force" else house.say(text))
    assert [str(ask.ref) for ask in cluster.asks] == ["prod hr/shop/web"]
    await house.say(f"api {option}")
    assert house.whispers()[-1:] == [Ambiguous("api", f"api {option}", (), ())]


async def test_near_names_are_at_most_five() -> None:
    house, _ = house_with(*(kustomization(f"ns-{number}/frontend") for number in range(7)))
    await house.say("fronted")
    assert house.whispers() == [Ambiguous("fronted", "fronted", (), tuple(at(f"ns-{n}/frontend") for n in range(5)))]


async def test_a_cluster_that_does_not_answer_a_search_is_told_by_name() -> None:
    house, cluster = house_with()
    cluster.fail("list", Unreachable("prod", "prod does not answer within 5 s"))
    await house.say("web")
    assert house.whispers() == [ClusterUnknown("prod", ("prod",), "prod does not answer within 5 s")]


# --- Dots in a named kind -----------------------------------------------------------------------------------------

DOTTED = [
    ((kustomization("shop/web.infra"), kustomization("infra/web")), "prod ks/shop/web.infra"),
    ((kustomization("infra/web"),), "prod ks/infra/web"),
    ((kustomization("shop/web.infra"),), "prod ks/shop/web.infra"),
    ((), "prod ks/shop/web.infra"),
]


@pytest.mark.parametrize(("objects", "wanted"), DOTTED)
async def test_the_literal_name_comes_before_name_and_namespace(objects: tuple[Snapshot, ...], wanted: str) -> None:
    platform = replace(PLATFORM_ENTRY, default_namespace="shop")
    house, _ = house_with(*objects, allowlist=replace(ALLOWLIST, channels=(platform,)))
    await house.say("ks web.infra --timeout 10s")
    assert targets(house) == [wanted]


async def test_a_reading_that_is_not_allowed_is_no_reading() -> None:
    only_shop = replace(DEPLOYERS, who=Who(frozenset({SRE})))
    platform = replace(PLATFORM_ENTRY, rules=(only_shop,), default_namespace="infra")
    house, cluster = house_with(
        kustomization("infra/web.shop"),
        kustomization("shop/web"),
        allowlist=replace(ALLOWLIST, channels=(platform,)),
    )
    await house.say("ks web.shop --timeout 10s")
    assert [str(ask.ref) for ask in cluster.asks] == ["prod ks/shop/web"]


async def test_a_cluster_that_does_not_answer_which_reading_it_is_is_told_by_name() -> None:
    house, cluster = house_with(kustomization("infra/web"))
    cluster.fail("get", Unreachable("prod", "no route"))
    await house.say("ks web.infra")
    assert house.whispers() == [ClusterUnknown("prod", ("prod",), "no route")]


# --- Namespaces ---------------------------------------------------------------------------------------------------


async def test_without_a_namespace_the_channels_own_counts_and_else_flux_system() -> None:
    house, _ = house_with(kustomization("shop/web"), kustomization("flux-system/web"))
    await house.say("ks web --timeout 10s", DEV, SHOP)
    await house.say("ks web --timeout 10s")
    assert [entry.object for entry in house.trail.newest()] == ["prod ks/shop/web", "prod ks/flux-system/web"]


async def test_the_same_object_named_twice_is_one_target() -> None:
    house, cluster = house_with(kustomization("shop/web"))
    await house.say("ks shop/web, web.shop --timeout 10s")
    assert targets(house) == ["prod ks/shop/web"]
    assert len(cluster.asks) == 1


async def test_the_first_target_that_is_not_allowed_stops_them_all() -> None:
    house, cluster = house_with(kustomization("shop/web"), kustomization("infra/api"))
    await house.say("ks web infra/api infra/two", DEV, SHOP)
    assert [each.what for each in house.refusals()] == ["reconcile prod ks/infra/api"]
    assert cluster.asks == []


# --- Clusters -----------------------------------------------------------------------------------------------------


def house_of(*names: str, clusters: tuple[str, ...] = ("*",), default: str | None = None) -> House:
    """A house whose platform channel may speak of some of these clusters; each has a Kustomization `apps`."""
    clock = FakeClock()
    edges = tuple(FakeCluster(clock, kustomization(cluster=name), name=name) for name in names)
    platform = replace(PLATFORM_ENTRY, clusters=clusters, default_cluster=default)
    return House(clock, replace(ALLOWLIST, channels=(platform, SHOP_ENTRY)), edges)


def patched(house: House) -> list[str]:
    return [str(ask.ref) for cluster in house.clusters for ask in cluster.asks]


async def test_the_only_cluster_of_a_channel_needs_no_name() -> None:
    house = house_of("prod", "lab", clusters=("prod",))
    await house.say("ks apps --timeout 10s")
    assert patched(house) == ["prod ks/flux-system/apps"]


async def test_the_channels_default_cluster_is_taken() -> None:
    house = house_of("prod", "lab", default="lab")
    await house.say("ks apps --timeout 10s")
    assert patched(house) == ["lab ks/flux-system/apps"]


async def test_a_named_cluster_beats_the_default() -> None:
    house = house_of("prod", "lab", default="lab")
    await house.say("prod ks/flux-system/apps --timeout 10s")
    assert patched(house) == ["prod ks/flux-system/apps"]


async def test_of_several_clusters_none_is_guessed() -> None:
    house = house_of("prod", "lab")
    for text in ("ks apps", "apps"):
        await house.say(text)
    asked = [each for each in house.whispers() if isinstance(each, ClusterAsked)]
    assert [[button.label for button in each.buttons] for each in asked] == [["lab", "prod"], ["lab", "prod"]]
    assert [each.typed for each in asked] == ["ks apps", "apps"]
    assert patched(house) == []


async def test_an_unknown_cluster_is_answered_with_the_known_ones_of_this_channel() -> None:
    house = house_of("prod", "lab", "vault", clusters=("prod", "lab"))
    await house.say("ks apps --cluster staging")
    assert house.whispers() == [ClusterUnknown("staging", ("lab", "prod"))]


async def test_a_cluster_outside_the_channel_reads_like_a_missing_one() -> None:
    there = house_of("prod", "lab", "vault", clusters=("prod", "lab"))
    missing = house_of("prod", "lab", clusters=("prod", "lab"))
    for house in (there, missing):
        await house.say("ks apps --cluster vault")
        await house.say("apps on vault")
        assert all(cluster.calls == {} for cluster in house.clusters)
    assert there.whispers() == missing.whispers() == [ClusterUnknown("vault", ("lab", "prod"))] * 2
    assert there.chat.shown == missing.chat.shown


async def test_a_default_cluster_that_this_process_does_not_know_is_told() -> None:
    house = house_of("prod", default="lab")
    await house.say("ks apps")
    assert house.whispers() == [ClusterUnknown("lab", ("prod",))]
    assert house.trail.newest() == ()


async def test_a_channel_without_any_cluster_says_so() -> None:
    house = house_of("prod", clusters=("lab",))
    await house.say("ks apps")
    assert house.whispers() == [ClusterUnknown("", ())]


async def test_a_rule_for_one_cluster_allows_nothing_in_another() -> None:
    clock = FakeClock()
    edges = tuple(FakeCluster(clock, kustomization("shop/web", cluster=name), name=name) for name in ("prod", "lab"))
    shop = replace(SHOP_ENTRY, rules=(replace(DEPLOYERS, clusters=("lab",)),))
    house = House(clock, replace(ALLOWLIST, channels=(shop,)), edges)
    await house.say("prod ks/shop/web", DEV, SHOP)
    await house.say("web on prod", DEV, SHOP)
    first, second = house.whispers()
    assert getattr(first, "refusal", None) is Refusal.RULES
    assert second == Ambiguous("web", "web on prod", (), ())
    assert patched(house) == []


# --- Missing ones -------------------------------------------------------------------------------------------------


async def test_names_near_a_missing_one_and_the_same_name_elsewhere_hold_only_what_may_be_seen() -> None:
    seen = Rule("seen", Who(groups=frozenset({SHOP_TEAM})), frozenset(), ("*",), frozenset({"*"}), ("lab",), ("*",))
    shop = replace(SHOP_ENTRY, rules=(DEPLOYERS, seen))
    house, _ = house_with(
        *(kustomization(path) for path in ("shop/web-a", "lab/web", "infra/web", "infra/web-a", "lab/web-a")),
        allowlist=replace(ALLOWLIST, channels=(shop,)),
    )
    await house.say("ks web", DEV, SHOP)
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert outcome.end == Gone(seen_before=False)
    assert outcome.near is not None
    assert (outcome.near.nearest, outcome.near.elsewhere) == ((at("shop/web-a"),), (at("lab/web"),))


async def test_kinds_that_nothing_reconciles_are_never_found_by_a_bare_name() -> None:
    alert = replace(kustomization("shop/web"), ref=Ref("prod", replace(KUSTOMIZATION, static=True), "shop", "web"))
    house, _ = house_with(alert)
    await house.say("web", channel=PLATFORM)
    assert house.whispers() == [Ambiguous("web", "web", (), ())]
