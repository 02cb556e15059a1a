"""What stands in the log: one JSON object a line, masked, with the request it is about."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from datetime import timedelta
from enum import Enum
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.kinds import KUSTOMIZATION
from bot.core.notices import Whisper
from bot.core.resources import Ref
from bot.ports import Telemetry
from bot.telemetry.logs import Lines, about, logging_to
from bot.telemetry.metrics import Metrics
from bot.telemetry.plain import plain
from bot.telemetry.told import LoggedTelemetry
from tests.fakes.clock import FakeClock

SLACK_TOKEN = "xoxb-" + "1234567890-abcdefghijkl"
GITHUB_TOKEN = "ghp_" + "a1B2" * 9


class Colour(Enum):
    DARK_RED = "the colour of failure"


class Log:
    """A telemetry whose lines can be read back."""

    def __init__(self, level: str = "info") -> None:
        self.stream = io.StringIO()
        self.level = level
        self.telemetry: Telemetry = LoggedTelemetry(Metrics("0"))

    def lines(self, during: object) -> list[dict[str, object]]:
        assert callable(during)
        with logging_to(self.stream, FakeClock(), self.level):
            during()
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def test_an_event_is_one_line_with_time_level_and_facts() -> None:
    log = Log()
    told = log.lines(lambda: log.telemetry.tell("ended", request="k3f9a1b2", outcome=Colour.DARK_RED, seconds=1.5))
    assert told == [
        {
            "time": "2026-08-20T09:14:00.000Z",
            "level": "info",
            "event": "ended",
            "request": "k3f9a1b2",
            "outcome": "dark_red",
            "seconds": 1.5,
        }
    ]


async def test_tasks_started_about_a_request_name_it_and_others_do_not() -> None:
    stream, telemetry = io.StringIO(), LoggedTelemetry(Metrics("0"))

    async def work(event: str) -> None:
        await asyncio.sleep(0)
        telemetry.tell(event)

    with logging_to(stream, FakeClock()):
        with about("k3f9a1b2"):
            inside = asyncio.create_task(work("inside"))
            telemetry.tell("explicit", request="other123")
        outside = asyncio.create_task(work("outside"))
        await asyncio.gather(inside, outside)
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line.get("request")) for line in told] == [
        ("explicit", "other123"),
        ("inside", "k3f9a1b2"),
        ("outside", None),
    ]


def test_a_fact_cannot_pose_as_time_level_or_event() -> None:
    log = Log()
    (line,) = log.lines(lambda: log.telemetry.tell("ended", time="never", level="fatal", event="fake"))
    assert line == {
        "time": "2026-08-20T09:14:00.000Z",
        "level": "info",
        "event": "ended",
        "fact_time": "never",
        "fact_level": "fatal",
        "fact_event": "fake",
    }


def test_a_message_with_line_ends_and_terminal_codes_stays_one_harmless_line() -> None:
    log = Log()
    hostile = 'x\n{"event": "faked"}\r\x1b[31m\x9b0m\u2028\u202ey\ud800'
    (line,) = log.lines(lambda: log.telemetry.tell("ended", message=hostile))
    assert line["message"] == 'x\n{"event": "faked"}\ufffd\ufffd[31m\ufffd0m\ufffd\ufffdy\ufffd'
    assert log.stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"text": f"clone https://me:{GITHUB_TOKEN}@github.com/a/b"}, {"text": "clone https://***@github.com/a/b"}),
        ({"seen": [f"token {SLACK_TOKEN}"]}, {"seen": ["token ***"]}),
        ({"deep": {"header": {"Authorization": "abc"}}}, {"deep": {"header": {"Authorization": "***"}}}),
        ({"password": "x"}, {"password": "***"}),
        ({"bot_token": "x"}, {"bot_token": "***"}),
        ({"token": "2026-08-20T09:14:00Z-k3f9a1b2"}, {"token": "2026-08-20T09:14:00Z-k3f9a1b2"}),
    ],
    ids=["URL", "in a list", "deep inside", "by its name", "a Slack token by its name", "our own request's token"],
)
def test_secrets_are_masked_wherever_they_stand(facts: dict[str, object], shown: dict[str, object]) -> None:
    log = Log()
    (line,) = log.lines(lambda: log.telemetry.tell("ended", **facts))
    assert {key: line[key] for key in facts} == shown


def test_a_secret_is_masked_before_the_text_is_cut() -> None:
    log = Log()
    (line,) = log.lines(lambda: log.telemetry.tell("ended", text="a" * 3990 + " " + GITHUB_TOKEN))
    assert line["text"] == "a" * 3990 + " ***"


def test_a_response_url_is_never_logged() -> None:
    log = Log()
    whisper = Whisper("U0ADA", "C0", reply="https://hooks.slack.com/commands/T0/1/abc")
    (line,) = log.lines(lambda: log.telemetry.tell("whispered", to=whisper, response_url="https://x.test/secret"))
    assert line["to"] == "Whisper(user='U0ADA', channel='C0')"
    assert line["response_url"] == "***"


def test_values_are_shown_as_people_write_them() -> None:
    ref = Ref("prod", KUSTOMIZATION, "shop", "web")
    facts = {"object": ref, "took": timedelta(seconds=90), "many": frozenset({"b", "a"}), "huge": 2**70, "none": None}
    log = Log()
    (line,) = log.lines(lambda: log.telemetry.tell("ended", **facts))
    assert {key: line[key] for key in facts} == {
        "object": "prod ks/shop/web",
        "took": 90.0,
        "many": ["a", "b"],
        "huge": str(2**70),
        "none": None,
    }


def test_a_value_that_cannot_be_printed_does_not_stop_the_line() -> None:
    class Awkward:
        def __str__(self) -> str:
            raise RuntimeError("no")

    log = Log()
    (line,) = log.lines(lambda: log.telemetry.tell("ended", outcome=Awkward(), verb="x"))
    assert (line["outcome"], line["verb"]) == ("<Awkward>", "x")


def test_a_break_is_told_with_its_trace_and_its_causes_masked() -> None:
    def fail() -> None:
        raise RuntimeError("while posting") from ValueError(f"token {SLACK_TOKEN}")

    log = Log()

    def during() -> None:
        try:
            fail()
        except RuntimeError as error:
            log.telemetry.broke("courier_died", error, channel="C0")

    (line,) = log.lines(during)
    frames = line.pop("trace")
    assert line == {
        "time": "2026-08-20T09:14:00.000Z",
        "level": "error",
        "event": "courier_died",
        "channel": "C0",
        "error": ["RuntimeError: while posting", "ValueError: token ***"],
    }
    assert isinstance(frames, list)
    assert [frame.rpartition(" in ")[2] for frame in frames] == ["during", "fail"]


def test_each_error_of_a_group_is_told() -> None:
    log = Log()
    group = ExceptionGroup("two", [ValueError("a"), KeyError("b")])
    (line,) = log.lines(lambda: log.telemetry.broke("died", group))
    assert line["parts"] == [{"error": ["ValueError: a"], "trace": []}, {"error": ["KeyError: 'b'"], "trace": []}]


@pytest.mark.parametrize(
    "name", ["slack_bolt.AsyncApp", "slack_sdk.web.async_client", "aiohttp.access", "kubernetes.client.rest", "other"]
)
def test_libraries_are_silent_below_warnings_even_when_they_were_set_lower(name: str) -> None:
    log, logger = Log("debug"), logging.getLogger(name)

    def during() -> None:
        logger.setLevel(logging.DEBUG)
        logger.debug("response body: %s", {"token": SLACK_TOKEN})
        logger.info("hello")
        logger.warning("retrying")

    try:
        told = log.lines(during)
    finally:
        logger.setLevel(logging.NOTSET)
    assert [(line["event"], line["logger"], line["level"], line["text"]) for line in told] == [
        ("library", name, "warning", "retrying")
    ]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Unhandled request ({'type': 'event', 'user': 'U1'})\n[Suggestion]\ncode", "Unhandled request …"),
        ("Failed to parse payload=%7B%22user%22", "Failed to parse …"),
        ("Request failed: body is secret stuff", "Request failed: …"),
        ("no such host\nsecond line", "no such host"),
        (f"retrying with {GITHUB_TOKEN}", "retrying with ***"),
        ("long " * 200, ("long " * 200)[:299] + "…"),
    ],
)
def test_a_librarys_warning_is_one_sentence_without_bodies(message: str, shown: str) -> None:
    log = Log()
    (line,) = log.lines(lambda: logging.getLogger("slack_bolt").warning(message))
    assert line["text"] == shown


def test_a_librarys_traceback_is_only_its_kind() -> None:
    log = Log()

    def during() -> None:
        logging.getLogger("aiohttp.server").error(
            "Error handling request", exc_info=ValueError(f"body {SLACK_TOKEN}")
        )

    (line,) = log.lines(during)
    assert line["text"] == "Error handling request: ValueError"


def test_a_librarys_broken_format_is_no_trouble() -> None:
    log = Log()
    (line,) = log.lines(lambda: logging.getLogger("other").warning("%d apples", "many"))
    assert line["text"] == "%d apples"


def test_frequent_events_stand_only_in_a_debug_log() -> None:
    log = Log("info")
    assert log.lines(lambda: log.telemetry.tell("slack.called", method="chat.update")) == []
    detailed = Log("debug")
    told = detailed.lines(lambda: detailed.telemetry.tell("slack.called", method="chat.update"))
    assert [(line["level"], line["event"]) for line in told] == [("debug", "slack.called")]


def test_afterwards_logging_is_as_it_was() -> None:
    root, ours = logging.getLogger(), logging.getLogger("bot")
    before = (root.handlers[:], root.level, ours.level)
    log = Log("debug")
    log.lines(lambda: None)
    assert (root.handlers[:], root.level, ours.level) == before


class Stalled:
    """A reader that takes nothing until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.reached = threading.Event()
        self.written: list[str] = []

    def write(self, text: str) -> None:
        self.reached.set()
        self.go.wait(30)
        self.written.append(text)

    def flush(self) -> None:
        return None


