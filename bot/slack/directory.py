"""Who people are and what channels are, as Slack says it: ports.Directory. Fails closed (docs/slack.md, People)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.clock import Clock
from bot.core.requests import Caller
from bot.ports import ChannelFacts, Unknown
from bot.slack.answers import HOPELESS, Answer, Answered, Declined
from bot.slack.budgets import Rank
from bot.slack.gateway import CHANNEL, GROUPS, USER, Gateway, Method
from bot.slack.remembered import Remembered
from bot.tasks import Tasks

PATIENCE: Final = 5.0
"""Seconds for one look-up, its waiting for the budget included."""
NOBODY: Final = frozenset({"user_not_found", "user_not_visible", "users_not_found", "channel_not_found"})
NO_GROUPS: Final = frozenset({"missing_scope", "plan_upgrade_required", "paid_teams_only", "not_allowed_token_type"})
"""Slack will never tell us groups: rules for groups let nobody in."""
SLACKBOT: Final = "USLACKBOT"
MOST_NAMES: Final = 10_000
NAMED_FOR: Final = timedelta(hours=1)
"""How long a name is shown before Slack is asked for it again."""
RENEWED: Final = timedelta(minutes=10)
"""So old, and no older, what we know of a channel of the allowlist may become: good enough to run a command on."""
ROUND: Final = 30.0
"""Seconds between two looks at how old that is."""
_ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Group:
    """A user group with its members."""

    name: str
    users: frozenset[str]


Groups = Mapping[str, Group]


class SlackDirectory:
    """`team` is our workspace: everybody of another one is foreign. `tasks` owns the look-ups."""

    def __init__(self, gateway: Gateway, clock: Clock, team: str, tasks: Tasks) -> None:
        self._gateway = gateway
        self._clock = clock
        self._team = team
        self._names: dict[str, tuple[str, datetime]] = {}
        self._people: Remembered[Caller] = Remembered(self._ask_person, clock, tasks, "look up a person")
        # Apart from the above: a look-up that lets somebody in must not wait behind one that only names somebody.
        self._named: Remembered[Caller] = Remembered(self._ask_name, clock, tasks, "look up a name")
        self._groups: Remembered[Groups] = Remembered(self._ask_groups, clock, tasks, "look up groups")
        self._channels: Remembered[ChannelFacts] = Remembered(self._ask_channel, clock, tasks, "look up a channel")

    # --- ports.Directory ------------------------------------------------------------------------------------------

    async def caller(self, user: str, team: str, fresh: bool = False) -> Caller | Unknown:
        if not user or not team or not self._team:
            return Unknown.ABSENT_ID
        if team != self._team:
            return Unknown.FOREIGN
        person, groups = await asyncio.gather(self._people.get(user, fresh), self._groups.get(_ALL, fresh))
        if isinstance(person, Unknown):
            return person
        if isinstance(groups, Unknown):
            return groups
        of = frozenset(id_ for id_, group in groups.items() if user in group.users)
        return Caller(user=person.user, name=person.name, team=person.team, groups=of)

    async def channel(self, id_: str, *, fresh: bool = False) -> ChannelFacts | Unknown:
        if not id_:
            return Unknown.ABSENT_ID
        if id_.startswith("D"):
            # Only direct messages have such ids, and looking at them would need a scope that we do without.
            return ChannelFacts(id_, "", private=True, shared=False, archived=False, member=False, direct=True)
        return await self._channels.get(id_, fresh)

    async def names(self, ids: frozenset[str]) -> dict[str, str]:
        now = self._clock.now()
        people = sorted(id_ for id_ in ids if id_[:1] in ("U", "W"))
        if any(id_.startswith("S") for id_ in ids):
            await self._groups.get(_ALL)
        old = [id_ for id_ in people if id_ not in self._names or now - self._names[id_][1] >= NAMED_FOR]
        await asyncio.gather(*(self._named.get(id_) for id_ in old))
        groups = self._groups.peek(_ALL) or {}
        found = {id_: self._names[id_][0] for id_ in people if id_ in self._names}
        return found | {id_: group.name for id_, group in groups.items() if id_ in ids}

    async def run(self, channels: Sequence[str]) -> None:
        """Knows these channels at any time, until cancelled: Slack lets us look at few of them at once, and whoever
        has to wait for that is refused."""
        while True:
            for id_ in channels:
                await self._channels.renew(id_, RENEWED)
            await self._clock.sleep(ROUND)

    # --- What makes us doubt --------------------------------------------------------------------------------------

    def forget_groups(self) -> None:
        self._groups.forget(_ALL)

    def forget_channel(self, id_: str) -> None:
        self._channels.forget(id_)

    # --- Look-ups -------------------------------------------------------------------------------------------------

    async def _ask_name(self, user: str) -> Caller | Unknown:
        return await self._ask_person(user, Rank.DETAILS)

    async def _ask_person(self, user: str, rank: Rank = Rank.REFUSAL) -> Caller | Unknown:
        answer = await self._ask(USER, rank, user=user)
        if isinstance(answer, Unknown):
            return answer
        found = answer.data.get("user")
        if isinstance(found, Mapping):
            self._name(user, _display_name(found))
        return read_person(found, user, self._team)

    def _name(self, user: str, name: str) -> None:
        """Who is refused has a name too, for the record; the oldest are forgotten first."""
        if len(self._names) >= MOST_NAMES:
            self._names.pop(next(iter(self._names)))
        self._names[user] = name or user, self._clock.now()

    async def _ask_groups(self, _key: str) -> Groups | Unknown:
        answer = await self._ask(GROUPS, include_users=True, team_id=self._team)
        if answer is Unknown.NOT_FOUND:
            return {}
        return answer if isinstance(answer, Unknown) else read_groups(answer.data.get("usergroups"))

    async def _ask_channel(self, id_: str) -> ChannelFacts | Unknown:
        answer = await self._ask(CHANNEL, channel=id_)
        return answer if isinstance(answer, Unknown) else read_channel(answer.data.get("channel"), id_)

    async def _ask(self, method: Method, rank: Rank = Rank.REFUSAL, **arguments: object) -> Answered | Unknown:
        try:
            async with self._clock.timeout(PATIENCE):
                answer: Answer = await self._gateway.ask(method, rank, **arguments)
        except TimeoutError:
            return Unknown.UNANSWERED
        if isinstance(answer, Answered):
            return answer
        code = answer.code if isinstance(answer, Declined) else ""
        if code in (NO_GROUPS if method is GROUPS else NOBODY):
            return Unknown.NOT_FOUND
        return Unknown.NO_RIGHTS if code in HOPELESS else Unknown.UNANSWERED


def read_person(found: object, user: str, team: str) -> Caller | Unknown:
    """A full member as a caller without groups, or why they are none. An absent flag is false, an odd one true."""
    if not isinstance(found, dict) or found.get("id") != user:
        return Unknown.NOT_FOUND
    if found.get("is_stranger") or found.get("team_id") != team:
        return Unknown.FOREIGN
    if found.get("deleted"):
        return Unknown.DEACTIVATED
    if found.get("is_bot") or found.get("is_workflow_bot") or user == SLACKBOT:
        return Unknown.BOT
    if found.get("is_restricted") or found.get("is_ultra_restricted") or found.get("is_invited_user"):
        return Unknown.GUEST
    return Caller(user=user, name=_display_name(found) or user, team=team)


def read_groups(found: object) -> Groups:
    """The groups that are in use."""
    groups: dict[str, Group] = {}
    for each in found if isinstance(found, list) else ():
        if not isinstance(each, dict) or not isinstance(each.get("id"), str) or each.get("date_delete"):
            continue
        users = each.get("users")
        members = (
            frozenset(user for user in users if isinstance(user, str)) if isinstance(users, list) else frozenset()
        )
        groups[each["id"]] = Group(_first_text(each.get("handle"), each.get("name")) or each["id"], members)
    return groups


def read_channel(found: object, id_: str) -> ChannelFacts | Unknown:
    """What a channel is. One whose privacy Slack does not tell is not known."""
    if not isinstance(found, dict) or found.get("id") != id_:
        return Unknown.NOT_FOUND
    direct = bool(found.get("is_im") or found.get("is_mpim"))
    if not direct and not isinstance(found.get("is_private"), bool):
        return Unknown.UNANSWERED
    shared = ("is_ext_shared", "is_pending_ext_shared", "pending_shared", "pending_connected_team_ids")
    return ChannelFacts(
        id=id_,
        name=_first_text(found.get("name")),
        private=direct or bool(found.get("is_private")),
        shared=any(bool(found.get(flag)) for flag in shared),
        archived=bool(found.get("is_archived")),
        member=found.get("is_member") is True,
        direct=direct,
    )


def _display_name(found: Mapping[str, object]) -> str:
    profile = found.get("profile")
    given = profile if isinstance(profile, dict) else {}
    return _first_text(given.get("display_name"), given.get("real_name"), found.get("real_name"), found.get("name"))


def _first_text(*values: object) -> str:
    return next((value for value in values if isinstance(value, str) and value.strip()), "")
