"""The verbs on stored objects: get, list, watch, create, update, patch, delete."""

from collections.abc import Callable
from datetime import datetime
from random import Random

import msgspec

from bot.demo.kube import namespaces
from bot.demo.kube.attempts import watching
from bot.demo.kube.bodies import read_body, read_options, read_patch
from bot.demo.kube.calls import TEXT, Answer, Asked, Json
from bot.demo.kube.core_kinds import NAMESPACES
from bot.demo.kube.knobs import Knobs
from bot.demo.kube.lists import Page, list_answer, read_list, read_version
from bot.demo.kube.merge import merged
from bot.demo.kube.paths import Target
from bot.demo.kube.refusals import Refusal, about, bad_request, not_allowed, not_found
from bot.demo.kube.resources import Resource
from bot.demo.kube.selectors import read_selectors
from bot.demo.kube.shapes import Shape, wanted
from bot.demo.kube.store import Revision, Shelf, Store
from bot.demo.kube.tables import table
from bot.demo.kube.watches import Watch, Wish
from bot.demo.kube.writes import Writes

Outcome = Answer | Refusal | Watch


def no_such_page() -> Answer:
    """What the server says about paths that it does not serve."""
    return Answer(404, b"404 page not found\n", TEXT)


def as_json(value: Json, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value) + b"\n")


