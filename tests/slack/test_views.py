"""Messages as Slack gets them: within its limits, without foreign markup, and saying in `text` what blocks show."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.audit import Result
from bot.core.commands import Trouble, Unparsed
from bot.core.explain import Cause, Link, LinkState
from bot.core.kinds import KINDS, KUSTOMIZATION
from bot.core.notices import (
    Account,
    Apology,
    Asked,
    Audited,
    BatchDetailed,
    ClusterAsked,
    Detailed,
    Finished,
    Going,
    Helped,
    May,
    Mentioned,
    Notice,
    NotUnderstood,
    Outcome,
    Refusal,
    Refused,
    Running,
    Stage,
    Track,
)
from bot.core.offers import Button, Press
from bot.core.requests import Role
from bot.core.resources import Condition, Event, Ref, Snapshot
from bot.core.revisions import Change
from bot.core.verdicts import Failed, Pending, Skipped, Succeeded, Suspended, TimedOut, Unchanged, Verdict, Why
from bot.demo.slack.blocks import Surface, complaints
from bot.slack.views import render
from tests.wording.examples import ASKED, COUNTS, DETAILS, DONE_ENTRY, LEGACY, NEW, NOW, OLD, RETRY
from tests.wording.rarer import EXAMPLES
from tests.wording.slack_limits import broken_limits, foreign_markup, marked_texts, spoken

HOSTILE = (
    "<!channel> <!here> <@U0SRE> <#C0X> <!subteam^S0X>",
    "*bold* _it_ ~no~ `code` ```block```",
    "> quoted\n>>> all of it",
    "@here @channel @everyone",
    ":white_check_mark: done :tada:",
    "https://evil.example.com|click <https://evil.example.com|here>",
    "\u202egnirts\u202c \u200bzero\u200b \ufeff",
    "\ud800 lone \udfff",
    "nul \x00 esc \x1b[31m",
    "x" * 10_000,
    "``` `" * 50,
    "&amp;lt; &lt;!channel&gt; &#60;!here&#62;",
    "\n\n\n",
    "",
    "😀" * 3_000,
    "a&" * 2_000,
)
CLUSTERS = ("prod", "eu-central-1-payments-prod")
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=300),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=3).map(" ".join),
)
names = st.text(st.characters(codec="ascii", categories=("Ll", "Nd")) | st.just("-"), min_size=1, max_size=253)
spaces = st.text(st.characters(codec="ascii", categories=("Ll", "Nd")), min_size=1, max_size=63)
refs = st.builds(Ref, cluster=spaces, kind=st.sampled_from(KINDS), namespace=spaces, name=names)
asked = st.builds(Asked, request=st.just("ab12cd34"), user=st.just("U0DEV"), name=texts, typed=texts, at=st.just(NOW))
links = st.builds(
    Link,
    ref=st.none() | refs,
    state=st.sampled_from(LinkState),
    reason=texts,
    message=texts,
    since=st.none() | st.just(NOW),
)
ids = st.lists(texts, max_size=3).map(tuple)
changes = st.builds(
    Change,
    before=texts,
    after=texts,
    created=ids,
    removed=ids,
    counted=st.booleans(),
    link=texts,
    rebuilt=st.booleans(),
    pushed=texts,
)
verdicts: st.SearchStrategy[Verdict] = st.one_of(
    st.builds(Succeeded, change=changes),
    st.builds(Unchanged, revision=texts),
    st.builds(
        Failed,
        reason=texts,
        message=texts,
        retries=st.booleans(),
        retry_at=st.none() | st.just(NOW),
        revision=texts,
        running=texts,
    ),
    st.builds(Suspended, by=texts),
    st.builds(Skipped, text=texts),
    st.builds(TimedOut, pending=st.builds(Pending, why=st.sampled_from(Why), text=texts)),
)
outcomes = st.builds(
    Outcome,
    end=verdicts,
    took=st.just(timedelta(seconds=12)),
    cause=st.none() | st.lists(links, min_size=1, max_size=4).map(lambda found: Cause(tuple(found))),
    now=st.none() | st.builds(Snapshot, ref=refs, path=texts, url=texts, secret=texts, chart_name=texts),
)
stages = st.builds(
    Stage,
    ref=refs,
    role=st.sampled_from(Role),
    going=st.sampled_from(Going),
    pending=st.none() | st.builds(Pending, why=st.sampled_from(Why), text=texts),
    verdict=st.none() | verdicts,
    before=texts,
    after=texts,
)
tracks = st.builds(Track, target=refs, stages=st.lists(stages, max_size=4).map(tuple), outcome=outcomes)
several = st.lists(tracks, min_size=1, max_size=20).map(tuple)
conditions = st.builds(Condition, type=texts, status=texts, reason=texts, message=texts)
events = st.builds(Event, about=refs, reason=texts, message=texts, warning=st.booleans(), at=st.just(NOW))
accounts = st.builds(
    Account,
    track=tracks,
    conditions=st.lists(conditions, max_size=4).map(tuple),
    events=st.lists(events, max_size=10).map(tuple),
    counts=st.none() | st.just(COUNTS),
)
entries = st.builds(
    replace,
    st.just(DONE_ENTRY),
    object=texts,
    rule=texts,
    reason=texts,
    before=texts,
    after=texts,
    link=texts,
    outcome=st.sampled_from(Result),
)
labels = st.builds(Button, press=st.sampled_from(Press), key=st.just("k" * 22), label=texts)
notices: st.SearchStrategy[Notice] = st.one_of(
    st.builds(
        Finished,
        asked=asked,
        tracks=several,
        at=st.just(NOW),
        took=st.just(timedelta(seconds=9)),
        buttons=st.lists(labels, max_size=30).map(tuple),
    ),
    st.builds(Running, asked=asked, tracks=several, at=st.just(NOW)),
    st.builds(Mentioned, asked=asked, tracks=several),
    st.builds(Detailed, asked=asked, accounts=st.lists(accounts, min_size=1, max_size=6).map(tuple), at=st.just(NOW)),
    st.builds(Refused, refusal=st.sampled_from(Refusal), what=texts, who_may=ids, detail=texts),
    st.builds(
        NotUnderstood,
        typed=texts,
        command=st.just("/flux-reconcile"),
        unparsed=st.builds(Unparsed, trouble=st.sampled_from(Trouble), word=texts, nearest=ids, valid=ids),
    ),
    st.builds(Apology, reference=texts, what=texts),
    st.builds(ClusterAsked, typed=texts, buttons=st.lists(labels, max_size=30).map(tuple)),
    st.builds(
        Helped,
        command=st.just("/flux-reconcile"),
        channel=texts,
        examples=ids,
        may=st.lists(
            st.builds(May, rule=texts, verbs=ids, kinds=ids, namespaces=ids, names=ids, clusters=ids), max_size=30
        ).map(tuple),
    ),
    st.builds(
        Audited,
        count=st.integers(1, 9),
        entries=st.lists(entries, min_size=1, max_size=20).map(tuple),
        also=st.lists(entries, max_size=8).map(tuple),
    ),
)


@settings(max_examples=150)
@given(notices)
def test_no_message_breaks_a_limit_of_slack(notice: Notice) -> None:
    shown = render(notice)
    assert broken_limits(shown.text, shown.blocks) == []
    assert complaints(list(shown.blocks), Surface.MESSAGE) == ()


@settings(max_examples=150)
@given(notices)
def test_nothing_foreign_pings_links_formats_or_hides(notice: Notice) -> None:
    shown = render(notice)
    assert [foreign_markup(each) for each in marked_texts(shown.text, shown.blocks) if foreign_markup(each)] == []


@settings(max_examples=60)
@given(notices)
def test_only_the_mention_pings(notice: Notice) -> None:
    shown = render(notice)
    pings = [ping for each in marked_texts(shown.text, shown.blocks) for ping in re.findall(r"<@\w+>", each)]
    assert pings == (["<@U0DEV>", "<@U0DEV>"] if isinstance(notice, Mentioned) else [])


LISTS: Final = (
    "all, five hundred",
    "all, details of five hundred",
    "history, much",
    "history, more than is looked at",
)
"""Longer than `text` may be: the first of it says what is wrong, and only the blocks name everybody."""


@pytest.mark.parametrize("title", [title for title in EXAMPLES if title not in LISTS])
def test_text_says_everything_that_the_blocks_say(title: str) -> None:
    shown = render(EXAMPLES[title])
    said = spoken(shown.text)
    assert [told for told in _told(list(shown.blocks)) if spoken(told) not in said] == []


def test_five_hundred_objects_are_all_named_in_the_blocks_of_one_message() -> None:
    notice = EXAMPLES["all, details of five hundred"]
    assert isinstance(notice, BatchDetailed)
    shown = render(notice)
    assert broken_limits(shown.text, shown.blocks) == []
    assert complaints(list(shown.blocks), Surface.MESSAGE) == ()
    said = " ".join(_told(list(shown.blocks)))
    assert [track.target.name for track in notice.tracks if track.target.name not in said] == []
    assert shown.text.startswith("Details of 500 objects")
    assert "GitOperationFailed" in shown.text


def _told(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [each for value in node.values() for each in _told(value)]
    if isinstance(node, list):
        return [each for value in node for each in _told(value)]
    return []


def test_a_root_message_is_a_bold_verdict_facts_small_print_and_buttons() -> None:
    assert render(EXAMPLES["failed, health"]).blocks == (
        _section("*❌ failed* `prod ks/flux-system/apps`: HealthCheckFailed at `main@9d8e7f6`"),
        _section("not ready: Job/shop/migrate Failed, Deployment/shop/web InProgress"),
        _section(
            "Flux retries at <!date^1795428270^{time_secs}|10:04:30 UTC>"
            " (<!date^1795428270^{ago}|2026-11-23 10:04 UTC>) · still running `main@3f2a1bc`"
        ),
        _section("Next: See why it is not ready: `kubectl -n shop describe job migrate`."),
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": "asked by @dev · `/flux-reconcile ks apps` · ab12cd34",
                    "verbatim": True,
                }
            ],
        },
        {
            "type": "actions",
            "elements": [_button("offer:retry", "Retry", "r"), _button("offer:details", "Details", "k")],
        },
    )


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _button(action: str, label: str, key: str) -> dict[str, object]:
    text = {"type": "plain_text", "text": label, "emoji": False}
    return {"type": "button", "action_id": action, "text": text, "value": key * 22}


def test_details_keep_the_controllers_own_words_in_preformatted_passages() -> None:
    shown = render(EXAMPLES["details, two"])
    assert [block["type"] for block in shown.blocks] == [
        "section",
        "section",
        "rich_text",
        "rich_text",
        "section",
        "section",
        "section",
    ]


def test_what_is_cut_says_how_much_is_missing_and_failures_stay() -> None:
    well = Outcome(Succeeded(Change(OLD, NEW)), timedelta(seconds=3))
    bad = Outcome(Failed("BuildFailed", "x" * 400), timedelta(seconds=3))
    tracks = tuple(
        Track(Ref("prod", KUSTOMIZATION, "shop", f"app-{number:02}" + "y" * 200), (), bad if number > 17 else well)
        for number in range(20)
    )
    text = render(Finished(ASKED, tracks, NOW, timedelta(seconds=9), (RETRY, DETAILS))).text
    lines = text.split("\n")
    assert [line[:8] for line in lines[1:3]] == ["❌ failed", "❌ failed"]
    assert re.fullmatch(r"… [\d,]+ characters more", lines[-2])
    assert lines[-1] == "[Retry] [Details]"


def test_details_of_many_objects_keep_what_failed_and_count_what_is_left_out() -> None:
    well = Account(Track(LEGACY, (), Outcome(Unchanged(NEW), timedelta(seconds=1))), counts=COUNTS)
    bad = Outcome(Failed("BuildFailed", "m"), timedelta(seconds=1))
    condition = Condition("Ready", "False", "BuildFailed", "m")
    failing = Account(Track(Ref("prod", KUSTOMIZATION, "shop", "web"), (), bad), (condition,), counts=COUNTS)
    shown = render(Detailed(ASKED, (*[well] * 25, failing), NOW))
    assert broken_limits(shown.text, shown.blocks) == []
    assert len(shown.blocks) == 50
    assert [_told([block])[0][:9] for block in shown.blocks[:2]] == ["*Details*", "*❌ failed"]
    assert _told([shown.blocks[-1]]) == ["… 7 more facts; ask for fewer objects to see them"]


def test_what_a_person_typed_is_one_short_line_that_pings_and_formats_nothing() -> None:
    typed = "ks apps,\n\tfrontend <!channel> *now* `--force` " + "x" * 300
    shown = render(Running(replace(ASKED, typed=typed), (Track(LEGACY),), NOW))
    told = "ks apps, frontend &lt;!channel&gt; *now* ˋ--forceˋ " + "x" * 154 + "…"
    assert shown.blocks[-1] == {
        "type": "context",
        "elements": [
            {
                "type": "mrkdwn",
                "text": f"asked by @dev <!date^{int(NOW.timestamp())}^{{ago}}|2026-11-23 10:00 UTC>"
                f" · `{told}` · ab12cd34",
                "verbatim": True,
            }
        ],
    }
    assert shown.text.split("\n")[-1].split(" · ")[1] == told.replace("*", "∗")


def test_every_cluster_has_its_own_button() -> None:
    blocks = render(EXAMPLES["cluster asked"]).blocks
    assert blocks[-1]["elements"] == [
        _button("offer:cluster", "prod", "1"),
        _button("offer:cluster:1", "staging", "2"),
    ]


def test_only_a_force_looks_dangerous_and_a_running_root_ends_with_its_button() -> None:
    force, cancel = (render(EXAMPLES[each]).blocks[-1] for each in ("force?", "running, with its button"))
    assert force["elements"] == [{**_button("offer:force", "Force it", "f"), "style": "danger"}]
    assert cancel["elements"] == [_button("offer:cancel", "Cancel", "c")]


@given(
    st.builds(
        Ref,
        cluster=st.sampled_from(CLUSTERS),
        kind=st.sampled_from(KINDS),
        namespace=spaces,
        name=names,
    ),
    st.sampled_from(("HealthCheckFailed", "OCIArtifactLayerOperationFailed", "ArtifactFailed")),
)
def test_a_locked_phone_shows_verdict_cluster_object_and_reason(target: Ref, reason: str) -> None:
    outcome = Outcome(Failed(reason, "m"), timedelta(seconds=3))
    start = render(Finished(ASKED, (Track(target, (), outcome),), NOW, timedelta(seconds=3))).text[:80]
    shown = re.fullmatch(rf"❌ failed ([^ ]+) {target.kind.short}/([^/]+)/([^:]+): {reason}.*", start, re.DOTALL)
    assert shown is not None
    assert [_stands_for(*pair) for pair in zip(shown.groups(), _pieces(target), strict=True)] == [True] * 3


def _pieces(target: Ref) -> tuple[str, str, str]:
    return target.cluster, target.namespace, target.name


def _stands_for(short: str, whole: str) -> bool:
    head, cut, tail = short.partition("…")
    return short == whole or (cut == "…" and whole.startswith(head) and whole.endswith(tail))


@given(refs, st.sampled_from(("AuthenticationFailed", "UpgradeFailed")))
def test_a_locked_phone_shows_the_reason_of_the_root_cause(target: Ref, reason: str) -> None:
    cause = Cause((Link(LEGACY, LinkState.FAILING, reason, "m", NOW),))
    outcome = Outcome(Failed("DependencyNotReady", "m"), timedelta(seconds=3), cause=cause)
    notice = Finished(ASKED, (Track(target, (), outcome),), NOW, timedelta(seconds=3))
    assert reason in render(notice).text[:80]
