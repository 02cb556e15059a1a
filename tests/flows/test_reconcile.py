"""A request from the command to its end, on fakes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bot.core.audit import Result
from bot.core.errors import Rejected, Unreachable
from bot.core.kinds import GIT_REPOSITORY
from bot.core.notices import (
    Audited,
    Blocked,
    Detailed,
    Finished,
    Going,
    Joined,
    Mentioned,
    Part,
    Refusal,
    Refused,
    Running,
    Stage,
    Stop,
    Stopped,
)
from bot.core.offers import Press
from bot.core.requests import Ask, Role
from bot.core.resources import Absent, Controller, Ref, Snapshot, Tokens
from bot.core.verdicts import (
    Broken,
    Failed,
    Gone,
    Overtaken,
    Pending,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    TimedOut,
    Unchanged,
    Why,
)
from bot.ports import NotYet, Unpostable
from bot.slack.views import render
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_chart, helm_release, helm_repository, kustomization
from tests.fakes.runs import done, failed, held_up, running, stalled, told, two_patches
from tests.fakes.status import A, B, ref
from tests.flows.house import AUDIT, DEV, PLATFORM, SHOP, SRE, House, house_with

_INDEX = "sha256:" + "77aa" * 16
"""The revision that the fakes' HelmRepository has, which a chart says it was built from."""


