"""What holds for every test."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

NO_SKIPS = "FLUX_BOT_TEST_NO_SKIPS"
"""Set in CI: what may skip on a bare machine must run there. The real suite has a runner of its own."""


class NoSkips:
    """Fails the run when a test was skipped that CI has everything for."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and "real" not in report.keywords:
            self.skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for nodeid in self.skipped:
            terminalreporter.write_line(f"{NO_SKIPS} is set, and this was skipped: {nodeid}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get(NO_SKIPS):
        config.pluginmanager.register(NoSkips(), "no-skips")


@contextmanager
def quieted_no_longer() -> Iterator[None]:
    """Whoever opens a connection quiets Slack's libraries for the whole process; afterwards they are as before."""
    loggers = [logging.getLogger(name) for name in ("", "slack_bolt", "slack_sdk")]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    try:
        yield
    finally:
        for logger, handlers, level, propagate in before:
            logger.handlers[:] = handlers
            logger.setLevel(level)
            logger.propagate = propagate


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The next test finds the libraries' loggers as new."""
    with quieted_no_longer():
        yield
