"""The fields of Flux objects that the bot reads, as they stand in JSON, and how they are read without ever failing.

msgspec skips what is not named here, so a list of thousands costs microseconds an object. An object whose fields have
odd shapes is read again field by field, and what does not fit becomes its default (docs/kubernetes.md, "Objects").
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Final, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import Raw, Struct, field

T = TypeVar("T")
S = TypeVar("S", bound=Struct)

REQUESTED: Final = "reconcile.fluxcd.io/requestedAt"
FORCED: Final = "reconcile.fluxcd.io/forceAt"
RESET: Final = "reconcile.fluxcd.io/resetAt"

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding of foreign JSON may raise."""


class Annotations(Struct):
    """The few annotations that say something about a request or a switch."""

    requested: str | None = field(name=REQUESTED, default=None)
    forced: str | None = field(name=FORCED, default=None)
    reset: str | None = field(name=RESET, default=None)
    operator_switch: str | None = field(name="fluxcd.controlplane.io/reconcile", default=None)
    watcher_switch: str | None = field(name="source.extensions.fluxcd.io/reconcile", default=None)
    suspended_by: str | None = field(name="fluxcd.controlplane.io/suspendedBy", default=None)


class Meta(Struct, rename="camel"):
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] | None = None
    labels: dict[str, str] | None = None
    annotations: Annotations | None = None


