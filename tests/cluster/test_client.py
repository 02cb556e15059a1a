"""Calls: time limits, patience, what a refusal becomes, and what is really sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cluster.calls import WRITE_SECONDS, Call, resource_path
from bot.cluster.client import Api
from bot.cluster.credentials import ClusterSpec
from bot.cluster.errors import Conflict, Expired, Missing, Silent, Status, StatusDetails, clean, from_status
from bot.core.errors import ClusterError, Forbidden, Overloaded, Rejected, Unauthorized, Unreachable
from tests.cluster.shapes import drive, eventually, through
from tests.fakes.api_server import KS, Answer, ApiServer, Fault, status
from tests.fakes.clock import FakeClock
from tests.fakes.telemetry import FakeTelemetry

GET = Call("GET", KS, "list kustomizations")
PATCH = Call("PATCH", f"{KS}/apps", "patch kustomizations", body={"metadata": {}}, seconds=WRITE_SECONDS)


async def settled(clock: FakeClock, task: asyncio.Task[bytes]) -> bytes | ClusterError:
    """How a call ends, the clock moved along."""
    await drive(clock, task.done, within=60)
    try:
        return await task
    except ClusterError as error:
        return error


async def test_a_read_sends_our_credentials_and_names_us(api: Api, server: ApiServer) -> None:
    await api.get(GET)
    sent = server.asked[0].headers
    assert (sent["Authorization"], sent["User-Agent"], sent["Accept"]) == (
        "Bearer sesame",
        "flux-reconcile-bot",
        "application/json",
    )


async def test_a_patch_is_a_merge_patch_and_201_is_as_good_as_200(api: Api, server: ApiServer) -> None:
    for code in (200, 201):
        server.on(f"{KS}/apps", Answer(code, {"answered": code}), method="PATCH")
        assert await api.patch(PATCH) == b'{"answered": %d}' % code
    sent = server.requests(f"{KS}/apps", method="PATCH")[0]
    assert (sent.headers["Content-Type"], sent.body) == ("application/merge-patch+json", b'{"metadata": {}}')


async def test_gzip_is_asked_for_outside_the_cluster_and_where_it_is_wished(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    for compress in (None, True, False):
        api = Api(replace(spec, compress=compress), clock, telemetry)
        await api.get(GET)
        await api.close()
    assert ["gzip" in each.headers["Accept-Encoding"] for each in server.asked] == [True, True, False]
    assert ClusterSpec("here", in_cluster=True).compressed is False


async def test_the_environments_proxy_is_not_ours(
    api: Api, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")
    await api.get(GET)
    assert len(server.asked) == 1


async def test_a_proxy_that_is_given_is_used(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    proxy = ApiServer()
    proxy.on(KS, Answer(200, {"through": "the proxy"}))
    async with proxy.running():
        api = Api(replace(spec, proxy=proxy.url), clock, telemetry)
        assert await api.get(GET) == b'{"through": "the proxy"}'
        await api.close()
    assert server.asked == []


async def test_each_status_becomes_the_error_it_means(api: Api, server: ApiServer, clock: FakeClock) -> None:
    expected: dict[int, type[ClusterError]] = {
        400: Rejected,
        403: Forbidden,
        404: Missing,
        409: Conflict,
        410: Expired,
        422: Rejected,
        429: Overloaded,
        500: Overloaded,
        503: Overloaded,
        504: Overloaded,
    }
    found = {}
    for code in expected:
        server.on(KS, status(code, f"because {code}"))
        error = await settled(clock, asyncio.create_task(api.get(GET)))
        assert str(error) == f"prod: because {code}"
        found[code] = type(error)
    assert found == expected


async def test_forbidden_names_what_is_missing(api: Api, server: ApiServer) -> None:
    server.on(KS, status(403, 'kustomizations is forbidden: User "bot" cannot list'))
    with pytest.raises(Forbidden) as caught:
        await api.get(GET)
    assert caught.value.missing == "list kustomizations"


async def test_a_servers_sentence_is_one_clean_line_of_256_characters(api: Api, server: ApiServer) -> None:
    server.on(KS, status(409, "a\nb\x1b[31m\u2028" + "x" * 1000))
    with pytest.raises(Rejected) as caught:
        await api.get(GET)
    sentence = str(caught.value).removeprefix("prod: ")
    assert (len(sentence), sentence[:9], sentence[-1]) == (256, "a b [31m ", "…")


async def test_a_body_that_is_no_status_is_never_shown(api: Api, server: ApiServer, clock: FakeClock) -> None:
    for body in (
        b"<html>secret</html>",
        {"kind": "Secret", "message": "secret"},
        b"",
        {"kind": "Status", "message": 7},
    ):
        server.on(KS, Answer(409, body))
        with pytest.raises(Rejected, match=r"^prod: the API server answered 409 to `list kustomizations`$"):
            await through(clock, api.get(GET))


async def test_a_server_that_is_too_busy_is_asked_again_when_it_said(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(KS, status(429, "too many", retry_after=2), Answer(200, {"kind": "List"}))
    task = asyncio.create_task(api.get(GET))
    await eventually(lambda: len(server.asked) == 1)
    for _ in range(3):
        await clock.advance(0.5)
    assert len(server.asked) == 1
    assert await settled(clock, task) == b'{"kind": "List"}'
    assert len(server.asked) == 2


async def test_patience_that_would_last_longer_than_the_call_is_told_at_once(api: Api, server: ApiServer) -> None:
    server.on(KS, status(429, "too many", retry_after=30))
    with pytest.raises(Overloaded) as caught:
        await api.get(GET)
    assert (caught.value.retry_after, len(server.asked)) == (30.0, 1)


async def test_a_server_that_stays_broken_is_given_up_after_four_tries(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(KS, status(503, "not ready"))
    assert isinstance(await settled(clock, asyncio.create_task(api.get(GET))), Overloaded)
    assert len(server.asked) == 4


async def test_a_patch_that_the_server_gave_up_on_may_have_arrived(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    for code, kind, tries in ((429, Overloaded, 4), (500, Unreachable, 1), (504, Unreachable, 1), (422, Rejected, 1)):
        server.asked.clear()
        server.on(f"{KS}/apps", status(code, "etcdserver: request timed out"), method="PATCH")
        error = await settled(clock, asyncio.create_task(api.patch(PATCH)))
        assert (type(error), len(server.asked)) == (kind, tries), code


async def test_a_patch_that_met_somebody_elses_write_is_sent_again(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(f"{KS}/apps", status(409, "the object has been modified"), Answer(200, {}), method="PATCH")
    assert await settled(clock, asyncio.create_task(api.patch(PATCH))) == b"{}"
    server.on(f"{KS}/apps", status(409, "the object has been modified"), method="PATCH")
    assert isinstance(await settled(clock, asyncio.create_task(api.patch(PATCH))), Conflict)
    assert len(server.asked) == 2 + 4


async def test_a_patch_whose_connection_breaks_is_not_sent_twice(api: Api, server: ApiServer) -> None:
    server.on(f"{KS}/apps", Fault.RESET, method="PATCH")
    with pytest.raises(Unreachable):
        await api.patch(PATCH)
    assert len(server.asked) == 1


async def test_a_read_ends_after_five_seconds_and_a_write_after_ten(
    api: Api, server: ApiServer, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, Fault.HANG)
    server.on(f"{KS}/apps", Fault.HANG, method="PATCH")
    for call in (GET, PATCH):
        begun = clock.now()
        task = asyncio.create_task(api.get(call))
        await eventually(lambda call=call: bool(server.requests(call.path, method=call.method)))  # type: ignore[misc]
        error = await settled(clock, task)
        assert isinstance(error, Unreachable)
        assert str(error) == "prod: the API server did not answer in time"
        assert (clock.now() - begun).total_seconds() == call.seconds
    assert [fact["outcome"] for fact in telemetry.of("cluster_called")] == ["timeout", "timeout"]


async def test_no_server_at_all_is_unreachable(spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry) -> None:
    gone = ApiServer()
    async with gone.running():
        url = gone.url
    assert spec.kubeconfig is not None
    spec.kubeconfig.write_text(spec.kubeconfig.read_text().replace("server: http", f"server: {url}#http"))
    api = Api(spec, clock, telemetry)
    with pytest.raises(Unreachable, match=r"^prod: no connection to the API server$"):
        await api.get(GET)
    await api.close()


async def test_at_most_sixteen_calls_are_in_flight(api: Api, server: ApiServer, clock: FakeClock) -> None:
    server.on(KS, Fault.HANG)
    tasks = [asyncio.create_task(api.get(GET)) for _ in range(40)]
    await eventually(lambda: len(server.asked) == 16)
    await clock.settle()
    assert len(server.asked) == 16
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_watch_that_is_refused_raises_what_it_means(api: Api, server: ApiServer) -> None:
    server.on_watch(KS, status(403, "no"), *[Fault.RESET] * 2)
    for expected in (Forbidden, Unreachable):
        with pytest.raises(expected):
            async with api.watch(KS, (("watch", "1"),), "watch kustomizations"):
                pass


async def test_lines_come_whole_however_they_are_cut_and_an_unfinished_one_is_dropped(
    api: Api, server: ApiServer
) -> None:
    async with api.watch(KS, (("watch", "1"),), "watch kustomizations") as lines:
        await eventually(lambda: len(server.streams) == 1)
        stream = server.streams[0]
        stream.write(b"one\ntw")
        assert await lines.next(150) == b"one"
        second = asyncio.create_task(lines.next(150))
        stream.write(b"o")
        await eventually(lambda: bytes(lines._rest) == b"two")
        stream.write(b"\n\nthree\nfo")
        stream.end()
        assert [await second, *[await lines.next(150) for _ in range(3)]] == [b"two", b"", b"three", None]


async def test_silence_and_a_break_are_told_apart(api: Api, server: ApiServer, clock: FakeClock) -> None:
    async with api.watch(KS, (("watch", "1"),), "watch kustomizations") as lines:
        await eventually(lambda: len(server.streams) == 1)
        with pytest.raises(Silent):
            await clock.through(lines.next(150))
        server.streams[0].write(b"half")
        server.streams[0].cut()
        with pytest.raises(Unreachable) as caught:
            await lines.next(150)
        assert type(caught.value) is Unreachable


async def test_leaving_a_watch_closes_its_connection(api: Api, server: ApiServer) -> None:
    async with api.watch(KS, (("watch", "1"),), "watch kustomizations"):
        await eventually(lambda: len(server.streams) == 1)

    def noticed() -> bool:
        server.streams[0].write(b"anybody there?")
        return server.streams[0].closed.is_set()

    await eventually(noticed)


async def test_names_that_no_object_can_have_never_become_a_path() -> None:
    for name in ("..", ".", "", "a/b", "A", "a?b", "a%2fb", "x" * 254, "-a", "a\n"):
        with pytest.raises(Missing):
            resource_path("prod", "v1", "shop", "events", name)
        with pytest.raises(Missing):
            resource_path("prod", "v1", name, "events")
    assert resource_path("prod", "v1", "shop", "events", "a.b-c") == "/api/v1/namespaces/shop/events/a.b-c"
    assert resource_path("prod", "apps/v1", None, "deployments") == "/apis/apps/v1/deployments"


def test_how_long_to_wait_is_bounded_and_may_come_in_the_body() -> None:
    waits = [
        from_status("prod", 504, Status("Status", "m", details=StatusDetails(seconds)), "list x")
        for seconds in (1.0, -5.0, 1e12)
    ]
    assert [each.retry_after for each in waits if isinstance(each, Overloaded)] == [1.0, 0.0, 300.0]


async def test_a_date_in_retry_after_is_not_understood(api: Api, server: ApiServer, clock: FakeClock) -> None:
    server.on(KS, Answer(503, None, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}))
    error = await settled(clock, asyncio.create_task(api.get(GET)))
    assert isinstance(error, Overloaded)
    assert error.retry_after is None


def test_lone_surrogates_and_controls_are_cleaned_away() -> None:
    assert clean("a\ud800b\r\n\tc") == "a b c"


async def test_a_401_that_stays_is_told_without_the_servers_words(
    api: Api, server: ApiServer, clock: FakeClock
) -> None:
    server.on(KS, status(401, "token eyJ... is bad"))
    with pytest.raises(Unauthorized, match=r"^prod: the API server does not accept the bot's credentials$"):
        await api.get(GET)
    assert len(server.asked) == 1


async def test_calls_are_counted_by_verb_and_outcome(api: Api, server: ApiServer, telemetry: FakeTelemetry) -> None:
    await api.get(GET)
    server.on(KS, status(403, "no"))
    with pytest.raises(Forbidden):
        await api.get(GET)
    assert telemetry.of("cluster_called") == [
        {"cluster": "prod", "verb": "list", "outcome": each, "seconds": 0.0} for each in ("ok", "forbidden")
    ]
