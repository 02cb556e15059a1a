"""Socket Mode as it fails in life: links that end, links that tear, deliveries that come twice."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot.slack.access import Access
from tests.e2e.stage import LONG, Stage, staged

ASK = "ks ks-unchanged/app"


async def linked_anew(stage: Stage, old: str) -> None:
    """Waits until there is a link, and only one that is not the old one."""

    def anew() -> bool:
        links = [link.id for link in stage.workspace.links.open]
        return bool(links) and old not in links

    await stage.workspace.wait_for(anew, LONG)


async def test_a_link_that_slack_ends_in_good_order_is_replaced(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        (old,) = stage.workspace.links.open
        await stage.workspace.links.refresh()
        await linked_anew(stage, old.id)
        assert (await stage.say(ASK)).text.startswith("🟰 ")


async def test_a_link_that_tears_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A torn link is noticed at the next ping, which is ten seconds away in production.
    monkeypatch.setattr("bot.app.wiring.Access", partial(Access, ping_seconds=0.2))
    async with staged("ks-unchanged", tmp_path) as stage:
        (old,) = stage.workspace.links.open
        stage.workspace.links.abort()
        await linked_anew(stage, old.id)
        assert (await stage.say(ASK)).text.startswith("🟰 ")


async def test_a_delivery_that_comes_twice_is_one_request(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        end = await stage.say(ASK)
        again = await stage.workspace.deliver_again(stage.workspace.deliveries[0])
        assert again.acked
        await stage.logged("slack.duplicate")
        await stage.say("help")
        assert [root.key for root in stage.roots()] == [end.key]
        assert len(stage.cluster.patches) == 1


async def test_a_request_that_runs_outlives_its_link(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        stage.cluster.held = True
        await stage.type(ASK)
        await stage.logged("patched")
        stage.workspace.links.abort()
        stage.cluster.release()
        assert (await stage.end()).text.startswith("🟰 ")
