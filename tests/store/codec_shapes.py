"""Everything a stored document may hold, found by walking the types: its words, examples and strategies.

`python -m tests.store.codec_shapes` pins what is new in tests/data/store: the words as they are now, and a document
of each class that has none yet. Documents that are pinned already are never written again: they are what older
versions left behind, and the codec has to read them for ever.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from functools import cache, partial
from itertools import cycle, islice
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from hypothesis import reject
from hypothesis import strategies as st

from bot.core.audit import Entry
from bot.core.commands import Reconcile
from bot.core.kinds import KINDS, Kind
from bot.core.offers import Offer
from bot.core.requests import Ask, Options, Request
from bot.core.verdicts import Verdict
from bot.ports import Ends
from bot.store.codec import Shown, dump, load, load_ends, load_notice, load_verdict
from bot.store.codec_forms import form_of

PINS: Final = Path(__file__).parents[1] / "data" / "store"
WORDS: Final = PINS / "words.json"

HOLDS: Final[Mapping[str, Any]] = {
    "request": Request,
    "ask": Ask,
    "offer": Offer,
    "entry": Entry,
    "options": Options,
    "verdict": Verdict,
    "ends": Ends,
    "notice": Shown,
}
LOADS: Final[Mapping[str, Callable[[str], object]]] = {
    "request": partial(load, kind=Request),
    "ask": partial(load, kind=Ask),
    "offer": partial(load, kind=Offer),
    "entry": partial(load, kind=Entry),
    "options": partial(load, kind=Options),
    "verdict": load_verdict,
    "ends": load_ends,
    "notice": load_notice,
}
_LEAVES: Final = (str, bool, int, float, datetime, timedelta, Kind, NoneType)
_MORNING: Final = datetime(2026, 8, 20, 9, 14, 0, 123456, tzinfo=UTC)


def is_union(hint: object) -> bool:
    return get_origin(hint) in (Union, UnionType)


def cases(name: str) -> list[tuple[str, Any]]:
    """The classes that a document of this name may hold, each with what to call it; an offer's are what it does."""
    if name == "offer":
        does = get_type_hints(Offer)["does"]
        return [(kind.__name__, kind) for kind in get_args(does)]
    hint = HOLDS[name]
    return [(kind.__name__, kind) for kind in get_args(hint)] if is_union(hint) else [(name, hint)]


def reachable(hint: Any) -> set[type]:
    """The dataclasses and enums in a type, all the way down."""
    found: set[type] = set()
    waiting = [hint]
    while waiting:
        each = waiting.pop()
        if each in found or each in _LEAVES or each is Ellipsis:
            continue
        if not isinstance(each, type) or get_args(each):
            waiting.extend(get_args(each))
            continue
        found.add(each)
        if is_dataclass(each):
            waiting.extend(get_type_hints(each).values())
    return found


def everything() -> set[type]:
    return set().union(*(reachable(hint) for hint in HOLDS.values()))


# --- Words --------------------------------------------------------------------------------------------------------


def spelled(hint: Any) -> str:
    """A type in short, the same however it is written: `[Ref, Verdict | None]`, `[Track, ...]`."""
    if hint is Ellipsis:
        return "..."
    parts = [spelled(part) for part in get_args(hint)]
    if is_union(hint):
        return " | ".join(sorted(parts))
    if get_origin(hint) is frozenset:
        return f"set[{parts[0]}]"
    return f"[{', '.join(parts)}]" if parts else str(hint.__name__)


def words() -> dict[str, Any]:
    """All that the store's documents are spelled with, and what is meant where a field is left out."""
    kinds = sorted(everything(), key=lambda kind: kind.__name__)
    found: dict[str, Any] = {f"a stored {name}": spelled(hint) for name, hint in HOLDS.items()}
    found |= {kind.__name__: list(kind.__members__) for kind in kinds if issubclass(kind, Enum)}
    found |= {kind.__name__: _fields(kind) for kind in kinds if is_dataclass(kind)}
    return found | {"Kind": [kind.name for kind in KINDS]}


def _fields(kind: Any) -> dict[str, str]:
    hints = get_type_hints(kind)
    return {each.name: _field(each, hints[each.name]) for each in fields(kind)}


def _field(field: Field[Any], hint: Any) -> str:
    said = spelled(hint)
    return said if field.default is MISSING else f"{said} = {json.dumps(form_of(hint).write(field.default))}"


# --- Examples -----------------------------------------------------------------------------------------------------


