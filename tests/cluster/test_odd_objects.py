"""Every field of recorded objects gone, null, of another type, huge or hostile: it is read, judged and told all the
same, and nothing becomes a success by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.cluster.decode import snapshot
from bot.cluster.surroundings import controller, controllers, events
from bot.core.chain import feeds
from bot.core.judge import judge
from bot.core.kinds import KINDS, KUSTOMIZATION, Kind
from bot.core.notices import Asked, Finished, Going, Outcome, Running, Stage, Track
from bot.core.requests import Ask, Role
from bot.core.resources import Absent, Ref, Snapshot
from bot.core.verdicts import Overtaken, Pending, Seen, Succeeded, Unchanged, Verdict
from bot.slack.views import render
from tests.fakes.clock import MORNING
from tests.replay import load, recordings
from tests.slack.wounds import Path, Wound, replaced, wounds
from tests.wording.slack_limits import broken_limits, foreign_markup, marked_texts

Json = dict[str, Any]

NAMED = {kind.name: kind for kind in KINDS}
TOKEN = ("metadata", "annotations", "reconcile.fluxcd.io/requestedAt")
HANDLED = ("status", "lastHandledReconcileAt")
OBSERVED = ("status", "observedGeneration")
GENERATION = ("metadata", "generation")
ENOUGH = 2
"""Objects of one kind and verdict: more of them differ in texts only."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An object as it was watched after a request, with what the judge was shown beside it."""

    scenario: str
    body: Json
    kind: Kind
    ask: Ask
    at: datetime
    source: Snapshot | Absent | None
    verdict: Pending | Verdict

    def judged(self, body: object) -> tuple[Snapshot, Pending | Verdict] | None:
        """The same with another body; None where that is no object."""
        raw = json.dumps(body).encode("utf-8", "surrogatepass")
        now = snapshot(raw, "prod", self.kind, full=True)
        return None if now is None else (now, judge(self.ask, Seen(now, self.at, self.source)))


def good(verdict: Pending | Verdict) -> bool:
    return isinstance(verdict.verdict if isinstance(verdict, Overtaken) else verdict, Succeeded | Unchanged)


def samples() -> Iterator[Sample]:
    """Every state of every object that our requests were about, as it was judged."""
    for name, path in recordings().items():
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
        for asked in load(path).asked:
            known: dict[Ref, Snapshot | Absent] = {}
            ask: Ask | None = None
            for line in lines:
                kind = NAMED.get(line["object"]["kind"])
                now = snapshot(json.dumps(line["object"]).encode(), "prod", kind, full=True) if kind else None
                if kind is None or now is None:
                    continue
                known[now.ref] = now
                if now.ref != asked.ref or line["type"] == "DELETED":
                    continue
                if ask is None and now.asked.request == asked.token:
                    ends = asked.at + timedelta(minutes=5)
                    ask = Ask(now.ref, asked.token, now.handled.request, asked.at, ends, before=now)
                if ask is not None:
                    feeder = feeds(now)
                    at, source = asked.at + timedelta(seconds=20), known.get(feeder) if feeder else None
                    yield Sample(name, line["object"], kind, ask, at, source, judge(ask, Seen(now, at, source)))


