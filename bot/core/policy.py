"""The rules of the allowlist, applied. Pure: who the caller is and which channel it is were found out before.

Everything is decided by name, before anything is looked up, so an answer tells nothing about what exists.
docs/allowlist.md says the same for people who write the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from bot.core.channels import ANY, Channel, Rule, Sources, fits
from bot.core.requests import Caller, Verb
from bot.core.resources import Ref


class Misfit(Enum):
    """What of a rule did not fit."""

    WHO = "you are not named in it"
    VERB = "the verb"
    CLUSTER = "the cluster"
    KIND = "the kind"
    NAMESPACE = "the namespace"
    NAME = "the name"
    FORCE = "force"
    RESET = "reset"
    ALL = "all"
    SOURCES = "its sources"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Some rule says so: the first one of the file."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class Denied:
    """No rule says so. `nearest` is the rule of this channel with the fewest misfits; None when it has no rules."""

    nearest: Rule | None = None
    misfits: tuple[Misfit, ...] = ()
    """In the order of the enum."""
    may: tuple[Rule, ...] = ()
    """Rules of this channel that would allow it to other people."""


Decision = Allowed | Denied

_INCLUDED: Final[dict[Verb, tuple[Verb, ...]]] = {Verb.STATUS: (Verb.RECONCILE,), Verb.HISTORY: (Verb.RECONCILE,)}
"""Verbs of a rule that include another: the end of a reconcile tells how the object stands anyhow, and stands in the
channel for everybody there."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one rule gives to one person: a line of `help`."""

    rule: str
    verbs: tuple[str, ...]
    kinds: tuple[str, ...]
    namespaces: tuple[str, ...]
    names: tuple[str, ...]
    clusters: tuple[str, ...]
    sources: str
    all: bool
    force: bool
    reset: bool


def decide(
    channel: Channel,
    caller: Caller,
    verb: Verb,
    ref: Ref,
    *,
    force: bool = False,
    reset: bool = False,
    many: bool = False,
) -> Decision:
    """Whether the caller may do `verb` to `ref` itself in this channel. `many`: as one of a selection."""

    def misfits(rule: Rule) -> tuple[Misfit, ...]:
        lacks = [Misfit.FORCE] if force and not rule.force else []
        lacks += [Misfit.RESET] if reset and not rule.reset else []
        lacks += [Misfit.ALL] if many and not rule.all else []
        return (*_who_and_verb(rule, caller, verb), *_object(channel, rule, ref), *lacks)

    return _weigh(channel, misfits)


def decide_source(channel: Channel, caller: Caller, verb: Verb, source: Ref, serves: Ref) -> Decision:
    """Whether the caller may do `verb` to a source or chart for the sake of the object it serves.

    Either a rule covers the source as it would any object, or a rule that allows the object reaches the source by
    its `sources`. Two rules are never added up to one permission.
    """

    def misfits(rule: Rule) -> tuple[Misfit, ...]:
        asked = _who_and_verb(rule, caller, verb)
        reach = () if _reaches(rule, source, serves) else (Misfit.SOURCES,)
        through = (*asked, *_object(channel, rule, serves), *reach)
        itself = (*asked, *_object(channel, rule, source))
        return min(through, itself, key=len)

    return _weigh(channel, misfits)


def refuse_early(channel: Channel, caller: Caller, verb: Verb, *, many: bool = False) -> Denied | None:
    """The refusal that needs no object: whatever they name, no rule here would allow `verb` to this caller.

    None means that it depends on the object. `help` is for everybody: what it lists is only their own.
    """
    if verb is Verb.HELP:
        return None if caller.user else Denied()

    def misfits(rule: Rule) -> tuple[Misfit, ...]:
        lacks = (Misfit.ALL,) if many and not rule.all else ()
        return (*_who_and_verb(rule, caller, verb), *_nothing(channel, rule), *lacks)

    decision = _weigh(channel, misfits)
    return decision if isinstance(decision, Denied) else None


def decide_cluster(channel: Channel, caller: Caller, verb: Verb, cluster: str) -> Decision:
    """Whether the caller may do `verb`, which is for no object, in that cluster."""

    def misfits(rule: Rule) -> tuple[Misfit, ...]:
        fit = fits(channel.clusters, cluster) and fits(rule.clusters, cluster)
        return (*_who_and_verb(rule, caller, verb), *(() if fit else (Misfit.CLUSTER,)))

    return _weigh(channel, misfits)


