"""/healthz, /readyz and /metrics of the running bot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp

from bot.demo.loopback import Rule, Status
from bot.demo.slack.workspace import Workspace
from tests.e2e.stage import LONG, Stage, staged


async def get(stage: Stage, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(await stage.url() + path) as response:
        return response.status, await response.text()


async def ready(stage: Stage) -> None:
    """Waits until it says that it is ready."""
    async with asyncio.timeout(LONG):
        while (await get(stage, "/readyz"))[0] != 200:
            await asyncio.sleep(0.02)


def no_links(workspace: Workspace) -> None:
    workspace.faults.add(Rule(Status(503), "/api/apps.connections.open"))


async def test_it_is_alive_and_ready_once_slack_and_the_cluster_are_there(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        await ready(stage)
        assert (await get(stage, "/healthz"))[0] == 200


async def test_it_is_not_ready_without_a_link_and_becomes_so_with_one(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path, prepare=no_links, linked=False) as stage:
        await stage.logged("held", 7)
        code, body = await get(stage, "/readyz")
        assert code == 503
        assert "no Socket Mode link to Slack" in body
        assert (await get(stage, "/healthz"))[0] == 200
        stage.workspace.faults.clear()
        await ready(stage)


async def test_a_cluster_that_is_away_makes_it_not_ready_and_nobody_restarts_it(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path, away=True) as stage:
        code, body = await get(stage, "/readyz")
        assert code == 503
        assert '"clusters"' in body
        assert (await get(stage, "/healthz"))[0] == 200
        await stage.wire.mend()
        await ready(stage)


async def test_metrics_count_what_happened(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        await stage.say("ks ks-unchanged/app")
        await stage.say("ks ks-unchanged/app", who="dev")
        _, text = await get(stage, "/metrics")
        wanted = [
            'flux_bot_requests_accepted_total{verb="reconcile"} 1.0',
            'flux_bot_requests_ended_total{outcome="unchanged",verb="reconcile"} 1.0',
            'flux_bot_patches_total{cluster="prod",kind="Kustomization"} 1.0',
            'flux_bot_refusals_total{reason="RULES"} 1.0',
            "flux_bot_slack_links_total 1.0",
        ]
        lines = text.splitlines()
        assert [line for line in wanted if line not in lines] == []
        assert [line for line in lines if line.startswith("flux_bot_failures_total{")] == []
