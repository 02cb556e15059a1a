"""What the store keeps as JSON text: each value is one document, `{"v":1,"request":{…}}`.

`v` is the format it was written in, and the other key says what it is: a value in the wrong column is noticed.
bot/store/codec_forms.py says how types are written. Fields that this version does not know are ignored, since a newer
replica may have written them, and a missing one has its default. Every `load…` raises StoreError, with a sentence
that names what could not be read and never quotes it. All that was written comes back, to the last character: the
trail's hashes are over it.

No response URL, trigger id or token of Slack's can be stored: the types here have no field for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, TypeVar, cast

import msgspec

from bot.core.audit import Entry
from bot.core.errors import StoreError
from bot.core.notices import (
    Audited,
    BatchDetailed,
    BatchFinished,
    BatchMentioned,
    BatchRunning,
    ChannelOff,
    Detailed,
    Finished,
    Mentioned,
    Notice,
    Running,
)
from bot.core.offers import Offer
from bot.core.requests import Ask, Options, Request
from bot.core.standing import Answer, Beheld, Unwatched
from bot.core.verdicts import Verdict
from bot.ports import Ends
from bot.store.codec_forms import form_of
from bot.store.codec_values import Damaged

FORMAT: Final = 1
"""Of what is written now. Reading an older one is this module's work; a newer one is refused."""


Shown = (
    Running
    | Finished
    | Detailed
    | Mentioned
    | BatchRunning
    | BatchFinished
    | BatchDetailed
    | BatchMentioned
    | Answer
    | Beheld
    | Unwatched
    | Audited
    | ChannelOff
)
"""Every notice that can stand in a slot. All others are whispered, and whispers are never stored."""

_T = TypeVar("_T", Request, Ask, Offer, Entry, Options)

_NAMES: Final[Mapping[type, str]] = {
    Request: "request",
    Ask: "ask",
    Offer: "offer",
    Entry: "entry",
    Options: "options",
}


def dump(value: Request | Ask | Offer | Entry | Options | Verdict | Notice | Ends) -> str:
    """The document of a value. An ask is stored in full: after a restart the judge needs its snapshots, and their
    inventories tell what changed. Raises StoreError for a notice that is only ever whispered.
    """
    name = _NAMES.get(type(value))
    if name is not None:
        return _written(name, type(value), value)
    if isinstance(value, tuple):
        return _written("ends", Ends, value)
    if isinstance(value, Verdict):
        return _written("verdict", Verdict, value)
    if isinstance(value, Shown):
        return _written("notice", Shown, value)
    raise StoreError(f"{type(value).__name__} is whispered to one person, so it is not stored")


def load(text: str, kind: type[_T]) -> _T:
    """The value of a document of `dump`, of one class. Unions have functions of their own: a union is no class."""
    return cast("_T", _read(_NAMES[kind], kind, text))


def load_verdict(text: str) -> Verdict:
    return cast("Verdict", _read("verdict", Verdict, text))


def load_ends(text: str) -> Ends:
    return cast("Ends", _read("ends", Ends, text))


def load_notice(text: str) -> Shown:
    return cast("Shown", _read("notice", Shown, text))


def _written(name: str, hint: object, value: object) -> str:
    document = {"v": FORMAT, name: form_of(hint).write(value)}
    try:
        return msgspec.json.encode(document).decode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, as a display name from Slack may hold: JSON can escape it, UTF-8 cannot hold it.
        return json.dumps(document, separators=(",", ":"))


def _read(name: str, hint: object, text: str) -> object:
    try:
        return form_of(hint).read(_body(name, text))
    except Damaged as damaged:
        raise StoreError(
            f"a stored {name} cannot be read: {damaged}. It was damaged, or another version of the bot wrote it"
        ) from None


def _body(name: str, text: str) -> object:
    document = _parsed(text)
    version = document.get("v") if isinstance(document, dict) else None
    if not isinstance(document, dict) or type(version) is not int or version < 1:
        raise Damaged("it says no format")
    if version > FORMAT:
        raise StoreError(f"a stored {name} is in a newer format than this version of the bot reads: update the bot")
    if name not in document:
        raise Damaged("something else stands in its place")
    return document[name]


def _parsed(text: str) -> object:
    try:
        return json.loads(text) if "\\ud" in text else msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise Damaged("it is no JSON") from None
