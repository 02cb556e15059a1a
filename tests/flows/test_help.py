"""What may I do here: three commands that run for this person in this channel, and nothing they may not see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.channels import Sources, Who
from bot.core.commands import Reconcile
from bot.core.errors import Unreachable
from bot.core.kinds import ASKABLE, GIT_REPOSITORY, Kind
from bot.core.notices import Helped, May
from bot.core.parsing import parse
from bot.core.resources import Snapshot
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.fakes.status import ref
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, EVERYTHING, PLATFORM, SHOP, SRE, House, house_with

PLATFORM_ENTRY, SHOP_ENTRY = ALLOWLIST.channels


async def helped(house: House, user: str = SRE, channel: str = PLATFORM, text: str = "help") -> Helped:
    await house.say(text, user, channel)
    found = house.whispers()[-1]
    assert isinstance(found, Helped)
    return found


async def runs(house: House, examples: tuple[str, ...], user: str = SRE, channel: str = PLATFORM) -> list[str]:
    """What the examples patch when they are typed as they stand."""
    patched: list[str] = []
    for text in examples:
        before = {cluster.name: len(cluster.asks) for cluster in house.clusters}
        assert isinstance(parse(text), Reconcile), text
        await house.say(f"{text} --timeout 10s", user, channel)
        patched += [str(ask.ref) for each in house.clusters for ask in each.asks[before[each.name] :]]
    return patched


@pytest.mark.parametrize("text", ["help", "", "?", "--help", "/flux-reconcile -h"])
async def test_help_is_given_in_every_spelling(text: str) -> None:
    house, _ = house_with(kustomization())
    assert (await helped(house, text=text)).examples == ("/flux-reconcile ks apps",)


async def test_help_gives_three_commands_that_run_for_this_person_here() -> None:
    house, _ = house_with(
        kustomization("shop/api"),
        kustomization("shop/web"),
        kustomization("infra/web"),
        helm_release("shop/podinfo"),
        git_repository("shop/api"),
    )
    found = await helped(house, DEV, SHOP)
    assert found.examples == (
        "/flux-reconcile ks api --with-source",
        "/flux-reconcile hr podinfo",
        "/flux-reconcile ks web",
    )
    assert await runs(house, found.examples, DEV, SHOP) == [
        "prod gitrepository/shop/api",
        "prod hr/shop/podinfo",
        "prod ks/shop/web",
    ]


async def test_help_lists_the_rules_of_this_person_and_of_nobody_else() -> None:
    shop = replace(SHOP_ENTRY, rules=(EVERYTHING, DEPLOYERS, replace(DEPLOYERS, name="empty", namespaces=())))
    house, _ = house_with(allowlist=replace(ALLOWLIST, channels=(shop,)))
    found = await helped(house, DEV, SHOP)
    assert found.may == (
        May("shop-deployers", ("reconcile",), ("hr", "ks"), ("shop",), ("*",), ("*",), "own-namespace"),
    )
    assert (found.channel, found.default_namespace, found.default_cluster) == ("team-shop", "shop", "prod")
    assert found.kinds == tuple(kind.short for kind in ASKABLE)
    assert (await helped(house, SRE, SHOP)).may == (
        May("platform", ("*",), ("*",), ("*",), ("*",), ("*",), "referenced", force=True, reset=True),
    )


async def test_whom_no_rule_names_is_told_so_and_costs_no_look_up() -> None:
    house, cluster = house_with(kustomization())
    found = await helped(house, DEV, PLATFORM)
    assert (found.examples, found.may, found.unreachable) == ((), (), ())
    assert cluster.calls == {}


async def test_help_without_any_object_has_no_example() -> None:
    house, _ = house_with(kustomization("infra/web"))
    found = await helped(house, DEV, SHOP)
    assert (found.examples, [may.rule for may in found.may]) == ((), ["shop-deployers"])


async def test_what_would_not_run_is_no_example() -> None:
    house, _ = house_with(
        kustomization("shop/off", suspended=True),
        replace(kustomization("shop/going"), deleting=True),
        replace(kustomization("shop/still"), static=True),
        kustomization("shop/web"),
    )
    assert (await helped(house, DEV, SHOP)).examples == ("/flux-reconcile ks web",)


async def test_other_kinds_fill_up_what_the_first_two_leave() -> None:
    house, _ = house_with(kustomization("shop/web"), *(git_repository(f"shop/repo-{number}") for number in range(4)))
    assert (await helped(house)).examples == (
        "/flux-reconcile ks shop/web",
        "/flux-reconcile gitrepository shop/repo-0",
        "/flux-reconcile gitrepository shop/repo-1",
    )


# --- With source, only where that runs ----------------------------------------------------------------------------

FOREIGN = ref(GIT_REPOSITORY, "infra/repo")
FETCHING = [
    ("no rule reaches sources", Sources.NONE, kustomization("shop/web"), False),
    ("its source is another namespace's", Sources.OWN_NAMESPACE, kustomization("shop/web", source=FOREIGN), False),
    ("its source is in its own", Sources.OWN_NAMESPACE, kustomization("shop/web"), True),
    ("any source it names is reached", Sources.REFERENCED, kustomization("shop/web", source=FOREIGN), True),
    ("it has none", Sources.REFERENCED, replace(kustomization("shop/web"), source=None), False),
]


@pytest.mark.parametrize(
    ("sources", "web", "fetches"), [row[1:] for row in FETCHING], ids=[row[0] for row in FETCHING]
)
async def test_with_source_is_shown_only_where_the_whole_chain_is_allowed(
    sources: Sources, web: Snapshot, fetches: bool
) -> None:
    shop = replace(SHOP_ENTRY, rules=(replace(DEPLOYERS, sources=sources),))
    house, cluster = house_with(
        web,
        git_repository("shop/web"),
        git_repository("infra/repo"),
        allowlist=replace(ALLOWLIST, channels=(shop,)),
    )
    examples = (await helped(house, DEV, SHOP)).examples
    assert examples == (f"/flux-reconcile ks web{' --with-source' if fetches else ''}",)
    await runs(house, examples, DEV, SHOP)
    assert len(cluster.asks) == 1


async def test_the_first_example_that_may_fetch_shows_it() -> None:
    house, _ = house_with(
        kustomization("shop/aaa"),
        kustomization("shop/api", source=FOREIGN),
        kustomization("shop/bbb"),
        kustomization("shop/zoo"),
        git_repository("infra/repo"),
        git_repository("shop/aaa", suspended=True),
        git_repository("shop/bbb"),
        git_repository("shop/zoo"),
    )
    assert (await helped(house, DEV, SHOP)).examples == (
        "/flux-reconcile ks aaa",
        "/flux-reconcile ks api",
        "/flux-reconcile ks bbb --with-source",
    )


# --- Names that mean something else to us -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["all", "on", "ks", "help", "git", "source", "web.shop", "1", "with"])
async def test_an_example_means_its_object_whatever_that_is_called(name: str) -> None:
    house, _ = house_with(kustomization(f"shop/{name}"), git_repository(f"shop/{name}"))
    shop = await helped(house, DEV, SHOP)
    platform = await helped(house)
    assert len(shop.examples) == 1
    assert await runs(house, shop.examples, DEV, SHOP) == [f"prod gitrepository/shop/{name}"]
    assert set(await runs(house, platform.examples[:1])) == {f"prod gitrepository/shop/{name}"}


# --- Clusters -----------------------------------------------------------------------------------------------------


def house_of(*names: str, default: str | None = None, clusters: tuple[str, ...] = ("*",)) -> House:
    clock = FakeClock()
    edges = tuple(
        FakeCluster(clock, kustomization(cluster=name), git_repository(cluster=name), name=name) for name in names
    )
    platform = replace(PLATFORM_ENTRY, default_cluster=default, clusters=clusters)
    return House(clock, replace(ALLOWLIST, channels=(platform, SHOP_ENTRY)), edges)


async def test_examples_name_their_cluster_unless_it_is_the_default_one() -> None:
    house = house_of("lab", "prod", default="prod")
    found = await helped(house)
    assert found.examples == (
        "/flux-reconcile ks apps --with-source",
        "/flux-reconcile gitrepository apps",
        "/flux-reconcile ks apps --cluster lab",
    )
    assert (found.default_cluster, found.clusters) == ("prod", ("lab", "prod"))
    assert await runs(house, found.examples[2:]) == ["lab ks/flux-system/apps"]


async def test_without_a_default_every_example_names_its_cluster() -> None:
    found = await helped(house_of("lab", "prod"))
    assert (found.default_cluster, found.examples) == (
        None,
        (
            "/flux-reconcile ks apps --cluster lab --with-source",
            "/flux-reconcile gitrepository apps --cluster lab",
            "/flux-reconcile ks apps --cluster prod",
        ),
    )


@pytest.mark.parametrize("name", ["arn:aws:eks:eu-west-1:1:cluster/prod", "ks", "Prod_1"])
async def test_an_example_names_clusters_of_any_name(name: str) -> None:
    house = house_of(name, "zzz")
    found = await helped(house)
    assert await runs(house, found.examples[:1]) == [f"{name} gitrepository/flux-system/apps"]


async def test_clusters_outside_the_channel_are_neither_named_nor_asked() -> None:
    house = house_of("lab", "prod", "vault", clusters=("lab", "prod"), default="prod")
    found = await helped(house)
    assert found.clusters == ("lab", "prod")
    assert [cluster.name for cluster in house.clusters if cluster.calls] == ["lab", "prod"]


async def test_a_cluster_that_does_not_answer_is_named_and_costs_no_example_of_others() -> None:
    house = house_of("lab", "prod", default="prod")
    house.clusters[1].fail("list", Unreachable("prod", "no route"))
    found = await helped(house)
    assert (found.unreachable, found.examples) == (
        ("prod",),
        ("/flux-reconcile ks apps --cluster lab --with-source", "/flux-reconcile gitrepository apps --cluster lab"),
    )


class Dead(FakeCluster):
    """Lets five seconds pass before it says that it cannot be reached."""

    async def list(self, kind: Kind, namespace: str | None = None) -> tuple[Snapshot, ...]:
        self.calls["list"] = self.calls.get("list", 0) + 1
        await self._clock.sleep(5)
        raise Unreachable(self.name, "timed out")


async def test_dead_clusters_cost_their_time_out_once_together() -> None:
    clock = FakeClock()
    alive = FakeCluster(clock, kustomization(cluster="e"), name="e")
    house = House(clock, ALLOWLIST, (*(Dead(clock, name=name) for name in "abcd"), alive))
    found = await helped(house)
    assert clock.now() - MORNING == timedelta(seconds=5)
    assert (found.unreachable, found.examples) == (("a", "b", "c", "d"), ("/flux-reconcile ks apps --cluster e",))


async def test_no_more_than_eight_clusters_are_looked_at_and_the_default_one_is_among_them() -> None:
    house = house_of(*"abcdefghij", default="j")
    found = await helped(house)
    assert [cluster.name for cluster in house.clusters if cluster.calls] == [*"abcdefg", "j"]
    assert found.examples[0] == "/flux-reconcile ks apps --with-source"


async def test_examples_hold_only_what_may_be_reconciled() -> None:
    hidden = [kustomization(f"infra/{name}") for name in ("a", "b")] + [kustomization("shop/aaa")]
    rule = replace(DEPLOYERS, names=("web*",), who=Who(frozenset({DEV})))
    shop = replace(SHOP_ENTRY, rules=(rule,))
    house, _ = house_with(*hidden, kustomization("shop/web"), allowlist=replace(ALLOWLIST, channels=(shop,)))
    found = await helped(house, DEV, SHOP)
    assert found.examples == ("/flux-reconcile ks web",)
