"""Objects of Kubernetes: recordings of real Flux, mutated, decoded, judged, explained and told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Final, assert_never

from bot.cluster.decode import snapshot
from bot.core.chain import feeds
from bot.core.explain import Cause, Needs, explain
from bot.core.judge import judge
from bot.core.kinds import KINDS, Kind, Switch
from bot.core.notices import (
    Account,
    Asked,
    Detailed,
    Finished,
    Going,
    Mentioned,
    Notice,
    Outcome,
    Running,
    Stage,
    Track,
)
from bot.core.patience import patience
from bot.core.requests import Ask, Role
from bot.core.resources import Absent, Ref, Snapshot
from bot.core.verdicts import Overtaken, Pending, Seen, Succeeded, Unchanged, Verdict
from tests.replay import load, recordings
from tests.soak import fuzz_mutations as mutate
from tests.soak.fuzz_looks import ugly

CLUSTER: Final = "prod"
REQUESTED: Final = "reconcile.fluxcd.io/requestedAt"
NAMED: Final = {kind.name: kind for kind in KINDS}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """An object as it was watched after a request, and all that the judge was told besides."""

    body: Json
    kind: Kind
    ask: Ask
    at: timedelta
    """Since the request."""
    source: Snapshot | Absent | None


@dataclass(frozen=True, slots=True)
class Wounded:
    """The same with a wound. `raw` comes over the wire; `whole`: the wound is in the tree, not in the bytes."""

    sample: Sample
    body: object
    raw: bytes
    whole: bool


class Objects:
    """Whatever a cluster sends: a snapshot of that very object or none, and never a success that it does not tell."""

    def __init__(self) -> None:
        self._samples = tuple(_samples())

    def input(self, random: Random) -> Wounded:
        sample = random.choice(self._samples)
        body = mutate.tree(random, sample.body, random.choice((1, 1, 2, 3, 12)))
        raw = json.dumps(body).encode()
        whole = random.random() < 0.9
        return Wounded(sample, body, raw if whole else mutate.raw(random, raw), whole)

    def wrong(self, given: object) -> Iterator[str]:
        assert isinstance(given, Wounded)
        sample = given.sample
        now = snapshot(given.raw, CLUSTER, sample.kind, full=True)
        if now is None:
            return
        if given.whole:
            yield from self._is_itself(now, given)
        if now != snapshot(given.raw, CLUSTER, sample.kind, full=True):
            yield "read twice it is two things"
        floor = timedelta(minutes=5)
        if not floor <= patience(now, floor) <= timedelta(days=3):
            yield f"patience of {patience(now, floor)}"
        seen = Seen(now, sample.ask.patched_at + sample.at, sample.source)
        verdict = judge(sample.ask, seen)
        if given.whole:
            yield from self._is_true(verdict, given)
        yield from self._explained(now)
        shaped = given.whole and not mutate.loose(given.body)
        for notice in _notices(now, sample.ask, verdict):
            yield from ugly(notice, secretive=shaped)

    def _is_itself(self, now: Snapshot, given: Wounded) -> Iterator[str]:
        meta = _part(given.body, "metadata")
        namespace = meta.get("namespace")
        if now.ref != Ref(CLUSTER, given.sample.kind, namespace if isinstance(namespace, str) else "", meta["name"]):
            yield f"{now.ref} of {meta}"

    def _is_true(self, verdict: Pending | Verdict, given: Wounded) -> Iterator[str]:
        """A success only where the object says so in every respect. Written without the judge's rules at hand."""
        end = verdict.verdict if isinstance(verdict, Overtaken) else verdict
        if not isinstance(end, Succeeded | Unchanged):
            return
        meta, spec, status = (_part(given.body, name) for name in ("metadata", "spec", "status"))
        handled, asked = status.get("lastHandledReconcileAt"), _part(meta, "annotations").get(REQUESTED)
        token = given.sample.ask.token
        ours = handled == token if not isinstance(verdict, Overtaken) else handled == asked != token
        conditions = status.get("conditions")
        found = [each for each in conditions if isinstance(each, dict)] if isinstance(conditions, list) else []
        ready = next((each for each in found if each.get("type") == "Ready"), {})
        stalled = next((each for each in found if each.get("type") == "Stalled"), {})
        generation = meta.get("generation")
        kind = given.sample.kind
        holds = {
            "the token": ours,
            "Ready": ready.get("status") == "True",
            "awake": kind.switch is not Switch.SUSPEND or spec.get("suspend") is not True,
            "not being deleted": not isinstance(meta.get("deletionTimestamp"), str),
            "the generation": not kind.observes or status.get("observedGeneration") == generation,
            "not stalled": stalled.get("status") != "True" or ready.get("observedGeneration") is not None,
        }
        if not all(holds.values()):
            yield f"{verdict} although {holds}"

    def _explained(self, now: Snapshot) -> Iterator[str]:
        known: dict[Ref, Snapshot | Absent | None] = {}
        for _ in range(40):
            match explain(now, known, lambda _: True):
                case Needs(ref):
                    known[ref] = Absent(ref) if len(known) % 2 else replace(now, ref=ref)
                case Cause() | None:
                    return
                case _ as never:
                    assert_never(never)
        yield "it needs ever more look-ups"


def _part(value: object, name: str) -> Json:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _notices(now: Snapshot, ask: Ask, verdict: Pending | Verdict) -> Iterator[Notice]:
    """Everything that would be said of it."""
    asked = Asked("ab12cd34", "U0DEV", "dev", "ks apps", ask.patched_at)
    at, took = ask.patched_at + timedelta(seconds=9), timedelta(seconds=9)
    if isinstance(verdict, Pending):
        stage = Stage(now.ref, Role.OBJECT, Going.RUNNING, verdict, None, now.applied, now.attempted)
        yield Running(asked, (Track(now.ref, (stage,)),), at)
        return
    stage = Stage(now.ref, Role.OBJECT, Going.DONE, None, verdict, now.applied, now.attempted)
    track = Track(now.ref, (stage,), Outcome(verdict, took, now=now))
    yield Finished(asked, (track,), at, took)
    yield Mentioned(asked, (track,))
    yield Detailed(asked, (Account(track, now.conditions),), at)


def _samples() -> Iterator[Sample]:
    for path in recordings().values():
        recording = load(path)
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
        for asked in recording.asked:
            known: dict[Ref, Snapshot | Absent] = {}
            ask: Ask | None = None
            for line in lines:
                body = line["object"]
                kind = NAMED.get(body["kind"])
                now = snapshot(json.dumps(body).encode(), CLUSTER, kind, full=True) if kind is not None else None
                if kind is None or now is None:
                    continue
                known[now.ref] = now
                if now.ref != asked.ref or line["type"] == "DELETED":
                    continue
                if ask is None and now.asked.request == asked.token:
                    deadline = asked.at + timedelta(minutes=5)
                    ask = Ask(asked.ref, asked.token, now.handled.request, asked.at, deadline, before=now)
                if ask is not None:
                    feeder = feeds(now)
                    yield Sample(body, kind, ask, timedelta(seconds=20), known.get(feeder) if feeder else None)
