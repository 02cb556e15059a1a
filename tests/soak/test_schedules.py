"""Two thousand random schedules; a failure names its seed, and `python -m tests.soak schedules --count 1 --seed S -v`
tells what happened."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.acts import Act
from tests.soak.claims import Claim, Word
from tests.soak.oracle import judge_claims
from tests.soak.schedule import schedule_of
from tests.soak.seeds import chosen_seed
from tests.soak.soak import check, soak_all
from tests.soak.stage import kubeconfig
from tests.soak.story import story
from tests.soak.told import claims_of

SCHEDULES = 2_000
GOOD = {Word.SUCCEEDED, Word.UNCHANGED}


@pytest.mark.timeout(900)
def test_in_two_thousand_schedules_nothing_wrong_is_said_and_everything_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = chosen_seed()
    tally = soak_all(range(seed, seed + SCHEDULES), kubeconfig(tmp_path), processes=2)
    with capsys.disabled():
        print(f"\nfrom seed {seed}: {tally.told()}")
    assert (tally.wrong, tally.endless) == ([], []), f"from seed {seed}: {tally.told()}"
    assert tally.schedules == SCHEDULES
    # Too few of them, and the schedules would prove little.
    assert tally.requests > SCHEDULES
    said = {word.value for word in Word}
    assert said | {"succeeded (overtaken)", "succeeded (later edit)"} <= set(tally.claims)


def test_every_kind_of_act_happens() -> None:
    kinds = {type(act) for seed in range(300) for act in schedule_of(seed).acts}
    assert kinds == set(Act.__args__)


def test_a_seed_plays_the_same_story_again(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path)
    for seed in range(4):
        first, second = (story(check(schedule_of(seed), config)[1]) for _ in range(2))
        assert first == second
        assert "SAID" in first


def turned(claim: Claim) -> Claim | None:
    """The claim with its sense turned round; None where that might be true as well."""
    match claim.word:
        case Word.SUCCEEDED if not claim.chained:
            return replace(claim, word=Word.UNCHANGED)
        case Word.UNCHANGED if not claim.chained:
            return replace(claim, word=Word.SUCCEEDED)
        case Word.FAILED if claim.token:
            return replace(claim, word=Word.SUCCEEDED, revision="")
        case Word.SUSPENDED if claim.token:
            return replace(claim, word=Word.UNCHANGED)
        case _:
            return None


def test_what_is_turned_round_is_found_wrong(tmp_path: Path) -> None:
    config, tried = kubeconfig(tmp_path), 0
    for seed in range(60):
        _, played = check(schedule_of(seed), config)
        claims = [claim for told in played.told for claim in claims_of(told)]
        wrong = [other for claim in claims if (other := turned(claim)) is not None]
        early = [replace(claim, told_at=claim.asked_at, number=None) for claim in claims if claim.word in GOOD]
        for other in (*wrong, *early):
            assert judge_claims(played.evidence, [other]), f"seed {seed}: {other} was believed"
        tried += len(wrong) + len(early)
    assert tried > 100
