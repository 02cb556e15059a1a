"""The page's server on a workspace and a small cluster, without a bot and without a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import aiohttp
import pytest

from bot.demo.clusters import Cluster
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.knobs import Knobs
from bot.demo.flux.origins import Origins
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.rights import MASTERS, User
from bot.demo.kube.site import Site
from bot.demo.page.server import Page
from bot.demo.slack.workspace import Workspace
from tests.demo.flux.inside import Inside
from tests.demo.page.browser import Browser

TOKEN = "the-token-of-this-page"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace() as running:
        yield running


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """Nothing runs over its objects: Flux's controllers are there and stand still."""
    server, origins = ApiServer(now, Random(7)), Origins()
    server.users |= {"admin": User("admin", (MASTERS,)), "bot": User("flux-bot", (MASTERS,))}
    flux = Flux(Inside(server), origins, Knobs(), now, Random(8), Journal(now))
    async with Site(server) as site:
        yield Cluster("demo", "admin", "bot", server, site, origins, flux)


@pytest.fixture
async def page(workspace: Workspace, cluster: Cluster) -> AsyncIterator[Page]:
    async with Page(workspace, [cluster], token=TOKEN) as running:
        yield running


@pytest.fixture
async def browser(page: Page) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        yield Browser(page.url, session)
