"""Requests that were never sent: what stood in the way, and whose turn it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.core.notices import Stop, Stopped
from bot.core.verdicts import Stalled
from bot.wording import status as is_
from bot.wording.document import Code, Spans, spans
from bot.wording.foreign import quote
from bot.wording.names import named, word
from bot.wording.scene import Scene, Told, absent_controller, kept, next_step, said
from bot.wording.status import Status

_STOPS: Final[dict[Stop, str]] = {
    Stop.NO_KIND: "kind not served",
    Stop.NO_NAMESPACE: "no such namespace",
    Stop.CONTROLLER_ABSENT: "controller absent",
    Stop.CONTROLLER_DOWN: "controller scaled to 0",
    Stop.UNREACHABLE: "cluster unreachable",
    Stop.FORBIDDEN: "the bot's role forbids it",
    Stop.CREDENTIALS: "the bot cannot log in to the cluster",
    Stop.REJECTED: "the API server refused",
    Stop.SOURCE_EMPTY: "source failing, no artifact",
    Stop.RETRIES_EXHAUSTED: "Helm retries exhausted",
    Stop.REVOKED: "allowlist changed",
    Stop.NOT_CARRIED_OUT: "cut short",
    Stop.CANCELLED: "",
    Stop.CYCLE: "dependency cycle",
    Stop.NOT_RECORDED: "not recorded",
    Stop.READ_ONLY: "",
}


_ADMISSION: Final = ("webhook", "admission", "denied the request", "policy")
"""Words by which an API server says that a rule of the cluster refused, and not it itself."""


def stopped(end: Stopped, scene: Scene) -> Told:
    """A request that was not sent, and why."""
    status = {
        Stop.READ_ONLY: _read_only(end),
        Stop.REVOKED: is_.REFUSED,
        Stop.CANCELLED: is_.CANCELLED,
    }.get(end.stop, is_.NOT_SENT)
    reason, facts = _STOPS[end.stop], _why_stopped(end, scene)
    tail: Spans = ()
    if end.stop is Stop.SOURCE_EMPTY:
        first, colon, rest = end.text.partition(": ")
        if colon and first.isalnum():
            reason, facts = word(first), (said(rest), spans("it holds no artifact yet, so there is nothing to apply"))
        tail = spans(" of ", named(end.on, scene.target))
    facts = (
        *facts,
        absent_controller(scene.outcome.controller),
        next_step(_after_stop(end, scene)),
    )
    return Told(status, reason, tail, kept(facts))


def _read_only(end: Stopped) -> Status:
    return replace(is_.READ_ONLY, word=quote(end.text, 60)) if end.text else is_.READ_ONLY


def _why_stopped(end: Stopped, scene: Scene) -> tuple[Spans, ...]:
    target, text = scene.target, said(end.text)
    match end.stop:
        case Stop.NO_KIND:
            return (spans(Code(target.cluster), f" has no {target.kind.name} ({target.kind.group})"),)
        case Stop.NO_NAMESPACE:
            return (spans("there is no namespace ", Code(target.namespace), " in ", Code(target.cluster)),)
        case Stop.CONTROLLER_ABSENT:
            return (spans(Code(target.kind.controller), " is not there, so nothing would answer"),)
        case Stop.CONTROLLER_DOWN:
            return (spans(Code(target.kind.controller), " has 0 replicas, so nothing would answer"),)
        case Stop.READ_ONLY | Stop.CANCELLED:
            return (spans("nothing was sent"),)
        case Stop.CYCLE:
            names = " → ".join(each.name for each in (*end.way, *end.way[:1]))
            return (spans("it waits for itself", ": " if names else "", *((Code(names),) if names else ())),)
        case Stop.NOT_CARRIED_OUT:
            return (text or spans("nothing was sent"),)
        case _:
            return (text or spans("" if end.stop.value == _STOPS[end.stop] else end.stop.value),)


def _after_stop(end: Stopped, scene: Scene) -> Spans:
    target = scene.target
    ready = (now := scene.snapshot(target)) and now.ready
    match end.stop:
        case Stop.RETRIES_EXHAUSTED:
            good = (
                next((each for each in now.helm if each.status in {"deployed", "superseded"}), None) if now else None
            )
            spent = Stalled("RetriesExceeded", "", good=good)
            return scene.advise(target, "RetriesExceeded", ready.message if ready else "", spent)
        case Stop.CONTROLLER_ABSENT | Stop.CONTROLLER_DOWN:
            return spans(Code(f"kubectl -n flux-system get deploy {target.kind.controller}"), " shows it.")
        case Stop.CYCLE:
            return spans("Break the circle in ", Code("spec.dependsOn"), ".")
        case Stop.NO_KIND:
            return spans(Code("flux check"), " tells which parts of Flux are installed.")
        case Stop.FORBIDDEN:
            return spans("Whoever runs the bot has to extend its role in ", Code(target.cluster), ".")
        case Stop.NOT_RECORDED:
            return spans("Whoever runs the bot has to look at its database; then ask again.")
        case Stop.CREDENTIALS:
            return spans("Whoever runs the bot has to renew its credentials for ", Code(target.cluster), ".")
        case Stop.REJECTED if any(each in end.text.lower() for each in _ADMISSION):
            return spans("Whoever keeps that policy has to let the bot set an annotation.")
        case _:
            return ()
