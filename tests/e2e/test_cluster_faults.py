"""What a cluster does wrong: it is told by name, nothing is sent twice, and a follow outlives an outage."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from tests.cluster.shapes import eventually
from tests.e2e.played import SERVED
from tests.e2e.stage import LONG, Stage, buttons, staged
from tests.fakes.api_server import APIS, KS, ApiServer, Fault, status

ASK = "ks ks-new-revision/app"


async def test_a_cluster_that_is_away_at_the_start_is_named_and_works_once_it_is_there(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1, away=True) as stage:
        began = monotonic()
        end = await stage.say(ASK)
        assert monotonic() - began < 10
        assert end.text.splitlines()[0].startswith("❌ not sent prod ks/ks-new-revision/app")
        assert "retry" in buttons(end)
        await stage.wire.mend()
        await stage.logged("held", len(SERVED))
        assert (await stage.press(end, "retry")).text.startswith("✅ applied prod ks/ks-new-revision/app")


async def test_a_cluster_that_accepts_and_stays_silent_is_named_after_five_seconds(tmp_path: Path) -> None:
    def silent(server: ApiServer) -> None:
        server.on(APIS, Fault.HANG)

    async with staged("ks-new-revision", tmp_path, since=1, canned=silent) as stage:
        began = monotonic()
        end = await stage.say(ASK)
        assert monotonic() - began < 10
        assert end.text.splitlines()[0] == "❌ not sent prod ks/ks-new-revision/app: cluster unreachable"
        assert stage.cluster.patches == []


async def test_a_follow_outlives_an_outage_and_still_tells_the_true_end(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        await follow_is_cut(stage)
        await stage.wire.mend()
        end = await stage.end()
        assert end.text.startswith("✅ applied prod ks/ks-new-revision/app main@262fe05 → main@a4ecf6a")
        assert len(stage.cluster.patches) == 1


async def follow_is_cut(stage: Stage) -> None:
    """The end comes while nobody can see it, and the server no longer knows the version that was seen last."""
    stage.cluster.held = True
    await stage.type(ASK)
    await stage.logged("patched")
    await stage.wire.cut()
    stage.cluster.server.on_watch(KS, status(410, "too old resource version"))
    stage.cluster.release()


@pytest.mark.parametrize(
    ("code", "says", "why"),
    [
        (403, "❌ not sent", "prod: no way"),
        (401, "❌ not sent", "prod: the API server does not accept the bot's credentials"),
        (422, "❌ broken off", "prod: no way"),
    ],
)
async def test_a_patch_that_is_refused_is_told_and_audited(tmp_path: Path, code: int, says: str, why: str) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        stage.cluster.refuse = lambda _: status(code, "no way")
        head, reason, *_ = (await stage.say(ASK)).text.splitlines()
        assert head.startswith(f"{says} prod ks/ks-new-revision/app")
        assert reason == why
        (line,) = await stage.audited()
        assert line.startswith("❌ #1 @sre asked to reconcile prod ks/ks-new-revision/app")


async def test_a_patch_whose_answer_is_lost_is_read_back_and_not_sent_again(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        stage.cluster.lose_answers = True
        end = await stage.say(ASK)
        assert end.text.startswith("✅ applied prod ks/ks-new-revision/app main@262fe05 → main@a4ecf6a")
        assert len(set(stage.cluster.tokens())) == 1


async def test_a_patch_that_never_arrives_is_told_as_such(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1, fast=True) as stage:
        stage.cluster.refuse = lambda _: Fault.RESET
        end = await stage.say(ASK)
        assert end.text.splitlines()[1].startswith("the request did not reach the cluster")
        assert len(set(stage.cluster.tokens())) == 1


async def test_a_watch_that_ends_in_good_order_is_followed_by_the_next(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        stage.cluster.held = True
        await stage.type("ks ks-unchanged/app")
        await stage.logged("patched")
        before = len(stage.cluster.server.requests(KS, watch=True))
        for stream in stage.cluster.server.streams:
            stream.end()
        await eventually(lambda: len(stage.cluster.server.requests(KS, watch=True)) > before, LONG)
        stage.cluster.release()
        assert (await stage.end()).text.startswith("🟰 ")
