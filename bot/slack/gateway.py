"""Every call that leaves for Slack: its budget, its rank in the queue, and what its answer means.

A method that posts is never sent twice by this module, whatever happened to the first (docs/slack.md, Posting).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.clock import Clock
from bot.ports import Telemetry
from bot.slack.answers import (
    FAULTS,
    HOPELESS,
    LIMITS,
    Answer,
    Answered,
    Arguments,
    Declined,
    Limited,
    Sent,
    Unanswered,
    Withdrawn,
)
from bot.slack.budgets import Budget, Queue, Rank

CALL_SECONDS: Final = 10.0
TRIES: Final = 3
"""How often a read or an edit is sent in all, when no answer comes."""
MOST_CHANNELS: Final = 500
"""Queues of idle channels are dropped beyond so many."""

Compose = Callable[[], Arguments | None]
"""Asked when the turn has come, so that the newest state is sent; None when there is nothing to say any more."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API and our budget for it, a little below Slack's own."""

    name: str
    per_minute: float
    burst: int
    reads: bool = False
    """Its arguments travel in the query: such methods do not take JSON."""
    again: bool = False
    """Sending it twice does no harm."""


POST: Final = Method("chat.postMessage", 200, 10)
EPHEMERAL: Final = Method("chat.postEphemeral", 90, 10)
UPDATE: Final = Method("chat.update", 45, 5, again=True)
USER: Final = Method("users.info", 90, 20, reads=True, again=True)
CHANNEL: Final = Method("conversations.info", 45, 10, reads=True, again=True)
GROUPS: Final = Method("usergroups.list", 18, 4, reads=True, again=True)
AUTH: Final = Method("auth.test", 30, 5, reads=True, again=True)
REPLY: Final = Method("response_url", 1_200, 60)
"""Slack names no limit. At this rate, what all of a busy half hour is answered with still reaches its URL in time."""

POSTS_IN_A_CHANNEL: Final = Method("chat.postMessage in a channel", 60, 3)


class Gateway:
    """All calls to one workspace. `client` must have no retry handlers of its own (see connect.py)."""

    def __init__(
        self, client: AsyncWebClient, session: aiohttp.ClientSession, clock: Clock, telemetry: Telemetry
    ) -> None:
        self._client = client
        self._session = session
        self._clock = clock
        self._telemetry = telemetry
        self._queues: dict[str, Queue] = {}
        self._channels: dict[str, Queue] = {}

    def waiting(self) -> dict[str, int]:
        """How many calls wait for their turn, by method."""
        return {name: len(queue) for name, queue in self._queues.items()}

    @property
    def replies_waiting(self) -> int:
        """How many calls of response URLs wait for their turn."""
        return len(self._queue(REPLY))

    def poke(self) -> None:
        """Something that waits may have become more important."""
        for queue in (*self._queues.values(), *self._channels.values()):
            queue.poke()

    async def ask(self, method: Method, rank: Rank = Rank.REFUSAL, **arguments: object) -> Answer:
        """A call that is ready now."""
        answer = await self.send(method, lambda: arguments, lambda: rank)
        return Unanswered("withdrawn", arrived=False) if isinstance(answer, Withdrawn) else answer

    async def send(self, method: Method, compose: Compose, rank: Callable[[], Rank], channel: str = "") -> Sent:
        """Waits for its turn, then composes and sends; `channel` if the channel has a budget of its own.

        What may be sent again is, with a pause between (docs/slack.md, Errors); of a post every answer, and its
        absence, is handed back after the first.
        """
        for attempt in range(1, TRIES + 1):
            answer = await self._one(method, compose, rank, channel)
            if not method.again or attempt == TRIES or not isinstance(answer, Unanswered | Limited):
                return answer
            if isinstance(answer, Unanswered):
                await self._clock.sleep(_backoff(attempt))
        raise AssertionError("the last try returns")

    async def reply(self, url: str, compose: Callable[[], Arguments]) -> Answer:
        """Sends to a response URL, once, what is composed when its turn has come. Addresses that are not Slack's are
        not asked."""
        if not self._is_slacks(url):
            why = "its address is not Slack's"
            self._telemetry.tell("slack.reply_refused", why=why)
            return Unanswered(why, arrived=False)
        waited = await self._queue(REPLY).turn(lambda: Rank.REFUSAL)
        began = self._clock.now()
        answer = await self._post_to(url, compose())
        if isinstance(answer, Limited):
            self._queue(REPLY).exceeded(answer.seconds)
        self._note(REPLY, answer, waited, began)
        return answer

    async def _one(self, method: Method, compose: Compose, rank: Callable[[], Rank], channel: str) -> Sent:
        waited = await self._channel(channel).turn(rank) if channel else 0.0
        queue = self._queue(method)
        waited += await queue.turn(rank)
        began = self._clock.now()
        arguments = compose()
        if arguments is None:
            queue.give_back()
            if channel:
                self._channel(channel).give_back()
            return Withdrawn()
        answer = await self._call(method, arguments)
        if isinstance(answer, Limited):
            queue.exceeded(answer.seconds)
        self._note(method, answer, waited, began)
        return answer

    async def _call(self, method: Method, arguments: Arguments) -> Answer:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            async with self._clock.timeout(CALL_SECONDS):
                if method.reads:
                    response = await self._client.api_call(method.name, http_verb="GET", params=given)
                else:
                    response = await self._client.api_call(method.name, json=given)
        except SlackApiError as error:
            return read_refusal(error)
        except NOT_SENT as error:
            return Unanswered(type(error).__name__, arrived=False)
        except (aiohttp.ClientError, OSError) as error:
            return Unanswered(type(error).__name__)
        except (ValueError, AttributeError) as error:
            # The SDK stumbles so over bodies that are no JSON objects.
            return Unanswered(type(error).__name__, fault=True)
        return read_answer(response)

    async def _post_to(self, url: str, body: Arguments) -> Answer:
        try:
            async with (
                self._clock.timeout(CALL_SECONDS),
                self._session.post(url, json=dict(body), allow_redirects=False) as response,
            ):
                status, headers = response.status, response.headers
        except NOT_SENT as error:
            return Unanswered(type(error).__name__, arrived=False)
        except (aiohttp.ClientError, OSError) as error:
            return Unanswered(type(error).__name__)
        if status == 429:
            return Limited(_retry_after(headers))
        if status >= 500 or headers.get("Content-Type", "").startswith("text/html"):
            # Slack itself answers no pages: this one is of something on the way.
            return Unanswered(f"status {status}", fault=True)
        return Answered({}) if status == 200 else Declined(f"http_{status}")

    def _queue(self, method: Method) -> Queue:
        if method.name not in self._queues:
            self._queues[method.name] = self._new_queue(method)
        return self._queues[method.name]

    def _channel(self, channel: str) -> Queue:
        if channel not in self._channels:
            if len(self._channels) >= MOST_CHANNELS:
                self._channels = {name: queue for name, queue in self._channels.items() if len(queue)}
            self._channels[channel] = self._new_queue(POSTS_IN_A_CHANNEL)
        return self._channels[channel]

    def _new_queue(self, method: Method) -> Queue:
        return Queue(Budget(method.per_minute, method.burst, self._clock.now()), self._clock)

    def _is_slacks(self, url: str) -> bool:
        # What a payload names is asked only where Slack lives, or where the API was set to live.
        try:
            address, home = urlsplit(url), urlsplit(self._client.base_url)
            if (address.scheme, address.netloc) == (home.scheme, home.netloc):
                return True
            host = address.hostname or ""
            return address.scheme == "https" and address.port in (None, 443) and host.endswith(SLACK_HOSTS)
        except ValueError:
            return False

    def _note(self, method: Method, answer: Answer, waited: float, began: datetime) -> None:
        """Tells of one call: `waited` seconds for its turn, which came at `began`."""
        queue = self._queues.get(method.name)
        event, facts = _fact(answer)
        times = {"waited": round(waited, 4), "took": round((self._clock.now() - began).total_seconds(), 4)}
        waiting = len(queue) if queue is not None else 0
        self._telemetry.tell(event, method=method.name, waiting=waiting, **times, **facts)
        if isinstance(answer, Declined) and answer.code in HOPELESS:
            self._telemetry.tell("slack.no_rights", method=method.name, why=answer.code, needed=answer.detail[:200])


