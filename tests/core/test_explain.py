"""From a symptom to its root cause."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.explain import MAX_LINKS, Cause, Link, LinkState, Needs, explain, unhealthy
from bot.core.kinds import KUSTOMIZATION
from bot.core.resources import Absent, Condition, Dependency, Ref, Snapshot
from tests.fakes.objects import git_repository, helm_chart, helm_release, kustomization
from tests.fakes.runs import failed, held_up, running, told
from tests.fakes.status import NO_LOGIN, UNHEALTHY, ref


def everything(_: Ref) -> bool:
    return True


def cause_of(
    symptom: Snapshot, *known: Snapshot | Absent, sees: Callable[[Ref], bool] = everything
) -> Cause | Needs | None:
    return explain(symptom, {each.ref: each for each in known}, sees)


def chain_of(cause: Cause | Needs | None) -> list[tuple[str, LinkState, str]]:
    assert isinstance(cause, Cause)
    return [(link.ref.short if link.ref else "hidden", link.state, link.reason) for link in cause.links]


def waits_for(path: str, on: str) -> Snapshot:
    return held_up(kustomization(path, depends_on=(on,)), "t", on)


def test_a_failure_of_its_own_is_its_own_root_cause() -> None:
    assert cause_of(kustomization(ready=False)) is None


def test_the_chain_goes_through_dependencies_to_a_source() -> None:
    frontend, backend = waits_for("shop/frontend", "shop/backend"), waits_for("shop/backend", "shop/db")
    db = failed(kustomization("shop/db"), "t", "ArtifactFailed", "Source artifact not found, retrying in 30s")
    legacy = git_repository("shop/db", ready=False)
    assert chain_of(cause_of(frontend, backend, db, legacy)) == [
        ("ks/shop/backend", LinkState.WAITING, "DependencyNotReady"),
        ("ks/shop/db", LinkState.FAILING, "ArtifactFailed"),
        ("gitrepository/shop/db", LinkState.FAILING, "GitOperationFailed"),
    ]


def test_the_root_tells_since_when_and_what_flux_says() -> None:
    cause = cause_of(waits_for("shop/frontend", "shop/backend"), kustomization("shop/backend", ready=False))
    assert isinstance(cause, Cause)
    assert (cause.root.reason, cause.root.message) == ("HealthCheckFailed", UNHEALTHY)
    assert cause.root.since is not None
    assert cause.root.now == kustomization("shop/backend", ready=False)
    assert cause.settled


def test_only_one_look_up_is_asked_for_at_a_time() -> None:
    frontend = waits_for("shop/frontend", "shop/backend")
    assert cause_of(frontend) == Needs(ref(KUSTOMIZATION, "shop/backend"))


def test_a_missing_dependency_is_the_root_cause() -> None:
    gone = Absent(ref(KUSTOMIZATION, "shop/backend"))
    assert chain_of(cause_of(waits_for("shop/frontend", "shop/backend"), gone)) == [
        ("ks/shop/backend", LinkState.MISSING, "")
    ]


def test_a_suspended_dependency_that_is_not_ready_is_the_root_cause() -> None:
    backend = told(kustomization("shop/backend", ready=False), "t")
    assert chain_of(cause_of(waits_for("shop/frontend", "shop/backend"), backend)) == [
        ("ks/shop/backend", LinkState.SUSPENDED, "HealthCheckFailed")
    ]


def test_a_dependency_at_work_is_worth_waiting_for() -> None:
    cause = cause_of(waits_for("shop/frontend", "shop/backend"), running(kustomization("shop/backend")),
                     git_repository("shop/backend"))  # fmt: skip
    assert isinstance(cause, Cause)
    assert cause.root.state is LinkState.WAITING
    assert not cause.settled


def test_a_cycle_is_named_and_ends_the_chain() -> None:
    a, b = waits_for("shop/a", "shop/b"), waits_for("shop/b", "shop/a")
    assert chain_of(cause_of(a, b, a)) == [
        ("ks/shop/b", LinkState.WAITING, "DependencyNotReady"),
        ("ks/shop/a", LinkState.CYCLE, ""),
    ]


def test_a_hidden_link_is_not_named_and_hides_what_lies_behind_it() -> None:
    frontend, backend = waits_for("shop/frontend", "secret/backend"), waits_for("secret/backend", "secret/db")
    cause = cause_of(frontend, backend, sees=lambda each: each.namespace == "shop")
    assert isinstance(cause, Cause)
    assert cause.links == (Link(None, LinkState.WAITING),)


def test_a_release_is_explained_by_its_chart_and_that_by_its_repository() -> None:
    podinfo = failed(helm_release(), "t", "SourceNotReady", "HelmChart 'shop/shop-podinfo' is not ready")
    chart = replace(helm_chart(), conditions=(Condition("Ready", "False", "SourceUnavailable", "no index"),))
    assert podinfo.source is not None
    repository = failed(replace(git_repository(), ref=podinfo.source), "t", "IndexationFailed", NO_LOGIN)
    assert chain_of(cause_of(podinfo, chart, repository)) == [
        ("helmchart/shop/shop-podinfo", LinkState.FAILING, "SourceUnavailable"),
        ("helmrepository/shop/podinfo", LinkState.FAILING, "IndexationFailed"),
    ]


def test_a_health_check_that_waits_for_a_flux_object_is_followed_into_it() -> None:
    text = "health check failed after 30s: timeout waiting for: [HelmRelease/shop/podinfo status: 'InProgress']"
    apps = failed(kustomization(), "t", "HealthCheckFailed", text)
    assert chain_of(cause_of(apps, helm_release(ready=False))) == [
        ("hr/shop/podinfo", LinkState.FAILING, "UpgradeFailed")
    ]


def test_a_dependency_that_healed_meanwhile_is_still_what_flux_named() -> None:
    behind = held_up(kustomization("shop/a", depends_on=("shop/b",)), "t", "shop/b", "revision is not up to date")
    cause = cause_of(behind, kustomization("shop/b"))
    assert isinstance(cause, Cause)
    assert [link.ref for link in cause.links] == [ref(KUSTOMIZATION, "shop/b")]
    assert not cause.settled


def test_an_object_that_could_not_be_read_is_said_to_be_unknown() -> None:
    frontend = waits_for("shop/frontend", "shop/backend")
    backend = ref(KUSTOMIZATION, "shop/backend")
    cause = explain(frontend, {backend: None}, everything)
    assert cause == Cause((Link(backend, LinkState.UNKNOWN),))


def test_unhealthy_objects_are_read_from_a_health_checks_message() -> None:
    text = "timeout waiting for: [Deployment/apps/web status: 'InProgress', Namespace/x status: 'Terminating']"
    assert [(each.id, each.status) for each in unhealthy(text)] == [
        ("Deployment/apps/web", "InProgress"),
        ("Namespace/x", "Terminating"),
    ]


_NAMES = [f"n{number}" for number in range(12)]


@given(
    edges=st.dictionaries(
        st.sampled_from(_NAMES), st.lists(st.sampled_from(_NAMES), max_size=3, unique=True), min_size=1
    ),
    ready=st.sets(st.sampled_from(_NAMES)),
)
def test_on_any_graph_the_chain_ends_and_every_step_is_a_dependency(
    edges: dict[str, list[str]], ready: set[str]
) -> None:
    objects = {_ref(name): _node(name, edges.get(name, []), name in ready) for name in edges}
    start = next(iter(objects.values()))
    if start.is_ready or not start.depends_on:
        return
    known: dict[Ref, Snapshot | Absent | None] = {}
    for _ in range(200):
        found = explain(start, known, everything)
        if not isinstance(found, Needs):
            break
        known[found.ref] = objects.get(found.ref, Absent(found.ref))
    else:
        raise AssertionError("it never stops asking")
    if found is None:
        return
    assert isinstance(found, Cause)
    assert len(found.links) <= MAX_LINKS
    assert all(_follows(one, other) for one, other in _pairs([start.ref, *(link.ref for link in found.links)], edges))


def _ref(name: str) -> Ref:
    return ref(KUSTOMIZATION, f"g/{name}")


def _node(name: str, on: list[str], is_ready: bool) -> Snapshot:
    snapshot = replace(
        kustomization(f"g/{name}"), depends_on=tuple(Dependency(_ref(each)) for each in on), source=None
    )
    if is_ready:
        return snapshot
    return held_up(snapshot, "t", f"g/{on[0]}") if on else failed(snapshot, "t", "BuildFailed", "boom")


def _pairs(refs: list[Ref | None], edges: dict[str, list[str]]) -> Iterable[tuple[list[str], str]]:
    for one, other in itertools.pairwise(refs):
        assert one is not None
        assert other is not None
        yield edges.get(one.name, []), other.name


def _follows(targets: list[str], name: str) -> bool:
    return name in targets
