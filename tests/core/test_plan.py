"""The order of `all`: no child before its parents, nothing twice, nothing forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.kinds import GIT_REPOSITORY, KUSTOMIZATION, Kind
from bot.core.plan import Circle, Held, Next, Parent, Plan, Way, outside, planned
from bot.core.resources import Absent, Condition, Dependency, Ref, Snapshot


def ref(name: str, kind: Kind = KUSTOMIZATION) -> Ref:
    return Ref("prod", kind, "flux-system", name)


GIT = ref("git", GIT_REPOSITORY)


def ks(name: str, *depends_on: str, ready: str = "True", loose: bool = False, suspended: bool = False) -> Snapshot:
    depends = tuple(Dependency(ref(each), ready_expr=loose) for each in depends_on)
    return Snapshot(
        ref(name), depends_on=depends, conditions=(Condition("Ready", ready, "Because"),), suspended=suspended
    )


def plan_of(*objects: Snapshot, fed: bool = False) -> Plan:
    found = {each.ref: each for each in objects}
    if fed:
        found[GIT] = Snapshot(GIT)
    return planned(found, {each.ref: (GIT,) for each in objects} if fed else {})


def names(refs: tuple[Ref, ...]) -> list[str]:
    return [each.name for each in refs]


def held(*pairs: tuple[str, str]) -> tuple[Held, ...]:
    return tuple(Held(ref(one), ref(by)) for one, by in pairs)


def test_a_chain_goes_one_by_one() -> None:
    plan = plan_of(ks("c", "b"), ks("b", "a"), ks("a"))
    assert names(plan.start().start) == ["a"]
    assert names(plan.ended(ref("a"), Way.OPEN).start) == ["b"]
    assert names(plan.ended(ref("b"), Way.OPEN).start) == ["c"]
    assert plan.ended(ref("c"), Way.OPEN) == Next()


def test_each_starts_as_soon_as_its_own_parents_are_ready() -> None:
    plan = plan_of(ks("slow"), ks("quick"), ks("child", "quick"), ks("both", "quick", "slow"))
    assert names(plan.start().start) == ["slow", "quick"]
    assert names(plan.ended(ref("quick"), Way.OPEN).start) == ["child"]
    assert names(plan.ended(ref("slow"), Way.OPEN).start) == ["both"]


def test_sources_come_first() -> None:
    plan = plan_of(ks("a"), ks("b", "a"), fed=True)
    assert names(plan.start().start) == ["git"]
    assert names(plan.ended(GIT, Way.OPEN).start) == ["a"]


def test_everybody_behind_a_failure_is_held_and_names_it() -> None:
    plan = plan_of(ks("a"), ks("b", "a"), ks("c", "b"), ks("other"))
    assert names(plan.start().start) == ["a", "other"]
    assert plan.ended(ref("a"), Way.SHUT) == Next((), held(("b", "a"), ("c", "a")))


def test_who_has_a_ready_expression_waits_for_the_end_and_not_for_a_good_one() -> None:
    plan = plan_of(ks("a"), ks("b", "a", loose=True), ks("c", "b"))
    assert names(plan.start().start) == ["a"]
    assert plan.ended(ref("a"), Way.SHUT) == Next((ref("b"),))
    assert names(plan.ended(ref("b"), Way.OPEN).start) == ["c"]


def test_who_waits_loosely_for_somebody_held_goes_on_too() -> None:
    plan = plan_of(ks("a"), ks("b", "a"), ks("c", "b", loose=True))
    plan.start()
    assert plan.ended(ref("a"), Way.SHUT) == Next((ref("c"),), held(("b", "a")))


def test_a_circle_is_never_started_and_holds_whoever_waits_for_it() -> None:
    plan = plan_of(ks("a", "c"), ks("b", "a"), ks("c", "b"), ks("behind", "b"), ks("free"))
    assert [set(names(each.refs)) for each in plan.circles] == [{"a", "b", "c"}]
    (circle,) = plan.circles
    for one, following in zip(circle.way, (*circle.way[1:], circle.way[0]), strict=True):
        assert Parent(following) in plan.nodes[one].parents
    assert plan.start() == Next((ref("free"),), held(("behind", "b")))


def test_who_waits_for_itself_is_a_circle() -> None:
    assert plan_of(ks("a", "a")).circles == (Circle((ref("a"),), (ref("a"),)),)


def test_what_is_taken_out_holds_those_behind_it() -> None:
    plan = plan_of(ks("a"), ks("b", "a"), ks("c", "b"))
    assert plan.hold([ref("b")]) == Next((), held(("c", "b")))
    assert plan.hold([ref("b")]) == Next()
    assert names(plan.start().start) == ["a"]
    assert plan.ended(ref("a"), Way.OPEN) == Next()


def test_of_several_that_are_taken_out_none_is_freed_by_another() -> None:
    plan = plan_of(ks("a"), ks("b", "a", loose=True), ks("c", "b"))
    assert plan.hold([ref("a"), ref("b")]) == Next((), held(("c", "b")))
    assert plan.start() == Next()


def test_a_dependency_outside_the_plan_counts_as_it_stands() -> None:
    found = {
        "well": ks("well"),
        "ill": ks("ill", ready="False"),
        "busy": ks("busy", ready="Unknown"),
        "frozen": ks("frozen", suspended=True),
        "broken": ks("broken", ready="False", suspended=True),
    }
    objects = {each.ref: each for each in (ks(f"of-{name}", name) for name in (*found, "gone", "unread"))}
    objects |= {ref("loose"): ks("loose", "ill", loose=True)}

    def look(of: Ref) -> Snapshot | Absent | None:
        return Absent(of) if of.name == "gone" else found.get(of.name)

    assert {(child.name, parent.name) for child, parent in outside(objects, look)} == {
        ("of-ill", "ill"),
        ("of-broken", "broken"),
        ("of-gone", "gone"),
    }


def test_a_chain_longer_than_any_stack_is_planned() -> None:
    plan = plan_of(ks("0"), *(ks(str(each), str(each - 1)) for each in range(1, 5000)))
    assert (plan.circles, names(plan.start().start)) == ((), ["0"])


@st.composite
def graphs(draw: st.DrawFn) -> list[Snapshot]:
    """Any graph of up to twelve objects, circles, loose edges and edges to nowhere among them."""
    count = draw(st.integers(1, 12))
    edges = st.tuples(st.integers(0, count), st.booleans())
    objects = []
    for number in range(count):
        depends = draw(st.lists(edges, max_size=3))
        dependencies = tuple(Dependency(ref(str(of)), ready_expr=loose) for of, loose in depends)
        objects.append(Snapshot(ref(str(number)), depends_on=dependencies))
    return objects


@given(graphs(), st.data())
def test_in_any_graph_no_child_starts_before_its_parents_and_everybody_is_accounted_for(
    objects: list[Snapshot], data: st.DataObject
) -> None:
    plan = plan_of(*objects)
    circling = {each for circle in plan.circles for each in circle.refs}
    known = {each.ref for each in objects}
    ways: dict[Ref, Way] = {}
    first = plan.start()
    running, started, shut = list(first.start), list(first.start), [each.ref for each in first.held]
    while running:
        ended = running.pop(data.draw(st.integers(0, len(running) - 1)))
        ways[ended] = data.draw(st.sampled_from(Way))
        after = plan.ended(ended, ways[ended])
        for each in after.start:
            snapshot = next(one for one in objects if one.ref == each)
            for dependency in snapshot.depends_on:
                if dependency.ref not in known:
                    continue
                if dependency.ready_expr:
                    assert (
                        dependency.ref in ways
                        or dependency.ref in circling
                        or dependency.ref in shut + [one.ref for one in after.held]
                    )
                else:
                    assert ways.get(dependency.ref) is Way.OPEN
        running += after.start
        started += after.start
        shut += [one.ref for one in after.held]
    assert len(started) == len(set(started))
    assert len(shut) == len(set(shut))
    assert (set(started) | set(shut) | circling, set(started) & set(shut)) == (known, set())
