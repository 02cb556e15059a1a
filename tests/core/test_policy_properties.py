"""The rules against an oracle that shares no code with them: sets written out over a small world."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.channels import Channel, Rule, Sources, Who
from bot.core.kinds import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION
from bot.core.policy import (
    Allowed,
    Denied,
    decide,
    decide_source,
    refuse_early,
    sees,
    sees_source,
    summary,
)
from bot.core.requests import Caller, Verb
from bot.core.resources import Ref

CLUSTERS = ("prod", "stag", "")
NAMESPACES = ("shop", "shop-a", "infra", "")
NAMES = ("web", "api", "")
KINDS = (KUSTOMIZATION, HELM_RELEASE, GIT_REPOSITORY)
USERS = ("U1", "U2", "")
GROUPS = ("S1", "S2", "")

refs = st.builds(
    Ref, st.sampled_from(CLUSTERS), st.sampled_from(KINDS), st.sampled_from(NAMESPACES), st.sampled_from(NAMES)
)
callers = st.builds(
    Caller,
    user=st.sampled_from(USERS),
    name=st.just("x"),
    team=st.just("T1"),
    groups=st.frozensets(st.sampled_from(GROUPS)),
)


def some(*globs: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(globs), max_size=2).map(tuple)


rules = st.builds(
    Rule,
    name=st.sampled_from(("a", "b", "c")),
    who=st.builds(
        Who,
        users=st.frozensets(st.sampled_from(("U1", "U2", "*", "")), max_size=2),
        groups=st.frozensets(st.sampled_from(("S1", "S2", "*", "")), max_size=2),
    ),
    verbs=st.frozensets(st.sampled_from(("reconcile", "*", "suspend")), max_size=2),
    clusters=some("*", "prod", "sta?", "p*"),
    kinds=st.frozensets(st.sampled_from(("*", "Kustomization", "HelmRelease", "GitRepository")), max_size=2),
    namespaces=some("*", "shop", "shop-*", "[!s]*", "????"),
    names=some("*", "web", "?pi", "[vw]eb"),
    sources=st.sampled_from(Sources),
    force=st.booleans(),
    reset=st.booleans(),
)
channels = st.builds(
    Channel,
    id=st.just("C1"),
    name=st.just("one"),
    private=st.just(False),
    shared=st.just(False),
    clusters=some("*", "prod", "stag"),
    rules=st.lists(rules, max_size=4).map(tuple),
)


def like(glob: str, value: str) -> bool:
    """The oracle's own reading of a glob: a regular expression, sign by sign."""
    pattern = glob.replace(".", r"\.").replace("*", ".*").replace("?", ".").replace("[!", "[^")
    return value != "" and re.fullmatch(pattern, value) is not None


def named(rule: Rule, channel: Channel, caller: Caller, ref: Ref) -> bool:
    """Person and object, not the verb, over everything a rule can be written to name."""
    people = {user for user in USERS if user and ("*" in rule.who.users or user in rule.who.users)}
    in_group = any(mine == theirs != "" for mine, theirs in product(caller.groups, rule.who.groups))
    person = caller.user in people or (caller.user != "" and in_group)
    cluster = any(like(a, ref.cluster) and like(b, ref.cluster) for a, b in product(channel.clusters, rule.clusters))
    kind = "*" in rule.kinds or ref.kind.name in rule.kinds
    namespace = any(like(glob, ref.namespace) for glob in rule.namespaces)
    return person and cluster and kind and namespace and any(like(glob, ref.name) for glob in rule.names)


def may(rule: Rule, channel: Channel, caller: Caller, ref: Ref) -> bool:
    return named(rule, channel, caller, ref) and ("reconcile" in rule.verbs or "*" in rule.verbs)


@settings(max_examples=400)
@given(channels, callers, refs, st.booleans(), st.booleans())
def test_exactly_what_some_rule_names_is_allowed(
    channel: Channel, caller: Caller, ref: Ref, force: bool, reset: bool
) -> None:
    allowing = [
        rule
        for rule in channel.rules
        if may(rule, channel, caller, ref) and (rule.force or not force) and (rule.reset or not reset)
    ]
    decision = decide(channel, caller, Verb.RECONCILE, ref, force=force, reset=reset)
    if allowing:
        assert decision == Allowed(allowing[0])
    else:
        assert isinstance(decision, Denied)
        assert (decision.nearest is None) == (not channel.rules)
        assert bool(decision.misfits) == bool(channel.rules)


