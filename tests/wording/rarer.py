"""Notices that are seen less often, each with something that was once told badly; and all examples together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.core.audit import Entry, Result
from bot.core.explain import Cause, Link, LinkState
from bot.core.kinds import HELM_RELEASE
from bot.core.notices import (
    Account,
    Audited,
    Blocked,
    Detailed,
    Going,
    Notice,
    Outcome,
    Running,
    Stage,
    Stop,
    Stopped,
    Track,
)
from bot.core.requests import Role
from bot.core.revisions import Change
from bot.core.verdicts import (
    Failed,
    Gone,
    Pending,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Verdict,
    Why,
)
from tests.wording.examples import (
    APPS,
    APPS_NOW,
    ASKED,
    BACKEND,
    CHANGED,
    CHARTS,
    CONDITIONS,
    DONE_ENTRY,
    FLEET,
    FRONTEND,
    LEGACY,
    NEW,
    NOW,
    OLD,
    REDIS,
    REDIS_NOW,
    RETRY,
    SOURCED,
    SPENT,
    UPGRADE,
    UPGRADED,
    USUAL,
    WAITING,
    finished,
    ref,
    release,
)
from tests.wording.grave import GRAVE
from tests.wording.many import EXAMPLES as MANY
from tests.wording.questions import QUESTIONS

READY_BY_NOW: Final = Cause((Link(BACKEND, LinkState.WAITING),))
HIDDEN: Final = Cause((Link(None, LinkState.WAITING),))
VEILED: Final = Failed("DependencyNotReady", "dependency (hidden) is not ready", True)
VEILED_HEALTH: Final = Failed(
    "HealthCheckFailed", "health check failed after 5m0s: timeout waiting for: [(hidden) status: 'InProgress']", True
)
BROKEN_BUILD: Final = Cause(
    (Link(BACKEND, LinkState.FAILING, "BuildFailed", "kustomize build failed: accumulating resources", NOW),)
)
BROKEN_RELEASE: Final = Cause(
    (Link(REDIS, LinkState.FAILING, "UpgradeFailed", "Helm upgrade failed for release redis-ns/r: exit 1", NOW),)
)


def ended(verdict: Verdict | None, *stages: Stage, end: Verdict | Stopped | None = None) -> Detailed:
    """The details of a request whose object stage ended so."""
    going = Going.FAILED if verdict is None else Going.SKIPPED
    stage = Stage(APPS, Role.OBJECT, going, verdict=verdict, before=OLD, after=OLD, seconds=0.0)
    outcome = Outcome(end or verdict or Stopped(Stop.READ_ONLY), timedelta(0))
    return Detailed(SOURCED, (Account(Track(APPS, (*stages, stage), outcome), CONDITIONS[1:2]),), NOW)


def entry(number: int, path: str, outcome: Result, reason: str = "", seconds: float | None = 3) -> Entry:
    """A line of the trail about one object of a request of three."""
    before = NEW if outcome is Result.UNCHANGED else OLD
    return replace(
        DONE_ENTRY,
        number=number,
        object=path,
        outcome=outcome,
        reason=reason,
        before=before,
        seconds=seconds,
        options=ASKED.options,
    )


THREE: Final = (
    entry(4, "prod ks/shop/a", Result.FAILED, "HealthCheckFailed", 12),
    entry(5, "prod ks/shop/b", Result.CHANGED),
    entry(6, "prod ks/shop/c", Result.UNCHANGED),
)
SOURCE_ENTRY: Final = entry(1, "prod gitrepository/flux-system/app", Result.CHANGED)

RARER: Final[dict[str, Notice]] = {
    "rolled back": finished(replace(SPENT, remedy="RollbackSucceeded"), RETRY, target=REDIS, now=REDIS_NOW),
    "rollback failed": finished(replace(UPGRADE, remedy="RollbackFailed"), RETRY, target=REDIS, now=REDIS_NOW),
    "uninstalled again": finished(
        Failed("InstallFailed", "boom", remedy="UninstallSucceeded"), RETRY, target=REDIS, now=REDIS_NOW
    ),
    "uninstall failed": finished(
        Failed("InstallFailed", "boom", remedy="UninstallFailed"), RETRY, target=REDIS, now=REDIS_NOW
    ),
    "running, typed on several lines": Running(
        replace(ASKED, typed="ks apps,\n\tfrontend\n<@U0DEV> `backend` " + "x" * 300), (Track(APPS),), NOW
    ),
    "done, rebuilt": finished(Succeeded(Change(NEW, NEW, counted=True, rebuilt=True)), now=APPS_NOW),
    "done, same revision, other objects": finished(
        Succeeded(Change(NEW, NEW, CHANGED.created, counted=True, rebuilt=True)), now=APPS_NOW
    ),
    "done, removed from Git only": finished(Succeeded(CHANGED), now=APPS_NOW),
    "done, pruned": finished(Succeeded(CHANGED), now=replace(APPS_NOW, prunes=True)),
    "details, removed from Git only": Detailed(
        ASKED, (Account(Track(APPS, (), Outcome(Succeeded(CHANGED), timedelta(seconds=12), APPS_NOW))),), NOW
    ),
    "failed, immutable field": finished(
        Failed("ReconciliationFailed", "Job/shop/migrate dry-run failed: field is immutable", True), now=APPS_NOW
    ),
    "failed, immutable field in spite of force": finished(
        Failed("ReconciliationFailed", "Job/shop/migrate dry-run failed: field is immutable", True),
        now=replace(APPS_NOW, forces=True),
    ),
    "failed, build of a dependency": finished(WAITING, RETRY, target=FRONTEND, cause=BROKEN_BUILD),
    "failed, build of a dependency whose spec is known": finished(
        WAITING,
        RETRY,
        target=FRONTEND,
        cause=Cause((replace(BROKEN_BUILD.root, now=replace(APPS_NOW, ref=BACKEND, path="./clusters/backend")),)),
    ),
    "failed, release of a dependency": finished(
        WAITING, RETRY, target=ref("shop/web", HELM_RELEASE), cause=BROKEN_RELEASE
    ),
    "failed, dependency ready by now": finished(WAITING, RETRY, target=FRONTEND, cause=READY_BY_NOW),
    "not finished, dependency ready by now": finished(
        TimedOut(Pending(Why.DEPENDENCY, WAITING.message)), target=FRONTEND, cause=READY_BY_NOW, took=300
    ),
    "details, dependency ready by now": Detailed(
        ASKED, (Account(Track(FRONTEND, (), Outcome(WAITING, timedelta(seconds=4), cause=READY_BY_NOW))),), NOW
    ),
    "failed, veiled dependency": finished(VEILED, RETRY, target=FRONTEND, cause=HIDDEN),
    "failed, veiled health": finished(VEILED_HEALTH, RETRY, now=APPS_NOW),
    "failed, some of its health veiled": finished(
        replace(
            VEILED_HEALTH,
            message=VEILED_HEALTH.message.replace("[", "[Deployment/shop/web status: 'Failed', "),
        ),
        RETRY,
        now=APPS_NOW,
    ),
    "not finished, veiled health": finished(
        TimedOut(Pending(Why.RUNNING, "timeout waiting for: [(hidden) status: 'InProgress']")), took=300
    ),
    "blocked by a suspended source": finished(Blocked(FLEET, Suspended("sre"), True), asked=SOURCED),
    "blocked by a missing source": finished(Blocked(LEGACY, Gone(False)), asked=SOURCED),
    "blocked by an unreachable cluster": finished(
        Blocked(FLEET, Stopped(Stop.UNREACHABLE, "no answer from prod within 5 s")), asked=SOURCED
    ),
    "not sent, a webhook refused": finished(
        Stopped(Stop.REJECTED, 'prod: admission webhook "policy.example.com" denied the request'), took=0.1
    ),
    "details, suspended": ended(Suspended("sre")),
    "details, not found": ended(Gone(False)),
    "details, nothing to reconcile": ended(Static()),
    "details, a release upgraded": ended(
        Succeeded(replace(UPGRADED, helm_after=replace(release(8, "19.2.0"), app_version="7.2.5")))
    ),
    "details, a first release": ended(Succeeded(Change("", "19.1.4", helm_after=release(1, "19.1.4")))),
    "details, a release as it was": ended(
        Succeeded(Change(OLD, NEW, helm_before=release(7, "19.1.4"), helm_after=release(7, "19.1.4")))
    ),
    "details, not sent": ended(None, end=Stopped(Stop.READ_ONLY)),
    "not sent: in words of the settings": ended(None, end=Stopped(Stop.READ_ONLY, "changes are frozen until Monday")),
    "details, never reached": Detailed(
        SOURCED,
        (
            Account(
                Track(
                    APPS,
                    (
                        Stage(CHARTS, Role.SOURCE, Going.SKIPPED, verdict=Static(), seconds=0.0),
                        Stage(FLEET, Role.SOURCE, Going.FAILED, verdict=TimedOut(Pending(Why.QUEUED)), seconds=300),
                        Stage(APPS, Role.OBJECT, Going.SKIPPED, before=OLD, after=OLD, seconds=0.0),
                    ),
                    Outcome(Blocked(FLEET, TimedOut(Pending(Why.QUEUED))), timedelta(seconds=300)),
                ),
                CONDITIONS[1:2],
            ),
        ),
        NOW,
    ),
    "details, unchanged stages": Detailed(
        SOURCED,
        (
            Account(
                Track(
                    APPS,
                    (
                        Stage(FLEET, Role.SOURCE, Going.DONE, None, Unchanged(NEW), NEW, NEW, 1.5),
                        Stage(APPS, Role.OBJECT, Going.DONE, None, Unchanged(NEW), NEW, NEW, 3.0),
                    ),
                    Outcome(Unchanged(NEW), timedelta(seconds=5)),
                ),
            ),
        ),
        NOW,
    ),
    "audit, with its source": Audited((entry(2, "prod ks/flux-system/apps", Result.CHANGED),), also=(SOURCE_ENTRY,)),
    "audit, with repository and chart": Audited(
        (entry(5, "prod hr/shop/redis", Result.BLOCKED),),
        also=(
            entry(3, "prod helmrepository/flux-system/bitnami", Result.UNCHANGED),
            entry(4, "prod helmchart/flux-system/shop-redis", Result.TIMED_OUT),
        ),
    ),
    "audit, rebuilt": Audited((replace(entry(7, "prod ks/shop/a", Result.CHANGED), before=NEW),)),
    "audit, three": Audited(THREE),
    "audit, twenty": Audited(
        tuple(
            entry(
                20 + n, f"prod ks/shop/service-{n}", Result.FAILED if n > 12 else Result.CHANGED, "HealthCheckFailed"
            )
            for n in range(20)
        ),
        also=tuple(entry(n + 1, f"prod gitrepository/shop/service-{n}", Result.CHANGED) for n in range(9)),
    ),
}
EXAMPLES: Final[dict[str, Notice]] = {**USUAL, **RARER, **MANY, **GRAVE, **QUESTIONS}
