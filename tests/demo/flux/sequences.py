"""What a watcher saw, reduced to what controllers wrote: per object one list of changes, free of chance.

Hashes become numbers in the order of their first appearance in an object's list, tokens their place among the
requests; times, durations, ports, sizes and temporary folders go.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Changes = list[tuple[str, ...]]

_HASH = re.compile(r"\b[0-9a-f]{40,64}\b|(?<=\+)[0-9a-f]{12}\b")
_MASKED = (
    (re.compile(r"127\.0\.0\.1:\d+|source-controller\.flux-system\.svc\.cluster\.local\."), "HOST"),
    (re.compile(r"(finished|passed) in [0-9hms.µ]+"), r"\1 in D"),
    (re.compile(r"failed after [0-9hms.µ]+"), "failed after D"),
    (re.compile(r"/tmp/kustomization-\d+"), "/tmp/K"),
    (re.compile(r"(kustomize build failed: ).*", re.DOTALL), r"\1…"),
    (re.compile(r"\n\nLast Helm logs:.*", re.DOTALL), "\n\nLast Helm logs:…"),
    (re.compile(r"of size [0-9.]+k?B"), "of size N"),
)
_TIMES = ("firstReconciled", "lastReconciled", "firstDeployed", "lastDeployed", "lastUpdateTime")
_CHANCE = (*_TIMES, "lastReconciledDuration", "lastAttemptedReleaseActionDuration", "digest", "size", "path", "url")
_ARTIFACT = ("revision", "metadata")


def sequences(rows: Sequence[Json], requests: Sequence[Json]) -> dict[str, Changes]:
    """`Kind/name` → what controllers wrote, in order; an object's first state comes first. Events are left out."""
    found: dict[str, Changes] = {}
    last: dict[str, Json] = {}
    words: dict[str, _Words] = {}
    for row in rows:
        obj = row["object"]
        if obj["kind"] == "Event":
            continue
        name = f"{obj['kind']}/{obj['metadata']['name']}"
        word = words.setdefault(name, _Words(name, requests))
        change = _change(last.get(name, {}), obj, word)
        if row["type"] == "DELETED":
            change = ("deleted",)
        if change:
            found.setdefault(name, []).append(change)
        last[name] = obj
    return found


def asked(rows: Sequence[Json], requests: Sequence[Json]) -> dict[str, Changes]:
    """`Kind/name` → what people and tests changed: tokens, specs, deletions."""
    found: dict[str, Changes] = {}
    last: dict[str, Json] = {}
    for row in rows:
        obj = row["object"]
        if obj["kind"] == "Event":
            continue
        name = f"{obj['kind']}/{obj['metadata']['name']}"
        word = _Words(name, requests)
        now = _asked(obj, word)
        before = _asked(last[name], word) if name in last else now
        if before != now:
            found.setdefault(name, []).append(tuple(now))
        last[name] = obj
    return found


def told(rows: Sequence[Json], requests: Sequence[Json]) -> dict[str, Counter[tuple[str, str, str]]]:
    """`Kind/name` → how often each event (type, reason, message) was told, in the order of the first time."""
    events: dict[str, Json] = {}
    for row in rows:
        if row["object"]["kind"] == "Event":
            events[row["object"]["metadata"]["name"]] = row["object"]
    found: dict[str, Counter[tuple[str, str, str]]] = {}
    words: dict[str, _Words] = {}
    for event in events.values():
        about = event["involvedObject"]
        name = f"{about['kind']}/{about['name']}"
        word = words.setdefault(name, _Words(name, requests))
        text = (event["type"], event["reason"], word.plain(event["message"]))
        found.setdefault(name, Counter())[text] += event.get("count", 1)
    return found


class _Words:
    """The masks of one object."""

    def __init__(self, name: str, requests: Sequence[Json]) -> None:
        mine = [each for each in requests if f"{each['ref'].split('/')[0]}/{each['ref'].split('/')[2]}" == name]
        self._tokens = {each["token"]: f"T{number}" for number, each in enumerate(mine)}
        self._hashes: dict[str, str] = {}

    def token(self, text: str) -> str:
        return self._tokens.get(text, "earlier") if text else ""

    def plain(self, text: str) -> str:
        for pattern, instead in _MASKED:
            text = pattern.sub(instead, text)
        return _HASH.sub(self._hash, text)

    def _hash(self, found: re.Match[str]) -> str:
        short = found.group()[:12]
        return self._hashes.setdefault(short, f"#{len(self._hashes) + 1}")


def _asked(obj: Json, word: _Words) -> list[str]:
    meta = obj["metadata"]
    notes = meta.get("annotations") or {}
    tokens = [f"{name}={word.token(value)}" for name, value in sorted(notes.items()) if name.startswith("reconcile.")]
    deleted = ["deleted"] if meta.get("deletionTimestamp") else []
    return [f"generation={meta['generation']}", *tokens, *deleted]


def _change(before: Json, after: Json, word: _Words) -> tuple[str, ...]:
    lines = _conditions(before, after, word)
    old, new = (_status(each, word) for each in (before, after))
    lines += [f"{name} = {new.get(name, 'gone')}" for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    finalizers = [(each.get("metadata") or {}).get("finalizers") for each in (before, after)]
    lines += [f"finalizers = {finalizers[1]}"] if finalizers[0] != finalizers[1] else []
    return tuple(lines)


def _conditions(before: Json, after: Json, word: _Words) -> list[str]:
    old, new = (
        {each["type"]: each for each in (whole.get("status") or {}).get("conditions") or []}
        for whole in (before, after)
    )
    lines = []
    for kind, each in new.items():
        if _said(old.get(kind)) != _said(each):
            text = word.plain(each["message"])
            lines.append(f"{kind}={each['status']}/{each['reason']}@{each['observedGeneration']} {text}")
    lines += [f"no {kind}" for kind in old if kind not in new]
    return [*lines, "order " + ",".join(new)] if list(old) != list(new) else lines


def _said(condition: Json | None) -> list[Any]:
    return (
        []
        if condition is None
        else [condition[name] for name in ("status", "reason", "message", "observedGeneration")]
    )


def _status(obj: Json, word: _Words) -> Mapping[str, str]:
    """The rest of status as flat lines; a missing observed generation is the -1 that real servers fill in."""
    told = {"observedGeneration": -1, **(obj.get("status") or {})} if obj else {}
    lines: dict[str, str] = {}
    for name, value in told.items():
        match name:
            case "conditions":
                continue
            case "history":
                lines[name] = "; ".join(_entry(each, word) for each in value)
            case "artifact":
                lines |= {
                    f"artifact.{part}": word.plain(str(_sorted(value[part]))) for part in _ARTIFACT if part in value
                }
            case "inventory":
                lines[name] = " ".join(each["id"] for each in value["entries"])
            case "lastHandledReconcileAt" | "lastHandledForceAt" | "lastHandledResetAt":
                lines[name] = word.token(value)
            case "lastAttemptedReleaseActionDuration":
                continue
            case _:
                lines[name] = word.plain(str(value))
    return lines


def _entry(each: Json, word: _Words) -> str:
    """One entry of a Kustomization's or a HelmRelease's history, without its times."""
    kept = {name: _sorted(value) for name, value in sorted(each.items()) if name not in _CHANCE}
    return word.plain(" ".join(f"{name}={value}" for name, value in kept.items()))


def _sorted(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, dict) else value
