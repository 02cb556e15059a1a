"""Each measure of the benchmark at a tiny size: that it still runs and prints. No number is judged here."""

from __future__ import annotations

import json

import pytest

from tests.bench.__main__ import MEASURES
from tests.bench.figures import as_json, percentile, table
from tests.bench.options import Options


@pytest.mark.parametrize("name", MEASURES)
async def test_a_measure_runs_and_prints(name: str) -> None:
    report = await MEASURES[name](Options(small=True))
    assert report.rows
    lines = table([report]).splitlines()
    assert len(lines) == len(report.rows) + 2
    assert all(row.measure in "\n".join(lines) for row in report.rows)
    (told,) = json.loads(as_json([report], "simulated"))["measures"]
    assert all(told["samples"].values()), "each number has raw samples behind it"


def test_a_percentile_is_one_of_the_samples() -> None:
    samples = [float(number) for number in range(1, 101)]
    assert [percentile(samples, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([7.0], 0.99) == 7.0
