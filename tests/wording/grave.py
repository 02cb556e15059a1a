"""Notices about what is asked twice before it is done, and about what somebody stopped: force and cancel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.core.audit import Result
from bot.core.kinds import HELM_RELEASE
from bot.core.notices import (
    Account,
    Audited,
    Blocked,
    Cancelling,
    Detailed,
    Finished,
    Forceable,
    ForceAsked,
    Going,
    NothingToCancel,
    Notice,
    Outcome,
    Running,
    Stage,
    Stop,
    Stopped,
    Track,
)
from bot.core.offers import Button, Press
from bot.core.requests import Caller, Options, Role
from bot.core.resources import Condition, Remediation, Snapshot
from bot.core.revisions import Change
from bot.core.verdicts import Cancelled, Failed, Pending, Succeeded, TimedOut, Warn, Why
from tests.wording.examples import (
    APPS,
    ASKED,
    BACKEND,
    DONE_ENTRY,
    FLEET,
    FRONTEND,
    NEW,
    NOW,
    OLD,
    REDIS,
    REDIS_NOW,
    RETRY,
    SOURCED,
    STAGES,
    finished,
    ref,
    release,
)

FORCE: Final = Button(Press.FORCE, "f" * 22)
CANCEL: Final = Button(Press.CANCEL, "c" * 22)
WITHIN: Final = timedelta(minutes=2)
SRE: Final = Caller("U0SRE", "sre", "T0")
STOPPED: Final = replace(ASKED, cancelled=SRE)
NO_CHART: Final = Failed(
    "SourceNotReady", "HelmChart 'flux-system/shop-redis' is not ready", True, None, "", "19.1.4"
)


def now(**known: object) -> Snapshot:
    """A release as it stands before a force."""
    installed = replace(REDIS_NOW, helm=(release(7, "19.1.4"),))
    return replace(installed, **known)  # type: ignore[arg-type]


def sure(typed: str, *releases: Forceable, with_source: bool = False, reset: bool = False) -> ForceAsked:
    options = Options(with_source=with_source, force=True, reset=reset)
    return ForceAsked(typed, releases, options, WITHIN, (FORCE,))


def failing(reason: str) -> tuple[Condition, ...]:
    return (Condition("Ready", "False", reason, "", 4, NOW),)


GRAVE: Final[dict[str, Notice]] = {
    "force?": sure("hr shop/redis --force", Forceable(REDIS, now())),
    "force? with source and reset": sure(
        "hr shop/redis --force --reset --with-source",
        Forceable(
            REDIS,
            now(
                helm=(release(8, "19.2.0", status="failed"), release(7, "19.1.4")),
                conditions=failing("UpgradeFailed"),
                remediation=Remediation(upgrade_retries=3),
            ),
        ),
        reset=True,
        with_source=True,
    ),
    "force? never installed": sure(
        "hr shop/redis --force",
        Forceable(REDIS, now(helm=(), conditions=failing("SourceNotReady"), remediation=Remediation(-1))),
    ),
    "force? several": sure(
        "hr shop/redis,shop/web,shop/old,shop/off --force",
        Forceable(REDIS, now(remediation=Remediation(retry_on_failure=True))),
        Forceable(ref("shop/web", HELM_RELEASE), now(remediation=Remediation(upgrade_retries=1))),
        Forceable(ref("shop/old", HELM_RELEASE), None, hindered=True),
        Forceable(ref("shop/off", HELM_RELEASE), now(suspended=True), hindered=True),
        with_source=True,
    ),
    "force? a name as long as names get": sure(
        "hr x --force", Forceable(ref(f"{'payments-' * 6}eu/{'checkout-' * 20}x", HELM_RELEASE), now())
    ),
    "running, forced": Running(
        replace(ASKED, typed="hr shop/redis --force", options=Options(force=True)),
        (
            Track(
                REDIS, (Stage(REDIS, Role.OBJECT, Going.RUNNING, Pending(Why.RUNNING, "Running 'upgrade' action")),)
            ),
        ),
        NOW,
        (CANCEL,),
    ),
    "failed, the force lost": finished(
        replace(NO_CHART, warnings=(Warn.FORCE_LOST,)), RETRY, target=REDIS, now=REDIS_NOW
    ),
    "running, with its button": Running(SOURCED, (Track(APPS, STAGES),), NOW, (CANCEL,)),
    "running, two with their button": Running(ASKED, (Track(FRONTEND), Track(BACKEND)), NOW, (CANCEL,)),
    "cancelled, asked already": finished(Cancelled("sre"), RETRY, asked=STOPPED, took=42),
    "cancelled, not sent": finished(Stopped(Stop.CANCELLED, "sre"), RETRY, asked=STOPPED),
    "cancelled, its source asked already": finished(
        Blocked(FLEET, Cancelled("sre")), RETRY, asked=replace(SOURCED, cancelled=SRE)
    ),
    "cancelled, behind another that was not sent": finished(
        Blocked(BACKEND, Stopped(Stop.CANCELLED, "sre")), target=FRONTEND, asked=STOPPED
    ),
    "cancelled, three": Finished(
        STOPPED,
        (
            Track(FRONTEND, (), Outcome(Succeeded(Change(OLD, NEW)), timedelta(seconds=9))),
            Track(BACKEND, (), Outcome(Cancelled("sre"), timedelta(seconds=30))),
            Track(APPS, (), Outcome(Stopped(Stop.CANCELLED, "sre"), timedelta(seconds=30))),
        ),
        NOW,
        timedelta(seconds=30),
        (RETRY,),
    ),
    "cancelled when its patience had ended": finished(TimedOut(Pending(Why.RUNNING)), asked=STOPPED, took=300),
    "details, cancelled": Detailed(
        replace(SOURCED, cancelled=SRE),
        (
            Account(
                Track(
                    APPS,
                    (
                        Stage(FLEET, Role.SOURCE, Going.FAILED, verdict=Cancelled("sre"), seconds=5),
                        Stage(APPS, Role.OBJECT, Going.WAITING),
                    ),
                    Outcome(Blocked(FLEET, Cancelled("sre")), timedelta(seconds=5)),
                ),
            ),
        ),
        NOW,
    ),
    "cancelling": Cancelling("ab12cd34", "ks apps --with-source", "https://acme.slack.com/archives/C0SHOP/p1"),
    "cancelling, no link": Cancelling("ab12cd34", "ks apps"),
    "nothing to cancel": NothingToCancel(),
    "nothing to cancel of that id": NothingToCancel("ab12cd34"),
    "audit, cancelled": Audited(
        (replace(DONE_ENTRY, outcome=Result.CANCELLED, reason="by @sre; already asked", number=8420),)
    ),
    "audit, one of two cancelled": Audited(
        (
            replace(DONE_ENTRY, number=8421),
            replace(
                DONE_ENTRY,
                object="prod ks/shop/frontend",
                outcome=Result.CANCELLED,
                reason="by @sre; not sent",
                number=8422,
            ),
        )
    ),
}
