"""What a sighting of an object says: with its source and events beside it, and in the order of its runs' writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.clock import Clock
from bot.core.chain import feeds
from bot.core.errors import ClusterError
from bot.core.judge import judge
from bot.core.kinds import HELM_RELEASE, RESOURCE_SET_INPUT_PROVIDER, Kind
from bot.core.requests import Ask
from bot.core.resources import Absent, Snapshot
from bot.core.verdicts import Failed, Pending, Seen, Unchanged, Verdict, Why, inner
from bot.ports import Cluster, Follow, Quiet, Sighting

SYNC_ERROR_WAIT: Final = 0.3
"""Seconds that the event of a chart that could not be written gets to arrive; it is sent beside the token."""
LOOK_AGAIN: Final = timedelta(seconds=5)
"""After so long what an object waits for, or applies, is looked at again: it changes without an event of its own."""
NEXT_RUN: Final = frozenset({Why.RUNNING, Why.REPLACED, Why.DEPENDENCY, Why.SOURCE})
"""What only a run writes: where it follows a good end, the run of that had written everything before."""
REST_OF_STATUS: Final = timedelta(seconds=1)
"""How long a good end waits for the run's last write, which follows its conditions at once, if this may not be it."""


async def beside_source(cluster: Cluster, sighting: Sighting) -> Seen:
    """A sighting with the object's source beside it, which comes from the cache; None where it cannot be read."""
    now = sighting.now
    feeder = feeds(now) if isinstance(now, Snapshot) else None
    source: Snapshot | Absent | None = None
    if feeder is not None:
        try:
            source = await cluster.get(feeder)
        except ClusterError:
            source = None
    return Seen(now, sighting.at, source)


async def judged(
    cluster: Cluster, clock: Clock, ask: Ask, seen: Seen, unforced: Snapshot | None = None
) -> Pending | Verdict:
    """The judge, shown the object's events where only these tell a success, or a failure, from no run at all."""
    verdict = judge(ask, seen, unforced)
    if isinstance(verdict, Pending) or not _told_by_events(ask.ref.kind, inner(verdict)):
        return verdict
    await clock.sleep(SYNC_ERROR_WAIT)
    try:
        events = await cluster.events(ask.ref, ask.patched_at)
    except ClusterError:
        return verdict
    return judge(ask, replace(seen, events=events), unforced) if events else verdict


async def rest_of_status(cluster: Cluster, clock: Clock, follow: Follow, last: Sighting) -> AsyncIterator[Sighting]:
    """What is seen in the moment after conditions that look final; then the object is read, as a watch that is lost
    in just that moment brings the rest too late."""
    until = clock.now() + REST_OF_STATUS
    while not isinstance(heard := await follow.next(until), Quiet):
        if isinstance(heard, Sighting):
            last = heard
            yield heard
    try:
        found = await cluster.read(last.now.ref)
    except ClusterError:
        return
    if isinstance(found, Snapshot) and isinstance(last.now, Snapshot) and found.version != last.now.version:
        yield Sighting(found, clock.now(), gap=True)


def completes(before: Sighting | None, sighting: Sighting) -> bool:
    """Whether it is the last write of a run: the conditions of the one before it, with another rest of status."""
    was, now = before.now if before is not None else None, sighting.now
    if not (isinstance(was, Snapshot) and isinstance(now, Snapshot)):
        return False
    return was.conditions == now.conditions and _rest(was) != _rest(now)


def _rest(now: Snapshot) -> tuple[object, ...]:
    """What a run writes into status after its conditions."""
    return now.observed, now.handled, now.applied, now.attempted, now.artifact, now.helm, now.details


def older(now: Snapshot, before: Snapshot | None) -> bool:
    """Whether a state comes before the one that we patched, as far as versions tell."""
    if before is None or not (now.version.isdecimal() and before.version.isdecimal()):
        return False
    return int(now.version) < int(before.version)


def ends_a_run(before: Sighting | None, sighting: Sighting) -> bool:
    """Whether it is the last write of a run, if it looks final: it brings a token, or the rest of status after the
    conditions, and nothing was missed between the two."""
    if before is None or sighting.gap:
        return False
    was, now = before.now, sighting.now
    if not (isinstance(was, Snapshot) and isinstance(now, Snapshot)):
        return False
    return was.handled.request != now.handled.request or completes(before, sighting)


def _told_by_events(kind: Kind, end: Verdict) -> bool:
    if kind == RESOURCE_SET_INPUT_PROVIDER:
        return isinstance(end, Unchanged | Failed)
    return kind == HELM_RELEASE and isinstance(end, Unchanged)
