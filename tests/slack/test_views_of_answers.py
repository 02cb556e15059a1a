"""Answers to questions as Slack gets them: whatever stands in a cluster, nothing breaks a limit or becomes markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.audit import Entry, Result
from bot.core.explain import Cause, Link, LinkState
from bot.core.health import Finding, Level, Right, Topic, Unreadable
from bot.core.kinds import KINDS
from bot.core.notices import Notice
from bot.core.policy import Grant
from bot.core.requests import Caller, Options, Place, Verb
from bot.core.resources import Condition, Controller, Details, Event, Ref, Snapshot
from bot.core.standing import (
    Beheld,
    Checked,
    Over,
    Portrait,
    Portrayed,
    Recalled,
    Row,
    Shared,
    Stands,
    Survey,
    Surveyed,
    Tally,
    Unwatched,
    WatchedAlready,
)
from bot.core.verdicts import Failed, Stalled
from bot.demo.slack.blocks import Surface, complaints
from bot.slack.views import render
from tests.wording.examples import NOW
from tests.wording.questions import CANCEL, QUESTIONS, SHARE
from tests.wording.slack_limits import broken_limits, foreign_markup, marked_texts

HOSTILE = (
    "<!channel> <@U0ADMIN> <https://evil.example|ok>",
    "*bold* _low_ ~gone~ `code` :smile: > quote",
    "a" * 3_000,
    "&lt;!here&gt; & <",
    "line\nline\r\n``` fence",
    "\u202eevil\u200b",
    "",
    "😀" * 900,
)
texts = st.sampled_from(HOSTILE) | st.text(max_size=60)
few = st.lists(texts, max_size=3).map(tuple)
cells = st.characters(codec="ascii", categories=("Ll", "Nd"))
names = st.text(cells, min_size=1, max_size=253)
spaces = st.text(cells, min_size=1, max_size=63)
kinds = st.sampled_from(KINDS)
refs = st.builds(Ref, cluster=spaces, kind=kinds, namespace=spaces, name=names)
links = st.builds(Link, ref=st.none() | refs, state=st.sampled_from(LinkState), reason=texts, message=texts)
causes = st.none() | st.lists(links, min_size=1, max_size=3).map(lambda found: Cause(tuple(found)))
rows = st.builds(
    Row,
    ref=refs,
    stands=st.sampled_from(Stands),
    reason=texts,
    message=texts,
    since=st.none() | st.just(NOW),
    cause=causes,
    by=texts,
    stalled=texts,
)
lists = st.lists(rows, max_size=8).map(tuple)
tallies = st.builds(Tally, kind=kinds, failing=st.integers(0, 500), suspended=st.integers(0, 9), ready=st.integers(0))
counts = st.lists(tallies, max_size=5).map(tuple)
surveys = st.builds(
    Survey,
    cluster=texts,
    counts=counts,
    failing=lists,
    suspended=lists,
    reconciling=lists,
    hidden=st.integers(0, 9),
    error=texts,
)
shared = st.none() | st.builds(Shared, user=st.just("U0DEV"), name=texts)
conditions = st.lists(st.builds(Condition, type=texts, status=texts, reason=texts, message=texts), max_size=3)
snapshots = st.builds(
    Snapshot,
    ref=refs,
    conditions=conditions.map(tuple),
    suspended=st.booleans(),
    suspended_by=texts,
    static=st.booleans(),
    deleting=st.booleans(),
    finalizers=few,
    applied=texts,
    attempted=texts,
    path=texts,
    url=texts,
    chart_name=texts,
    details=st.builds(Details, inventory=few),
)
ends = st.builds(Failed, reason=texts, message=texts) | st.builds(Stalled, reason=texts, message=texts)
events = st.lists(st.builds(Event, about=refs, reason=texts, message=texts, warning=st.booleans(), at=st.just(NOW)))
portraits = st.builds(
    Portrait,
    ref=refs,
    now=st.none() | snapshots,
    end=st.none() | ends,
    cause=causes,
    source=st.none() | snapshots,
    waits_for=lists,
    lost=st.lists(refs, max_size=3).map(tuple),
    events=events.map(lambda found: tuple(found[:8])),
    nearest=st.lists(refs, max_size=5).map(tuple),
)
beheld = st.builds(
    Beheld,
    watch=st.just("ab12cd34"),
    user=st.just("U0DEV"),
    name=texts,
    typed=texts,
    cluster=texts,
    started_at=st.just(NOW),
    until=st.just(NOW),
    counts=counts,
    rows=lists,
    blind=st.booleans(),
    buttons=st.just((CANCEL,)),
)
controllers = st.builds(Controller, name=texts, namespace=texts, replicas=st.integers(0, 2), available=st.just(0))
findings = st.builds(
    Finding,
    topic=st.sampled_from(Topic),
    level=st.sampled_from(Level),
    controllers=st.tuples(controllers),
    kinds=st.just(KINDS[:2]),
    rights=st.tuples(st.builds(Right, verb=texts, group=texts, plural=texts)),
    values=st.tuples(texts, texts),
    objects=st.lists(snapshots, max_size=6).map(tuple),
    unreadable=st.none() | st.builds(Unreadable, needs=texts, why=texts),
)
grants = st.builds(
    Grant,
    rule=texts,
    verbs=few,
    kinds=few,
    namespaces=few,
    names=few,
    clusters=few,
    sources=texts,
    all=st.booleans(),
    force=st.booleans(),
    reset=st.booleans(),
)
entries = st.builds(
    Entry,
    at=st.just(NOW),
    request=texts,
    caller=st.builds(Caller, user=texts, name=texts, team=texts),
    place=st.builds(Place, channel=texts, name=texts),
    verb=st.sampled_from(Verb),
    object=texts,
    options=st.builds(Options, with_source=st.booleans(), force=st.booleans()),
    rule=texts,
    outcome=st.sampled_from(Result),
    reason=texts,
    before=texts,
    after=texts,
    seconds=st.none() | st.floats(0, 9e5),
    link=texts,
    ref=st.none() | refs,
)
notices: st.SearchStrategy[Notice] = st.one_of(
    st.builds(
        Recalled,
        typed=texts,
        at=st.just(NOW),
        since=st.just(timedelta(days=7)),
        requests=st.lists(st.lists(entries, min_size=1, max_size=4).map(tuple), max_size=20).map(tuple),
        beyond=st.integers(0, 999),
        unread=st.booleans(),
        user=texts,
        name=texts,
        cluster=texts,
        shared=shared,
    ),
    st.builds(
        Surveyed,
        typed=texts,
        at=st.just(NOW),
        surveys=st.lists(surveys, min_size=1, max_size=4).map(tuple),
        failing_only=st.booleans(),
        buttons=st.just((SHARE,)),
        shared=shared,
    ),
    st.builds(
        Portrayed,
        typed=texts,
        at=st.just(NOW),
        portraits=st.lists(portraits, min_size=1, max_size=5).map(tuple),
        shared=shared,
    ),
    st.builds(
        Checked,
        typed=texts,
        at=st.just(NOW),
        cluster=texts,
        flux_namespace=texts,
        default_namespace=texts,
        findings=st.lists(findings, max_size=8).map(tuple),
        name=texts,
        channel=texts,
        here=st.lists(grants, max_size=8).map(tuple),
        clusters=few,
        read_only=texts,
        shared=shared,
    ),
    beheld,
    st.builds(Unwatched, last=beheld, over=st.sampled_from(Over), took=st.just(timedelta(minutes=3)), by=texts),
    st.builds(WatchedAlready, watch=texts, name=texts, link=texts, until=st.just(NOW)),
)


@settings(max_examples=150)
@given(notices)
def test_no_answer_breaks_a_limit_of_slack(notice: Notice) -> None:
    shown = render(notice)
    assert broken_limits(shown.text, shown.blocks) == []
    assert complaints(list(shown.blocks), Surface.MESSAGE) == ()


@settings(max_examples=150)
@given(notices)
def test_nothing_foreign_in_an_answer_becomes_markup(notice: Notice) -> None:
    shown = render(notice)
    assert [foreign_markup(each) for each in marked_texts(shown.text, shown.blocks) if foreign_markup(each)] == []


def test_five_hundred_objects_fit_and_the_rest_is_counted() -> None:
    notice = QUESTIONS["status, 500 objects"]
    shown = render(notice)
    assert broken_limits(shown.text, shown.blocks) == []
    assert len(shown.blocks) < 30
    said = str(shown.blocks)
    assert "300 of 500 failing" in said
    assert all(f"… {number} more" in said for number in (280, 92, 52))


def test_twenty_requests_have_a_block_each_with_the_moment_in_the_readers_own_zone() -> None:
    shown = render(QUESTIONS["history, much"])
    assert broken_limits(shown.text, shown.blocks) == []
    said = [str(block) for block in shown.blocks if "reconciled" in str(block)]
    assert len(said) == 20
    assert all("{date_short_pretty} {time}" in each for each in said)
    assert "and 17 more: narrow it" in str(shown.blocks)


def test_fifty_silent_clusters_fit() -> None:
    surveys = tuple(Survey(f"cluster-{number}", error="no answer within 2.5 s") for number in range(50))
    shown = render(Surveyed("status", NOW, surveys))
    assert broken_limits(shown.text, shown.blocks) == []
    assert "50 of 50 clusters silent" in shown.text
    assert "38 more clusters" in str(shown.blocks)


@pytest.mark.parametrize("title", ["status", "status of one that waits", "history", "check"])
def test_an_answer_has_one_button_that_shares_it(title: str) -> None:
    last = render(QUESTIONS[title]).blocks[-1]
    elements = last["elements"]
    assert isinstance(elements, list)
    assert [each["action_id"] for each in elements] == ["offer:share"]


def test_what_is_shared_names_who_did_it_and_has_no_button() -> None:
    notice = QUESTIONS["status, shared"]
    assert isinstance(notice, Surveyed)
    shown = render(notice)
    assert "shared by @dev" in shown.text
    assert [block["type"] for block in shown.blocks if block["type"] == "actions"] == []
    assert "shared by" not in render(replace(notice, shared=None)).text
