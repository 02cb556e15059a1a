"""Prints every kind of message, to be read as a tired person reads it: `python -m tests.wording.gallery [WORD]`."""

from __future__ import annotations

import sys

from bot.slack.views import render
from bot.wording.plain import plain
from bot.wording.sentences import document
from tests.wording.rarer import EXAMPLES


def main(words: list[str]) -> None:
    """`--slack` shows `text` as Slack gets it; any other word chooses messages by their title."""
    slack = "--slack" in words
    wanted = [word for word in words if not word.startswith("--")]
    for title, notice in EXAMPLES.items():
        if all(word in title for word in wanted):
            print(f"--- {title}\n{render(notice).text if slack else plain(document(notice))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
