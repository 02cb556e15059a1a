"""Why an object is not ready: the chain of objects that hold it up, down to the first one with a cause of its own.

Pure: whoever asks hands in what is known, and is told what else to look up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from bot.core.kinds import HELM_RELEASE, kind_called
from bot.core.resources import Absent, Ref, Snapshot

MAX_LINKS: Final = 20
"""Longer chains are cut: nobody reads them, and a hostile graph must not cost calls without end."""

_DEPENDENCY: Final = re.compile(r"'(?P<namespace>[a-z0-9-]+)/(?P<name>[a-z0-9.-]+)'")
_UNHEALTHY: Final = re.compile(r"(?P<id>[^\s\[,]+) status: '(?P<status>\w+)'")
_SOURCE_REASONS: Final = frozenset(
    {"SourceNotReady", "ArtifactFailed", "NoSourceArtifact", "SourceUnavailable", "ChartPullError"}
)


class LinkState(Enum):
    """How a link of the chain stands."""

    FAILING = "failing"
    SUSPENDED = "suspended"
    MISSING = "missing"
    WAITING = "waiting"
    """Not ready, and no reason of its own."""
    CYCLE = "cycle"
    """Already in the chain: a dependency that comes back to itself."""
    UNKNOWN = "unknown"
    """It could not be read."""


_SETTLED: Final = frozenset({LinkState.FAILING, LinkState.SUSPENDED, LinkState.MISSING, LinkState.CYCLE})


@dataclass(frozen=True, slots=True)
class Link:
    """One object between the symptom and the root cause."""

    ref: Ref | None
    """None: something this channel may not see; nothing else of it is told either."""
    state: LinkState
    reason: str = ""
    message: str = ""
    since: datetime | None = None
    now: Snapshot | None = None
    """Its own fields, for advice; None where it was not read."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The chain below a symptom, nearest first; the last link is the root cause."""

    links: tuple[Link, ...]
    settled: bool = False
    """Waiting will not mend it: somebody has to act, or Flux to succeed where it fails now."""

    @property
    def root(self) -> Link:
        return self.links[-1]


@dataclass(frozen=True, slots=True)
class Needs:
    """Look this up and ask again."""

    ref: Ref


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """An object that a health check waited for: `Deployment/shop/web`, `InProgress`."""

    id: str
    status: str


Known = Mapping[Ref, Snapshot | Absent | None]
"""What was looked up so far; None for an object that could not be read."""


def unhealthy(message: str) -> tuple[Unhealthy, ...]:
    """The objects that a health check's message names."""
    return tuple(Unhealthy(match["id"], match["status"]) for match in _UNHEALTHY.finditer(message))


def explain(symptom: Snapshot, known: Known, sees: Callable[[Ref], bool]) -> Cause | Needs | None:
    """The chain below `symptom`; Needs while a look-up is missing; None when it is its own root cause.

    A link that `sees` refuses is told as an unnamed one, the same for every state, and ends the chain: what lies
    behind it is hidden too.
    """
    links: list[Link] = []
    settled = False
    visited = {symptom.ref}
    current = symptom
    while len(links) < MAX_LINKS:
        step = _below(current, known)
        if step is None or isinstance(step, Needs):
            return step if step is not None else _cause(links, settled)
        found = known[step]
        link = Link(step, LinkState.CYCLE) if step in visited else _link(step, found)
        visible, settled = sees(step), link.state in _SETTLED
        links.append(link if visible else Link(None, LinkState.WAITING))
        if not visible or not isinstance(found, Snapshot) or link.state in {LinkState.CYCLE, LinkState.SUSPENDED}:
            return _cause(links, settled)
        visited.add(step)
        current = found
    return _cause(links, settled)


def _cause(links: list[Link], settled: bool) -> Cause | None:
    return Cause(tuple(links), settled) if links else None


def _below(current: Snapshot, known: Known) -> Ref | Needs | None:
    """The next object that keeps `current` from being ready; None when it is its own root cause."""
    for ref in _candidates(current):
        if ref not in known:
            return Needs(ref)
        found = known[ref]
        if not isinstance(found, Snapshot) or _holds_up(found):
            return ref
    return _unready_dependency(current)


def _unready_dependency(current: Snapshot) -> Ref | None:
    """What the controller itself named, although it looks ready to us: behind on the revision, or just healed."""
    named = _named_dependencies(current)
    return named[0] if named else None


def _candidates(current: Snapshot) -> tuple[Ref, ...]:
    ready = current.ready
    reason = ready.reason if ready else ""
    if reason == "DependencyNotReady":
        others = tuple(each.ref for each in current.depends_on)
        return tuple(dict.fromkeys(_named_dependencies(current) + others))
    if reason == "HealthCheckFailed" and ready is not None:
        return _flux_children(current, ready.message)
    if reason in _SOURCE_REASONS or current.ref.kind.source or ready is None or ready.status == "Unknown":
        return _origins(current)
    return ()


def _origins(current: Snapshot) -> tuple[Ref, ...]:
    refs = (
        (current.chart, current.source) if current.ref.kind == HELM_RELEASE else (current.source, *current.includes)
    )
    found = tuple(ref for ref in refs if ref is not None)
    # A chart stands between a HelmRelease and its repository, and explains itself.
    return found[:1] if current.ref.kind == HELM_RELEASE else found


def _named_dependencies(current: Snapshot) -> tuple[Ref, ...]:
    ready = current.ready
    if ready is None or ready.reason != "DependencyNotReady":
        return ()
    return tuple(
        replace(current.ref, namespace=match["namespace"], name=match["name"])
        for match in _DEPENDENCY.finditer(ready.message)
    )


def _flux_children(current: Snapshot, message: str) -> tuple[Ref, ...]:
    refs = []
    for each in unhealthy(message):
        kind_word, *rest = each.id.split("/")
        kind = kind_called(kind_word)
        if kind is not None and len(rest) == 2:
            refs.append(Ref(current.ref.cluster, kind, rest[0], rest[1]))
    return tuple(refs)


def _holds_up(found: Snapshot) -> bool:
    if found.static:
        return False
    ready = found.ready
    return ready is None or ready.status != "True"


def _link(ref: Ref, found: Snapshot | Absent | None) -> Link:
    if found is None:
        return Link(ref, LinkState.UNKNOWN)
    if isinstance(found, Absent):
        return Link(ref, LinkState.MISSING)
    if found.is_ready:
        # The controller named it all the same: it is behind, or will stay so as long as it is suspended.
        return Link(ref, LinkState.SUSPENDED if found.suspended else LinkState.WAITING)
    ready = found.ready
    reason, message, since = (ready.reason, ready.message, ready.changed_at) if ready else ("", "", None)
    if found.suspended:
        state = LinkState.SUSPENDED
    elif ready is not None and ready.status == "False" and ready.reason != "DependencyNotReady":
        state = LinkState.FAILING
    else:
        state = LinkState.WAITING
    return Link(ref, state, reason, message, since, found)
