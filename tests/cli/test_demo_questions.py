"""`status`, `watch` and `check` in the demo's world."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_demo_world import answers, typed


async def test_questions_are_answered_fine_whatever_the_news(tmp_path: Path) -> None:
    says = ("status", "status ks payments-ui", "check", "watch ks my-app")
    code, out, err = await typed(tmp_path / "tmp", arguments=[part for text in says for part in ("--say", text)])
    assert (code, err) == (0, "")
    assert "❌ 5 of 26 failing in demo · 1 suspended · 20 ready" in out
    assert "❌ ks/flux-system/payments: HealthCheckFailed · Deployment/payments/payments-api Failed" in out
    assert "holds up payments-ui" in out
    assert "Flux gave up (RetriesExceeded)" in out
    assert "⏸️ suspended: ks/flux-system/monitoring" in out
    assert "❌ failed demo ks/flux-system/payments-ui: HealthCheckFailed of ks/flux-system/payments" in out
    assert "depends on: ❌ payments (HealthCheckFailed)" in out
    assert "⚠️ check demo: 3 weak" in out
    assert "✅ Flux v2.9.4: helm-controller v1.6.3" in out
    assert "✅ the bot's role allows all that the bot needs" in out
    assert "✅ ready in demo already" in out


async def test_dev_sees_their_own_and_shares_it(tmp_path: Path) -> None:
    code, out, err = await typed(
        tmp_path / "tmp",
        "/as dev",
        "/in team-shop",
        "status ks",
        "/press Share",
        "check",
        "status ks flux-system/payments",
        "/as sre",
        "/look",
    )
    assert (code, err) == (0, "")
    own = answers(out, "status ks")
    assert "✅ all 3 ready in demo" in own
    assert "more that you may not see here" in own
    assert "payments" not in own
    checked = answers(out, "check")
    assert "• check, reconcile, status: any kind in shop" in checked
    assert "ks/flux-system/payments" not in checked
    assert "⛔ refused here: status demo ks/flux-system/payments" in answers(out, "status ks flux-system/payments")
    assert "shared by @dev" in out.split("/as sre\n", 1)[1]
