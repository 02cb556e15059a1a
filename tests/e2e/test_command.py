"""A typed command and a pressed button, from Slack to the cluster and back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.demo.slack.state import MessageState
from tests.e2e.played import DEPLOYMENTS, REQUESTED
from tests.e2e.stage import Stage, buttons, staged

MANY = 20


def heads(stage: Stage, message: MessageState) -> list[str]:
    """How each state of one message began, without the seconds."""
    return [timeless(state.text.splitlines()[0]) for state in stage.history if state.key == message.key]


def timeless(text: str) -> str:
    return re.sub(r"\b\d+(\.\d+)? (ms|s)\b", "…", text)


async def test_a_new_revision_is_asked_for_with_one_patch_and_told_to_its_end(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        end = await stage.say("--resource kustomization --name app -n ks-new-revision")
        (patch,) = stage.cluster.patches
        assert patch.query == {"fieldManager": "flux-reconcile-bot"}
        assert patch.headers["Content-Type"] == "application/merge-patch+json"
        assert json.loads(patch.body) == {"metadata": {"annotations": {REQUESTED: stage.cluster.tokens()[0]}}}
        assert heads(stage, end) == [
            "⏳ reconciling prod ks/ks-new-revision/app",
            "✅ applied prod ks/ks-new-revision/app main@262fe05 → main@a4ecf6a in …",
        ]
        assert buttons(end) == ["details"]
        (ack,) = stage.workspace.acks
        assert ack.ms < 1_000
        assert ack.payload == {}


async def test_its_thread_and_its_audit_line_tell_the_rest(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        end = await stage.say("ks ks-new-revision/app")
        details = await stage.until(lambda state: state.thread_ts == end.ts)
        lines = details.text.splitlines()
        assert timeless(lines[0]) == "✅ applied prod ks/ks-new-revision/app main@262fe05 → main@a4ecf6a in …"
        assert lines[2:4] == ["1 created: ConfigMap/ks-new-revision/new", "1 removed: ConfigMap/ks-new-revision/old"]
        assert lines[-1] == "now in prod ks-new-revision: 1 Kustomization, 1 GitRepository"
        link = f"<https://flux-demo.slack.com/archives/{end.channel}/p{end.ts.replace('.', '')}|↗ thread>"
        rule, change = "rule demo-platform", "main@262fe05 → main@a4ecf6a"
        assert [timeless(line) for line in await stage.audited()] == [
            f"✅ #1 @sre reconciled prod ks/ks-new-revision/app in #platform · {rule} · {change} · … {link}"
        ]


async def test_a_request_costs_one_write_and_at_most_two_reads(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        end = await stage.say("ks ks-new-revision/app")
        await stage.until(lambda state: state.thread_ts == end.ts)
        assert stage.cluster.reads() == [DEPLOYMENTS, "/api/v1/namespaces/ks-new-revision/events"]
        assert [asked.method for asked in stage.cluster.server.asked if asked.method != "GET"] == ["PATCH"]


async def test_with_source_asks_the_source_first_and_each_object_once(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path) as stage:
        end = await stage.say("ks ks-new-revision/app --with-source")
        assert [asked.path.rpartition("namespaces/")[2] for asked in stage.cluster.patches] == [
            "ks-new-revision/gitrepositories/app",
            "ks-new-revision/kustomizations/app",
        ]
        assert heads(stage, end)[-1].startswith("✅ applied prod ks/ks-new-revision/app main@262fe05 → main@a4ecf6a")


async def test_a_chain_of_helm_is_asked_from_repository_to_release(tmp_path: Path) -> None:
    async with staged("hr-upgrade", tmp_path) as stage:
        end = await stage.say("--resource helmrelease --name nginx --with-source -n hr-upgrade")
        assert [asked.path.rpartition("namespaces/")[2] for asked in stage.cluster.patches] == [
            "hr-upgrade/helmrepositories/charts",
            "hr-upgrade/helmcharts/hr-upgrade-nginx",
            "hr-upgrade/helmreleases/nginx",
        ]
        assert heads(stage, end)[-1].startswith("✅ ")


async def test_unchanged_has_its_own_sign_and_offers_the_source(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        end = await stage.say("ks ks-unchanged/app")
        assert end.text.startswith("🟰 ")
        assert "with-source" in buttons(end)


async def test_events_that_overtake_the_answer_of_the_patch_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.e2e.played.SOON", 0.0)
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        end = await stage.say("ks ks-new-revision/app")
        assert end.text.startswith("✅ applied prod ks/ks-new-revision/app main@262fe05 → main@a4ecf6a")


async def test_a_failure_is_told_with_its_cause_and_a_retry_is_a_new_request_that_works_once(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        failed = await stage.say("ks ks-build-failure/app")
        assert failed.text.startswith("❌ ")
        assert "BuildFailed" in failed.text.splitlines()[0]
        assert "retry" in buttons(failed)
        again = await stage.press(failed, "retry")
        first, second = stage.cluster.tokens()
        assert first != second
        assert again.key != failed.key
        assert again.text.startswith("❌ ")
        refused = await stage.press(failed, "retry", who="sre")
        assert refused.only_for is not None
        assert refused.text.startswith("⛔ ")
        assert "each one works once" in refused.text
        assert len(stage.cluster.patches) == 2


async def test_somebody_without_a_rule_presses_in_vain_and_leaves_the_button_to_others(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1, fast=True) as stage:
        failed = await stage.say("ks ks-build-failure/app")
        refused = await stage.press(failed, "retry", who="dev")
        assert (refused.only_for, refused.text[:2]) == (stage.workspace.roster.person("dev").id, "⛔ ")
        assert len(stage.cluster.patches) == 1
        assert (await stage.press(failed, "retry")).text.startswith("❌ ")


async def test_a_failure_that_flux_mends_is_edited_into_the_root(tmp_path: Path) -> None:
    async with staged("ks-build-failure", tmp_path, since=1) as stage:
        failed = await stage.say("ks ks-build-failure/app")
        await stage.until(lambda state: state.thread_ts == failed.ts)
        stage.cluster.play_tail()
        healed = await stage.edited(failed, "it failed with BuildFailed first")
        assert healed.text.startswith("✅ ")
        assert buttons(healed) == ["details"]
        assert len(stage.roots()) == 1


async def test_several_objects_share_one_root(tmp_path: Path) -> None:
    async with staged("ks-new-revision", tmp_path, since=1) as stage:
        end = await stage.say("ks ks-new-revision/app, git ks-new-revision/app")
        assert len(stage.roots()) == 1
        assert len(stage.cluster.patches) == 2
        assert end.text.count("ks-new-revision/app") >= 2


async def test_the_end_reaches_slack_soon_after_its_watch_event(tmp_path: Path) -> None:
    took: list[float] = []
    async with staged("ks-unchanged", tmp_path, fast=True) as stage:
        for number in range(MANY):
            end = await stage.say(f"ks ks-unchanged/app --timeout {number + 10}m")
            assert end.text.startswith("🟰 ")
            token = stage.cluster.tokens()[number]
            sent = next(at for told, at in stage.cluster.told_at if told == token)
            took.append((stage.moment(end) - sent) * 1000)
    took.sort()
    print(f"\nwatch event → end in Slack, ms: {took[0]:.1f} least, {took[MANY // 2]:.1f} median, {took[-1]:.1f} most")
    assert took[-1] < 5_000
