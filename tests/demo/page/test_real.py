"""A cluster of somebody's own on the page: its objects are read, and nothing can be done to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.config.clusters import ClusterSetting
from bot.core.kinds import GIT_REPOSITORY, KUSTOMIZATION
from bot.demo.clusters import Cluster
from bot.demo.kube.faults import refusing
from bot.demo.loopback import Reset, Rule
from bot.demo.manifests import kustomization
from bot.demo.page.real import watched
from bot.demo.page.server import Page
from bot.demo.slack.workspace import Workspace
from tests.demo.page.browser import Browser
from tests.fakes.api_server import kubeconfig

APPS = "object/prod/Kustomization/flux-system/apps"


@pytest.fixture
async def browser(workspace: Workspace, cluster: Cluster, tmp_path: Path) -> AsyncIterator[Browser]:
    cluster.server.place(kustomization("apps"))
    config = kubeconfig(tmp_path / "config", cluster.site.url, {"token": "bot"}, context="prod")
    async with (
        watched(ClusterSetting("prod", config, "prod"), (KUSTOMIZATION, GIT_REPOSITORY)) as real,
        Page(workspace, real=[real]) as page,
        aiohttp.ClientSession() as session,
    ):
        yield Browser(page.url, session)


async def test_objects_are_shown_as_they_come_change_and_go(browser: Browser, cluster: Cluster) -> None:
    async with browser.sees("sre") as stream:
        known = await stream.until(lambda known: APPS in known)
        assert (known[APPS]["acts"], known[APPS]["ready"]) == ([], None)
        assert known["cluster/prod"]["real"] is True
        stored = cluster.server.find("Kustomization", "flux-system", "apps")
        assert stored is not None
        cluster.server.place({**stored, "spec": {**stored["spec"], "suspend": True}})
        await stream.until(lambda known: known[APPS]["suspended"])
        cluster.server.place(kustomization("infra"))
        await stream.until(lambda known: "object/prod/Kustomization/flux-system/infra" in known)
        path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/infra"
        headers = {"Authorization": "Bearer admin"}
        async with browser.session.delete(f"{cluster.site.url}{path}", headers=headers) as response:
            assert response.status == 200
        await stream.until(lambda known: "object/prod/Kustomization/flux-system/infra" not in known)


async def test_nothing_can_be_done_there_but_slacks_faults_are_there(browser: Browser) -> None:
    async with browser.sees("sre") as stream:
        known = await stream.until(lambda known: APPS in known)
    assert {key for key in known if key.startswith("fault/")} == {"fault/slack-429", "fault/slack-down"}
    change = {"cluster": "prod", "kind": "Kustomization", "namespace": "flux-system", "name": "apps"}
    assert await browser.act(do="change", what="suspend", **change) == "prod is no simulated cluster"
    assert await browser.act(do="slow", cluster="prod", controller="helm-controller", on=True) is not None


async def test_a_cluster_that_does_not_answer_is_said_and_then_seen_again(
    browser: Browser, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.demo.page.real.AGAIN", 0.1)
    async with browser.sees("sre") as stream:
        await stream.until(lambda known: APPS in known)
        for fault, said in ((Reset(), "prod: "), (refusing(403), "prod: ")):
            rule = cluster.site.faults.add(Rule(fault))
            cluster.server.drop_watches()
            known = await stream.until(lambda known: bool(known["cluster/prod"]["trouble"]))
            assert known["cluster/prod"]["trouble"].startswith(said)
            assert APPS in known, "what was seen last stays"
            cluster.site.faults.remove(rule)
            await stream.until(lambda known: known["cluster/prod"]["trouble"] is None)


async def test_only_reads_are_sent(browser: Browser, cluster: Cluster) -> None:
    written = cluster.site.faults.add(Rule(Reset(), when=lambda request: request.method != "GET"))
    async with browser.sees("sre") as stream:
        await stream.until(lambda known: APPS in known)
    assert written.hits == 0
