"""A cluster that plays recordings of real Flux: canned answers and canned sequences, no rule of Flux or Kubernetes.

A PATCH is answered with the object and the new annotation; then come the watch events that were recorded after the
same request, with that recording's token replaced by the one that was just sent.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

from bot.core.kinds import KINDS, Kind
from tests.fakes.api_server import APIS, Answer, ApiServer, Asked, Fault, discovery, listing, status
from tests.replay import RECORDINGS

REQUESTED = "reconcile.fluxcd.io/requestedAt"
SOON = 0.01
"""Seconds from a patch to its first event: enough that its answer is on its way before."""
_NAMES = ("Kustomization", "HelmRelease", "GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket")
SERVED = {kind.name: kind for kind in KINDS if kind.name in _NAMES}
DEPLOYMENTS = "/apis/apps/v1/namespaces/flux-system/deployments"

Json = dict[str, Any]
Refusal = Callable[[Asked], Answer | Fault | None]


@dataclass(frozen=True, slots=True)
class Act:
    """What was recorded after one request; `ref` is Kind/namespace/name."""

    ref: str
    token: str
    prev: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A recording, cut at its requests."""

    before: tuple[str, ...]
    acts: tuple[Act, ...]

    @property
    def tail(self) -> tuple[str, ...]:
        """What came after somebody else's request, the last of the recording."""
        return self.acts[-1].lines


def script(recording: str) -> Script:
    """Reads a recording of tests/data/recordings by its name."""
    head, *lines = (RECORDINGS / f"{recording}.jsonl").read_text().splitlines()
    asked = json.loads(head)["requests"]
    starts = [request["ms"] for request in asked]
    parts: list[list[str]] = [[] for _ in range(len(asked) + 1)]
    for line in lines:
        parts[sum(json.loads(line)["ms"] >= start for start in starts)].append(line)
    acts = [
        Act(request["ref"], request["token"], request["prev"], tuple(part))
        for request, part in zip(asked, parts[1:], strict=True)
    ]
    return Script(tuple(parts[0]), tuple(acts))


