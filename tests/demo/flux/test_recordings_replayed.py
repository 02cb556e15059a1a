"""Every recording of real Flux is played again on the simulators by the same script, and they must show the same.

What counts as the same is `sequences`: per object, each patch of a controller with its conditions in their order, its
token, generations, revisions, inventory and history. Three things are compared apart, since their interleaving is
chance: what controllers wrote, what people wrote, and the core Events with how often they came.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.demo.flux.knobs import HELM, KUSTOMIZE, SOURCE, Knobs
from tests.demo.flux.play import Played, play, recorded_knobs
from tests.demo.flux.sequences import Changes, asked, sequences, told
from tests.real import scenarios
from tests.real.scenarios.scenario import Scenario

Json = dict[str, Any]
Events = dict[tuple[str, str, str], int]

RECORDINGS = Path(__file__).parents[2] / "data" / "recordings"


@dataclass(frozen=True, slots=True)
class Luck:
    """Timing that a recording happened to have: late caches and slow controllers, and why we know."""

    why: str
    lags: Mapping[tuple[str, str], float] = field(default_factory=dict)
    paces: Mapping[str, float] = field(default_factory=dict)


LUCK = {
    "ks-apply-failure": Luck(
        "the second run counts one failure, not two: its cache had the first run's conditions, but not its history",
        lags={(KUSTOMIZE, "kustomizations"): 0.006},
    ),
    "hr-upgrade-failed": Luck(
        "the chart is packed twice: the run for our token began before the cache showed the one that it met at work",
        lags={(SOURCE, "helmcharts"): 0.006},
        paces={SOURCE: 5.0},
    ),
}

TOLERATED = {
    "ArtifactUpToDate of a HelmChart": (
        "not counted: source-controller finds the charts of a HelmRepository by its name in all namespaces, and "
        "three scenarios with a repository `charts` were recorded at a time"
    ),
    "ChartPullSucceeded of a HelmChart": (
        "not counted: it comes twice where a chart was packed twice before the recording (hr-stalled-then-reset)"
    ),
    "the text of a kustomize build's failure": "masked: it is kustomize's own, and names files of a temporary folder",
    "the last lines of Helm's log": "masked: the event has some, but not Helm's very words",
    "the size of an index": "masked: ours is not YAML",
    "spec": "not compared: real CRDs fill in defaults",
    "observedGeneration -1": "a missing one counts as -1, which real CRDs fill in",
    "lastTransitionTime": "not compared: whole seconds pass by chance; test_conditions holds it to its rule",
}
_UNCOUNTED = ("ArtifactUpToDate", "ChartPullSucceeded")


def lucky(name: str, knobs: Knobs) -> Knobs:
    luck = LUCK.get(name)
    if luck is not None:
        knobs.lags.update(luck.lags)
        knobs.paces.update(luck.paces)
    return knobs


@cache
def recording(name: str) -> tuple[list[Json], list[Json]]:
    """Its requests and its rows."""
    header, *rows = map(json.loads, (RECORDINGS / f"{name}.jsonl").read_text().splitlines())
    return header["requests"], rows


@pytest.fixture(params=scenarios.ALL, ids=lambda scenario: scenario.name)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    found: Scenario = request.param
    return found


def test_every_recording_has_its_scenario() -> None:
    assert sorted(each.name for each in scenarios.ALL) == sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))


def test_controllers_write_what_real_ones_wrote(scenario: Scenario) -> None:
    requests, rows = recording(scenario.name)
    played = play(scenario, lucky(scenario.name, recorded_knobs()))

    assert asked(played.rows, played.requests) == asked(rows, requests)
    assert sequences(played.rows, played.requests) == sequences(rows, requests)
    assert counted(told(played.rows, played.requests)) == counted(told(rows, requests))


def counted(events: Mapping[str, Events]) -> dict[str, list[tuple[tuple[str, str, str], int]]]:
    """Every object's events in the order of their first time, without those that are tolerated."""
    return {
        name: [
            (event, count)
            for event, count in found.items()
            if not (name.startswith("HelmChart/") and event[1] in _UNCOUNTED)
        ]
        for name, found in events.items()
    }


def lagging() -> Knobs:
    """Caches that are late by more than a run's turnaround, and steps that vary."""
    knobs = recorded_knobs()
    knobs.lag, knobs.jitter = 0.05, 0.4
    return knobs


def slow() -> Knobs:
    """One worker for everything, and every step takes six times as long."""
    knobs = recorded_knobs()
    knobs.workers_else, knobs.pace = 1, 6.0
    return knobs


@pytest.mark.parametrize("turn", [lagging, slow])
def test_other_knobs_change_the_timing_and_not_the_story(scenario: Scenario, turn: Callable[[], Knobs]) -> None:
    """Late caches and slow workers join runs, repeat them or split them, so here the order may differ. Still every
    object ends as it did in the recording, and shows no condition on the way that it never shows with the default
    knobs or in the recording.
    """
    requests, rows = recording(scenario.name)
    plain = play(scenario, recorded_knobs())
    knobs = turn()
    knobs.lags.update(ON_TIME.get(scenario.name, {}))
    turned = play(scenario, knobs, seed=3)

    assert last_states(turned) == last_states(Played(requests, rows, turned.journal))
    known = said(sequences(rows, requests)) | said(sequences(plain.rows, plain.requests)) | PASSING
    assert said(sequences(turned.rows, turned.requests)) - known == set()


PASSING = {
    "Ready=True/ChartPullSucceeded": "the recording may begin while a chart is still as it was before",
    "Ready=False/ArtifactFailed": "helm-controller has just made a HelmChart that its own cache does not show yet",
}.keys()

ON_TIME = {
    # With a late cache it takes the old chart for the new one and rests, as a real one would; nothing wakes it again.
    "hr-source-not-ready": {(HELM, "helmcharts"): 0.0},
}


def said(found: Mapping[str, Changes]) -> set[str]:
    """Type, status and reason of every condition."""
    lines = {line for changes in found.values() for change in changes for line in change}
    return {line.partition("@")[0] for line in lines if "=" in line and "/" in line and "@" in line.partition(" ")[0]}


def last_states(played: Played) -> dict[str, object]:
    """What each object looked like at the end: conditions, revisions, the token."""
    last = {f"{row['object']['kind']}/{row['object']['metadata']['name']}": row for row in played.rows}
    tokens = {each["token"]: number for number, each in enumerate(played.requests)}
    return {name: _last(row, tokens) for name, row in last.items() if row["object"]["kind"] != "Event"}


def _last(row: Json, tokens: Mapping[str, int]) -> object:
    if row["type"] == "DELETED":
        return "deleted"
    status = row["object"].get("status") or {}
    conditions = [(each["type"], each["status"], each["reason"]) for each in status.get("conditions") or []]
    # A suspended Kustomization's generation is observed only if the run after the suspend sees Ready=True already.
    suspended = row["object"]["spec"].get("suspend", False)
    settled = suspended or status.get("observedGeneration", -1) == row["object"]["metadata"]["generation"]
    history = [each.get("status") or each["lastReconciledStatus"] for each in status.get("history") or []]
    return conditions, settled, tokens.get(status.get("lastHandledReconcileAt", "")), history[:1]
