"""Every recording of real Flux, judged. The table says what the scenario was made to show, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.core.resources import Snapshot
from bot.core.verdicts import Overtaken, Pending, Succeeded, Suspended, Unchanged, Verdict, Why
from tests.replay import Asked, Recording, load, recordings

WAITS = "still waiting when the recording ends"

ENDS: dict[str, tuple[str, ...]] = {
    "chart-new-revision": ("Succeeded", "Succeeded"),
    "chart-version-missing": ("Stalled InvalidChartReference",),
    "git-new-revision": ("Succeeded",),
    "git-suspended": ("Suspended",),
    "git-timeout": ("Failed GitOperationFailed",),
    "git-unauthorized": ("Failed GitOperationFailed",),
    "git-unchanged": ("Unchanged",),
    "helmrepo-new-revision": ("Succeeded",),
    "helmrepo-oci-static": ("Static",),
    "hr-force": ("Succeeded",),
    "hr-force-lost": ("Unchanged",),
    "hr-install": ("Succeeded",),
    "hr-install-failed": ("Failed InstallFailed",),
    "hr-retry-on-failure": ("Succeeded", "Succeeded", "Failed UpgradeFailed"),
    "hr-source-not-ready": (WAITS,),
    "hr-stalled-then-forced": ("Succeeded",),
    "hr-stalled-then-reset": ("Stalled RetriesExceeded", "Succeeded"),
    "hr-suspended": ("Suspended",),
    "hr-unchanged": ("Unchanged",),
    "hr-upgrade": ("Succeeded", "Succeeded", "Succeeded"),
    "hr-upgrade-failed": ("Succeeded", "Succeeded", "Stalled RetriesExceeded"),
    "hr-upgrade-failed-rollback": ("Succeeded", "Succeeded", "Stalled RetriesExceeded"),
    "hr-upgrade-git": ("Succeeded", "Succeeded", "Succeeded"),
    "hr-upgrade-oci": ("Succeeded", "Succeeded"),
    "hr-upgrade-values": ("Succeeded",),
    "ks-apply-failure": ("Succeeded", "Failed ReconciliationFailed"),
    "ks-build-failure": ("Succeeded", "Failed BuildFailed"),
    "ks-controller-down": ("Unchanged",),
    "ks-deleted-while-waiting": ("Deleting",),
    "ks-dependency-not-ready": (WAITS,),
    "ks-dependency-then-ready": ("Succeeded",),
    "ks-first-run": ("Succeeded",),
    "ks-health-check-passes": ("Unchanged",),
    "ks-health-failed-early": ("Failed HealthCheckFailed",),
    "ks-health-timeout-recovery": ("Failed HealthCheckFailed",),
    "ks-new-revision": ("Succeeded", "Succeeded"),
    "ks-new-revision-oci": ("Succeeded", "Succeeded"),
    "ks-new-spec-during-run": ("Unchanged",),
    "ks-path-not-found": ("Failed ArtifactFailed",),
    "ks-resumed": ("Unchanged",),
    "ks-source-failing-old-artifact": ("Failed GitOperationFailed", "Unchanged SOURCE_FAILING"),
    "ks-source-missing": (WAITS,),
    "ks-suspended": ("Suspended",),
    "ks-suspended-during-failing-run": ("Suspended",),
    "ks-suspended-during-run": ("Suspended",),
    "ks-token-overwritten": ("Overtaken Unchanged",),
    "ks-token-overwritten-during-run": ("Failed HealthCheckFailed",),
    "ks-two-requests": ("Unchanged", "Unchanged"),
    "ks-unchanged": ("Unchanged",),
    "ks-with-source-race": ("Succeeded", "Succeeded"),
    "oci-new-revision": ("Succeeded",),
    "oci-tag-missing": ("Failed OCIArtifactPullFailed",),
    "receiver-request": ("Unchanged",),
}
"""The first verdict on each of our requests, in the order in which they were sent."""


def end_of(recording: Recording, asked: Asked) -> str:
    verdicts = recording.verdicts(asked)
    return _told(verdicts[0]) if verdicts else WAITS


def _told(verdict: Verdict) -> str:
    name = type(verdict).__name__
    if isinstance(verdict, Overtaken):
        return f"{name} {type(verdict.verdict).__name__}"
    if isinstance(verdict, Unchanged) and any(warn.name == "SOURCE_FAILING" for warn in verdict.warnings):
        return f"{name} SOURCE_FAILING"
    reason = getattr(verdict, "reason", "")
    return f"{name} {reason}" if reason else name


def test_every_recording_has_its_expected_end() -> None:
    assert sorted(recordings()) == sorted(ENDS)


@pytest.mark.parametrize("scenario", sorted(ENDS))
def test_a_recording_is_judged_right(scenario: str) -> None:
    recording = load(recordings()[scenario])
    ends = [end_of(recording, asked) for asked in recording.asked]
    assert tuple(ends) == ENDS[scenario]


@pytest.mark.parametrize("scenario", sorted(ENDS))
def test_no_end_is_told_before_the_token_of_its_run(scenario: str) -> None:
    """Whatever ended well did so at an event that carries our token, or that of whoever overwrote it."""
    recording = load(recordings()[scenario])
    for asked in recording.asked:
        for moment, verdict in recording.play(asked):
            inner = verdict.verdict if isinstance(verdict, Overtaken) else verdict
            if isinstance(inner, Succeeded | Unchanged):
                assert isinstance(moment.now, Snapshot)
                handled, annotation = moment.now.handled.request, moment.now.asked.request
                assert handled == asked.token or (isinstance(verdict, Overtaken) and handled == annotation)
                break


@dataclass(frozen=True, slots=True)
class HastyJudge:
    """What a judge would say that reads Ready alone: the mistake that the recordings must show."""

    recording: Recording
    asked: Asked

    def end(self) -> str:
        for moment, _ in self.recording.play(self.asked):
            ready = moment.now.ready if isinstance(moment.now, Snapshot) else None
            if ready is not None and ready.status == "True":
                return "ready"
        return "never ready"


@pytest.mark.parametrize("scenario", ["ks-suspended", "hr-suspended", "git-suspended", "git-unauthorized"])
def test_the_recordings_would_fool_a_judge_that_reads_ready_alone(scenario: str) -> None:
    recording = load(recordings()[scenario])
    (asked,) = recording.asked
    assert HastyJudge(recording, asked).end() == "ready"
    assert not isinstance(recording.verdicts(asked)[0], Succeeded | Unchanged)


def test_the_first_run_after_the_race_is_not_taken_for_the_end() -> None:
    recording = load(recordings()["ks-with-source-race"])
    asked = recording.asked[-1]
    said = [verdict for _, verdict in recording.play(asked)]
    old = [verdict for verdict in said if isinstance(verdict, Pending) and verdict.why is Why.OLD_REVISION]
    assert old
    end = recording.verdicts(asked)[0]
    assert isinstance(end, Succeeded)
    assert end.change.after != old[0].text


def test_a_failed_health_check_that_heals_is_seen_to_heal() -> None:
    recording = load(recordings()["ks-health-timeout-recovery"])
    names = [type(verdict).__name__ for verdict in recording.verdicts(recording.asked[0])]
    assert (names[0], names[-1]) == ("Failed", "Unchanged")


def test_a_release_that_was_rolled_back_tells_what_failed_and_what_runs() -> None:
    recording = load(recordings()["hr-upgrade-failed-rollback"])
    end = recording.verdicts(recording.asked[-1])[0]
    assert getattr(end, "ready_reason", "") == "UpgradeFailed"
    assert getattr(end, "remedy", "") == "RollbackSucceeded"
    good = getattr(end, "good", None)
    assert good is not None
    assert good.chart_version == "1.0.0"


def test_a_suspended_object_is_never_said_to_have_succeeded() -> None:
    for scenario in ("ks-suspended-during-run", "ks-suspended-during-failing-run"):
        recording = load(recordings()[scenario])
        assert isinstance(recording.verdicts(recording.asked[0])[0], Suspended)


def test_a_lost_force_is_told() -> None:
    recording = load(recordings()["hr-force-lost"])
    end = recording.verdicts(recording.asked[0])[0]
    assert isinstance(end, Unchanged)
    assert [warn.name for warn in end.warnings] == ["FORCE_LOST"]
