"""Pictures of the page for the documents: FLUX_BOT_TEST_PICTURES=1 writes them anew into docs/pictures."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.browser.visit import LONG, ROOT, Visit, World, visiting

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = pytest.mark.asyncio(loop_scope="module")

PICTURES: Final = "FLUX_BOT_TEST_PICTURES"
SIZE: Final = (1440, 900)
HEAVIEST: Final = 400_000
"""Bytes: documents are read over slow lines too."""


async def picture(visit: Visit, name: str, folder: Path) -> None:
    """Takes it, into the documents if they are to be written, and looks whether it is one."""
    file = (ROOT / "docs" / "pictures" if os.environ.get(PICTURES) else folder) / f"{name}.png"
    file.parent.mkdir(exist_ok=True)
    await visit.page.mouse.move(0, 0)
    await visit.page.evaluate("document.activeElement.blur()")
    await visit.page.screenshot(path=file, animations="disabled", caret="hide")
    assert 20_000 < file.stat().st_size < HEAVIEST


async def settled(visit: Visit, message: Locator) -> Locator:
    """The message's thread, once all was said in it."""
    thread = await visit.open_thread(message)
    await thread.get_by_text("conditions").first.wait_for(timeout=LONG)
    return thread


async def test_a_success_from_one_revision_to_the_next(world: World, tmp_path: Path) -> None:
    async with visiting(world, SIZE) as visit:
        done = await visit.ask("ks shop/shop-backend --with-source", "→")
        await settled(visit, done)
        await visit.page.get_by_label("Filter objects").fill("demo shop")
        await picture(visit, "success", tmp_path)


async def test_a_failure_with_its_root_cause(world: World, tmp_path: Path) -> None:
    async with visiting(world, SIZE, "dark") as visit:
        failed = await visit.ask("ks payments-ui", "payments-api")
        await settled(visit, failed)
        await visit.page.get_by_label("Filter objects").fill("demo payments")
        await visit.row("payments-ui", "Kustomization")
        await picture(visit, "failure", tmp_path)


async def test_all_half_done(world: World, tmp_path: Path) -> None:
    knobs = world.demo.flux.world.knobs
    knobs.pace = 40
    try:
        async with visiting(world, SIZE) as visit:
            message = await visit.ask("--resource all -A", "reconciling")
            await message.get_by_text(re.compile(r"▓.*\b(?:[89]|1\d) of 2\d")).wait_for(timeout=LONG)
            await picture(visit, "all", tmp_path)
    finally:
        knobs.pace = 1
