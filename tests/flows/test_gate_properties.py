"""The whole bot against a reading of the rules that shares no code with it, over small worlds.

Every object's name is its own and no rule spells one out, so a name that is told can only come from a look-up or
from what a person typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.channels import Allowlist, Channel, Ping, Rule, Sources, Who
from bot.core.commands import Cancel, Reconcile
from bot.core.kinds import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION, Kind
from bot.core.notices import Finished, Notice, Part, Running
from bot.core.offers import Confirmed
from bot.core.requests import Ask, Caller
from bot.core.resources import Ref, Snapshot
from bot.wording.plain import plain
from bot.wording.sentences import document
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, helm_release, kustomization
from tests.fakes.runs import done, failed
from tests.fakes.status import B
from tests.flows.house import House

ONE, TWO, UNLISTED, AUDIT = "C0ONE", "C0TWO", "C0OTHER", "C0AUDIT"
USERS = {"U1": ("S1",), "U2": ("S2",), "U3": ()}
CLUSTERS, NAMESPACES = ("prod", "stag"), ("shop", "infra")

# --- Worlds -------------------------------------------------------------------------------------------------------


def _name(cluster: str, kind: str, namespace: str, stem: str) -> str:
    return f"{stem}-{cluster[0]}{kind[0]}{namespace[0]}"


def _objects(foreign: bool) -> tuple[Snapshot, ...]:
    """Everything there can be. `foreign`: each Kustomization applies a repository of the other namespace."""
    found: list[Snapshot] = []
    for cluster, namespace, stem in product(CLUSTERS, NAMESPACES, ("web", "api")):
        other = NAMESPACES[1 - NAMESPACES.index(namespace)] if foreign else namespace
        repository = git_repository(f"{other}/{_name(cluster, 'git', other, stem)}", cluster=cluster).ref
        found += (
            kustomization(f"{namespace}/{_name(cluster, 'ks', namespace, stem)}", cluster=cluster, source=repository),
            git_repository(f"{namespace}/{_name(cluster, 'git', namespace, stem)}", cluster=cluster),
            replace(
                helm_release(f"{namespace}/{_name(cluster, 'hr', namespace, stem)}", cluster=cluster),
                source=None,
                chart=None,
            ),
        )
    return tuple(found)


UNIVERSE = {foreign: _objects(foreign) for foreign in (False, True)}


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2).map(tuple)


APPLIERS = frozenset({"Kustomization", "HelmRelease"})
FETCHERS = frozenset({"GitRepository"})

rules = st.builds(
    Rule,
    name=st.sampled_from(("first", "second", "third")),
    who=st.builds(
        Who,
        users=st.sampled_from((frozenset({"U1"}), frozenset({"U2"}), frozenset({"*"}), frozenset[str]())),
        groups=st.sampled_from((frozenset({"S1"}), frozenset({"S2"}), frozenset[str]())),
    ),
    verbs=st.sampled_from((*[frozenset({"reconcile"})] * 4, frozenset({"*"}), frozenset({"suspend"}))),
    clusters=some("*", "*", "prod", "s*"),
    kinds=st.sampled_from((frozenset({"*"}), frozenset({"Kustomization"}), APPLIERS, APPLIERS, FETCHERS)),
    namespaces=some("*", "shop", "inf?a"),
    names=some("*", "*", "web-*", "[a]pi-*"),
    sources=st.sampled_from(Sources),
    force=st.booleans(),
    reset=st.booleans(),
)


def channels(id_: str) -> st.SearchStrategy[Channel]:
    return st.builds(
        Channel,
        id=st.just(id_),
        name=st.just(id_.lower()),
        private=st.just(True),
        shared=st.just(False),
        clusters=some("*", "*", "prod", "stag"),
        rules=st.lists(rules, min_size=1, max_size=2).map(tuple),
        default_cluster=st.sampled_from((None, "prod")),
        default_namespace=st.sampled_from((None, "shop")),
    )


@dataclass(frozen=True, slots=True)
class World:
    """What there is, what the rules are, what is said, and who presses the buttons that come of it."""

    channels: tuple[Channel, ...]
    foreign: bool
    missing: frozenset[int]
    """Which objects of the universe do not exist."""
    failing: frozenset[int]
    text: str
    asker: str
    place: str
    presser: str
    press_place: str

    def channel(self, id_: str) -> Channel | None:
        return next((each for each in self.channels if each.id == id_), None)


def _of(kind: Kind) -> st.SearchStrategy[list[Ref]]:
    refs = [each.ref for each in UNIVERSE[False] if each.ref.kind == kind]
    return st.lists(st.sampled_from(refs), min_size=1, max_size=2)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A command about objects of the universe, in one of the forms that need a look-up or none."""
    option = draw(st.sampled_from(("", " --with-source", " --with-source", " --force", " --reset")))
    graver = option in {" --force", " --reset"}
    kinds = (HELM_RELEASE,) if graver else (KUSTOMIZATION, KUSTOMIZATION, GIT_REPOSITORY)
    first, *others = draw(_of(draw(st.sampled_from(kinds))))
    forms = (
        ", ".join(map(str, (first, *others))),
        str(first),
        f"{first.name} on {first.cluster}",
        f"{first.kind.short} {first.name}.{first.namespace} on {first.cluster}",
        f"{first.name[:-1]} on {first.cluster}",
        f"{first.kind.short} {first.namespace}/{first.name[:-1]} on {first.cluster}",
        f"{first.kind.short} {first.namespace}/{first.name}",
    )
    return draw(st.sampled_from((*(f"{form}{option}" for form in forms), "help")))