class Pointer(Struct, rename="camel"):
    """A reference to another object; every part may be left out."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    api_version: str | None = None
    ready_expr: str | None = None
    match_labels: dict[str, str] | None = None


class ChartSpec(Struct, rename="camel"):
    chart: str | None = None
    version: str | None = None
    source_ref: Pointer | None = None


class ChartTemplate(Struct):
    spec: ChartSpec | None = None


class Retries(Struct):
    retries: int | None = None


class Strategy(Struct, rename="camel"):
    name: str | None = None
    retry_interval: str | None = None


class Action(Struct):
    """`spec.install` and `spec.upgrade` of a HelmRelease."""

    remediation: Retries | None = None
    strategy: Strategy | None = None


class Include(Struct):
    repository: Pointer | None = None


class Spec(Struct, rename="camel"):
    suspend: bool | None = None
    interval: str | None = None
    timeout: str | None = None
    retry_interval: str | None = None
    source_ref: Pointer | None = None
    chart_ref: Pointer | None = None
    chart: ChartTemplate | str | None = None
    """A template in a HelmRelease, a name in a HelmChart."""
    version: str | None = None
    image_repository_ref: Pointer | None = None
    include: tuple[Include, ...] | None = None
    sources: tuple[Pointer, ...] | None = None
    resources: Raw = Raw()
    """Kept raw: pointers in a Receiver, whole objects in a ResourceSet."""
    depends_on: tuple[Pointer, ...] | None = None
    secret_ref: Pointer | None = None
    type: str | None = None
    url: str | None = None
    endpoint: str | None = None
    image: str | None = None
    path: str | None = None
    prune: bool | None = None
    force: bool | None = None
    wait: bool | None = None
    health_checks: tuple[Raw, ...] | None = None
    install: Action | None = None
    upgrade: Action | None = None


class ConditionShape(Struct, rename="camel"):
    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    observed_generation: int | None = None
    last_transition_time: str | None = None


class Origin(Struct):
    """What the maker of an OCI artifact said about where it comes from."""

    revision: str | None = field(name="org.opencontainers.image.revision", default=None)
    source: str | None = field(name="org.opencontainers.image.source", default=None)


class ArtifactShape(Struct, rename="camel"):
    revision: str | None = None
    digest: str | None = None
    last_update_time: str | None = None
    metadata: Origin | None = None


class BuildMeta(Struct):
    revision: str | None = None


class HistoryRow(Struct, rename="camel"):
    """A row of `status.history`: Helm's releases and Kustomization's builds share few fields."""

    digest: str | None = None
    name: str | None = None
    namespace: str | None = None
    version: int | None = None
    status: str | None = None
    chart_name: str | None = None
    chart_version: str | None = None
    app_version: str | None = None
    config_digest: str | None = None
    oci_digest: str | None = None
    last_deployed: str | None = None
    last_reconciled: str | None = None
    last_reconciled_status: str | None = None
    total_reconciliations: int | None = None
    metadata: BuildMeta | None = None


class Scan(Struct):
    revision: str | None = None


class LatestImage(Struct):
    name: str | None = None
    tag: str | None = None
    digest: str | None = None


class Entry(Struct):
    id: str | None = None


class Inventory(Struct):
    entries: tuple[Entry, ...] | None = None


class StatusShape(Struct, rename="camel"):
    observed_generation: int | None = None
    conditions: tuple[ConditionShape, ...] | None = None
    last_handled_reconcile_at: str | None = None
    last_handled_force_at: str | None = None
    last_handled_reset_at: str | None = None
    last_applied_revision: str | None = None
    last_applied_origin_revision: str | None = None
    last_attempted_revision: str | None = None
    last_attempted_revision_digest: str | None = None
    last_exported_revision: str | None = None
    observed_source_revision: str | None = None
    observed_sources_digest: str | None = None
    observed_source_artifact_revision: str | None = None
    last_push_commit: str | None = None
    last_scan_result: Scan | None = None
    latest_ref: LatestImage | None = None
    artifact: ArtifactShape | None = None
    helm_chart: str | None = None
    failures: int | None = None
    install_failures: int | None = None
    upgrade_failures: int | None = None
    history: Raw = Raw()
    """Kept raw: its shape depends on the kind, and the cache does not want it of most."""
    inventory: Raw = Raw()


class Body(Struct):
    """A whole object."""

    metadata: Meta | None = None
    spec: Spec | None = None
    status: StatusShape | None = None


class ListMeta(Struct, rename="camel"):
    resource_version: str | None = None
    next_page: str | None = field(name="continue", default=None)


class Page(Struct):
    """One page of a list; its items are still raw, so that one odd object does not spoil the others."""

    metadata: ListMeta | None = None
    items: tuple[Raw, ...] | None = None


class Line(Struct):
    """One event of a watch."""

    type: str
    object: Raw


def read(raw: bytes | Raw, wanted: type[S]) -> S | None:
    """`raw` as a `wanted`, odd parts left at their defaults; None when it is not even a JSON object."""
    if len(memoryview(raw)) == 0:
        return None
    try:
        return msgspec.json.decode(raw, type=wanted)
    except UNREADABLE:
        pass
    try:
        value: object = msgspec.json.decode(raw)
    except UNREADABLE:
        return None
    return cast("S", _soften(value, wanted)) if isinstance(value, dict) else None


def read_line(raw: bytes) -> Line | None:
    """One event of a watch; None when it is none."""
    try:
        return msgspec.json.decode(raw, type=Line)
    except UNREADABLE:
        return None


def rows(raw: bytes | Raw, wanted: type[S]) -> tuple[S, ...]:
    """A JSON list as a tuple of `wanted`; anything else is empty, and so is an odd row left out."""
    if len(memoryview(raw)) == 0:
        return ()
    try:
        parts = msgspec.json.decode(raw, type=tuple[Raw, ...])
    except UNREADABLE:
        return ()
    return tuple(row for part in parts if (row := read(part, wanted)) is not None)


def _soften(value: object, wanted: object) -> object:
    """`value` made to fit the type `wanted`, or None; of structs and lists as much as fits."""
    try:
        return cast("object", msgspec.convert(value, wanted))
    except (msgspec.ValidationError, RecursionError):
        pass
    if get_origin(wanted) in (UnionType, Union):
        return _soften_choice(value, get_args(wanted))
    if get_origin(wanted) is tuple and isinstance(value, list):
        inner: object = get_args(wanted)[0]
        return tuple(each for part in value if (each := _soften(part, inner)) is not None)
    if get_origin(wanted) is dict and isinstance(value, dict):
        return {key: text for key, text in value.items() if isinstance(text, str)}
    if isinstance(wanted, type) and issubclass(wanted, Struct) and isinstance(value, dict):
        return _soften_struct(value, wanted)
    return None


def _soften_choice(value: object, choices: tuple[object, ...]) -> object:
    for choice in choices:
        if choice is not NoneType and (fitting := _soften(value, choice)) is not None:
            return fitting
    return None


def _soften_struct(value: dict[str, object], wanted: type[Struct]) -> Struct:
    kept: dict[str, object] = {}
    for each in msgspec.structs.fields(wanted):
        if each.encode_name not in value:
            continue
        part = value[each.encode_name]
        fitting = Raw(msgspec.json.encode(part)) if each.type is Raw else _soften(part, each.type)
        if fitting is not None:
            kept[each.name] = fitting
    return wanted(**kept)
