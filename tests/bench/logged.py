"""An API server that keeps a log of who asked what when: the simulator's own, with one more page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from time import monotonic
from typing import Final

import msgspec

from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.attempts import attempt_of, identity
from bot.demo.kube.calls import Answer, Asked, Stream
from bot.demo.kube.custom_kinds import FLUX_KINDS
from bot.demo.kube.paths import read_path
from bot.demo.kube.resources import Resource


@dataclass(frozen=True, slots=True)
class Logged:
    """One request. `at` is when it came, by time.monotonic; `handled` the token in the status that it left."""

    at: float
    who: str
    verb: str
    resource: str
    """Plural, with `/status` behind it for the subresource."""
    namespace: str
    name: str
    handled: str = ""

    @property
    def reads_one(self) -> bool:
        return self.verb == "get"

    @property
    def writes(self) -> bool:
        return self.verb in ("patch", "create", "update", "delete")

    @property
    def shared(self) -> bool:
        """A list or a watch, which one bot needs once however many wait."""
        return self.verb in ("list", "watch")


class LoggedServer(ApiServer):
    """`log` holds every request, the controllers' too."""

    def __init__(self, now: Callable[[], datetime], random: Random, kinds: Iterable[Resource] = FLUX_KINDS) -> None:
        super().__init__(now, random, kinds=kinds)
        self.log: list[Logged] = []

    def answer(self, asked: Asked) -> Answer | Stream:
        came = monotonic()
        answer = super().answer(asked)
        token, path = identity(asked)
        target = read_path(path)
        attempt = attempt_of(asked, path, target)
        user = self.users.get(token)
        who = user.name if user is not None else ""
        handled = _handled(answer) if target is not None and target.resource.endswith("/status") else ""
        self.log.append(Logged(came, who, attempt.verb, attempt.resource, attempt.namespace, attempt.name, handled))
        return answer


class _Status(msgspec.Struct):
    handled: str = msgspec.field(name="lastHandledReconcileAt", default="")


class _Object(msgspec.Struct):
    status: _Status = msgspec.field(default_factory=_Status)


_READ: Final = msgspec.json.Decoder(_Object)


def _handled(answer: Answer | Stream) -> str:
    """Of the object that a write of a status was answered with."""
    if not isinstance(answer, Answer) or answer.status >= 300:
        return ""
    return _READ.decode(answer.body).status.handled
