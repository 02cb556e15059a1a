"""Lists: selectors, pages, and the version that a caller insists on."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

import msgspec

from bot.demo.kube.calls import Answer, Json
from bot.demo.kube.refusals import Refusal, bad_request, expired, from_the_future
from bot.demo.kube.resources import Resource
from bot.demo.kube.selectors import EVERYTHING, read_selectors
from bot.demo.kube.shapes import Shape, wanted
from bot.demo.kube.store import Key, Revision, Shelf
from bot.demo.kube.tables import table

_LARGEST: Final = 2**64


@dataclass(frozen=True, slots=True)
class Page:
    """What is handed out: objects by name, the list's version, how to go on, and how many are still to come."""

    found: Sequence[Revision]
    version: int
    token: str = ""
    left: int | None = None

    @property
    def metadata(self) -> Json:
        """The list's own metadata."""
        rest = {} if self.left is None else {"remainingItemCount": self.left}
        return {"continue": self.token, "resourceVersion": str(self.version), **rest}


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a list begins: as of which version, after which key. `limit` 0 is everything."""

    version: int
    limit: int
    after: Key | None = None


def read_list(shelf: Shelf, namespace: str, query: Mapping[str, str], current: int) -> Page | Refusal:
    """One page of the objects in a namespace, or of all when it is empty. `current` is the store's version."""
    selector = read_selectors(query, shelf.resource)
    if isinstance(selector, Refusal):
        return selector
    start = _start(shelf, query, current)
    if isinstance(start, Refusal):
        return start
    chosen = (
        each
        for each in shelf.as_of(start.version)
        if (not namespace or each.key[0] == namespace)
        and (start.after is None or each.key > start.after)
        and (selector is EVERYTHING or selector.takes(each.object))
    )
    if not start.limit:
        return Page(list(chosen), start.version)
    found = list(islice(chosen, start.limit))
    left = sum(1 for _ in chosen)
    if not left:
        return Page(found, start.version)
    token = _token(start.version, found[-1].key)
    # The real server knows the number only where nothing was filtered.
    return Page(found, start.version, token, left if selector is EVERYTHING else None)


def list_answer(
    page: Page, resource: Resource, headers: Mapping[str, str], query: Mapping[str, str], now: datetime
) -> Answer | Refusal:
    """The page in the shape that was asked for."""
    shape = wanted(headers, Shape.TABLE)
    if isinstance(shape, Refusal):
        return shape
    if shape is Shape.TABLE:
        metadata = {name: value for name, value in page.metadata.items() if value != ""}
        rows = (each.object for each in page.found)
        body = table(resource, rows, metadata, now, query.get("includeObject", "Metadata"))
        return Answer(200, msgspec.json.encode(body) + b"\n")
    head = {"apiVersion": resource.api_version, "kind": resource.list_kind, "metadata": page.metadata}
    items = b",".join(each.encoded for each in page.found)
    return Answer(200, msgspec.json.encode(head)[:-1] + b',"items":[' + items + b"]}\n")


def read_version(text: str) -> int | None:
    """A `resourceVersion`; None when it is no number."""
    return int(text) if text.isascii() and text.isdigit() and int(text[:21]) < _LARGEST else None


def _start(shelf: Shelf, query: Mapping[str, str], current: int) -> _Start | Refusal:
    limit_text, asked = query.get("limit", "") or "0", query.get("resourceVersion", "")
    limit = read_version(limit_text)
    if limit is None:
        return bad_request(f'strconv.ParseInt: parsing "{limit_text}": invalid syntax')
    if query.get("continue"):
        return _resumed(shelf, query["continue"], limit, asked, current)
    version = read_version(asked or "0")
    if version is None:
        why = f'strconv.ParseUint: parsing "{asked}": invalid syntax'
        return bad_request(f'invalid resource version: resourceVersion: Invalid value: "{asked}": {why}')
    if version > current:
        return from_the_future(version, current)
    if asked == "0":
        # The real server answers this one from its cache, all at once.
        return _Start(current, 0)
    match = query.get("resourceVersionMatch", "")
    if version and (match == "Exact" or (limit and not match)):
        return _Start(version, limit) if version >= shelf.floor else expired(f"too old resource version: {version}")
    return _Start(current, limit)


def _resumed(shelf: Shelf, token: str, limit: int, asked: str, current: int) -> _Start | Refusal:
    if asked not in ("", "0"):
        return bad_request("specifying resource version is not allowed when using continue")
    found = _read_token(token)
    if found is None:
        return bad_request("invalid continue token: continue key is not valid")
    version, after = found
    if version > current:
        return bad_request("invalid continue token: its version does not exist yet")
    if version == 0:
        return _Start(current, limit, after)
    if version < shelf.floor:
        return expired("The provided continue parameter is too old to display a consistent list.", _token(0, after))
    return _Start(version, limit, after)


def _token(version: int, after: Key) -> str:
    """Version 0 goes on with the list as it stands, whatever happened meanwhile."""
    return base64.urlsafe_b64encode(msgspec.json.encode((version, *after))).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, Key] | None:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        version, namespace, name = msgspec.json.decode(raw, type=tuple[int, str, str])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
    return (version, (namespace, name)) if version >= 0 else None
