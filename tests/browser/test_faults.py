"""What may go wrong, switched on and lifted on the page: its state is visible, and the bot comes through."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.visit import LONG, Visit

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def begin(visit: Visit, where: str, name: str) -> Locator:
    """Switches a fault on and answers its alarm."""
    switch = visit.page.get_by_role("group", name=f"Faults of {where}").get_by_role("button", name=name)
    await switch.click()
    alarm = visit.page.locator("#alarms .alarm", has_text=name)
    await alarm.wait_for(timeout=LONG)
    assert await switch.get_attribute("aria-pressed") == "true"
    return alarm


async def lift(alarm: Locator) -> None:
    await alarm.get_by_role("button", name="Lift").click()
    await alarm.wait_for(state="detached", timeout=LONG)


async def hits(visit: Visit, where: str) -> None:
    """Until the page says that the fault has spoiled a call."""
    group = visit.page.get_by_role("group", name=f"Faults of {where}")
    await group.get_by_text(re.compile(r"^[1-9]\d* hit")).wait_for(timeout=LONG)


async def test_while_slack_answers_429_nothing_is_lost(visit: Visit) -> None:
    alarm = await begin(visit, "Slack", "Slack answers 429")
    before = await visit.page.locator("#log .message").count()
    await visit.say("/flux-reconcile ks infra")
    await hits(visit, "Slack")
    assert await visit.page.locator("#log .message").count() == before
    await lift(alarm)
    await visit.page.locator("#log .message", has_text="infra").get_by_text("unchanged").wait_for(timeout=LONG)


async def test_while_slack_is_down_people_are_told_and_then_it_works_again(visit: Visit) -> None:
    alarm = await begin(visit, "Slack", "Slack down")
    await visit.page.locator("#alarms", has_text="The bot is not connected").wait_for(timeout=LONG)
    await visit.ask("ks infra", "dispatch_failed")
    await lift(alarm)
    await visit.page.locator("#alarms .alarm").wait_for(state="detached", timeout=LONG)
    await visit.ask("ks apps", "unchanged")


async def test_while_the_api_server_is_down_the_bot_says_so(visit: Visit) -> None:
    alarm = await begin(visit, "demo", "API server down")
    answer = await visit.ask("ks infra-config", "demo")
    await answer.get_by_text("cluster unreachable").wait_for(timeout=LONG)
    await lift(alarm)
    await asyncio.sleep(2)
    await visit.ask("ks my-app", "unchanged")


async def test_without_its_watch_the_bot_does_not_guess(visit: Visit) -> None:
    alarm = await begin(visit, "demo", "Drop the watch")
    answer = await visit.ask("ks shop/shop-frontend", "shop-frontend")
    await hits(visit, "demo")
    await asyncio.sleep(2)
    assert "unchanged" not in await answer.inner_text(), "nobody saw how it ended"
    await lift(alarm)
    await answer.get_by_text("unchanged").wait_for(timeout=LONG)
