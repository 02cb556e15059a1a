"""`all`, globs and labels: who is chosen, in which order they are asked, and what is said of each."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.channels import Allowlist, Rule
from bot.core.notices import (
    Batch,
    BatchDetailed,
    BatchFinished,
    BatchRunning,
    Blocked,
    NoneSelected,
    Part,
    Stop,
    Stopped,
)
from bot.core.policy import Misfit
from bot.core.requests import Ask
from bot.core.resources import Condition, Dependency, Snapshot
from bot.core.verdicts import Failed, Succeeded, Suspended, Unchanged
from bot.wording.plain import plain
from bot.wording.sentences import document
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, helm_repository, kustomization
from tests.fakes.runs import done, failed
from tests.fakes.status import A, B
from tests.flows.house import ALLOWLIST, DEPLOYERS, DEV, SHOP, House, house_with

NOT_READY = Condition("Ready", "False", "BuildFailed")
GIT = git_repository("flux-system/flux-system")


def after(name: str, *parents: str, loose: bool = False) -> Snapshot:
    own = kustomization(f"flux-system/{name}", source=GIT.ref)
    depends = tuple(Dependency(replace(own.ref, name=each), ready_expr=loose) for each in parents)
    return replace(own, depends_on=depends)


def answers(cluster: FakeCluster, *objects: Snapshot, revision: str = B, took: float = 2.0) -> None:
    """Each is reconciled so many seconds after it is asked."""
    for each in objects:
        cluster.script(each.ref, (took, lambda ask, now: done(now, ask.token, revision)))


def fails(cluster: FakeCluster, each: Snapshot, took: float = 2.0) -> None:
    cluster.script(each.ref, (took, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))


def asked(cluster: FakeCluster) -> list[str]:
    return [ask.ref.short for ask in cluster.asks]


def ended(house: House) -> BatchFinished:
    found = house.in_part(Part.ROOT)[-1]
    assert isinstance(found, BatchFinished)
    return found


def ends(house: House) -> dict[str, object]:
    return {each.target.short: each.outcome.end if each.outcome else None for each in ended(house).tracks}


def told(house: House, part: Part = Part.ROOT) -> str:
    return plain(document(house.in_part(part)[-1]))


async def test_sources_come_first_and_then_each_when_its_own_parents_are_ready() -> None:
    git = GIT
    chain = [after("a"), after("b", "a"), after("c", "b"), after("free")]
    house, cluster = house_with(git, *chain)
    answers(cluster, git, *chain)
    cluster.script(chain[0].ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("all")
    assert asked(cluster)[0] == git.ref.short
    assert asked(cluster)[1:] == [f"ks/flux-system/{name}" for name in ("a", "free", "b", "c")]
    assert all(isinstance(end, Succeeded) for end in ends(house).values())
    # 2 s for the source, then 1 + 2 + 2 s for the chain; what is free runs beside it.
    assert ended(house).took == timedelta(seconds=7)


async def test_the_first_message_counts_what_there_is() -> None:
    git, release = GIT, helm_release("flux-system/nginx")
    house, cluster = house_with(git, after("a"), after("b"), release, helm_repository("flux-system/charts"))
    answers(cluster, git, after("a"), after("b"), release)
    await house.say("all --timeout 10s")
    first = house.in_part(Part.ROOT)[0]
    assert isinstance(first, BatchRunning)
    assert first.batch == Batch(
        "prod",
        "flux-system",
        (("Kustomization", 2), ("HelmRelease", 1), ("GitRepository", 1), ("HelmRepository", 1)),
    )
    assert "2 Kustomizations, 1 HelmRelease, 1 GitRepository, 1 HelmRepository" in plain(document(first))


async def test_children_of_a_failure_are_named_and_neither_asked_nor_waited_for() -> None:
    objects = [GIT, after("a"), after("b", "a"), after("c", "b"), after("free")]
    house, cluster = house_with(*objects)
    answers(cluster, *objects)
    fails(cluster, objects[1])
    await house.say("all")
    assert "ks/flux-system/b" not in asked(cluster)
    assert ended(house).took == timedelta(seconds=4)
    blocked = {name: end.by.name for name, end in ends(house).items() if isinstance(end, Blocked) and end.by}
    assert blocked == {"ks/flux-system/b": "a", "ks/flux-system/c": "a"}
    assert told(house).splitlines()[:3] == [
        "❌ 1 of 5 failed prod flux-system · 2 blocked, 2 changed · 4 s",
        "  ❌ ks/flux-system/a: BuildFailed at main@9d8e7f6 · boom",
        "  blocked by it: b, c",
    ]


async def test_a_failing_source_blocks_what_it_feeds() -> None:
    git, app = GIT, after("a")
    house, cluster = house_with(git, app)
    cluster.script(
        git.ref,
        (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "authentication required", "")),
    )
    await house.say("ks all")
    assert asked(cluster) == [git.ref.short]
    (end,) = [end for name, end in ends(house).items() if name.startswith("ks/")]
    assert isinstance(end, Blocked)
    assert end.by == git.ref


async def test_what_is_suspended_is_skipped_and_counted_and_holds_nobody_up_who_needs_not_wait() -> None:
    parent = replace(after("parent"), suspended=True)
    objects = [GIT, parent, after("child", "parent")]
    house, cluster = house_with(*objects)
    answers(cluster, *objects)
    await house.say("all")
    assert parent.ref.short not in asked(cluster)
    assert isinstance(ends(house)[parent.ref.short], Suspended)
    assert isinstance(ends(house)["ks/flux-system/child"], Succeeded)
    assert "⏸️ suspended: parent" in told(house)
    assert told(house).startswith("✅ 2 of 3 done prod flux-system · 2 changed, 1 suspended")


async def test_a_suspended_parent_that_is_not_ready_blocks() -> None:
    parent = replace(after("parent"), suspended=True, conditions=(Condition("Ready", "False", "BuildFailed"),))
    objects = [GIT, parent, after("child", "parent")]
    house, cluster = house_with(*objects)
    answers(cluster, *objects)
    await house.say("all")
    end = ends(house)["ks/flux-system/child"]
    assert isinstance(end, Blocked)
    assert (end.by, type(end.verdict)) == (parent.ref, Suspended)


async def test_a_dependency_outside_the_selection_is_looked_at_and_named() -> None:
    ill = replace(after("ill"), conditions=(Condition("Ready", "False", "BuildFailed", "boom"),))
    well = after("well")
    objects = [GIT, ill, well, after("shop-a", "ill"), after("shop-b", "well"), after("shop-c", "gone")]
    house, cluster = house_with(*objects)
    answers(cluster, *objects)
    await house.say("ks shop-*")
    found = ends(house)
    assert asked(cluster) == ["gitrepository/flux-system/flux-system", "ks/flux-system/shop-b"]
    assert isinstance(found["ks/flux-system/shop-a"], Blocked)
    assert "blocked by ks/flux-system/ill (BuildFailed): shop-a" in told(house)
    assert "blocked by ks/flux-system/gone (missing): shop-c" in told(house)


@pytest.mark.parametrize("fed", [True, False])
async def test_who_waits_for_an_object_that_is_held_from_outside_is_held_too(fed: bool) -> None:
    ill = replace(after("ill"), conditions=(NOT_READY,))
    objects = [ill, after("shop-a", "ill"), after("shop-b", "shop-a")]
    if not fed:
        objects = [replace(each, source=None) for each in objects]
    house, cluster = house_with(GIT, *objects)
    answers(cluster, GIT, *objects)
    await house.say("ks shop-*")
    assert asked(cluster) == ([GIT.ref.short] if fed else [])
    assert "blocked by ks/flux-system/ill (BuildFailed): shop-a, shop-b" in told(house)
    assert all(track.outcome is not None for track in ended(house).tracks)


async def test_a_ready_expression_is_left_to_flux() -> None:
    objects = [GIT, after("a"), after("b", "a", loose=True)]
    house, cluster = house_with(*objects)
    answers(cluster, *objects)
    fails(cluster, objects[1])
    await house.say("all")
    assert isinstance(ends(house)["ks/flux-system/a"], Failed)
    assert isinstance(ends(house)["ks/flux-system/b"], Succeeded)


async def test_a_circle_is_named_and_not_asked() -> None:
    objects = [GIT, after("a", "b"), after("b", "a"), after("behind", "a"), after("free")]
    house, cluster = house_with(*objects)
    answers(cluster, *objects)
    await house.say("all")
    found = ends(house)
    assert asked(cluster) == ["gitrepository/flux-system/flux-system", "ks/flux-system/free"]
    assert {name for name, end in found.items() if isinstance(end, Stopped) and end.stop is Stop.CYCLE} == {
        "ks/flux-system/a",
        "ks/flux-system/b",
    }
    assert isinstance(found["ks/flux-system/behind"], Blocked)
    assert "in a circle of dependencies, a → b → a: a, b" in told(house)


async def test_what_may_not_be_touched_here_is_counted_and_not_named() -> None:
    git = git_repository("shop/shop")
    mine = replace(kustomization("shop/web"), source=git.ref)
    rule = replace(DEPLOYERS, all=True, names=("web",))
    house, cluster = house_with(git, mine, kustomization("shop/secret"), allowlist=_with(rule))
    answers(cluster, git, mine)
    await house.say("all", DEV, SHOP)
    assert sorted(asked(cluster)) == ["gitrepository/shop/shop", "ks/shop/web"]
    assert (ended(house).batch.hidden, ended(house).batch.unfetched) == (2, 0)
    everything = "\n".join(plain(document(each.notice)) for each in house.chat.shown)
    assert "secret" not in everything
    assert "left out, as no rule here lets you: 2 objects" in everything


async def test_a_source_that_no_rule_reaches_is_not_fetched_and_the_object_goes_without() -> None:
    git = GIT
    mine = replace(kustomization("shop/web"), source=git.ref)
    house, cluster = house_with(git, mine, allowlist=_with(replace(DEPLOYERS, all=True)))
    cluster.script(mine.ref, (1, lambda ask, now: done(now, ask.token, A)))
    await house.say("all", DEV, SHOP)
    assert asked(cluster) == ["ks/shop/web"]
    assert isinstance(ends(house)["ks/shop/web"], Unchanged)
    assert ended(house).batch.unfetched == 1


async def test_a_rule_must_allow_all() -> None:
    house, cluster = house_with(kustomization("shop/web"))
    await house.say("all", DEV, SHOP)
    (refused,) = house.refusals()
    assert refused.denied is not None
    assert refused.denied.misfits == (Misfit.ALL,)
    assert "it does not allow all, globs or selectors" in plain(document(refused))
    assert asked(cluster) == []


async def test_labels_failing_and_globs_narrow() -> None:
    objects = [
        replace(after("shop-a"), labels=(("team", "shop"),)),
        replace(
            after("shop-b"), labels=(("team", "shop"),), conditions=(Condition("Ready", "False", "BuildFailed"),)
        ),
        replace(after("other"), labels=(("team", "other"),)),
    ]
    objects = [replace(each, source=None) for each in objects]
    for text, expected in (
        ("all -l team=shop", ["shop-a", "shop-b"]),
        ("all --failing", ["shop-b"]),
        ("ks *-a", ["shop-a"]),
        ("ks shop-* -l team=other", None),
        ("hr all", None),
    ):
        house, cluster = house_with(*objects)
        answers(cluster, *objects)
        await house.say(text)
        if expected is None:
            assert isinstance(house.whispers()[0], NoneSelected)
        else:
            assert [ask.ref.name for ask in cluster.asks] == expected


async def test_a_selection_that_holds_nothing_says_where_more_would_be() -> None:
    house, cluster = house_with(replace(kustomization("shop/web"), source=None))
    await house.say("ks all")
    (answer,) = house.whispers()
    assert answer == NoneSelected("ks all", "prod", "flux-system", elsewhere=1, most=1000)
    assert plain(document(answer)).splitlines() == [
        "❌ not found: ks all holds nothing in prod flux-system that you may reconcile here",
        "  in other namespaces there are 1: add -A",
    ]
    assert asked(cluster) == []


async def test_namespaces() -> None:
    web, api = (replace(kustomization(name), source=None) for name in ("shop/web", "infra/api"))
    for text, expected in (("all -A", ["api", "web"]), ("all -n shop", ["web"]), ("infra/*", ["api"])):
        house, cluster = house_with(web, api)
        answers(cluster, web, api)
        await house.say(text)
        assert [ask.ref.name for ask in cluster.asks] == expected


async def test_the_thread_names_every_object_and_is_one_message() -> None:
    many = [after(f"app-{number:03}") for number in range(500)]
    git = GIT
    house, cluster = house_with(git, *many)
    answers(cluster, git, *many)
    fails(cluster, many[7])
    await house.say("all")
    details = house.in_part(Part.DETAILS)
    assert len(details) == 1
    assert isinstance(details[0], BatchDetailed)
    text = plain(document(details[0]))
    assert all(each.ref.name in text for each in many)
    assert text.index("app-007") < text.index("changed, 500")


async def test_a_cluster_gets_sixteen_patches_at_a_time() -> None:
    many = [replace(after(f"app-{number:03}"), source=None) for number in range(60)]
    house, cluster = house_with(*many)
    answers(cluster, *many)
    flying, most = 0, 0
    real = cluster.request

    async def slow(ask: Ask) -> Snapshot:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await house.clock.sleep(0.5)
        flying -= 1
        return await real(ask)

    cluster.request = slow  # type: ignore[method-assign]
    await house.say("all")
    assert (most, len(cluster.asks)) == (16, 60)


async def test_the_audit_has_one_line_and_an_entry_for_every_object() -> None:
    objects = [GIT, after("a"), after("b", "a")]
    house, cluster = house_with(*objects)
    answers(cluster, *objects)
    await house.say("all")
    (line,) = house.audit_lines()
    assert sorted(entry.object for entry in (*line.entries, *line.also)) == sorted(str(each.ref) for each in objects)


async def test_what_heals_later_is_counted_so() -> None:
    app = replace(after("a"), source=None)
    house, cluster = house_with(app)
    cluster.script(
        app.ref,
        (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)),
        (20, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("all")
    assert told(house).startswith("❌ 1 of 1 failed")
    await house.clock.advance(30)
    assert told(house).startswith("✅ 1 of 1 done prod flux-system · 1 healed")


def _with(rule: Rule) -> Allowlist:
    return replace(ALLOWLIST, channels=(ALLOWLIST.channels[0], replace(ALLOWLIST.channels[1], rules=(rule,))))


async def test_a_cancel_sends_nothing_more_and_says_what_was_asked_already() -> None:
    chain = [after("a"), after("b", "a"), after("c", "b")]
    house, cluster = house_with(GIT, *chain)
    answers(cluster, GIT, *chain)
    stops: list[asyncio.Task[None]] = []

    def cancel() -> None:
        stops.append(asyncio.ensure_future(house.dispatch.said(house.heard(), "cancel")))

    house.clock.call_in(5, cancel)
    await house.say("all")
    await asyncio.gather(*stops)
    # The source took 2 s, the first of the chain until 4 s; the second one was under way.
    assert asked(cluster) == ["gitrepository/flux-system/flux-system", "ks/flux-system/a", "ks/flux-system/b"]
    assert told(house).startswith("⏹️ 2 of 4 cancelled prod flux-system · 2 changed")
    assert {type(end).__name__ for end in ends(house).values()} == {"Succeeded", "Cancelled", "Blocked"}
    assert "cancelled by @sre" in told(house)
    assert "asked already, and Flux goes on with: b" in told(house)
    assert "not sent: c" in told(house)
