"""What leaves for Slack, how often, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.demo.loopback import CutLine, Fault, HalfOpen, InstantClose, Reset, ResetAfter, Rule, Status
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.world import LOBBY, PLATFORM, SRE
from bot.slack.answers import Answered, Arguments, Declined, Limited, Unanswered, Withdrawn
from bot.slack.budgets import Rank
from bot.slack.gateway import CHANNEL, POST, UPDATE, USER, Method
from tests.slack.rig import Rig, Wire, rigged


def says(text: str, channel: str = PLATFORM) -> Callable[[], Arguments]:
    return lambda: {"channel": channel, "text": text}


def root() -> Rank:
    return Rank.ROOT


async def post(rig: Rig, text: str = "hello", channel: str = PLATFORM) -> object:
    return await rig.connection.gateway.send(POST, says(text, channel), root, channel)


NO_ANSWERS = (
    Reset(),
    InstantClose(),
    ResetAfter(),
    CutLine(),
    Status(500),
    Status(503, '{"ok": false, "error": "no"}', content_type="application/json"),
    Status(200, "<html>"),
    Status(200, "<html>", content_type="application/json"),
    Status(200, "[]", content_type="application/json"),
    Status(200, '{"ok": false}', content_type="application/json"),
    Status(200, "<html>", content_type="text/html"),
)


@pytest.mark.parametrize("fault", NO_ANSWERS)
async def test_a_post_without_a_proper_answer_is_never_sent_twice(fault: Fault) -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(fault, "/api/chat.postMessage"))
        answer = await post(rig)
        assert isinstance(answer, Unanswered)
        assert answer.arrived
        assert rule.hits == 1


async def test_a_post_that_found_nobody_surely_did_not_arrive() -> None:
    async with rigged() as rig:
        await rig.workspace.stop()
        # The connection that was kept open breaks first, and of that nobody knows what arrived.
        await rig.connection.gateway.ask(USER, user=SRE)
        answer = await post(rig)
        assert isinstance(answer, Unanswered)
        assert not answer.arrived


@pytest.mark.parametrize(("fault", "times"), [(Reset(), 2), (Status(502), 2), (CutLine(), 1), (InstantClose(), 2)])
async def test_a_read_is_sent_again(fault: Reset, times: int) -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(fault, "/api/users.info", times=times))
        assert isinstance(await rig.connection.gateway.ask(USER, user=SRE), Answered)
        assert rule.hits == times


async def test_a_read_is_given_up_after_three_times() -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(Status(503), "/api/conversations.info"))
        assert isinstance(await rig.connection.gateway.ask(CHANNEL, channel=PLATFORM), Unanswered)
        assert rule.hits == 3


async def test_a_refusal_is_slacks_word_and_no_reason_to_ask_again() -> None:
    async with rigged() as rig:
        assert await post(rig, channel=LOBBY) == Declined("not_in_channel")
        assert await rig.connection.gateway.ask(USER, user="U0NOBODY001") == Declined("user_not_found")
        assert [call.error for call in rig.workspace.calls[1:]] == ["not_in_channel", "user_not_found"]


async def test_faults_that_slack_words_itself_leave_open_whether_it_was_done() -> None:
    async with rigged(Knobs(api_errors={"chat.postMessage": "internal_error"})) as rig:
        assert await post(rig) == Unanswered("internal_error")


async def test_a_429_shuts_its_method_for_all_and_no_other() -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(Status(429, retry_after=8), "/api/chat.postMessage", times=1))
        limited = await post(rig)
        assert isinstance(limited, Limited)
        before = rig.clock.now()
        assert isinstance(await rig.connection.gateway.ask(USER, user=SRE), Answered)
        read_after = (rig.clock.now() - before).total_seconds()
        assert isinstance(await post(rig, channel=PLATFORM), Answered)
        posted_after = (rig.clock.now() - before).total_seconds()
        assert rule.hits == 1
        assert read_after < 8 <= posted_after
        assert [(fact["method"], fact["outcome"]) for fact in rig.telemetry.of("slack.limited")] == [
            ("chat.postMessage", "ratelimited")
        ]


async def test_without_retry_after_a_429_waits_half_a_minute() -> None:
    async with rigged() as rig:
        rig.workspace.faults.add(Rule(Status(429), "/api/chat.postMessage", times=1))
        limited = await post(rig)
        assert isinstance(limited, Limited)
        assert 30 <= limited.seconds <= 31


async def test_what_is_sent_is_composed_when_its_turn_has_come() -> None:
    async with rigged() as rig:
        quiet = Method("chat.postMessage", 60, 1)
        gateway = rig.connection.gateway
        words = ["old"]
        await gateway.send(quiet, says("first"), root)
        composed: list[str] = []

        def newest() -> Arguments:
            composed.append(words[-1])
            return {"channel": PLATFORM, "text": words[-1]}

        waiting = rig.clock.now()
        words.append("new")
        await gateway.send(quiet, newest, root)
        assert (rig.clock.now() - waiting).total_seconds() > 0
        assert rig.texts() == ["first", "new"]
        assert composed == ["new"]


async def test_with_nothing_left_to_say_nothing_is_sent_and_the_turn_is_not_used_up() -> None:
    async with rigged() as rig:
        gateway = rig.connection.gateway
        once = Method("chat.postMessage", 1, 1)
        assert await gateway.send(once, lambda: None, root) == Withdrawn()
        before = rig.clock.now()
        assert isinstance(await gateway.send(once, says("at once"), root), Answered)
        assert (rig.clock.now() - before).total_seconds() < 30
        assert rig.texts() == ["at once"]


async def test_every_call_is_told_with_its_outcome_and_without_its_words() -> None:
    async with rigged() as rig:
        await post(rig, "a secret")
        await post(rig, channel=LOBBY)
        facts = [(f["method"], f["outcome"]) for f in rig.telemetry.of("slack.called")]
        assert facts == [("auth.test", "ok"), ("chat.postMessage", "ok"), ("chat.postMessage", "not_in_channel")]
        assert "a secret" not in repr(rig.telemetry.told)


async def test_posts_in_one_channel_stay_within_slacks_pace() -> None:
    async with rigged(Knobs(tiers={"chat.postMessage": 300}, posts_per_channel_burst=4)) as rig:
        for n in range(8):
            assert isinstance(await post(rig, f"line {n}"), Answered)
        assert rig.texts() == [f"line {n}" for n in range(8)]
        assert rig.telemetry.of("slack.limited") == []


async def test_an_edit_is_sent_again_after_a_429() -> None:
    async with rigged() as rig:
        answer = await post(rig)
        assert isinstance(answer, Answered)
        rig.workspace.faults.add(Rule(Status(429, retry_after=1), "/api/chat.update", times=1))
        compose = says("edited")
        edit = await rig.connection.gateway.send(UPDATE, lambda: {**(compose() or {}), "ts": answer.text("ts")}, root)
        assert isinstance(edit, Answered)
        assert rig.texts() == ["edited"]


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com.evil.example/actions/T/1",
        "http://hooks.slack.com/actions/T/1",
        "https://evil.example/?hooks.slack.com",
        "https://hooks.slack.com:8443/actions/T/1",
        "https://user@evil.example/hooks.slack.com",
        "http://127.0.0.1:1/actions/T/1",
        "file:///etc/passwd",
        "http://[bad",
        "",
    ],
)
async def test_addresses_that_are_not_slacks_are_not_asked(url: str) -> None:
    async with rigged() as rig:
        answer = await rig.connection.gateway.reply(url, lambda: {"text": "hello"})
        assert answer == Unanswered("its address is not Slack's", arrived=False)
        assert [fact["why"] for fact in rig.telemetry.of("slack.reply_refused")] == ["its address is not Slack's"]


async def test_a_response_url_that_has_ended_is_told_as_refused() -> None:
    async with rigged() as rig:
        url = rig.workspace.url + rig.workspace.site.urls.issue(SRE, PLATFORM)
        assert await rig.connection.gateway.reply(url, lambda: {"text": "hello"}) == Answered({})
        assert await rig.connection.gateway.reply(url + "0", lambda: {"text": "hello"}) == Declined("http_404")
        assert rig.texts() == ["hello"]


async def test_a_response_url_that_never_answers_is_given_up() -> None:
    async with rigged() as rig:
        rule = rig.workspace.faults.add(Rule(HalfOpen(), "/actions/*"))
        url = rig.workspace.url + rig.workspace.site.urls.issue(SRE, PLATFORM)
        assert await rig.connection.gateway.reply(url, lambda: {"text": "hello"}) == Unanswered("TimeoutError")
        assert rule.hits == 1


async def test_a_response_url_to_which_no_connection_is_made_was_surely_not_asked() -> None:
    wire = Wire()
    async with rigged(wire=wire) as rig:
        await wire.cut()
        await rig.connection.gateway.ask(USER, user=SRE)
        url = f"http://127.0.0.1:{wire.port}{rig.workspace.site.urls.issue(SRE, PLATFORM)}"
        answer = await rig.connection.gateway.reply(url, lambda: {"text": "hello"})
        assert answer == Unanswered("ClientConnectorError", arrived=False)