SLACK_HOSTS: Final = (".slack.com", ".slack-gov.com")

NOT_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""The connection was never made."""


def read_answer(response: AsyncSlackResponse) -> Answer:
    """A response with `ok`."""
    data = response.data
    if not isinstance(data, dict):
        return Unanswered("the body is no JSON object", fault=True)
    return Answered(data, _scopes(response.headers))


def read_refusal(error: SlackApiError) -> Answer:
    """Everything else that came over HTTP: an error of Slack's, a 429, a 5xx, a body that is no JSON."""
    response = error.response
    if not isinstance(response, AsyncSlackResponse):
        return Unanswered("the body is no JSON", fault=True)
    data = response.data if isinstance(response.data, dict) else {}
    code = data.get("error")
    if response.status_code == 429 or code in LIMITS:
        return Limited(_retry_after(response.headers))
    if not isinstance(code, str) or not code or code in FAULTS or response.status_code >= 500:
        why = code if isinstance(code, str) and code else f"status {response.status_code}"
        return Unanswered(why, fault=True)
    return Declined(code, _first_complaint(data))


def _fact(answer: Answer) -> tuple[str, dict[str, object]]:
    match answer:
        case Answered():
            return "slack.called", {"outcome": "ok"}
        case Declined(code, detail):
            return "slack.called", {"outcome": code, "detail": detail[:200]}
        case Limited(seconds):
            return "slack.limited", {"outcome": "ratelimited", "seconds": round(seconds, 1)}
        case Unanswered(why, arrived):
            return "slack.called", {"outcome": "unanswered", "why": why, "arrived": arrived}
        case _ as never:
            assert_never(never)


def _first_complaint(data: Mapping[str, object]) -> str:
    metadata = data.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else ""
    # For want of a scope Slack names the one it wants; its other complaints tell no more.
    told = data.get("needed") or first
    return told if isinstance(told, str) else ""


def _retry_after(headers: Mapping[str, str]) -> float:
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    seconds = float(given) if given.isdecimal() else 30.0
    # Others were told the same moment.
    return min(seconds, 600.0) + random.uniform(0.1, 1.0)  # noqa: S311


def _scopes(headers: Mapping[str, str]) -> frozenset[str] | None:
    given = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    return None if given is None else frozenset(part.strip() for part in given.split(",") if part.strip())


def _backoff(attempt: int) -> float:
    return float(2 ** (attempt - 1) * 0.5 * random.uniform(1.0, 1.5))  # noqa: S311
