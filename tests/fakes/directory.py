"""Who people are and what channels are, as a test says."""

from __future__ import annotations

from bot.core.requests import Caller
from bot.ports import ChannelFacts, Unknown

HOME = "T0HOME"


class FakeDirectory:
    """People and channels by id. What is not there is not found; `down` makes every answer UNANSWERED."""

    def __init__(self, team: str = HOME) -> None:
        self.team = team
        self.people: dict[str, Caller | Unknown] = {}
        self.channels: dict[str, ChannelFacts | Unknown] = {}
        self.group_names: dict[str, str] = {}
        self.down = False
        self.asked: list[tuple[str, bool]] = []
        """Each look-up of a person: their id, and whether it had to be fresh."""
        self.asked_channels: list[tuple[str, bool]] = []
        """The same of a channel."""
        self.asked_names: list[frozenset[str]] = []
        """The ids of each look-up of names."""

    def person(self, user: str, name: str = "", groups: tuple[str, ...] = ()) -> Caller:
        """Adds a full member and answers them."""
        caller = Caller(user, name or user.lower(), self.team, frozenset(groups))
        self.people[user] = caller
        return caller

    def place(
        self, id_: str, name: str = "", *, private: bool = True, shared: bool = False, member: bool = True
    ) -> None:
        """Adds a channel."""
        self.channels[id_] = ChannelFacts(id_, name or id_.lower(), private, shared, archived=False, member=member)

    async def caller(self, user: str, team: str, fresh: bool = False) -> Caller | Unknown:
        self.asked.append((user, fresh))
        if not user or not team:
            return Unknown.ABSENT_ID
        if self.down:
            return Unknown.UNANSWERED
        if team != self.team:
            return Unknown.FOREIGN
        return self.people.get(user, Unknown.NOT_FOUND)

    async def channel(self, id_: str, *, fresh: bool = False) -> ChannelFacts | Unknown:
        self.asked_channels.append((id_, fresh))
        if not id_:
            return Unknown.ABSENT_ID
        if self.down:
            return Unknown.UNANSWERED
        return self.channels.get(id_, Unknown.NOT_FOUND)

    async def names(self, ids: frozenset[str]) -> dict[str, str]:
        self.asked_names.append(ids)
        people = {user: who.name for user, who in self.people.items() if isinstance(who, Caller)}
        known = people | self.group_names
        return {id_: known[id_] for id_ in sorted(ids) if id_ in known and not self.down}
