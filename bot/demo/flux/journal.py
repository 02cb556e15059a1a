"""What really happened: one entry for every run of a controller over an object, written by the controllers.

A test that wants to know the truth reads it here, not in the statuses that it judges.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.demo.flux.shapes import Json, generation, handled, key, requested, suspended

End = Literal["finished", "failed", "died"]
"""Finished: it came to its own end, good or bad. Failed: the API server refused or vanished. Died: it was cut off."""


@dataclass(slots=True)
class Run:
    """One run: what it read when it started, what it used, how it ended. Times are the wall's, in UTC.

    `token` and `prev` are the request and the handled token as read at the start; `source` is the revision it used.
    `ready` is (status, reason, message) at its end, and until then as of `wrote_at`, when the patch that made `token`
    the handled one was answered (`wrote_token`). `applied` is the revision that then counts as applied. `changed`
    tells whether it applied anything new, `forced` whether a forced Helm action was carried out.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    started: datetime
    token: str
    prev: str
    generation: int
    suspended: bool
    source: str = ""
    ended: datetime | None = None
    end: End | None = None
    ready: tuple[str, str, str] = ("", "", "")
    applied: str = ""
    wrote_token: bool = False
    wrote_at: datetime | None = None
    changed: bool = False
    forced: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """`Kind/namespace/name`."""
        return f"{self.kind}/{self.namespace}/{self.name}"


class Journal:
    """All runs, in the order in which they started."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.runs: list[Run] = []
        self._now = now

    def begin(self, kind: str, obj: Json) -> Run:
        namespace, name = key(obj)
        run = Run(
            kind=kind,
            namespace=namespace,
            name=name,
            uid=str(obj["metadata"].get("uid", "")),
            started=self._now(),
            token=requested(obj),
            prev=handled(obj),
            generation=generation(obj),
            suspended=suspended(obj),
        )
        self.runs.append(run)
        return run

    def close(self, run: Run, end: End) -> None:
        run.ended, run.end = self._now(), end

    def of(self, ref: str) -> list[Run]:
        """The runs over one object, given as `Kind/namespace/name`."""
        return [run for run in self.runs if run.ref == ref]
