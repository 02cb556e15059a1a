"""The few objects that kubectl sends in protobuf, whatever the server says it likes: reviews, and simple new objects.

The envelope is four magic bytes and a message with the type (1: apiVersion 1, kind 2) and the object's own bytes (2).
Only the fields named here are read. Answers are JSON, which every such client accepts as well.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.demo.kube.calls import Json

MEDIA: Final = "application/vnd.kubernetes.protobuf"

_MAGIC: Final = b"k8s\x00"
_TEXT: Final = "text"
_PAIRS: Final = "pairs"

Form = Mapping[int, tuple[str, "Form | str"]]
"""From a field's number to its name, and to what it holds: text, pairs of texts, or a further message."""

_META: Final[Form] = MappingProxyType(
    {
        1: ("name", _TEXT),
        2: ("generateName", _TEXT),
        3: ("namespace", _TEXT),
        11: ("labels", _PAIRS),
        12: ("annotations", _PAIRS),
    }
)
_RESOURCE: Final[Form] = MappingProxyType(
    {
        number: (name, _TEXT)
        for number, name in enumerate(("namespace", "verb", "group", "version", "resource", "subresource", "name"), 1)
    }
)
_PATH: Final[Form] = MappingProxyType({1: ("path", _TEXT), 2: ("verb", _TEXT)})
_ACCESS: Final[Form] = MappingProxyType({1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", _PATH)})
_FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "SelfSubjectReview": {},
        "SelfSubjectAccessReview": {2: ("spec", _ACCESS)},
        "SelfSubjectRulesReview": {2: ("spec", {1: ("namespace", _TEXT)})},
        "Namespace": {1: ("metadata", _META)},
        "ConfigMap": {1: ("metadata", _META), 2: ("data", _PAIRS)},
        "ServiceAccount": {1: ("metadata", _META)},
    }
)
_ENVELOPE: Final[Form] = MappingProxyType({1: ("type", {1: ("apiVersion", _TEXT), 2: ("kind", _TEXT)})})


def read_protobuf(body: bytes) -> Json | None:
    """The object as JSON would give it; None when it is none, or of a kind that is not read here."""
    if not body.startswith(_MAGIC):
        return None
    try:
        envelope = body[len(_MAGIC) :]
        kind = _message(envelope, _ENVELOPE).get("type", {})
        form = _FORMS.get(kind.get("kind", ""))
        inner = next((part for number, part in _fields(envelope) if number == 2), b"")
        return None if form is None else {**kind, **_message(inner, form)}
    except (IndexError, ValueError):
        return None


def _message(data: bytes, form: Form) -> Json:
    found: Json = {}
    for number, part in _fields(data):
        if number not in form:
            continue
        name, inner = form[number]
        if inner == _TEXT:
            # The wire cannot tell an empty text from none.
            found |= {name: part.decode()} if part else {}
        elif inner == _PAIRS:
            pair = _message(part, {1: ("key", _TEXT), 2: ("value", _TEXT)})
            found.setdefault(name, {})[pair.get("key", "")] = pair.get("value", "")
        elif not isinstance(inner, str):
            found[name] = _message(part, inner)
    return found


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The numbers and bytes of all fields that hold bytes. Raises ValueError or IndexError where it is no message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                _, at = _varint(data, at)
            case 1:
                at += 8
            case 5:
                at += 4
            case 2:
                length, at = _varint(data, at)
                if at + length > len(data):
                    raise ValueError("a field is longer than its message")
                yield tag >> 3, data[at : at + length]
                at += length
            case _:
                raise ValueError("no such wire type")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")
