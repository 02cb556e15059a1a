"""Audit trails for tests: entries with anything in them, sealed in a row, and what somebody may do to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass, replace
from datetime import UTC, datetime, timedelta
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from bot.core.audit import Entry, Result
from bot.core.kinds import KINDS, KUSTOMIZATION, Kind
from bot.core.proof import GENESIS, Anchor, sealed
from bot.core.requests import Caller, Options, Place, Verb
from bot.core.resources import Ref

Trail = tuple[Entry, ...]
Path = tuple[str, ...]

WHOLE = Entry(
    at=datetime(2026, 8, 20, 9, 14, 0, 250_000, tzinfo=UTC),
    request="abcd1234",
    caller=Caller("U0ADA", 'Ada "Zoë" L', "T0HOME", frozenset({"S0SRE", "S0DBA"})),
    place=Place("C0SHOP", "team-shop", "T0HOME"),
    verb=Verb.RECONCILE,
    object="prod ks/shop/web",
    options=Options(with_source=True, timeout=timedelta(minutes=1, milliseconds=500)),
    rule="shop for everybody",
    outcome=Result.TIMED_OUT,
    reason="HealthCheckFailed",
    before="main@sha1:3f2a1bc",
    after="main@sha1:9d8e7f6",
    seconds=12,
    link="https://acme.slack.com/archives/C0SHOP/p1",
    ref=Ref("prod", KUSTOMIZATION, "shop", "web"),
)
"""Nothing of it is left at its default but what only force and reset say."""

texts = st.text(max_size=8)
OF_TYPE: dict[object, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(0, 9),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    timedelta: st.timedeltas(timedelta(seconds=10), timedelta(hours=1)),
    frozenset[str]: st.frozensets(texts, max_size=3),
    Verb: st.sampled_from(Verb),
    Result: st.sampled_from(Result),
    Kind: st.sampled_from(KINDS),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything of a type; KeyError for one that no field has had yet."""
    if isinstance(hint, UnionType):
        return st.one_of(*(st.none() if each is NoneType else values(each) for each in get_args(hint)))
    if isinstance(hint, type) and is_dataclass(hint) and hint is not Kind:
        return st.builds(hint, **{name: values(each) for name, each in get_type_hints(hint).items()})
    return OF_TYPE[hint]


entries = values(Entry)


def paths(value: object, to: Path = ()) -> Iterator[Path]:
    """Every field of a value, and of the values in it. A Kind is one value: its row may change under its name."""
    for name in get_type_hints(type(value)):
        inner = getattr(value, name)
        if is_dataclass(inner) and not isinstance(inner, Kind):
            yield from paths(inner, (*to, name))
        else:
            yield (*to, name)


def at_path(value: object, path: Path) -> object:
    return at_path(getattr(value, path[0]), path[1:]) if path else value


def with_path(value: Any, path: Path, new: object) -> Any:
    """The same but for what stands there."""
    name, *rest = path
    return replace(value, **{name: with_path(getattr(value, name), tuple(rest), new) if rest else new})


def others(entry: Entry, path: Path) -> st.SearchStrategy[Any]:
    """Whatever else could stand there."""
    *way, name = path
    hint = get_type_hints(type(at_path(entry, tuple(way))))[name]
    return values(hint).filter(lambda new: new != at_path(entry, path))


def sealed_in_a_row(unsealed: Iterable[Entry], start: Anchor | None = None) -> Trail:
    """As a store would append them; `start` is what stands before them."""
    trail: list[Entry] = []
    number, head = (start.count, start.head) if start else (0, GENESIS)
    for each in unsealed:
        number += 1
        trail.append(sealed(each, number, head))
        head = trail[-1].hash
    return tuple(trail)


def anchors_of(trail: Trail, counts: Iterable[int]) -> tuple[Anchor, ...]:
    """What was posted when the trail was so long."""
    return tuple(Anchor(count, trail[count - 1].hash if count else GENESIS) for count in counts)


def renumbered(trail: Iterable[Entry]) -> Trail:
    """The numbers made to look right; the hashes left as they are."""
    return tuple(replace(each, number=number) for number, each in enumerate(trail, start=1))


def trails(least: int = 1) -> st.SearchStrategy[Trail]:
    return st.lists(entries, min_size=least, max_size=least + 3).map(sealed_in_a_row)
