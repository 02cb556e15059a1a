"""The oracle on the order of a request's objects, on histories made by hand."""

from dataclasses import replace

import pytest

from tests.soak.claims import Claim, Word
from tests.soak.evidence import Delivery, Evidence, History, Json, Route, Run, Version, by_key
from tests.soak.order import disordered

PARENT, CHILD, GRANDCHILD = (f"Kustomization/flux-system/{name}" for name in ("db", "apps", "web"))
OURS, OURS_TOO = "t1-req1", "t2-req1"
TOO_SOON = f"it was asked before {PARENT} had ended well"


def state(
    key: str,
    at: float,
    number: int,
    *,
    token: str = "",
    handled: str = "",
    ready: str = "True",
    needs: str = "",
    suspend: bool = False,
    expression: str = "",
) -> Version:
    dependency: Json = {"name": needs, "readyExpr": expression}
    return Version(
        key,
        at,
        number,
        {
            "metadata": {"uid": key, "generation": 1, "annotations": {"reconcile.fluxcd.io/requestedAt": token}},
            "spec": {"suspend": suspend, "dependsOn": [dependency] if needs else []},
            "status": {
                "lastHandledReconcileAt": handled,
                "conditions": [{"type": "Ready", "status": ready, "reason": "Because"}],
            },
        },
    )


def run(key: str, started: float, ended: float, token: str, *, ready: str = "True") -> Run:
    return Run(key, started, ended, token, 1, ready=ready, reason="Because")


def known(*versions: Version, runs: tuple[Run, ...] = ()) -> Evidence:
    """All of it reached the bot at once."""
    found: dict[str, tuple[Delivery, ...]] = {}
    for each in versions:
        told = Delivery(each.at + 0.1, each.key, each.number, Route.WATCH)
        found[each.key] = (*found.get(each.key, ()), told)
    return Evidence(History(versions), by_key(runs), found)


def said(key: str, word: Word, told_at: float, *, token: str = "", on: str = "", reason: str = "") -> Claim:
    return Claim("req1", key, word, told_at, token=token, on=on, reason=reason, asked_at=1, batch=True)


def wrong(evidence: Evidence, *claims: Claim) -> str:
    return "; ".join(each.why for each in disordered(evidence, claims))


# --- what was asked -----------------------------------------------------------------------------------------------


def asked(
    child_at: float, child_number: int, *, parent_ready: str = "True", expression: str = "", needs: str = "db"
) -> Evidence:
    """The parent's run ends at 5, and the child is patched at that time."""
    before = state(CHILD, 0, 2, needs=needs, expression=expression)
    sent = state(CHILD, child_at, child_number, token=OURS_TOO, needs=needs, expression=expression)
    return known(
        state(PARENT, 0, 1),
        before,
        state(PARENT, 3, 3, token=OURS),
        state(PARENT, 4, 4, token=OURS, ready="Unknown"),
        state(PARENT, 5, 6, token=OURS, handled=OURS, ready=parent_ready),
        sent,
        runs=(run(PARENT, 3.5, 5, OURS, ready=parent_ready),),
    )


BOTH = (
    said(PARENT, Word.UNCHANGED, 5.2, token=OURS),
    said(CHILD, Word.UNCHANGED, 9, token=OURS_TOO),
)


def test_what_is_asked_after_its_parent_ended_well_comes_in_order() -> None:
    assert wrong(asked(6, 7), *BOTH) == ""


def test_what_is_asked_while_its_parent_runs_is_asked_too_soon() -> None:
    assert wrong(asked(4.5, 5), *BOTH) == TOO_SOON


def test_what_is_asked_although_its_parent_failed_is_asked_too_soon() -> None:
    failed = replace(BOTH[0], word=Word.FAILED, reason="Because")
    assert TOO_SOON in wrong(asked(6, 7, parent_ready="False"), failed, BOTH[1])


def test_what_was_never_asked_may_come_before_nothing_that_waits_for_it() -> None:
    evidence = known(state(PARENT, 0, 1), state(CHILD, 0, 2, needs="db"), state(CHILD, 4, 3, token=OURS, needs="db"))
    claims = said(PARENT, Word.STOPPED, 3), said(CHILD, Word.UNCHANGED, 9, token=OURS)
    assert TOO_SOON in wrong(evidence, *claims)


