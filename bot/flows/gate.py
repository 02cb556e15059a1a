"""The one gate: who asks, what this channel is, and what its rules say. Every entry point passes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bot.core.channels import ANY, Allowlist, Channel
from bot.core.notices import ChannelOff, Part, Refusal, Slot
from bot.core.policy import (
    Allowed,
    Decision,
    Denied,
    decide,
    decide_cluster,
    decide_source,
    refuse_early,
    sees,
    sees_source,
)
from bot.core.requests import Caller, Options, Place, Role, Step, Verb
from bot.core.resources import Ref
from bot.ports import ChannelFacts, Chat, Directory, Unknown

MOST_NAMED: Final = 6
"""So many people are looked up to say who may: no more are shown."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Where something was said and by whom, as Slack vouches for it. Ids only: names are for people."""

    user: str
    team: str
    channel: str
    delivery: str
    """Key of the delivery: the same one twice is Slack's redelivery."""
    reply: str = ""
    """Slack's response_url: never stored nor logged."""

    def __repr__(self) -> str:
        return f"Heard({self.user} in {self.channel})"


@dataclass(frozen=True, slots=True)
class Entered:
    """A person who may be answered in a channel that is what its entry says."""

    caller: Caller
    channel: Channel

    @property
    def place(self) -> Place:
        return Place(self.channel.id, self.channel.name, self.caller.team)


@dataclass(frozen=True, slots=True)
class Barred:
    """A person or a channel that is refused whatever was said."""

    refusal: Refusal
    caller: Caller
    """As far as known: the name may be the id."""
    place: Place
    detail: str = ""


_PEOPLE = {
    Unknown.ABSENT_ID: Refusal.PERSON_UNKNOWN,
    Unknown.NOT_FOUND: Refusal.PERSON_UNKNOWN,
    Unknown.UNANSWERED: Refusal.PERSON_UNKNOWN,
    Unknown.NO_RIGHTS: Refusal.PERSON_UNKNOWN,
    Unknown.GUEST: Refusal.GUEST,
    Unknown.DEACTIVATED: Refusal.DEACTIVATED,
    Unknown.BOT: Refusal.BOT,
    Unknown.FOREIGN: Refusal.FOREIGN,
}
_LACKING: Final = "the bot's token is revoked or lacks the scope "
_SCOPE_OF_PEOPLE: Final = f"{_LACKING}users:read"
_SCOPE_OF_CHANNELS: Final = f"{_LACKING}channels:read or groups:read"