async def test_a_new_revision_is_followed_to_its_end() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(
        apps.ref,
        (1, lambda _, now: running(now, B)),
        (9, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks apps")
    (end,) = house.ends()
    assert isinstance(end, Succeeded)
    assert (end.change.before, end.change.after) == (A, B)
    assert [ask.ref for ask in cluster.asks] == [apps.ref]
    assert house.finished().took == timedelta(seconds=9)


async def test_the_conditions_event_before_the_token_is_not_taken_for_the_end() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(
        apps.ref,
        (1, lambda ask, now: two_patches(now, done(now, ask.token, B))[0]),
        (3, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks apps")
    assert isinstance(house.ends()[0], Succeeded)
    assert house.finished().took == timedelta(seconds=3)


async def test_a_failure_is_told_at_its_event_and_not_at_the_deadline() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository(revision=B))
    cluster.script(apps.ref, (4, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    (end,) = house.ends()
    assert isinstance(end, Failed)
    assert (end.reason, end.running) == ("BuildFailed", A)
    assert house.finished().took == timedelta(seconds=4)


async def test_a_failure_that_lasts_a_moment_is_not_missed() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def fail_and_run_again(ask: object) -> None:
        token = cluster.asks[-1].token
        cluster.put(failed(cluster.now(apps.ref), token, "HealthCheckFailed", "boom", B))
        cluster.put(running(cluster.now(apps.ref), B))

    cluster.on_request = fail_and_run_again
    await house.say("ks apps")
    assert isinstance(house.ends()[0], Failed)


async def test_with_source_asks_the_source_first_and_measures_against_its_revision() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (2, lambda ask, now: done(now, ask.token, B)))
    cluster.script(
        apps.ref,
        (1, lambda ask, now: done(now, ask.token)),  # from a cache that had not seen the new source yet
        (5, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks apps --with-source")
    assert [ask.ref for ask in cluster.asks] == [git.ref, apps.ref]
    assert [ask.wanted for ask in cluster.asks] == [None, B]
    (end,) = house.ends()
    assert isinstance(end, Succeeded)
    assert house.finished().took == timedelta(seconds=7)
    stages = house.finished().tracks[0].stages
    assert [(stage.role, stage.going, stage.seconds) for stage in stages] == [
        (Role.SOURCE, Going.DONE, 2.0),
        (Role.OBJECT, Going.DONE, 5.0),
    ]


async def test_what_followed_the_new_source_by_itself_is_still_what_this_request_changed() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)

    def fetched(ask: Ask, now: Snapshot) -> Snapshot:
        cluster.put(done(cluster.now(apps.ref), "", B, inventory=("_shop__Namespace",)))
        return done(now, ask.token, B)

    cluster.script(git.ref, (2, fetched))
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps --with-source")
    (end,) = house.ends()
    assert isinstance(end, Succeeded)
    assert (end.change.before, end.change.after, end.change.counted) == (A, B, True)
    assert end.change.removed == ("shop_web__Service", "shop_web_apps_Deployment")


async def test_a_release_with_source_goes_through_its_repository_and_its_chart() -> None:
    podinfo, chart, repository = helm_release(), helm_chart(), helm_repository()
    house, cluster = house_with(podinfo, chart, repository)
    index = "sha256:" + "ab" * 32
    cluster.script(repository.ref, (1, lambda ask, now: done(now, ask.token, index)))
    cluster.script(chart.ref, (1, lambda ask, now: replace(done(now, ask.token, "6.6.0"), attempted=index)))
    cluster.script(podinfo.ref, (1, lambda ask, now: done(now, ask.token, "6.6.0")))
    await house.say("hr shop/podinfo --with-source")
    assert [ask.ref for ask in cluster.asks] == [repository.ref, chart.ref, podinfo.ref]
    (end,) = house.ends()
    assert isinstance(end, Succeeded)
    assert (end.change.before, end.change.after) == ("6.5.0", "6.6.0")


async def test_a_source_that_fails_ends_it_with_its_own_error_and_offers_what_is_there() -> None:
    apps, git = kustomization(), git_repository(secret="deploy-key")
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")))
    await house.say("ks apps --with-source")
    (end,) = house.ends()
    assert isinstance(end, Blocked)
    assert end.by == git.ref
    assert isinstance(end.verdict, Failed)
    assert [ask.ref for ask in cluster.asks] == [git.ref]
    assert [button.press for button in house.finished().buttons] == [Press.RETRY, Press.AS_IS, Press.DETAILS]


async def test_what_is_there_can_be_reconciled_by_its_button() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")))
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps --with-source")
    (key,) = [button.key for button in house.finished().buttons if button.press is Press.AS_IS]
    await house.press(key)
    assert [ask.ref for ask in cluster.asks] == [git.ref, apps.ref]
    assert isinstance(house.ends()[0], Unchanged)


async def test_a_source_shared_by_two_targets_is_asked_once() -> None:
    git = git_repository("shop/shop")
    web, api = (kustomization(f"shop/{name}", source=git.ref) for name in ("web", "api"))
    house, cluster = house_with(web, api, git)
    for each in (git, web, api):
        cluster.script(each.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks shop/web shop/api --with-source")
    assert sorted(ask.ref for ask in cluster.asks) == sorted([git.ref, web.ref, api.ref])
    assert [type(end) for end in house.ends()] == [Succeeded, Succeeded]


async def test_a_source_that_is_a_target_too_ends_as_itself() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    for each in (git, apps):
        cluster.script(each.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps, gitrepository apps --with-source")
    assert [ask.ref for ask in cluster.asks] == [git.ref, apps.ref]
    assert [type(end) for end in house.ends()] == [Succeeded, Succeeded]


async def test_a_refused_source_is_told_once_per_delivery() -> None:
    web = kustomization("shop/web", source=ref(GIT_REPOSITORY, "flux-system/secret-repo"))
    house, _ = house_with(web, git_repository("flux-system/secret-repo"))
    await house.say("ks web --with-source", DEV, SHOP, delivery="one")
    await house.say("ks web --with-source", DEV, SHOP, delivery="one")
    assert [type(each) for each in house.whispers()] == [Refused]


async def test_an_unchanged_object_offers_its_source() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps")
    assert house.ends() == [Unchanged(A)]
    assert [button.press for button in house.finished().buttons] == [Press.WITH_SOURCE, Press.DETAILS]


# --- Preflight ----------------------------------------------------------------------------------------------------


async def test_a_suspended_object_is_not_patched() -> None:
    apps = replace(kustomization(suspended=True), suspended_by="sre")
    house, cluster = house_with(apps)
    await house.say("ks apps")
    assert (house.ends(), cluster.asks) == ([Suspended("sre")], [])


async def test_an_object_suspended_during_its_run_never_succeeds() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(
        apps.ref,
        (1, lambda _, now: replace(running(now, B), suspended=True)),
        (3, lambda ask, now: told(done(now, ask.token, B), ask.token)),
    )
    await house.say("ks apps")
    assert house.ends() == [Suspended()]


async def test_a_static_object_is_not_patched() -> None:
    charts = helm_repository("flux-system/charts", oci=True)
    house, cluster = house_with(charts)
    await house.say("helmrepo charts")
    assert (house.ends(), cluster.asks) == ([Static()], [])


async def test_a_missing_object_is_told_with_its_neighbours() -> None:
    house, _ = house_with(kustomization("flux-system/apps"), kustomization("shop/aps"))
    await house.say("ks aps")
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert outcome.end == Gone(seen_before=False)
    assert outcome.near is not None
    assert [each.short for each in outcome.near.nearest] == ["ks/flux-system/apps"]
    assert [each.short for each in outcome.near.elsewhere] == ["ks/shop/aps"]


async def test_out_of_retries_is_told_before_a_patch_that_would_do_nothing() -> None:
    podinfo = stalled(failed(helm_release(), "old", "UpgradeFailed", "boom", "6.6.0"), "old")
    house, cluster = house_with(podinfo, helm_chart())
    await house.say("hr shop/podinfo")
    (end,) = house.ends()
    assert isinstance(end, Stopped)
    assert (end.stop, cluster.asks) == (Stop.RETRIES_EXHAUSTED, [])


async def test_a_new_chart_may_mend_a_release_that_is_out_of_retries() -> None:
    podinfo = stalled(failed(helm_release(), "old", "UpgradeFailed", "boom", "6.6.0"), "old")
    house, cluster = house_with(podinfo, helm_chart(), helm_repository())
    for each in (podinfo.ref, helm_chart().ref, helm_repository().ref):
        cluster.script(each, (1, lambda ask, now: replace(done(now, ask.token), attempted=_INDEX)))
    cluster.script(podinfo.ref, (1, lambda ask, now: stalled(now, ask.token)))
    await house.say("hr shop/podinfo --with-source")
    assert len(cluster.asks) == 3
    assert isinstance(house.ends()[0], Stalled)


async def test_a_controller_scaled_to_nothing_is_named_before_the_patch() -> None:
    apps = kustomization()
    house, cluster = house_with(apps)
    cluster.controllers[apps.ref.kind] = Controller("kustomize-controller", "flux-system", replicas=0, available=0)
    await house.say("ks apps")
    assert house.ends() == [Stopped(Stop.CONTROLLER_DOWN, "kustomize-controller")]
    assert cluster.asks == []


async def test_an_absent_controller_is_named_before_the_patch() -> None:
    apps = kustomization()
    house, cluster = house_with(apps)
    cluster.controllers[apps.ref.kind] = Absent(apps.ref)
    await house.say("ks apps")
    assert house.ends() == [Stopped(Stop.CONTROLLER_ABSENT, "kustomize-controller")]


async def test_a_controller_we_cannot_look_at_stops_nothing() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.controllers[apps.ref.kind] = None
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps")
    assert house.ends() == [Unchanged(A)]


async def test_an_unreachable_cluster_is_told_by_name() -> None:
    house, cluster = house_with(kustomization())
    cluster.fail("get", Unreachable("prod", "prod does not answer within 5 s"))
    await house.say("ks apps")
    assert house.ends() == [Stopped(Stop.UNREACHABLE, "prod does not answer within 5 s")]


async def test_a_failing_source_without_an_artifact_stops_it() -> None:
    git = git_repository(revision="", ready=False)
    apps = kustomization()
    house, cluster = house_with(apps, git)
    await house.say("ks apps")
    (end,) = house.ends()
    assert isinstance(end, Stopped)
    assert (end.stop, end.on, cluster.asks) == (Stop.SOURCE_EMPTY, git.ref, [])


async def test_a_cluster_that_is_only_read_is_not_patched() -> None:
    house, cluster = house_with(kustomization())
    cluster.writable = False
    await house.say("ks apps")
    assert (house.ends(), cluster.asks) == ([Stopped(Stop.READ_ONLY)], [])


# --- The patch ----------------------------------------------------------------------------------------------------


async def test_a_lost_answer_is_read_back_and_never_sent_again() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (3, lambda ask, now: done(now, ask.token, B)))
    cluster.fail("request", Unreachable("prod", "connection reset"), arrived=True)
    await house.say("ks apps")
    assert len(cluster.asks) == 1
    assert isinstance(house.ends()[0], Succeeded)


async def test_a_patch_that_never_arrived_is_said_not_to_have() -> None:
    house, cluster = house_with(kustomization(), git_repository())
    cluster.fail("request", Unreachable("prod", "connection refused"))
    await house.say("ks apps")
    assert house.ends() == [Broken("the request did not reach the cluster within 10 s: connection refused")]


async def test_a_refused_patch_is_told_in_the_api_servers_words() -> None:
    house, cluster = house_with(kustomization(), git_repository())
    cluster.fail("request", Rejected("prod", "admission webhook denied the request"))
    await house.say("ks apps")
    assert house.ends() == [Broken("admission webhook denied the request")]


async def test_the_ask_is_stored_before_the_patch() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    stored: list[tuple[str, ...]] = []
    store = house.requests
    assert hasattr(store, "asks")

    def look(ask: object) -> None:
        stored.append(tuple(each.token for each in store.asks("req00001")))

    cluster.on_request = look
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps")
    assert stored == [(cluster.asks[0].token,)]


async def test_what_the_cache_held_before_the_patch_is_not_taken_for_somebody_elses_end() -> None:
    """The cache lags: it shows a token, asked and handled, that is neither ours nor what the patch found."""
    apps = replace(kustomization(), asked=Tokens("stale"), handled=Tokens("stale"))
    house, cluster = house_with(apps, git_repository())
    real = cluster.request

    async def request(ask: object) -> object:
        cluster.put(replace(cluster.now(apps.ref), asked=Tokens("newer"), handled=Tokens("newer")))
        return await real(ask)  # type: ignore[arg-type]

    cluster.request = request  # type: ignore[method-assign, assignment]
    cluster.script(apps.ref, (5, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    (end,) = house.ends()
    assert isinstance(end, Succeeded)
    assert house.finished().took == timedelta(seconds=5)


async def test_somebody_elses_request_that_overwrites_ours_answers_for_both() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def overwrite(_: object) -> None:
        house.clock.call_in(1, partial(_overwrite, cluster, apps.ref))

    cluster.on_request = overwrite
    cluster.script(apps.ref, (4, lambda _, now: done(now, "theirs", B)))
    await house.say("ks apps")
    (end,) = house.ends()
    assert isinstance(end, Overtaken)
    assert isinstance(end.verdict, Succeeded)


# --- Waiting ------------------------------------------------------------------------------------------------------


async def test_an_object_deleted_while_we_wait_is_gone() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def vanish(_: object) -> None:
        house.clock.call_in(2, lambda: cluster.remove(apps.ref))

    cluster.on_request = vanish
    await house.say("ks apps")
    assert house.ends() == [Gone(seen_before=True)]


async def test_the_deadline_tells_what_is_pending() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda _, now: running(now, B)))
    await house.say("ks apps --timeout 1m")
    (end,) = house.ends()
    assert isinstance(end, TimedOut)
    assert end.pending.why is Why.RUNNING
    assert house.finished().took == timedelta(minutes=1)


async def test_a_controller_that_does_not_answer_is_named_after_thirty_seconds() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.controllers[apps.ref.kind] = Controller("kustomize-controller", "flux-system", replicas=1, available=0)
    await house.say("ks apps --timeout 1m")
    slow = [root.tracks[0].slow for root in house.in_part(Part.ROOT) if isinstance(root, Running)]
    assert slow[-1] == Controller("kustomize-controller", "flux-system", replicas=1, available=0)
    assert house.ends() == [TimedOut(Pending(Why.QUEUED))]


async def test_a_dead_watch_is_told_and_no_wait_is_lost() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def die(_: object) -> None:
        house.clock.call_in(1, cluster.blind)

    cluster.on_request = die
    cluster.script(apps.ref, (8, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    pending = [stage.pending for root in house.in_part(Part.ROOT) for stage in _stages(root)]
    assert Pending(Why.BLIND, "connection refused") in pending
    assert isinstance(house.ends()[0], Succeeded)


def _overwrite(cluster: FakeCluster, ref: Ref) -> None:
    cluster.overwrite(ref, "theirs")


def _stages(root: object) -> tuple[Stage, ...]:
    assert isinstance(root, Running | Finished)
    return root.tracks[0].stages


async def test_a_dependency_that_fails_ends_the_wait_with_the_root_cause() -> None:
    backend = kustomization("shop/backend", ready=False)
    frontend = kustomization("shop/frontend", depends_on=("shop/backend",))
    house, cluster = house_with(frontend, backend, git_repository("shop/frontend"))
    cluster.script(frontend.ref, (1, lambda ask, now: held_up(now, ask.token, "shop/backend")))
    await house.say("ks shop/frontend")
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert isinstance(outcome.end, Failed)
    assert outcome.end.reason == "DependencyNotReady"
    assert outcome.cause is not None
    assert outcome.cause.root.ref == backend.ref
    assert house.finished().took < timedelta(seconds=30)


async def test_a_dependency_at_work_is_waited_for() -> None:
    backend = running(kustomization("shop/backend"), B)
    frontend = kustomization("shop/frontend", depends_on=("shop/backend",))
    house, cluster = house_with(frontend, backend, git_repository("shop/frontend"), git_repository("shop/backend"))
    cluster.script(
        frontend.ref,
        (1, lambda ask, now: held_up(now, ask.token, "shop/backend")),
        (90, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks shop/frontend")
    assert isinstance(house.ends()[0], Succeeded)


# --- The afterlife ------------------------------------------------------------------------------------------------


async def test_a_failure_that_heals_edits_the_root_once() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(
        apps.ref,
        (2, lambda ask, now: failed(now, ask.token, "HealthCheckFailed", "boom", B)),
        (60, lambda ask, now: failed(now, ask.token, "HealthCheckFailed", "boom again", B)),
        (240, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks apps")
    told_before = len(house.in_part(Part.ROOT))
    await house.clock.advance(600)
    roots = house.in_part(Part.ROOT)[told_before:]
    assert len(roots) == 1
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert isinstance(outcome.end, Failed)
    assert outcome.healed is not None
    assert isinstance(outcome.healed.verdict, Succeeded)
    assert outcome.healed.after == timedelta(seconds=238)
    assert [button.press for button in house.finished().buttons] == [Press.DETAILS]
    assert len(house.afterlives) == 0


async def test_a_time_out_is_followed_on_to_its_end() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda _, now: running(now, B)), (300, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps --timeout 1m")
    await house.clock.advance(600)
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert outcome.healed is not None
    assert isinstance(outcome.healed.verdict, Succeeded)


async def test_the_afterlife_ends_when_somebody_asks_anew() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (2, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    await house.clock.advance(10)
    assert len(house.afterlives) == 1
    cluster.overwrite(apps.ref, "theirs")
    await house.clock.advance(1)
    assert len(house.afterlives) == 0


async def test_the_afterlife_ends_by_itself() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (2, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    await house.clock.advance(1801)
    assert len(house.afterlives) == 0


# --- What is told and recorded ------------------------------------------------------------------------------------


async def test_every_request_has_a_root_a_thread_and_an_audit_line() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    shown = [(each.slot.subject, each.slot.part, each.place.channel) for each in house.chat.shown]
    ends = [each for each in shown if each[1] is not Part.ROOT]
    assert ends == [("req00001", Part.AUDIT, AUDIT), ("req00001", Part.DETAILS, PLATFORM)]
    (audited,) = house.in_part(Part.AUDIT)
    assert isinstance(audited, Audited)
    (entry,) = audited.entries
    assert (entry.number, entry.object, entry.rule, entry.outcome) == (
        1,
        "prod ks/flux-system/apps",
        "platform",
        Result.CHANGED,
    )
    assert (entry.before, entry.after, entry.seconds) == (A, B, 1.0)


async def test_with_source_every_patched_object_has_its_own_entry() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: done(now, ask.token, B)))
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps --with-source")
    (audited,) = house.in_part(Part.AUDIT)
    assert isinstance(audited, Audited)
    assert [entry.object for entry in audited.entries] == ["prod ks/flux-system/apps"]
    assert [entry.object for entry in audited.also] == ["prod gitrepository/flux-system/apps"]
    assert [entry.number for entry in (*audited.also, *audited.entries)] == [1, 2]


async def test_a_target_that_was_never_patched_is_recorded_too() -> None:
    apps, git = kustomization(), git_repository()
    house, cluster = house_with(apps, git)
    cluster.script(git.ref, (1, lambda ask, now: failed(now, ask.token, "GitOperationFailed", "no route")))
    await house.say("ks apps --with-source")
    (audited,) = house.in_part(Part.AUDIT)
    assert isinstance(audited, Audited)
    assert [(entry.object, entry.outcome) for entry in (*audited.also, *audited.entries)] == [
        ("prod gitrepository/flux-system/apps", Result.FAILED),
        ("prod ks/flux-system/apps", Result.BLOCKED),
    ]


async def test_a_failure_pings_and_a_quick_success_does_not() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    assert [type(each) for each in house.in_part(Part.MENTION)] == [Mentioned]
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps --timeout 2m")
    assert len(house.in_part(Part.MENTION)) == 1


async def test_the_details_hold_conditions_and_counts() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository(), kustomization("flux-system/infra", ready=False))
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps")
    (detailed,) = house.in_part(Part.DETAILS)
    assert isinstance(detailed, Detailed)
    (account,) = detailed.accounts
    assert [condition.type for condition in account.conditions] == ["Ready", "Healthy"]
    assert account.counts is not None
    assert account.counts.kinds == (("Kustomization", 2, 1), ("GitRepository", 1, 0))


async def test_a_channel_that_cannot_be_posted_to_refuses_before_the_patch() -> None:
    house, cluster = house_with(kustomization(), git_repository())
    house.chat.answer = Unpostable("is_archived")
    await house.say("ks apps")
    (refused,) = house.whispers()
    assert isinstance(refused, Refused)
    assert (refused.refusal, refused.detail, cluster.asks) == (Refusal.UNPOSTABLE, "is_archived", [])


async def test_an_outage_of_slack_does_not_hold_the_patch_up() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    house.chat.answer = NotYet()
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    asked_at = house.clock.now()
    await house.say("ks apps")
    assert cluster.asks[0].patched_at - asked_at == timedelta(seconds=2)
    assert house.ends() == [Unchanged(A)]


async def test_a_double_send_joins_and_a_later_one_does_not() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (20, lambda ask, now: done(now, ask.token)))
    first = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks apps"))
    await house.clock.advance(3)
    await house.dispatch.said(house.heard(), "ks apps")
    assert [type(each) for each in house.whispers()] == [Joined]
    await house.clock.advance(10)
    second = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks apps"))
    await house.clock.until(lambda: first.done() and second.done())
    assert len(cluster.asks) == 2


async def test_the_same_delivery_twice_is_one_request() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps", delivery="one")
    await house.clock.advance(60)
    await house.say("ks apps", delivery="one")
    assert len(cluster.asks) == 1


async def test_a_stop_of_the_bot_is_told_in_the_root() -> None:
    apps = kustomization()
    house, _ = house_with(apps, git_repository())
    flow = asyncio.ensure_future(house.dispatch.said(house.heard(), "ks apps"))
    await house.clock.advance(5)
    flow.cancel()
    await asyncio.gather(flow, return_exceptions=True)
    (end,) = house.ends()
    assert isinstance(end, Broken)
    assert isinstance(house.in_part(Part.AUDIT)[-1], Audited)


# --- The gate, on the way -----------------------------------------------------------------------------------------


async def test_who_lost_the_right_while_waiting_patches_nothing() -> None:
    web = kustomization("shop/web")
    house, cluster = house_with(web, git_repository("shop/web"))
    house.chat.answer = NotYet()
    flow = asyncio.ensure_future(house.dispatch.said(house.heard(DEV, SHOP), "ks web"))
    await house.clock.advance(1)
    house.directory.person(DEV, "dev", groups=())
    await house.clock.until(flow.done)
    (end,) = house.ends()
    assert isinstance(end, Stopped)
    assert (end.stop, cluster.asks) == (Stop.REVOKED, [])


async def test_a_source_no_rule_reaches_is_refused_before_anything_is_patched() -> None:
    web = kustomization("shop/web", source=ref(GIT_REPOSITORY, "flux-system/secret-repo"))
    house, cluster = house_with(web, git_repository("flux-system/secret-repo"))
    await house.say("ks web --with-source", DEV, SHOP)
    (refused,) = house.whispers()
    assert isinstance(refused, Refused)
    assert "secret-repo" not in refused.what
    assert cluster.asks == []


async def test_a_source_in_the_own_namespace_is_reached_without_being_named() -> None:
    web = kustomization("shop/web")
    house, cluster = house_with(web, git_repository("shop/web"))
    for each in (web.ref, git_repository("shop/web").ref):
        cluster.script(each, (1, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks web --with-source", DEV, SHOP)
    assert len(cluster.asks) == 2
    assert isinstance(house.ends()[0], Succeeded)


async def test_a_hidden_link_of_the_chain_is_not_named() -> None:
    backend = kustomization("secret/backend", ready=False)
    web = kustomization("shop/web", depends_on=("secret/backend",))
    house, cluster = house_with(web, backend, git_repository("shop/web"))
    cluster.script(web.ref, (1, lambda ask, now: held_up(now, ask.token, "secret/backend")))
    await house.say("ks web", DEV, SHOP)
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert outcome.cause is not None
    assert [link.ref for link in outcome.cause.links] == [None]


async def test_several_objects_are_one_request_with_a_line_each() -> None:
    web, api = kustomization("shop/web"), kustomization("shop/api")
    house, cluster = house_with(web, api, git_repository("shop/web"), git_repository("shop/api"))
    cluster.script(web.ref, (1, lambda ask, now: done(now, ask.token, B)))
    cluster.script(api.ref, (5, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks web, api", DEV, SHOP)
    assert [type(end) for end in house.ends()] == [Succeeded, Failed]
    subjects = {each.slot.subject for each in house.chat.shown if each.slot.part is Part.ROOT}
    assert subjects == {"req00001"}


async def test_nothing_the_bot_did_not_foresee_happened() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda ask, now: done(now, ask.token)))
    await house.say("ks apps", SRE)
    assert isinstance(house, House)
    assert house.telemetry.broken == []


async def test_a_hidden_dependency_is_not_named_by_fluxs_own_sentences_either() -> None:
    backend = kustomization("secret/backend", ready=False)
    web = kustomization("shop/web", depends_on=("secret/backend",))
    house, cluster = house_with(web, backend, git_repository("shop/web"))
    cluster.script(web.ref, (1, lambda ask, now: held_up(now, ask.token, "secret/backend")))
    await house.say("ks web", DEV, SHOP)
    await house.clock.advance(60)
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert isinstance(outcome.end, Failed)
    assert outcome.end.message == "dependency (hidden) is not ready"
    told = [render(each.notice) for each in house.chat.shown]
    assert [each.text for each in told if "secret" in each.text or "secret" in str(each.blocks)] == []


async def test_a_flow_that_breaks_does_not_leave_its_root_running() -> None:
    house, cluster = house_with(kustomization(), git_repository())

    def explode(_: object) -> None:
        raise ZeroDivisionError

    cluster.on_request = explode
    with pytest.raises(ExceptionGroup):
        await house.say("ks apps")
    (end,) = house.ends()
    assert isinstance(end, Broken)
    assert end.why.startswith("the bot broke")
    assert isinstance(house.in_part(Part.AUDIT)[-1], Audited)