indexes = st.integers(0, len(UNIVERSE[False]) - 1)
worlds = st.builds(
    World,
    channels=st.tuples(channels(ONE), channels(TWO)),
    foreign=st.booleans(),
    missing=st.frozensets(indexes, max_size=4),
    failing=st.frozensets(indexes, max_size=12),
    text=texts(),
    asker=st.sampled_from(("U1", "U1", "U2", "U3")),
    place=st.sampled_from((ONE, ONE, ONE, TWO, UNLISTED)),
    presser=st.sampled_from(tuple(USERS)),
    press_place=st.sampled_from((ONE, ONE, ONE, TWO, UNLISTED)),
)


def house_of(world: World, *, only: frozenset[Ref] | None = None) -> House:
    """The bot in this world, or in what is left of it with these objects `only`."""
    clock = FakeClock()
    clusters = {name: FakeCluster(clock, name=name) for name in CLUSTERS}
    for n, each in enumerate(UNIVERSE[world.foreign]):
        if n in world.missing or (only is not None and each.ref not in only):
            continue
        cluster = clusters[each.ref.cluster]
        cluster.put(each)
        if n in world.failing:
            cluster.script(each.ref, (1, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
        else:
            cluster.script(each.ref, (1, lambda ask, now: done(now, ask.token)))
    allowlist = Allowlist(world.channels, audit_channel=AUDIT, ping=Ping.ALWAYS)
    house = House(clock, allowlist, tuple(clusters.values()))
    for user, groups in USERS.items():
        house.directory.person(user, user.lower(), groups)
    for id_ in (ONE, TWO, UNLISTED):
        house.directory.place(id_, id_.lower())
    return house


# --- The oracle ---------------------------------------------------------------------------------------------------


def like(glob: str, value: str) -> bool:
    return re.fullmatch(glob.replace("*", ".*").replace("?", "."), value) is not None


def names(rule: Rule, channel: Channel, user: str, ref: Ref) -> bool:
    """Person and object, whatever the verb."""
    person = user in rule.who.users or "*" in rule.who.users or any(group in rule.who.groups for group in USERS[user])
    cluster = any(like(each, ref.cluster) for each in channel.clusters)
    return (
        person
        and cluster
        and any(like(each, ref.cluster) for each in rule.clusters)
        and ("*" in rule.kinds or ref.kind.name in rule.kinds)
        and any(like(each, ref.namespace) for each in rule.namespaces)
        and any(like(each, ref.name) for each in rule.names)
    )


def reaches(rule: Rule, source: Ref, serves: Ref) -> bool:
    return rule.sources is Sources.REFERENCED or (
        rule.sources is Sources.OWN_NAMESPACE and source.namespace == serves.namespace
    )


def sees(world: World, channel: Channel | None, user: str, ref: Ref) -> bool:
    """Named by a rule, or the source of an object that is, as far as that rule's sources reach."""
    if channel is None:
        return False
    served = [each.ref for each in UNIVERSE[world.foreign] if each.source == ref]
    return any(
        names(rule, channel, user, ref)
        or any(names(rule, channel, user, each) and reaches(rule, ref, each) for each in served)
        for rule in channel.rules
    )


def may_patch(world: World, channel: Channel | None, user: str, ask: Ask, targets: frozenset[Ref]) -> bool:
    """One rule alone allows it: to the object itself, or to the target of this request that it is the source of."""
    if channel is None:
        return False
    served = [each.ref for each in UNIVERSE[world.foreign] if each.source == ask.ref and each.ref in targets]
    for rule in channel.rules:
        if not rule.verbs & {"reconcile", "*"}:
            continue
        itself = ask.ref in targets and names(rule, channel, user, ask.ref)
        graver = (ask.force and not rule.force) or (ask.reset and not rule.reset)
        if itself and not graver:
            return True
        as_source = names(rule, channel, user, ask.ref) and bool(served)
        if as_source or any(names(rule, channel, user, each) and reaches(rule, ask.ref, each) for each in served):
            return True
    return False


# --- What was said ------------------------------------------------------------------------------------------------


def strings(value: object) -> Iterator[str]:
    """Every text inside a notice. Not inside a snapshot, which holds more of its object than is ever told: what of
    it is told stands in the message as it reads."""
    match value:
        case str():
            yield value
        case Snapshot() | Enum():
            return
        case tuple() | frozenset():
            for each in value:
                yield from strings(each)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from strings(getattr(value, field.name))
        case _:
            return


def told(notice: Notice) -> str:
    return "\n".join((*strings(notice), plain(document(notice))))


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that somebody did, and what came of it."""

    user: str
    channel: str
    typed: str
    """The command, or the one behind the button."""
    asks: tuple[Ask, ...]
    targets: frozenset[Ref]
    notices: tuple[Notice, ...]
    """To them alone, and to their channel."""


async def act(house: House, user: str, channel: str, text: str, key: str = "") -> Said:
    asks = [len(cluster.asks) for cluster in house.clusters]
    shown, whispered = len(house.chat.shown), len(house.chat.whispers)
    if key:
        await house.press(key, user, channel)
    else:
        await house.say(text, user, channel)
    roots = [each.notice for each in house.chat.shown[shown:] if each.slot.part is Part.ROOT]
    visible = [each.notice for each in house.chat.shown[shown:] if each.slot.part is not Part.AUDIT]
    return Said(
        user=user,
        channel=channel,
        typed=text,
        asks=tuple(ask for n, cluster in enumerate(house.clusters) for ask in cluster.asks[asks[n] :]),
        targets=frozenset(
            track.target for root in roots if isinstance(root, Running | Finished) for track in root.tracks
        ),
        notices=(*(each.notice for each in house.chat.whispers[whispered:]), *visible),
    )


async def everything(world: World, house: House) -> list[Said]:
    """The command, then a press on every button that came of it."""
    found = [await act(house, world.asker, world.place, world.text)]
    # A root shows the same button each time that it is edited.
    keys = dict.fromkeys(button.key for notice in found[0].notices for button in getattr(notice, "buttons", ()))
    for key in keys:
        offer = await house.requests.offered(key)
        assert offer is not None
        does = offer.does.command if isinstance(offer.does, Confirmed) else offer.does
        typed = does.typed if isinstance(does, Reconcile | Cancel) else ""
        found.append(await act(house, world.presser, world.press_place, typed, key))
    return found


many = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(worlds)
async def test_whatever_is_patched_some_rule_of_that_channel_allows_to_that_person(world: World) -> None:
    for said in await everything(world, house_of(world)):
        channel = world.channel(said.channel)
        for ask in said.asks:
            assert may_patch(world, channel, said.user, ask, said.targets), f"{said.user} in {said.channel}"


@many
@given(worlds)
async def test_no_name_is_told_to_who_may_not_see_it(world: World) -> None:
    for said in await everything(world, house_of(world)):
        channel = world.channel(said.channel)
        secret = [
            each.ref.name
            for each in UNIVERSE[world.foreign]
            if not sees(world, channel, said.user, each.ref) and each.ref.name not in said.typed
        ]
        for notice in said.notices:
            text = told(notice)
            assert [name for name in secret if name in text] == [], type(notice).__name__


@many
@given(worlds)
async def test_what_may_not_be_seen_changes_nothing_that_is_told(world: World) -> None:
    channel = world.channel(world.place)
    seen = frozenset(each.ref for each in UNIVERSE[world.foreign] if sees(world, channel, world.asker, each.ref))
    whole, part = house_of(world), house_of(world, only=seen)
    said = [await act(house, world.asker, world.place, world.text) for house in (whole, part)]
    with_all, with_seen = [[plain(document(notice)) for notice in each.notices] for each in said]
    assert with_all == with_seen
    assert whole.clock.now() == part.clock.now()


async def test_the_worlds_are_not_idle() -> None:
    """The same machinery finds patches, refusals and leaks where there are some."""
    rule = Rule("all", Who(frozenset({"U1"})), frozenset({"*"}), ("*",), frozenset({"*"}), ("*",), ("*",))
    one = Channel(ONE, "one", private=True, shared=False, clusters=("*",), rules=(rule,))
    nobody = replace(one, id=TWO, rules=(replace(rule, who=Who()),))
    text = f"{UNIVERSE[False][0].ref} --with-source"
    world = World((one, nobody), False, frozenset(), frozenset(), text, "U1", ONE, "U2", ONE)
    (typed, *pressed) = await everything(world, house_of(world))
    assert [ask.ref.kind for ask in typed.asks] == [GIT_REPOSITORY, KUSTOMIZATION]
    assert typed.targets == {UNIVERSE[False][0].ref}
    assert all(may_patch(world, one, "U1", ask, typed.targets) for ask in typed.asks)
    assert not any(may_patch(world, one, "U2", ask, typed.targets) for ask in typed.asks)
    assert not any(may_patch(world, nobody, "U1", ask, typed.targets) for ask in typed.asks)
    assert [(each.typed.partition(" ")[0], each.asks) for each in pressed] == [("cancel", ()), ("", ())]
    assert UNIVERSE[False][0].ref.name in told(typed.notices[0])
    assert Caller("U2", "u2", "T0HOME", frozenset({"S2"})).groups == frozenset(USERS["U2"])
    assert {each.ref.kind for each in UNIVERSE[False]} == {KUSTOMIZATION, GIT_REPOSITORY, HELM_RELEASE}
