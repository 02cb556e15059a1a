"""Records what a watcher of one namespace sees: every Flux kind and the core Events, as they arrive.

A recording is JSON lines. The first is a header: ``format`` 1, scenario, note, versions, ``start`` (RFC 3339, UTC)
and ``requests`` (every requestedAt that was written, also by others). Each other line is one watch event: ``ms``
since the start, its type, the object without managedFields.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from tests.real.api import FLUX_KINDS, Api, Object, api_version

FORMAT = 1
_KINDS = (*FLUX_KINDS, "Event")


@dataclass(frozen=True, slots=True)
class Requested:
    """One write of requestedAt: ``ref`` is Kind/namespace/name, ``prev`` the token handled before.

    ``with_source`` marks the last of a chain, ``by`` is ``me`` or ``other``, ``ms`` is when it was sent.
    """

    ref: str
    token: str
    prev: str
    with_source: bool
    ms: float
    force: bool = False
    reset: bool = False
    by: str = "me"


@dataclass(slots=True)
class Tape:
    """What was seen so far. ``places`` maps text that names this machine to what a pod would say."""

    places: Mapping[str, str]
    began: float = field(default_factory=monotonic)
    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    rows: list[Object] = field(default_factory=list)
    requests: list[Requested] = field(default_factory=list)

    def roll(self) -> None:
        """Begins: time counts from here."""
        self.began, self.start = monotonic(), datetime.now(UTC)

    def now(self) -> float:
        return round((monotonic() - self.began) * 1000, 1)

    def see(self, kind: str, obj: Object) -> None:
        obj["metadata"].pop("managedFields", None)
        self.rows.append({"ms": self.now(), "type": kind, "object": obj})

    def write(self, target: Path, *, scenario: str, note: str, versions: Mapping[str, str]) -> int:
        """Writes the file and returns its size in bytes."""
        header = {
            "format": FORMAT,
            "scenario": scenario,
            "kubernetes": versions["kube-apiserver"],
            "controllers": {name: version for name, version in versions.items() if name.endswith("-controller")},
            "start": self.start.isoformat(),
            "requests": [asdict(each) for each in self.requests],
            "note": note,
        }
        text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in [header, *self.rows])
        for here, there in self.places.items():
            text = text.replace(here, there)
        return target.write_text(text)


class Recorder:
    """Watches from entering its block until leaving it; what exists at the start comes first, as ADDED."""

    def __init__(self, api: Api, namespace: str, tape: Tape) -> None:
        self._api = api
        self._namespace = namespace
        self._tape = tape
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        lists = await asyncio.gather(*(self._api.collect(kind, self._namespace) for kind in _KINDS))
        for kind, found in zip(_KINDS, lists, strict=True):
            for item in found["items"]:
                self._tape.see("ADDED", {"apiVersion": api_version(kind), "kind": kind, **item})
        self._tasks = [
            asyncio.create_task(self._follow(kind, found["metadata"]["resourceVersion"]))
            for kind, found in zip(_KINDS, lists, strict=True)
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self._quiet(0.8)
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        broken = [each for each in results if not isinstance(each, asyncio.CancelledError)]
        if error is None and broken:
            raise RuntimeError(f"{len(broken)} watches ended early: {broken[0]!r}")

    async def _quiet(self, seconds: float) -> None:
        """The last events of a run come a moment after its verdict: waits until nothing has come for a while."""
        while (missing := seconds - (self._tape.now() - self._last()) / 1000) > 0:
            await asyncio.sleep(missing)

    def _last(self) -> float:
        return float(self._tape.rows[-1]["ms"]) if self._tape.rows else 0.0

    async def _follow(self, kind: str, since: str) -> None:
        async with aclosing(self._api.watch(kind, self._namespace, since=since)) as events:
            async for change, obj in events:
                self._tape.see(change, obj)
