"""A watch in Slack: its edits are progress, and its last word is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.notices import PROGRESS, BatchRunning, Running
from bot.core.standing import Beheld, Over, Unwatched
from tests.slack.rig import rigged
from tests.wording.questions import WATCH


def state(number: int) -> Beheld:
    return replace(WATCH, typed=f"watch {number}")


async def test_states_in_between_are_skipped_and_the_last_word_does_not_wait() -> None:
    async with rigged() as rig:
        slot = rig.show(state(1))
        await rig.courier.posted(slot, rig.soon())
        before = rig.clock.now()
        for number in range(2, 40):
            rig.show(state(number))
        rig.show(Unwatched(state(40), Over.READY, timedelta(minutes=3)))
        await rig.flushed()
        assert rig.states() == [("chat.postMessage", "Beheld"), ("chat.update", "Unwatched")]
        assert (rig.clock.now() - before).total_seconds() < 60


@pytest.mark.parametrize("notice", [Running, BatchRunning, Beheld])
def test_whatever_only_tells_progress_is_known_as_such(notice: type) -> None:
    assert notice in PROGRESS
