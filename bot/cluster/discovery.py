"""Which version of each kind a cluster serves (docs/kubernetes.md, "Discovery")."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from bot.clock import Clock
from bot.cluster.calls import Call
from bot.cluster.client import Api
from bot.cluster.errors import Missing
from bot.cluster.wire import read
from bot.core.errors import ClusterError, Forbidden
from bot.core.kinds import KINDS, Kind

_ACCEPT: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
_AT_MOST_EVERY: Final = timedelta(seconds=10)
_GROUPS: Final = frozenset(kind.group for kind in KINDS)


class _Named(Struct):
    name: str | None = None


class _Resource(Struct):
    resource: str | None = None


class _Version(Struct):
    version: str | None = None
    resources: tuple[_Resource, ...] | None = None


class _Group(Struct):
    """A group, in the shape of aggregated discovery (`metadata`) and of the old one (`name`)."""

    metadata: _Named | None = None
    name: str | None = None
    versions: tuple[_Version, ...] | None = None


class _Groups(Struct):
    kind: str | None = None
    items: tuple[_Group, ...] | None = None
    groups: tuple[_Group, ...] | None = None


class _Resources(Struct):
    resources: tuple[_Named, ...] | None = None


Table = Mapping[tuple[str, str], tuple[str, ...]]
"""Group and plural → the versions that serve it, the server's favourite first."""


class Discovery:
    """Asked once, and again when a kind was not there; one question at a time."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._lock = asyncio.Lock()
        self._table: Table | None = None
        self._open = False
        """We may not ask: every kind is taken to be served as its row says."""
        self._asked_at: datetime | None = None
        self._questions = 0
        self._failure: ClusterError | None = None

    async def api_version(self, kind: Kind) -> str | None:
        """`group/version` to use for the kind; None when the cluster does not serve it. Raises ClusterError."""
        if (found := self._found(kind)) is not None:
            return found
        asked_before = self._questions
        async with self._lock:
            if self._questions == asked_before:
                await self._ask()
            elif self._failure is not None:
                # Asked while we waited: its failure is ours, or a queue would form behind a dead server.
                raise self._failure
            return self._found(kind)

    async def served(self) -> tuple[tuple[Kind, tuple[str, ...]], ...]:
        """Flux's kinds that are served, with their versions. Raises ClusterError, Forbidden where we may not ask."""
        async with self._lock:
            await self._ask()
        if self._open:
            raise Forbidden(
                self._api.cluster, f"{self._api.cluster}: the bot may not ask what is served", "get /apis"
            )
        table = self._table or {}
        found = ((kind, table.get((kind.group, kind.plural), ())) for kind in KINDS)
        return tuple((kind, versions) for kind, versions in found if versions)

    def forget(self, kind: Kind) -> None:
        """The kind's path turned out to be gone: ask again before its next use."""
        if self._table is not None:
            self._table = {where: found for where, found in self._table.items() if where != (kind.group, kind.plural)}

    def _found(self, kind: Kind) -> str | None:
        if self._open:
            return kind.api_version
        versions = self._table.get((kind.group, kind.plural), ()) if self._table is not None else ()
        if not versions:
            return None
        return kind.api_version if kind.version in versions else f"{kind.group}/{versions[0]}"

    async def _ask(self) -> None:
        now = self._clock.now()
        if self._asked_at is not None and now < self._asked_at + _AT_MOST_EVERY:
            return
        try:
            body = await self._api.get(Call("GET", "/apis", "get /apis", accept=_ACCEPT))
            self._table, self._open = await self._tabulate(body), False
        except (Forbidden, Missing):
            self._open = True
        except ClusterError as error:
            self._failure = error
            raise
        finally:
            self._questions += 1
        self._asked_at, self._failure = now, None

    async def _tabulate(self, body: bytes) -> Table:
        answer = read(body, _Groups) or _Groups()
        if answer.kind == "APIGroupDiscoveryList":
            return _aggregated(answer.items or ())
        table: dict[tuple[str, str], tuple[str, ...]] = {}
        for group in answer.groups or ():
            if group.name in _GROUPS:
                for version in group.versions or ():
                    for plural in await self._plurals(group.name, version.version or ""):
                        _add(table, group.name, plural, version.version or "")
        return table

    async def _plurals(self, group: str, version: str) -> tuple[str, ...]:
        try:
            body = await self._api.get(Call("GET", f"/apis/{group}/{version}", f"get /apis/{group}"))
        except (Forbidden, Missing):
            return ()
        found = (read(body, _Resources) or _Resources()).resources or ()
        return tuple(each.name for each in found if each.name)


def _aggregated(groups: tuple[_Group, ...]) -> Table:
    table: dict[tuple[str, str], tuple[str, ...]] = {}
    for group in groups:
        name = group.metadata.name if group.metadata is not None else None
        if name not in _GROUPS:
            continue
        for version in group.versions or ():
            for each in version.resources or ():
                _add(table, name or "", each.resource or "", version.version or "")
    return table


def _add(table: dict[tuple[str, str], tuple[str, ...]], group: str, plural: str, version: str) -> None:
    # Versions become part of paths.
    if version.isascii() and version.isalnum():
        table[(group, plural)] = (*table.get((group, plural), ()), version)
