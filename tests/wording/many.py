"""Notices about many objects at once: `all`, globs and labels."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.core.explain import Cause, Link, LinkState
from bot.core.kinds import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION
from bot.core.notices import (
    Account,
    Batch,
    BatchDetailed,
    BatchFinished,
    BatchMentioned,
    BatchRunning,
    Blocked,
    Going,
    Healed,
    NoneSelected,
    Notice,
    Outcome,
    Stage,
    Stop,
    Stopped,
    Track,
)
from bot.core.offers import Button, Press
from bot.core.requests import Role
from bot.core.resources import Event, Ref, Snapshot
from bot.core.revisions import Change
from bot.core.verdicts import (
    Failed,
    Gone,
    Pending,
    Skipped,
    Stalled,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
    Why,
)
from tests.wording.examples import ASKED, DETAILS, FLEET, NEW, NOW, OLD, RETRY, UNHEALTHY, ref

ALL: Final = replace(ASKED, typed="all")
CANCEL: Final = Button(Press.CANCEL, "c" * 22)
WHERE: Final = Batch("prod", "flux-system", (("Kustomization", 9), ("HelmRelease", 3), ("GitRepository", 2)))
TOOK: Final = timedelta(seconds=72)
BROKEN: Final = ref("flux-system/payments")
HEALTH: Final = Failed("HealthCheckFailed", UNHEALTHY, True, NOW + timedelta(minutes=4), NEW, OLD)
LOGIN: Final = Failed("GitOperationFailed", "authentication required: Repository not found.", True)


def ks(name: str) -> Ref:
    return ref(f"flux-system/{name}")


def track(
    target: Ref, end: Verdict | Stopped | Blocked | None = None, going: Going = Going.DONE, **known: object
) -> Track:
    """One of many, ended so, or still going."""
    after = OLD if isinstance(end, Suspended | Blocked | Stopped) else NEW
    before = NEW if isinstance(end, Unchanged) else OLD
    stage = Stage(target, Role.OBJECT, going, before=before, after=after, seconds=4.2)
    if end is None:
        return Track(target, (replace(stage, pending=known.get("pending")),))  # type: ignore[arg-type]
    outcome = replace(Outcome(end, timedelta(seconds=4)), **known)  # type: ignore[arg-type]
    return Track(target, (stage,), outcome)


def changed(target: Ref) -> Track:
    return track(target, Succeeded(Change(OLD, NEW)))


def unchanged(target: Ref) -> Track:
    return track(target, Unchanged(NEW))


RUNNING: Final = (
    changed(FLEET),
    changed(ks("infra")),
    unchanged(ks("flux-system")),
    track(BROKEN, HEALTH),
    track(ks("payments-ui"), Blocked(BROKEN, HEALTH)),
    track(ks("monitoring"), Suspended(), Going.SKIPPED),
    track(ks("apps"), going=Going.RUNNING, pending=Pending(Why.RUNNING, "Running health checks for revision " + NEW)),
    track(ref("flux-system/nginx", HELM_RELEASE), going=Going.RUNNING, pending=Pending(Why.QUEUED)),
    track(ks("later"), going=Going.WAITING),
)
FAILED: Final = (
    *RUNNING[:6],
    changed(ks("apps")),
    unchanged(ref("flux-system/nginx", HELM_RELEASE)),
    track(ks("payments-docs"), Blocked(BROKEN, HEALTH)),
    track(
        ks("stuck"),
        TimedOut(Pending(Why.RUNNING, UNHEALTHY)),
        cause=Cause((Link(ref("shop/db"), LinkState.SUSPENDED, since=NOW, now=Snapshot(ref("shop/db"))),)),
    ),
)
CIRCLE: Final = (ks("a"), ks("b"))
ODD: Final = (
    track(ks("a"), Stopped(Stop.CYCLE, way=CIRCLE)),
    track(ks("b"), Stopped(Stop.CYCLE, way=CIRCLE)),
    track(ks("behind"), Blocked(ks("a"), Stopped(Stop.CYCLE, way=CIRCLE))),
    track(ks("of-hidden"), Blocked(None, Failed("", ""))),
    track(ks("of-missing"), Blocked(ks("missing"), Gone(seen_before=False))),
    track(ks("of-suspended"), Blocked(ks("off"), Suspended())),
    track(ks("revoked"), Stopped(Stop.REVOKED, "no rule allows it any more")),
    track(ks("asleep"), Skipped("outside")),
    track(ks("given-up"), Stalled("RetriesExceeded", "Failed to upgrade after 1 attempt(s)")),
)
MANY: Final = tuple(
    track(Ref("prod", GIT_REPOSITORY, "team", f"source-{number:03}"), LOGIN)
    if number < 12
    else changed(Ref("prod", KUSTOMIZATION, f"team-{number % 7}", f"service-with-a-longer-name-{number:03}"))
    for number in range(500)
)
EVENTS: Final = tuple(
    Event(BROKEN, reason, text, reason != "Progressing", NOW)
    for reason, text in (
        ("Progressing", "Deployment/pay/api configured"),
        ("HealthCheckFailed", "health check failed after 2m0s: timeout waiting for: [Deployment/pay/api]"),
    )
)


def finished(tracks: tuple[Track, ...], *buttons: Button, batch: Batch = WHERE) -> BatchFinished:
    return BatchFinished(ALL, batch, tracks, NOW, TOOK, (*buttons, DETAILS))


WELL: Final = tuple(
    each for each in FAILED if each.target.name in {"infra", "apps", "flux-system", "nginx", "monitoring"}
)
EXAMPLES: Final[dict[str, Notice]] = {
    "all, at the start": BatchRunning(
        ALL, WHERE, tuple(track(each.target, going=Going.WAITING) for each in RUNNING), NOW, (CANCEL,)
    ),
    "all, half done": BatchRunning(ALL, WHERE, RUNNING, NOW, (CANCEL,)),
    "all, one failed": finished(FAILED, replace(RETRY, label="Retry failed")),
    "all, well": finished(WELL, batch=replace(WHERE, elsewhere=14)),
    "all, unchanged": finished(tuple(unchanged(ks(name)) for name in ("a", "b"))),
    "all, suspended": finished(tuple(track(ks(name), Suspended()) for name in ("a", "b"))),
    "all, healed": finished(
        (track(BROKEN, HEALTH, healed=Healed(Succeeded(Change(OLD, NEW)), timedelta(minutes=4))), changed(FLEET))
    ),
    "all, oddities": finished(ODD, batch=replace(WHERE, namespace="", hidden=3, unfetched=1)),
    "all, five hundred": finished(MANY),
    "all, details": BatchDetailed(
        ALL, replace(WHERE, hidden=3), FAILED, (Account(FAILED[3], events=EVENTS),), NOW, TOOK
    ),
    "all, details of oddities": BatchDetailed(ALL, WHERE, ODD, (), NOW, TOOK),
    "all, details of five hundred": BatchDetailed(
        ALL, WHERE, MANY, tuple(Account(each, events=EVENTS) for each in MANY[:10]), NOW, TOOK
    ),
    "all, mention": BatchMentioned(ALL, WHERE, FAILED, TOOK),
    "all, nothing there": NoneSelected("ks shop-*", "prod", "flux-system", hidden=2, elsewhere=4),
    "all, too many": NoneSelected("all -A", "prod", "", found=1200, most=1000),
}
