"""A small client of the Kubernetes API for tests: plain requests, and waiting by watch.

It shares no code with the bot, so that it can judge it. Rules of the protocol: docs/kubernetes.md.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

Object = dict[str, Any]

REQUESTED = "reconcile.fluxcd.io/requestedAt"
FORCED = "reconcile.fluxcd.io/forceAt"
RESET = "reconcile.fluxcd.io/resetAt"

KINDS: Mapping[str, tuple[str, str]] = {
    "GitRepository": ("source.toolkit.fluxcd.io/v1", "gitrepositories"),
    "OCIRepository": ("source.toolkit.fluxcd.io/v1", "ocirepositories"),
    "Bucket": ("source.toolkit.fluxcd.io/v1", "buckets"),
    "HelmRepository": ("source.toolkit.fluxcd.io/v1", "helmrepositories"),
    "HelmChart": ("source.toolkit.fluxcd.io/v1", "helmcharts"),
    "ExternalArtifact": ("source.toolkit.fluxcd.io/v1", "externalartifacts"),
    "Kustomization": ("kustomize.toolkit.fluxcd.io/v1", "kustomizations"),
    "HelmRelease": ("helm.toolkit.fluxcd.io/v2", "helmreleases"),
    "Receiver": ("notification.toolkit.fluxcd.io/v1", "receivers"),
    "Alert": ("notification.toolkit.fluxcd.io/v1beta3", "alerts"),
    "Provider": ("notification.toolkit.fluxcd.io/v1beta3", "providers"),
}
FLUX_KINDS = tuple(KINDS)
_OTHERS: Mapping[str, tuple[str, str]] = {
    "Namespace": ("v1", "namespaces"),
    "ConfigMap": ("v1", "configmaps"),
    "Secret": ("v1", "secrets"),
    "Event": ("v1", "events"),
    "Deployment": ("apps/v1", "deployments"),
    "CustomResourceDefinition": ("apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "ClusterRole": ("rbac.authorization.k8s.io/v1", "clusterroles"),
    "ClusterRoleBinding": ("rbac.authorization.k8s.io/v1", "clusterrolebindings"),
    "Role": ("rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("rbac.authorization.k8s.io/v1", "rolebindings"),
}
_WHERE = {**KINDS, **_OTHERS}


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an API server: its URL, the TLS context (None for plain HTTP) and a bearer token, if any."""

    server: str
    tls: ssl.SSLContext | None
    token: str | None


@dataclass(frozen=True, slots=True)
class Ref:
    """One object; an empty namespace for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)

    @classmethod
    def of(cls, obj: Object) -> "Ref":
        return cls(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


class ApiError(Exception):
    """The server refused; ``status`` is the HTTP code."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


def api_version(kind: str) -> str:
    return _WHERE[kind][0]


def plural(kind: str) -> str:
    return _WHERE[kind][1]


def collection(kind: str, namespace: str = "") -> str:
    """The path of a kind's collection, of one namespace or of the whole cluster."""
    version, name = _WHERE[kind]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{namespace}/{name}" if namespace else f"{root}/{name}"


def path(ref: Ref) -> str:
    return f"{collection(ref.kind, ref.namespace)}/{ref.name}"


