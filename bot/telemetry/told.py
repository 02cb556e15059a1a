"""The port Telemetry: one fact becomes one log line and its metrics."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager

from bot.telemetry.events import EVENTS, Row
from bot.telemetry.logs import OURS, about
from bot.telemetry.metrics import Metrics
from bot.telemetry.plain import chain, trace


class LoggedTelemetry:
    """Facts as log lines (where `logging_to` is in force) and as metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = logging.getLogger(OURS)

    def tell(self, event: str, /, **facts: object) -> None:
        row = EVENTS.get(event, Row())
        level = logging.WARNING if row.warning else logging.DEBUG if row.quiet else logging.INFO
        self._log.log(level, event, extra={"facts": facts})
        self._metrics.record(event, facts)

    def about(self, request: str) -> AbstractContextManager[None]:
        return about(request)

    def broke(self, event: str, error: BaseException, /, **facts: object) -> None:
        """An error of several (an ExceptionGroup) is told with each of them."""
        parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        told = facts | {"error": chain(error), "trace": trace(error)}
        if parts:
            told["parts"] = [{"error": chain(part), "trace": trace(part)} for part in parts]
        self._log.error(event, extra={"facts": told})
        self._metrics.broke(event)
