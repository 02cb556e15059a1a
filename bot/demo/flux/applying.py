"""Putting manifests into the cluster, and taking them out again.

A manifest of a kind that the API server does not serve is only kept in the inventory.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.demo.flux import kinds
from bot.demo.flux.api import Api, NotFound, Refused
from bot.demo.flux.shapes import Json, annotations, clone, difference

_DATA: Final = ("data", "binaryData", "immutable")
_SSA: Final = "kustomize.toolkit.fluxcd.io/reconcile"
_PRUNE: Final = "kustomize.toolkit.fluxcd.io/prune"


@dataclass(frozen=True, slots=True)
class Change:
    """One object of an apply; `action` is created, configured, unchanged, deleted or skipped."""

    manifest: Json
    action: str

    @property
    def subject(self) -> str:
        return subject(self.manifest)


class Rejected(Exception):
    """The API server does not take a manifest; the text is its reason alone."""

    def __init__(self, manifest: Json, text: str) -> None:
        super().__init__(text)
        self.manifest = manifest


def subject(manifest: Json) -> str:
    """`Kind/namespace/name`, without the namespace for what has none."""
    meta = manifest["metadata"]
    return "/".join(part for part in (manifest["kind"], meta.get("namespace", ""), meta["name"]) if part)


def placed(manifests: Iterable[Json], namespace: str, labels: Json, *, only_missing: bool = False) -> list[Json]:
    """Copies with owner labels, in a namespace: all of them, or those that name none."""
    found = []
    for each in manifests:
        manifest = clone(each)
        meta = manifest["metadata"]
        meta["labels"] = {**(meta.get("labels") or {}), **labels}
        if kinds.of(manifest).namespaced and namespace and not (only_missing and meta.get("namespace")):
            meta["namespace"] = namespace
        found.append(manifest)
    return sorted(found, key=lambda each: (each["kind"], subject(each)))


async def apply(api: Api, manifests: Sequence[Json]) -> list[Change]:
    """In order; what came before a refusal stays. Raises Rejected, and ApiError if there is no answer at all."""
    for each in manifests:
        await _check(api, each)
    return [Change(each, await _apply_one(api, each)) for each in manifests]


async def remove(api: Api, entries: Iterable[Json]) -> list[Change]:
    """Deletes what inventory entries name, but for what must not be pruned."""
    gone = []
    for each in entries:
        manifest = parsed(each)
        path = _path(manifest)
        try:
            live = await api.get(path)
            if annotations(live).get(_PRUNE) == "disabled":
                continue
            await api.delete(path)
        except NotFound:
            continue
        gone.append(Change(manifest, "deleted"))
    return gone


def entry(manifest: Json) -> Json:
    """An inventory entry: `namespace_name_group_kind` and the version (docs/flux.md, Inventory and history)."""
    kind = kinds.of(manifest)
    meta = manifest["metadata"]
    name = meta["name"].replace(":", "__")
    return {"id": f"{meta.get('namespace', '')}_{name}_{kind.group}_{kind.name}", "v": kind.version}


def parsed(item: Json) -> Json:
    """What an inventory entry names, as far as it tells."""
    namespace, _, rest = str(item["id"]).partition("_")
    rest, _, kind = rest.rpartition("_")
    name, _, group = rest.rpartition("_")
    version = f"{group}/{item['v']}" if group else str(item["v"])
    meta = {"name": name.replace("__", ":")} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": meta}


async def find(api: Api, manifest: Json) -> Json | None:
    """The object in the cluster, None if there is none."""
    try:
        return await api.get(_path(manifest))
    except NotFound:
        return None


async def _check(api: Api, manifest: Json) -> None:
    """Refuses to change what is immutable before anything is applied, as a dry run does."""
    live = await find(api, manifest)
    if live is None or live.get("immutable") is not True:
        return
    if any(name in manifest and manifest[name] != live.get(name) for name in _DATA):
        name = manifest["metadata"]["name"]
        text = f'{manifest["kind"]} "{name}" is invalid: data: Forbidden: field is immutable when `immutable` is set'
        raise Rejected(manifest, text)


async def _apply_one(api: Api, manifest: Json) -> str:
    live = await find(api, manifest)
    try:
        if live is None:
            await api.create(kinds.of(manifest).collection(manifest["metadata"].get("namespace", "")), manifest)
            return "created"
        if annotations(live).get(_SSA) == "disabled":
            return "skipped"
        change = _missing(live, manifest)
        if not change:
            return "unchanged"
        await api.patch(_path(manifest), change)
    except NotFound:
        return "created"
    except Refused as error:
        if error.code not in (400, 403, 415, 422):
            raise
        raise Rejected(manifest, str(error)) from error
    else:
        return "configured"


def _missing(live: Json, manifest: Json) -> Json:
    """The merge patch that brings the live object to what the manifest says, and leaves the rest alone."""
    wanted = {name: value for name, value in manifest.items() if name != "status"}
    return {name: value for name, value in difference(live, _over(live, wanted)).items() if value is not None}


def _over(live: Json, wanted: Json) -> Json:
    """The live object with everything that is wanted laid over it; a ConfigMap's data are replaced whole."""
    whole = dict(live)
    for name, value in wanted.items():
        old = live.get(name)
        if isinstance(value, dict) and isinstance(old, dict) and name not in ("data", "stringData"):
            whole[name] = _over(old, value)
        else:
            whole[name] = value
    return whole


def _path(manifest: Json) -> str:
    meta = manifest["metadata"]
    return kinds.of(manifest).path((meta.get("namespace", ""), meta["name"]))
