"""Keeps Slack's libraries from logging what is not theirs to tell.

They write tokens, response addresses and whole bodies into their lines (docs/slack.md, Secrets). Here a line of
theirs becomes one fact: its logger, its level, the harmless beginning of its text, and the type of its exception.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from bot.ports import Telemetry

NAMES: Final = ("slack_bolt", "slack_sdk")
_BEGINNING: Final = re.compile(r"[A-Za-z0-9 ,.'-]{0,80}")


class Told(logging.Handler):
    """Hands lines over as facts, without what was filled into them."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__(logging.WARNING)
        self._telemetry = telemetry

    def emit(self, record: logging.LogRecord) -> None:
        said = _BEGINNING.match(str(record.msg))
        error = record.exc_info[0] if record.exc_info else None
        self._telemetry.tell(
            "slack.library",
            logger=record.name.partition(":")[0],
            level=record.levelname,
            said=said.group().strip() if said else "",
            error=error.__name__ if error is not None else "",
        )


def quiet_libraries(telemetry: Telemetry) -> logging.Logger:
    """Sets both libraries to warnings, told as facts only; answers the logger to hand to them."""
    for name in NAMES:
        logger = logging.getLogger(name)
        logger.handlers = [Told(telemetry)]
        logger.propagate = False
        logger.setLevel(logging.WARNING)
    # Bolt copies level and handlers of the logger it is given to loggers below slack_bolt: with handlers of its own
    # each line would be told twice.
    given = logging.getLogger("slack_bolt.given")
    given.setLevel(logging.WARNING)
    return given
