"""The oracle on histories made by hand: it takes what is true, and refuses what is not."""

from dataclasses import replace

import pytest

from tests.soak.afterlife import untold
from tests.soak.claims import Claim, Word
from tests.soak.evidence import Delivery, Evidence, Fault, History, Json, Route, Run, Version, by_key
from tests.soak.oracle import judge_claims

KEY = "Kustomization/flux-system/apps"
SOURCE = "GitRepository/flux-system/repo"
OURS, THEIRS = "t-ours", "t-theirs"


def body(token: str = "", *, generation: int = 1, suspend: bool = False, status: Json | None = None) -> Json:
    meta = {"uid": "u1", "generation": generation, "annotations": {"reconcile.fluxcd.io/requestedAt": token}}
    return {
        "metadata": meta,
        "spec": {"suspend": suspend, "sourceRef": {"kind": "GitRepository", "name": "repo"}},
        "status": status or {},
    }


def applied(revision: str, handled: str = "") -> Json:
    ready = {"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded"}
    return {"lastAppliedRevision": revision, "lastHandledReconcileAt": handled, "conditions": [ready]}


def running(revision: str) -> Json:
    return {"lastAppliedRevision": revision, "conditions": [{"type": "Ready", "status": "Unknown"}]}


def failed(revision: str, handled: str) -> Json:
    ready = {"type": "Ready", "status": "False", "reason": "BuildFailed"}
    return {"lastAppliedRevision": revision, "lastHandledReconcileAt": handled, "conditions": [ready]}


OLD = Version(KEY, 0, 1, body(status=applied("r1")))
SENT = Version(KEY, 10, 2, body(OURS, status=applied("r1")))
BUSY = Version(KEY, 11, 3, body(OURS, status=running("r1")))
DONE = Version(KEY, 15, 4, body(OURS, status=applied("r2", OURS)))
RUN = Run(KEY, 10.5, 15.5, OURS, 1, ready="True", reason="ReconciliationSucceeded", used="r2")
SAID = Claim("req", KEY, Word.SUCCEEDED, 15.2, token=OURS, revision="r2", asked_at=9, deadline=70)


def known(*versions: Version, runs: tuple[Run, ...] = (RUN,), faults: tuple[Fault, ...] = ()) -> Evidence:
    """All of it reached the bot at once."""
    deliveries = tuple(Delivery(each.at + 0.1, each.key, each.number, Route.WATCH) for each in versions)
    by = {key: tuple(each for each in deliveries if each.key == key) for key in {each.key for each in deliveries}}
    return Evidence(History(versions), by_key(runs), by, faults)


PLAIN = known(OLD, SENT, BUSY, DONE)


def wrong(evidence: Evidence, claim: Claim) -> str:
    found = judge_claims(evidence, [claim])
    return found[0].why if found else ""


def test_a_run_that_read_our_token_and_ended_well_is_a_success() -> None:
    assert wrong(PLAIN, SAID) == ""


def test_a_success_before_its_run_had_ended_is_wrong() -> None:
    assert "no run had read the token and ended" in wrong(PLAIN, replace(SAID, told_at=12))


def test_a_success_that_changed_something_is_not_unchanged() -> None:
    assert "something had changed" in wrong(PLAIN, replace(SAID, word=Word.UNCHANGED))


def test_a_success_that_changed_nothing_is_not_changed() -> None:
    same = replace(DONE, body=body(OURS, status=applied("r1", OURS)))
    evidence = known(OLD, SENT, BUSY, same, runs=(replace(RUN, used="r1"),))
    assert "nothing had changed" in wrong(evidence, replace(SAID, revision="r1"))
    assert wrong(evidence, replace(SAID, word=Word.UNCHANGED, revision="r1")) == ""


def test_the_revision_that_is_told_must_be_the_one_that_runs() -> None:
    assert "another revision runs" in wrong(PLAIN, replace(SAID, revision="r9"))


