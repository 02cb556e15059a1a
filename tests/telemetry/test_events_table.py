"""The table of events against the places that tell them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bot
from bot.telemetry.events import EVENTS, Counts, Holds, Times


def tellings() -> list[tuple[str, str, frozenset[str] | None]]:
    """Place, event and names of facts of every `tell("…")` in the bot; None where facts are spread from a mapping."""
    found = []
    root = Path(bot.__file__).parent
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="tell"), args=[ast.Constant(value=str(event))], keywords=facts):
                    names = [fact.arg for fact in facts]
                    known = None if None in names else frozenset(name for name in names if name)
                    found.append((f"{path.relative_to(root)}:{node.lineno}", event, known))
    return found


def test_the_places_that_tell_are_found() -> None:
    assert {"accepted", "refused", "listening"} <= {event for _, event, _ in tellings()}


def test_every_telling_gives_the_facts_that_its_metrics_need() -> None:
    lacking = []
    for place, event, facts in tellings():
        for meter in EVENTS[event].meters if event in EVENTS and facts is not None else ():
            needed = set(meter.labels)
            match meter:
                case Counts(by=by) | Holds(by=by):
                    needed |= {by} if by else set()
                case Times():
                    needed.add("seconds")
            if missing := needed - (facts or frozenset()):
                lacking.append((place, event, meter.name, sorted(missing)))
    assert lacking == []


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_one_metric_is_one_thing_wherever_it_is_moved(event: str) -> None:
    for meter in EVENTS[event].meters:
        others = [each for row in EVENTS.values() for each in row.meters if each.name == meter.name]
        assert {(type(each), each.text, each.labels) for each in others} == {(type(meter), meter.text, meter.labels)}
