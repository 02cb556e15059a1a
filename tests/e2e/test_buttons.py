"""Buttons under what the bot said, and what typing the same twice does."""

from __future__ import annotations

from pathlib import Path

from bot.config.clusters import ClusterSetting
from bot.demo.slack import world
from tests.e2e.stage import CLUSTER, buttons, staged

ASK = "ks ks-unchanged/app"


async def test_with_source_asks_the_source_first_under_a_root_of_its_own(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        unchanged = await stage.say(ASK)
        seen = len(stage.history)
        await stage.workspace.press("sre", unchanged, "offer:with-source")
        again = await stage.runs(seen)
        assert again.key != unchanged.key
        await stage.logged("patched", 2)
        assert stage.cluster.patches[1].path.endswith("/namespaces/ks-unchanged/gitrepositories/app")


async def test_details_are_whispered_to_whoever_asks_for_them(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        end = await stage.say(ASK)
        details = await stage.until(lambda state: state.thread_ts == end.ts)
        whisper = await stage.press(end, "details")
        assert whisper.only_for == world.SRE
        assert whisper.text == details.text
        assert len(stage.cluster.patches) == 1


async def test_whoever_is_refused_may_ask_what_they_may(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        refused = await stage.say(ASK, who="dev")
        assert buttons(refused) == ["what-may-i"]
        answer = await stage.press(refused, "what-may-i", who="dev")
        assert (answer.only_for, answer.text[:2]) == (world.DEV, "💡 ")
        assert "ks-unchanged" not in answer.text


async def test_among_several_clusters_it_asks_which_and_guesses_none(tmp_path: Path) -> None:
    clusters = tuple(ClusterSetting(name, tmp_path / "kubeconfig", CLUSTER) for name in ("prod", "edge"))
    async with staged("ks-unchanged", tmp_path, clusters=clusters) as stage:
        asked = await stage.say(ASK)
        assert asked.only_for == world.SRE
        assert buttons(asked) == ["cluster", "cluster:1"]
        assert stage.cluster.patches == []
        end = await stage.press(asked, "cluster:1")
        assert end.text.startswith("🟰 unchanged edge ks/ks-unchanged/app")
        assert len(stage.cluster.patches) == 1
        named = await stage.say(f"prod {ASK}")
        assert named.text.startswith("🟰 unchanged prod ks/ks-unchanged/app")


async def test_the_same_typed_twice_at_once_is_one_request_and_says_where(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        stage.cluster.held = True
        await stage.type(ASK)
        root = await stage.runs()
        joined = await stage.say(ASK)
        assert joined.only_for == world.SRE
        assert f"/archives/{world.PLATFORM}/p{root.ts.replace('.', '')}" in joined.text
        stage.cluster.release()
        await stage.edited(root, "unchanged")
        assert len(stage.cluster.patches) == 1
        assert len(stage.roots()) == 1


async def test_a_failure_mentions_its_asker_once_in_the_thread_and_nobody_anywhere_else(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1) as stage:
        failed = await stage.say("ks ks-build-failure/app")
        mention = await stage.until(lambda state: f"<@{world.SRE}>" in state.text)
        assert mention.thread_ts == failed.ts
        assert [state.key for state in stage.history if "<@" in f"{state.text}{state.blocks}"] == [mention.key]
