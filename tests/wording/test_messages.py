"""Every kind of message, word for word: messages.txt is what `python -m tests.wording.gallery` prints."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.explain import Cause, Link, LinkState
from bot.core.notices import Blocked, Finished, Outcome, Refused, Stopped, Track
from bot.core.verdicts import Broken, Failed
from bot.wording.document import Line, Note, Ping
from bot.wording.plain import plain
from bot.wording.sentences import document
from tests.wording.examples import ASKED, FRONTEND, NO_LOGIN, NOW, finished
from tests.wording.rarer import EXAMPLES

MESSAGES = Path(__file__).with_name("messages.txt")


def _expected() -> dict[str, str]:
    sections = MESSAGES.read_text(encoding="utf-8").split("--- ")[1:]
    return {title: body.strip("\n") for title, _, body in (section.partition("\n") for section in sections)}


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_message_says_exactly_this(title: str) -> None:
    assert plain(document(EXAMPLES[title])) == _expected()[title]


def test_every_written_message_has_its_example() -> None:
    assert list(_expected()) == list(EXAMPLES)


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_voice_is_kept(title: str) -> None:
    said = plain(document(EXAMPLES[title])).lower()
    assert [word for word in ("successfully", "please", "!", "oops", "unfortunately") if word in said] == []
    assert said.count("sorry") <= 1


@pytest.mark.parametrize("title", [title for title, notice in EXAMPLES.items() if isinstance(notice, Finished)])
def test_a_root_of_one_object_has_at_most_three_facts_before_its_buttons(title: str) -> None:
    notice = EXAMPLES[title]
    assert isinstance(notice, Finished)
    lines = [part for part in document(notice).parts if isinstance(part, Line)]
    assert len(lines) <= (3 if len(notice.tracks) == 1 else len(notice.tracks))


def test_only_the_mention_holds_a_ping() -> None:
    pinging = [
        title
        for title, notice in EXAMPLES.items()
        for part in (document(notice).head, *document(notice).parts)
        if isinstance(part, Line | Note) and any(isinstance(span, Ping) for span in part.spans)
    ]
    assert pinging == ["mention", "mention, three", "all, mention"]


def test_what_may_not_be_seen_is_not_named_by_the_object_that_waits_for_it() -> None:
    waits = Failed("DependencyNotReady", "dependency 'vault/keys' is not ready", True)
    hidden = Cause((Link(None, LinkState.FAILING, "BuildFailed", "vault/keys is broken"),))
    notice = finished(waits, target=FRONTEND, cause=hidden)
    assert plain(document(notice)) == (
        "❌ failed prod ks/shop/frontend: DependencyNotReady\n"
        "  it waits for something this channel may not see\n"
        "  Flux retries by itself\n"
        "  Next: Flux looks at its dependencies every 30 s and starts by itself.\n"
        "  (asked by @dev · /flux-reconcile ks apps · ab12cd34)\n"
        "[Details]"
    )


def test_a_hidden_source_is_told_by_neither_name_nor_reason() -> None:
    said = plain(document(finished(Blocked(None, NO_LOGIN))))
    assert [word for word in ("AuthenticationFailed", "legacy", "secret") if word in said] == []


def test_secrets_are_masked_in_whatever_others_wrote() -> None:
    token = "ghp_" + "a1B2" * 9
    notices = (
        finished(Failed(f"R{token}", f"clone https://bob:hunter2@git.example.com: {token}")),
        finished(Broken(f"Authorization: Bearer {token}")),
        finished(Failed("BuildFailed", "x"), asked=replace(ASKED, typed=f"ks apps {token}", name=token)),
        replace(EXAMPLES["refused by rules"], what=token)
        if isinstance(EXAMPLES["refused by rules"], Refused)
        else EXAMPLES["help"],
    )
    said = "\n".join(plain(document(notice)) for notice in notices)
    assert [secret for secret in (token, "hunter2") if secret in said] == []


def test_a_secret_is_masked_even_where_its_text_is_cut() -> None:
    token = "ghp_" + "a1B2" * 9
    message = f"{'x' * 280} {token}"
    assert "ghp_" not in plain(document(finished(Failed("BuildFailed", message))))


def test_a_blocked_object_tells_why_its_source_was_not_asked() -> None:
    inner = Stopped(EXAMPLE_STOP.stop, EXAMPLE_STOP.text)
    track = Track(FRONTEND, (), Outcome(Blocked(FRONTEND, inner), timedelta(seconds=1)))
    said = plain(document(Finished(ASKED, (track,), NOW, timedelta(seconds=1))))
    assert said.split("\n")[:2] == [
        "❌ not started prod ks/shop/frontend: cluster unreachable for ks/shop/frontend",
        "  no answer within 5 s",
    ]


def _stop() -> Stopped:
    notice = EXAMPLES["not sent: the cluster does not answer"]
    assert isinstance(notice, Finished)
    outcome = notice.tracks[0].outcome
    assert outcome is not None
    assert isinstance(outcome.end, Stopped)
    return replace(outcome.end, text="no answer within 5 s")


EXAMPLE_STOP = _stop()
