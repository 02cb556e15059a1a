"""What a request looks at before its patch, and what becomes of the patch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.core.errors import Rejected, Unreachable
from bot.core.notices import (
    Stop,
    Stopped,
)
from bot.core.resources import Absent, Controller, Ref, Tokens
from bot.core.verdicts import (
    Broken,
    Gone,
    Overtaken,
    Stalled,
    Static,
    Succeeded,
    Suspended,
    Unchanged,
)
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_chart, helm_release, helm_repository, kustomization
from tests.fakes.runs import done, failed, running, stalled, told
from tests.fakes.status import A, B
from tests.flows.house import house_with

_INDEX = "sha256:" + "77aa" * 16
"""The revision that the fakes' HelmRepository has, which a chart says it was built from."""


def _overwrite(cluster: FakeCluster, ref: Ref) -> None:
    cluster.overwrite(ref, "theirs")


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
    cluster.frozen = "changes are frozen until Monday"
    await house.say("ks apps")
    assert (house.ends(), cluster.asks) == ([Stopped(Stop.READ_ONLY, "changes are frozen until Monday")], [])
    assert [entry.reason for line in house.audit_lines() for entry in line.entries] == [
        "changes are frozen until Monday"
    ]


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
