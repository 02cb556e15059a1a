"""What stands around Flux's objects: core Events about them, and the Deployments that run its controllers."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct, field

from bot.cluster.scalars import moment, text, word
from bot.cluster.wire import Page, read
from bot.core.kinds import Kind
from bot.core.resources import Absent, Controller, Event, Ref

FLUX_LABEL: Final = "app.kubernetes.io/part-of=flux"
FLUX_VERSION: Final = "app.kubernetes.io/version"


class _Involved(Struct, rename="camel"):
    api_version: str | None = None


class _Series(Struct, rename="camel"):
    count: int | None = None
    last_observed_time: str | None = None


class _EventShape(Struct, rename="camel"):
    involved_object: _Involved | None = None
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    series: _Series | None = None
    event_time: str | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None


class _Labelled(Struct):
    name: str | None = None
    labels: dict[str, str] | None = None


class _Container(Struct):
    name: str | None = None
    image: str | None = None


class _PodSpec(Struct):
    containers: tuple[_Container, ...] | None = None


class _Template(Struct):
    spec: _PodSpec | None = None


class _DeploymentSpec(Struct):
    replicas: int | None = None
    template: _Template | None = None


class _DeploymentStatus(Struct, rename="camel"):
    available_replicas: int | None = None


class _Deployment(Struct):
    metadata: _Labelled | None = None
    spec: _DeploymentSpec | None = None
    status: _DeploymentStatus | None = field(default=None)


def events(body: bytes, about: Ref, since: datetime) -> tuple[Event, ...]:
    """The events of one list that are about the object's own kind, oldest first.

    Events carry whole seconds, so one of the same second as `since` may be as young as it.
    """
    since = since.replace(microsecond=0)
    page = read(body, Page) or Page()
    shapes = (read(raw, _EventShape) for raw in page.items or ())
    found = (_event(shape, about) for shape in shapes if shape is not None)
    return tuple(sorted((each for each in found if each is not None and each.at >= since), key=lambda each: each.at))


def next_page(body: bytes) -> str:
    """The token of the page after this one; empty when it is the last."""
    page = read(body, Page)
    return (page.metadata.next_page or "") if page is not None and page.metadata is not None else ""


def _event(shape: _EventShape, about: Ref) -> Event | None:
    involved = shape.involved_object.api_version if shape.involved_object is not None else None
    # Other groups have kinds of the same name, `Alert` for one.
    if involved and involved.partition("/")[0] != about.kind.group:
        return None
    series = shape.series or _Series()
    times = (series.last_observed_time, shape.last_timestamp, shape.event_time, shape.first_timestamp)
    at = next((when for when in map(moment, times) if when is not None), None)
    if at is None:
        return None
    return Event(
        about=about,
        reason=word(shape.reason),
        message=text(shape.message),
        warning=shape.type == "Warning",
        at=at,
        count=max(1, series.count or shape.count or 1),
    )


def controller(found: tuple[Controller, ...], cluster: str, kind: Kind, namespace: str) -> Controller | Absent | None:
    """The kind's Deployment among Flux's own; Absent when others are there and it is not, None when none is."""
    exact = next((each for each in found if each.name == kind.controller), None)
    # A sharded Flux may have its controllers under longer names only.
    shard = next((each for each in found if each.name.startswith(f"{kind.controller}-")), None)
    if exact is not None or shard is not None:
        return exact or shard
    # flux-operator installs itself outside of what it labels.
    if not found or kind.controller == "flux-operator":
        return None
    return Absent(Ref(cluster, kind, namespace, kind.controller))


def controllers(body: bytes, namespace: str) -> tuple[Controller, ...]:
    """Flux's own Deployments, in the order of the list."""
    page = read(body, Page) or Page()
    return tuple(each for raw in page.items or () if (each := _controller(raw, namespace)) is not None)


def _controller(raw: bytes | memoryview, namespace: str) -> Controller | None:
    shape = read(bytes(raw), _Deployment)
    if shape is None or shape.metadata is None or not shape.metadata.name:
        return None
    spec, status = shape.spec or _DeploymentSpec(), shape.status or _DeploymentStatus()
    pod = spec.template.spec if spec.template is not None else None
    containers = (pod.containers or ()) if pod is not None else ()
    main = next((each for each in containers if each.name == "manager"), containers[0] if containers else None)
    return Controller(
        name=text(shape.metadata.name),
        namespace=namespace,
        replicas=1 if spec.replicas is None else spec.replicas,
        available=status.available_replicas or 0,
        image=text(main.image) if main is not None else "",
        flux=word((shape.metadata.labels or {}).get(FLUX_VERSION)),
    )


class _Version(Struct, rename="camel"):
    git_version: str | None = None


def git_version(body: bytes) -> str:
    """The API server's own version; empty when it does not say."""
    found = read(body, _Version)
    return text(found.git_version)[:64] if found is not None else ""


class _ReviewStatus(Struct):
    allowed: bool | None = None


class _Review(Struct):
    status: _ReviewStatus | None = None


def allowed(body: bytes) -> bool:
    """What a SelfSubjectAccessReview answers."""
    found = read(body, _Review)
    return found is not None and found.status is not None and found.status.allowed is True