def test_a_run_that_began_before_the_request_proves_nothing() -> None:
    earlier = replace(RUN, token="t-before")
    done = replace(DONE, body=body(OURS, status=applied("r2", "t-before")))
    assert "no run had read" in wrong(known(OLD, SENT, BUSY, done, runs=(earlier,)), SAID)


def test_a_suspended_object_is_never_a_success() -> None:
    asleep = replace(DONE, body=body(OURS, suspend=True, status=applied("r2", OURS)))
    evidence = known(OLD, SENT, BUSY, asleep)
    assert "it is suspended" in wrong(evidence, SAID)
    assert wrong(evidence, replace(SAID, word=Word.SUSPENDED)) == ""


def test_a_run_of_an_older_spec_is_no_success() -> None:
    newer = replace(DONE, body=body(OURS, generation=2, status=applied("r2", OURS)))
    assert "the spec was newer" in wrong(known(OLD, SENT, BUSY, newer), SAID)


def fetched(at: float, number: int, revision: str) -> Version:
    status = {"artifact": {"revision": revision}}
    return Version(SOURCE, at, number, {"metadata": {"uid": "u2", "generation": 1}, "spec": {}, "status": status})


FETCHED = (fetched(0, 0, "r1"), fetched(9.5, 1, "r2"))


def test_with_source_a_run_on_an_older_revision_is_no_success() -> None:
    fed = replace(SAID, feeder=SOURCE, fed="r2")
    assert wrong(known(OLD, SENT, BUSY, DONE, *FETCHED), fed) == ""
    old_run = known(OLD, SENT, BUSY, DONE, *FETCHED, runs=(replace(RUN, used="r1"),))
    assert "older revision" in wrong(old_run, fed)


BAD = replace(DONE, body=body(OURS, status=failed("r1", OURS)))
BAD_RUN = replace(RUN, ready="False", reason="BuildFailed")


@pytest.mark.parametrize(("reason", "expected"), [("BuildFailed", ""), ("HealthCheckFailed", "another reason")])
def test_a_failure_is_true_with_its_own_reason_only(reason: str, expected: str) -> None:
    claim = replace(SAID, word=Word.FAILED, reason=reason)
    assert expected in wrong(known(OLD, SENT, BUSY, BAD, runs=(BAD_RUN,)), claim)
    assert bool(expected) == bool(wrong(known(OLD, SENT, BUSY, BAD, runs=(BAD_RUN,)), claim))


def test_a_failed_run_is_no_success_and_a_good_one_no_failure() -> None:
    assert "did not end well" in wrong(known(OLD, SENT, BUSY, BAD, runs=(BAD_RUN,)), SAID)
    assert "did not end badly" in wrong(PLAIN, replace(SAID, word=Word.FAILED, reason="BuildFailed"))


def test_a_run_that_waits_is_no_failure_before_the_deadline() -> None:
    waits = replace(BAD_RUN, reason="DependencyNotReady")
    claim = replace(SAID, word=Word.FAILED, reason="DependencyNotReady")
    good_source = Version(SOURCE, 0, 0, {"metadata": {"uid": "u2", "generation": 1}, "spec": {}, "status": {}})
    evidence = known(OLD, SENT, BUSY, BAD, good_source, runs=(waits,))
    assert "could still come" in wrong(evidence, claim)
    assert wrong(evidence, replace(claim, told_at=70)) == ""


def test_a_time_out_is_wrong_when_the_run_had_ended_in_time() -> None:
    claim = replace(SAID, word=Word.TIMED_OUT, told_at=70)
    assert "decided" in wrong(PLAIN, claim)
    assert wrong(known(OLD, SENT, BUSY, runs=(replace(RUN, ended=None),)), claim) == ""
    assert "deadline" in wrong(known(OLD, SENT, BUSY, runs=(replace(RUN, ended=None),)), replace(claim, told_at=60))


def test_a_verdict_long_after_it_was_decided_is_late() -> None:
    assert "before it was told" in wrong(PLAIN, replace(SAID, told_at=40))
    broken = replace(PLAIN, faults=(Fault(12, 20, "calls failed"),))
    assert wrong(broken, replace(SAID, told_at=40)) == ""


