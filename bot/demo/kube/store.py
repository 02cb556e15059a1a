"""What is stored, and what changed: one counter of versions for all, as etcd has it."""

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

import msgspec

from bot.demo.kube.calls import Json
from bot.demo.kube.knobs import Knobs
from bot.demo.kube.resources import Resource

Key = tuple[str, str]
"""Namespace and name; the namespace is empty where the kind has none."""

BEGINNING: Final = 100
"""The first version: there was a history before, which nobody knows any more."""


class Happening(Enum):
    """The type of a watch event."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Revision:
    """One state of one object, never changed. `encoded` is its JSON."""

    __slots__ = ("_encoded", "key", "object", "version")

    def __init__(self, key: Key, obj: Json, version: int) -> None:
        self.key = key
        self.object = obj
        self.version = version
        self._encoded: bytes | None = None

    @property
    def encoded(self) -> bytes:
        """Its JSON, made when somebody first asks."""
        if self._encoded is None:
            self._encoded = msgspec.json.encode(self.object)
        return self._encoded


class Change:
    """One step of one object. `now` of a deletion is the last state under the version of the deletion."""

    __slots__ = ("_line", "before", "happening", "now")

    def __init__(self, happening: Happening, before: Revision | None, now: Revision) -> None:
        self.happening = happening
        self.before = before
        self.now = now
        self._line: bytes | None = None

    @property
    def version(self) -> int:
        return self.now.version

    @property
    def line(self) -> bytes:
        """The watch event, made when somebody first asks."""
        if self._line is None:
            self._line = event_line(self.happening.value, self.now.encoded)
        return self._line


def event_line(kind: str, encoded: bytes) -> bytes:
    """One line of a watch."""
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), encoded)


def stamped(obj: Json, version: int) -> Json:
    """The object with that `resourceVersion`; the original stays as it is."""
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(version)}}


class Shelf:
    """All objects of one resource. `listeners` hear of each change at once."""

    def __init__(self, resource: Resource, window: int) -> None:
        self.resource = resource
        self.objects: dict[Key, Revision] = {}
        self.log: deque[Change] = deque()
        self.floor = BEGINNING
        """Changes up to this version are forgotten."""
        self.listeners: list[Callable[[Change], None]] = []
        self.writes = 0
        self._window = window
        self._sorted: list[Key] | None = None

    def record(self, change: Change) -> None:
        """Takes a change in and tells it."""
        key = change.now.key
        if change.happening is Happening.DELETED:
            del self.objects[key]
        else:
            self.objects[key] = change.now
        if change.happening is not Happening.MODIFIED:
            self._sorted = None
        self.writes += 1
        self.log.append(change)
        if len(self.log) > self._window:
            self.floor = max(self.floor, self.log.popleft().version)
        for listener in tuple(self.listeners):
            listener(change)

    def keep(self, revision: Revision) -> None:
        """Puts an object there that was there all along: no change, nobody is told."""
        self.objects[revision.key] = revision
        self._sorted = None

    def since(self, version: int) -> list[Change]:
        """The changes after that version, oldest first; it must not be below the floor."""
        found: list[Change] = []
        for change in reversed(self.log):
            if change.version <= version:
                break
            found.append(change)
        found.reverse()
        return found

    def as_of(self, version: int) -> Iterable[Revision]:
        """All objects by name as they were then; the version must not be below the floor."""
        later = self.since(version)
        if not later:
            return map(self.objects.__getitem__, self._keys())
        then = dict(self.objects)
        for change in reversed(later):
            if change.before is None:
                del then[change.now.key]
            else:
                then[change.now.key] = change.before
        return [then[key] for key in sorted(then)]

    def _keys(self) -> list[Key]:
        if self._sorted is None:
            self._sorted = sorted(self.objects)
        return self._sorted


class Store:
    """All shelves. `version` is that of the last change anywhere."""

    def __init__(self, knobs: Knobs) -> None:
        self.version = BEGINNING
        self._knobs = knobs
        self._shelves: dict[tuple[str, str], Shelf] = {}

    def shelf(self, resource: Resource) -> Shelf:
        """The resource's shelf, put up when somebody first asks."""
        where = (resource.group, resource.plural)
        shelf = self._shelves.get(where)
        if shelf is None:
            shelf = self._shelves[where] = Shelf(resource, self._knobs.window)
        return shelf

    @property
    def shelves(self) -> tuple[Shelf, ...]:
        """Those that were ever asked for."""
        return tuple(self._shelves.values())

    def put(self, shelf: Shelf, key: Key, obj: Json) -> Revision:
        """Stores a new state under the next version."""
        self.version += 1
        now = Revision(key, stamped(obj, self.version), self.version)
        before = shelf.objects.get(key)
        shelf.record(Change(Happening.ADDED if before is None else Happening.MODIFIED, before, now))
        return now

    def remove(self, shelf: Shelf, key: Key, last: Json) -> None:
        """Takes an object away; `last` is what watchers are shown of it."""
        self.version += 1
        before = shelf.objects[key]
        shelf.record(Change(Happening.DELETED, before, Revision(key, stamped(last, self.version), self.version)))
