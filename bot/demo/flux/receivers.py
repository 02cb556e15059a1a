"""notification-controller's part: a Receiver gets its path, and a call on it asks for runs of its resources."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from bot.demo.flux import conditions, durations, kinds
from bot.demo.flux.api import ApiError, NotFound
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import READY, RECONCILING, RETRY, SUCCEEDED
from bot.demo.flux.kinds import Kind
from bot.demo.flux.outcomes import Again, Outcome, Rest
from bot.demo.flux.shapes import (
    REQUESTED,
    Json,
    Key,
    add_finalizer,
    deleting,
    has_finalizer,
    key,
    remove_finalizer,
    spec,
    status,
    suspended,
)
from bot.demo.flux.world import World

_WORKS: Final = 0.01
_UPTIME: Final = 3600.25
"""Seconds on the controller's monotonic clock when the simulation began, for the text of its times."""


class ReceiverReconciler:
    """Conditions and status arrive in one go each: nothing of a Receiver is seen in the making."""

    kind: Kind = kinds.RECEIVER
    watched: Sequence[Kind] = ()

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]:
        return ()

    async def run(self, attempt: Attempt) -> Outcome:
        obj = attempt.obj
        outcome: Outcome
        if deleting(obj):
            remove_finalizer(obj)
            outcome = Rest()
        elif not has_finalizer(obj):
            add_finalizer(obj)
            outcome = Again()
        elif suspended(obj):
            outcome = Rest()
        else:
            outcome = await self._reconcile(attempt)
        attempt.acknowledge()
        try:
            good = isinstance(outcome, Rest) and bool(conditions.all_of(obj))
            await attempt.patch(observed=good)
        except NotFound:
            return Rest()
        return outcome

    async def _reconcile(self, attempt: Attempt) -> Outcome:
        obj = attempt.obj
        await attempt.work(_WORKS)
        try:
            token = await _token(attempt)
        except ApiError as error:
            attempt.reconciling(RETRY, "reconciliation in progress")
            attempt.mark(READY, "False", "TokenNotFound", str(error))
            status(obj).pop("webhookPath", None)
            attempt.event("TokenNotFound", str(error), warn=True)
            return Again()
        namespace, name = attempt.place
        path = f"/hook/{hashlib.sha256(f'{token}{name}{namespace}'.encode()).hexdigest()}"
        attempt.drop(RECONCILING)
        attempt.mark(READY, "True", SUCCEEDED, f"Receiver initialized for path: {path}")
        status(obj)["webhookPath"] = path
        every = durations.seconds(spec(obj).get("interval"), 600)
        attempt.event(SUCCEEDED, f"Reconciliation finished, next run in {durations.written(every)}")
        return Rest(attempt.world.varied(every))


async def _token(attempt: Attempt) -> str:
    name = str((spec(attempt.obj).get("secretRef") or {}).get("name"))
    place = (attempt.place[0], name)
    try:
        secret = await attempt.world.api.get(kinds.SECRET.path(place))
    except NotFound as error:
        raise NotFound(f"unable to read token from secret '{'/'.join(place)}' error: {error}") from error
    token = (secret.get("data") or {}).get("token")
    if not token:
        raise NotFound(f"invalid '{'/'.join(place)}' secret data: required field 'token'")
    return str(token)


async def call(world: World, receiver: Json) -> str:
    """What a webhook call does: every resource gets a new requestedAt, in Go's text for times. Returns the token."""
    if suspended(receiver) or conditions.state(receiver) != "True":
        raise NotFound("no receiver listens on that path")
    token = go_time(world)
    for each in spec(receiver).get("resources") or []:
        kind = kinds.of(each)
        namespace = str(each.get("namespace") or receiver["metadata"]["namespace"])
        for target in await _targets(world, kind, namespace, each):
            await world.api.patch(kind.path(key(target)), {"metadata": {"annotations": {REQUESTED: token}}})
    return token


async def _targets(world: World, kind: Kind, namespace: str, resource: Json) -> list[Json]:
    """One object by name, or all that carry the labels with the name `*`."""
    if resource["name"] != "*":
        return [await world.api.get(kind.path((namespace, resource["name"])))]
    wanted = resource.get("matchLabels") or {}
    found, _ = await world.api.list(kind.collection(namespace))
    return [each for each in found if wanted.items() <= (each["metadata"].get("labels") or {}).items()]


def go_time(world: World) -> str:
    """`2026-08-20 09:14:00.1 +0000 UTC m=+5.2`: Go's text for a time, which is not RFC 3339."""
    moment = world.now()
    first = world.journal.runs[0].started if world.journal.runs else moment
    passed = _UPTIME + (moment - first).total_seconds()
    return f"{moment.strftime('%Y-%m-%d %H:%M:%S.%f').rstrip('0')}0 +0000 UTC m=+{passed:.9f}"