@cache
def examples(hint: Any) -> tuple[Any, ...]:
    """Values of a type in which every class, every member of an enum and every field occurs; the first has no field
    at its default."""
    parts = get_args(hint)
    if is_union(hint):
        last_none = sorted(parts, key=lambda part: part is NoneType)
        return tuple(value for part in last_none for value in examples(part))
    if get_origin(hint) is tuple and parts[1:] != (...,):
        return tuple(_side_by_side([examples(part) for part in parts]))
    if get_origin(hint) in (tuple, frozenset):
        return tuple(get_origin(hint)((value,)) for value in examples(parts[0]))
    if hint in _LEAVES:
        return _LEAF_EXAMPLES[hint]
    if issubclass(hint, Enum):
        return tuple(hint)
    hints = get_type_hints(hint)
    columns = [_other_than_default(each, examples(hints[each.name])) for each in fields(hint)]
    return tuple(_made(hint, row) for row in _side_by_side(columns))


_LEAF_EXAMPLES: Final[Mapping[Any, tuple[Any, ...]]] = {
    str: ("text",),
    bool: (True, False),
    int: (7,),
    float: (61.5,),
    datetime: (_MORNING,),
    timedelta: (timedelta(minutes=5, microseconds=1),),
    Kind: KINDS,
    NoneType: (None,),
}


def _other_than_default(field: Field[Any], values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(values, key=lambda value: bool(value == field.default)))


def _side_by_side(columns: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    longest = max((len(column) for column in columns), default=0) or 1
    return islice(zip(*(cycle(column) for column in columns), strict=False), longest) if columns else iter([()])


def _made(kind: Any, row: tuple[Any, ...]) -> Any:
    given = dict(zip((each.name for each in fields(kind)), row, strict=True))
    if kind is Offer and isinstance(given["does"], Reconcile):
        # No button carries force or reset on.
        given["does"] = replace(given["does"], options=replace(given["does"].options, force=False, reset=False))
    return kind(**given)


# --- Strategies ---------------------------------------------------------------------------------------------------


@cache
def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, small ones rather: of each dataclass a few fields beside the needed ones."""
    parts = get_args(hint)
    if is_union(hint):
        return st.one_of([values(part) for part in parts])
    if get_origin(hint) is tuple and parts[1:] != (...,):
        return st.tuples(*(values(part) for part in parts))
    if get_origin(hint) is tuple:
        return st.lists(values(parts[0]), max_size=2).map(tuple)
    if get_origin(hint) is frozenset:
        return st.frozensets(values(parts[0]), max_size=3)
    if hint in _LEAVES:
        return _LEAF_VALUES[hint]
    return st.sampled_from(tuple(hint)) if issubclass(hint, Enum) else _records(hint)


_LEAF_VALUES: Final[Mapping[Any, st.SearchStrategy[Any]]] = {
    str: st.text(st.characters() | st.sampled_from('\0"\\\ud83d\ude00\n<' + string.ascii_lowercase), max_size=8),
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(
        timezones=st.just(UTC) | st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    ),
    timedelta: st.timedeltas(),
    Kind: st.sampled_from(KINDS),
    NoneType: st.none(),
}


@st.composite
def _records(draw: st.DrawFn, kind: Any) -> Any:
    hints = get_type_hints(kind)
    needed = [each.name for each in fields(kind) if each.default is MISSING]
    others = [each.name for each in fields(kind) if each.default is not MISSING]
    some = draw(st.lists(st.sampled_from(others), max_size=4, unique=True)) if others else []
    given = {name: draw(values(hints[name])) for name in (*needed, *some)}
    try:
        return kind(**given)
    except ValueError:
        reject()


# --- Pins ---------------------------------------------------------------------------------------------------------


def pinned(name: str) -> dict[str, Any]:
    """The pinned documents of one name, by the class that they hold."""
    found: dict[str, Any] = json.loads((PINS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def example_of(name: str, kind: Any) -> Any:
    """An example of a case as a document may hold it."""
    if name != "offer":
        return examples(kind)[0]
    return next(each for each in examples(Offer) if type(each.does) is kind)


def pin() -> None:
    """Writes the words, and documents of what has none."""
    PINS.mkdir(parents=True, exist_ok=True)
    WORDS.write_text(json.dumps(words(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in HOLDS:
        path = PINS / f"{name}.json"
        known = pinned(name) if path.exists() else {}
        new = {
            called: json.loads(dump(example_of(name, kind))) for called, kind in cases(name) if called not in known
        }
        if new:
            lines = (f"{json.dumps(called)}: {_line(document)}" for called, document in (known | new).items())
            path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _line(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    pin()
