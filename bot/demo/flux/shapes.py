"""Raw Kubernetes objects, and what every controller reads of them."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]
Key = tuple[str, str]
"""Namespace and name."""

REQUESTED: Final = "reconcile.fluxcd.io/requestedAt"
FORCED: Final = "reconcile.fluxcd.io/forceAt"
RESET: Final = "reconcile.fluxcd.io/resetAt"
FINALIZER: Final = "finalizers.fluxcd.io"
NEVER: Final = -1
"""The observed generation of an object that no controller has run over."""


def clone(value: Any) -> Any:
    """A copy of JSON that shares nothing with it."""
    if isinstance(value, dict):
        return {name: clone(each) for name, each in value.items()}
    if isinstance(value, list):
        return [clone(each) for each in value]
    return value


def key(obj: Json) -> Key:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def shown(place: Key) -> str:
    """`namespace/name`."""
    return "/".join(place)


def annotations(obj: Json) -> Mapping[str, str]:
    found: Mapping[str, str] = obj["metadata"].get("annotations") or {}
    return found


def requested(obj: Json) -> str:
    """The token of the annotation; empty without one."""
    return annotations(obj).get(REQUESTED, "")


def handled(obj: Json) -> str:
    """The token that the status repeats; empty without one."""
    return str(status(obj).get("lastHandledReconcileAt", ""))


def status(obj: Json) -> Json:
    """The status, which is there afterwards and may be changed."""
    found: Json = obj.setdefault("status", {})
    return found


def spec(obj: Json) -> Json:
    found: Json = obj.get("spec") or {}
    return found


def generation(obj: Json) -> int:
    return int(obj["metadata"].get("generation", 1))


def observed(obj: Json) -> int:
    return int(status(obj).get("observedGeneration", NEVER))


def suspended(obj: Json) -> bool:
    return spec(obj).get("suspend") is True


def deleting(obj: Json) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def has_finalizer(obj: Json) -> bool:
    return FINALIZER in (obj["metadata"].get("finalizers") or [])


def add_finalizer(obj: Json) -> None:
    obj["metadata"]["finalizers"] = [*(obj["metadata"].get("finalizers") or []), FINALIZER]


def remove_finalizer(obj: Json) -> None:
    rest = [each for each in obj["metadata"].get("finalizers") or [] if each != FINALIZER]
    obj["metadata"]["finalizers"] = rest


def artifact(obj: Json) -> Json | None:
    """The artifact of a source, None without one."""
    found: Json | None = status(obj).get("artifact")
    return found


def difference(before: Any, after: Any) -> Json:
    """The merge patch (RFC 7386) that turns one JSON object into the other; lists are replaced whole."""
    patch: Json = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            if inner := difference(old, value):
                patch[name] = inner
        elif value != old or name not in before:
            patch[name] = value
    return patch
