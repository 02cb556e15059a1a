"""`all` in the demo's world: typed, pressed, cancelled."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_demo_world import answers, typed


async def test_everything_at_once_ends_in_one_root_one_answer_in_its_thread_and_one_line_in_the_audit(
    tmp_path: Path,
) -> None:
    code, out, err = await typed(tmp_path / "tmp", "--resource all", "ks my-app")
    said = answers(out, "--resource all")

    assert (code, err) == (0, "")
    assert "9 Kustomizations, 1 HelmRelease, 2 GitRepositories, 1 HelmRepository, 1 HelmChart" in said
    assert "❌ 3 of 14 failed demo flux-system · 1 blocked, 3 changed, 6 unchanged, 1 suspended" in said
    assert "❌ ks/flux-system/payments: HealthCheckFailed" in said
    assert "blocked by it: payments-ui" in said
    assert "⏸️ suspended: monitoring" in said
    assert "[Retry failed] [Details]" in said
    assert said.count("#flux-audit") == 1
    assert out.count("Details of 14 objects in demo flux-system") == 1


async def test_a_glob_is_a_small_all(tmp_path: Path) -> None:
    code, out, err = await typed(tmp_path / "tmp", "ks shop-* -n shop", "hr no-such-*")
    assert (code, err) == (0, "")
    assert "✅ 3 of 3 done demo shop · 3 changed" in answers(out, "ks shop-* -n shop")
    assert "❌ not found: hr no-such-" in answers(out, "hr no-such-*")


async def test_retry_takes_what_failed_and_what_it_blocked_in_the_same_order(tmp_path: Path) -> None:
    code, out, err = await typed(tmp_path / "tmp", "ks payments*", "/press Retry failed")
    assert (code, err) == (0, "")
    assert "❌ 1 of 3 failed demo flux-system · 1 blocked, 1 unchanged" in answers(out, "ks payments*")
    assert "❌ 1 of 3 failed demo flux-system · 1 blocked, 1 unchanged" in answers(out, "/press Retry failed")