def sees(channel: Channel, caller: Caller, ref: Ref) -> bool:
    """Whether the caller may know of the object here: some rule names person and object, whatever its verbs."""
    return any(_named(rule, caller) and not _object(channel, rule, ref) for rule in channel.rules)


def sees_source(channel: Channel, caller: Caller, source: Ref, serves: Ref) -> bool:
    """Whether the caller may know of a source as a link in the chain of an object it serves.

    Who may have a source patched along with an object is told how that went, so the reach of `sources` counts too.
    """
    return sees(channel, caller, source) or any(
        _named(rule, caller) and not _object(channel, rule, serves) and _reaches(rule, source, serves)
        for rule in channel.rules
    )


def summary(channel: Channel, caller: Caller) -> tuple[Grant, ...]:
    """What the rules of this channel give to the caller, in file order; only rules that can allow something."""
    return tuple(
        _grant(rule) for rule in channel.rules if _named(rule, caller) and rule.verbs and not _nothing(channel, rule)
    )


def _weigh(channel: Channel, misfits: Callable[[Rule], tuple[Misfit, ...]]) -> Decision:
    weighed = [(rule, misfits(rule)) for rule in channel.rules]
    allowing = next((rule for rule, wrong in weighed if not wrong), None)
    if allowing is not None:
        return Allowed(allowing)
    if not weighed:
        return Denied()
    nearest, wrong = min(weighed, key=lambda each: len(each[1]))
    others = tuple(rule for rule, misfit in weighed if misfit == (Misfit.WHO,) and _somebody(rule))
    return Denied(nearest, wrong, others)


def _named(rule: Rule, caller: Caller) -> bool:
    return rule.who.names(caller.user, caller.groups)


def _somebody(rule: Rule) -> bool:
    return bool(rule.who.users or rule.who.groups)


def _who_and_verb(rule: Rule, caller: Caller, verb: Verb) -> tuple[Misfit, ...]:
    wrong = []
    if not _named(rule, caller):
        wrong.append(Misfit.WHO)
    if not rule.verbs & {ANY, verb.value, *(each.value for each in _INCLUDED.get(verb, ()))}:
        wrong.append(Misfit.VERB)
    return tuple(wrong)


def _object(channel: Channel, rule: Rule, ref: Ref) -> tuple[Misfit, ...]:
    """What of an object a rule does not name. The channel's clusters bound every rule of it."""
    checks = (
        (Misfit.CLUSTER, fits(channel.clusters, ref.cluster) and fits(rule.clusters, ref.cluster)),
        (Misfit.KIND, ANY in rule.kinds or ref.kind.name in rule.kinds),
        (Misfit.NAMESPACE, fits(rule.namespaces, ref.namespace)),
        (Misfit.NAME, fits(rule.names, ref.name)),
    )
    return tuple(misfit for misfit, right in checks if not right)


def _nothing(channel: Channel, rule: Rule) -> tuple[Misfit, ...]:
    """The parts of a rule that are empty, so that no object can fit them."""
    checks = (
        (Misfit.CLUSTER, bool(channel.clusters and rule.clusters)),
        (Misfit.KIND, bool(rule.kinds)),
        (Misfit.NAMESPACE, bool(rule.namespaces)),
        (Misfit.NAME, bool(rule.names)),
    )
    return tuple(misfit for misfit, right in checks if not right)


def _reaches(rule: Rule, source: Ref, serves: Ref) -> bool:
    """Whether `sources` leads from an object to its source. Never into another cluster, never to nothing."""
    if source.cluster != serves.cluster or not source.namespace or not source.name:
        return False
    match rule.sources:
        case Sources.OWN_NAMESPACE:
            return source.namespace == serves.namespace
        case Sources.REFERENCED:
            return True
        case Sources.NONE:
            return False
        case _:
            assert_never(rule.sources)


def _grant(rule: Rule) -> Grant:
    return Grant(
        rule=rule.name,
        verbs=tuple(sorted(rule.verbs)),
        kinds=tuple(sorted(rule.kinds)),
        namespaces=rule.namespaces,
        names=rule.names,
        clusters=rule.clusters,
        sources=rule.sources.value,
        all=rule.all,
        force=rule.force,
        reset=rule.reset,
    )