@dataclass(frozen=True, slots=True)
class Gate:
    """Deny by default. Holds no state of its own; what Slack knows is the directory's to cache."""

    allowlist: Allowlist
    directory: Directory
    chat: Chat

    async def enter(self, heard: Heard) -> Entered | Barred:
        """Whether anything may be said here by this person at all. Decided before any look-up in a cluster."""
        channel = self.allowlist.channel(heard.channel)
        place = Place(heard.channel, channel.name if channel else "", heard.team)
        caller = await self.directory.caller(heard.user, heard.team)
        if isinstance(caller, Unknown):
            detail = _SCOPE_OF_PEOPLE if caller is Unknown.NO_RIGHTS else ""
            return Barred(_PEOPLE[caller], await self._stranger(heard), place, detail)
        if channel is None:
            direct = not heard.channel or heard.channel.startswith("D")
            refusal = Refusal.DIRECT_MESSAGE if direct else Refusal.CHANNEL_UNLISTED
            return Barred(refusal, caller, await self._named(place))
        facts = await self.directory.channel(heard.channel)
        if isinstance(facts, Unknown):
            detail = _SCOPE_OF_CHANNELS if facts is Unknown.NO_RIGHTS else ""
            return Barred(Refusal.CHANNEL_UNKNOWN, caller, place, detail)
        off = self._off(channel, facts)
        if off is not None:
            return Barred(off[0], caller, place, off[1])
        return Entered(caller, channel)

    async def _named(self, place: Place) -> Place:
        """A place of no allowlist with the name that Slack has for it, so that the record can be read."""
        facts = await self.directory.channel(place.channel)
        return place if isinstance(facts, Unknown) else replace(place, name=facts.name)

    async def _stranger(self, heard: Heard) -> Caller:
        names = await self.directory.names(frozenset({heard.user}))
        return Caller(heard.user, names.get(heard.user, heard.user), heard.team)

    def _off(self, channel: Channel, facts: ChannelFacts) -> tuple[Refusal, str] | None:
        if facts.direct:
            return Refusal.DIRECT_MESSAGE, ""
        if (facts.private, facts.shared) != (channel.private, channel.shared):
            expected, found = _kind_of_channel(channel.private, channel.shared), _kind_of_channel(*_nature(facts))
            self._tell_off(ChannelOff(channel.id, channel.name, expected, found))
            return Refusal.CHANNEL_OFF, found
        if facts.archived:
            return Refusal.UNPOSTABLE, "is_archived"
        if not facts.member:
            return Refusal.NOT_MEMBER, ""
        return None

    def _tell_off(self, off: ChannelOff) -> None:
        channel = self.allowlist.channel(off.channel)
        for audit in self.allowlist.audit_channels(channel) if channel else ():
            self.chat.show(Slot(f"off-{off.channel}", Part.AUDIT, audit), Place(audit), off)

    def decide(self, entered: Entered, verb: Verb, ref: Ref, options: Options, *, many: bool = False) -> Decision:
        """Whether this person may do it to this object here. `many`: as one of a selection."""
        caller = entered.caller
        return decide(entered.channel, caller, verb, ref, force=options.force, reset=options.reset, many=many)

    def decide_step(
        self, entered: Entered, verb: Verb, step: Step, options: Options, *, many: bool = False
    ) -> Decision:
        """The same for one object that is patched, which may be a source or a chart of the target."""
        if step.role is Role.OBJECT:
            return self.decide(entered, verb, step.ref, options, many=many)
        return decide_source(entered.channel, entered.caller, verb, step.ref, step.serves)

    def decide_cluster(self, entered: Entered, verb: Verb, cluster: str) -> Decision:
        """The same for a verb that is for no object."""
        return decide_cluster(entered.channel, entered.caller, verb, cluster)

    def sees(self, entered: Entered, ref: Ref) -> bool:
        """Whether this object may be named to this person here."""
        return sees(entered.channel, entered.caller, ref)

    def sees_source(self, entered: Entered, source: Ref, serves: Ref) -> bool:
        """Whether a source may be named as a link in the chain of the object it serves."""
        return sees_source(entered.channel, entered.caller, source, serves)

    def refuse_early(self, entered: Entered, verb: Verb, *, many: bool = False) -> Denied | None:
        """The refusal that needs no object, if no rule here would ever allow `verb` to this person."""
        return refuse_early(entered.channel, entered.caller, verb, many=many)

    async def still_allowed(
        self, entered: Entered, verb: Verb, step: Step, options: Options, *, many: bool = False
    ) -> Allowed | str:
        """Asked again right before a patch: groups and channels change while a request waits."""
        grave = options.force or options.reset
        fresh = await self.directory.caller(entered.caller.user, entered.caller.team, fresh=grave)
        if isinstance(fresh, Unknown):
            return f"Slack no longer vouches for the asker ({fresh.value})"
        facts = await self.directory.channel(entered.channel.id, fresh=grave)
        if isinstance(facts, Unknown) or self._off(entered.channel, facts) is not None:
            return "the channel is no longer what its entry says"
        decision = self.decide_step(Entered(fresh, entered.channel), verb, step, options, many=many)
        return decision if isinstance(decision, Allowed) else "no rule allows it any more"

    async def who_may(self, denied: Denied) -> tuple[str, ...]:
        """Names of the groups and people whom this channel's rules allow what was refused. People beyond those whom
        the wording shows come last, by id: they are only counted."""
        groups = {id_ for rule in denied.may for id_ in rule.who.groups} - {ANY}
        people = sorted({id_ for rule in denied.may for id_ in rule.who.users} - {ANY} - groups)
        named = groups | set(people[:MOST_NAMED])
        names = await self.directory.names(frozenset(named))
        return (*sorted(f"@{names.get(id_, id_)}" for id_ in named), *(f"@{id_}" for id_ in people[MOST_NAMED:]))


def _nature(facts: ChannelFacts) -> tuple[bool, bool]:
    return facts.private, facts.shared


def _kind_of_channel(private: bool, shared: bool) -> str:
    return f"{'private' if private else 'public'}, {'shared' if shared else 'not shared'}"