def test_unseen_ends_need_something_that_kept_the_bot_from_seeing_them() -> None:
    claim = replace(SAID, word=Word.TIMED_OUT, told_at=70)
    blind = Evidence(PLAIN.history, PLAIN.runs, {KEY: PLAIN.deliveries[KEY][:3]})
    assert "nothing kept the bot" in wrong(blind, claim)
    assert wrong(replace(blind, faults=(Fault(12, 60, "the watch was cut"),)), claim) == ""


TAKEN = Version(KEY, 10.2, 3, body(THEIRS, status=applied("r1")))
THEIR_DONE = Version(KEY, 15, 4, body(THEIRS, status=applied("r2", THEIRS)))
THEIR_RUN = replace(RUN, token=THEIRS)


def test_a_later_request_of_somebody_else_counts_and_is_named() -> None:
    evidence = known(OLD, SENT, TAKEN, THEIR_DONE, runs=(THEIR_RUN,))
    assert wrong(evidence, replace(SAID, by=THEIRS)) == ""
    assert "another's token" in wrong(evidence, SAID)
    assert "another's token" in wrong(PLAIN, replace(SAID, by=THEIRS))


def test_an_object_that_went_away_is_gone_and_its_successor_is_another() -> None:
    claim = replace(SAID, word=Word.GONE, told_at=20)
    assert "it is there" in wrong(PLAIN, claim)
    dead = (replace(RUN, ended=None),)
    assert wrong(known(OLD, SENT, BUSY, Version(KEY, 19.5, 5, None), runs=dead), claim) == ""
    other = body(status=applied("r2"))
    other["metadata"]["uid"] = "u9"
    assert wrong(known(OLD, SENT, BUSY, Version(KEY, 19.5, 5, other), runs=dead), claim) == ""
    assert "gone or going" in wrong(known(OLD, SENT, BUSY, Version(KEY, 15, 4, other)), SAID)


def test_what_reached_the_bot_in_the_microsecond_in_which_it_spoke_is_known() -> None:
    gone = known(OLD, SENT, BUSY, Version(KEY, 19.5, 5, None), runs=(replace(RUN, ended=None),))
    claim = replace(SAID, word=Word.GONE)
    assert wrong(gone, replace(claim, told_at=19.6 - 5e-7)) == ""
    assert "it is there" in wrong(gone, replace(claim, told_at=19.6 - 1e-4))


def test_what_was_said_of_an_unsent_request_must_have_been_to_be_seen() -> None:
    claim = Claim("req", KEY, Word.SUSPENDED, 12, asked_at=11)
    asleep = Version(KEY, 5, 2, body(suspend=True))
    assert wrong(known(OLD, asleep), claim) == ""
    assert "as far as the bot could know" in wrong(known(OLD), claim)
    assert wrong(known(OLD), replace(claim, word=Word.SUCCEEDED)) != ""


def test_a_broken_request_needs_something_broken() -> None:
    claim = replace(SAID, word=Word.BROKEN, reason="the request did not reach the cluster")
    assert "nothing was broken" in wrong(known(OLD, runs=()), claim)
    fault = (Fault(10, 11, "patches were cut off"),)
    assert wrong(known(OLD, runs=(), faults=fault), claim) == ""
    assert "did reach" in wrong(known(OLD, SENT, faults=fault), claim)


# --- what heals by itself -----------------------------------------------------------------------------------------

AGAIN = Version(KEY, 40, 5, body(OURS, status=running("r1")))
HEALED = Version(KEY, 45, 6, body(OURS, status=applied("r2", OURS)))
NEXT_RUN = Run(KEY, 39.5, 45.5, OURS, 1, ready="True", reason="ReconciliationSucceeded", used="r2")
AFTERMATH = known(OLD, SENT, BUSY, BAD, AGAIN, HEALED, runs=(BAD_RUN, NEXT_RUN))
FAILURE = replace(SAID, word=Word.FAILED, reason="BuildFailed", closed_at=16)
MENDED = replace(SAID, told_at=46, healed=True, number=6)


