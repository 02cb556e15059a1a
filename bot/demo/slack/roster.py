"""The people, groups and channels as they are now, and what one may know of another."""

from bot.demo.slack.world import (
    BOT_USER,
    CHANNELS,
    GROUPS,
    PEOPLE,
    Channel,
    Group,
    Person,
)


class Roster:
    """Starts as the fixed world and may be changed under the bot: archived channels, new guests.

    The `put_…` methods replace what has the same id; pair them with `dataclasses.replace`. `person` and
    `channel` take an id or a name; an unknown one is a LookupError, for it is a slip of whoever drives.
    """

    def __init__(self) -> None:
        self._people = {person.id: person for person in PEOPLE}
        self._groups = {group.id: group for group in GROUPS}
        self._channels = {channel.id: channel for channel in CHANNELS}

    def put_person(self, person: Person) -> None:
        """Add or replace a person."""
        self._people[person.id] = person

    def put_group(self, group: Group) -> None:
        """Add or replace a user group."""
        self._groups[group.id] = group

    def put_channel(self, channel: Channel) -> None:
        """Add or replace a channel."""
        self._channels[channel.id] = channel

    def people(self) -> tuple[Person, ...]:
        """Everybody, bots and former members included."""
        return tuple(self._people.values())

    def groups(self) -> tuple[Group, ...]:
        """Every user group, disabled ones included."""
        return tuple(self._groups.values())

    def channels(self) -> tuple[Channel, ...]:
        """Every conversation, direct ones included."""
        return tuple(self._channels.values())

    def find_person(self, user: str) -> Person | None:
        """By id only, as the Web API looks people up."""
        return self._people.get(user)

    def find_channel(self, channel: str) -> Channel | None:
        """By id only, as the Web API looks channels up."""
        return self._channels.get(channel)

    def person(self, user: str) -> Person:
        """By id or handle."""
        for person in self._people.values():
            if user in (person.id, person.name):
                return person
        raise LookupError(f"nobody here is called {user!r}")

    def channel(self, channel: str) -> Channel:
        """By id or name."""
        for known in self._channels.values():
            if channel in (known.id, known.name):
                return known
        raise LookupError(f"no channel here is called {channel!r}")

    def direct(self, user: str) -> Channel:
        """The conversation between this person and the bot, opened at its first use."""
        person = self.person(user)
        return self.conversation("D" + person.id[1:], person.id)

    def conversation(self, channel: str, user: str) -> Channel:
        """The direct conversation with this id, made if it is new."""
        known = self._channels.get(channel)
        if known is None:
            known = Channel(channel, "directmessage", (user, BOT_USER), is_private=True, direct=True)
            self.put_channel(known)
        return known
