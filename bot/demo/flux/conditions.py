"""Conditions as Flux's own setter keeps them (docs/flux.md, Kinds; recordings).

`lastTransitionTime` moves with status, reason or message, in whole seconds. The order is Stalled, Reconciling, Ready,
then the highest observed generation, then the type.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from bot.demo.flux.shapes import Json, generation, status

READY: Final = "Ready"
RECONCILING: Final = "Reconciling"
STALLED: Final = "Stalled"
HEALTHY: Final = "Healthy"
RELEASED: Final = "Released"
REMEDIATED: Final = "Remediated"
TESTED: Final = "TestSuccess"
FETCH_FAILED: Final = "FetchFailed"
STORAGE_FAILED: Final = "StorageOperationFailed"
OUTDATED: Final = "ArtifactOutdated"
IN_STORAGE: Final = "ArtifactInStorage"
BUILD_FAILED: Final = "BuildFailed"

PROGRESSING: Final = "Progressing"
RETRY: Final = "ProgressingWithRetry"
SUCCEEDED: Final = "Succeeded"

_FIRST: Final[Mapping[str, int]] = {STALLED: 0, RECONCILING: 1, READY: 2}
_LONGEST: Final = 32_768


def stamp(moment: datetime) -> str:
    """RFC 3339 in whole seconds, as Kubernetes writes times."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def all_of(obj: Json) -> list[Json]:
    found: list[Json] = status(obj).get("conditions") or []
    return found


def find(obj: Json, kind: str) -> Json:
    """The condition of that type, or an empty object."""
    return next((each for each in all_of(obj) if each["type"] == kind), {})


def state(obj: Json, kind: str = READY) -> str:
    """True, False, Unknown, or nothing."""
    return str(find(obj, kind).get("status", ""))


def reason(obj: Json, kind: str = READY) -> str:
    return str(find(obj, kind).get("reason", ""))


def message(obj: Json, kind: str = READY) -> str:
    return str(find(obj, kind).get("message", ""))


def put(obj: Json, now: datetime, kind: str, value: str, why: str, text: str) -> None:
    """Sets one condition at the object's generation."""
    fresh = {"type": kind, "status": value, "reason": why, "message": text[:_LONGEST]}
    old = find(obj, kind)
    same = all(old.get(name) == fresh[name] for name in fresh)
    when = old["lastTransitionTime"] if same else stamp(now)
    rest = [each for each in all_of(obj) if each["type"] != kind]
    whole = {**fresh, "observedGeneration": generation(obj), "lastTransitionTime": when}
    status(obj)["conditions"] = sorted([*rest, whole], key=_order)


def drop(obj: Json, *kinds: str) -> None:
    """Takes conditions away; without any the field goes."""
    found = all_of(obj)
    rest = [each for each in found if each["type"] not in kinds]
    if len(rest) < len(found):
        status(obj)["conditions"] = rest


def merged(before: Json, after: Json, latest: Json, now: datetime) -> list[Json] | None:
    """The latest conditions of the server with our changes between two states put into them; None without a change.

    Flux reads the object anew for this patch, so what it sets carries the newest generation, even when the run
    itself works on an older one.
    """
    changed = [each for each in all_of(after) if find(before, each["type"]) != each]
    gone = [each["type"] for each in all_of(before) if not find(after, each["type"])]
    if not changed and not gone:
        return None
    target: Json = {"metadata": latest["metadata"], "status": {"conditions": list(all_of(latest))}}
    for each in changed:
        put(target, now, each["type"], each["status"], each["reason"], each["message"])
    drop(target, *gone)
    return all_of(target)


def first_of(obj: Json, kinds: Iterable[str]) -> Json:
    """The first of these types that the object has, or an empty object."""
    return next((found for kind in kinds if (found := find(obj, kind))), {})


def _order(condition: Json) -> tuple[int, int, str]:
    kind = condition["type"]
    if kind in _FIRST:
        return _FIRST[kind], 0, kind
    return len(_FIRST), -int(condition.get("observedGeneration", 0)), kind
