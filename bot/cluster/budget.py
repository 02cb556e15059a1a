"""How often a broken cluster is asked (docs/kubernetes.md, "A broken cluster").

While a cluster works nothing is held back. Once a call fails, all calls to it share two requests a second, people's
first; each success doubles that, until there is no limit again. It reads no answer: the client tells how calls ended.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.clock import Clock
from bot.cluster.calls import READ_SECONDS, Call, Lane
from bot.cluster.errors import Expired, Missing, Silent, Unsent
from bot.core.errors import ClusterError, Forbidden, Rejected, Unauthorized
from bot.ports import Telemetry

BROKEN: Final = 2
"""Requests in any window, while the cluster is broken."""
WINDOW: Final = 1.05
"""Seconds: a little more than one, since requests do not arrive as evenly as they are sent."""
_UNLIMITED: Final = 64
"""A window that would take so many is no limit any more."""
STUCK_SECONDS: Final = 1.0
"""A cluster that has left a call without an answer for so long, and answered none since, may be dead."""
SETTLED_SECONDS: Final = 5.0
"""A stream that lived so long counts as working."""
_EXPIRES_SECONDS: Final = 60.0
"""A version that was listed is good for longer."""
_OUTAGE: Final = 5
"""So many failures in a row are no accident: more than one call with all its tries."""
_TICK: Final = 0.001
"""Seconds: a clock that counts microseconds never gets to the end of less."""

Jitter = Callable[[float, float], float]


@dataclass(slots=True)
class Course:
    """How far one call has come."""

    sent: bool = False
    """The server may have begun to do what was asked."""
    loading: bool = False
    """It waits for credentials."""


@dataclass(slots=True, eq=False)
class _Waiter:
    lane: Lane
    stirred: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Trouble:
    """What has gone wrong since the last success."""

    since: datetime
    failed_at: datetime
    why: str
    failures: int = 0
    doings: set[str] = field(default_factory=set)
    told: bool = False


class Budget:
    """One cluster's. Every request goes through `asking`, every open watch through `streaming`."""

    def __init__(self, cluster: str, clock: Clock, telemetry: Telemetry, jitter: Jitter) -> None:
        self._cluster = cluster
        self._clock = clock
        self._telemetry = telemetry
        self._jitter = jitter
        self._limit: int | None = None
        self._window = WINDOW
        self._sends: deque[datetime] = deque(maxlen=_UNLIMITED)
        self._waiting: list[_Waiter] = []
        self._used = dict.fromkeys(Lane, 0.0)
        """By lane, its turns divided by its share: the smallest is next."""
        self._open: dict[object, datetime] = {}
        self._streams: dict[object, datetime] = {}
        self._brief_streams = False
        self._expired: dict[str, datetime] = {}
        self._answered_at: datetime | None = None
        self._trouble: _Trouble | None = None
        self._reviving: list[Callable[[], None]] = []

    @property
    def free(self) -> bool:
        """Whether nothing holds calls back."""
        return self._now_allowed() is None

    @property
    def seems_dead(self) -> bool:
        """Whether trying again at once is a waste of what may be sent."""
        return self._trouble is not None and self._trouble.failures >= _OUTAGE

    def on_life(self, call: Callable[[], None]) -> None:
        """`call` is called when a cluster that seemed dead has answered again."""
        self._reviving.append(call)

    def postponed(self) -> Unsent:
        """The error for a call whose turn would come too late."""
        why = self._trouble.why if self._trouble is not None else f"{self._cluster}: the API server is slow to answer"
        return Unsent(self._cluster, f"{why}; until it works again only {BROKEN} requests a second are sent there")

    @asynccontextmanager
    async def asking(self, call: Call, course: Course) -> AsyncIterator[None]:
        """The block is one request. It waits for its turn; how it ends says how the cluster is.

        Raises Unsent when too many others wait.
        """
        await self._turn(call)
        key, began = object(), self._clock.now()
        self._open[key] = began
        course.sent = True
        try:
            yield
        except ClusterError as error:
            self._refused(call, error)
            raise
        except asyncio.CancelledError:
            # The one who asked ran out of time: the limit over several calls, not this call's own.
            if self._age(began) >= STUCK_SECONDS:
                self.failed(call, f"{self._cluster}: the API server did not answer in time")
            raise
        else:
            self._answered_at = self._clock.now()
            # That a watch begins says little: its first line may be cut off, or never come.
            if not call.watches and self._age(began) < READ_SECONDS:
                self._worked()
        finally:
            del self._open[key]
            self._stir()

    @asynccontextmanager
    async def streaming(self, call: Call) -> AsyncIterator[None]:
        """The block is the life of one watch."""
        key, began = object(), self._clock.now()
        self._streams[key] = began
        try:
            yield
        except ClusterError as error:
            del self._streams[key]
            # A kind in which nothing happens may get no bookmark either: the next request tells who is silent.
            harmless = isinstance(error, Silent) or (isinstance(error, Expired) and self._first_expiry(call))
            if not harmless:
                brief = self._age(began) < SETTLED_SECONDS
                self._brief_streams = self._brief_streams or (brief and not self._some_stream_lives())
                self.failed(call, str(error))
            raise
        finally:
            self._streams.pop(key, None)

    def _first_expiry(self, call: Call) -> bool:
        """An old version is nobody's fault, but the new one must do."""
        last = self._expired.get(call.path)
        self._expired[call.path] = self._clock.now()
        return last is None or self._age(last) >= _EXPIRES_SECONDS

    def stream_works(self) -> None:
        """An open watch said something, or has lived for a while: where nothing has failed meanwhile, all is well."""
        if self._trouble is not None and self._age(self._trouble.failed_at) >= SETTLED_SECONDS:
            self._brief_streams = False
            self._mend(self._trouble)
            self._stir()

    # How the cluster is

    def _refused(self, call: Call, error: ClusterError) -> None:
        match error:
            case Missing() | Unauthorized():
                # A 401 may be mended by other credentials; the client knows.
                self._answered_at = self._clock.now()
            case Rejected() | Forbidden() if call.writes or self._some_stream_lives():
                # One kind or one object, not the cluster.
                self._answered_at = self._clock.now()
            case _:
                self.failed(call, str(error))

    def failed(self, call: Call, why: str) -> None:
        """A call to the cluster came to nothing; `why` is the sentence that tells people so."""
        self._limit = BROKEN
        now = self._clock.now()
        trouble = self._trouble = self._trouble or _Trouble(now, now, why)
        trouble.failed_at, trouble.why = now, why
        trouble.failures += 1
        trouble.doings.add(call.doing)
        # One kind that fails while watches of others work is that kind's own trouble.
        alone = len(trouble.doings) == 1 and self._some_stream_lives()
        if self.seems_dead and not trouble.told and not alone:
            trouble.told = True
            self._telemetry.tell("cluster_broken", cluster=self._cluster, why=why)

    def _worked(self) -> None:
        trouble = self._trouble
        if trouble is None or self._limit is None:
            return
        if self._brief_streams and not self._some_stream_lives():
            return
        self._brief_streams = False
        seemed_dead = self.seems_dead
        trouble.failures = 0
        trouble.doings.clear()
        self._limit *= 2
        if self._limit >= _UNLIMITED:
            self._mend(trouble)
        if seemed_dead:
            for revive in self._reviving:
                revive()

    def _mend(self, trouble: _Trouble) -> None:
        self._limit, self._trouble = None, None
        if trouble.told:
            self._telemetry.tell("cluster_mended", cluster=self._cluster, seconds=self._age(trouble.since))

    def _some_stream_lives(self) -> bool:
        return any(self._age(began) >= SETTLED_SECONDS for began in self._streams.values())

    def _stuck(self) -> bool:
        oldest = min(self._open.values(), default=None)
        if oldest is None or self._age(oldest) < STUCK_SECONDS:
            return False
        return self._answered_at is None or self._answered_at < oldest

    def _age(self, since: datetime) -> float:
        return (self._clock.now() - since).total_seconds()

    # Whose turn it is

    async def _turn(self, call: Call) -> None:
        if self._waiting or self._pause() > 0:
            await self._queue(call)
        self._sends.append(self._clock.now())
        self._window = WINDOW * self._jitter(1.0, 1.2)
        self._stir()

    async def _queue(self, call: Call) -> None:
        if call.for_people and self._hopeless(call):
            raise self.postponed()
        self._join(call.lane)
        waiter = _Waiter(call.lane)
        self._waiting.append(waiter)
        try:
            while True:
                first = self._first() is waiter
                pause = self._pause()
                if first and pause <= 0:
                    break
                await self._doze(waiter, pause if first else None)
            self._used[waiter.lane] += 1 / waiter.lane
        finally:
            self._waiting.remove(waiter)
            self._stir()

    async def _doze(self, waiter: _Waiter, seconds: float | None) -> None:
        """Until something may have changed, or for so long."""
        waiter.stirred.clear()
        if seconds is None:
            await waiter.stirred.wait()
            return
        try:
            async with self._clock.timeout(seconds):
                await waiter.stirred.wait()
        except TimeoutError:
            pass

    def _stir(self) -> None:
        if self._waiting:
            self._first().stirred.set()

    def _first(self) -> _Waiter:
        """The one whose turn is next; somebody waits."""
        return min(self._waiting, key=lambda each: (self._used[each.lane], -each.lane))

    def _join(self, lane: Lane) -> None:
        """A lane that was empty has saved nothing up."""
        busy = [self._used[each.lane] for each in self._waiting]
        if busy and all(each.lane is not lane for each in self._waiting):
            self._used[lane] = max(self._used[lane], min(busy))

    def _hopeless(self, call: Call) -> bool:
        allowed = self._now_allowed()
        if allowed is None:
            return False
        ahead = sum(each.lane is call.lane for each in self._waiting)
        return ahead * WINDOW / allowed >= call.seconds

    def _now_allowed(self) -> int | None:
        """Requests in a window; None for as many as one likes."""
        return BROKEN if self._limit is None and self._stuck() else self._limit

    def _pause(self) -> float:
        """Seconds until the next request may be sent."""
        allowed = self._now_allowed()
        if allowed is None:
            return 0.0
        # A clock that was set back must not stop everything.
        recent = [age for age in map(self._age, self._sends) if 0.0 <= age < self._window]
        pause = self._window - recent[-allowed] if len(recent) >= allowed else 0.0
        return pause if pause >= _TICK else 0.0
