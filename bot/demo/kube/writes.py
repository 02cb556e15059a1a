"""Create, update, delete: which parts of an object a writer may set, and what the server sets itself."""

import string
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from bot.demo.kube.calls import Json
from bot.demo.kube.merge import without_nulls
from bot.demo.kube.metadata import faulty, odd
from bot.demo.kube.refusals import (
    Refusal,
    already_exists,
    bad_request,
    conflict,
    invalid,
    modified,
    not_found,
)
from bot.demo.kube.resources import Resource
from bot.demo.kube.schema import Cause
from bot.demo.kube.store import Key, Revision, Shelf, Store

_KEPT: Final = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)
"""Metadata that is the server's alone."""

_ALPHABET: Final = string.ascii_lowercase + string.digits


class Writes:
    """The way into the store."""

    def __init__(self, store: Store, now: Callable[[], datetime], random: Random) -> None:
        self._store = store
        self._now = now
        self._random = random

    def stamp(self) -> str:
        """The time as objects carry it: RFC 3339, whole seconds, UTC."""
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def create(self, shelf: Shelf, namespace: str, given: object, *, with_status: bool = False) -> Revision | Refusal:
        """Stores a new object. `with_status` keeps a status that clients could not set in one call."""
        resource = shelf.resource
        refusal = odd(given, resource)
        if refusal is not None:
            return refusal
        fresh = self._new(resource, namespace, without_nulls(given), with_status=with_status)
        if isinstance(fresh, Refusal):
            return fresh
        key = (namespace, fresh["metadata"]["name"])
        if key in shelf.objects:
            return already_exists(resource, key[1])
        return self._store.put(shelf, key, fresh)

    def _new(self, resource: Resource, namespace: str, given: Json, *, with_status: bool) -> Json | Refusal:
        meta = {name: value for name, value in given.get("metadata", {}).items() if name not in _KEPT}
        meta.pop("managedFields", None)
        if meta.get("resourceVersion", "") not in ("", "0"):
            return Refusal(500, "", "resourceVersion should not be set on objects to be created")
        if meta.get("namespace", namespace) not in ("", namespace):
            return bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + "".join(self._random.choices(_ALPHABET, k=5))
        meta |= {"namespace": namespace} if resource.namespaced else {}
        meta |= {"generation": 1} if resource.counts else {}
        fresh = with_defaults(self.identified({**given, "metadata": meta}), resource)
        if resource.has_status and not (with_status and fresh.get("status")):
            fresh = _status_taken_from({"status": resource.status_default}, fresh)
        return faulty(fresh, resource) or fresh

    def identified(self, obj: Json) -> Json:
        """The object with a uid and the time of its creation."""
        uid = str(UUID(int=self._random.getrandbits(128), version=4))
        return {**obj, "metadata": {**obj["metadata"], "uid": uid, "creationTimestamp": self.stamp()}}

    def update(self, shelf: Shelf, key: Key, given: object, subresource: str = "") -> Revision | Refusal:
        """Stores a new state. `subresource` is `status`, or empty for all of the object but its status."""
        old = shelf.objects.get(key)
        if old is None:
            return not_found(shelf.resource, key[1])
        refusal = odd(given, shelf.resource) or _misplaced(shelf.resource, key, old, given)
        if refusal is not None:
            return refusal
        new = _next(shelf.resource, old.object, without_nulls(given), subresource)
        if new == old.object:
            return old
        refusal = faulty(new, shelf.resource) or _new_finalizer(shelf.resource, old.object, new)
        if refusal is not None:
            return refusal
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            # Watchers are shown it as it was: the state without finalizers is never stored.
            self._store.remove(shelf, key, old.object)
            return Revision(key, new, old.version)
        return self._store.put(shelf, key, new)

    def delete(self, shelf: Shelf, key: Key, options: Mapping[str, object]) -> Revision | Refusal | None:
        """Takes the object away (None), or marks it where finalizers still hold it."""
        old = shelf.objects.get(key)
        if old is None:
            return not_found(shelf.resource, key[1])
        refusal = _unexpected(shelf.resource, old, options.get("preconditions"))
        if refusal is not None:
            return refusal
        meta = old.object["metadata"]
        if not meta.get("finalizers"):
            self._store.remove(shelf, key, old.object)
            return None
        if meta.get("deletionTimestamp"):
            return old
        marked = {**meta, "deletionTimestamp": self.stamp(), "deletionGracePeriodSeconds": 0}
        if shelf.resource.counts:
            marked["generation"] = meta["generation"] + 1
        return self._store.put(shelf, key, {**old.object, "metadata": marked})


