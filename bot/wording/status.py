"""How something stands, as a sign and a word: never one without the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Status:
    """A sign and its word; `bad` ones are told first."""

    sign: str
    word: str
    bad: bool = False

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


RUNNING: Final = Status("⏳", "reconciling")
WAITING: Final = Status("⏳", "waiting")
DONE: Final = Status("✅", "done")
APPLIED: Final = Status("✅", "applied")
HEALED: Final = Status("✅", "healed")
UNCHANGED: Final = Status("🟰", "unchanged")
WARNED: Final = Status("⚠️", "done with a warning")
FAILED: Final = Status("❌", "failed", bad=True)
STALLED: Final = Status("❌", "stalled", bad=True)
NOT_FOUND: Final = Status("❌", "not found", bad=True)
DELETED: Final = Status("❌", "deleted meanwhile", bad=True)
DELETING: Final = Status("❌", "being deleted", bad=True)
STATIC: Final = Status("❌", "no reconciler", bad=True)
NOT_SENT: Final = Status("❌", "not sent", bad=True)
NOT_STARTED: Final = Status("❌", "not started", bad=True)
BROKEN_OFF: Final = Status("❌", "broken off", bad=True)
READ_ONLY: Final = Status("⛔", "this bot only reads", bad=True)
REFUSED: Final = Status("⛔", "refused", bad=True)
SUSPENDED: Final = Status("⏸️", "suspended", bad=True)
CANCELLED: Final = Status("⏹️", "cancelled", bad=True)
NOT_FINISHED: Final = Status("⏱️", "not finished", bad=True)
SKIPPED: Final = Status("💤", "skipped")
UNCLEAR: Final = Status("❓", "not understood")
ASKING: Final = Status("❓", "which cluster")
SURE: Final = Status("⚠️", "not sent yet")
HELP: Final = Status("💡", "help")
JOINED: Final = Status("🟰", "asked already")
WATCHING: Final = Status("⏳", "watching")
UNWATCHED: Final = Status("⏹️", "not watched any more", bad=True)
HISTORY: Final = Status("📜", "history")
NOTHING_ASKED: Final = Status("📜", "nothing asked for")
NOTHING_THERE: Final = Status("❓", "nothing there")
READY: Final = Status("✅", "ready")
NOTHING_TO_DO: Final = Status("✅", "nothing to reconcile")
NOTHING_RUNS: Final = Status("🟰", "nothing to cancel")
SORRY: Final = Status("❌", "sorry", bad=True)
OFF: Final = Status("⛔", "off", bad=True)