def test_what_healed_by_itself_must_be_told() -> None:
    assert [each.why for each in untold(AFTERMATH, [FAILURE], 300)] == [
        "it healed 29.9 s later, and that was not told"
    ]
    assert list(untold(AFTERMATH, [FAILURE, MENDED], 300)) == []
    assert len(list(untold(AFTERMATH, [FAILURE, replace(MENDED, told_at=80)], 300))) == 1


def test_another_failure_that_was_told_before_is_no_telling_of_what_healed() -> None:
    other = replace(FAILURE, reason="HealthCheckFailed", told_at=30, healed=True)
    assert len(list(untold(AFTERMATH, [FAILURE, other], 300))) == 1
    assert list(untold(AFTERMATH, [FAILURE, other, MENDED], 300)) == []
    early = replace(MENDED, told_at=44)
    assert list(untold(AFTERMATH, [FAILURE, early], 300)) == []


def test_what_heals_after_the_afterlife_or_by_anothers_request_is_nobodys_to_tell() -> None:
    assert list(untold(AFTERMATH, [FAILURE], 20)) == []
    asked = Version(KEY, 39, 5, body(THEIRS, status=failed("r1", OURS)))
    theirs = Version(KEY, 45, 6, body(THEIRS, status=applied("r2", THEIRS)))
    evidence = known(OLD, SENT, BUSY, BAD, asked, theirs, runs=(BAD_RUN, replace(NEXT_RUN, token=THEIRS)))
    assert list(untold(evidence, [FAILURE], 300)) == []


def test_a_later_edit_is_held_against_what_happened_as_well() -> None:
    assert wrong(AFTERMATH, MENDED) == ""
    assert "did not end well" in wrong(AFTERMATH, replace(MENDED, number=4))


# --- what a request waits for -------------------------------------------------------------------------------------

DEPENDENCY = "Kustomization/flux-system/db"


def waiting_for(reason: str, since: float) -> str:
    """What speaks against a failure told after 12 s of waiting for an object that has been so since then."""
    status = failed("r1", OURS)
    asks = body(OURS, status=status)
    asks["spec"]["dependsOn"] = [{"name": "db"}]
    waits = replace(BAD_RUN, reason="DependencyNotReady")
    states = (OLD, replace(SENT, body={**asks, "status": applied("r1")}), replace(DONE, body=asks))
    ready = {"type": "Ready", "status": "True" if reason == "Succeeded" else "False", "reason": reason}
    dependency = Version(DEPENDENCY, since, 1, body(status={"conditions": [ready]}))
    evidence = known(*states, Version(DEPENDENCY, 0, 0, body()), dependency, fetched(0, 0, "r1"), runs=(waits,))
    return wrong(evidence, replace(SAID, word=Word.FAILED, reason="DependencyNotReady", told_at=27.5))


@pytest.mark.parametrize(
    ("reason", "since", "expected"),
    [
        ("BuildFailed", 5.0, ""),
        ("Succeeded", 5.0, "could still come"),
        ("DependencyNotReady", 5.0, "could still come"),
        ("BuildFailed", 26.0, "could still come"),
    ],
)
def test_a_wait_ends_early_for_a_cause_that_has_failed_for_ten_seconds(
    reason: str, since: float, expected: str
) -> None:
    found = waiting_for(reason, since)
    assert expected in found
    assert bool(expected) == bool(found)


def test_a_force_that_was_swallowed_must_be_told_and_one_that_was_not_must_not() -> None:
    asked = replace(SAID, forced=True)
    assert "force" in wrong(PLAIN, asked)
    assert wrong(PLAIN, replace(asked, force_lost=True)) == ""
    forced = known(OLD, SENT, BUSY, DONE, runs=(replace(RUN, forced=True),))
    assert wrong(forced, asked) == ""
    assert "force" in wrong(forced, replace(asked, force_lost=True))


RELEASE = "HelmRelease/flux-system/shop"


