"""A stored document that cannot be read is told as such, and never quoted."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from typing import Any, Final

import pytest

from bot.core.audit import Entry
from bot.core.errors import StoreError
from bot.core.offers import Offer
from bot.core.requests import Request
from bot.store.codec import load, load_ends, load_verdict
from tests.store.codec_shapes import HOLDS, LOADS, pinned

GOOD: Final = (
    '{"v":1,"request":{"id":"r1","verb":"RECONCILE","targets":[{"cluster":"prod","kind":"Kustomization",'
    '"namespace":"shop","name":"web"}],"options":{},"caller":{"user":"U","name":"N","team":"T"},'
    '"place":{"channel":"C"},"typed":"hush hush","rule":"r","asked_at":"2026-08-20T09:14:00+00:00"}}'
)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('{"v":1', '{"v":2', "in a newer format than this version of the bot reads: update the bot"),
        ('{"v":1', '{"v":"1"', "it says no format"),
        ('{"v":1', '{"v":true', "it says no format"),
        ('{"v":1', '{"v":0', "it says no format"),
        ('{"v":1,', "{", "it says no format"),
        ('"request":', '"ask":', "something else stands in its place"),
        ("}}", "", "it is no JSON"),
        (GOOD, "[1]", "it says no format"),
        (GOOD, '{"\\ud800":', "it is no JSON"),
        (
            '"Kustomization"',
            '"Kustomisation"',
            "targets[0].kind names a kind that this version does not know: Kustomisation",
        ),
        ('"Kustomization"', '"hush hush"', "targets[0].kind names a kind that this version does not know. It"),
        ('"Kustomization"', "[]", "targets[0].kind should be a text"),
        ('"RECONCILE"', '"ROLLBACK"', "verb is no Verb that this version knows: ROLLBACK"),
        ('"user":"U"', '"user":7', "caller.user should be a text"),
        ('"user":"U",', "", "caller lacks user"),
        ('"options":{}', '"options":{"force":1}', "options.force should be true or false"),
        ('"options":{}', '"options":{"timeout":1.5}', "options.timeout should be a whole number"),
        ('"options":{}', '"options":{"timeout":' + "9" * 30 + "}", "options.timeout is beyond counting"),
        ('"options":{}', '"options":null', "options should be an object"),
        ('"targets":[', '"targets":"hush","else":[', "targets should be a list"),
        ("09:14:00+00:00", "09:14:00", "asked_at should be a time with its zone"),
        ("2026-08-20T09", "hush hush", "asked_at should be a time."),
    ],
)
def test_damage_is_told_without_what_was_damaged(old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(StoreError) as raised:
        load(GOOD.replace(old, new), Request)
    assert told in str(raised.value)
    assert str(raised.value).startswith("a stored request ")
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "[" * 100_000, '"\ud800"', "\\ud" * 9], ids=["empty", "deep", "half", "escape"])
def test_what_is_no_json_is_damage(text: str) -> None:
    with pytest.raises(StoreError, match="it is no JSON"):
        load(text, Request)


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ('{"is":"Rolled","why":"hush"}', "is of a type that this version does not know: Rolled"),
        ('{"is":["hush"]}', "is of a type that this version does not know."),
        ('{"why":"hush"}', "is of a type that this version does not know."),
        (
            '{"is":"Overtaken","by":"b","verdict":{"is":"Suspended"}}',
            "verdict is of a type that this version does not",
        ),
        ("null", "should be an object"),
    ],
)
def test_what_is_none_of_the_known_verdicts_is_damage(verdict: str, told: str) -> None:
    with pytest.raises(StoreError) as raised:
        load_verdict(f'{{"v":1,"verdict":{verdict}}}')
    assert told in str(raised.value)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("seconds", "told"), [("1" + "0" * 400, "is beyond counting"), ('"9"', "should be a whole number")]
)
def test_what_is_no_number_of_seconds_is_damage(seconds: str, told: str) -> None:
    text = json.dumps(pinned("entry")["entry"])
    assert '"seconds": 61.5' in text
    with pytest.raises(StoreError, match=f"seconds {told}"):
        load(text.replace("61.5", seconds), Entry)
    assert load(text.replace("61.5", "61"), Entry).seconds == 61.0


def test_a_pair_of_another_length_is_damage() -> None:
    with pytest.raises(StoreError, match=r"\[0\] should be a list of 2"):
        load_ends('{"v":1,"ends":[[null]]}')


def test_an_offer_that_nobody_may_be_made_is_damage() -> None:
    document = pinned("offer")["Reconcile"]
    document["offer"]["does"]["options"]["force"] = True
    with pytest.raises(StoreError, match="holds what no Offer may"):
        load(json.dumps(document), Offer)


@pytest.mark.parametrize("name", HOLDS)
def test_whatever_is_damaged_gives_a_value_or_a_store_error(name: str) -> None:
    """One part of a pinned document is replaced at a time, each part by many things."""
    chance = random.Random(20261124)
    odd: tuple[object, ...] = (
        None,
        True,
        0,
        -1,
        10**40,
        1e308,
        "",
        "hush hush",
        "2026-02-30T00:00:00Z",
        [],
        ["hush hush"],
        {},
        {"is": "hush hush"},
    )
    outcomes = [
        outcome(name, json.dumps(put(document, place, chance.choice(odd))))
        for document in pinned(name).values()
        for place in chance.sample(places(document), k=min(60, len(places(document))))
    ]
    assert any(outcomes), "nothing was refused, so nothing was tested"
    assert not [told for told in outcomes if "hush" in told]


def outcome(name: str, text: str) -> str:
    """What reading it says; empty where it is read after all."""
    try:
        LOADS[name](text)
    except StoreError as error:
        return str(error)
    return ""


def places(part: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    match part:
        case dict():
            inner = part.items()
        case list():
            inner = dict(enumerate(part)).items()
        case _:
            return [way]
    return [way, *(place for key, each in inner for place in places(each, (*way, key)))]


def put(document: Any, place: tuple[Any, ...], new: object) -> Any:
    if not place:
        return new
    changed = deepcopy(document)
    part = changed
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = new
    return changed
