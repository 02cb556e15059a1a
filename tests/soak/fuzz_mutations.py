"""Mutators of texts, bytes and JSON trees. All chance comes from the generator that they are given."""

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Final

from tests.slack.wounds import INSTEAD, places

SECRET: Final = "hunter2Hunter2HUNTER2hunter2"
PLANTED: Final = (
    f"https://bob:{SECRET}@git.example.com/org/repo",
    f"Authorization: Bearer {SECRET}",
    f"xoxb-123456789012-{SECRET}",
    f"https://x.example.com/hook?a=b&token={SECRET}",
    f'{{"kind":"Secret","data":{{"password":"{SECRET}"}}}}',
)
"""Texts with a secret in them, each of a shape that the bot masks."""
_INTACT: Final = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, PLANTED))})(?!\S)")
HOSTILE: Final = (
    "<!channel>",
    "<@U0SREPERSON>",
    "<https://evil.example|prod>",
    "&lt;!here&gt; &amp;lt;",
    "``` ` ``",
    "*b* _i_ ~s~ :fire: > q",
    "@here",
    "\u202egnirts\u202c",
    "\u200b\u200f\u2066\ufeff\u00ad",
    "\x00",
    "\x1b[31m",
    "\x85\u2028\r\n\x0b",
    "\ud800",
    "\udc00\ud800",
    "\U000e0041",
    "e" + "\u0301" * 40,
    "İK\u212aſ",
    "٣",
    "😀" * 50,
    "%s{0}${x}$(y)",
    "\\u0000\\",
    "a/b/c/d//",
    "..",
    "x" * 300,
    "9" * 400,
    "-1e999",
    "0001-01-01T00:00:00Z",
    "2026-08-20T09:14:00+99:99",
    "PT1H",
    "9999999999h",
    "true",
    "null",
)
"""Letters that break readers, layouts and other people's peace."""


def loose(sample: object) -> bool:
    """Whether a secret stands in it that has lost its shape: nobody could know it for one."""
    if isinstance(sample, str):
        return SECRET in _INTACT.sub("", sample)
    inside: list[object] = []
    if isinstance(sample, dict):
        inside = [*sample, *sample.values()]
    elif isinstance(sample, list):
        inside = sample
    return any(map(loose, inside))


def text(random: Random, sample: str, pieces: Sequence[str], most: int = 4) -> str:
    """The sample after one to `most` changes; `pieces` are words of its language."""
    for _ in range(random.randint(1, most)):
        sample = random.choice(_TEXTS)(random, sample, pieces)
    return sample


def _span(random: Random, sample: Sequence[object]) -> tuple[int, int]:
    start = random.randint(0, len(sample))
    return start, min(len(sample), start + random.choice((0, 1, 1, 2, 5, 30)))


def _put(random: Random, sample: str, pieces: Sequence[str]) -> str:
    start, end = _span(random, sample)
    piece = random.choice(pieces) if random.random() < 0.6 else random.choice(HOSTILE)
    return sample[:start] + piece + sample[end:]


def _cut(random: Random, sample: str, _: Sequence[str]) -> str:
    start, end = _span(random, sample)
    return sample[:start] + sample[end:]


def _double(random: Random, sample: str, _: Sequence[str]) -> str:
    start, end = _span(random, sample)
    return sample[:end] + sample[start:end] * random.choice((1, 2, 3, 40)) + sample[end:]


def _letter(random: Random, sample: str, _: Sequence[str]) -> str:
    start, _end = _span(random, sample)
    letter = chr(random.choice((random.randrange(128), random.randrange(0x300), random.randrange(0x110000))))
    return sample[:start] + letter + sample[start + random.randint(0, 1) :]


def _words(random: Random, sample: str, _: Sequence[str]) -> str:
    words = sample.split(" ")
    random.shuffle(words)
    return " ".join(words)


def _lines(random: Random, sample: str, _: Sequence[str]) -> str:
    lines = sample.splitlines(keepends=True) or [""]
    match random.randrange(4):
        case 0:
            del lines[random.randrange(len(lines))]
        case 1:
            lines.insert(random.randint(0, len(lines)), random.choice(lines))
        case 2:
            at = random.randrange(len(lines))
            lines[at] = " " * random.choice((1, 2, 4)) + lines[at]
        case _:
            at, other = random.randrange(len(lines)), random.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
    return "".join(lines)


_TEXTS: Final[tuple[Callable[[Random, str, Sequence[str]], str], ...]] = (
    _put,
    _put,
    _put,
    _cut,
    _double,
    _letter,
    _words,
    _lines,
)


def raw(random: Random, sample: bytes) -> bytes:
    """The bytes with a few of them gone, changed or doubled."""
    data = bytearray(sample)
    for _ in range(random.randint(1, 3)):
        start, end = _span(random, data)
        data[start:end] = random.choice(
            (b"", random.randbytes(2), b'"', b"\\ud800", b"{", b"]", b"\xff", b"%00", b",")
        )
    return bytes(data)


def tree(random: Random, sample: object, most: int = 3) -> object:
    """The JSON value with one to `most` of its places changed."""
    changed = deepcopy(sample)
    for _ in range(random.randint(1, most)):
        ways = [path for path in places(changed) if path]
        if not ways:
            break
        *above, last = random.choice(ways)
        holder = changed
        for step in above:
            holder = holder[step]  # type: ignore[index]
        _change(random, holder, last)
    return changed


def _change(random: Random, holder: object, key: str | int) -> None:
    assert isinstance(holder, dict | list)
    old = holder[key]  # type: ignore[index]
    match random.randrange(5):
        case 0:
            del holder[key]  # type: ignore[arg-type]
        case 1:
            holder[key] = deepcopy(random.choice(list(INSTEAD.values())))  # type: ignore[index]
        case 2 if isinstance(old, str):
            holder[key] = text(random, old, (*PLANTED, "True", "False", "Ready"), 2)  # type: ignore[index]
        case 2 | 3:
            holder[key] = _odd(random, old)  # type: ignore[index]
        case _:
            _move(random, holder, key)


def _odd(random: Random, old: object) -> object:
    if isinstance(old, bool):
        return not old
    if isinstance(old, int | float):
        return random.choice((old + 1, -old, 2**63, 2**64, -(2**70), 1e308, 1.5, str(old)))
    return random.choice((*HOSTILE, *PLANTED))


def _move(random: Random, holder: dict[str | int, object] | list[object], key: str | int) -> None:
    """Doubles an item of a list, or gives one key's value to another."""
    if isinstance(holder, list):
        assert isinstance(key, int)
        holder.insert(random.randint(0, len(holder)), deepcopy(holder[key]))
    else:
        holder[random.choice(list(holder))] = deepcopy(holder[key])
