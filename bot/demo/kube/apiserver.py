"""The API server: one synchronous call from what was asked to what is answered."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from bot.demo.kube import crds, namespaces
from bot.demo.kube.attempts import attempt_of, identity, watching
from bot.demo.kube.bodies import read_body
from bot.demo.kube.calls import TEXT, Answer, Asked, Json, Stream
from bot.demo.kube.core_kinds import BUILT_IN, DEFINITIONS, NAMESPACES
from bot.demo.kube.custom_kinds import FLUX_KINDS
from bot.demo.kube.discovery import document
from bot.demo.kube.knobs import Knobs
from bot.demo.kube.objects import Objects, Outcome, as_json, no_such_page
from bot.demo.kube.paths import Target, read_path
from bot.demo.kube.refusals import Refusal, not_allowed, too_large, unauthorized
from bot.demo.kube.resources import Resource
from bot.demo.kube.reviews import REVIEWS, review
from bot.demo.kube.rights import Rights, User, forbidden
from bot.demo.kube.shapes import Shape, wanted
from bot.demo.kube.store import BEGINNING, Change, Revision, Shelf, Store, stamped
from bot.demo.kube.watches import Drop
from bot.demo.kube.writes import Writes

VERSION: Final[Json] = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.0-demo",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HEALTH: Final = ("/healthz", "/livez", "/readyz")


class ApiServer:
    """A cluster's API server with nothing in it but the namespaces default and kube-system.

    `now` is the time in UTC, `random` makes uids and the lengths of watches. `users` are those who may come, by their
    tokens; a token stands in the Authorization header, or in front of the path: `/as/TOKEN/api/…`.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        random: Random,
        knobs: Knobs | None = None,
        kinds: Iterable[Resource] = FLUX_KINDS,
    ) -> None:
        self.knobs = knobs if knobs is not None else Knobs()
        self.random = random
        self.users: dict[str, User] = {}
        self._store = Store(self.knobs)
        self._writes = Writes(self._store, now, random)
        self._rights = Rights(self._store)
        self._objects = Objects(self._store, self._writes, self.knobs, now, random)
        self._served: dict[tuple[str, str, str], Resource] = {}
        self._defined = False
        for each in (*BUILT_IN, *kinds):
            self._served[each.group, each.version, each.plural] = each
        for name in ("default", "kube-system"):
            self._writes.create(self._store.shelf(NAMESPACES), "", namespaces.new_namespace(name), with_status=True)

    def answer(self, asked: Asked) -> Answer | Stream:
        """Carries out one call; see `calls`."""
        outcome = self._outcome(asked)
        return outcome.answer() if isinstance(outcome, Refusal) else outcome

    def _outcome(self, asked: Asked) -> Outcome:
        token, path = identity(asked)
        user = self.users.get(token)
        if user is None:
            return unauthorized()
        if len(asked.body) > self.knobs.body_limit:
            return too_large(self.knobs.body_limit)
        target = read_path(path)
        attempt = attempt_of(asked, path, target)
        if self._rights.allows(user, attempt) is None:
            return forbidden(user, attempt)
        if target is None:
            return self._document(asked, path)
        if REVIEWS.get(target.plural) == target.group:
            return self._review(asked, target, user)
        resource = self._served.get((target.group, target.version, target.plural))
        if resource is None:
            return no_such_page()
        if asked.method == "HEAD" and not watching(asked.query):
            asked = replace(asked, method="GET")
        if asked.method not in _METHODS:
            return not_allowed(resource, asked.method)
        if resource is DEFINITIONS:
            self._define()
        return self._objects.answer(resource, target, asked)

    def _review(self, asked: Asked, target: Target, user: User) -> Answer | Refusal:
        if asked.method != "POST" or target.name:
            return not_allowed()
        given = read_body(asked, "review")
        if isinstance(given, Refusal):
            return given
        return as_json(review(target.plural, user, self._rights, given, self._writes.stamp()), 201)

    def _document(self, asked: Asked, path: str) -> Answer | Refusal:
        if asked.method != "GET":
            return not_allowed()
        if path in _HEALTH:
            return Answer(200, b"ok", TEXT)
        if path == "/version":
            return as_json(VERSION)
        shape = wanted(asked.headers, Shape.DISCOVERY)
        found = document(path, tuple(self._served.values()), aggregated=shape is Shape.DISCOVERY)
        if found is None:
            return no_such_page()
        if isinstance(shape, Refusal):
            return shape
        if shape is Shape.DISCOVERY and found["kind"] == Shape.DISCOVERY.value:
            media = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            return Answer(200, as_json(found).body, {"Content-Type": media, "Vary": "Accept"})
        return as_json(found)

    def _define(self) -> None:
        """Puts the definitions of the kinds on their shelf, as old as the server."""
        if self._defined:
            return
        self._defined = True
        shelf = self._store.shelf(DEFINITIONS)
        for each in crds.definitions(self._served.values(), self._writes.stamp()):
            key = ("", each["metadata"]["name"])
            shelf.keep(Revision(key, stamped(self._writes.identified(each), BEGINNING), BEGINNING))

    # The hand of whoever runs the simulator: no rights are asked, nothing is refused quietly

    @property
    def version(self) -> int:
        """The version of the last change of anything."""
        return self._store.version

    @property
    def open_watches(self) -> int:
        """How many streams are open now."""
        return sum(each.open for each in self._objects.watches)

    def audit_id(self) -> str:
        """A new one."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def place(self, obj: Json) -> Json:
        """Creates an object with its status, or makes an existing one equal to it; a missing namespace is made.

        Answers the stored object. Raises ValueError for what the server would refuse.
        """
        resource = self._kind(obj)
        namespace = obj["metadata"].get("namespace", "")
        if namespace and self.find("Namespace", "", namespace) is None:
            self.place(namespaces.new_namespace(namespace))
        shelf = self._store.shelf(resource)
        old = shelf.objects.get((namespace, obj["metadata"]["name"]))
        if old is None:
            return _sure(self._writes.create(shelf, namespace, obj, with_status=True))
        done = self._writes.update(shelf, old.key, stamped(obj, old.version))
        stored = _sure(done)
        if resource.has_status and obj.get("status"):
            whole = {**stored, "status": obj["status"]}
            return _sure(self._writes.update(shelf, old.key, whole, "status"))
        return stored

    def find(self, kind: str, namespace: str, name: str) -> Json | None:
        """An object as it stands; it is shared, so do not change it."""
        found = self._shelf(kind).objects.get((namespace, name))
        return None if found is None else found.object

    def objects(self, kind: str) -> tuple[Json, ...]:
        """Every object of a kind as it stands, by namespace and name; they are shared, so do not change them."""
        shelf = self._shelf(kind)
        return tuple(each.object for each in shelf.as_of(self._store.version))

    def history(self, kind: str) -> tuple[Change, ...]:
        """What happened to the objects of a kind, oldest first, as far as the window reaches."""
        return tuple(self._shelf(kind).log)

    def forget_history(self) -> None:
        """Every version before now becomes too old, for watches and for the rest of lists."""
        for each in self._served.values():
            self._store.shelf(each).floor = self._store.version

    def drop_watches(self, how: Drop = Drop.RESET, kind: str = "") -> int:
        """Loses all open streams, or those of one kind; answers how many."""
        chosen = [each for each in self._objects.watches if each.open and kind in ("", each.shelf.resource.kind)]
        for each in chosen:
            each.drop(how)
        return len(chosen)

    def withdraw(self, kind: str) -> None:
        """A kind is no longer served: its objects are gone, its streams end."""
        shelf = self._shelf(kind)
        for key in list(shelf.objects):
            self._store.remove(shelf, key, shelf.objects[key].object)
        self.drop_watches(Drop.CLOSE, kind)
        resource = shelf.resource
        del self._served[resource.group, resource.version, resource.plural]
        definitions = self._store.shelf(DEFINITIONS)
        if ("", resource.qualified) in definitions.objects:
            self._store.remove(definitions, ("", resource.qualified), crds.definition(resource, self._writes.stamp()))

    def install(self, resource: Resource) -> None:
        """A further kind is served from now on."""
        self._served[resource.group, resource.version, resource.plural] = resource
        if self._defined:
            made = self._writes.identified(crds.definition(resource, self._writes.stamp()))
            self._store.put(self._store.shelf(DEFINITIONS), ("", resource.qualified), made)

    def _kind(self, obj: Json) -> Resource:
        for each in self._served.values():
            if each.kind == obj.get("kind") and each.api_version == obj.get("apiVersion"):
                return each
        raise ValueError(f"no kind {obj.get('kind')} of {obj.get('apiVersion')} is served")

    def _shelf(self, kind: str) -> Shelf:
        for each in self._served.values():
            if each.kind == kind:
                return self._store.shelf(each)
        raise LookupError(f"no kind {kind} is served")


def _sure(done: Revision | Refusal) -> Json:
    if isinstance(done, Refusal):
        raise ValueError(done.message)  # noqa: TRY004 - the value was refused, its type is right
    return done.object