class Played:
    """Stands behind an `ApiServer`. `since` is the request of the recording before which the curtain rises."""

    def __init__(self, server: ApiServer, recording: str, since: int = 0) -> None:
        self.server = server
        self.script = script(recording)
        self.held = False
        """While set, events wait for `step` or `release`."""
        self.refuse: Refusal = lambda _: None
        """Asked before each patch: what it gets instead of being carried out."""
        self.lose_answers = False
        """While set, patches are carried out and their connections broken off."""
        self.told_at: list[tuple[str, float]] = []
        """Token in the status of each event that was sent, and when, on time.monotonic's clock."""
        self.events: list[Json] = []
        self._sent: dict[str, str] = {}
        """Recorded tokens, and what was sent in their place."""
        self._objects: dict[str, Json] = {}
        self._waiting: deque[tuple[str, Json]] = deque()
        self._version = 1_000
        for line in (*self.script.before, *(line for act in self.script.acts[:since] for line in act.lines)):
            self._keep(json.loads(line))
        server.on(APIS, discovery(*((kind.group, kind.version, kind.plural) for kind in SERVED.values())))
        server.on(DEPLOYMENTS, listing(*(_deployment(name) for name in sorted({kind.controller for kind in KINDS}))))
        for kind in SERVED.values():
            server.on(_path(kind), partial(self._listed, kind))
        for ref in self._objects:
            self._serve(ref)

    @property
    def patches(self) -> list[Asked]:
        return [asked for asked in self.server.asked if asked.method == "PATCH"]

    def tokens(self) -> list[str]:
        """Of every patch, in order."""
        return [json.loads(asked.body)["metadata"]["annotations"][REQUESTED] for asked in self.patches]

    def reads(self) -> list[str]:
        """Paths of what was read besides discovery, lists of Flux's kinds and watches."""
        shared = {APIS, *(_path(kind) for kind in SERVED.values())}
        return [asked.path for asked in self.server.asked if asked.method == "GET" and asked.path not in shared]

    def step(self) -> None:
        """Sends the next event that is held back."""
        self._send(*self._waiting.popleft())

    def waiting(self) -> int:
        return len(self._waiting)

    def release(self) -> None:
        """Sends what is held back, and holds back no more."""
        self.held = False
        while self._waiting:
            self.step()

    def play_tail(self) -> None:
        """Flux goes on by itself: what was recorded after the last request."""
        self._perform(self.script.tail, self._sent)

    # --- answers --------------------------------------------------------------------------------------------------

    def _patched(self, ref: str, asked: Asked) -> Answer | Fault:
        refused = self.refuse(asked)
        if refused is not None:
            return refused
        now = self._copy(ref)
        notes = json.loads(asked.body)["metadata"]["annotations"]
        now["metadata"]["annotations"] = {**now["metadata"].get("annotations", {}), **notes}
        self._put(now)
        act = next((act for act in self.script.acts if act.ref == ref), None)
        if act is not None:
            words = {each.prev: self._handled(each.ref) for each in self.script.acts if each.prev}
            self._sent[act.token] = notes[REQUESTED]
            asyncio.get_running_loop().call_later(SOON, self._perform, act.lines, {**words, **self._sent})
        return Fault.RESET if self.lose_answers else Answer(200, now)

    def _perform(self, lines: tuple[str, ...], words: Mapping[str, str]) -> None:
        for line in lines:
            for recorded, now in words.items():
                if now:
                    line = line.replace(recorded, now)  # noqa: PLW2901
            event = json.loads(line)
            self._waiting.append((event["type"], event["object"]))
        if not self.held:
            self.release()

    def _send(self, type_: str, body: Json) -> None:
        if body["kind"] == "Event":
            self.events.append({**body, "lastTimestamp": datetime.now(UTC).isoformat()})
            self._serve_events(body["metadata"]["namespace"])
            return
        if body["kind"] not in SERVED:
            return
        self._put(body, gone=type_ == "DELETED")
        self.told_at.append((body.get("status", {}).get("lastHandledReconcileAt", ""), monotonic()))
        for stream in self.server.streams:
            if stream.asked.path == _path(SERVED[body["kind"]]) and not stream.closed.is_set():
                stream.send(type_, body)

    # --- objects --------------------------------------------------------------------------------------------------

    def _keep(self, line: Json) -> None:
        body = line["object"]
        if body["kind"] in SERVED:
            self._objects.pop(_ref(body), None)
            if line["type"] != "DELETED":
                self._objects[_ref(body)] = body

    def _put(self, body: Json, *, gone: bool = False) -> None:
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        ref = _ref(body)
        self._objects[ref] = body
        if gone:
            del self._objects[ref]
        self._serve(ref)

    def _serve(self, ref: str) -> None:
        kind, namespace, name = ref.split("/")
        row = SERVED[kind]
        path = f"/apis/{row.group}/{row.version}/namespaces/{namespace}/{row.plural}/{name}"
        gone = ref not in self._objects
        self.server.on(path, status(404, "not found") if gone else Answer(200, self._objects[ref]))
        self.server.on(path, lambda asked: self._patched(ref, asked), method="PATCH")

    def _serve_events(self, namespace: str) -> None:
        here = [event for event in self.events if event["metadata"]["namespace"] == namespace]
        self.server.on(f"/api/v1/namespaces/{namespace}/events", listing(*here))

    def _listed(self, kind: Kind, _: Asked) -> Answer:
        found = [body for body in self._objects.values() if body["kind"] == kind.name]
        return listing(*found, version=str(self._version))

    def _handled(self, ref: str) -> str:
        handled: str = self._objects.get(ref, {}).get("status", {}).get("lastHandledReconcileAt", "")
        return handled

    def _copy(self, ref: str) -> Json:
        copied: Json = json.loads(json.dumps(self._objects[ref]))
        return copied


def _ref(body: Json) -> str:
    return f"{body['kind']}/{body['metadata']['namespace']}/{body['metadata']['name']}"


def _path(kind: Kind) -> str:
    return f"/apis/{kind.group}/{kind.version}/{kind.plural}"


def _deployment(name: str) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "manager", "image": f"{name}:v1"}]}}},
        "status": {"availableReplicas": 1},
    }
