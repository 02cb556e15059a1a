"""What the server does about namespaces: they must exist, and deleting one empties it."""

from bot.demo.kube.calls import Json
from bot.demo.kube.core_kinds import NAMESPACES
from bot.demo.kube.merge import merged
from bot.demo.kube.refusals import Refusal, about, not_found
from bot.demo.kube.resources import Resource
from bot.demo.kube.store import Shelf, Store
from bot.demo.kube.writes import Writes


def new_namespace(name: str) -> Json:
    """A namespace as the server stores it."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def completed(given: Json) -> Json:
    """What a client gives as a new namespace, with the parts that the server adds."""
    meta = given.get("metadata")
    name = meta.get("name", "") if isinstance(meta, dict) else ""
    whole: Json = merged(new_namespace(name), {key: value for key, value in given.items() if key != "status"})
    return whole


def closed_to_new(store: Store, resource: Resource, namespace: str, name: str) -> Refusal | None:
    """Why nothing may be created there: no such namespace, or it is on its way out."""
    found = store.shelf(NAMESPACES).objects.get(("", namespace))
    if found is None:
        return not_found(NAMESPACES, namespace)
    if found.object["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        message = f'{resource.qualified} "{name}" is forbidden: {why}'
        return Refusal(403, "Forbidden", message, about(resource, name))
    return None


def terminate(store: Store, writes: Writes, namespace: str) -> None:
    """Marks a namespace, deletes what lies in it, and removes it once nothing is left."""
    shelf = store.shelf(NAMESPACES)
    old = shelf.objects[("", namespace)].object
    if not old["metadata"].get("deletionTimestamp"):
        marked = {**old["metadata"], "deletionTimestamp": writes.stamp()}
        status = {**(old.get("status") or {}), "phase": "Terminating"}
        store.put(shelf, ("", namespace), {**old, "metadata": marked, "status": status})
    for each in store.shelves:
        for key in [key for key in each.objects if key[0] == namespace]:
            writes.delete(each, key, {})
    sweep(store, namespace)


def sweep(store: Store, namespace: str) -> None:
    """Removes a terminating namespace if it is empty by now."""
    shelf: Shelf = store.shelf(NAMESPACES)
    found = shelf.objects.get(("", namespace))
    if found is None or not found.object["metadata"].get("deletionTimestamp"):
        return
    if not any(key[0] == namespace for each in store.shelves for key in each.objects):
        store.remove(shelf, ("", namespace), found.object)
