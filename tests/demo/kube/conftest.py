"""One simulated API server, with the people and rights of the real suite's control plane."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.rights import MASTERS, User
from bot.demo.kube.site import Site
from tests.demo.kube.kubectl import Kubectl
from tests.real.access import BOT, bot_rights
from tests.real.api import api_version

ADMIN_TOKEN, BOT_TOKEN = "admin-token", "bot-token"


def new_server() -> ApiServer:
    """One that knows an administrator and the bot."""
    made = ApiServer(lambda: datetime.now(UTC), Random(7))
    made.users[ADMIN_TOKEN] = User("admin", (MASTERS,))
    made.users[BOT_TOKEN] = User(BOT, ("flux-bots",))
    for each in bot_rights():
        made.place({"apiVersion": api_version(each["kind"]), **each})
    return made


@pytest.fixture
def server() -> ApiServer:
    return new_server()


@pytest.fixture
async def site(server: ApiServer) -> AsyncIterator[Site]:
    async with Site(server) as running:
        yield running


@pytest.fixture
def kubectl(site: Site, tmp_path: Path) -> Kubectl:
    return Kubectl.at(site.url, tmp_path, {"admin": ADMIN_TOKEN, "bot": BOT_TOKEN})
