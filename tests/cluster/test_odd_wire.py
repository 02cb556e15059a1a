"""What comes over the wire may be anything: no line, list or discovery ends a watch for good."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot.cluster.credentials import ClusterSpec
from bot.core.errors import ClusterError
from bot.core.kinds import KUSTOMIZATION
from bot.core.resources import Ref
from tests.cluster.conftest import KUSTOMIZE, watching
from tests.cluster.shapes import bookmark, drive, eventually, kustomization, through
from tests.fakes.api_server import APIS, KS, Answer, ApiServer, discovery, listing
from tests.fakes.clock import FakeClock
from tests.fakes.telemetry import FakeTelemetry
from tests.slack.wounds import wounds

APPS = Ref("prod", KUSTOMIZATION, "flux-system", "apps")
NO_JSON = [b"", b"{", b"null", b"7", b'"x"', b"[]", b"\xff\xfe", b"[" * 100_000, b"<html></html>", b"{}"]
LINES = [
    *(line for line in NO_JSON if line),
    b'{"type":"ADDED"}',
    b'{"type":7,"object":{}}',
    b'{"type":null,"object":null}',
    b'{"type":"ADDED","object":null}',
    b'{"type":"ADDED","object":[]}',
    b'{"type":"MODIFIED","object":{"metadata":{"name":7}}}',
    b'{"type":"DELETED","object":{"metadata":null}}',
    b'{"type":"BOOKMARK","object":{}}',
    b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":{}}}}',
    b'{"type":"SOMETHING NEW","object":{"metadata":{"name":"x"}}}',
    b'{"type":"ERROR","object":null}',
    b'{"type":"ERROR","object":{"code":"410"}}',
    b'{"type":"ERROR","object":{"kind":"Status","code":1e400,"message":["x"]}}',
    b'{"type":"ERROR","object":{"kind":"Status","code":-1,"details":{"retryAfterSeconds":"soon"}}}',
    b'{"type":"ERROR","object":{"kind":"Status","code":429,"details":{"retryAfterSeconds":-7e300}}}',
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:40].decode("latin-1"))
async def test_a_watch_outlives_any_line(
    line: bytes, server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    async with watching(spec, clock, telemetry) as cluster:
        await eventually(lambda: len(server.streams) == 1)
        server.streams[0].write(line + b"\n")
        server.streams[0].send("ADDED", kustomization(version="101"))
        server.streams[0].end()
        server.on(KS, listing(kustomization(version="101"), version="110"))
        await drive(clock, lambda: len(server.streams) == 2)
        server.streams[1].send("MODIFIED", kustomization(version="120"))
        server.streams[1].send("BOOKMARK", bookmark("121"))
        reflector = cluster._reflectors[KUSTOMIZATION, None]
        await drive(clock, lambda: [each.version for each in reflector.all()] == ["120"])
        assert telemetry.broken == []


async def test_a_list_of_any_shape_is_a_failure_that_passes(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    whole: dict[str, object] = {
        "kind": "KustomizationList",
        "metadata": {"resourceVersion": "100", "continue": ""},
        "items": [kustomization()],
    }
    odd = [*NO_JSON, *(json.dumps(each.payload).encode() for each in wounds(whole) if len(each.path) < 4)]
    async with watching(spec, clock, telemetry) as cluster:
        await eventually(lambda: len(server.streams) == 1)
        for body in odd:
            server.on(KS, Answer(200, body), listing(kustomization(version="90")))
            before = len(server.streams)
            server.streams[-1].send("ERROR", {"kind": "Status", "code": 410, "message": "too old"})
            await drive(clock, lambda before=before: len(server.streams) > before, step=5)  # type: ignore[misc]
        server.on(KS, listing(kustomization(version="90")))
        server.streams[-1].send("ERROR", {"kind": "Status", "code": 410, "message": "too old"})
        await drive(
            clock, lambda: [each.version for each in cluster._reflectors[KUSTOMIZATION, None].all()] == ["90"]
        )


async def test_discovery_of_any_shape_finds_the_kind_or_not_and_never_breaks(
    server: ApiServer, spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    body = discovery(KUSTOMIZE).body
    assert isinstance(body, dict)
    for wound in wounds(body):
        server.on(APIS, Answer(200, wound.payload))
        async with watching(spec, clock, telemetry) as cluster:
            asking = asyncio.ensure_future(cluster.serves(KUSTOMIZATION))
            try:
                assert await through(clock, asking) in {True, False}
            except ClusterError as error:
                assert str(error).startswith("prod: ")  # noqa: PT017
