"""What the box completes: the words of the bot's command, from its own tables, so that they cannot drift apart."""

from __future__ import annotations

from typing import Final

from bot.core.kinds import ASKABLE, Kind
from bot.core.switches import LONG_OPTIONS
from bot.core.vocabulary import VERBS
from bot.demo.conversation import COMMAND
from bot.demo.page.feed import Entry, Value
from bot.demo.slack import world

_SYNONYMS: Final = frozenset({"kind", "context", "label", "help", "all", "a"})
"""Options that have a more usual name."""


def words() -> Entry:
    """The command, its verbs and options, and the word in front of each kind's names; always the same."""
    return Entry("words", None, _words)


def _words() -> Value:
    return {
        "command": COMMAND,
        "mention": f"@{world.BOT_NAME}",
        "verbs": [each for each in (*VERBS, "all") if each != "reconcile"],
        "options": sorted(f"--{name}" for name in LONG_OPTIONS - _SYNONYMS),
        "kinds": [_kind(each) for each in ASKABLE],
    }


def _kind(kind: Kind) -> Value:
    return {"kind": kind.name, "short": kind.short, "words": [kind.name.lower(), kind.plural, *kind.words]}