def test_a_helm_action_that_failed_since_a_force_was_asked_is_what_the_force_would_have_made() -> None:
    def now(at: float, number: int, handled: str, *rows: int) -> Version:
        ready = {"type": "Ready", "status": "False", "reason": "UpgradeFailed"}
        history = [{"version": row, "digest": "d", "status": "failed", "chartVersion": "1"} for row in rows]
        status = {"lastHandledReconcileAt": handled, "conditions": [ready], "history": history}
        return Version(RELEASE, at, number, body(OURS, status=status))

    claim = Claim("req", RELEASE, Word.FAILED, 15.2, token=OURS, reason="UpgradeFailed", asked_at=9, deadline=70)
    claim = replace(claim, forced=True)
    run = Run(RELEASE, 10.5, 15.1, OURS, 1, ready="False", reason="UpgradeFailed")
    tried = known(now(10, 2, "", 1), now(14, 3, "", 2, 1), now(15, 4, OURS, 2, 1), runs=(run,))
    assert wrong(tried, claim) == ""
    idle = known(now(10, 2, "", 1), now(14, 3, "", 1), now(15, 4, OURS, 1), runs=(run,))
    assert "force" in wrong(idle, claim)


def test_a_request_that_was_cancelled_after_it_was_sent_must_have_been_sent_and_not_be_decided_long_since() -> None:
    cancelled = replace(SAID, word=Word.CANCELLED, revision="")
    assert wrong(PLAIN, replace(cancelled, told_at=12)) == ""
    assert wrong(PLAIN, cancelled) == ""
    assert "decided" in wrong(PLAIN, replace(cancelled, told_at=40))
    assert wrong(known(OLD), cancelled) != ""


def test_a_request_that_was_cancelled_before_it_was_sent_must_not_have_been_sent() -> None:
    stopped = replace(SAID, word=Word.STOPPED, token="", reason="CANCELLED", request="ours")
    assert wrong(known(OLD), stopped) == ""
    assert wrong(PLAIN, stopped) != ""


def test_a_failure_that_cost_the_force_must_say_so() -> None:
    bad = Version(KEY, 15, 4, body(OURS, status=failed("r1", OURS)))
    run = replace(RUN, ready="False", reason="BuildFailed")
    claim = replace(SAID, word=Word.FAILED, reason="BuildFailed", revision="r1", forced=True)
    history = known(OLD, SENT, BUSY, bad, runs=(run,))
    assert "force" in wrong(history, claim)
    assert wrong(history, replace(claim, force_lost=True)) == ""


def test_what_healed_after_a_cancel_needs_no_telling() -> None:
    bad = Version(KEY, 15, 4, body(OURS, status=failed("r1", OURS)))
    well = Version(KEY, 30, 5, body(OURS, status=applied("r2", OURS)))
    runs = (replace(RUN, ready="False", reason="BuildFailed"), replace(RUN, started=29, ended=30.5))
    claim = replace(SAID, word=Word.FAILED, reason="BuildFailed", revision="r1", closed_at=15.3)
    history = known(OLD, SENT, BUSY, bad, well, runs=runs)
    assert len(list(untold(history, [claim], 300))) == 1
    assert list(untold(history, [replace(claim, cancelled=True)], 300)) == []


def test_a_run_on_a_revision_between_what_was_fetched_and_what_the_source_has_may_be_given_up_after_a_minute() -> (
    None
):
    fetched = [
        Version(SOURCE, at, number, {"metadata": {"uid": "s1"}, "status": {"artifact": {"revision": revision}}})
        for at, number, revision in ((1, 10, "r1"), (9.5, 11, "r1b"), (12, 12, "r2"), (14, 13, "r3"))
    ]
    evidence = known(*fetched, OLD, SENT, BUSY, DONE)
    claim = replace(SAID, word=Word.TIMED_OUT, feeder=SOURCE, fed="r1b", chained=True, deadline=400)
    assert wrong(evidence, replace(claim, told_at=75.2)) == ""
    assert "deadline" in wrong(evidence, replace(claim, told_at=60))
