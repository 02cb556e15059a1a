"""What a person may type, as values. The parser follows these values in bot/core/parsing.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from bot.core.kinds import Kind
from bot.core.requests import Options


@dataclass(frozen=True, slots=True)
class Target:
    """An object as it was named, before defaults and look-ups."""

    name: str
    """Lower case. `apps.flux-system` stays whole: the literal name is tried before name.namespace."""
    kind: Kind | None = None
    """None for a bare name: the only object of that name which the asker may touch."""
    namespace: str | None = None
    """None: the channel's default, else flux-system."""
    cluster: str | None = None
    """As typed, in its own case; None: the channel's default, else the only one, else we ask."""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Reconcile these objects now. Built by `bot.core.printing.reconcile`, which fills `typed`.

    Either every target has a cluster or none has: a text that names a cluster for some of them only is no command.
    """

    targets: tuple[Target, ...]
    options: Options
    typed: str
    """The same command in our own words; parses to the same value."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Objects chosen by what they have in common: each part narrows, and nobody's permission is widened by it."""

    patterns: tuple[Target, ...]
    """Names may be globs; `*` alone stands for all. No kind: every kind that the verb is for. An object is chosen if
    one of them fits."""
    everywhere: bool = False
    """`-A`: in all namespaces. Else a pattern without a namespace means the verb's own default."""
    labels: tuple[tuple[str, str], ...] = ()
    """All of these, each key once, in order of the keys."""
    failing: bool = False
    """Only what fails now."""


@dataclass(frozen=True, slots=True)
class ReconcileAll:
    """Reconcile whatever the selection holds of what the asker may touch. Sources come first by themselves."""

    selection: Selection
    options: Options
    """Neither force nor reset: these need one release by its name."""
    typed: str


@dataclass(frozen=True, slots=True)
class Status:
    """How objects stand: those named, or whatever the selection holds of what the asker may see."""

    what: tuple[Target, ...] | Selection
    typed: str


@dataclass(frozen=True, slots=True)
class Watch:
    """The same, shown anew whenever it changes, until all is ready or the time is over."""

    what: tuple[Target, ...] | Selection
    length: timedelta
    typed: str


@dataclass(frozen=True, slots=True)
class History:
    """Who asked for what, and how it ended: the audit trail, as far as the asker may see it here."""

    what: tuple[Target, ...]
    """Entries about an object that one of these fits: names may be globs, `*` alone stands for all. What a target
    leaves open (kind, namespace, cluster) is not looked at."""
    by: str
    """Slack's id of who asked, ME for whoever asks now; empty for everybody."""
    since: timedelta
    """How far back, from now."""
    typed: str


@dataclass(frozen=True, slots=True)
class Check:
    """Is everything fit for work: Flux, the cluster, this channel, its allowlist?"""

    cluster: str | None
    typed: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Send nothing more of a request and stop following it."""

    request: str
    """Its id; empty for the asker's newest one in this channel."""
    typed: str


@dataclass(frozen=True, slots=True)
class Help:
    """What may I do here?"""


class Trouble(Enum):
    """Why a text is no command."""

    UNKNOWN_KIND = "no Flux kind of that name"
    NO_NAME = "a kind, but no name"
    UNKNOWN_OPTION = "no such option"
    NO_VALUE = "an option without its value"
    BAD_VALUE = "an option with a value it does not take"
    BAD_NAME = "not a name that Kubernetes allows"
    TOO_MANY = "more than twenty objects"
    TOO_LONG = "longer than any command"
    OPEN_QUOTE = "a quote that is never closed"
    NOT_FOR_MANY = "an option that needs one object by its name"
    NOT_THIS_VERB = "an option, or an object, that this verb does not take"
    UNKNOWN_VERB = "no such verb"
    CONTRADICTION = "two different values for one thing"
    NOT_THIS_KIND = "an option that this kind does not have"


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A text that is no command, with what would have been one."""

    trouble: Trouble
    word: str = ""
    """The offending word, cut to 100 characters; hostile until escaped."""
    nearest: tuple[str, ...] = ()
    """Up to three words that were probably meant."""
    valid: tuple[str, ...] = ()
    """What may stand there."""


Command = Reconcile | ReconcileAll | Status | Watch | History | Check | Cancel | Help

ME: Final = "me"
"""The person who asks, in `--by`; no id of Slack's is lower case."""

MAX_TARGETS = 20
"""Objects in one command."""
