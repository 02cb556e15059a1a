"""The page as people use it: type a command, watch its thread, press a button, be somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.page.server import Page as Server
from tests.browser.visit import LONG, Visit

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def shows(place: Locator, words: str) -> None:
    await place.get_by_text(words).first.wait_for(timeout=LONG)


async def test_a_command_is_followed_in_its_thread_retried_and_refused_to_somebody_else(visit: Visit) -> None:
    failed = await visit.ask("ks broken-build", "BuildFailed")
    thread = await visit.open_thread(failed)
    await shows(thread, "events since the request")
    await shows(thread, "2 replies")

    await failed.get_by_role("button", name="Retry").click()
    again = visit.page.locator("#log .message", has_text="BuildFailed").nth(1)
    await again.wait_for(timeout=LONG)
    await shows(again, "asked by @sre")

    await visit.become("dev")
    assert await visit.page.locator("#side").get_by_text("flux-audit").count() == 0
    refused = await visit.ask("ks broken-build", "refused")
    await shows(refused, "Only visible to you")
    await shows(refused, "You are not named in it".lower())

    await visit.become("sre")
    await shows(visit.page.locator("#side"), "flux-audit")
    await visit.page.locator("#log .message", has_text="BuildFailed").first.wait_for()
    assert await visit.page.locator("#log .message", has_text="refused").count() == 0


async def test_the_three_commands_of_the_first_page_work_as_typed(visit: Visit) -> None:
    app = await visit.ask("--resource kustomization --name my-app", "my-app at")
    await shows(app, "unchanged")
    release = await visit.ask("--resource helmrelease --name nginx --with-source", "1.0.0 → 1.1.0")
    await shows(release, "done")


async def test_what_is_new_elsewhere_is_marked_until_it_is_read(visit: Visit) -> None:
    visit.world.workspace.say("dev", "random", "lunch?")
    unread = visit.page.locator("#side .side__channel--new", has_text="random")
    await unread.wait_for(timeout=LONG)
    visit.world.workspace.say("dev", "lobby", f"<@{visit.world.workspace.roster.person('sre').id}> look")
    await shows(visit.page.locator("#side .side__channel--new", has_text="lobby"), "1 for you")
    assert (await visit.page.title()).startswith("(1) ")

    await visit.go("random")
    await shows(visit.page.locator("#log"), "lunch?")
    await visit.go("lobby")
    await visit.go("platform")
    assert await visit.page.locator("#side .side__channel--new", has_text="lobby").count() == 0
    assert await unread.count() == 0


async def test_the_box_completes_the_command_with_names_of_real_objects(visit: Visit) -> None:
    suggestions = visit.page.locator("#box [role=option]")
    await visit.box.press_sequentially("/fl")
    await visit.box.press("Tab")
    assert await visit.box.input_value() == "/flux-reconcile "
    await visit.box.press_sequentially("hr no")
    assert await suggestions.count() == 0
    await visit.box.press("Backspace")
    await visit.box.press("Backspace")
    offered = await suggestions.locator(".suggestion__text").all_inner_texts()
    assert offered == ["flux-system/nginx", "observability/loki", "shop/podinfo", "shop/redis"]
    await visit.box.press("ArrowUp")
    await visit.box.press("Enter")
    assert await visit.box.input_value() == "/flux-reconcile hr shop/redis "
    await visit.box.press_sequentially("--wi")
    await visit.box.press("Tab")
    assert await visit.box.input_value() == "/flux-reconcile hr shop/redis --with-source "
    await visit.box.fill("")


async def test_arrow_up_brings_back_what_was_typed_before(visit: Visit) -> None:
    await visit.say("first")
    await visit.say("second")
    await shows(visit.page.locator("#log"), "second")
    await visit.box.press("ArrowUp")
    assert await visit.box.input_value() == "second"
    await visit.box.press("ArrowUp")
    assert await visit.box.input_value() == "first"
    await visit.box.press("ArrowDown")
    await visit.box.press("ArrowDown")
    assert await visit.box.input_value() == ""


async def test_what_slack_does_not_let_one_do_is_said_and_not_done(visit: Visit) -> None:
    said = visit.page.locator("#toast")
    await visit.say("/deploy everything")
    await shows(said, "/deploy is no command of this workspace")
    assert await visit.box.input_value() == "/deploy everything", "nothing that was typed is lost"
    await visit.box.fill("")
    await visit.go("old-project")
    await shows(visit.page.locator("#box"), "old-project is archived")


async def test_links_lead_to_messages_of_the_workspace(visit: Visit) -> None:
    await visit.ask("ks infra", "unchanged")
    await visit.go("flux-audit")
    link = visit.page.locator("#log a", has_text="↗").last
    await link.click(timeout=LONG)
    await shows(visit.page.locator("#talk-title"), "platform")
    await shows(visit.page.locator("#thread"), "infra")


async def test_the_page_lives_through_a_reload(visit: Visit) -> None:
    await visit.become("dev")
    await visit.go("team-shop")
    await visit.page.reload()
    await visit.page.locator("tr.row").first.wait_for(timeout=LONG)
    assert await visit.page.locator("#who").input_value() == "dev"
    await shows(visit.page.locator("#talk-title"), "team-shop")


async def test_a_demo_that_has_ended_is_told(visit: Visit) -> None:
    async with Server(visit.world.workspace) as other:
        await visit.page.goto(other.url)
        await shows(visit.page.locator("#side"), "random")
    await shows(visit.page.locator("#alarms"), "The demo does not answer")
    await visit.say("hello")
    await shows(visit.page.locator("#toast"), "It may have ended")
    assert await visit.box.input_value() == "hello"
    visit.complaints.clear()
