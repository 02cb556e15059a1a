"""Recorded runs of real Flux, asked for through the whole bot: how each ends, and how many objects are patched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.shapes import eventually
from tests.e2e.stage import buttons, staged

ENDS = [
    # recording, the request before which it begins, what is typed, how it ends, how many patches
    ("ks-first-run", 0, "ks ks-first-run/app", "✅ applied", 1),
    ("ks-new-revision-oci", 0, "ks ks-new-revision-oci/app --with-source", "✅ applied", 2),
    ("ks-with-source-race", 0, "ks ks-with-source-race/app --with-source", "✅ applied", 2),
    ("ks-dependency-then-ready", 0, "ks ks-dependency-then-ready/app", "✅ applied", 1),
    ("ks-health-timeout-recovery", 0, "ks ks-health-timeout-recovery/app", "❌ failed", 1),
    ("ks-health-failed-early", 0, "ks ks-health-failed-early/app", "❌ failed", 1),
    ("ks-apply-failure", 0, "ks ks-apply-failure/app --with-source", "❌ failed", 2),
    ("ks-path-not-found", 0, "ks ks-path-not-found/app", "❌ failed", 1),
    ("ks-dependency-not-ready", 0, "ks ks-dependency-not-ready/app", "❌ failed", 1),
    ("ks-suspended", 0, "ks ks-suspended/app", "⏸️ suspended", 0),
    ("ks-suspended-during-run", 0, "ks ks-suspended-during-run/app", "⏸️ suspended", 1),
    ("ks-suspended-during-failing-run", 0, "ks ks-suspended-during-failing-run/app", "⏸️ suspended", 1),
    ("ks-deleted-while-waiting", 0, "ks ks-deleted-while-waiting/app", "❌ being deleted", 1),
    ("hr-install", 0, "hr hr-install/nginx", "✅ done", 1),
    ("hr-unchanged", 0, "hr hr-unchanged/nginx", "🟰 unchanged", 1),
    ("hr-upgrade-oci", 0, "hr hr-upgrade-oci/nginx --with-source", "✅ done", 2),
    ("hr-upgrade-failed", 0, "hr hr-upgrade-failed/nginx --with-source", "❌ stalled", 3),
    ("hr-retry-on-failure", 0, "hr hr-retry-on-failure/nginx --with-source", "❌ failed", 3),
    ("hr-force", 0, "hr hr-force/nginx --force", "✅ done", 1),
    ("hr-suspended", 0, "hr hr-suspended/nginx", "⏸️ suspended", 0),
    ("git-new-revision", 0, "source git app -n git-new-revision", "✅ done", 1),
    ("git-unauthorized", 0, "git git-unauthorized/app", "❌ failed", 1),
    ("helmrepo-oci-static", 0, "helmrepository helmrepo-oci-static/charts", "❌ no reconciler", 0),
    ("oci-tag-missing", 0, "ocirepository oci-tag-missing/app", "❌ failed", 1),
    ("chart-version-missing", 0, "helmchart chart-version-missing/nginx", "❌ stalled", 1),
]


@pytest.mark.parametrize(("recording", "since", "typed", "ends", "patches"), ENDS, ids=[row[0] for row in ENDS])
async def test_what_flux_did_is_what_people_read(
    tmp_path: Path, recording: str, since: int, typed: str, ends: str, patches: int
) -> None:
    async with staged(recording, tmp_path, since=since, fast=True) as stage:
        end = await stage.say(typed)
        if buttons(end) == ["force"]:
            end = await stage.press(end, "force")
        assert end.text.partition(" prod ")[0] == ends
        assert len(stage.cluster.patches) == patches
        assert len(stage.roots()) == 1
        (line,) = {audit.partition(" ")[0] for audit in await stage.audited()}
        assert line in {"✅", "🟰", "❌", "⏸️"}


async def test_a_failure_of_ours_stays_told_when_somebody_elses_request_succeeds_after_it(tmp_path: Path) -> None:
    async with staged("ks-token-overwritten-during-run", tmp_path) as stage:
        await stage.type("ks ks-token-overwritten-during-run/app")
        await eventually(lambda: len(stage.cluster.told_at) > 0)
        stage.cluster.play_tail()
        assert (await stage.end()).text.partition(" prod ")[0] == "❌ failed"
        (line,) = await stage.audited()
        assert line.startswith("❌ #1 @sre")
        (root,) = stage.roots()
        assert root.text.startswith("❌ failed")


async def test_a_forge_of_the_settings_is_linked_to(tmp_path: Path) -> None:
    async with staged("git-new-revision", tmp_path, fast=True, forges=(("127.0.0.1:46345", "gitea"),)) as stage:
        end = await stage.say("source git app -n git-new-revision")
        assert "/compare/" in str(end)
