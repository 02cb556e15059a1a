"""Clusters as the flows know them: bot.ports.Cluster and bot.ports.Clusters over the Kubernetes API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.clock import Clock
from bot.cluster.calls import FIELD_MANAGER, READ_SECONDS, WRITE_SECONDS, Call, Query, resource_path
from bot.cluster.client import Api
from bot.cluster.credentials import ClusterSpec
from bot.cluster.decode import snapshot
from bot.cluster.discovery import Discovery
from bot.cluster.errors import Expired, Missing, unreachable
from bot.cluster.reflector import PAGE, Jitter, Reflector
from bot.cluster.surroundings import FLUX_LABEL, allowed, controller, controllers, events, git_version, next_page
from bot.cluster.transport import Connect, HttpTransport
from bot.cluster.wire import FORCED, REQUESTED, RESET, Page, read
from bot.core.errors import Forbidden, Rejected, Unreachable
from bot.core.health import Right
from bot.core.kinds import Kind
from bot.core.requests import Ask
from bot.core.resources import Absent, Controller, Event, Ref, Snapshot
from bot.ports import Cached, Follow, Telemetry

_EVENT_PAGES: Final = 4
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class KubernetesCluster:
    """One cluster; see bot.ports.Cluster for what each method promises. `run` keeps the caches."""

    def __init__(
        self,
        spec: ClusterSpec,
        clock: Clock,
        telemetry: Telemetry,
        jitter: Jitter | None = None,
        connect: Connect = HttpTransport,
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._api = Api(spec, clock, telemetry, jitter, connect)
        self._discovery = Discovery(self._api, clock)
        self._installed: tuple[Controller, ...] = ()
        self._installed_at = _NEVER
        self._reflectors: dict[tuple[Kind, str | None], Reflector] = {
            (kind, namespace): Reflector(self._api, self._discovery, clock, telemetry, kind, namespace, jitter)
            for kind in spec.kinds
            for namespace in (spec.namespaces or (None,))
        }

    @property
    def name(self) -> str:
        return self._spec.name

    @property
    def frozen(self) -> str:
        return self._spec.frozen

    async def run(self) -> None:
        """Watches every kind until cancelled; ends otherwise only by a bug, which it raises."""
        async with asyncio.TaskGroup() as group:
            for (kind, namespace), reflector in self._reflectors.items():
                place = f" in {namespace}" if namespace is not None else ""
                group.create_task(reflector.run(), name=f"watch of {kind.plural}{place}, {self.name}")

    async def close(self) -> None:
        """Closes every connection, after `run` was cancelled."""
        await self._api.close()

    async def synced(self) -> None:
        """Returns once every kind was listed or found not to be served."""
        for reflector in self._reflectors.values():
            await reflector.synced.wait()

    def trouble(self) -> tuple[str, ...]:
        """Why it is not ready, a line per kind; empty when every watch works. For probes."""
        return tuple(
            f"{kind.plural}: {reflector.outage.why if reflector.outage is not None else 'not listed yet'}"
            for (kind, _), reflector in self._reflectors.items()
            if reflector.outage is not None or not reflector.synced.is_set()
        )

    # Reading

    async def get(self, ref: Ref) -> Snapshot | Absent:
        reflector = self._reflector(ref.kind, ref.namespace)
        if reflector is not None and self._fresh(reflector):
            return reflector.get(ref)
        found = await self.read(ref)
        return found.brief() if isinstance(found, Snapshot) else found

    async def read(self, ref: Ref) -> Snapshot | Absent:
        try:
            async with self._within(READ_SECONDS):
                path = await self._path(ref.kind, ref.namespace, ref.name)
                body = await self._api.get(Call("GET", path, f"get {ref.kind.plural}"))
        except Missing:
            return Absent(ref)
        return self._decoded(body, ref)

    def cached(self, kind: Kind) -> Cached | None:
        chosen = self._covering(kind, None)
        dead = self._api.budget.seems_dead
        if not chosen or dead or any(not each.synced.is_set() or each.outage is not None for each in chosen):
            return None
        objects = tuple(each for reflector in chosen for each in reflector.all())
        return Cached(objects, sum(reflector.changes for reflector in chosen))

    async def serves(self, kind: Kind) -> bool:
        async with self._within(READ_SECONDS):
            return await self._discovery.api_version(kind) is not None

    async def has_namespace(self, name: str) -> bool:
        try:
            path = resource_path(self.name, "v1", None, "namespaces", name)
            await self._api.get(Call("GET", path, "get namespaces"))
        except Missing:
            return False
        except Forbidden:
            return True
        return True

    def follow(self, ref: Ref) -> AbstractAsyncContextManager[Follow]:
        reflector = self._reflector(ref.kind, ref.namespace)
        if reflector is None:
            raise Rejected(self.name, f"{self.name}: the bot does not watch {ref.kind.plural} in {ref.namespace}")
        if not reflector.served:
            reflector.wake()
        return reflector.follow(ref)

    # Writing

    async def request(self, ask: Ask) -> Snapshot:
        if self.frozen:
            raise Rejected(self.name, f"{self.name}: this bot must only read there")
        async with self._within(READ_SECONDS):
            path = await self._path(ask.ref.kind, ask.ref.namespace, ask.ref.name)
        notes = {REQUESTED: ask.token}
        if ask.force:
            notes[FORCED] = ask.token
        if ask.reset:
            notes[RESET] = ask.token
        call = Call(
            "PATCH",
            path,
            f"patch {ask.ref.kind.plural}",
            query=(("fieldManager", FIELD_MANAGER),),
            body={"metadata": {"annotations": notes}},
            seconds=WRITE_SECONDS,
        )
        answer = snapshot(await self._api.patch(call), self.name, ask.ref.kind, full=True)
        if answer is None or answer.ref != ask.ref:
            # It was accepted; only what it says is of no use.
            raise Unreachable(self.name, f"{self.name}: the answer to the patch cannot be read")
        return answer

    # Surroundings

    async def events(self, ref: Ref, since: datetime) -> tuple[Event, ...]:
        chosen = (
            f"involvedObject.kind={ref.kind.name}",
            f"involvedObject.namespace={ref.namespace}",
            f"involvedObject.name={ref.name}",
        )
        query = (("fieldSelector", ",".join(chosen)), ("limit", str(PAGE)))
        found: list[Event] = []
        token = ""
        try:
            # The path checks the names, so that none can widen the selector.
            resource_path(self.name, "v1", ref.namespace, "events", ref.name)
            path = resource_path(self.name, "v1", ref.namespace, "events")
            async with self._within(READ_SECONDS):
                for _ in range(_EVENT_PAGES):
                    body = await self._api.get(Call("GET", path, "list events", _paged(query, token)))
                    found += events(body, ref, since)
                    token = next_page(body)
                    if not token:
                        break
        except (Forbidden, Missing, Expired):
            pass
        return tuple(sorted(found, key=lambda each: each.at))

    async def controller(self, kind: Kind, within: timedelta = timedelta(0)) -> Controller | Absent | None:
        if self._clock.now() - self._installed_at < within:
            known = controller(self._installed, self.name, kind, self.flux_namespace)
            if isinstance(known, Controller) and known.replicas:
                return known
        try:
            found = controllers(await self._deployments(), self.flux_namespace)
        except (Forbidden, Missing):
            return None
        self._installed, self._installed_at = found, self._clock.now()
        return controller(found, self.name, kind, self.flux_namespace)

    async def _deployments(self) -> bytes:
        path = resource_path(self.name, "apps/v1", self.flux_namespace, "deployments")
        query = (("labelSelector", FLUX_LABEL), ("limit", str(PAGE)))
        return await self._api.get(Call("GET", path, "list deployments", query))

    # What `check` asks

    @property
    def flux_namespace(self) -> str:
        return self._spec.flux_namespace

    async def installed(self) -> tuple[Controller, ...]:
        found = controllers(await self._deployments(), self.flux_namespace)
        return tuple(sorted(found, key=lambda each: each.name))

    async def version(self) -> str:
        return git_version(await self._api.get(Call("GET", "/version", "get /version")))

    async def served(self) -> tuple[tuple[Kind, tuple[str, ...]], ...]:
        async with self._within(READ_SECONDS):
            return await self._discovery.served()

    async def may(self, right: Right) -> bool:
        own = (right.namespace,) if right.namespace else self._spec.namespaces
        places = ("",) if right.plural == "namespaces" else own or ("",)
        async with self._within(READ_SECONDS):
            return all([await self._may(right, place) for place in places])

    async def _may(self, right: Right, namespace: str) -> bool:
        asked = {"verb": right.verb, "group": right.group, "resource": right.plural, "namespace": namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return allowed(await self._api.get(Call("POST", path, "create selfsubjectaccessreviews", body=body)))

    async def _list_anew(self, kind: Kind, namespace: str | None) -> tuple[Snapshot, ...]:
        path = await self._path(kind, namespace)
        found: list[Snapshot] = []
        token = ""
        while True:
            query = _paged((("limit", str(PAGE)),), token)
            body = await self._api.get(Call("GET", path, f"list {kind.plural}", query))
            page = read(body, Page) or Page()
            decoded = (snapshot(raw, self.name, kind, full=False) for raw in page.items or ())
            found += (each for each in decoded if each is not None)
            token = next_page(body)
            if not token:
                return tuple(found)

    @asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        """Several calls together have the time of one."""
        try:
            async with self._clock.timeout(seconds):
                yield
        except TimeoutError as error:
            raise unreachable(self.name, error) from error

    def _fresh(self, reflector: Reflector) -> bool:
        """Of a cluster that seems dead no cache is good: what is asked for next would not arrive there either."""
        return reflector.fresh and not self._api.budget.seems_dead

    def _reflector(self, kind: Kind, namespace: str) -> Reflector | None:
        return self._reflectors.get((kind, namespace if self._spec.namespaces else None))

    def _covering(self, kind: Kind, namespace: str | None) -> tuple[Reflector, ...]:
        """The reflectors that hold what is asked for; empty when none does."""
        if namespace is not None:
            one = self._reflector(kind, namespace)
            return () if one is None else (one,)
        return tuple(reflector for (each, _), reflector in self._reflectors.items() if each == kind)

    async def _path(self, kind: Kind, namespace: str | None, name: str | None = None) -> str:
        api_version = await self._discovery.api_version(kind)
        if api_version is None:
            raise Missing(self.name, f"{self.name} serves no {kind.name}")
        return resource_path(self.name, api_version, namespace, kind.plural, name)

    def _decoded(self, body: bytes, ref: Ref) -> Snapshot:
        found = snapshot(body, self.name, ref.kind, full=True)
        if found is None or found.ref != ref:
            raise Rejected(self.name, f"{self.name}: the answer to `get {ref.kind.plural}` cannot be read")
        return found

    # Last, since it hides the type of its name from the signatures after it

    async def list(self, kind: Kind, namespace: str | None = None) -> tuple[Snapshot, ...]:
        chosen = self._covering(kind, namespace)
        if chosen and all(map(self._fresh, chosen)):
            found = [each for reflector in chosen for each in reflector.all()]
            return _in_order(each for each in found if namespace in (None, each.ref.namespace))
        try:
            async with self._within(READ_SECONDS):
                places = [namespace] if namespace is not None else [*(self._spec.namespaces or (None,))]
                return _in_order([each for place in places for each in await self._list_anew(kind, place)])
        except Missing:
            return ()


def _paged(query: Query, token: str) -> Query:
    return (*query, ("continue", token)) if token else query


def _in_order(found: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    return tuple(sorted(found, key=lambda each: (each.ref.namespace, each.ref.name)))


class KubernetesClusters:
    """All clusters of this process, by name. They share nothing, so that a dead one slows none of the others."""

    def __init__(self, clusters: Iterable[KubernetesCluster]) -> None:
        self._clusters = {cluster.name: cluster for cluster in clusters}

    def names(self) -> tuple[str, ...]:
        return tuple(self._clusters)

    def get(self, name: str) -> KubernetesCluster | None:
        return self._clusters.get(name)

    async def run(self) -> None:
        """Watches all of them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for cluster in self._clusters.values():
                group.create_task(cluster.run(), name=f"cluster {cluster.name}")

    async def close(self) -> None:
        for cluster in self._clusters.values():
            await cluster.close()


def open_clusters(specs: Iterable[ClusterSpec], clock: Clock, telemetry: Telemetry) -> KubernetesClusters:
    """The clusters as described; nothing is read or connected until the first call. Raises ValueError when two have
    the same name."""
    clusters = [KubernetesCluster(spec, clock, telemetry) for spec in specs]
    names = [cluster.name for cluster in clusters]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two clusters are called {', '.join(twice)}")
    return KubernetesClusters(clusters)