def chosen() -> dict[str, Sample]:
    """Some of each kind and verdict."""
    found: dict[str, list[Sample]] = {}
    for each in samples():
        found.setdefault(f"{each.kind.name} {type(each.verdict).__name__}", []).append(each)
    return {
        f"{name} {number}": each
        for name, several in found.items()
        for number, each in enumerate(several[:: max(1, len(several) // ENOUGH)][:ENOUGH])
    }


SAMPLES = chosen()
FITTING = {
    "the string True": "True",
    "our token": None,
    "a list of conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "fine"}],
    "lone surrogate": "\ud800<!channel>",
    "a time beyond times": "9999-12-31T23:59:60Z",
    "a huge number": 2**70,
    "a negative number": -1,
    "deep": json.loads("[" * 60 + "]" * 60),
}
"""What stands there instead, besides the wounds that payloads of Slack get."""


SHOWN = {"huge", "full list", "full object", "zero", "lone surrogate", "a time beyond times", "a huge number"}
"""What may upset a message."""


def spoiled(sample: Sample) -> Iterator[Wound]:
    yield from wounds(sample.body)
    for wound in wounds(sample.body):
        if wound.what == "null":
            for what, value in FITTING.items():
                put = sample.ask.token if what == "our token" else value
                yield Wound(wound.path, what, replaced(sample.body, wound.path, put))


def _conditions(sample: Sample) -> list[Json]:
    found: list[Json] = sample.body["status"].get("conditions", [])
    return found


def may_turn_good(sample: Sample, wound: Wound) -> bool:
    """Whether the object then truly says that it succeeded: the spoiled field is what stood against it."""
    conditions: list[Path] = [("status", "conditions", number) for number in range(len(_conditions(sample)))]
    says_ready = wound.what in {"the string True", "a list of conditions"} and wound.touches(*conditions)
    others = [each for each, shape in zip(conditions, _conditions(sample), strict=True) if shape["type"] != "Ready"]
    hides_trouble = wound.touches(("spec", "suspend"), ("metadata", "deletionTimestamp"), *others)
    return says_ready or hides_trouble or (wound.what == "our token" and wound.touches(HANDLED, TOKEN))


@pytest.mark.parametrize("name", [name for name, each in SAMPLES.items() if not good(each.verdict)])
def test_no_field_makes_a_success_of_what_is_none(name: str) -> None:
    sample = SAMPLES[name]
    wrong = []
    for wound in spoiled(sample):
        found = sample.judged(wound.payload)
        if found is not None and good(found[1]) and not may_turn_good(sample, wound):
            wrong.append(f"{wound}: {found[1]}")
    assert wrong == []


@pytest.mark.parametrize("name", [name for name, each in SAMPLES.items() if good(each.verdict)])
def test_a_success_does_not_outlive_its_proofs(name: str) -> None:
    sample = SAMPLES[name]
    ready = next(number for number, each in enumerate(sample.body["status"]["conditions"]) if each["type"] == "Ready")
    condition: Path = ("status", "conditions", ready)
    proofs: list[Path] = [HANDLED, (*condition, "status"), (*condition, "type")]
    if sample.kind.observes:
        proofs += [OBSERVED, GENERATION]
    wrong = []
    for wound in spoiled(sample):
        if wound.path not in proofs and not wound.touches(*[each for each in proofs if len(each) > len(wound.path)]):
            continue
        if wound.what in {"the string True", "our token", "a list of conditions"}:
            continue
        found = sample.judged(wound.payload)
        if found is not None and good(found[1]) and not isinstance(found[1], Overtaken):
            wrong.append(f"{wound}: {found[1]}")
    assert wrong == []


@pytest.mark.parametrize("name", [name for name in SAMPLES if name.endswith(" 0")])
def test_whatever_stands_in_a_field_it_can_be_told(name: str) -> None:
    sample = SAMPLES[name]
    for wound in spoiled(sample):
        if wound.what not in SHOWN:
            continue
        found = sample.judged(wound.payload)
        if found is None:
            continue
        shown = render(_notice(*found))
        assert broken_limits(shown.text, shown.blocks) == [], wound
        for text in marked_texts(shown.text, shown.blocks):
            assert "<!channel>" not in text, wound
            assert "<!channel>" not in "".join(foreign_markup(text)), wound


def _notice(now: Snapshot, verdict: Pending | Verdict) -> Running | Finished:
    asked = Asked("ab12cd34", "U0DEV", "dev", "ks apps", MORNING)
    took = timedelta(seconds=9)
    if isinstance(verdict, Pending):
        running = Stage(now.ref, Role.OBJECT, Going.RUNNING, verdict, None, now.applied, now.attempted)
        return Running(asked, (Track(now.ref, (running,)),), MORNING)
    done = Stage(now.ref, Role.OBJECT, Going.DONE, None, verdict, now.applied, now.attempted)
    return Finished(asked, (Track(now.ref, (done,), Outcome(verdict, took, now=now)),), MORNING, took)


def test_the_samples_are_of_many_kinds_and_ends() -> None:
    assert len({name.rpartition(" ")[0] for name in SAMPLES}) >= 20
    assert {type(each.verdict).__name__ for each in SAMPLES.values()} >= {
        "Pending",
        "Succeeded",
        "Unchanged",
        "Failed",
        "Stalled",
        "Suspended",
        "Deleting",
    }


EVENTS: dict[str, object] = {
    "kind": "EventList",
    "metadata": {"resourceVersion": "7", "continue": ""},
    "items": [
        {
            "involvedObject": {"apiVersion": KUSTOMIZATION.api_version, "kind": "Kustomization", "name": "apps"},
            "type": "Warning",
            "reason": "BuildFailed",
            "message": "no",
            "count": 3,
            "series": {"count": 4, "lastObservedTime": "2026-08-20T09:14:00.000000Z"},
            "eventTime": "2026-08-20T09:14:00Z",
            "firstTimestamp": "2026-08-20T09:14:00Z",
            "lastTimestamp": "2026-08-20T09:14:00Z",
        }
    ],
}
DEPLOYMENTS: dict[str, object] = {
    "kind": "DeploymentList",
    "metadata": {"resourceVersion": "7"},
    "items": [
        {
            "metadata": {"name": "kustomize-controller"},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "manager", "image": "x:1"}]}}},
            "status": {"availableReplicas": 1},
        }
    ],
}


def test_odd_events_and_deployments_are_left_out_or_unknown() -> None:
    about = Ref("prod", KUSTOMIZATION, "flux-system", "apps")
    for wound in wounds(EVENTS):
        assert len(events(json.dumps(wound.payload).encode(), about, MORNING)) <= 1, wound
    for wound in wounds(DEPLOYMENTS):
        controller(
            controllers(json.dumps(wound.payload).encode(), "flux-system"), "prod", KUSTOMIZATION, "flux-system"
        )
