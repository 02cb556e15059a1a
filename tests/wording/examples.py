"""One notice of every kind, with the names and messages that Flux would use. rarer.py adds to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.core.audit import Entry, Result
from bot.core.channels import Rule, Sources, Who
from bot.core.commands import Trouble, Unparsed
from bot.core.explain import Cause, Link, LinkState
from bot.core.kinds import (
    GIT_REPOSITORY,
    HELM_CHART,
    HELM_RELEASE,
    HELM_REPOSITORY,
    KUSTOMIZATION,
    RESOURCE_SET_INPUT_PROVIDER,
    Kind,
)
from bot.core.notices import (
    Account,
    Ambiguous,
    Apology,
    Asked,
    Audited,
    Blocked,
    ChannelOff,
    ClusterAsked,
    ClusterUnknown,
    Counts,
    Detailed,
    Finished,
    Going,
    Healed,
    Helped,
    Joined,
    May,
    Mentioned,
    NotFound,
    Notice,
    NotUnderstood,
    Outcome,
    Refusal,
    Refused,
    Running,
    Sourced,
    Stage,
    Stop,
    Stopped,
    Track,
    Unrecorded,
)
from bot.core.offers import Button, Press
from bot.core.policy import Denied, Misfit
from bot.core.requests import Caller, Options, Place, Role, Verb
from bot.core.resources import Artifact, Condition, Controller, Event, HelmRevision, Ref, Snapshot
from bot.core.revisions import Change
from bot.core.verdicts import (
    Broken,
    Deleting,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Skipped,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
    Warn,
    Why,
)

NOW: Final = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
OLD: Final = "main@sha1:3f2a1bc4d5e6f708192a3b4c5d6e7f8091a2b3c4"
NEW: Final = "main@sha1:9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e"
COMPARE: Final = "https://github.com/acme/fleet/compare/3f2a1bc...9d8e7f6"


def ref(path: str, kind: Kind = KUSTOMIZATION, cluster: str = "prod") -> Ref:
    namespace, name = path.split("/")
    return Ref(cluster, kind, namespace, name)


APPS: Final = ref("flux-system/apps")
FRONTEND: Final = ref("shop/frontend")
BACKEND: Final = ref("shop/backend")
REDIS: Final = ref("shop/redis", HELM_RELEASE)
FLEET: Final = ref("flux-system/flux-system", GIT_REPOSITORY)
LEGACY: Final = ref("flux-system/legacy", GIT_REPOSITORY)
CHARTS: Final = ref("flux-system/bitnami", HELM_REPOSITORY)
CHART: Final = ref("flux-system/shop-redis", HELM_CHART)

ASKED: Final = Asked("ab12cd34", "U0DEV", "dev", "/flux-reconcile ks apps", NOW)
SOURCED: Final = replace(ASKED, typed="/flux-reconcile ks apps --with-source", options=Options(with_source=True))
DETAILS: Final = Button(Press.DETAILS, "k" * 22)
RETRY: Final = Button(Press.RETRY, "r" * 22)
SOURCE: Final = Button(Press.WITH_SOURCE, "s" * 22)


def finished(
    end: Verdict | Stopped | Blocked,
    *buttons: Button,
    target: Ref = APPS,
    asked: Asked = ASKED,
    took: float = 12,
    **known: object,
) -> Finished:
    """A request to one object that ended so."""
    outcome = replace(Outcome(end, timedelta(seconds=took)), **known)  # type: ignore[arg-type]
    return Finished(asked, (Track(target, (), outcome),), NOW, timedelta(seconds=took), (*buttons, DETAILS))


CHANGED: Final = Change(
    OLD,
    NEW,
    created=("shop_worker_apps_Deployment", "shop_flags__ConfigMap"),
    removed=("shop_old__Service",),
    counted=True,
    link=COMPARE,
)


def release(version: int, chart: str, digest: str = "sha256:aa", status: str = "deployed") -> HelmRevision:
    return HelmRevision("redis", "shop", version, status, "redis", chart, config_digest=digest, deployed_at=NOW)


UPGRADED: Final = Change(
    "19.1.4", "19.2.0", helm_before=release(7, "19.1.4"), helm_after=release(8, "19.2.0", "sha256:bb")
)
UNHEALTHY: Final = (
    "health check failed after 2m0s: timeout waiting for: [Deployment/shop/web status: 'InProgress',"
    " Job/shop/migrate status: 'Failed']"
)
HEALTH: Final = Failed("HealthCheckFailed", UNHEALTHY, True, NOW + timedelta(seconds=270), NEW, OLD)
NO_PATH: Final = Failed("ArtifactFailed", "kustomization path not found: stat /tmp/x/apps: no such file", True)
NO_LOGIN: Final = Failed(
    "AuthenticationFailed", 'failed to get Git credentials: secrets "legacy-auth" not found', True
)
UPGRADE: Final = Failed(
    "UpgradeFailed",
    "Helm upgrade failed for release shop/redis with chart redis@19.2.0: timed out waiting for the condition",
    True,
    None,
    "19.2.0",
    "19.1.4",
    release(7, "19.1.4"),
)
SPENT: Final = Stalled(
    "RetriesExceeded",
    "Failed to upgrade after 3 attempt(s)",
    "UpgradeFailed",
    UPGRADE.message,
    "19.2.0",
    "19.1.4",
    release(7, "19.1.4"),
)
APPS_NOW: Final = Snapshot(APPS, path="./apps", source=FLEET)
REDIS_NOW: Final = Snapshot(REDIS, chart=CHART, source=CHARTS, chart_name="redis", chart_wanted="19.x")
LEGACY_NOW: Final = Snapshot(LEGACY, url="https://git.example.com/acme/legacy", secret="legacy-auth")
CAUSE: Final = Cause(
    (
        Link(BACKEND, LinkState.FAILING, "DependencyNotReady", "dependency 'flux-system/legacy' is not ready", NOW),
        Link(LEGACY, LinkState.FAILING, "AuthenticationFailed", NO_LOGIN.message, NOW - timedelta(hours=3)),
    )
)
WAITING: Final = Failed("DependencyNotReady", "dependency 'shop/backend' is not ready", True)
LOOKED: Final = Sourced(FLEET, Artifact(NEW, updated_at=NOW - timedelta(minutes=3)), NOW - timedelta(minutes=1))
CONTROLLER: Final = Controller("kustomize-controller", "flux-system", 1, 0)
HEALTH_TEXT: Final = "Running health checks for revision " + NEW + " with a timeout of 4m30s"

STAGES: Final = (
    Stage(FLEET, Role.SOURCE, Going.DONE, before=OLD, after=NEW, seconds=2.1),
    Stage(APPS, Role.OBJECT, Going.RUNNING, Pending(Why.RUNNING, "Building manifests for revision " + NEW)),
)
THREE: Final = (
    Track(FRONTEND, (), Outcome(Succeeded(Change(OLD, NEW)), timedelta(seconds=9))),
    Track(BACKEND, (), Outcome(Unchanged(NEW), timedelta(seconds=3))),
    Track(APPS, (), Outcome(HEALTH, timedelta(seconds=130), APPS_NOW)),
)
CONDITIONS: Final = (
    Condition("Healthy", "False", "HealthCheckFailed", "timeout waiting for: [Deployment/shop/web]", 4, NOW),
    Condition("Ready", "False", "HealthCheckFailed", UNHEALTHY, 4, NOW),
    Condition("Reconciling", "True", "ProgressingWithRetry", "Detecting drift, retrying after 30s", 4, NOW),
)
EVENTS: Final = (
    Event(APPS, "Progressing", "Deployment/shop/worker created", False, NOW),
    Event(APPS, "HealthCheckFailed", UNHEALTHY, True, NOW + timedelta(seconds=120), 2),
)
COUNTS: Final = Counts(
    "prod", "flux-system", (("HelmRelease", 3, 0), ("Kustomization", 9, 1), ("GitRepository", 4, 0))
)

RULE: Final = Rule(
    "shop-deployers",
    Who(frozenset(), frozenset({"S0SHOP"})),
    frozenset({"reconcile"}),
    ("prod",),
    frozenset({"Kustomization", "HelmRelease"}),
    ("shop",),
    ("*",),
)
OTHERS: Final = replace(RULE, name="platform", namespaces=("*",), sources=Sources.REFERENCED)
DEV: Final = Caller("U0DEV", "dev", "T0")
SHOP: Final = Place("C0SHOP", "team-shop")
DONE_ENTRY: Final = Entry(
    NOW,
    "ab12cd34",
    DEV,
    SHOP,
    Verb.RECONCILE,
    "prod ks/shop/backend",
    Options(with_source=True),
    "shop-deployers",
    Result.CHANGED,
    "",
    OLD,
    NEW,
    12,
    "https://acme.slack.com/archives/C0SHOP/p1",
    8412,
)
REFUSED_ENTRY: Final = Entry(
    NOW,
    "",
    replace(DEV, user="U0GUEST", name="guest"),
    Place("C0RANDOM", "random"),
    Verb.RECONCILE,
    "reconcile prod ks/flux-system/apps",
    Options(),
    "this channel is not on the allowlist",
    Result.REFUSED,
    number=8413,
)

USUAL: Final[dict[str, Notice]] = {
    "running, with source": Running(SOURCED, (Track(APPS, STAGES),), NOW),
    "running, controller slow": Running(
        ASKED, (Track(APPS, (Stage(APPS, Role.OBJECT, Going.RUNNING, Pending(Why.QUEUED)),), slow=CONTROLLER),), NOW
    ),
    "running, three": Running(ASKED, (THREE[0], Track(BACKEND, STAGES[1:]), Track(APPS)), NOW),
    "done": finished(Succeeded(CHANGED), asked=SOURCED),
    "done, helm": finished(Succeeded(UPGRADED), target=REDIS),
    "applied, health not checked": finished(Succeeded(Change(OLD, NEW, counted=True), (Warn.HEALTH_NOT_CHECKED,))),
    "done with a warning": finished(
        Succeeded(Change(OLD, NEW), (Warn.SOURCE_FAILING,)),
        source=Sourced(LEGACY, None, ready=False, reason="AuthenticationFailed"),
    ),
    "done, with more to tell": finished(
        Succeeded(Change("", NEW, pushed=NEW), (Warn.FORCE_LOST, Warn.RESET_LOST)), asked=SOURCED
    ),
    "done, newer available": finished(Succeeded(Change(OLD, NEW), (Warn.NEWER_AVAILABLE,))),
    "done, helm again": finished(
        Succeeded(Change("19.1.4", "19.1.4", helm_before=release(7, "19.1.4"), helm_after=release(8, "19.1.4"))),
        target=REDIS,
    ),
    "done, helm first": finished(Succeeded(Change("", "19.1.4", helm_after=release(1, "19.1.4"))), target=REDIS),
    "unchanged": finished(Unchanged(NEW), SOURCE, source=LOOKED),
    "unchanged, with source": finished(Unchanged(NEW), source=LOOKED, asked=SOURCED),
    "failed, health": finished(HEALTH, RETRY, now=APPS_NOW),
    "failed, path": finished(NO_PATH, RETRY, now=APPS_NOW),
    "failed, source itself": finished(NO_LOGIN, RETRY, target=LEGACY, now=LEGACY_NOW),
    "failed, chain": finished(WAITING, RETRY, target=FRONTEND, cause=CAUSE),
    "failed, hidden cause": finished(
        WAITING, RETRY, target=FRONTEND, cause=Cause((CAUSE.links[0], Link(None, LinkState.FAILING)))
    ),
    "failed, missing dependency": finished(
        WAITING, RETRY, target=FRONTEND, cause=Cause((Link(BACKEND, LinkState.MISSING),))
    ),
    "failed, suspended dependency": finished(
        WAITING, RETRY, target=FRONTEND, cause=Cause((Link(BACKEND, LinkState.SUSPENDED, since=NOW),))
    ),
    "failed, circle": finished(
        WAITING,
        RETRY,
        target=FRONTEND,
        cause=Cause((Link(BACKEND, LinkState.FAILING, "DependencyNotReady"), Link(FRONTEND, LinkState.CYCLE))),
    ),
    "failed, unreadable dependency": finished(
        WAITING, RETRY, target=FRONTEND, cause=Cause((Link(BACKEND, LinkState.UNKNOWN, message="no answer"),))
    ),
    "failed, helm": finished(UPGRADE, RETRY, target=REDIS, now=REDIS_NOW),
    "stalled, helm": finished(SPENT, RETRY, target=REDIS, now=REDIS_NOW),
    "healed": finished(HEALTH, now=APPS_NOW, healed=Healed(Succeeded(Change(OLD, NEW)), timedelta(minutes=4))),
    "failed again": finished(
        HEALTH, RETRY, now=APPS_NOW, healed=Healed(replace(NO_PATH, revision=NEW), timedelta(minutes=4))
    ),
    "late": finished(
        TimedOut(Pending(Why.RUNNING)), took=300, healed=Healed(Succeeded(Change(OLD, NEW)), timedelta(minutes=2))
    ),
    "not finished": finished(TimedOut(Pending(Why.RUNNING, HEALTH_TEXT)), took=300),
    "not finished, controller down": finished(TimedOut(Pending(Why.QUEUED)), took=300, controller=CONTROLLER),
    "suspended": finished(Suspended("sre"), target=ref("flux-system/monitoring")),
    "not found": finished(
        Gone(False), target=ref("flux-system/aps"), near=NotFound((APPS,), (ref("shop/aps"),)), took=0.1
    ),
    "not found, nothing near": finished(
        Gone(False),
        target=ref("flux-system/frontend"),
        near=NotFound(valid=(APPS, ref("flux-system/infra"))),
        took=0.1,
    ),
    "deleted meanwhile": finished(Gone(True)),
    "being deleted": finished(Deleting(("finalizers.fluxcd.io",))),
    "static": finished(Static(), target=CHARTS),
    "skipped": finished(
        Skipped("next at 2026-11-24T08:00:00Z"), target=ref("flux-system/prs", RESOURCE_SET_INPUT_PROVIDER)
    ),
    "overtaken": finished(Overtaken("2026-11-23T10:00:01Z", Unchanged(NEW))),
    "broken off": finished(Broken("it is unknown whether the request reached the cluster")),
    "blocked by its source": finished(
        Blocked(LEGACY, NO_LOGIN, True), RETRY, Button(Press.AS_IS, "a" * 22), asked=SOURCED, now=LEGACY_NOW
    ),
    "blocked by its source, which is well again": finished(
        Blocked(LEGACY, NO_LOGIN, True),
        RETRY,
        asked=SOURCED,
        now=LEGACY_NOW,
        healed=Healed(Succeeded(Change(OLD, NEW)), timedelta(minutes=4)),
    ),
    "blocked by its source, for another reason now": finished(
        Blocked(LEGACY, NO_LOGIN, True),
        RETRY,
        asked=SOURCED,
        now=LEGACY_NOW,
        healed=Healed(Failed("GitOperationFailed", "no such host", True), timedelta(minutes=4)),
    ),
    "blocked, hidden, and healed": finished(
        Blocked(None, NO_LOGIN), healed=Healed(Succeeded(Change(OLD, NEW)), timedelta(minutes=4))
    ),
    "blocked, hidden": finished(Blocked(None, NO_LOGIN)),
    **{
        f"not sent: {stop.value}": finished(Stopped(stop), took=0.1, now=APPS_NOW)
        for stop in Stop
        if stop not in (Stop.SOURCE_EMPTY, Stop.RETRIES_EXHAUSTED)
    },
    "not sent, source empty": finished(
        Stopped(Stop.SOURCE_EMPTY, f"AuthenticationFailed: {NO_LOGIN.message}", LEGACY), took=0.1
    ),
    "not sent, retries exhausted": finished(
        Stopped(Stop.RETRIES_EXHAUSTED, "RetriesExceeded: Failed to upgrade after 3 attempt(s)"),
        target=REDIS,
        now=replace(REDIS_NOW, helm=(release(8, "19.2.0", status="failed"), release(7, "19.1.4"))),
        took=0.1,
    ),
    "three, one failed": Finished(ASKED, THREE, NOW, timedelta(seconds=130), (RETRY, DETAILS)),
    "three, all well": Finished(ASKED, (*THREE[:2], THREE[0]), NOW, timedelta(seconds=9), (DETAILS,)),
    "details, failed": Detailed(
        SOURCED,
        (
            Account(
                Track(
                    APPS,
                    (STAGES[0], replace(STAGES[1], going=Going.FAILED, verdict=HEALTH, seconds=121)),
                    Outcome(HEALTH, timedelta(seconds=123), APPS_NOW),
                ),
                CONDITIONS,
                EVENTS,
                COUNTS,
            ),
        ),
        NOW,
    ),
    "details, done": Detailed(
        SOURCED,
        (
            Account(
                Track(
                    APPS,
                    (STAGES[0], Stage(APPS, Role.OBJECT, Going.DONE, verdict=Succeeded(CHANGED), seconds=9.4)),
                    Outcome(Succeeded(CHANGED), timedelta(seconds=12)),
                ),
                counts=COUNTS,
            ),
        ),
        NOW,
    ),
    "details, chain": Detailed(
        ASKED,
        (Account(Track(FRONTEND, (), Outcome(WAITING, timedelta(seconds=4), cause=CAUSE)), CONDITIONS[1:2]),),
        NOW,
    ),
    "details, two": Detailed(ASKED, (Account(THREE[0]), Account(THREE[2], CONDITIONS, EVENTS[1:])), NOW),
    "mention": Mentioned(ASKED, THREE[2:]),
    "mention, three": Mentioned(ASKED, THREE),
    "refused by rules": Refused(
        Refusal.RULES,
        "reconcile prod ks/flux-system/apps",
        Denied(RULE, (Misfit.NAMESPACE,), (OTHERS,)),
        ("@platform-team", "@sre"),
        buttons=(Button(Press.WHAT_MAY_I, "w" * 22),),
    ),
    "refused, several misfits": Refused(
        Refusal.RULES,
        "reconcile prod gitrepository/flux-system/flux-system --force",
        Denied(RULE, (Misfit.WHO, Misfit.KIND, Misfit.NAMESPACE, Misfit.FORCE, Misfit.SOURCES)),
    ),
    "refused, no rule": Refused(Refusal.RULES, "reconcile prod ks/flux-system/apps", Denied()),
    **{
        f"refused: {each.value}": Refused(
            each, "ks apps", detail="not_in_channel" if each is Refusal.UNPOSTABLE else ""
        )
        for each in Refusal
        if each is not Refusal.RULES
    },
    **{
        f"not understood: {each.value}": NotUnderstood(
            "kss apps", Unparsed(each, "kss", ("ks",), ("ks", "hr", "gitrepository")), "/flux-reconcile"
        )
        for each in Trouble
    },
    "ambiguous": Ambiguous("apps", "apps", (APPS, ref("shop/apps"), ref("shop/apps", HELM_RELEASE))),
    "ambiguous, none": Ambiguous("aps", "aps", (), (APPS,)),
    "cluster unknown": ClusterUnknown("stagin", ("prod", "staging")),
    "cluster dead": ClusterUnknown("prod", ("prod", "staging"), "no answer from prod within 5 s"),
    "cluster asked": ClusterAsked(
        "ks apps",
        ("prod", "staging"),
        (Button(Press.CLUSTER, "1" * 22, "prod"), Button(Press.CLUSTER, "2" * 22, "staging")),
    ),
    "help": Helped(
        "/flux-reconcile",
        "team-shop",
        ("/flux-reconcile ks shop/backend --with-source", "/flux-reconcile hr shop/redis"),
        (May("shop-deployers", ("reconcile",), ("hr", "ks"), ("shop",), ("*",), ("prod",), "own-namespace"),),
        "prod",
        "shop",
        ("prod", "staging"),
        ("staging",),
        ("ks", "hr", "gitrepository"),
    ),
    "help, nothing allowed": Helped("/flux-reconcile", "team-shop"),
    "unrecorded": Unrecorded("the database does not answer"),
    "joined": Joined("ab12cd34", "https://acme.slack.com/archives/C0SHOP/p1"),
    "apology": Apology("ab12cd34", "the message could not be written"),
    "audit": Audited((DONE_ENTRY,)),
    "audit, failed": Audited((replace(DONE_ENTRY, outcome=Result.FAILED, reason="HealthCheckFailed", number=8414),)),
    "audit, unchanged": Audited((replace(DONE_ENTRY, outcome=Result.UNCHANGED, before=NEW, number=8415),)),
    "audit, refused": Audited((REFUSED_ENTRY,), 5),
    "channel off": ChannelOff("C0SHOP", "team-shop", "private, not shared", "public, shared"),
}
