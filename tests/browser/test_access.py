"""The page for everybody: axe-core finds nothing, the keyboard is enough, nothing is wider than its box."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest

from bot.demo.slack.modals import View
from bot.demo.slack.workspace import Workspace
from bot.demo.slack.world import BOT_TOKEN, PLATFORM, SRE
from tests.browser.visit import LONG, PHONE, WIDE, Visit, World, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]


def text(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def option(words: str) -> Json:
    return {"text": text(words), "value": words}


MODAL: Final[Json] = {
    "type": "modal",
    "title": text("Suspend an object"),
    "submit": text("Suspend"),
    "close": text("Leave it"),
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*ks/flux-system/apps* would stand still."}},
        {
            "type": "input",
            "block_id": "why",
            "label": text("Why"),
            "hint": text("Everybody in the channel reads it"),
            "element": {"type": "plain_text_input", "action_id": "why", "placeholder": text("A migration")},
        },
        {
            "type": "input",
            "block_id": "until",
            "label": text("Until"),
            "optional": True,
            "element": {
                "type": "static_select",
                "action_id": "until",
                "placeholder": text("No end"),
                "options": [option("an hour"), option("a day")],
            },
        },
        {
            "type": "actions",
            "block_id": "more",
            "elements": [
                {"type": "overflow", "action_id": "more", "options": [option("Show it"), option("Its history")]},
                {"type": "button", "action_id": "look", "text": text("Look")},
            ],
        },
    ],
}
ASKING: Final[list[Json]] = [
    {
        "type": "actions",
        "block_id": "sure",
        "elements": [
            {
                "type": "button",
                "action_id": "force",
                "style": "danger",
                "text": text("Force it"),
                "confirm": {
                    "title": text("Are you sure?"),
                    "text": {"type": "mrkdwn", "text": "It *replaces* what stands there."},
                    "confirm": text("Force it now"),
                    "deny": text("Not now"),
                },
            },
            {
                "type": "static_select",
                "action_id": "which",
                "placeholder": text("Which one"),
                "options": [option("apps"), option("infra")],
            },
            {"type": "overflow", "action_id": "rest", "options": [option("History"), option("Events")]},
        ],
    },
    {"type": "table", "rows": [[{"type": "raw_text", "text": word} for word in ("name", "state")]]},
]


async def call(workspace: Workspace, method: str, body: Json) -> Json:
    """A call of Slack's Web API as the bot makes them."""
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{workspace.api_url}{method}", json=body, headers=headers) as response,
    ):
        answer: Json = await response.json()
    assert answer["ok"], json.dumps(answer)
    return answer


def last_action(workspace: Workspace) -> Json:
    """What the bot was told last that somebody did."""
    told: Json = dict(workspace.deliveries[-1].payload)
    (action,) = told["actions"]
    return dict(action)


async def open_modal(workspace: Workspace) -> View:
    trigger = workspace.site.triggers.issue(SRE)
    await call(workspace, "views.open", {"trigger_id": trigger, "view": MODAL})
    return workspace.views_of(SRE)[-1]


@asynccontextmanager
async def modal(visit: Visit) -> AsyncIterator[View]:
    """A modal on the page, as far as it was not sent off meanwhile."""
    workspace = visit.world.workspace
    view = await open_modal(workspace)
    await visit.page.locator("dialog[open]").wait_for(timeout=LONG)
    yield view
    for each in workspace.views_of(SRE):
        workspace.site.views.close(each)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_axe_finds_nothing(world: World, size: tuple[int, int], theme: str) -> None:
    async with visiting(world, size, theme) as visit:
        failed = await visit.ask("ks broken-build", "BuildFailed")
        await call(world.workspace, "chat.postMessage", {"channel": PLATFORM, "text": "x", "blocks": ASKING})
        await visit.say("/flux-reconcile help")
        await visit.page.locator("#log .message--private").last.wait_for(timeout=LONG)
        found = {"channel": await visit.breaches()}
        await visit.open_thread(failed)
        found["thread"] = await visit.breaches()
        async with modal(visit):
            found["modal"] = await visit.breaches()
        await visit.page.locator("dialog[open]").wait_for(state="detached", timeout=LONG)
        if size == PHONE:
            for place in ("#/", "#/clusters"):
                await visit.page.evaluate("(place) => { location.hash = place; }", place)
                await visit.page.wait_for_timeout(100)
                found[place] = await visit.breaches()
        else:
            await visit.row("my-app", "Kustomization")
            await visit.box.press_sequentially("/flux-reconcile ks ")
            found["completing"] = await visit.breaches()
            await visit.box.fill("")
    assert {place: breaches for place, breaches in found.items() if breaches} == {}


