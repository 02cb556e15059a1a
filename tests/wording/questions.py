"""Answers to `status`, `watch`, `history` and `check`, with the names and messages that Flux would use."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.core.audit import Entry, Result
from bot.core.explain import Cause, Link, LinkState
from bot.core.health import Finding, Found, Right, Unreadable, findings
from bot.core.kinds import (
    GIT_REPOSITORY,
    HELM_RELEASE,
    HELM_REPOSITORY,
    IMAGE_POLICY,
    KINDS,
    KUSTOMIZATION,
)
from bot.core.notices import Notice
from bot.core.offers import Button, Press
from bot.core.policy import Grant
from bot.core.resources import (
    Artifact,
    Condition,
    Controller,
    Dependency,
    Details,
    Event,
    Ref,
    Remediation,
    Snapshot,
)
from bot.core.standing import (
    Beheld,
    Checked,
    Over,
    Portrait,
    Portrayed,
    Recalled,
    Row,
    Shared,
    Stands,
    Survey,
    Surveyed,
    Tally,
    Unwatched,
    WatchedAlready,
    WatchesFull,
)
from bot.core.verdicts import Failed, Stalled
from tests.wording.examples import (
    APPS,
    BACKEND,
    CHART,
    CHARTS,
    DONE_ENTRY,
    FLEET,
    FRONTEND,
    LEGACY,
    NEW,
    NOW,
    OLD,
    REDIS,
    REFUSED_ENTRY,
    UNHEALTHY,
    ref,
    release,
)

SHARE: Final = Button(Press.SHARE, "h" * 22)
CANCEL: Final = Button(Press.CANCEL, "c" * 22)
DEV: Final = Shared("U0DEV", "dev")


def ago(**length: float) -> timedelta:
    return timedelta(**length)


NO_LOGIN: Final = "failed to checkout and determine revision: authentication required"
BROKEN_SOURCE: Final = Link(LEGACY, LinkState.FAILING, "GitOperationFailed", NO_LOGIN, NOW - ago(hours=3))
LEGACY_ROW: Final = Row(LEGACY, Stands.FAILING, "GitOperationFailed", NO_LOGIN, NOW - ago(hours=3))
BACKEND_ROW: Final = Row(BACKEND, Stands.FAILING, "HealthCheckFailed", UNHEALTHY, NOW - ago(minutes=12))
FRONTEND_ROW: Final = Row(
    FRONTEND,
    Stands.FAILING,
    "DependencyNotReady",
    "dependency 'shop/backend' is not ready",
    NOW - ago(minutes=11),
    Cause((Link(BACKEND, LinkState.FAILING, "HealthCheckFailed", UNHEALTHY, NOW - ago(minutes=12)),)),
)
REDIS_ROW: Final = Row(
    REDIS,
    Stands.FAILING,
    "UpgradeFailed",
    "Helm upgrade failed for release shop/redis with chart redis@19.3.0: context deadline exceeded",
    NOW - ago(hours=2),
    stalled="RetriesExceeded",
)
HIDDEN_ROW: Final = Row(
    ref("shop/cart"),
    Stands.FAILING,
    "DependencyNotReady",
    "dependency (hidden) is not ready",
    NOW - ago(minutes=5),
    Cause((Link(None, LinkState.WAITING),)),
)
ASLEEP: Final = tuple(Row(ref(f"shop/old-{n}"), Stands.SUSPENDED) for n in range(1, 12))
MONITORING: Final = Row(ref("flux-system/monitoring"), Stands.SUSPENDED, by="sre")
BUSY: Final = Row(APPS, Stands.RECONCILING, "Progressing", f"Running health checks for revision {NEW}")
COUNTS: Final = (
    Tally(KUSTOMIZATION, failing=2, suspended=1, reconciling=1, ready=9),
    Tally(HELM_RELEASE, failing=1, ready=3),
    Tally(GIT_REPOSITORY, failing=1, ready=2),
)
SURVEY: Final = Survey(
    "prod",
    COUNTS,
    (LEGACY_ROW, REDIS_ROW, BACKEND_ROW, FRONTEND_ROW),
    (MONITORING,),
    (BUSY,),
    hidden=7,
)
STATUS: Final = Surveyed("status", NOW, (SURVEY,), buttons=(SHARE,))


def waiting(number: int, on: Link) -> Row:
    at = ref(f"shop/service-{number:03}")
    return Row(at, Stands.FAILING, "DependencyNotReady", "waits", NOW, Cause((on,)))


def broken(number: int) -> Row:
    at = ref(f"team-{number % 7}/service-{number:03}")
    since = NOW - ago(minutes=number)
    return Row(at, Stands.FAILING, "BuildFailed", f"kustomize build failed: no such file {number}", since)


MANY: Final = Survey(
    "prod",
    (Tally(KUSTOMIZATION, failing=300, suspended=100, reconciling=60, ready=40),),
    tuple(broken(number) for number in range(300)),
    tuple(Row(ref(f"team-1/asleep-{number:03}"), Stands.SUSPENDED) for number in range(100)),
    tuple(Row(ref(f"team-2/busy-{number:03}"), Stands.RECONCILING) for number in range(60)),
)
HELD_UP: Final = Survey(
    "prod",
    (Tally(KUSTOMIZATION, failing=38, ready=2),),
    tuple(waiting(number, BROKEN_SOURCE) for number in range(38)),
)

# --- One object ---------------------------------------------------------------------------------------------------


def conditions(reason: str, message: str, status: str = "False") -> tuple[Condition, ...]:
    return (Condition("Ready", status, reason, message, 4, NOW - ago(minutes=11)),)


FLEET_NOW: Final = Snapshot(
    FLEET,
    artifact=Artifact(NEW, updated_at=NOW - ago(minutes=3)),
    interval=ago(minutes=1),
    conditions=conditions("Succeeded", f"stored artifact for revision '{NEW}'", "True"),
)
FRONTEND_NOW: Final = Snapshot(
    FRONTEND,
    generation=4,
    observed=4,
    applied=OLD,
    attempted=NEW,
    source=FLEET,
    depends_on=(Dependency(BACKEND),),
    interval=ago(minutes=10),
    timeout=ago(minutes=2),
    checks_health=True,
    prunes=True,
    path="./shop/frontend",
    created_at=NOW - ago(days=40),
    conditions=conditions("DependencyNotReady", "dependency 'shop/backend' is not ready"),
    details=Details(("_shop__Namespace", "shop_web_apps_Deployment", "shop_web__Service", "shop_a__Service")),
)
FRONTEND_PORTRAIT: Final = Portrait(
    FRONTEND,
    FRONTEND_NOW,
    Failed("DependencyNotReady", "dependency 'shop/backend' is not ready", True, revision=NEW, running=OLD),
    FRONTEND_ROW.cause,
    FLEET_NOW,
    waits_for=(BACKEND_ROW, Row(ref("shop/base"), Stands.READY)),
    lost=(ref("shop/crds"),),
    hidden=1,
    events=(Event(FRONTEND, "DependencyNotReady", "Dependencies do not meet ready condition", False, NOW, 7),),
)
READY_NOW: Final = replace(
    FRONTEND_NOW,
    applied=NEW,
    depends_on=(),
    conditions=conditions("ReconciliationSucceeded", f"Applied revision: {NEW}", "True"),
)
REDIS_NOW: Final = Snapshot(
    REDIS,
    source=CHARTS,
    chart=CHART,
    chart_name="redis",
    chart_wanted="19.x",
    applied="19.2.1",
    attempted="19.3.0",
    helm=(release(4, "19.3.0", status="failed"), release(3, "19.2.1")),
    interval=ago(minutes=10),
    conditions=(
        Condition("Ready", "False", "UpgradeFailed", REDIS_ROW.message, 3, NOW - ago(hours=2)),
        Condition(
            "Stalled", "True", "RetriesExceeded", "Failed to upgrade after 1 attempt(s)", 3, NOW - ago(hours=2)
        ),
    ),
)
REDIS_PORTRAIT: Final = Portrait(
    REDIS,
    REDIS_NOW,
    Stalled(
        "RetriesExceeded",
        "Failed to upgrade after 1 attempt(s)",
        "UpgradeFailed",
        REDIS_ROW.message,
        revision="19.3.0",
        running="19.2.1",
        good=release(3, "19.2.1"),
    ),
    source=Snapshot(CHART, artifact=Artifact("19.3.0"), conditions=conditions("ok", "pulled", "True")),
)
ABSENT: Final = Portrait(ref("shop/frontent"), nearest=(FRONTEND, ref("infra/frontend")))
STATIC: Final = Portrait(CHARTS, Snapshot(CHARTS, static=True, url="oci://registry.example.com/charts"))


def portrayed(*portraits: Portrait) -> Portrayed:
    return Portrayed("status ks frontend", NOW, portraits, (SHARE,))


# --- A watch ------------------------------------------------------------------------------------------------------

WATCH: Final = Beheld(
    "ab12cd34",
    "U0DEV",
    "dev",
    "watch ks --for 15m",
    "prod",
    NOW,
    NOW + ago(minutes=15),
    COUNTS[:1],
    (BACKEND_ROW, FRONTEND_ROW, BUSY),
    buttons=(CANCEL,),
)
DONE: Final = replace(WATCH, counts=(Tally(KUSTOMIZATION, suspended=1, ready=12),), rows=())

# --- History ------------------------------------------------------------------------------------------------------

FRIDAY: Final = NOW - ago(days=3, hours=1)
BY_DEV: Final = replace(DONE_ENTRY, at=FRIDAY, ref=BACKEND, object=str(BACKEND))
SRE: Final = replace(DONE_ENTRY.caller, user="U0SRE", name="sre")
FETCHED: Final = replace(BY_DEV, ref=FLEET, object=str(FLEET), outcome=Result.UNCHANGED, before=NEW)
BROKEN_SOURCE_ENTRY: Final = replace(
    FETCHED, request="ef56gh78", outcome=Result.FAILED, reason="GitOperationFailed", before="", after="", number=8417
)
STUCK: Final = replace(
    BY_DEV, request="ef56gh78", outcome=Result.BLOCKED, reason="GitOperationFailed", before="", after="", seconds=None
)
FORCED: Final = replace(
    BY_DEV,
    request="cd34ef56",
    caller=SRE,
    ref=REDIS,
    object=str(REDIS),
    options=replace(DONE_ENTRY.options, with_source=False, force=True, reset=True),
    outcome=Result.STALLED,
    reason="RetriesExceeded",
    before="",
    after="",
    seconds=312,
)
REFUSED_HERE: Final = replace(
    REFUSED_ENTRY, at=FRIDAY, place=DONE_ENTRY.place, rule="nearest shop-deployers: the namespace"
)


def told(number: int, outcome: Result, reason: str = "") -> Entry:
    """One of many objects of the same request."""
    at = ref(f"shop/service-{number:03}")
    options = replace(DONE_ENTRY.options, with_source=False)
    moved = ("", "") if outcome is not Result.CHANGED else (OLD, NEW)
    return replace(
        BY_DEV,
        request="gh78ij90",
        caller=SRE,
        ref=at,
        object=str(at),
        options=options,
        outcome=outcome,
        reason=reason,
        before=moved[0],
        after=moved[1],
        seconds=float(number),
    )


ALL_OF_SHOP: Final = (
    *(told(number, Result.CHANGED) for number in range(3, 13)),
    told(1, Result.FAILED, "HealthCheckFailed"),
    told(2, Result.UNCHANGED),
)
HISTORY: Final = Recalled(
    "history on prod",
    NOW,
    ago(days=7),
    (
        (STUCK, BROKEN_SOURCE_ENTRY),
        (FORCED,),
        (REFUSED_HERE,) * 3,
        ALL_OF_SHOP,
        (BY_DEV, FETCHED),
        (replace(BY_DEV, request="kl12mn34", outcome=Result.CANCELLED, reason="by @sre; not sent", after=""),),
    ),
    buttons=(SHARE,),
)


def long_ago(number: int) -> tuple[Entry, ...]:
    return (replace(BY_DEV, request=f"req{number:05}", at=FRIDAY - ago(minutes=number)),)


MUCH: Final = replace(HISTORY, typed="history", requests=tuple(long_ago(number) for number in range(20)), beyond=17)

# --- A check ------------------------------------------------------------------------------------------------------

INSTALLED: Final = tuple(
    Controller(name, "flux-system", 1, 1, f"ghcr.io/fluxcd/{name}:{version}", "v2.9.4")
    for name, version in (
        ("helm-controller", "v1.6.3"),
        ("kustomize-controller", "v1.9.4"),
        ("notification-controller", "v1.9.3"),
        ("source-controller", "v1.9.4"),
    )
)
WELL: Final = Found(
    "prod",
    "flux-system",
    "v1.36.0",
    INSTALLED,
    tuple((kind, (kind.version,)) for kind in KINDS[:7]),
    objects=(Snapshot(FLEET), Snapshot(APPS, checks_health=True)),
)
SLOW: Final = tuple(Snapshot(ref(f"shop/code-{n}", GIT_REPOSITORY), interval=ago(hours=1)) for n in range(7))
WEAK: Final = replace(
    WELL,
    objects=(
        *SLOW,
        Snapshot(APPS),
        Snapshot(REDIS),
        Snapshot(ref("shop/kept", HELM_RELEASE), remediation=Remediation(upgrade_retries=3)),
    ),
)
ILL: Final = replace(
    WELL,
    kubernetes="v1.31.2",
    controllers=(
        replace(INSTALLED[0], available=0, replicas=0),
        replace(INSTALLED[1], available=0),
        replace(INSTALLED[2], replicas=2, flux="v2.8.1"),
        INSTALLED[3],
    ),
    served=(*WELL.served, (IMAGE_POLICY, ("v1",))) if isinstance(WELL.served, tuple) else (),
    lacking=(Right("patch", HELM_RELEASE.group, "helmreleases"),),
    blind=("helmreleases: prod: the watch fell silent",),
    objects=(Snapshot(Ref("prod", IMAGE_POLICY, "shop", "web")),),
)
NEEDS: Final = Unreadable(needs="list deployments")
DIM: Final = replace(
    WELL,
    controllers=NEEDS,
    served=Unreadable(why="prod: the API server answered 418 to `get /apis`"),
    lacking=(Right("list", "", "events", needed=False),),
    unread=((HELM_REPOSITORY, Unreadable(needs="list helmrepositories")),),
)
EMPTY: Final = replace(WELL, controllers=(), served=())
RULES: Final = (
    Grant("platform", ("*",), ("*",), ("*",), ("*",), ("*",), "referenced", True, True, False),
    Grant("shop", ("check", "reconcile"), ("HelmRelease",), ("shop",), ("web-*",), ("prod",), "none", *[False] * 3),
)


def checked(found: Found, **changes: object) -> Checked:
    told: tuple[Finding, ...] = findings(found)
    plain = Checked(
        "check", NOW, "prod", "flux-system", "shop", told, "dev", "team-shop", RULES[:1], ("prod", "edge"), 3
    )
    plain = replace(plain, buttons=(SHARE,))
    return replace(plain, **changes)  # type: ignore[arg-type]


QUESTIONS: Final[dict[str, Notice]] = {
    "status": STATUS,
    "status, shared": replace(STATUS, buttons=(), shared=DEV),
    "status, all well": Surveyed("status", NOW, (Survey("prod", (Tally(KUSTOMIZATION, ready=9),)),)),
    "status, some asleep": Surveyed(
        "status ks",
        NOW,
        (Survey("prod", (Tally(KUSTOMIZATION, suspended=11, ready=9),), suspended=ASLEEP),),
    ),
    "status, reconciling": Surveyed(
        "status ks",
        NOW,
        (Survey("prod", (Tally(KUSTOMIZATION, reconciling=1, ready=9),), reconciling=(BUSY,)),),
    ),
    "status, one holds up many": Surveyed("status ks", NOW, (HELD_UP,), buttons=(SHARE,)),
    "status, what may not be seen holds it up": Surveyed(
        "status ks", NOW, (Survey("prod", (Tally(KUSTOMIZATION, failing=1),), (HIDDEN_ROW,), hidden=1),)
    ),
    "status, 500 objects": Surveyed("status ks", NOW, (MANY,), buttons=(SHARE,)),
    "status, failing only": replace(STATUS, typed="status --failing", failing_only=True),
    "status, nothing fails": Surveyed(
        "status --failing", NOW, (Survey("prod", (Tally(KUSTOMIZATION, ready=9),)),), failing_only=True
    ),
    "status, nothing there": Surveyed("status hr", NOW, (Survey("prod", hidden=3),)),
    "status, nothing there that could fail": Surveyed("status hr --failing", NOW, (Survey("prod"),), True),
    "status, three clusters": Surveyed(
        "status",
        NOW,
        (
            Survey("edge", error="edge: no answer within 2.5 s"),
            SURVEY,
            Survey("staging", (Tally(KUSTOMIZATION, ready=9),)),
        ),
    ),
    "status, clusters without failures": Surveyed(
        "status",
        NOW,
        (Survey("edge", error="edge: no answer within 2.5 s"), Survey("prod", (Tally(KUSTOMIZATION, ready=9),))),
    ),
    "status, four clusters are silent and two fail": Surveyed(
        "status",
        NOW,
        (
            *(Survey(f"edge-{number}", error="no connection to the API server") for number in range(4)),
            SURVEY,
            replace(SURVEY, cluster="old"),
            *(Survey(f"cluster-{number}", (Tally(KUSTOMIZATION, ready=9),)) for number in range(5)),
        ),
    ),
    "status, fifty clusters": Surveyed(
        "status",
        NOW,
        tuple(Survey(f"cluster-{number:02}", (Tally(KUSTOMIZATION, ready=9),)) for number in range(50)),
    ),
    "status of one that waits": portrayed(FRONTEND_PORTRAIT),
    "status of one that is ready": portrayed(Portrait(FRONTEND, READY_NOW, source=FLEET_NOW)),
    "status of one that reconciles": portrayed(
        Portrait(
            FRONTEND,
            replace(FRONTEND_NOW, conditions=conditions("Progressing", BUSY.message, "Unknown")),
            source_hidden=True,
            controller=replace(INSTALLED[1], replicas=0, available=0),
        )
    ),
    "status of one that is suspended": portrayed(
        Portrait(FRONTEND, replace(READY_NOW, suspended=True, suspended_by="sre"), source=FLEET_NOW)
    ),
    "status of one that is being deleted": portrayed(
        Portrait(FRONTEND, replace(READY_NOW, deleting=True, finalizers=("finalizers.fluxcd.io",)))
    ),
    "status of a release that stalls": portrayed(REDIS_PORTRAIT),
    "status of one that is not there": portrayed(ABSENT),
    "status of what nothing reconciles": portrayed(STATIC),
    "status of three": portrayed(FRONTEND_PORTRAIT, REDIS_PORTRAIT, Portrait(APPS, replace(READY_NOW, ref=APPS))),
    "status of four": portrayed(FRONTEND_PORTRAIT, REDIS_PORTRAIT, ABSENT, STATIC),
    "watch": WATCH,
    "watch, many": replace(WATCH, rows=tuple(broken(number) for number in range(30))),
    "watch, nothing seen": replace(WATCH, blind=True),
    "watch, all ready": Unwatched(DONE, Over.READY, ago(minutes=3)),
    "watch, ready already": Unwatched(replace(DONE, counts=(Tally(KUSTOMIZATION, ready=12),)), Over.READY, ago()),
    "watch, time is over": Unwatched(WATCH, Over.TIME, ago(minutes=15)),
    "watch, time is over and nothing seen": Unwatched(replace(WATCH, blind=True), Over.TIME, ago(minutes=15)),
    "watch, the bot stopped": Unwatched(WATCH, Over.STOPPED, ago(minutes=4)),
    "watch, the bot broke": Unwatched(WATCH, Over.BROKE, ago(minutes=4)),
    "watch, cancelled": Unwatched(WATCH, Over.CANCELLED, ago(minutes=4), "dev"),
    "watch, nothing left": Unwatched(replace(WATCH, counts=(), rows=()), Over.GONE, ago(minutes=4)),
    "watch, already": WatchedAlready("ab12cd34", "dev", "https://acme.slack.com/archives/C0/p1", NOW),
    "watch, three of mine": WatchesFull(3, mine=True),
    "watch, five of the channel": WatchesFull(5, mine=False),
    "history": HISTORY,
    "history, shared": replace(HISTORY, requests=((BY_DEV,),), buttons=(), shared=DEV),
    "history, of one person": replace(
        HISTORY, typed="history --by @U0SRE", requests=((FORCED,),), user="U0SRE", name="sre"
    ),
    "history, much": MUCH,
    "history, more than is looked at": replace(MUCH, unread=True),
    "history, little among much": replace(HISTORY, requests=((BY_DEV,),), unread=True),
    "history, nothing": Recalled("history ks apps --since 12h", NOW, ago(hours=12)),
    "history, nothing among much": Recalled(
        "history --by @U0SRE", NOW, ago(days=7), unread=True, user="U0SRE", name="sre"
    ),
    "history, a cluster by its bare name": Recalled("history prod", NOW, ago(days=7), cluster="prod"),
    "check": checked(WELL),
    "check, weak": checked(WEAK, hidden=4),
    "check, broken": checked(ILL),
    "check, unreadable": checked(DIM),
    "check, no Flux": checked(EMPTY),
    "check, shared": checked(WEAK, buttons=(), shared=DEV),
    "check, the bot only reads": checked(WELL, read_only="this demo only reads", here=RULES),
    "check, no rule for this cluster": checked(WELL, here=()),
}
