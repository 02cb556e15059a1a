"""Twenty thousand hostile inputs. A failure names subject and number: `again(subject, seed, number)` shows it."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.soak import fuzz as fuzzing
from tests.soak.fuzz import SUBJECTS, Report, again, fuzz
from tests.soak.seeds import chosen_seed


def test_twenty_thousand_hostile_inputs_break_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    report = fuzz(20_000, chosen_seed())
    with capsys.disabled():
        print(f"\n{report}")
    assert report.good, str(report)
    assert sum(report.tried.values()) == 20_000
    assert set(report.tried) == set(SUBJECTS)


class Fragile:
    """Breaks at sevens and does not like fives."""

    def input(self, random: Random) -> int:
        return random.randrange(10)

    def wrong(self, given: object) -> Iterator[str]:
        if given == 7:
            raise ValueError("seven")
        if given == 5:
            yield "five"


def test_what_does_not_hold_is_told_with_what_it_takes_to_see_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fuzzing.SUBJECTS, "commands", (Fragile, 1.0))
    report = fuzz(1_000, 1, only="commands")
    assert not report.good
    assert len(report.findings) == fuzzing.MOST
    assert {each.why for each in report.findings} == {"five", "raised ValueError('seven')"}
    five = next(each for each in report.findings if each.why == "five")
    assert again("commands", 1, five.number) == (5, ["five"])
    assert f"commands #{five.number}: five\n  5" in str(report)


def test_a_seed_gives_the_same_inputs_every_time() -> None:
    for subject, (make, _) in SUBJECTS.items():
        one, other = make(), make()
        for number in range(20):
            assert one.input(Random(f"3 {subject} {number}")) == other.input(Random(f"3 {subject} {number}"))


def test_a_report_without_findings_is_one_line() -> None:
    assert str(Report(7, {"commands": 1_000}, (), 1.4)) == "fuzz, seed 7: 1,000 commands in 1 s, 0 wrong"