def test_a_stalled_reader_costs_lines_but_never_the_bots_time() -> None:
    stalled = Stalled()
    lines = Lines(stalled, FakeClock(), room=3)

    def log(number: int) -> None:
        lines.emit(logging.makeLogRecord({"name": "bot", "msg": f"e{number}", "levelname": "INFO", "facts": {}}))

    log(0)
    assert stalled.reached.wait(10)
    for number in range(1, 6):
        log(number)
    assert lines.dropped == 2
    stalled.go.set()
    lines.finish()
    assert [json.loads(line)["event"] for line in stalled.written] == ["e0", "e1", "e2", "e3"]


def test_the_end_does_not_wait_for_a_stalled_reader() -> None:
    stalled = Stalled()
    lines = Lines(stalled, FakeClock(), room=1)
    record = logging.makeLogRecord({"name": "bot", "msg": "e", "levelname": "INFO", "facts": {}})
    lines.emit(record)
    assert stalled.reached.wait(10)
    lines.emit(record)
    lines.finish(seconds=0.01)
    assert stalled.written == []
    stalled.go.set()


def test_a_line_that_cannot_be_made_says_so() -> None:
    class Hostile(dict[str, object]):
        def items(self) -> NoReturn:
            raise RuntimeError("no")

    stream = io.StringIO()
    lines = Lines(stream, FakeClock())
    lines.emit(logging.makeLogRecord({"name": "bot", "msg": "e", "levelname": "INFO", "facts": Hostile()}))
    lines.finish()
    assert json.loads(stream.getvalue()) == {"level": "error", "event": "log_broke", "error": "RuntimeError"}


def test_a_closed_stream_is_counted_and_not_raised() -> None:
    stream = io.StringIO()
    lines = Lines(stream, FakeClock())
    stream.close()
    lines.emit(logging.makeLogRecord({"name": "bot", "msg": "e", "levelname": "INFO", "facts": {}}))
    lines.finish()
    assert lines.dropped == 1


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.datetimes()
    | st.timedeltas()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | st.tuples(inner),
    max_leaves=12,
)


@given(_VALUES)
def test_any_value_becomes_a_line(value: object) -> None:
    record = logging.makeLogRecord({"name": "bot", "msg": "e", "levelname": "INFO", "facts": {"value": value}})
    stream = io.StringIO()
    with logging_to(stream, FakeClock()) as lines:
        lines.emit(record)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "e"


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_known_token_never_comes_through(before: str, after: str) -> None:
    assert GITHUB_TOKEN not in str(plain({"a": [f"{before} {GITHUB_TOKEN} {after}"]}))
