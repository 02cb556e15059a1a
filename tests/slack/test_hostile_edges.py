"""The edge to Slack where rights are taken away, and where nonsense comes in the last moment."""

from __future__ import annotations

from bot.core.notices import Part
from bot.core.requests import Place
from bot.demo.slack.knobs import GRANTED
from bot.demo.slack.world import FLUX_AUDIT, PLATFORM, SRE
from bot.ports import Unpostable
from tests.slack.rig import audit_slot, audited, detailed, finished, rigged, running
from tests.slack.test_listeners import COMMAND, staged

WITHOUT = GRANTED - {"chat:write"}


async def test_an_audit_line_waits_for_the_scope_that_was_taken_away_and_says_which_it_is() -> None:
    async with rigged() as rig:
        rig.workspace.knobs.scopes = WITHOUT
        rig.courier.show(audit_slot(1), Place(FLUX_AUDIT), audited(1))
        await rig.until(rig.courier.trouble)
        assert rig.courier.trouble() == (
            f"the audit channel {FLUX_AUDIT} cannot be posted to (missing_scope): "
            "give the bot's token the scope chat:write and reinstall the app"
        )
        rig.workspace.knobs.scopes = GRANTED
        await rig.until(lambda: rig.texts("flux-audit"))
        await rig.flushed()
        assert (rig.texts("flux-audit"), rig.courier.trouble()) == (["line 1"], "")


async def test_a_first_root_without_the_scope_is_told_at_once_and_an_end_waits_for_it() -> None:
    async with rigged() as rig:
        rig.workspace.knobs.scopes = WITHOUT
        slot = rig.show(running())
        assert await rig.courier.posted(slot, rig.soon()) == Unpostable("missing_scope")
        rig.show(finished())
        rig.show(detailed(), Part.DETAILS)
        await rig.until(lambda: len(rig.called("chat.postMessage")) >= 3)
        rig.workspace.knobs.scopes = GRANTED
        await rig.flushed()
        assert rig.texts() == ["r1 ended 1", "r1 details 1"]


async def test_rights_that_never_come_back_are_given_up_after_an_hour() -> None:
    async with rigged() as rig:
        await rig.courier.posted(rig.show(running()), rig.soon())
        rig.workspace.knobs.token_error = "token_revoked"
        rig.show(finished())
        await rig.until(lambda: len(rig.called("chat.update")) >= 2)
        rig.clock.leap(3_700)
        await rig.until(lambda: rig.telemetry.of("slack.given_up"))
        assert rig.courier.depth() == 0
        assert [fact["why"] for fact in rig.telemetry.of("slack.no_rights")][:2] == ["token_revoked"] * 2


async def test_a_garbled_payload_in_the_last_moment_is_acknowledged_and_nobody_is_told() -> None:
    async with staged() as stage:
        await stage.tasks.drain(0)
        broken = {"command": COMMAND, "trigger_id": "9.9", "user_id": SRE, "channel_id": PLATFORM}
        assert (await stage.rig.workspace.deliver("slash_commands", broken)).acked
        assert [fact["why"] for fact in stage.rig.telemetry.of("slack.garbled")] == ["team_id"]
        assert stage.whispers == []
