"""The allowlist as a value: who may do what in which channel. The file it comes from: docs/allowlist.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

ANY = "*"
"""Must be written out; an empty list means nobody or nothing."""


class Sources(Enum):
    """Which sources of an allowed object a request may reach besides the object itself."""

    OWN_NAMESPACE = "own-namespace"
    REFERENCED = "referenced"
    NONE = "none"


class Ping(Enum):
    """When a request's end mentions its asker."""

    NEVER = "never"
    FAILURES = "failures"
    LONG = "long"
    """Failures, and successes that took longer than the setting (30 s)."""
    ALWAYS = "always"


def fits(globs: Iterable[str], value: str) -> bool:
    """Whether one of the globs is the whole of `value`, capitals and all.

    `*` is any run of characters, `?` any one, `[ab]` one of these, `[!ab]` one of the others. An absent value ("")
    fits nothing, not even `*`.
    """
    return bool(value) and any(fnmatchcase(value, glob) for glob in globs)


@dataclass(frozen=True, slots=True)
class Who:
    """People, by Slack's ids. `*` among the users is every member of the workspace who is no guest."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def names(self, user: str, groups: frozenset[str]) -> bool:
        """Whether it holds this person. An absent id ("") is nobody's, whatever groups come with it."""
        if not user:
            return False
        return ANY in self.users or user in self.users or bool((self.groups & groups) - {""})


@dataclass(frozen=True, slots=True)
class Rule:
    """Allows; there is no rule that forbids."""

    name: str
    who: Who
    verbs: frozenset[str]
    clusters: tuple[str, ...]
    """Names or globs, within the channel's own list; the file's default is that list."""
    kinds: frozenset[str]
    """Names as the API spells them, or `*`."""
    namespaces: tuple[str, ...]
    """Globs."""
    names: tuple[str, ...]
    """Globs."""
    sources: Sources = Sources.OWN_NAMESPACE
    all: bool = False
    force: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of the allowlist."""

    id: str
    name: str
    private: bool
    shared: bool
    clusters: tuple[str, ...]
    rules: tuple[Rule, ...]
    default_cluster: str | None = None
    default_namespace: str | None = None
    audit_channel: str | None = None
    """A second audit channel, besides the one for all."""
    ping: Ping | None = None

    def clusters_among(self, known: Iterable[str]) -> tuple[str, ...]:
        """Those of the known clusters that this channel may speak of, in their order."""
        return tuple(name for name in known if fits(self.clusters, name))


@dataclass(frozen=True, slots=True)
class Allowlist:
    """The whole file. An unlisted channel is no channel."""

    channels: tuple[Channel, ...] = ()
    audit_channel: str | None = None
    ping: Ping = Ping.LONG
    allow_public_audit: bool = False

    def channel(self, id_: str) -> Channel | None:
        return next((each for each in self.channels if id_ and each.id == id_), None)

    def ping_in(self, channel: Channel) -> Ping:
        """The channel's own wish, else the file's."""
        return self.ping if channel.ping is None else channel.ping

    def audit_channels(self, channel: Channel) -> tuple[str, ...]:
        """Where its requests and refusals are told: the one for all first, then its own; each once."""
        wanted = (self.audit_channel, channel.audit_channel)
        return tuple(dict.fromkeys(id_ for id_ in wanted if id_))

    @property
    def groups(self) -> frozenset[str]:
        """Every user group that some rule names: whose members Slack must be asked for."""
        return frozenset().union(*(rule.who.groups for channel in self.channels for rule in channel.rules))
