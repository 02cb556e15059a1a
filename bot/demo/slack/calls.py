"""The log of every call of the Web API, and the budgets that a workspace grants."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from bot.demo.slack.knobs import Knobs
from bot.demo.slack.moments import Moments, Pulse
from bot.demo.slack.shapes import Json, as_text

MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call: arguments without the token, HTTP status, Slack's error or None, seconds since the start."""

    method: str
    arguments: Json
    status: int
    error: str | None
    at: float


class Calls:
    """Every call in order of its answer."""

    def __init__(self, moments: Moments, pulse: Pulse) -> None:
        self.log: list[Call] = []
        self._moments = moments
        self._pulse = pulse

    def note(self, method: str, arguments: Json, status: int, error: str | None) -> None:
        """Write one line; the token is left out."""
        shown = {name: value for name, value in arguments.items() if name != "token"}
        self.log.append(Call(method, shown, status, error, self._moments.passed()))
        self._pulse.beat()


class Budgets:
    """Calls a minute per method, and a post a second per channel after a short burst (docs/slack.md).

    A method that ran over is shut until its oldest call of the minute is a minute old; other methods go on.
    """

    def __init__(self, knobs: Knobs, moments: Moments) -> None:
        self._knobs = knobs
        self._moments = moments
        self._spent: dict[str, deque[float]] = {}
        self._shut_until: dict[str, float] = {}
        self._posts: dict[str, tuple[float, float]] = {}

    def charge(self, method: str, arguments: Json) -> int | None:
        """None if the call may go on, else the seconds after which to try again."""
        limit = self._knobs.tiers.get(method)
        if limit is None:
            return None
        now = self._moments.passed()
        shut = self._shut_until.get(method, 0.0) - now
        if shut > 0:
            return math.ceil(shut)
        wait = self._over_the_minute(method, limit, now)
        if wait is None and method == "chat.postMessage":
            wait = self._over_the_channel(as_text(arguments.get("channel")), now)
        if wait is not None:
            self._shut_until[method] = now + wait
        return wait

    def _over_the_minute(self, method: str, limit: int, now: float) -> int | None:
        spent = self._spent.setdefault(method, deque())
        while spent and spent[0] <= now - MINUTE:
            spent.popleft()
        if len(spent) >= limit:
            return max(1, math.ceil(spent[0] + MINUTE - now))
        spent.append(now)
        return None

    def _over_the_channel(self, channel: str, now: float) -> int | None:
        burst = float(self._knobs.posts_per_channel_burst)
        left, since = self._posts.get(channel, (burst, now))
        left = min(burst, left + now - since)
        if left < 1:
            self._posts[channel] = (left, now)
            return 1
        self._posts[channel] = (left - 1, now)
        return None
