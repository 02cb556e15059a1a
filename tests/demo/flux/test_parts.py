"""The small parts: durations, version ranges, expressions, conditions and the work queue."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.demo.flux import cel, conditions, durations, semver
from bot.demo.flux.queue import WorkQueue
from bot.demo.flux.shapes import Key, difference
from tests.fakes.virtual_loop import virtually

MORNING = datetime(2026, 8, 20, 9, 14, 3, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3570, "59m30s"),
        (3600, "1h0m0s"),
        (30, "30s"),
        (5.007709452, "5.007709452s"),
        (0.022145352, "22.145352ms"),
        (0, "0s"),
    ],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    assert durations.written(seconds) == text
    assert durations.seconds(text, -1) == pytest.approx(seconds)


def test_what_is_no_duration_leaves_the_default() -> None:
    assert [durations.seconds(text, 7) for text in (None, "", "soon", 5)] == [7, 7, 7, 7]


@pytest.mark.parametrize(
    ("wanted", "newest"),
    [
        ("*", "2.0.0"),
        ("1.x", "1.10.0"),
        ("^1.2.0", "1.10.0"),
        ("~1.2.0", "1.2.9"),
        (">=1.2.0 <1.10.0", "1.2.9"),
        ("1.2.0", "1.2.0"),
        ("9.x", None),
        ("2.1.0-rc.1", "2.1.0-rc.1"),
        ("^0.1.2", "0.1.9"),
        ("1.x || 0.x", "1.10.0"),
        ("not a range", None),
    ],
)
def test_the_newest_version_of_a_range_is_chosen(wanted: str, newest: str | None) -> None:
    known = ["0.1.9", "0.2.0", "1.2.0", "1.2.9", "1.10.0", "2.0.0", "2.1.0-rc.1"]

    assert semver.newest(known, wanted) == newest


_DEP = {
    "metadata": {"generation": 2},
    "status": {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 2}], "replicas": 3},
}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("dep.status.replicas >= 3 && dep.metadata.generation == 2", True),
        ("dep.status.conditions.filter(c, c.type == 'Ready').all(c, c.status == 'True')", True),
        ("dep.status.conditions.exists(c, c.type == 'Stalled')", False),
        ("!has(dep.status.url) && size(dep.status.conditions) == 1", True),
        ("'replicas' in dep.status || false", True),
        ("dep.status.nothing == 1", False),
        ("(dep.status.replicas + ", None),
        ("dep.status.replicas.reverse()", None),
        ("dep.status == ", None),
        ("@", None),
        ("dep.(status)", None),
        ("dep.status.conditions.all(1, true)", None),
        ("dep[0].x", False),
        ("dep.status.replicas < 'three'", False),
        ("3.5 > 2 && \"it's\" == 'it\\'s'", True),
        ("unknown == 1 || !false", True),
        ("size(dep)", False),
        ("uppercase('a')", None),
        ("(true", None),
        ("true true", None),
    ],
)
def test_expressions_are_answered_or_found_invalid(text: str, answer: bool | None) -> None:
    if answer is None:
        with pytest.raises(cel.Invalid):
            cel.compiled(text)
    else:
        assert cel.holds(cel.compiled(text), {"dep": _DEP}) is answer


def test_a_transition_time_moves_with_status_reason_or_message_and_not_with_the_generation() -> None:
    obj: dict[str, Any] = {"metadata": {"generation": 1}, "status": {}}

    def put(seconds: int, generation: int, status: str, reason: str, message: str) -> tuple[str, int]:
        obj["metadata"]["generation"] = generation
        conditions.put(obj, MORNING + timedelta(seconds=seconds), "Ready", status, reason, message)
        found = conditions.find(obj, "Ready")
        return found["lastTransitionTime"][-3:-1], found["observedGeneration"]

    assert put(0, 1, "True", "Succeeded", "fine") == ("03", 1)
    assert put(5, 1, "True", "Succeeded", "fine") == ("03", 1)
    assert put(6, 2, "True", "Succeeded", "fine") == ("03", 2)
    assert put(7, 2, "True", "Succeeded", "better") == ("10", 2)
    assert put(8, 2, "True", "Other", "better") == ("11", 2)
    assert put(9, 2, "False", "Other", "better") == ("12", 2)


def test_the_important_conditions_come_first_then_the_newest_generation_then_the_type() -> None:
    obj: dict[str, Any] = {"metadata": {"generation": 1}, "status": {}}
    for kind, generation in (
        ("Zeta", 2),
        ("Alpha", 1),
        ("Beta", 2),
        ("Ready", 1),
        ("Reconciling", 1),
        ("Stalled", 1),
    ):
        obj["metadata"]["generation"] = generation
        conditions.put(obj, MORNING, kind, "True", "Why", "")

    order = [each["type"] for each in obj["status"]["conditions"]]
    assert order == ["Stalled", "Reconciling", "Ready", "Beta", "Zeta", "Alpha"]


def test_a_merge_patch_names_what_changed_and_what_is_gone() -> None:
    before = {"a": 1, "b": {"c": 1, "d": [1, 2]}, "e": 5}
    after = {"a": 1, "b": {"c": 2, "d": [1]}, "f": None}

    assert difference(before, after) == {"e": None, "b": {"c": 2, "d": [1]}, "f": None}


A: Key = ("shop", "a")
B: Key = ("shop", "b")


def test_requests_that_meet_become_one_run_and_those_during_a_run_one_more() -> None:
    async def main() -> list[Key]:
        queue = WorkQueue()
        for place in (A, A, B, A):
            queue.add(place)
        taken = [await queue.take(), await queue.take()]
        for place in (A, A):
            queue.add(place)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.take(), 1)
        queue.done(A)
        taken.append(await queue.take())
        queue.done(A)
        queue.done(B)
        return [*taken, ("idle", str(queue.idle))]

    assert virtually(main()) == [A, B, A, ("idle", "True")]


def test_of_two_timers_the_earlier_counts_and_a_run_takes_its_place() -> None:
    async def main() -> list[float]:
        loop, queue, times = asyncio.get_running_loop(), WorkQueue(), []
        queue.add_after(A, 10)
        queue.add_after(A, 2)
        queue.add_after(A, 5)
        await queue.take()
        queue.done(A)
        times.append(loop.time())
        queue.add_after(A, 60)
        queue.add(A)
        await queue.take()
        queue.done(A)
        times.append(loop.time())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.take(), 100)
        return times

    assert virtually(main()) == [pytest.approx(2), pytest.approx(2)]
