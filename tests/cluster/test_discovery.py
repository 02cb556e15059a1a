"""Which version of a kind is asked for."""

from __future__ import annotations

import asyncio

import pytest

from bot.cluster.client import Api
from bot.cluster.discovery import Discovery
from bot.core.errors import Overloaded, Unreachable
from bot.core.kinds import ALERT, HELM_RELEASE, KUSTOMIZATION
from tests.cluster.shapes import drive, eventually
from tests.fakes.api_server import APIS, Answer, ApiServer, Fault, discovery, status
from tests.fakes.clock import FakeClock

HELM = "helm.toolkit.fluxcd.io"


async def test_the_version_of_the_row_is_taken_where_it_is_served(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(APIS, discovery((HELM, "v2beta2", "helmreleases"), (HELM, "v2", "helmreleases")))
    found = Discovery(api, clock)
    assert await found.api_version(HELM_RELEASE) == "helm.toolkit.fluxcd.io/v2"
    assert await found.api_version(HELM_RELEASE) == "helm.toolkit.fluxcd.io/v2"
    assert len(server.asked) == 1
    assert "as=APIGroupDiscoveryList" in server.asked[0].headers["Accept"]


async def test_an_older_version_is_taken_where_only_that_is_served(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    versions = [{"version": each, "resources": [{"resource": "helmreleases"}]} for each in ("v2beta2", "v2beta1")]
    items = [{"metadata": {"name": HELM}, "versions": versions}, {"metadata": {"name": "apps"}}]
    server.on(APIS, Answer(200, {"kind": "APIGroupDiscoveryList", "items": items}))
    assert await Discovery(api, clock).api_version(HELM_RELEASE) == "helm.toolkit.fluxcd.io/v2beta2"


async def test_a_server_without_aggregated_discovery_is_asked_group_by_group(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    groups = [{"name": HELM, "versions": [{"version": "v2"}]}, {"name": "apps", "versions": [{"version": "v1"}]}]
    server.on(APIS, Answer(200, {"kind": "APIGroupList", "groups": groups}))
    server.on(
        f"/apis/{HELM}/v2", Answer(200, {"resources": [{"name": "helmreleases"}, {"name": "helmreleases/status"}]})
    )
    found = Discovery(api, clock)
    assert await found.api_version(HELM_RELEASE) == "helm.toolkit.fluxcd.io/v2"
    assert await found.api_version(KUSTOMIZATION) is None
    assert [each.path for each in server.asked] == [APIS, f"/apis/{HELM}/v2"]


async def test_who_may_not_discover_takes_every_kind_as_served(api: Api, server: ApiServer, clock: FakeClock) -> None:
    server.on(APIS, status(403, "no"))
    assert await Discovery(api, clock).api_version(ALERT) == "notification.toolkit.fluxcd.io/v1beta3"


async def test_a_kind_that_is_not_there_is_looked_for_again_but_not_at_once(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(APIS, discovery())
    found = Discovery(api, clock)
    assert [await found.api_version(HELM_RELEASE) for _ in range(3)] == [None] * 3
    assert len(server.asked) == 1
    server.on(APIS, discovery((HELM, "v2", "helmreleases")))
    await clock.advance(10)
    assert await found.api_version(HELM_RELEASE) == "helm.toolkit.fluxcd.io/v2"


async def test_a_path_that_is_gone_is_asked_for_anew(api: Api, server: ApiServer, clock: FakeClock) -> None:
    server.on(APIS, discovery((HELM, "v2beta2", "helmreleases")), discovery((HELM, "v2", "helmreleases")))
    found = Discovery(api, clock)
    assert await found.api_version(HELM_RELEASE) == "helm.toolkit.fluxcd.io/v2beta2"
    found.forget(HELM_RELEASE)
    await clock.advance(10)
    assert await found.api_version(HELM_RELEASE) == "helm.toolkit.fluxcd.io/v2"


async def test_forgetting_one_kind_keeps_the_others(api: Api, server: ApiServer, clock: FakeClock) -> None:
    kustomize = ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations")
    server.on(APIS, discovery((HELM, "v2", "helmreleases"), kustomize))
    found = Discovery(api, clock)
    assert await found.api_version(HELM_RELEASE) == "helm.toolkit.fluxcd.io/v2"
    found.forget(HELM_RELEASE)
    assert await found.api_version(KUSTOMIZATION) == "kustomize.toolkit.fluxcd.io/v1"
    assert len(server.asked) == 1


async def test_those_who_wait_for_the_same_question_share_its_failure(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(APIS, Fault.HANG)
    found = Discovery(api, clock)
    begun = clock.now()
    tasks = [asyncio.create_task(found.api_version(KUSTOMIZATION)) for _ in range(18)]
    await eventually(lambda: len(server.asked) == 1)
    await drive(clock, lambda: all(task.done() for task in tasks), within=20)
    assert [type(await _error(task)) for task in tasks] == [Unreachable] * 18
    assert (len(server.asked), (clock.now() - begun).total_seconds() < 6) == (1, True)


async def _error(task: asyncio.Task[str | None]) -> BaseException | None:
    await asyncio.wait([task])
    return task.exception()


async def test_versions_that_could_change_the_path_are_not_taken(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(APIS, discovery((HELM, "../../api/v1", "helmreleases")))
    assert await Discovery(api, clock).api_version(HELM_RELEASE) is None


async def test_a_server_in_trouble_is_told_as_that(api: Api, server: ApiServer, clock: FakeClock) -> None:
    server.on(APIS, status(429, "busy", retry_after=60))
    with pytest.raises(Overloaded):
        await Discovery(api, clock).api_version(HELM_RELEASE)
