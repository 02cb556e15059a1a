"""Somebody in front of the page: types, presses, looks. Nothing may end up in the browser's console meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from bot.demo.clusters import Cluster
from bot.demo.page.server import Page as Server
from bot.demo.run import Stage
from bot.demo.slack.workspace import Workspace

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / ".axe" / "node_modules" / "axe-core" / "axe.min.js"
LONG: Final = 30_000
"""Milliseconds in which anything here must have come about."""
WIDE: Final = (1440, 900)
PHONE: Final = (390, 844)


@dataclass(frozen=True, slots=True)
class World:
    """The browser, the demo, and its page's server."""

    browser: Browser
    stage: Stage
    server: Server

    @property
    def workspace(self) -> Workspace:
        return self.stage.talk.workspace

    @property
    def demo(self) -> Cluster:
        """The cluster of that name."""
        return self.stage.ground.simulated[0]


@dataclass(slots=True)
class Visit:
    """One page in a browser."""

    world: World
    page: Page
    complaints: list[str] = field(default_factory=list)
    """What the console said."""

    @property
    def box(self) -> Locator:
        return self.page.locator("#box textarea")

    async def say(self, text: str) -> None:
        """Types it as if by hand and sends it."""
        await self.box.click()
        await self.box.press_sequentially(text)
        await self.box.press("Escape")
        await self.box.press("Enter")

    async def ask(self, command: str, answer: str) -> Locator:
        """Sends a command and waits for a new message in the channel that says this."""
        before = {await each.get_attribute("data-ts") for each in await self.page.locator("#log .message").all()}
        await self.say(f"/flux-reconcile {command}")
        try:
            handle = await self.page.wait_for_function(
                """([before, words]) => [...document.querySelectorAll("#log .message")].find(
                     (each) => !before.includes(each.dataset.ts) && each.textContent.includes(words))?.dataset.ts""",
                arg=[sorted(filter(None, before)), answer],
                timeout=LONG,
            )
        except Exception as error:
            seen = await self.page.locator("#log").inner_text()
            raise AssertionError(f"no answer with {answer!r} to {command}, but:\n{seen}") from error
        return self.message(str(await handle.json_value()))

    def message(self, ts: str) -> Locator:
        return self.page.locator(f'#log .message[data-ts="{ts}"]')

    async def open_thread(self, message: Locator) -> Locator:
        """The thread's pane."""
        await message.locator(".thread-link").click(timeout=LONG)
        pane = self.page.locator("#thread")
        await pane.wait_for(timeout=LONG)
        return pane

    async def become(self, person: str) -> None:
        await self.page.locator("#who").select_option(person)
        await self.page.wait_for_function("(name) => document.querySelector('#who').value === name", arg=person)
        await self.page.wait_for_timeout(200)

    async def go(self, channel: str) -> None:
        await self.page.locator("#side").get_by_role("link", name=channel).click()
        await self.page.locator("#talk-title").get_by_text(channel, exact=True).wait_for(timeout=LONG)

    async def row(self, name: str, kind: str, cluster: str = "demo") -> Locator:
        """The row of an object, opened."""
        found = self.page.locator(f'tbody[data-cluster="{cluster}"] tr.row', has_text=name).filter(has_text=kind)
        button = found.locator(".object").first
        if await button.get_attribute("aria-expanded") == "false":
            await button.click()
        return found.first

    async def do(self, what: str) -> None:
        """Presses a button of the opened row."""
        await self.page.locator("tr.more").get_by_role("button", name=what, exact=True).click()

    async def breaches(self) -> list[str]:
        """What axe-core finds, one line each; the test is skipped where it is missing."""
        if not AXE.exists():
            pytest.skip("axe-core is missing: npm install --no-save axe-core@4.14.1 --prefix .axe")
        # The source is evaluated, since the page's policy lets no script in.
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: Any = await self.page.evaluate("axe.run()")
        assert len(found["passes"]) > 10, "axe has looked at something"
        return [
            f"{each['id']}: {each['help']}: {node['html'][:200]} {node.get('failureSummary', '')}"
            for each in found["violations"]
            for node in each["nodes"]
        ]


@asynccontextmanager
async def visiting(
    world: World, size: tuple[int, int] = WIDE, theme: str = "light", *, opened: str = "", touch: bool = False
) -> AsyncIterator[Visit]:
    """A page of that size in that theme; `opened` is a place on it such as `#/clusters`."""
    context = await world.browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        timezone_id="UTC",
        locale="en-GB",
        has_touch=touch,
    )
    page = await context.new_page()
    visit = Visit(world, page)
    page.on("console", lambda said: visit.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    try:
        await page.goto(f"{world.server.url}{opened}")
        await page.locator("tr.row").first.wait_for(timeout=LONG, state="attached")
        yield visit
        assert visit.complaints == []
    finally:
        await context.close()
