"""The clusters beside the workspace: what is done there by hand, and what the bot then finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.page.simulated import SLOW
from tests.browser.visit import LONG, Visit

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def says(place: Locator, words: str) -> None:
    await place.get_by_text(words).first.wait_for(timeout=LONG)


async def test_a_commit_waits_outside_until_somebody_asks_with_source(visit: Visit) -> None:
    row = await visit.row("my-app", "Kustomization")
    await visit.do("Push a commit")
    await says(row, "waits")
    done = await visit.ask("ks my-app --with-source", "done")
    await says(done, "→")
    await row.locator(".waits").wait_for(state="detached", timeout=LONG)


async def test_a_broken_commit_fails_and_the_next_one_mends_it(visit: Visit) -> None:
    row = await visit.row("infra", "Kustomization")
    await visit.do("Push a broken commit")
    failed = await visit.ask("ks infra --with-source", "failed")
    await says(failed, 'unknown field "resorces"')
    await says(row, "BuildFailed")
    await visit.do("Push a commit")
    await visit.ask("ks infra --with-source", "applied")
    await says(row, "Ready")


async def test_a_source_breaks_and_heals(visit: Visit) -> None:
    row = await visit.row("shop", "GitRepository")
    await visit.do("Break")
    await says(row, "source broken")
    failed = await visit.ask("ks shop/shop-frontend --with-source", "failed")
    await says(failed, "GitOperationFailed")
    await visit.do("Heal")
    await visit.ask("gitrepository shop/shop", "gitrepository/shop/shop")
    await says(row, "Ready")


async def test_a_released_chart_is_upgraded_to(visit: Visit) -> None:
    row = await visit.row("redis", "HelmRelease")
    await visit.do("Release a chart")
    await says(row, "1.3.0 waits")
    await visit.ask("hr shop/redis --with-source", "1.2.0 → 1.3.0")
    await says(row, "1.3.0")


async def test_what_is_suspended_is_left_alone_until_it_is_resumed(visit: Visit) -> None:
    row = await visit.row("infra-config", "Kustomization")
    await visit.do("Suspend")
    await says(row, "Suspended")
    await visit.ask("ks infra-config", "suspended")
    await visit.do("Resume")
    await says(row, "Ready")
    await visit.ask("ks infra-config", "unchanged")


async def test_a_slow_controller_takes_its_time_and_the_page_says_so(visit: Visit) -> None:
    group = visit.page.get_by_role("group", name="Faults of demo")
    await group.get_by_role("button", name="kustomize slow").click()
    alarm = visit.page.locator("#alarms", has_text="kustomize-controller slow, demo")
    await alarm.wait_for(timeout=LONG)
    assert visit.world.demo.flux.world.knobs.paces["kustomize-controller"] == SLOW
    await alarm.get_by_role("button", name="Lift").click()
    await visit.page.locator("#alarms .alarm").wait_for(state="detached", timeout=LONG)
    assert visit.world.demo.flux.world.knobs.paces["kustomize-controller"] == 1


async def test_the_table_is_filtered_by_words_and_by_state(visit: Visit) -> None:
    rows = visit.page.locator("tr.row:visible")
    everything = await rows.count()
    await visit.page.get_by_label("Filter objects").fill("edge kustomization shop")
    assert await rows.locator(".object__name").all_inner_texts() == ["shop-backend", "shop-frontend"]
    await visit.page.get_by_label("Filter objects").fill("")
    await visit.page.get_by_role("button", name="Suspended").click()
    assert await rows.locator(".object__name").all_inner_texts() == ["monitoring", "monitoring"]
    await visit.page.get_by_role("button", name="All").click()
    assert await rows.count() == everything