def with_defaults(obj: Json, resource: Resource) -> Json:
    """The object with what its kind fills in."""
    spec = obj.get("spec")
    if not isinstance(spec, dict) or not resource.defaults:
        return obj
    for path, value in resource.defaults.items():
        spec = _defaulted(spec, path.split("."), value)
    return {**obj, "spec": spec}


def _defaulted(parent: Json, steps: list[str], value: object) -> Json:
    name, *rest = steps
    if not rest:
        return parent if name in parent else {**parent, name: value}
    inner = parent.get(name)
    return {**parent, name: _defaulted(inner, rest, value)} if isinstance(inner, dict) else parent


def _next(resource: Resource, old: Json, given: Json, subresource: str) -> Json:
    """The state that a write leads to, under the old version still."""
    if subresource:
        return _status_taken_from(given, old)
    meta = {name: value for name, value in given.get("metadata", {}).items() if name not in _KEPT}
    meta.pop("managedFields", None)
    meta |= {name: value for name, value in old["metadata"].items() if name in (*_KEPT, "namespace", "name")}
    meta["resourceVersion"] = old["metadata"]["resourceVersion"]
    for name in ("labels", "annotations", "finalizers", "ownerReferences"):
        if not meta.get(name):
            meta.pop(name, None)
    new = with_defaults({**given, "metadata": meta}, resource)
    if resource.has_status:
        new = _status_taken_from(old, new)
    if resource.counts and _body(new) != _body(old):
        meta["generation"] = old["metadata"].get("generation", 0) + 1
    return new


def _body(obj: Json) -> Json:
    """What a change of counts as a new generation. A status that could change here would count too."""
    return {name: value for name, value in obj.items() if name != "metadata"}


def _status_taken_from(source: Json, obj: Json) -> Json:
    rest = {name: value for name, value in obj.items() if name != "status"}
    return {**rest, "status": source["status"]} if source.get("status") else rest


def _misplaced(resource: Resource, key: Key, old: Revision, given: object) -> Refusal | None:
    """Why the write is about another object or another version than the one that stands there."""
    meta: Json = given["metadata"] if isinstance(given, dict) and "metadata" in given else {}
    name, version = meta.get("name", key[1]), meta.get("resourceVersion", "")
    if name != key[1]:
        return bad_request(f"the name of the object ({name}) does not match the name on the URL ({key[1]})")
    if meta.get("namespace", key[0]) not in ("", key[0]):
        return bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if meta.get("uid", old.object["metadata"]["uid"]) != old.object["metadata"]["uid"]:
        return conflict(resource, key[1], "Precondition failed: UID in precondition differs from UID in object meta")
    if meta.get("deletionTimestamp") not in (None, old.object["metadata"].get("deletionTimestamp")):
        message = f'Invalid value: "{meta["deletionTimestamp"]}": field is immutable'
        return invalid(resource, key[1], (Cause("FieldValueInvalid", message, "metadata.deletionTimestamp"),))
    if not version and resource.custom:
        cause = Cause(
            "FieldValueInvalid", "Invalid value: 0: must be specified for an update", "metadata.resourceVersion"
        )
        return invalid(resource, key[1], (cause,))
    return modified(resource, key[1]) if version not in ("", str(old.version)) else None


def _new_finalizer(resource: Resource, old: Json, new: Json) -> Refusal | None:
    added = set(new["metadata"].get("finalizers") or ()) - set(old["metadata"].get("finalizers") or ())
    if not added or not old["metadata"].get("deletionTimestamp"):
        return None
    message = "Forbidden: no new finalizers can be added if the object is being deleted"
    return invalid(resource, old["metadata"]["name"], (Cause("FieldValueForbidden", message, "metadata.finalizers"),))


def _unexpected(resource: Resource, old: Revision, preconditions: object) -> Refusal | None:
    wanted: Mapping[str, object] = preconditions if isinstance(preconditions, dict) else {}
    for name in ("uid", "resourceVersion"):
        if wanted.get(name) not in (None, old.object["metadata"][name]):
            why = f"the {name} in the precondition ({wanted[name]}) does not match that of the object"
            return conflict(resource, old.key[1], why)
    return None
