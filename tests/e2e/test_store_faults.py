"""The database locked, cut off and restarted under a running bot: what people see, and what reaches the cluster."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from tests.e2e.stage import staged
from tests.e2e.test_probes import get, ready

ASK = "ks ks-build-failure/app"
FAILED = "❌ failed prod ks/ks-build-failure/app"
UNRECORDED = "could not be recorded"


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Somebody else writes to the file and does not come to an end."""
    holder = sqlite3.connect(file, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


def own(folder: Path) -> tuple[Path, SecretStr]:
    file = folder / "own.db"
    return file, SecretStr(str(file))


async def test_what_cannot_be_recorded_is_not_done_and_reads_go_on(tmp_path: Path) -> None:
    file, database = own(tmp_path)
    async with staged("ks-build-failure", tmp_path, since=1, database=database) as stage:
        with held(file):
            told = await stage.say(ASK)
            assert UNRECORDED in told.text
            assert "is locked by somebody else" in told.text
            assert stage.cluster.patches == []
            assert "all 2 ready in prod" in (await stage.say("status")).text
            code, body = await get(stage, "/readyz")
            assert code == 503, body
            assert "does not answer" in body or "is locked by" in body, body
        await ready(stage)
        assert (await stage.say(ASK)).text.startswith(FAILED)
        assert len(stage.cluster.patches) == 1


async def test_a_restarted_bot_knows_buttons_and_numbers_entries_on(tmp_path: Path) -> None:
    _, database = own(tmp_path)
    async with staged("ks-build-failure", tmp_path, since=1, database=database) as stage:
        assert (await stage.say(ASK)).text.startswith(FAILED)
        (first,) = await stage.audited()
    async with staged("ks-build-failure", tmp_path, since=1, database=database) as stage:
        # Another workspace, whose deliveries begin anew: the first one counts as one that came again.
        await stage.type("help")
        assert (await stage.say(ASK)).text.startswith(FAILED)
        (second,) = await stage.audited()
        history = (await stage.say("history")).text
    assert ("#1" in first, "#2" in second) == (True, True)
    assert "2 requests" in history