@settings(max_examples=400)
@given(channels, callers, refs, refs)
def test_exactly_the_sources_some_rule_reaches_are_allowed(
    channel: Channel, caller: Caller, source: Ref, serves: Ref
) -> None:
    reach = {
        Sources.NONE: False,
        Sources.OWN_NAMESPACE: source.namespace == serves.namespace,
        Sources.REFERENCED: source.namespace != "",
    }
    near = source.cluster == serves.cluster and source.name != ""
    allowing = [
        rule
        for rule in channel.rules
        if may(rule, channel, caller, source) or (may(rule, channel, caller, serves) and near and reach[rule.sources])
    ]
    decision = decide_source(channel, caller, Verb.RECONCILE, source, serves)
    assert (decision.rule if isinstance(decision, Allowed) else None) == (allowing[0] if allowing else None)


@settings(max_examples=400)
@given(channels, callers, refs)
def test_exactly_what_some_rule_names_is_seen(channel: Channel, caller: Caller, ref: Ref) -> None:
    assert sees(channel, caller, ref) == any(named(rule, channel, caller, ref) for rule in channel.rules)


@settings(max_examples=300)
@given(channels, rules, st.integers(0, 4), callers, refs, refs)
def test_a_further_rule_never_takes_away(
    channel: Channel, rule: Rule, at: int, caller: Caller, ref: Ref, serves: Ref
) -> None:
    more = replace(channel, rules=(*channel.rules[:at], rule, *channel.rules[at:]))
    if isinstance(decide(channel, caller, Verb.RECONCILE, ref), Allowed):
        assert isinstance(decide(more, caller, Verb.RECONCILE, ref), Allowed)
    if isinstance(decide_source(channel, caller, Verb.RECONCILE, ref, serves), Allowed):
        assert isinstance(decide_source(more, caller, Verb.RECONCILE, ref, serves), Allowed)
    assert sees(more, caller, ref) >= sees(channel, caller, ref)


@settings(max_examples=300)
@given(channels, callers, refs, refs)
def test_what_is_allowed_is_seen_is_possible_and_is_in_the_summary(
    channel: Channel, caller: Caller, ref: Ref, serves: Ref
) -> None:
    decision = decide(channel, caller, Verb.RECONCILE, ref)
    if isinstance(decision, Allowed):
        assert sees(channel, caller, ref)
        assert refuse_early(channel, caller, Verb.RECONCILE) is None
        assert any(grant.rule == decision.rule.name for grant in summary(channel, caller))
    if isinstance(decide_source(channel, caller, Verb.RECONCILE, ref, serves), Allowed):
        assert sees_source(channel, caller, ref, serves)
        assert refuse_early(channel, caller, Verb.RECONCILE) is None


@settings(max_examples=300)
@given(channels, callers, refs)
def test_who_may_names_rules_that_allow_it_to_somebody_else(channel: Channel, caller: Caller, ref: Ref) -> None:
    decision = decide(channel, caller, Verb.RECONCILE, ref)
    if isinstance(decision, Denied):
        for rule in decision.may:
            somebody = Caller(user="U9", name="x", team="T1", groups=rule.who.groups)
            others = (somebody, *(Caller(user=user, name="x", team="T1") for user in rule.who.users))
            alone = replace(channel, rules=(rule,))
            given_ids = {*rule.who.users, *rule.who.groups} - {""}
            if given_ids - {"*"} or "*" in rule.who.users:
                assert any(isinstance(decide(alone, one, Verb.RECONCILE, ref), Allowed) for one in others)


@settings(max_examples=200)
@given(channels, callers)
def test_an_early_refusal_is_never_wrong(channel: Channel, caller: Caller) -> None:
    if refuse_early(channel, caller, Verb.RECONCILE) is not None:
        for cluster, kind, namespace, name in product(CLUSTERS, KINDS, NAMESPACES, NAMES):
            ref = Ref(cluster, kind, namespace, name)
            assert isinstance(decide(channel, caller, Verb.RECONCILE, ref, force=False), Denied)
