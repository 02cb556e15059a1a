"""A request to one object, and what is said of it once the object is something else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.judge import judge
from bot.core.requests import Ask
from bot.core.resources import Absent, Condition, Event, Snapshot, Tokens
from bot.core.verdicts import (
    Failed,
    Pending,
    Seen,
    Verdict,
    Why,
)
from tests.fakes.clock import MORNING

T = "2026-08-20T09:14:00.000000Z-abcd1234"
SOON = MORNING + timedelta(seconds=5)
DEADLINE = MORNING + timedelta(minutes=5)


def ask(before: Snapshot, wanted: str | None = None, *, force: bool = False, reset: bool = False) -> Ask:
    return Ask(
        before.ref,
        T,
        before.handled.request,
        MORNING,
        DEADLINE,
        replace(before, asked=Tokens(T)),
        wanted,
        force,
        reset,
    )


def after(
    before: Snapshot,
    now: Snapshot | Absent,
    wanted: str | None = None,
    *,
    at: datetime = SOON,
    source: Snapshot | Absent | None = None,
    events: tuple[Event, ...] = (),
    force: bool = False,
    reset: bool = False,
    held_by: Why | None = None,
    held_since: datetime | None = None,
) -> Pending | Verdict:
    """What is said of a request to `before` once the object is `now`; it carries our token unless it has another."""
    if isinstance(now, Snapshot) and not now.asked.request:
        now = replace(now, asked=Tokens(T))
    return judge(ask(before, wanted, force=force, reset=reset), Seen(now, at, source, events, held_by, held_since))


def ready(snapshot: Snapshot, **changes: object) -> Snapshot:
    """The same with its Ready condition changed."""
    conditions = tuple(
        replace(each, **changes) if each.type == "Ready" else each  # type: ignore[arg-type]
        for each in snapshot.conditions
    )
    return replace(snapshot, conditions=conditions)


def with_condition(snapshot: Snapshot, *more: Condition) -> Snapshot:
    types = {each.type for each in more}
    return replace(snapshot, conditions=(*(c for c in snapshot.conditions if c.type not in types), *more))


def observing(snapshot: Snapshot, observed: int | None) -> Snapshot:
    """The same with a Ready that speaks of this generation."""
    assert snapshot.ready is not None
    return with_condition(snapshot, replace(snapshot.ready, observed=observed))


def failure(verdict: Pending | Verdict) -> Failed:
    assert isinstance(verdict, Failed)
    return verdict


def reconciling(reason: str, message: str = "working", status: str = "True") -> Condition:
    return Condition("Reconciling", status, reason, message, 3)


def theirs(now: Snapshot) -> Snapshot:
    """Their token, asked and handled."""
    return replace(now, asked=Tokens("theirs"), handled=Tokens("theirs"))
