"""Payloads of Slack: what becomes of them is theirs to the letter, or garbled."""

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Final
from urllib.parse import urlencode

from bot.slack import payloads
from bot.slack.http import parse
from bot.slack.payloads import ChannelChanged, Followed, Garbled, GroupsChanged, Pressed, Said
from tests.slack.test_payloads import COMMAND, MENTION, PRESS
from tests.soak import fuzz_mutations as mutate

ID: Final = re.compile(r"[A-Z][A-Z0-9]+")
FORM: Final = "application/x-www-form-urlencoded"
EVENT: Final[dict[str, object]] = {
    "type": "event_callback",
    "team_id": "T1",
    "event_id": "Ev2",
    "event": {"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1", "channel": "C1"},
}
SAMPLES: Final[tuple[dict[str, object], ...]] = (COMMAND, PRESS, MENTION, EVENT)


def at(value: object, *way: str) -> object:
    """What stands there; None where nothing does. An oracle of its own, without the bot's reader."""
    for name in way:
        value = value.get(name) if isinstance(value, dict) else None
    return value


class Payloads:
    """Every reader of bot/slack/payloads.py on every sort of payload, and the parser of HTTP bodies."""

    def input(self, random: Random) -> tuple[object, bytes, str]:
        """A payload, and a body with its content type that may hold one."""
        changed = mutate.tree(random, random.choice(SAMPLES), random.choice((1, 2, 3, 8)))
        as_json = json.dumps(changed).encode()
        bodies = [(as_json, "application/json"), (urlencode({"payload": as_json}).encode(), FORM)]
        if isinstance(changed, dict):
            bodies.append(
                (urlencode({name: str(value) for name, value in changed.items()}, errors="replace").encode(), FORM)
            )
        body, kind = random.choice(bodies)
        return changed, mutate.raw(random, body) if random.random() < 0.7 else body, kind

    def wrong(self, given: object) -> Iterator[str]:
        assert isinstance(given, tuple)
        payload, body, kind = given
        yield from self._said(payload, payloads.said(payload))
        yield from self._pressed(payload, payloads.pressed(payload))
        yield from self._mentioned(payload, payloads.mentioned(payload))
        yield from self._happened(payloads.happened(payload))
        for told in (payloads.sayer(payload), payloads.presser(payload)):
            if told is not None and not told.reply and not (told.user and told.channel):
                yield f"nobody to tell: {told}"
        if len(payloads.kind_of(payload)) > 60:
            yield "a long kind"
        if parse(body, kind) != parse(body, kind):
            yield "a body that is two things"

    def _said(self, payload: object, found: Said | Garbled) -> Iterator[str]:
        if isinstance(found, Said):
            ids = ("user_id", "team_id", "channel_id")
            yield from _theirs(found, [at(payload, name) for name in ids])

    def _pressed(self, payload: object, found: Pressed | Followed | Garbled) -> Iterator[str]:
        if not isinstance(found, Pressed):
            return
        user = at(payload, "user")
        own = isinstance(user, dict) and "team_id" in user
        team = at(payload, "user", "team_id") if own else at(payload, "team", "id")
        channel = at(payload, "container", "channel_id")
        yield from _theirs(found, [at(payload, "user", "id"), team, channel])
        if isinstance(payload, dict) and "channel" in payload and at(payload, "channel", "id") != channel:
            yield "it names two channels"

    def _mentioned(self, payload: object, found: Said | Garbled) -> Iterator[str]:
        if isinstance(found, Said):
            event = at(payload, "event")
            team = "user_team" if isinstance(event, dict) and "user_team" in event else "team"
            yield from _theirs(found, [at(event, name) for name in ("user", team, "channel")])

    def _happened(self, found: tuple[GroupsChanged | ChannelChanged, ...] | Garbled) -> Iterator[str]:
        for doubt in found if isinstance(found, tuple) else ():
            if isinstance(doubt, ChannelChanged) and not ID.fullmatch(doubt.channel):
                yield f"a channel called {doubt.channel!r}"


def _theirs(found: Said | Pressed, named: list[object]) -> Iterator[str]:
    """Whoever acts, for which team and where: exactly as the payload says, and ids of Slack's shape."""
    ids = [found.user, found.team, found.channel]
    if ids != named or not all(ID.fullmatch(each) for each in ids):
        yield f"{ids} of {named}"
    if not found.delivery:
        yield "a deed without a delivery"