class Api:
    """Open for one event loop: ``async with Api(access) as api``. Every refusal is an ApiError."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._access.token}"} if self._access.token else {}
        tls: ssl.SSLContext | bool = True if self._access.tls is None else self._access.tls
        self._session = aiohttp.ClientSession(
            base_url=self._access.server,
            headers=headers,
            connector=aiohttp.TCPConnector(ssl=tls, limit=0),
            timeout=aiohttp.ClientTimeout(total=30),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        where: str,
        body: Object | None = None,
        *,
        content_type: str = "application/json",
        options: Mapping[str, str] | None = None,
    ) -> Object:
        """One request; ``options`` are query parameters."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type} if data is not None else {}
        async with self._open.request(method, where, data=data, headers=headers, params=options) as response:
            text = await response.text()
            if response.status >= 400:
                raise _error(response.status, text)
            answer: Object = json.loads(text)
            return answer

    async def get(self, ref: Ref) -> Object:
        return await self.call("GET", path(ref))

    async def find(self, ref: Ref) -> Object | None:
        """The object, or None if there is none."""
        try:
            return await self.get(ref)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def collect(self, kind: str, namespace: str = "", **options: str) -> Object:
        return await self.call("GET", collection(kind, namespace), options=options)

    async def create(self, obj: Object) -> Object:
        """POSTs; ``apiVersion`` is filled in from the kind."""
        whole = {"apiVersion": api_version(obj["kind"]), **obj}
        return await self.call("POST", collection(obj["kind"], obj["metadata"].get("namespace", "")), whole)

    async def apply(self, obj: Object) -> Object:
        """Server-side apply, so that a second run finds its own objects."""
        whole = {"apiVersion": api_version(obj["kind"]), **obj}
        return await self.call(
            "PATCH",
            path(Ref.of(whole)),
            whole,
            content_type="application/apply-patch+yaml",
            options={"fieldManager": "flux-reconcile-bot-tests", "force": "true"},
        )

    async def patch(self, ref: Ref, body: Object, *, subresource: str = "") -> Object:
        """A merge patch of the object or of one of its subresources, such as ``status``."""
        where = path(ref) + (f"/{subresource}" if subresource else "")
        return await self.call("PATCH", where, body, content_type="application/merge-patch+json")

    async def annotate(self, ref: Ref, **annotations: str | None) -> Object:
        return await self.patch(ref, {"metadata": {"annotations": annotations}})

    async def request(self, ref: Ref, token: str, *, force: bool = False, reset: bool = False) -> Object:
        """Asks for a reconcile as docs/flux.md has it: every annotation with the same token, in one patch."""
        wanted = {REQUESTED: token} | ({FORCED: token} if force else {}) | ({RESET: token} if reset else {})
        return await self.annotate(ref, **wanted)

    async def delete(self, ref: Ref) -> None:
        await self.call("DELETE", path(ref), {"propagationPolicy": "Background"})

    async def watch(
        self, kind: str, namespace: str = "", *, since: str = "", field: str = "", listed: bool = False
    ) -> AsyncGenerator[tuple[str, Object], None]:
        """Events as (type, object), until the caller leaves or the server closes the stream.

        With ``listed``, what exists comes first, as ADDED, and a BOOKMARK ends it.
        """
        options = {"watch": "true"}
        if listed:
            options |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
            options |= {"allowWatchBookmarks": "true"}
        options |= {"resourceVersion": since} if since else {}
        options |= {"fieldSelector": field} if field else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        where = collection(kind, namespace)
        async with self._open.get(where, params=options, timeout=timeout) as response:
            if response.status >= 400:
                raise _error(response.status, await response.text())
            try:
                async for event in _events(response):
                    yield event["type"], event["object"]
            finally:
                await _hang_up(response)

    async def until(self, ref: Ref, holds: Callable[[Object], bool], *, seconds: float = 40) -> Object:
        """The first state of the object that fits, by watch; AssertionError with the last state otherwise."""
        last: list[Object] = []
        try:
            async with asyncio.timeout(seconds):
                return await self._first(ref, holds, last)
        except TimeoutError:
            state = json.dumps(last[-1].get("status", last[-1]), indent=1) if last else "it does not exist"
            raise AssertionError(f"{ref} did not get there within {seconds} s: {state}") from None

    async def until_gone(self, ref: Ref, *, seconds: float = 40) -> None:
        async with asyncio.timeout(seconds):
            found = await self.collect(ref.kind, ref.namespace, fieldSelector=f"metadata.name={ref.name}")
            if not found["items"]:
                return
            since = found["metadata"]["resourceVersion"]
            async with aclosing(
                self.watch(ref.kind, ref.namespace, since=since, field=f"metadata.name={ref.name}")
            ) as events:
                async for kind, _ in events:
                    if kind == "DELETED":
                        return

    async def _first(self, ref: Ref, holds: Callable[[Object], bool], last: list[Object]) -> Object:
        field = f"metadata.name={ref.name}"
        while True:
            found = await self.collect(ref.kind, ref.namespace, fieldSelector=field)
            last.extend(found["items"])
            if found["items"] and holds(found["items"][0]):
                return last[-1]
            since = found["metadata"]["resourceVersion"]
            async with aclosing(self.watch(ref.kind, ref.namespace, since=since, field=field)) as events:
                async for kind, obj in events:
                    last.append(obj)
                    if kind != "DELETED" and holds(obj):
                        return obj

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use `async with Api(access)`")
        return self._session


async def _events(response: aiohttp.ClientResponse) -> AsyncGenerator[Object, None]:
    pending = b""
    async for chunk in response.content.iter_any():
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            event: Object = json.loads(line)
            if event["type"] == "ERROR":
                raise ApiError(event["object"].get("code", 500), "Watch", event["object"].get("message", ""))
            yield event


async def _hang_up(response: aiohttp.ClientResponse) -> None:
    """Ends a stream at once and waits until its socket is gone: a polite goodbye would outlive the test's loop."""
    protocol = response.connection.protocol if response.connection is not None else None
    gone = protocol.closed if protocol is not None else None
    if protocol is not None:
        protocol.abort()
    response.close()
    if gone is not None:
        await asyncio.gather(gone, return_exceptions=True)


def condition(obj: Object, kind: str = "Ready") -> Object:
    """The condition of that type, or an empty object."""
    for each in obj.get("status", {}).get("conditions") or []:
        if each["type"] == kind:
            found: Object = each
            return found
    return {}


def handled(obj: Object) -> str:
    return str(obj.get("status", {}).get("lastHandledReconcileAt", ""))


def _error(status: int, text: str) -> ApiError:
    try:
        answer = json.loads(text)
        return ApiError(status, answer.get("reason", ""), answer.get("message", ""))
    except ValueError:
        return ApiError(status, "", text[:300])