class Objects:
    """Carries out what is allowed. Every method answers or refuses; none raises for what a client sent."""

    def __init__(
        self, store: Store, writes: Writes, knobs: Knobs, now: Callable[[], datetime], random: Random
    ) -> None:
        self.watches: list[Watch] = []
        self._store = store
        self._writes = writes
        self._knobs = knobs
        self._now = now
        self._random = random

    def answer(self, resource: Resource, target: Target, asked: Asked) -> Outcome:
        """One call about one resource."""
        if bool(target.namespace) != resource.namespaced and (target.namespace or target.name):
            return no_such_page()
        if target.subresource and not (target.subresource == "status" and resource.has_status):
            return not_found(resource, target.name)
        if "dryRun" in asked.query:
            return bad_request("this server does not know dry run")
        shelf = self._store.shelf(resource)
        match asked.method, bool(target.name):
            case "GET", True:
                return self._get(shelf, target, asked)
            case "GET", False:
                return (
                    self._watch(shelf, target, asked) if watching(asked.query) else self._list(shelf, target, asked)
                )
            case _:
                return self._write(shelf, target, asked)

    def _write(self, shelf: Shelf, target: Target, asked: Asked) -> Outcome:
        match asked.method, bool(target.name):
            case "POST", False if "create" in shelf.resource.verbs:
                return self._create(shelf, target, asked)
            case "PUT", True if "update" in shelf.resource.verbs:
                return self._update(shelf, target, asked)
            case "PATCH", True if "patch" in shelf.resource.verbs:
                return self._patch(shelf, target, asked)
            case "DELETE", True if "delete" in shelf.resource.verbs and not target.subresource:
                return self._delete(shelf, target, asked)
            case "DELETE", False if "deletecollection" in shelf.resource.verbs:
                return self._delete_all(shelf, target, asked)
            case _:
                return not_allowed(shelf.resource, asked.method)

    # Reading

    def _get(self, shelf: Shelf, target: Target, asked: Asked) -> Answer | Refusal:
        found = shelf.objects.get((target.namespace, target.name))
        shape = wanted(asked.headers, Shape.TABLE)
        if isinstance(shape, Refusal):
            return shape
        if found is None:
            return not_found(shelf.resource, target.name)
        if shape is Shape.TABLE:
            include = asked.query.get("includeObject", "Metadata")
            metadata = {"resourceVersion": str(found.version)}
            return as_json(table(shelf.resource, (found.object,), metadata, self._now(), include))
        return _shown(found)

    def _list(self, shelf: Shelf, target: Target, asked: Asked) -> Answer | Refusal:
        page = read_list(shelf, target.namespace, asked.query, self._store.version)
        return page if isinstance(page, Refusal) else self._page(shelf, page, asked)

    def _page(self, shelf: Shelf, page: Page, asked: Asked) -> Answer | Refusal:
        return list_answer(page, shelf.resource, asked.headers, asked.query, self._now())

    def _watch(self, shelf: Shelf, target: Target, asked: Asked) -> Watch | Refusal:
        wish = self._wish(shelf.resource, target, asked)
        if isinstance(wish, Refusal):
            return wish
        text = asked.query.get("resourceVersion", "")
        since = read_version(text or "0")
        if since is None:
            why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
            return Refusal(500, "", f'resourceVersion: Invalid value: "{text}": {why}')
        initial = asked.query.get("sendInitialEvents", "")
        everything = since == 0 if not initial else initial == "true"
        watch = Watch(shelf, wish, self._knobs, lambda: self._store.version, self._now)
        watch.begin(None if everything else since, initial_end=wish.bookmarks and (not text or initial == "true"))
        self.watches = [each for each in self.watches if each.open]
        self.watches.append(watch)
        return watch

    def _wish(self, resource: Resource, target: Target, asked: Asked) -> Wish | Refusal:
        selector = read_selectors(asked.query, resource)
        if isinstance(selector, Refusal):
            return selector
        shape = wanted(asked.headers, Shape.TABLE)
        if isinstance(shape, Refusal):
            return shape
        text = asked.query.get("timeoutSeconds", "")
        seconds = read_version(text or "0")
        if seconds is None:
            return bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        life = self._knobs.watch_life
        return Wish(
            target.namespace,
            selector,
            shape,
            asked.query.get("includeObject", "Metadata"),
            asked.query.get("allowWatchBookmarks") in ("true", "1"),
            float(seconds) or self._random.uniform(life, 2 * life),
        )

    # Writing

    def _create(self, shelf: Shelf, target: Target, asked: Asked) -> Answer | Refusal:
        given = read_body(asked, shelf.resource.kind)
        if isinstance(given, Refusal):
            return given
        if shelf.resource.namespaced:
            name = (
                str((given.get("metadata") or {}).get("name", "")) if isinstance(given.get("metadata"), dict) else ""
            )
            closed = namespaces.closed_to_new(self._store, shelf.resource, target.namespace, name)
            if closed is not None:
                return closed
        if shelf.resource is NAMESPACES:
            given = namespaces.completed(given)
        done = self._writes.create(shelf, target.namespace, given, with_status=shelf.resource is NAMESPACES)
        return done if isinstance(done, Refusal) else _shown(done, 201)

    def _update(self, shelf: Shelf, target: Target, asked: Asked) -> Answer | Refusal:
        given = read_body(asked, shelf.resource.kind)
        return given if isinstance(given, Refusal) else self._store_next(shelf, target, given)

    def _patch(self, shelf: Shelf, target: Target, asked: Asked) -> Answer | Refusal:
        patch = read_patch(shelf.resource, asked)
        if isinstance(patch, Refusal):
            return patch
        old = shelf.objects.get((target.namespace, target.name))
        if old is None:
            return not_found(shelf.resource, target.name)
        return self._store_next(shelf, target, merged(old.object, patch))

    def _store_next(self, shelf: Shelf, target: Target, given: Json) -> Answer | Refusal:
        done = self._writes.update(shelf, (target.namespace, target.name), given, target.subresource)
        if isinstance(done, Refusal):
            return done
        if target.namespace and done.object["metadata"].get("deletionTimestamp"):
            namespaces.sweep(self._store, target.namespace)
        return _shown(done)

    def _delete(self, shelf: Shelf, target: Target, asked: Asked) -> Answer | Refusal:
        options = read_options(asked.body)
        if isinstance(options, Refusal):
            return options
        key = (target.namespace, target.name)
        old = shelf.objects.get(key)
        if shelf.resource is NAMESPACES and old is not None:
            namespaces.terminate(self._store, self._writes, target.name)
            return _shown(shelf.objects.get(key, old))
        done = self._writes.delete(shelf, key, options)
        if isinstance(done, Refusal):
            return done
        if done is not None or old is None:
            return _shown(done) if done is not None else not_found(shelf.resource, target.name)
        if target.namespace:
            namespaces.sweep(self._store, target.namespace)
        details = about(shelf.resource, target.name, uid=old.object["metadata"]["uid"])
        return as_json(
            {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        )

    def _delete_all(self, shelf: Shelf, target: Target, asked: Asked) -> Answer | Refusal:
        options = read_options(asked.body)
        if isinstance(options, Refusal):
            return options
        page = read_list(shelf, target.namespace, asked.query, self._store.version)
        if isinstance(page, Refusal):
            return page
        for each in page.found:
            self._writes.delete(shelf, each.key, options)
        return self._page(shelf, page, asked)


def _shown(revision: Revision, status: int = 200) -> Answer:
    return Answer(status, revision.encoded + b"\n")
