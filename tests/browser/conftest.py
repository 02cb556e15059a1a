"""The demo in a headless Chromium: one world and one browser for each module, a fresh page for each test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import pytest_asyncio

from bot.demo.options import Demo
from bot.demo.run import paged, staged
from tests.browser.visit import Visit, World, visiting
from tests.conftest import quieted_no_longer

if TYPE_CHECKING:
    from playwright.async_api import Browser

_QUIET: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    executable = shutil.which("chromium")
    if find_spec("playwright") is None:
        pytest.skip("Playwright is missing: pip install -c constraints.txt -e '.[dev,browser]'")
    if executable is None:
        pytest.skip("chromium is missing: apt-get install chromium")
    from playwright.async_api import async_playwright  # noqa: PLC0415 - it may be missing

    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=executable, headless=True, args=list(_QUIET))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(chromium: Browser) -> AsyncIterator[World]:
    """The whole demo. It asks for the browser so that nothing is built where none is."""
    demo = Demo()
    with quieted_no_longer():
        async with staged(demo) as stage, paged(demo, stage) as page:
            assert await stage.talk.connected()
            yield World(chromium, stage, page)


@pytest_asyncio.fixture(loop_scope="module")
async def visit(world: World) -> AsyncIterator[Visit]:
    """A wide page, as sre in platform."""
    async with visiting(world) as opened:
        yield opened
