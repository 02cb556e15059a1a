"""What messages tell besides the verdict: never what this person may not see, and nothing that cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import Forbidden, Unreachable
from bot.core.explain import Cause, Link, LinkState
from bot.core.kinds import GIT_REPOSITORY
from bot.core.notices import Counts, NotFound, Outcome, Sourced, Stop, Stopped
from bot.core.requests import Role, Step
from bot.core.resources import Event, Ref, Snapshot
from bot.core.revisions import Change
from bot.core.verdicts import (
    Failed,
    Gone,
    Overtaken,
    Pending,
    Stalled,
    Succeeded,
    TimedOut,
    Unchanged,
    Verdict,
    Why,
)
from bot.flows.assembly import Manners
from bot.flows.gate import Entered
from bot.flows.investigate import Investigate
from bot.flows.steps import Ended
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.fakes.runs import done, failed, held_up
from tests.fakes.status import A, B, ref
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, SHOP, House, house_with

HIDDEN_SOURCE = ref(GIT_REPOSITORY, "infra/vault")
NOWHERE = "nowhere"


async def inside(house: House) -> tuple[Investigate, Entered]:
    """The look-ups, and dev in team-shop."""
    entered = await house.dispatch.gate.enter(house.heard(DEV, SHOP))
    assert isinstance(entered, Entered)
    return house.dispatch.reconciling.tracks.investigate, entered


def outcome(house: House) -> Outcome:
    found = house.finished().tracks[0].outcome
    assert found is not None
    return found


def an_end(of: Snapshot, end: Verdict | Stopped, source: Snapshot | None = None) -> Ended:
    return Ended(Step(of.ref, Role.OBJECT, of.ref), end, timedelta(seconds=1), now=of, source=source)


# --- The source ---------------------------------------------------------------------------------------------------


async def test_an_unchanged_object_tells_what_its_source_holds_and_when_it_last_looked() -> None:
    web, git = kustomization("shop/web"), git_repository("shop/web")
    house, cluster = house_with(web, git)
    cluster.script(web.ref, (1, lambda ask, now: done(now, ask.token)))
    for minutes, reason in (
        (50, "NewArtifact"),
        (2, "GitOperationSucceeded"),
        (1, "SomethingElse"),
        (90, "Succeeded"),
    ):
        at = MORNING - timedelta(minutes=minutes)
        cluster.tell(Event(git.ref, reason, "", False, at))
    await house.say("ks web", DEV, SHOP)
    assert outcome(house).source == Sourced(
        git.ref, git.artifact, MORNING - timedelta(minutes=2), ready=True, reason="Succeeded", message=_stored()
    )


def _stored() -> str:
    return f"stored artifact for revision '{A}'"


async def test_without_events_nobody_knows_when_a_source_last_looked() -> None:
    web, git = kustomization("shop/web"), git_repository("shop/web", ready=False)
    house, cluster = house_with(web, git)
    cluster.script(web.ref, (1, lambda ask, now: done(now, ask.token)))
    cluster.fail("events", Forbidden("prod", "may not read events"))
    await house.say("ks web", DEV, SHOP)
    source = outcome(house).source
    assert source is not None
    assert (source.looked_at, source.ready, source.reason) == (None, False, "GitOperationFailed")


async def test_a_hidden_source_is_told_nothing_of() -> None:
    web = kustomization("shop/web", source=HIDDEN_SOURCE)
    vault = git_repository("infra/vault", revision=B)
    house, cluster = house_with(web, vault)
    cluster.script(web.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks web", DEV, SHOP)
    end = outcome(house).end
    assert isinstance(end, Succeeded)
    assert (end.change.before, end.change.after, end.change.link, outcome(house).source) == (A, B, "", None)


async def test_the_compare_link_is_told_to_who_may_see_the_source() -> None:
    web = kustomization("shop/web")
    house, cluster = house_with(web, git_repository("shop/web", revision=B))
    cluster.script(web.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks web", DEV, SHOP)
    end = outcome(house).end
    assert isinstance(end, Succeeded)
    assert end.change.link.startswith("https://github.com/acme/shop/compare/")


async def test_a_forge_of_the_settings_has_compare_links_too() -> None:
    web = kustomization("shop/web")
    git = replace(git_repository("shop/web", revision=B), url="ssh://git@git.example.com/acme/shop")
    forges = (("git.example.com", "gitlab"),)
    for manners, link in ((Manners(forges=forges), "https://git.example.com/acme/shop/-/compare/"), (Manners(), "")):
        clock = FakeClock()
        cluster = FakeCluster(clock, web, git)
        house = House(clock, clusters=(cluster,), manners=manners)
        cluster.script(web.ref, (1, lambda ask, now: done(now, ask.token, B)))
        await house.say("ks web", DEV, SHOP)
        end = outcome(house).end
        assert isinstance(end, Succeeded)
        assert end.change.link.startswith(link)
        assert bool(end.change.link) == bool(link)


async def test_a_hidden_source_that_is_empty_stops_it_without_a_name_or_a_word() -> None:
    web = kustomization("shop/web", source=HIDDEN_SOURCE)
    vault = git_repository("infra/vault", revision="", ready=False)
    house, cluster = house_with(web, vault)
    await house.say("ks web", DEV, SHOP)
    assert (outcome(house).end, cluster.asks) == (Stopped(Stop.SOURCE_EMPTY), [])


async def test_a_source_in_the_own_namespace_that_is_empty_is_told_by_name() -> None:
    git = git_repository("shop/web", revision="", ready=False)
    house, _ = house_with(kustomization("shop/web"), git)
    await house.say("ks web", DEV, SHOP)
    end = outcome(house).end
    assert isinstance(end, Stopped)
    assert (end.stop, end.on) == (Stop.SOURCE_EMPTY, git.ref)


LINKED = Succeeded(Change(A, B, link="https://github.com/acme/vault/compare/a...b"))
PLAIN = Succeeded(Change(A, B))
ENDS: list[tuple[Verdict | Stopped, Verdict | Stopped]] = [
    (LINKED, PLAIN),
    (Overtaken("theirs", LINKED), Overtaken("theirs", PLAIN)),
    (Failed("BuildFailed", "boom"), Failed("BuildFailed", "boom")),
]


@pytest.mark.parametrize(("end", "told"), ENDS)
async def test_what_an_end_tells_of_a_hidden_source_is_left_out(
    end: Verdict | Stopped, told: Verdict | Stopped
) -> None:
    web, vault = kustomization("shop/web", source=HIDDEN_SOURCE), git_repository("infra/vault")
    house, _ = house_with(web, vault)
    investigate, entered = await inside(house)
    found = await investigate.outcome(entered, web.ref, an_end(web, end, vault), timedelta(seconds=2))
    assert (found.end, found.took, found.source) == (told, timedelta(seconds=2), None)


# --- The root cause -----------------------------------------------------------------------------------------------


async def test_a_chain_is_followed_to_the_deepest_object_that_is_not_ready() -> None:
    base = kustomization("shop/base", ready=False)
    middle = held_up(kustomization("shop/middle", depends_on=("shop/base",)), "t", "shop/base")
    web = held_up(kustomization("shop/web", depends_on=("shop/middle",)), "t", "shop/middle")
    house, _ = house_with(base, middle, web)
    investigate, entered = await inside(house)
    cause = await investigate.cause(entered, web.ref, web)
    assert cause is not None
    assert [(link.ref, link.state) for link in cause.links] == [
        (middle.ref, LinkState.WAITING),
        (base.ref, LinkState.FAILING),
    ]


async def test_a_link_that_cannot_be_read_is_unknown() -> None:
    web = held_up(kustomization("shop/web", depends_on=("shop/base",)), "t", "shop/base")
    house, cluster = house_with(web)
    cluster.fail("get", Unreachable("prod", "no route"))
    investigate, entered = await inside(house)
    base = kustomization("shop/base").ref
    assert await investigate.cause(entered, web.ref, web) == Cause((Link(base, LinkState.UNKNOWN),))


async def test_what_lies_behind_a_hidden_link_is_hidden_too() -> None:
    base = kustomization("shop/base", ready=False)
    secret = held_up(kustomization("infra/secret", depends_on=("shop/base",)), "t", "shop/base")
    web = held_up(kustomization("shop/web", depends_on=("infra/secret",)), "t", "infra/secret")
    house, _ = house_with(base, secret, web)
    investigate, entered = await inside(house)
    assert await investigate.cause(entered, web.ref, web) == Cause((Link(None, LinkState.WAITING),))


async def test_the_words_of_a_link_do_not_name_a_hidden_one() -> None:
    secret = kustomization("infra/secret", ready=False)
    middle = held_up(kustomization("shop/middle", depends_on=("infra/secret",)), "t", "infra/secret")
    web = held_up(kustomization("shop/web", depends_on=("shop/middle",)), "t", "shop/middle")
    house, _ = house_with(secret, middle, web)
    investigate, entered = await inside(house)
    cause = await investigate.cause(entered, web.ref, web)
    assert cause is not None
    assert [(link.ref, "secret" in link.message) for link in cause.links] == [(middle.ref, False), (None, False)]


SENTENCE, VEILED = (
    "dependency 'infra/secret' is not ready",
    "dependency (hidden) is not ready",
)
SENTENCES: list[tuple[Verdict, Verdict]] = [
    (Failed("DependencyNotReady", SENTENCE), Failed("DependencyNotReady", VEILED)),
    (Stalled("Stalled", "", ready_message=SENTENCE), Stalled("Stalled", "", ready_message=VEILED)),
    (TimedOut(Pending(Why.DEPENDENCY, SENTENCE)), TimedOut(Pending(Why.DEPENDENCY, VEILED))),
    (Overtaken("theirs", Failed("X", SENTENCE)), Overtaken("theirs", Failed("X", VEILED))),
    (Failed("X", "dependency 'shop/api' is not ready"), Failed("X", "dependency 'shop/api' is not ready")),
]


@pytest.mark.parametrize(("end", "told"), SENTENCES)
async def test_fluxs_own_sentence_does_not_name_a_hidden_dependency(end: Verdict, told: Verdict) -> None:
    web = kustomization("shop/web")
    house, _ = house_with(web)
    investigate, entered = await inside(house)
    found = await investigate.outcome(entered, web.ref, an_end(web, end), timedelta(seconds=1))
    assert found.end == told


async def test_the_own_source_may_be_named_where_a_rule_reaches_it_and_not_elsewhere() -> None:
    def not_fetched(source: Ref) -> Snapshot:
        return failed(kustomization("shop/web", source=source), "t", "ArtifactFailed", "no artifact")

    own, vault = git_repository("shop/web", ready=False), git_repository("infra/vault", ready=False)
    house, _ = house_with(own, vault)
    investigate, entered = await inside(house)
    causes = [
        await investigate.cause(entered, kustomization("shop/web").ref, not_fetched(each.ref))
        for each in (own, vault)
    ]
    assert [cause and [link.ref for link in cause.links] for cause in causes] == [[own.ref], [None]]


# --- Names near a missing one, and counts -------------------------------------------------------------------------


async def test_a_search_that_fails_suggests_nothing() -> None:
    house, cluster = house_with(kustomization("shop/web"))
    cluster.fail("list", Unreachable("prod", "no route"))
    await house.say("ks wib", DEV, SHOP)
    assert (outcome(house).end, outcome(house).near) == (Gone(seen_before=False), NotFound())


async def test_where_no_name_is_near_others_of_the_namespace_are_told() -> None:
    house, _ = house_with(*(kustomization(f"shop/{name}") for name in "abcdefg"), kustomization("infra/x"))
    await house.say("ks something-else", DEV, SHOP)
    near = outcome(house).near
    assert near is not None
    assert ([each.name for each in near.valid], near.nearest, near.elsewhere) == (list("abcde"), (), ())


async def test_counts_hold_only_what_may_be_seen_and_could_be_read() -> None:
    objects = (kustomization("shop/web"), kustomization("shop/api", ready=False), git_repository("shop/web"))
    house, cluster = house_with(*objects, helm_release("shop/podinfo", ready=False), kustomization("infra/web"))
    investigate, entered = await inside(house)
    web = objects[0].ref
    assert await investigate.counts(entered, web) == Counts(
        "prod", "shop", (("Kustomization", 2, 1), ("HelmRelease", 1, 1))
    )
    assert await investigate.counts(entered, kustomization("infra/web").ref) is None
    cluster.fail("list", Unreachable("prod", "no route"))
    assert await investigate.counts(entered, web) is None


async def test_a_namespace_is_counted_by_rule_and_name() -> None:
    shop = replace(ALLOWLIST.channels[1], rules=(replace(DEPLOYERS, names=("w*",)),))
    house, _ = house_with(
        kustomization("shop/web"), kustomization("shop/api"), allowlist=replace(ALLOWLIST, channels=(shop,))
    )
    investigate, entered = await inside(house)
    found = await investigate.counts(entered, kustomization("shop/web").ref)
    assert found == Counts("prod", "shop", (("Kustomization", 1, 0),))


async def test_in_a_cluster_that_is_gone_nothing_can_be_found() -> None:
    web = kustomization("shop/web", cluster=NOWHERE)
    git = git_repository("shop/web", cluster=NOWHERE)
    house, _ = house_with()
    investigate, entered = await inside(house)
    assert await investigate.cause(entered, web.ref, web) is None
    assert await investigate.counts(entered, web.ref) is None
    missing = Ended(Step(web.ref, Role.OBJECT, web.ref), Gone(seen_before=False), timedelta(seconds=1))
    assert (await investigate.outcome(entered, web.ref, missing, timedelta(seconds=1))).near == NotFound()
    unchanged = await investigate.outcome(entered, web.ref, an_end(web, Unchanged(A), git), timedelta(seconds=1))
    assert unchanged.source is not None
    assert unchanged.source.looked_at is None
