"""Flux objects as rows of the clusters' table: what stands in them, in Flux's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.core.kinds import ASKABLE, Kind

Json = dict[str, Any]

SHOWN: Final[tuple[Kind, ...]] = ASKABLE
"""The kinds of the table, in its order."""
_REQUESTED: Final = "reconcile.fluxcd.io/requestedAt"
_LATER: Final = "ProgressingWithRetry"
_LONGEST: Final = 2_000
"""Characters of a message that are worth a look."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which object a row is of."""

    cluster: str
    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> str:
        """The row's key among the entries of the page."""
        return f"object/{self.cluster}/{self.kind}/{self.namespace}/{self.name}"


def place_of(cluster: str, obj: Json) -> Place:
    """The object's place."""
    meta = obj["metadata"]
    return Place(cluster, str(obj["kind"]), str(meta.get("namespace", "")), str(meta["name"]))


def row(place: Place, obj: Json) -> dict[str, object]:
    """The object's row. Times are RFC 3339 in UTC, as the object has them; None where it says nothing."""
    status = _object(obj.get("status"))
    ready = _condition(status, "Ready")
    return {
        "cluster": place.cluster,
        "kind": place.kind,
        "short": next((kind.short for kind in SHOWN if kind.name == place.kind), place.kind.lower()),
        "order": next((number for number, kind in enumerate(SHOWN) if kind.name == place.kind), len(SHOWN)),
        "namespace": place.namespace,
        "name": place.name,
        "suspended": _object(obj.get("spec")).get("suspend") is True,
        "ready": ready.get("status"),
        "reason": ready.get("reason"),
        "message": str(ready.get("message") or "")[:_LONGEST],
        "busy": _busy(obj, status),
        "revision": _revision(place.kind, status),
        "since": ready.get("lastTransitionTime"),
        "created": obj["metadata"].get("creationTimestamp"),
    }


def _busy(obj: Json, status: Json) -> bool:
    """Whether Flux is at it. An object that it only tries again later says Reconciling, too."""
    reconciling = _condition(status, "Reconciling")
    if reconciling.get("status") == "True" and reconciling.get("reason") != _LATER:
        return True
    asked = _object(obj["metadata"].get("annotations")).get(_REQUESTED)
    suspended = _object(obj.get("spec")).get("suspend") is True
    return asked is not None and asked != status.get("lastHandledReconcileAt") and bool(status) and not suspended


def _revision(kind: str, status: Json) -> str | None:
    """What was applied or fetched last."""
    if kind == "HelmRelease":
        history = status.get("history")
        newest = _object(history[0]) if isinstance(history, list) and history else {}
        version = newest.get("chartVersion")
        return str(version) if version else None
    artifact = _object(status.get("artifact"))
    found = status.get("lastAppliedRevision") or artifact.get("revision")
    return str(found) if found else None


def _condition(status: Mapping[str, Any], kind: str) -> Json:
    listed = status.get("conditions")
    found = [_object(each) for each in listed] if isinstance(listed, list) else []
    return next((each for each in found if each.get("type") == kind), {})


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
