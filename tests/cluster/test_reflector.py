"""List and watch against a server that plays tricks."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.cluster.credentials import ClusterSpec
from bot.cluster.reflector import BREATH
from bot.core.kinds import KUSTOMIZATION
from bot.core.resources import Absent, Ref, Snapshot
from bot.ports import Blind, Follow, Quiet, Sighting
from tests.cluster.conftest import watching
from tests.cluster.shapes import bookmark, drive, eventually, kustomization, pass_time
from tests.fakes.api_server import KS, Answer, ApiServer, Fault, discovery, listing, status
from tests.fakes.clock import FakeClock
from tests.fakes.telemetry import FakeTelemetry

APPS = Ref("prod", KUSTOMIZATION, "flux-system", "apps")


def told(thing: Sighting | Blind | Quiet) -> str:
    """A sighting as a short text: what was seen, and whether something may have been missed."""
    match thing:
        case Sighting(now=Snapshot() as now):
            ready = now.ready.status if now.ready is not None else "-"
            return f"{now.version} {ready}{' gap' if thing.gap else ''}{'' if now.details else ' brief'}"
        case Sighting(now=Absent()):
            return f"absent{' gap' if thing.gap else ''}"
        case Blind():
            return "blind"
        case _:
            return "quiet"


async def read(follow: Follow, clock: FakeClock, count: int) -> list[str]:
    """The next so many things, waited for in real time."""
    async with asyncio.timeout(10):
        return [told(await follow.next(clock.now() + timedelta(days=1))) for _ in range(count)]


async def test_the_list_fills_the_cache_and_later_events_change_it(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization("apps"), kustomization("infra"), version="100"))
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        await eventually(lambda: len(server.streams) == 1)
        stream = server.streams[0]
        stream.send("ADDED", kustomization("more", version="101"))
        stream.send("DELETED", kustomization("infra", version="102"))

        def names() -> list[str]:
            return sorted(each.ref.name for each in cluster._reflectors[KUSTOMIZATION, None].all())

        await eventually(lambda: names() == ["apps", "more"])
        assert [each.ref.name for each in await cluster.list(KUSTOMIZATION)] == ["apps", "more"]
        asked = stream.asked.query
        assert (asked["resourceVersion"], asked["allowWatchBookmarks"], asked["timeoutSeconds"]) == (
            "100",
            "true",
            "265",
        )


async def test_a_list_is_asked_in_pages_of_250_and_never_at_version_zero(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization("apps"), following="more/please="), listing(kustomization("infra")))
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        assert [each.ref.name for each in await cluster.list(KUSTOMIZATION)] == ["apps", "infra"]
    assert [dict(each.query) for each in server.requests(KS)] == [
        {"limit": "250"},
        {"limit": "250", "continue": "more/please="},
    ]


async def test_others_have_their_turn_while_a_page_is_read(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(*(kustomization(f"app-{number}") for number in range(20 * BREATH))))
    async with watching(spec, clock, telemetry) as cluster:
        reflector = cluster._reflectors[KUSTOMIZATION, None]
        turns, reading = 0, False

        async def others() -> None:
            nonlocal turns, reading
            while not reflector.synced.is_set():
                # The page is there as soon as the call has ended; from then on turns are counted.
                reading = reading or {"verb": "list"}.items() <= (telemetry.of("cluster_called") or [{}])[-1].items()
                turns += reading
                await asyncio.sleep(0)

        await others()
        assert turns >= 15
        assert len(reflector.all()) == 20 * BREATH


async def test_a_page_that_has_expired_begins_the_list_anew(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(
        KS,
        listing(kustomization("apps"), following="old"),
        status(410, "The provided continue parameter is too old"),
        listing(kustomization("infra")),
    )
    async with watching(spec, clock, telemetry) as cluster:
        await drive(clock, lambda: len(server.streams) == 1)
        assert [each.ref.name for each in await cluster.list(KUSTOMIZATION)] == ["infra"]


async def test_a_follower_gets_the_cached_state_and_then_every_event_in_full(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization(version="90")))
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        await eventually(lambda: len(server.streams) == 1)
        async with cluster.follow(APPS) as follow:
            stream = server.streams[0]
            for version, ready in (("101", "True"), ("102", "False"), ("103", "True"), ("104", "Unknown")):
                stream.send("MODIFIED", kustomization(version=version, ready=ready))
            stream.send("MODIFIED", kustomization("other", version="105", ready="False"))
            stream.send("DELETED", kustomization(version="106"))
            assert await read(follow, clock, 6) == [
                "90 True brief",
                "101 True",
                "102 False",
                "103 True",
                "104 Unknown",
                "absent",
            ]
            assert told(await follow.next(clock.now())) == "quiet"


async def test_a_deletion_tells_what_was_there(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    async with watching(spec, clock, telemetry) as cluster:
        await eventually(lambda: len(server.streams) == 1)
        async with cluster.follow(APPS) as follow:
            server.streams[0].send("DELETED", kustomization(version="106"))
            assert told(await follow.next(clock.now() + timedelta(1))) == "absent"
            seen = await follow.next(clock.now() + timedelta(1))
            assert isinstance(seen, Sighting)
            assert isinstance(seen.now, Absent)
            assert seen.now.was is not None
            assert seen.now.was.version == "106"


async def test_the_stream_is_resumed_from_the_last_event_or_bookmark(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    async with watching(spec, clock, telemetry):
        await eventually(lambda: len(server.streams) == 1)
        await pass_time(clock, 10)
        server.streams[0].send("MODIFIED", kustomization(version="101"))
        server.streams[0].send("BOOKMARK", bookmark("140"))
        server.streams[0].end()
        await eventually(lambda: len(server.streams) == 2)
        assert [each.asked.query["resourceVersion"] for each in server.streams] == ["100", "140"]
        assert len(server.requests(KS)) == 1


async def test_a_server_that_closes_at_once_is_not_hammered(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on_watch(KS, *[Answer(200, b"")] * 100)
    async with watching(spec, clock, telemetry):
        await drive(clock, lambda: len(server.requests(KS, watch=True)) >= 1)
        await pass_time(clock, 60)
        assert 3 <= len(server.requests(KS, watch=True)) <= 10
        assert len(server.requests(KS)) <= 4


async def test_where_watches_always_end_at_once_followers_are_told_and_lists_show_what_happens(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on_watch(KS, *[Answer(200, b"")] * 100)
    server.on(KS, listing(kustomization(version="90")))
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        async with cluster.follow(APPS) as follow:
            await drive(clock, lambda: bool(cluster.trouble()))
            assert cluster.trouble() == (
                "kustomizations: prod: the API server ends every watch as soon as it has begun",
            )
            assert await read(follow, clock, 2) == ["90 True brief", "blind"]
            server.on(KS, listing(kustomization(version="95", ready="False"), version="120"))
            await pass_time(clock, 30)
            assert await read(follow, clock, 1) == ["95 False gap"]


async def test_expiry_inside_the_stream_lists_anew_and_tells_the_difference(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    gone = Ref("prod", KUSTOMIZATION, "flux-system", "gone")
    calm = Ref("prod", KUSTOMIZATION, "flux-system", "calm")
    server.on(
        KS,
        listing(*(kustomization(name, version="90") for name in ("apps", "gone", "calm"))),
        listing(kustomization(version="150", ready="False"), kustomization("calm", version="90"), version="160"),
    )
    async with watching(spec, clock, telemetry) as cluster:
        await eventually(lambda: len(server.streams) == 1)
        async with cluster.follow(APPS) as apps, cluster.follow(gone) as lost, cluster.follow(calm) as same:
            server.streams[0].send("ERROR", {"kind": "Status", "code": 410, "message": "too old"})
            await drive(clock, lambda: len(server.streams) == 2)
            assert await read(apps, clock, 2) == ["90 True brief", "150 False gap"]
            assert await read(lost, clock, 1) == ["90 True brief"]
            last = await lost.next(clock.now())
            assert told(last) == "absent gap"
            assert isinstance(last, Sighting)
            assert isinstance(last.now, Absent)
            assert last.now.was is not None
            assert last.now.was.version == "90"
            assert await read(same, clock, 1) == ["90 True brief"]
            assert told(await same.next(clock.now())) == "quiet"
        assert server.streams[1].asked.query["resourceVersion"] == "160"


async def test_expiry_as_a_status_lists_anew(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on_watch(KS, status(410, "too old resource version"))
    async with watching(spec, clock, telemetry):
        await drive(clock, lambda: len(server.streams) == 1)
        assert len(server.requests(KS)) == 2


async def test_silence_on_an_open_connection_reconnects_and_a_second_one_lists_anew(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    async with watching(spec, clock, telemetry):
        await eventually(lambda: len(server.streams) == 1)
        await pass_time(clock, 145, step=2)
        assert len(server.streams) == 1
        await drive(clock, lambda: len(server.streams) == 2, within=30)
        assert (server.streams[1].asked.query["resourceVersion"], len(server.requests(KS))) == ("100", 1)
        await drive(clock, lambda: len(server.streams) == 3, within=200, step=2)
        assert len(server.requests(KS)) == 2


async def test_bookmarks_keep_a_quiet_stream_open(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    async with watching(spec, clock, telemetry):
        await eventually(lambda: len(server.streams) == 1)
        for minute in range(1, 4):
            await pass_time(clock, 100, step=2)
            server.streams[0].send("BOOKMARK", bookmark(str(100 + minute)))
        await pass_time(clock, 100, step=2)
        assert len(server.streams) == 1


async def test_a_cut_in_the_middle_of_a_line_loses_nothing(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization(version="90")))
    async with watching(spec, clock, telemetry) as cluster:
        await eventually(lambda: len(server.streams) == 1)
        async with cluster.follow(APPS) as follow:
            server.streams[0].send("MODIFIED", kustomization(version="101"))
            server.streams[0].write(b'{"type":"MODIFIED","object":{"metadata":{"na')
            assert await read(follow, clock, 2) == ["90 True brief", "101 True"]
            server.streams[0].cut()
            await drive(clock, lambda: len(server.streams) == 2)
            assert server.streams[1].asked.query["resourceVersion"] == "101"
            server.streams[1].send("MODIFIED", kustomization(version="102", ready="False"))
            assert await read(follow, clock, 1) == ["102 False"]


async def test_cuts_far_apart_are_no_outage_and_lose_no_version(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    async with watching(spec, clock, telemetry):
        for count in range(1, 8):
            await drive(clock, lambda count=count: len(server.streams) == count, within=5)  # type: ignore[misc]
            await pass_time(clock, 10)
            server.streams[-1].cut()
        await drive(clock, lambda: len(server.streams) == 8, within=5)
        assert len(server.requests(KS)) == 1
    assert telemetry.of("watch_blind") == []


async def test_an_event_of_five_megabytes_is_read(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    big = kustomization(version="101") | {"padding": "x" * 5_000_000}
    async with watching(spec, clock, telemetry) as cluster:
        await eventually(lambda: len(server.streams) == 1)
        async with cluster.follow(APPS) as follow:
            server.streams[0].send("ADDED", big)
            assert await read(follow, clock, 2) == ["absent", "101 True"]


async def test_an_event_that_is_no_json_lists_anew(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    async with watching(spec, clock, telemetry):
        await eventually(lambda: len(server.streams) == 1)
        server.streams[0].write(b"<html>proxy</html>\n")
        await drive(clock, lambda: len(server.streams) == 2)
        assert len(server.requests(KS)) == 2


async def test_an_outage_is_told_once_and_its_end_repeats_what_stands(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization(version="90")))
    server.on_watch(KS, *[Fault.RESET] * 4)
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        async with cluster.follow(APPS) as follow:
            await drive(clock, lambda: len(server.streams) == 1)
            assert cluster.trouble() == ("kustomizations: prod: the connection to the API server broke off",)
            await pass_time(clock, 6)
            assert cluster.trouble() == ()
            assert await read(follow, clock, 3) == ["90 True brief", "blind", "90 True brief"]
            assert told(await follow.next(clock.now())) == "quiet"
    assert [fact.event for fact in telemetry.told if fact.event.startswith("watch")] == ["watch_blind", "watch_sees"]


async def test_who_begins_to_follow_during_an_outage_is_told_of_it(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on_watch(KS, *[Fault.RESET] * 50)
    async with watching(spec, clock, telemetry) as cluster:
        await drive(clock, lambda: bool(telemetry.of("watch_blind")))
        async with cluster.follow(APPS) as follow:
            assert await read(follow, clock, 2) == ["absent", "blind"]


async def test_refusals_are_tried_again_ever_more_slowly(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    for code in (401, 403, 500):
        server.asked.clear()
        server.on(KS, status(code, "no"))
        async with watching(spec, clock, telemetry):
            await drive(clock, lambda: len(server.requests(KS)) >= 1)
            await pass_time(clock, 10)
            assert 3 <= len(server.requests(KS)) <= 12, code
            early = len(server.requests(KS))
            await pass_time(clock, 300, step=2)
            assert 8 <= len(server.requests(KS)) - early <= 25, code


async def test_a_server_that_asks_for_patience_gets_it(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, status(429, "slow down", retry_after=20), listing())
    async with watching(spec, clock, telemetry) as cluster:
        await drive(clock, lambda: len(server.requests(KS)) == 1)
        await pass_time(clock, 18)
        assert len(server.requests(KS)) == 1
        await drive(clock, lambda: len(server.requests(KS)) == 2, within=4)
        await cluster.synced()


async def test_a_kind_that_is_not_served_is_empty_and_looked_for_again(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on("/apis", discovery())
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        assert await cluster.list(KUSTOMIZATION) == ()
        assert await cluster.serves(KUSTOMIZATION) is False
        assert cluster.trouble() == ()
        server.on("/apis", discovery(("kustomize.toolkit.fluxcd.io", "v1", "kustomizations")))
        server.on(KS, listing(kustomization()))
        await pass_time(clock, 100, step=5)
        assert server.requests(KS) == []
        await drive(clock, lambda: len(server.streams) == 1, within=300, step=5)
        assert [each.ref for each in await cluster.list(KUSTOMIZATION)] == [APPS]


async def test_a_version_that_is_no_longer_served_is_replaced(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    group = "kustomize.toolkit.fluxcd.io"
    server.on("/apis", discovery((group, "v1beta2", "kustomizations")), discovery((group, "v1", "kustomizations")))
    server.on(KS, listing(kustomization()))
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        assert [each.path for each in server.asked] == ["/apis", KS.replace("/v1/", "/v1beta2/")]
        await drive(clock, lambda: len(server.streams) == 1, step=5)
        assert [each.ref for each in await cluster.list(KUSTOMIZATION)] == [APPS]


async def test_after_five_failures_in_a_row_the_version_is_no_longer_trusted(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on_watch(KS, *[status(504, "Timeout: Too large resource version")] * 5)
    async with watching(spec, clock, telemetry):
        await drive(clock, lambda: len(server.requests(KS, watch=True)) == 5)
        assert len(server.requests(KS)) == 1
        await drive(clock, lambda: len(server.streams) == 1)
        assert len(server.requests(KS)) == 2


async def test_following_an_object_looks_at_once_for_a_kind_that_was_not_served(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on("/apis", discovery())
    async with watching(spec, clock, telemetry) as cluster:
        await cluster.synced()
        await pass_time(clock, 15, step=5)
        server.on("/apis", discovery(("kustomize.toolkit.fluxcd.io", "v1", "kustomizations")))
        server.on(KS, listing(kustomization(version="90")))
        async with cluster.follow(APPS) as follow:
            assert await read(follow, clock, 2) == ["absent", "90 True gap"]


async def test_a_kind_that_is_removed_is_told_as_absent(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization(version="90")), status(404, "the server could not find it"))
    async with watching(spec, clock, telemetry) as cluster:
        await eventually(lambda: len(server.streams) == 1)
        async with cluster.follow(APPS) as follow:
            server.streams[0].send("ERROR", {"kind": "Status", "code": 410, "message": "gone"})
            await drive(clock, lambda: len(server.requests(KS)) == 2)
            assert await read(follow, clock, 2) == ["90 True brief", "absent gap"]


async def test_with_namespaces_each_has_a_watch_of_its_own(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    inside = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{}/kustomizations"
    server.on(inside.format("shop"), listing(kustomization("web", namespace="shop")))
    server.on(inside.format("team"), listing(kustomization("api", namespace="team")))
    async with watching(spec, clock, telemetry, namespaces=("shop", "team")) as cluster:
        await cluster.synced()
        await eventually(lambda: len(server.streams) == 2)
        assert [each.ref.short for each in await cluster.list(KUSTOMIZATION)] == ["ks/shop/web", "ks/team/api"]
        assert [each.ref.short for each in await cluster.list(KUSTOMIZATION, "team")] == ["ks/team/api"]
    assert sorted(each.asked.path for each in server.streams) == [inside.format("shop"), inside.format("team")]


async def test_the_cache_holds_brief_objects_only(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server.on(KS, listing(kustomization(version="90")))
    async with watching(spec, clock, telemetry) as cluster:
        await eventually(lambda: len(server.streams) == 1)
        async with cluster.follow(APPS) as follow:
            server.streams[0].send("MODIFIED", kustomization(version="101"))
            assert await read(follow, clock, 2) == ["90 True brief", "101 True"]
        held = await cluster.get(APPS)
        assert isinstance(held, Snapshot)
        assert (held.version, held.details) == ("101", None)
        assert server.requests(f"{KS}/apps") == []
