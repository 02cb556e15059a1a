"""Telemetry that remembers what it was told."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fact:
    """One call of `tell` or `broke`."""

    event: str
    facts: dict[str, object] = field(default_factory=dict)
    error: BaseException | None = None


class FakeTelemetry:
    """Every fact in the order in which it was told; `broken` holds what nobody foresaw."""

    def __init__(self) -> None:
        self.told: list[Fact] = []
        self.broken: list[Fact] = []

    def about(self, request: str) -> AbstractContextManager[None]:
        return nullcontext()

    def tell(self, event: str, /, **facts: object) -> None:
        self.told.append(Fact(event, facts))

    def broke(self, event: str, error: BaseException, /, **facts: object) -> None:
        self.broken.append(Fact(event, facts, error))

    def events(self) -> list[str]:
        return [fact.event for fact in self.told]

    def of(self, event: str) -> list[dict[str, object]]:
        """The facts of every telling of one event."""
        return [fact.facts for fact in self.told if fact.event == event]
