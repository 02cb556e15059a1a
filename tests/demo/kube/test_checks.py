"""Our API server passes the checks that the real one passes (tests/real/test_api_checks.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
import pytest

from bot.demo.kube.site import Site
from tests.demo.kube.asking import Caller, fresh_namespace
from tests.demo.kube.checks import CHECKS, Check, Ground
from tests.demo.kube.conftest import ADMIN_TOKEN, BOT_TOKEN, new_server

Outcomes = Mapping[str, BaseException | None]
"""From a check's name to what it complained about."""


async def _put(check: Check, url: str, session: aiohttp.ClientSession) -> None:
    namespace = fresh_namespace()
    admin = Caller(session, url, ADMIN_TOKEN, True, namespace)
    wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    assert (await admin.post("/api/v1/namespaces", wanted)).status == 201
    await check(Ground(admin, Caller(session, url, BOT_TOKEN, True, namespace)))


async def _put_all() -> Outcomes:
    async with Site(new_server()) as site, aiohttp.ClientSession() as session:
        answers = await asyncio.gather(*(_put(check, site.url, session) for check in CHECKS), return_exceptions=True)
    return {check.__name__: answer for check, answer in zip(CHECKS, answers, strict=True)}


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """All checks at once, on one server: most of their time they wait for a watch to end."""
    return asyncio.run(_put_all())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_simulator_answers_as_the_real_server_does(check: Check, outcomes: Outcomes) -> None:
    complaint = outcomes[check.__name__]
    if complaint is not None:
        raise complaint
