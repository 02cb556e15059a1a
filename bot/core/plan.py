"""The plan of `all`: what may be asked now, given how what is before it ended (docs/flux.md, "The order of `all`").

Pure. An object comes after its sources and after what its `spec.dependsOn` names, as far as these are part of the
plan; what is not part of it is looked at as it stands. Nothing is asked twice, and nothing before its parents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot.core.resources import Absent, Ref, Snapshot


@dataclass(frozen=True, slots=True)
class Parent:
    """An object that comes before another."""

    ref: Ref
    loose: bool = False
    """Flux decides by a readyExpr whether it is ready enough: its end is waited for, a good one is not."""


@dataclass(frozen=True, slots=True)
class Node:
    """One object to be asked."""

    ref: Ref
    parents: tuple[Parent, ...] = ()
    """Only such as are part of the plan."""


class Way(Enum):
    """What the end of an object means for those behind it."""

    OPEN = "they may go on"
    SHUT = "they may not"


@dataclass(frozen=True, slots=True)
class Circle:
    """Objects that wait for each other, each for the next and the last for the first: none can ever be first."""

    refs: tuple[Ref, ...]
    way: tuple[Ref, ...] = ()
    """The way round, each waiting for the next; the others of `refs` are on other ways through it."""


@dataclass(frozen=True, slots=True)
class Held:
    """An object that will not be asked: `by`, before it over however many others, ended badly or never can."""

    ref: Ref
    by: Ref


@dataclass(frozen=True, slots=True)
class Next:
    """What follows from a change of the plan."""

    start: tuple[Ref, ...] = ()
    held: tuple[Held, ...] = ()


@dataclass(slots=True)
class Plan:
    """Where the plan stands. Mutable, owned by one request; every change answers what follows from it."""

    nodes: dict[Ref, Node]
    circles: tuple[Circle, ...] = ()
    """Their members, and whoever waits for one, are never started."""
    _open: dict[Ref, set[Ref]] = field(default_factory=dict)
    """Of each object that was not started: the parents that have not ended."""
    _behind: dict[Ref, list[Node]] = field(default_factory=dict)
    _taken: set[Ref] = field(default_factory=set)
    """Started, held or over."""

    def __post_init__(self) -> None:
        for node in self.nodes.values():
            self._open[node.ref] = {parent.ref for parent in node.parents}
            for parent in node.parents:
                self._behind.setdefault(parent.ref, []).append(node)
        self._taken = {ref for circle in self.circles for ref in circle.refs}

    def start(self) -> Next:
        """What may be asked at once, having no parents here, and who waits for a circle."""
        first = self._start(node.ref for node in self.nodes.values() if not self._open[node.ref])
        after = (self.ended(ref, Way.SHUT) for circle in self.circles for ref in circle.refs)
        return _together((Next(first), *after))

    def ended(self, ref: Ref, way: Way) -> Next:
        """Takes an end in. Whoever is held counts as ended badly, down to the last who waits for them."""
        held: list[Held] = []
        free: list[Ref] = []
        over = [(ref, way)]
        while over:
            before, its_way = over.pop(0)
            for node in self._behind.get(before, ()):
                self._open[node.ref].discard(before)
                if node.ref in self._taken:
                    continue
                if its_way is Way.SHUT and Parent(before) in node.parents:
                    self._taken.add(node.ref)
                    held.append(Held(node.ref, ref))
                    over.append((node.ref, Way.SHUT))
                elif not self._open[node.ref]:
                    free.append(node.ref)
        return Next(self._start(free), tuple(held))

    def hold(self, refs: Iterable[Ref]) -> Next:
        """Takes objects out before anything was started; those behind them are held by them."""
        out = tuple(ref for ref in refs if ref not in self._taken)
        self._taken.update(out)
        return _together(self.ended(ref, Way.SHUT) for ref in out)

    def _start(self, refs: Iterable[Ref]) -> tuple[Ref, ...]:
        found = tuple(dict.fromkeys(ref for ref in refs if ref not in self._taken))
        self._taken.update(found)
        return found


def _together(changes: Iterable[Next]) -> Next:
    found = tuple(changes)
    return Next(
        tuple(ref for each in found for ref in each.start), tuple(held for each in found for held in each.held)
    )


def planned(objects: Mapping[Ref, Snapshot], before: Mapping[Ref, Iterable[Ref]]) -> Plan:
    """The plan for these objects. `before` names the sources and charts of each, of which only those that are in
    `objects` count; so with `spec.dependsOn`. What is switched off waits for nobody: it is only looked at."""
    nodes = {ref: Node(ref, _parents(ref, now, before, objects)) for ref, now in objects.items()}
    return Plan(nodes, _circles(nodes))


def _parents(
    ref: Ref, now: Snapshot, before: Mapping[Ref, Iterable[Ref]], objects: Mapping[Ref, Snapshot]
) -> tuple[Parent, ...]:
    if now.suspended:
        return ()
    sources = [Parent(each) for each in sorted(before.get(ref, ()))]
    depended = [Parent(each.ref, loose=each.ready_expr) for each in now.depends_on]
    return tuple(dict.fromkeys(parent for parent in (*sources, *depended) if parent.ref in objects))


def outside(
    objects: Mapping[Ref, Snapshot], look: Callable[[Ref], Snapshot | Absent | None]
) -> tuple[tuple[Ref, Ref], ...]:
    """Each object with a dependency that is no part of the plan and is not ready now, so that Flux would not run it.

    One that is just being reconciled may become ready and holds nobody up; what could not be read (None) neither.
    """
    return tuple(
        (ref, dependency.ref)
        for ref, now in objects.items()
        for dependency in (() if now.suspended else now.depends_on)
        if dependency.ref not in objects and not dependency.ready_expr and _shuts(look(dependency.ref))
    )


def _shuts(found: Snapshot | Absent | None) -> bool:
    if found is None:
        return False
    if isinstance(found, Absent):
        return True
    ready = found.ready
    return ready is None or ready.status == "False" or (found.suspended and not found.is_ready)


def _circles(nodes: Mapping[Ref, Node]) -> tuple[Circle, ...]:
    """Every set of objects that can reach each other, and every object that waits for itself."""
    found: list[Circle] = []
    for group in _strongly_connected(nodes):
        within = {ref: [each.ref for each in nodes[ref].parents if each.ref in group] for ref in group}
        if within[group[0]]:
            found.append(Circle(group, _way_round(group[0], within)))
    return tuple(found)


def _way_round(first: Ref, within: Mapping[Ref, list[Ref]]) -> tuple[Ref, ...]:
    way = [first]
    while (following := within[way[-1]][0]) not in way:
        way.append(following)
    return tuple(way[way.index(following) :])


def _strongly_connected(nodes: Mapping[Ref, Node]) -> list[tuple[Ref, ...]]:
    """Tarjan's components, without recursion: a hostile chain is longer than any stack."""
    index: dict[Ref, int] = {}
    low: dict[Ref, int] = {}
    stack: list[Ref] = []
    on_stack: set[Ref] = set()
    groups: list[tuple[Ref, ...]] = []
    for root in nodes:
        if root in index:
            continue
        work = [(root, 0)]
        while work:
            ref, at = work.pop()
            if at == 0:
                index[ref] = low[ref] = len(index)
                stack.append(ref)
                on_stack.add(ref)
            parents = nodes[ref].parents
            if at < len(parents):
                work.append((ref, at + 1))
                parent = parents[at].ref
                if parent not in index:
                    work.append((parent, 0))
                elif parent in on_stack:
                    low[ref] = min(low[ref], index[parent])
                continue
            if low[ref] == index[ref]:
                groups.append(_popped(stack, on_stack, ref))
            for child, _ in work[-1:]:
                low[child] = min(low[child], low[ref])
    return groups


def _popped(stack: list[Ref], on_stack: set[Ref], root: Ref) -> tuple[Ref, ...]:
    at = stack.index(root)
    group = tuple(stack[at:])
    del stack[at:]
    on_stack.difference_update(group)
    return group
