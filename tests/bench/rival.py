"""A client that does what the flux CLI does (docs/bench.md, "The flux CLI beside it"), in a process of its own.

Per stage: a GET of the object, a GET of its metadata, a PATCH of the annotation; then a GET at once and one every
2 seconds, until the token was handled and the object is ready by the CLI's own rule. Its discovery is not counted.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

import aiohttp

from tests.bench.answering import answering, tell

Json = dict[str, Any]

POLL: Final = 2.0
"""Seconds."""
REQUESTED: Final = "reconcile.fluxcd.io/requestedAt"
_METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json"
"""The simulator knows no metadata alone and answers with the whole object."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One object reconciled: when it was asked for, when the client knew its end, and how many requests it sent."""

    patched_at: float
    known_at: float
    reads: int
    writes: int

    def as_json(self) -> Json:
        return {
            "patched_at": self.patched_at,
            "known_at": self.known_at,
            "reads": self.reads,
            "writes": self.writes,
        }


class Rival:
    """Talks to one API server."""

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession, poll: float = POLL) -> None:
        self._url = url
        self._poll = poll
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "flux-cli-alike"}
        self._session = session

    async def reconcile(self, path: str, seconds: float = 600.0) -> Stage:
        """Asks and waits. TimeoutError where the CLI would say so."""
        found = await self._get(path)
        before = found.get("status", {}).get("lastHandledReconcileAt", "")
        await self._get(path, _METADATA)
        token = datetime.now(UTC).isoformat()
        await self._patch(path, {"metadata": {"annotations": {REQUESTED: token}}})
        patched_at, reads = monotonic(), 2
        async with asyncio.timeout(seconds):
            while True:
                found = await self._get(path)
                reads += 1
                if _done(found, before):
                    return Stage(patched_at, monotonic(), reads, 1)
                await asyncio.sleep(self._poll)

    async def answer(self, asked: Json) -> Json:
        """The stages of one command, one after the other."""
        return {"stages": [(await self.reconcile(path)).as_json() for path in asked["paths"]]}

    async def _get(self, path: str, accept: str = "application/json") -> Json:
        async with self._session.get(self._url + path, headers={**self._headers, "Accept": accept}) as answer:
            answer.raise_for_status()
            found: Json = await answer.json()
            return found

    async def _patch(self, path: str, body: Json) -> None:
        headers = {**self._headers, "Content-Type": "application/merge-patch+json"}
        async with self._session.patch(self._url + path, data=json.dumps(body), headers=headers) as answer:
            answer.raise_for_status()
            await answer.read()


def _done(obj: Json, before: str) -> bool:
    """The CLI's rule: another token than before, and kstatus calls it current."""
    status = obj.get("status", {})
    if status.get("lastHandledReconcileAt", "") == before:
        return False
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    current = status.get("observedGeneration") == obj["metadata"]["generation"]
    return current and conditions.get("Reconciling") != "True" and conditions.get("Ready") == "True"


async def serve(order: Json) -> None:
    tls = ssl.create_default_context(cafile=order["authority"]) if order.get("authority") else True
    connector = aiohttp.TCPConnector(ssl=tls, limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        tell("up")
        await answering(Rival(order["url"], order["token"], session, order["poll"]).answer)


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
