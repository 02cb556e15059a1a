"""`status`, `watch`, `history` and `check` as typed, with the button that shares an answer; how a stop ends it."""

from __future__ import annotations

from pathlib import Path

from bot.demo.slack import world
from tests.cluster.shapes import eventually
from tests.e2e.stage import RUNNING, Stage, buttons, is_top, staged
from tests.fakes.api_server import Answer, ApiServer

APP = "ks ks-unchanged/app"
VERSION = "/version"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def well(server: ApiServer) -> None:
    server.on(VERSION, Answer(200, {"gitVersion": "v1.36.0"}))
    server.on(REVIEWS, Answer(201, {"status": {"allowed": True}}), method="POST")


async def whispered(stage: Stage, text: str) -> str:
    end = await stage.say(text)
    assert end.only_for == world.SRE
    assert buttons(end) == ["share"]
    return end.text


async def reconciling(stage: Stage) -> None:
    """Until the bot itself has seen that a run is going."""
    while True:
        seen = len(stage.history)
        await stage.type("status ks")
        told = await stage.until(lambda state: state.only_for is not None, since=seen)
        if told.text.startswith(RUNNING):
            return


async def test_status_is_whispered_and_shared_by_its_button_once(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        answer = await stage.say("status")
        assert (answer.only_for, answer.text.splitlines()[0]) == (world.SRE, "✅ all 2 ready in prod")
        assert stage.roots() == []
        shared = await stage.press(answer, "share")
        assert (shared.only_for, buttons(shared)) == (None, [])
        assert shared.text.startswith("✅ all 2 ready in prod")
        assert "shared by @sre" in shared.text
        again = await stage.press(answer, "share")
        assert (again.only_for, "pressed before" in again.text) == (world.SRE, True)
        assert stage.cluster.patches == []
        assert len(await stage.audited()) == 1, "the second press is refused, and reading is not recorded"


async def test_one_object_is_told_in_full(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        text = await whispered(stage, f"status {APP}")
        assert text.startswith("✅ ready prod ks/ks-unchanged/app at main@")
        assert "source: ✅ gitrepository/ks-unchanged/app has main@" in text
        assert "Ready True ReconciliationSucceeded" in text
        assert stage.cluster.patches == []


async def test_who_asked_for_what_is_found_by_a_mention_of_the_person(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        root = await stage.say(APP)
        text = await whispered(stage, "history ks app --by @sre --since 1d")
        head, told, *_ = text.splitlines()
        assert head == "📜 history: 1 request by @sre in the last 1 d"
        assert told.startswith("🟰 <!date^")
        assert "@sre reconciled prod ks/ks-unchanged/app · unchanged at main@" in told
        assert "|↗ thread>" in told
        assert (await stage.say("history --by @dev")).text.startswith("📜 nothing asked for by @dev in the last 7 d")
        assert root.only_for is None


async def test_check_tells_what_was_found(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path, canned=well) as stage:
        text = await whispered(stage, "check")
        assert "Kubernetes v1.36.0" in text
        assert "kustomize-controller" in text
        assert "the bot's role allows all that the bot needs" in text


async def test_check_says_what_it_may_not_read(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        text = await whispered(stage, "check")
        assert "the version of Kubernetes cannot be read" in text


async def test_a_watch_is_one_message_until_all_is_ready(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        stage.cluster.held = True
        await stage.type("ks ks-new-revision/app")
        await stage.logged("patched")
        await eventually(lambda: stage.cluster.waiting() > 1)
        stage.cluster.step()
        await reconciling(stage)
        await stage.type("watch ks --for 5m")
        root = await stage.until(lambda state: is_top(state) and state.text.startswith("⏳ watching prod"))
        assert "0 of 1 ready" in root.text
        stage.cluster.release()
        end = await stage.edited(root, "✅ ready in prod after")
        assert end.key == root.key
        assert buttons(end) == []
        watched = {state.key for state in stage.history if "watch ks" in state.text and is_top(state)}
        assert watched == {root.key}


async def test_a_stop_ends_a_watch_with_a_word(tmp_path: Path) -> None:
    async with staged("ks-path-not-found", tmp_path) as stage:
        await stage.type("watch ks")
        root = await stage.runs()
        assert (root.only_for, buttons(root)) == (None, ["cancel"])
        assert await stage.finish() == 0
        end = await stage.end()
        assert end.key == root.key
        assert end.text.startswith("⏹️ not watched any more prod: the bot was stopped")


async def test_a_watch_is_cancelled_by_its_button(tmp_path: Path) -> None:
    async with staged("ks-path-not-found", tmp_path) as stage:
        await stage.type("watch ks")
        root = await stage.runs()
        assert root.text.startswith(RUNNING)
        end = await stage.press(root, "cancel")
        assert "cancelled by @sre" in end.text
        assert [state.key for state in stage.history if is_top(state)] == [root.key] * 2


async def test_who_may_nothing_here_is_refused_and_that_is_recorded(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        for text in ("status", "watch", "check"):
            refused = await stage.say(text, who="dev")
            assert (refused.only_for, refused.text.startswith("⛔ refused here")) == (world.DEV, True)
            assert "ks-unchanged" not in refused.text
        assert len(await stage.audited()) == 1, "refusals for one reason share a line"
