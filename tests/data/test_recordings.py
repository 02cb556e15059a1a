"""Recordings of real Flux are sound: whole, in order, complete in their requests, and free of the machine they
were made on. Made by ``python -m tests.real record`` (docs/real.md).
"""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "recordings"
FILES = sorted(FOLDER.glob("*.jsonl"))
REQUESTED = "reconcile.fluxcd.io/requestedAt"
CONTROLLERS = ["helm-controller", "kustomize-controller", "notification-controller", "source-controller"]
REQUIRED = {
    "chart-new-revision",
    "git-new-revision",
    "helmrepo-new-revision",
    "helmrepo-oci-static",
    "hr-force",
    "hr-install",
    "hr-retry-on-failure",
    "hr-stalled-then-reset",
    "hr-suspended",
    "hr-upgrade",
    "hr-upgrade-failed",
    "hr-upgrade-failed-rollback",
    "ks-build-failure",
    "ks-deleted-while-waiting",
    "ks-dependency-then-ready",
    "ks-first-run",
    "ks-health-failed-early",
    "ks-health-timeout-recovery",
    "ks-new-revision",
    "ks-path-not-found",
    "ks-resumed",
    "ks-source-failing-old-artifact",
    "ks-source-missing",
    "ks-suspended",
    "ks-suspended-during-run",
    "ks-token-overwritten",
    "ks-two-requests",
    "ks-unchanged",
    "ks-with-source-race",
    "oci-new-revision",
    "receiver-request",
}
LARGEST = 300_000

Json = dict[str, Any]


def read(file: Path) -> tuple[Json, list[Json]]:
    header, *events = [json.loads(line) for line in file.read_text().splitlines()]
    return header, events


def ref(obj: Json) -> str:
    return f"{obj['kind']}/{obj['metadata']['namespace']}/{obj['metadata']['name']}"


def requested(obj: Json) -> str:
    return str(obj["metadata"].get("annotations", {}).get(REQUESTED, ""))


def test_every_scenario_that_the_judge_needs_is_recorded() -> None:
    assert sorted(REQUIRED - {file.stem for file in FILES}) == []


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def file(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_the_header_says_what_was_recorded_and_with_which_versions(file: Path) -> None:
    header, _ = read(file)

    versions = [header["kubernetes"], *header["controllers"].values()]
    assert (header["format"], header["scenario"]) == (1, file.stem)
    assert sorted(header["controllers"]) == CONTROLLERS
    assert [version for version in versions if not re.fullmatch(r"v\d+\.\d+\.\d+", version)] == []
    assert datetime.fromisoformat(header["start"]).utcoffset() is not None
    assert re.fullmatch(r"[A-Z].*\.", header["note"])


def test_events_are_whole_and_come_in_order(file: Path) -> None:
    _, events = read(file)

    times = [event["ms"] for event in events]
    assert times == sorted(times)
    assert {event["type"] for event in events} <= {"ADDED", "MODIFIED", "DELETED"}
    assert [key for event in events for key in event["object"]["metadata"] if key == "managedFields"] == []
    assert {event["object"]["metadata"]["namespace"] for event in events} == {file.stem}
    assert all({"apiVersion", "kind"} <= event["object"].keys() for event in events)


def test_an_object_is_added_once_and_changes_only_between_its_addition_and_its_end(file: Path) -> None:
    _, events = read(file)

    alive: dict[str, bool] = {}
    for event in events:
        uid = event["object"]["metadata"]["uid"]
        assert (event["type"] == "ADDED") == (uid not in alive), f"{event['type']} {ref(event['object'])}"
        assert alive.get(uid, True)
        alive[uid] = event["type"] != "DELETED"


def test_each_request_is_seen_on_its_object_after_it_was_written(file: Path) -> None:
    header, events = read(file)

    unseen = [
        request["token"]
        for request in header["requests"]
        if not any(
            ref(event["object"]) == request["ref"] and requested(event["object"]) == request["token"]
            for event in events
            if event["ms"] >= request["ms"]
        )
    ]
    assert (unseen, header["requests"] == []) == ([], False)


def test_the_header_lists_every_token_that_was_written_during_the_recording(file: Path) -> None:
    header, events = read(file)

    first: dict[str, str] = {}
    written: list[tuple[str, str]] = []
    for event in events:
        obj = event["object"]
        before = first.get(ref(obj), requested(obj))
        if requested(obj) != before:
            written.append((ref(obj), requested(obj)))
        first[ref(obj)] = requested(obj)
    assert sorted(written) == sorted((each["ref"], each["token"]) for each in header["requests"])


def test_the_token_handled_before_a_request_is_the_one_the_header_names(file: Path) -> None:
    header, events = read(file)

    for request in header["requests"]:
        states = [event["object"] for event in events if ref(event["object"]) == request["ref"]]
        known = {obj.get("status", {}).get("lastHandledReconcileAt", "") for obj in states}
        assert request["prev"] in known
        assert request["prev"] != request["token"]
        assert request["by"] in ("me", "other")


def test_nothing_tells_of_the_machine_or_of_a_secret(file: Path) -> None:
    text = file.read_text()

    hosts = set(re.findall(r"https?://([^/\":\s\\]+)", text))
    folders = set(re.findall(r"(?<![\w.:/])/(?:home|root|work|Users|var|opt)/[^\s\"]*", text))
    assert hosts <= {"127.0.0.1", "git.example.com"}
    assert (folders, len(text.encode()) < LARGEST) == (set(), True)
    assert re.findall(r"xox[bap]-|ghp_|BEGIN [A-Z ]*PRIVATE|[Bb]earer ", text) == []