@pytest.mark.parametrize(
    ("ready", "expected"), [("True", ""), ("False", f"it was asked before {PARENT} had ended well")]
)
def test_what_is_switched_off_holds_up_nobody_while_it_is_ready(ready: str, expected: str) -> None:
    asleep = state(PARENT, 0, 1, suspend=True, ready=ready)
    evidence = known(asleep, state(CHILD, 0, 2, needs="db"), state(CHILD, 4, 3, token=OURS, needs="db"))
    claims = said(PARENT, Word.SUSPENDED, 3), said(CHILD, Word.UNCHANGED, 9, token=OURS)
    assert wrong(evidence, *claims) == expected


def test_order_is_kept_by_a_plan_only_and_for_what_was_asked_along_and_is_needed() -> None:
    soon = asked(4.5, 5)
    assert wrong(soon, *(replace(each, batch=False) for each in BOTH)) == ""
    assert wrong(soon, BOTH[1]) == ""
    assert wrong(asked(4.5, 5, needs=""), *BOTH) == ""
    assert wrong(asked(4.5, 5, expression="dep.ok"), *BOTH) == ""


# --- what was held ------------------------------------------------------------------------------------------------

FAMILY = (state(PARENT, 0, 1), state(CHILD, 0, 2, needs="db"), state(GRANDCHILD, 0, 3, needs="apps"))
FAILED = said(PARENT, Word.FAILED, 5, token=OURS, reason="Because")
HELD = said(CHILD, Word.HELD, 6, on=PARENT, reason="failed")
HELD_TOO = said(GRANDCHILD, Word.HELD, 6, on=PARENT, reason="failed")


def test_what_failed_holds_everything_behind_it() -> None:
    assert wrong(known(*FAMILY), FAILED, HELD, HELD_TOO) == ""
    assert wrong(known(*FAMILY), FAILED, HELD, replace(HELD_TOO, on=CHILD)) == ""


def test_what_is_held_must_not_have_been_asked() -> None:
    evidence = known(*FAMILY, state(CHILD, 4, 4, token=OURS_TOO, needs="db"))
    assert wrong(evidence, FAILED, HELD) == "it was asked all the same"


def test_what_ended_well_holds_nobody() -> None:
    well = replace(FAILED, word=Word.SUCCEEDED)
    assert "held up nobody" in wrong(known(*FAMILY), well, replace(HELD, reason="succeeded"))


def test_what_holds_is_told_alike_in_both_places() -> None:
    assert "was told as failed" in wrong(known(*FAMILY), FAILED, replace(HELD, reason="timed out"))


def test_only_what_an_object_waits_for_can_hold_it() -> None:
    other = replace(FAILED, key=GRANDCHILD)
    assert "does not wait" in wrong(known(*FAMILY), other, replace(HELD, on=GRANDCHILD))
    assert "does not wait for anything" in wrong(known(*FAMILY), replace(HELD, on=""))


@pytest.mark.parametrize(("ready", "holds"), [("True", False), ("False", True)])
def test_what_is_switched_off_holds_a_plan_while_it_is_not_ready_and_a_chain_always(ready: str, holds: bool) -> None:
    evidence = known(state(PARENT, 0, 1, suspend=True, ready=ready), *FAMILY[1:])
    asleep, held = said(PARENT, Word.SUSPENDED, 5), replace(HELD, reason="suspended")
    assert bool(wrong(evidence, asleep, held)) is not holds
    assert wrong(evidence, asleep, replace(held, batch=False)) == ""


@pytest.mark.parametrize(("ready", "holds"), [("True", False), ("Unknown", False), ("False", True)])
def test_a_dependency_that_was_not_asked_along_holds_only_if_it_is_not_ready(ready: str, holds: bool) -> None:
    evidence = known(state(PARENT, 0, 1, ready=ready), *FAMILY[1:])
    assert bool(wrong(evidence, HELD)) is not holds
    assert wrong(known(*FAMILY[1:]), HELD) == ""
