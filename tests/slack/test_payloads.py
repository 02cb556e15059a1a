"""What Slack sends becomes values or is garbled, and nothing in between."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.payloads import (
    ChannelChanged,
    Followed,
    Garbled,
    GroupsChanged,
    Pressed,
    Said,
    happened,
    kind_of,
    mentioned,
    pressed,
    said,
)

COMMAND: dict[str, object] = {
    "token": "deprecated",
    "team_id": "T1",
    "team_domain": "demo",
    "channel_id": "C1",
    "channel_name": "platform",
    "user_id": "U1",
    "user_name": "sre",
    "command": "/flux-reconcile",
    "text": "ks payload-service",
    "api_app_id": "A1",
    "is_enterprise_install": "false",
    "response_url": "https://hooks.slack.com/commands/T1/1/x",
    "trigger_id": "1.2.3",
}

PRESS: dict[str, object] = {
    "type": "block_actions",
    "user": {"id": "U1", "username": "sre", "team_id": "T1"},
    "team": {"id": "T1", "domain": "demo"},
    "enterprise": None,
    "is_enterprise_install": False,
    "api_app_id": "A1",
    "token": "deprecated",
    "trigger_id": "1.2.4",
    "response_url": "https://hooks.slack.com/actions/T1/2/y",
    "container": {"type": "message", "message_ts": "17.5", "channel_id": "C1", "is_ephemeral": False},
    "channel": {"id": "C1", "name": "platform"},
    "actions": [
        {"type": "button", "action_id": "offer:retry", "block_id": "b", "value": "k" * 22, "action_ts": "18.0"}
    ],
}

MENTION: dict[str, object] = {
    "type": "event_callback",
    "team_id": "T1",
    "event_id": "Ev1",
    "event": {
        "type": "app_mention",
        "user": "U1",
        "team": "T1",
        "user_team": "T1",
        "channel": "C1",
        "text": "<@U0BOT> ks apps",
        "ts": "19.0",
        "thread_ts": "17.5",
    },
}

Path = tuple[str | int, ...]

ODD: tuple[object, ...] = (None, 7, [])
"""Null and other types, where a text or an object belongs."""


def without(payload: dict[str, object], path: Path) -> dict[str, object]:
    changed = deepcopy(payload)
    _inner(changed, path[:-1]).pop(path[-1])
    return changed


def with_value(payload: dict[str, object], path: Path, value: object) -> dict[str, object]:
    changed = deepcopy(payload)
    _inner(changed, path[:-1])[path[-1]] = value
    return changed


def _inner(payload: dict[str, object], path: Path) -> dict[str | int, object]:
    inner: object = payload
    for step in path:
        inner = inner[step]  # type: ignore[index]
    assert isinstance(inner, dict)
    return inner


def test_a_command_is_read() -> None:
    assert said(COMMAND) == Said(
        user="U1",
        team="T1",
        channel="C1",
        channel_name="platform",
        text="ks payload-service",
        command="/flux-reconcile",
        reply="https://hooks.slack.com/commands/T1/1/x",
        delivery="1.2.3",
    )


def test_a_command_without_text_is_read() -> None:
    read = said({**COMMAND, "text": ""})
    assert isinstance(read, Said)
    assert read.text == ""


COMMAND_FIELDS = (
    "user_id",
    "team_id",
    "channel_id",
    "channel_name",
    "text",
    "command",
    "response_url",
    "trigger_id",
)


@pytest.mark.parametrize("name", COMMAND_FIELDS)
def test_a_command_with_a_field_gone_null_or_of_another_type_names_the_field(name: str) -> None:
    broken = [without(COMMAND, (name,)), *(with_value(COMMAND, (name,), odd) for odd in (*ODD, {}, True))]
    assert [said(payload) for payload in broken] == [Garbled(name)] * 6


@pytest.mark.parametrize("name", sorted(set(COMMAND_FIELDS) - {"text", "channel_name"}))
def test_an_empty_id_is_no_id(name: str) -> None:
    assert said({**COMMAND, name: ""}) == Garbled(name)


@pytest.mark.parametrize("word", ["false", "true", False, True])
def test_a_command_says_whether_it_is_an_enterprises_in_a_word(word: object) -> None:
    assert isinstance(said({**COMMAND, "is_enterprise_install": word}), Said)


@pytest.mark.parametrize("odd", [None, "maybe", 1, []])
def test_another_word_for_that_is_garbled(odd: object) -> None:
    assert said({**COMMAND, "is_enterprise_install": odd}) == Garbled("is_enterprise_install")


def test_a_press_is_read() -> None:
    assert pressed(PRESS) == Pressed(
        user="U1",
        team="T1",
        channel="C1",
        key="k" * 22,
        action="offer:retry",
        message_ts="17.5",
        reply="https://hooks.slack.com/actions/T1/2/y",
        delivery="1.2.4",
        ephemeral=False,
    )


def test_a_press_on_an_ephemeral_message_is_read_without_the_message() -> None:
    read = pressed(with_value(PRESS, ("container", "is_ephemeral"), True))
    assert isinstance(read, Pressed)
    assert read.ephemeral


def test_a_press_is_of_the_pressers_team_not_of_the_channels() -> None:
    read = pressed(with_value(PRESS, ("user", "team_id"), "T9"))
    assert isinstance(read, Pressed)
    assert read.team == "T9"


def test_without_a_team_of_the_presser_it_is_the_payloads() -> None:
    read = pressed(without(PRESS, ("user", "team_id")))
    assert isinstance(read, Pressed)
    assert read.team == "T1"


def test_a_press_of_no_team_at_all_is_garbled() -> None:
    payload = with_value(without(PRESS, ("user", "team_id")), ("team",), None)
    assert pressed(payload) == Garbled("team")


PRESS_FIELDS: tuple[Path, ...] = (
    ("user",),
    ("user", "id"),
    ("container",),
    ("container", "channel_id"),
    ("container", "message_ts"),
    ("actions",),
    ("actions", 0, "value"),
    ("actions", 0, "action_id"),
    ("response_url",),
    ("trigger_id",),
)


@pytest.mark.parametrize("path", PRESS_FIELDS)
def test_a_press_with_a_field_gone_null_or_of_another_type_names_the_field(path: Path) -> None:
    broken = [without(PRESS, path), *(with_value(PRESS, path, odd) for odd in (*ODD, "", True))]
    assert [pressed(payload) for payload in broken] == [Garbled(str(path[-1]))] * 6


def test_a_press_on_a_link_is_nothing_to_do() -> None:
    linked = with_value(without(PRESS, ("actions", 0, "value")), ("actions", 0, "url"), "https://git.example")
    assert pressed(linked) == Followed()


def test_a_press_in_a_form_is_none_of_ours() -> None:
    assert pressed(with_value(PRESS, ("container",), {"type": "view", "view_id": "V1"})) == Garbled("channel_id")


def test_a_mention_is_read_without_the_name_in_front() -> None:
    assert mentioned(MENTION) == Said(
        user="U1",
        team="T1",
        channel="C1",
        channel_name="",
        text="ks apps",
        command="",
        reply="",
        delivery="Ev1",
        thread="17.5",
    )


def test_a_mention_outside_of_a_thread_is_read() -> None:
    read = mentioned(without(MENTION, ("event", "thread_ts")))
    assert isinstance(read, Said)
    assert read.thread == ""


MENTION_FIELDS: tuple[Path, ...] = (
    ("event",),
    ("event", "user"),
    ("event", "channel"),
    ("event", "text"),
    ("event_id",),
)


@pytest.mark.parametrize("path", MENTION_FIELDS)
def test_a_mention_with_a_field_gone_null_or_of_another_type_names_the_field(path: Path) -> None:
    broken = [without(MENTION, path), *(with_value(MENTION, path, odd) for odd in ODD)]
    assert [mentioned(payload) for payload in broken] == [Garbled(str(path[-1]))] * 4


@pytest.mark.parametrize(
    ("event", "doubts"),
    [
        ({"type": "subteam_members_changed", "subteam_id": "S1"}, (GroupsChanged(),)),
        ({"type": "subteam_updated", "subteam": {"id": "S1"}}, (GroupsChanged(),)),
        ({"type": "channel_shared", "channel": "C1"}, (ChannelChanged("C1"),)),
        ({"type": "channel_unshared", "channel": "C1"}, (ChannelChanged("C1"),)),
        ({"type": "member_left_channel", "channel": "C1", "user": "U1"}, (ChannelChanged("C1"),)),
        (
            {"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1"},
            (ChannelChanged("G1"), ChannelChanged("C1")),
        ),
        ({"type": "app_home_opened", "user": "U1"}, ()),
        ({"type": "channel_shared"}, Garbled("channel")),
        ({"type": None}, Garbled("type")),
        ({}, Garbled("type")),
    ],
)
def test_events_say_what_to_doubt(event: dict[str, object], doubts: object) -> None:
    assert happened({"event": event}) == doubts


def test_secrets_of_a_payload_are_not_in_its_print() -> None:
    assert "hooks.slack.com" not in repr(said(COMMAND)) + repr(pressed(PRESS))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "event", "user", "type"]), inner)
    ),
    max_leaves=10,
)


@given(body=JSON)
def test_anything_at_all_is_garbled_at_most(body: object) -> None:
    assert isinstance(said(body), Garbled)
    assert isinstance(pressed(body), Garbled)
    assert isinstance(mentioned(body), Garbled)
    assert isinstance(happened(body), tuple | Garbled)
    assert isinstance(kind_of(body), str)


@given(name=st.sampled_from(sorted(COMMAND)), value=JSON)
def test_one_odd_field_never_raises(name: str, value: object) -> None:
    assert isinstance(said({**COMMAND, name: value}), Said | Garbled)


@given(name=st.sampled_from(sorted(PRESS)), value=JSON)
def test_one_odd_part_of_a_press_never_raises(name: str, value: object) -> None:
    assert isinstance(pressed({**PRESS, name: value}), Pressed | Garbled)
