"""The API server on HTTP: faults, and connections that end."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.faults import EXPIRED_WATCH, FAULTS, refusing
from bot.demo.kube.site import Site
from bot.demo.kube.watches import Drop
from bot.demo.loopback import Fault, HalfOpen, Rule, Slow, Status
from tests.demo.kube.asking import KUSTOMIZE, MERGE, kustomization
from tests.demo.kube.conftest import ADMIN_TOKEN

PATH = f"/as/{ADMIN_TOKEN}/apis/{KUSTOMIZE}/v1/namespaces/default/kustomizations"
STATUSES = {name: fault for name, fault in FAULTS.items() if isinstance(fault, Status)}
BROKEN = {name: fault for name, fault in FAULTS.items() if not isinstance(fault, Status | HalfOpen | Slow)}


@pytest.fixture(autouse=True)
def world(server: ApiServer) -> None:
    server.place(kustomization("a", namespace="default"))


async def patch(session: aiohttp.ClientSession, site: Site, **options: float) -> tuple[int, str]:
    timeout = aiohttp.ClientTimeout(total=options.get("timeout", 10))
    body = json.dumps({"metadata": {"annotations": {"x": "y"}}})
    async with session.patch(
        f"{site.url}{PATH}/a", data=body, headers={"Content-Type": MERGE}, timeout=timeout
    ) as answer:
        return answer.status, await answer.text()


def patched(server: ApiServer) -> bool:
    return "annotations" in (server.find("Kustomization", "default", "a") or {})["metadata"]


async def gone(server: ApiServer) -> None:
    """Returns once no watch is open any more."""
    async with asyncio.timeout(10):
        while server.open_watches:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", STATUSES)
async def test_a_status_fault_speaks_as_the_server_or_a_proxy_does(
    site: Site, server: ApiServer, session: aiohttp.ClientSession, name: str
) -> None:
    rule = site.faults.add(Rule(STATUSES[name], method="PATCH", times=1))
    status, text = await patch(session, site)
    assert (status, rule.hits, patched(server)) == (int(name), 1, False)
    if name != "502":
        told = json.loads(text)
        assert (told["kind"], told["code"], told["status"]) == ("Status", status, "Failure")
    assert (await patch(session, site))[0] == 200


async def test_too_many_requests_always_say_how_long_to_wait(site: Site, session: aiohttp.ClientSession) -> None:
    waits = []
    for fault in (refusing(429), refusing(429, 7), refusing(503, 3), refusing(503)):
        site.faults.add(Rule(fault, times=1))
        async with session.get(site.url + PATH) as answer:
            waits.append(answer.headers.get("Retry-After"))
    assert waits == ["1", "7", "3", None]


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_connection_leaves_it_open_whether_the_patch_arrived(
    site: Site, server: ApiServer, session: aiohttp.ClientSession, name: str
) -> None:
    rule = site.faults.add(Rule(BROKEN[name], method="PATCH"))
    with pytest.raises(aiohttp.ClientError):
        await patch(session, site)
    assert (rule.hits, patched(server)) == (1, name in {"reset after processing", "cut line"})


@pytest.mark.parametrize(("fault", "done"), [(HalfOpen(), False), (Slow(0.3), True)])
async def test_a_late_or_missing_answer_times_out(
    site: Site, server: ApiServer, session: aiohttp.ClientSession, fault: Fault, done: bool
) -> None:
    site.faults.add(Rule(fault, method="PATCH", times=1))
    with pytest.raises(TimeoutError):
        await patch(session, site, timeout=0.1)
    await asyncio.sleep(0.5)
    # A slow server carries out what nobody waits for any more.
    assert patched(server) is done


async def test_an_expired_watch_is_told_inside_the_stream(site: Site, session: aiohttp.ClientSession) -> None:
    site.faults.add(Rule(EXPIRED_WATCH, when=lambda asked: "watch" in asked.query))
    async with session.get(site.url + PATH, params={"watch": "1"}) as answer:
        line = json.loads(await answer.content.readline())
    assert (answer.status, line["type"], line["object"]["code"]) == (200, "ERROR", 410)


@pytest.mark.parametrize("name", ["reset after processing", "cut line"])
async def test_a_watch_is_broken_off_when_it_has_begun(
    site: Site, server: ApiServer, session: aiohttp.ClientSession, name: str
) -> None:
    rule = site.faults.add(Rule(FAULTS[name], when=lambda asked: "watch" in asked.query))
    with pytest.raises(aiohttp.ClientError):
        async with session.get(site.url + PATH, params={"watch": "1", "resourceVersion": "0"}) as answer:
            await answer.read()
    # The client may have asked once more by itself.
    assert rule.hits >= 1
    await gone(server)


@pytest.mark.parametrize("how", list(Drop))
async def test_lost_watches_look_lost_on_the_wire(
    site: Site, server: ApiServer, session: aiohttp.ClientSession, how: Drop
) -> None:
    async with session.get(site.url + PATH, params={"watch": "1"}) as answer:
        assert json.loads(await answer.content.readline())["type"] == "ADDED"
        server.drop_watches(how)
        if how is Drop.CLOSE:
            assert await answer.content.read() == b""
        else:
            with pytest.raises(aiohttp.ClientError):
                await answer.content.read()


async def test_a_client_that_has_hung_up_is_noticed(
    site: Site, server: ApiServer, session: aiohttp.ClientSession
) -> None:
    async with session.get(site.url + PATH, params={"watch": "1"}) as answer:
        await answer.content.readline()
        assert server.open_watches == 1
        answer.close()
    await gone(server)


async def test_it_stops_at_once_although_watches_are_open(server: ApiServer, session: aiohttp.ClientSession) -> None:
    clock = asyncio.get_running_loop()
    site = Site(server)
    await site.start()
    async with session.get(site.url + PATH, params={"watch": "1"}) as answer:
        await answer.content.readline()
        began = clock.time()
        await site.stop()
        assert clock.time() - began < 0.9
        assert await answer.content.read() == b""
    assert server.open_watches == 0
