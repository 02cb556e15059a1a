"""What was stored once stays readable: its words are pinned, and documents of every class that may be stored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from bot.core.commands import Target
from bot.core.kinds import HELM_RELEASE, KUSTOMIZATION
from bot.core.offers import Confirmed, Offer, Press
from bot.core.printing import reconcile
from bot.core.requests import Caller, Options, Place, Request, Verb
from bot.core.resources import HelmRevision, Ref
from bot.core.revisions import Change
from bot.core.verdicts import Failed, Overtaken, Succeeded, Unchanged, Warn
from bot.store.codec import dump, load, load_verdict
from tests.store.codec_shapes import HOLDS, LOADS, WORDS, cases, everything, pinned, words

PINNED: Final = [
    pytest.param(name, document, id=f"{name}-{called}") for name in HOLDS for called, document in pinned(name).items()
]


def test_the_words_that_documents_are_spelled_with_are_pinned() -> None:
    """Whoever changes one on purpose reads what is said in bot/store/codec_forms.py first, and then runs
    `python -m tests.store.codec_shapes`."""
    assert json.loads(WORDS.read_text(encoding="utf-8")) == words()


def test_no_two_classes_that_may_be_stored_have_one_name() -> None:
    assert len({kind.__name__ for kind in everything()}) == len(everything())


@pytest.mark.parametrize("name", HOLDS)
def test_every_class_has_a_pinned_document(name: str) -> None:
    assert {called for called, _ in cases(name)} == set(pinned(name))


@pytest.mark.parametrize(("name", "document"), PINNED)
def test_a_pinned_document_is_understood_to_its_last_field(name: str, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    assert dump(LOADS[name](text)) == text  # type: ignore[arg-type]


def test_a_stored_request_means_what_it_meant() -> None:
    text = (
        '{"v":1,"request":{"id":"k7q2m9xa","verb":"RECONCILE","targets":[{"cluster":"prod","kind":"Kustomization",'
        '"namespace":"shop","name":"web"}],"options":{"with_source":true,"timeout":90000000},"caller":{"user":"U0ADA",'
        '"name":"Ada","team":"T0HOME","groups":["S0SRE"]},"place":{"channel":"C0SHOP"},"typed":"ks shop/web",'
        '"rule":"shop","asked_at":"2026-08-20T11:14:00.5+02:00"}}'
    )
    assert load(text, Request) == Request(
        id="k7q2m9xa",
        verb=Verb.RECONCILE,
        targets=(Ref("prod", KUSTOMIZATION, "shop", "web"),),
        options=Options(with_source=True, timeout=timedelta(seconds=90)),
        caller=Caller("U0ADA", "Ada", "T0HOME", frozenset({"S0SRE"})),
        place=Place("C0SHOP"),
        typed="ks shop/web",
        rule="shop",
        asked_at=datetime.fromisoformat("2026-08-20T09:14:00.5+00:00"),
    )


def test_a_stored_offer_means_what_it_meant() -> None:
    text = (
        '{"v":1,"offer":{"key":"abc","press":"FORCE","does":{"is":"Confirmed","command":{"targets":[{"name":"nginx",'
        '"kind":"HelmRelease","namespace":"shop","cluster":"prod"}],"options":{"force":true},'
        '"typed":"reconcile prod hr/shop/nginx --force"}},"place":{"channel":"C0SHOP"},'
        '"made_at":"2026-08-20T09:14:00+00:00","ends_at":"2026-08-20T09:16:00+00:00","user":"U0ADA"}}'
    )
    command = reconcile((Target("nginx", HELM_RELEASE, "shop", "prod"),), Options(force=True))
    made_at = datetime.fromisoformat("2026-08-20T09:14:00+00:00")
    assert load(text, Offer) == Offer(
        "abc",
        Press.FORCE,
        replace(Confirmed(command), command=replace(command, typed="reconcile prod hr/shop/nginx --force")),
        Place("C0SHOP"),
        made_at,
        made_at + timedelta(minutes=2),
        user="U0ADA",
    )


def test_a_stored_verdict_means_what_it_meant() -> None:
    text = (
        '{"v":1,"verdict":{"is":"Overtaken","by":"somebody","verdict":{"is":"Failed","reason":"UpgradeFailed",'
        '"message":"timed out","retries":true,"retry_at":"2026-08-20T09:20:00+00:00","good":{"name":"nginx",'
        '"namespace":"shop","version":3,"status":"deployed","chart":"nginx","chart_version":"1.2.3"},'
        '"warnings":["FORCE_LOST"]}}}'
    )
    assert load_verdict(text) == Overtaken(
        "somebody",
        Failed(
            "UpgradeFailed",
            "timed out",
            retries=True,
            retry_at=datetime.fromisoformat("2026-08-20T09:20:00+00:00"),
            good=HelmRevision("nginx", "shop", 3, "deployed", "nginx", "1.2.3"),
            warnings=(Warn.FORCE_LOST,),
        ),
    )


def test_a_choice_says_which_and_what_equals_its_default_is_left_out() -> None:
    assert (
        dump(Succeeded(Change("a", "b")))
        == '{"v":1,"verdict":{"is":"Succeeded","change":{"before":"a","after":"b"}}}'
    )


@pytest.mark.parametrize(("name", "document"), PINNED)
def test_fields_of_a_newer_replica_are_ignored_wherever_they_stand(name: str, document: dict[str, Any]) -> None:
    newer = with_more_fields(document)
    assert newer != document
    assert LOADS[name](json.dumps(newer)) == LOADS[name](json.dumps(document))


def with_more_fields(part: Any) -> Any:
    match part:
        case dict():
            return {"novel": {"is": "Novelty"}} | {key: with_more_fields(each) for key, each in part.items()}
        case list():
            return [with_more_fields(each) for each in part]
        case _:
            return part


def test_a_field_that_is_not_there_has_its_default() -> None:
    assert load_verdict('{"v":1,"verdict":{"is":"Unchanged","revision":"r"}}') == Unchanged("r", warnings=())