@pytest.mark.parametrize("size", [WIDE, (1024, 768), PHONE, (320, 640)], ids=["wide", "middle", "phone", "small"])
async def test_nothing_is_wider_than_its_box(world: World, size: tuple[int, int]) -> None:
    async with visiting(world, size) as visit:
        failed = await visit.ask("ks broken-build", "BuildFailed")
        found = [await _cut_off(visit)]
        await visit.open_thread(failed)
        found.append(await _cut_off(visit))
        for place in ("#/", "#/clusters"):
            await visit.page.evaluate("(place) => { location.hash = place; }", place)
            await visit.page.wait_for_timeout(100)
            found.append(await _cut_off(visit))
    assert found == [[]] * 4


async def _cut_off(visit: Visit) -> list[str]:
    """What stands out of the window, or out of a box that does not scroll sideways."""
    found: list[str] = await visit.page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((each) => {
             if (!each.checkVisibility() || each.closest(".hidden, .skips, .table-wrap, .bar__alarms")) return false;
             const { left, right, width } = each.getBoundingClientRect();
             const inside = each.scrollWidth - each.clientWidth;
             const hides = getComputedStyle(each).textOverflow === "ellipsis";
             if (getComputedStyle(each).clipPath !== "none") return false;
             return width > 0 && (left < -1 || right > innerWidth + 1 || (each.clientWidth > 0 && inside > 1 && !hides
               && getComputedStyle(each).display !== "inline"));
           }).map((each) => `${each.tagName} ${each.className}: ${each.textContent.slice(0, 60)}`)"""
    )
    return found


async def test_the_keyboard_alone_is_enough(visit: Visit) -> None:
    page, keys = visit.page, visit.page.keyboard
    await keys.press("Tab")
    assert await _focused(visit) == "Messages"
    await keys.press("Tab")
    await keys.press("Enter")
    assert await _focused(visit) == "Message #platform"

    await keys.type("/flux-reconcile ks broken-build")
    await keys.press("Escape")
    await keys.press("Enter")
    message = page.locator("#log .message", has_text="BuildFailed").last
    await message.locator(".thread-link").wait_for(timeout=LONG)
    await _shift_tab_to(visit, "replies")
    await keys.press("Enter")
    await page.locator("#thread").wait_for(timeout=LONG)
    assert await _focused(visit) == "Thread"
    await keys.press("Escape")
    await page.locator("#thread").wait_for(state="hidden", timeout=LONG)
    await page.wait_for_timeout(100)
    assert "replies" in await _focused(visit), "the focus is back where the thread was opened"

    await _shift_tab_to(visit, "Details")
    await keys.press("Enter")
    await page.locator("#log .message--private").last.wait_for(timeout=LONG)


async def _focused(visit: Visit) -> str:
    said: str = await visit.page.evaluate(
        "() => document.activeElement.ariaLabel ?? document.activeElement.textContent"
    )
    return said


async def _shift_tab_to(visit: Visit, words: str) -> None:
    for _ in range(60):
        if words in await _focused(visit):
            return
        await visit.page.keyboard.press("Shift+Tab")
    raise AssertionError(f"{words} is not to be reached, but {await _focused(visit)}")


async def test_the_focus_is_visible_wherever_it_is(visit: Visit) -> None:
    await visit.ask("ks broken-build", "BuildFailed")
    await visit.page.evaluate("document.activeElement.blur()")
    invisible = []
    for _ in range(45):
        await visit.page.keyboard.press("Tab")
        said = await visit.page.evaluate(
            """() => {
              const at = document.activeElement, style = getComputedStyle(at);
              const around = at.matches("textarea") ? getComputedStyle(at.parentElement).boxShadow : "none";
              return style.outlineStyle !== "none" || around !== "none" ? null : at.outerHTML.slice(0, 120);
            }"""
        )
        if said is not None and not said.startswith("<body"):
            invisible.append(said)
    assert invisible == []


async def test_a_button_that_asks_first_is_pressed_only_when_that_is_confirmed(visit: Visit) -> None:
    workspace = visit.world.workspace
    answer = await call(workspace, "chat.postMessage", {"channel": PLATFORM, "text": "x", "blocks": ASKING})
    message = visit.message(answer["ts"])
    presses = [len(workspace.deliveries)]
    await message.get_by_role("button", name="Force it").click(timeout=LONG)
    await visit.page.keyboard.press("Escape")
    await visit.page.locator("dialog[open]").wait_for(state="detached", timeout=LONG)
    presses.append(len(workspace.deliveries))
    await message.get_by_role("button", name="Force it").click()
    await visit.page.get_by_role("button", name="Force it now").click()
    await workspace.wait_for(lambda: len(workspace.deliveries) > presses[0])
    assert presses[0] == presses[1]
    assert last_action(workspace)["action_id"] == "force"


async def test_menus_of_a_message_tell_the_bot_what_was_chosen(visit: Visit) -> None:
    workspace = visit.world.workspace
    answer = await call(workspace, "chat.postMessage", {"channel": PLATFORM, "text": "x", "blocks": ASKING})
    message = visit.message(answer["ts"])
    known = len(workspace.deliveries)
    await message.get_by_label("Which one").select_option("infra", timeout=LONG)
    await workspace.wait_for(lambda: len(workspace.deliveries) > known)
    assert last_action(workspace)["selected_option"] == option("infra")

    await message.get_by_role("button", name="More").click()
    await visit.page.keyboard.press("ArrowDown")
    await visit.page.keyboard.press("Enter")
    await workspace.wait_for(lambda: len(workspace.deliveries) > known + 1)
    assert last_action(workspace)["selected_option"] == option("Events")


async def test_a_modal_keeps_the_focus_and_sends_off_what_was_filled_in(visit: Visit) -> None:
    workspace, page = visit.world.workspace, visit.page
    await visit.box.focus()
    async with modal(visit) as view:
        inside = []
        for _ in range(12):
            await page.keyboard.press("Tab")
            inside.append(
                await page.evaluate("() => document.activeElement.closest('dialog, body') !== document.body")
            )
        # The browser's own frame may come between the last and the first one.
        assert inside.count(False) <= 2
        await page.get_by_label("Why").fill("a migration")
        await page.get_by_label("Until").select_option("a day")
        known = len(workspace.deliveries)
        await page.get_by_role("button", name="Suspend", exact=True).click()
        await workspace.wait_for(lambda: len(workspace.deliveries) > known)
        sent: Json = dict(workspace.deliveries[-1].payload)
        assert (sent["type"], sent["view"]["id"]) == ("view_submission", view.id)
        values = sent["view"]["state"]["values"]
        assert values["why"]["why"] == {"type": "plain_text_input", "value": "a migration"}
        assert values["until"]["until"] == {"type": "static_select", "selected_option": option("a day")}
    await page.locator("dialog[open]").wait_for(state="detached", timeout=LONG)
    assert await _focused(visit) == "Message #platform"


async def test_escape_closes_a_modal(visit: Visit) -> None:
    async with modal(visit):
        await visit.page.keyboard.press("Escape")
        await visit.page.locator("dialog[open]").wait_for(state="detached", timeout=LONG)
        assert visit.world.workspace.views_of(SRE) == ()


async def test_on_a_phone_there_is_one_pane_at_a_time_and_a_way_back(world: World) -> None:
    async with visiting(world, PHONE) as visit:
        panes = visit.page.locator("#side:visible, #talk:visible, #thread:visible, #clusters:visible")

        async def shown() -> str | None:
            assert await panes.count() == 1
            return await panes.get_attribute("id")

        failed = await visit.ask("ks broken-build", "BuildFailed")
        assert await shown() == "talk"
        await visit.open_thread(failed)
        assert await shown() == "thread"
        await visit.page.get_by_role("button", name="Back to the channel", exact=True).click()
        await visit.page.locator("#talk").wait_for()
        assert await shown() == "talk"
        await visit.page.get_by_role("button", name="Back to the channels").click()
        await visit.page.locator("#side").wait_for()
        assert await shown() == "side"
        await visit.go("random")
        assert await shown() == "talk"
        await visit.page.get_by_role("button", name="Clusters").click()
        await visit.page.locator("#clusters").wait_for()
        assert await shown() == "clusters"
        await visit.page.go_back()
        await visit.page.locator("#talk").wait_for()
        assert await shown() == "talk"


async def test_the_theme_is_the_systems_until_one_chooses(world: World) -> None:
    async with visiting(world, theme="dark") as visit:
        ground = "() => getComputedStyle(document.body).backgroundColor"
        dark = await visit.page.evaluate(ground)
        await visit.page.get_by_role("button", name="Light theme").click()
        light = await visit.page.evaluate(ground)
        assert (dark, light) == ("rgb(23, 26, 33)", "rgb(255, 255, 255)")
        await visit.page.reload()
        assert await visit.page.evaluate(ground) == light


async def test_the_browser_keeps_to_the_policy(visit: Visit) -> None:
    """Whatever got into the page could neither run, nor load, nor tell."""
    page = visit.page
    refused = await page.evaluate(
        """async () => {
          const found = [];
          const tried = { html: () => { document.body.innerHTML = "<b>x</b>"; },
                          script: () => { document.createElement("script").textContent = "window.ran = 1"; },
                          style: () => { document.body.setAttribute("style", "opacity: 0.1"); } };
          for (const [name, attempt] of Object.entries(tried)) {
            try { attempt(); } catch { found.push(name); }
          }
          if (getComputedStyle(document.body).opacity === "1") found.push("style");
          await fetch("http://127.0.0.1:9/").catch(() => found.push("fetch"));
          const image = new Image();
          const loaded = new Promise((done) => { image.onerror = image.onload = done; });
          image.src = "https://example.com/x.png";
          await loaded;
          if (!image.naturalWidth) found.push("image");
          return [found, window.ran ?? null];
        }"""
    )
    assert refused == [["html", "script", "style", "fetch", "image"], None]
    assert any("violates the following" in each for each in visit.complaints), "it was the policy"
    visit.complaints.clear()
