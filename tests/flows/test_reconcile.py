"""A request from the command to its end, on fakes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.kinds import GIT_REPOSITORY
from bot.core.notices import (
    Audited,
    Blocked,
    Going,
    Part,
    Refused,
    Stop,
    Stopped,
)
from bot.core.offers import Press
from bot.core.requests import Ask, Role
from bot.core.resources import Snapshot
from bot.core.verdicts import (
    Broken,
    Failed,
    Succeeded,
    Unchanged,
)
from bot.ports import NotYet
from bot.slack.views import render
from tests.fakes.objects import git_repository, helm_chart, helm_release, helm_repository, kustomization
from tests.fakes.runs import done, failed, held_up, running, two_patches
from tests.fakes.status import A, B, ref
from tests.flows.house import DEV, SHOP, SRE, House, house_with


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
    assert house.finished().took == timedelta(seconds=8)
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
