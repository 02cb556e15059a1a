"""Recordings of real Flux played back: every watch event decoded as the bot decodes it, every request judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.cluster.decode import snapshot
from bot.core.chain import feeds
from bot.core.judge import judge
from bot.core.kinds import KINDS
from bot.core.requests import Ask
from bot.core.resources import Absent, Event, Ref, Snapshot
from bot.core.verdicts import Pending, Seen, Verdict

RECORDINGS = Path(__file__).parent / "data" / "recordings"
_KINDS = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the recording's header."""

    ref: Ref
    token: str
    prev: str
    with_source: bool
    at: datetime
    force: bool
    reset: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One watch event: the object as it then was, or a core event about one."""

    at: datetime
    now: Snapshot | Absent | None
    told: Event | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A scenario as it was watched."""

    name: str
    asked: tuple[Asked, ...]
    moments: tuple[Moment, ...]

    def play(self, asked: Asked) -> Iterator[tuple[Moment, Pending | Verdict]]:
        """What the judge says of one request at each event of its object, from our patch on."""
        known: dict[Ref, Snapshot | Absent] = {}
        events: list[Event] = []
        ask: Ask | None = None
        for moment in self.moments:
            if moment.told is not None and moment.told.at >= asked.at - timedelta(seconds=1):
                events.append(moment.told)
            now = moment.now
            if now is None:
                continue
            before = known.get(now.ref)
            known[now.ref] = replace(now, was=before) if isinstance(now, Absent) and before else now  # type: ignore[arg-type]
            if now.ref != asked.ref:
                continue
            if ask is None and isinstance(now, Snapshot) and now.asked.request == asked.token:
                ask = self._ask(asked, now, known)
            if ask is not None:
                yield moment, judge(ask, self._seen(moment, now, known, events))

    def verdicts(self, asked: Asked) -> list[Verdict]:
        """Every verdict in turn, told once as long as it stays the same; the first is the request's end."""
        found: list[Verdict] = []
        for _, verdict in self.play(asked):
            if not isinstance(verdict, Pending) and (not found or found[-1] != verdict):
                found.append(verdict)
        return found

    def _ask(self, asked: Asked, answer: Snapshot, known: dict[Ref, Snapshot | Absent]) -> Ask:
        feeder = feeds(answer)
        source = known.get(feeder) if feeder else None
        wanted = source.artifact.revision if isinstance(source, Snapshot) and source.artifact else None
        return Ask(
            ref=asked.ref,
            token=asked.token,
            prev=answer.handled.request,
            patched_at=asked.at,
            deadline=asked.at + timedelta(minutes=5),
            before=answer,
            wanted=wanted if asked.with_source else None,
            force=asked.force,
            reset=asked.reset,
            baseline=self._before_all(asked.ref) if asked.with_source else None,
        )

    def _before_all(self, ref: Ref) -> Snapshot | None:
        """The object before the first request of the scenario, as the flow reads it before its first patch."""
        start = self.asked[0].at
        states = [moment.now for moment in self.moments if moment.at <= start and isinstance(moment.now, Snapshot)]
        return next((now for now in reversed(states) if now.ref == ref), None)

    def _seen(
        self, moment: Moment, now: Snapshot | Absent, known: dict[Ref, Snapshot | Absent], events: list[Event]
    ) -> Seen:
        feeder = feeds(now) if isinstance(now, Snapshot) else None
        about = tuple(event for event in events if event.about == now.ref)
        return Seen(now, moment.at, known.get(feeder) if feeder else None, about)


def recordings() -> dict[str, Path]:
    """Every recording by its scenario."""
    return {path.stem: path for path in sorted(RECORDINGS.glob("*.jsonl"))}


def load(path: Path) -> Recording:
    """A recording, decoded."""
    lines = path.read_text().splitlines()
    header = json.loads(lines[0])
    start = datetime.fromisoformat(header["start"])
    asked = tuple(_asked(raw, start) for raw in header["requests"] if raw.get("by", "me") == "me")
    moments = tuple(moment for line in lines[1:] if (moment := _moment(json.loads(line), start)) is not None)
    return Recording(path.stem, asked, moments)


def _asked(raw: dict[str, Any], start: datetime) -> Asked:
    kind, namespace, name = raw["ref"].split("/")
    return Asked(
        ref=Ref("prod", _KINDS[kind], namespace, name),
        token=raw["token"],
        prev=raw["prev"],
        with_source=raw["with_source"],
        at=start + timedelta(milliseconds=raw["ms"]),
        force=raw.get("force", False),
        reset=raw.get("reset", False),
    )


def _moment(raw: dict[str, Any], start: datetime) -> Moment | None:
    at = start + timedelta(milliseconds=raw["ms"])
    body: dict[str, Any] = raw["object"]
    if body["kind"] == "Event":
        return Moment(at, None, _told(body, at))
    if body["kind"] not in _KINDS:
        return None
    kind = _KINDS[body["kind"]]
    found = snapshot(json.dumps(body).encode(), "prod", kind, full=True)
    assert found is not None, body["metadata"]
    return Moment(at, Absent(found.ref) if raw["type"] == "DELETED" else found)


def _told(body: dict[str, Any], at: datetime) -> Event | None:
    about = body["involvedObject"]
    if about["kind"] not in _KINDS:
        return None
    ref = Ref("prod", _KINDS[about["kind"]], about["namespace"], about["name"])
    return Event(ref, body["reason"], body["message"], body["type"] == "Warning", at)
