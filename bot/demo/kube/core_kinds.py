"""The few built-in kinds that the bot, Flux and a person with kubectl look at."""

from datetime import datetime
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.cells import AGE, age, dig, plain
from bot.demo.kube.resources import Column, Resource

_RBAC: Final = "rbac.authorization.k8s.io"

_AGE: Final = Column("Age", AGE.cell)
_CREATED: Final = Column("Created At", plain("metadata", "creationTimestamp"), "date")

_EVENT_FIELDS: Final = (
    *(f"involvedObject.{each}" for each in ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")),
    "reason",
    "reportingComponent",
    "type",
)


def _rows(value: object) -> list[Json]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _data(obj: Json, now: datetime) -> object:
    del now
    return len(obj.get("data") or ()) + len(obj.get("binaryData") or ())


def _last_seen(obj: Json, now: datetime) -> object:
    stamps = (dig(obj, "series", "lastObservedTime"), obj.get("lastTimestamp"), obj.get("eventTime"))
    return age(next(filter(None, stamps), None), now)


def _first_seen(obj: Json, now: datetime) -> object:
    return age(obj.get("firstTimestamp") or obj.get("eventTime"), now)


def _object(obj: Json, now: datetime) -> object:
    del now
    return f"{dig(obj, 'involvedObject', 'kind') or ''}/{dig(obj, 'involvedObject', 'name') or ''}".lower()


def _replicas(obj: Json, now: datetime) -> object:
    del now
    return f"{dig(obj, 'status', 'readyReplicas') or 0}/{dig(obj, 'spec', 'replicas') or 0}"


def _containers(key: str, *where: str) -> Column:
    def cell(obj: Json, now: datetime) -> object:
        del now
        return ",".join(str(row.get(key, "")) for row in _rows(dig(obj, *where, "containers")))

    return Column({"name": "Containers", "image": "Images"}[key], cell, priority=1)


def _selector(obj: Json, now: datetime) -> object:
    del now
    labels = dig(obj, "spec", "selector", "matchLabels")
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) if isinstance(labels, dict) else ""


def _ready(obj: Json, now: datetime) -> object:
    del now
    states = _rows(dig(obj, "status", "containerStatuses"))
    return f"{sum(bool(row.get('ready')) for row in states)}/{len(_rows(dig(obj, 'spec', 'containers')))}"


def _phase(obj: Json, now: datetime) -> object:
    del now
    waiting = (dig(row, "state", "waiting", "reason") for row in _rows(dig(obj, "status", "containerStatuses")))
    if dig(obj, "metadata", "deletionTimestamp"):
        return "Terminating"
    return next(filter(None, waiting), None) or dig(obj, "status", "reason") or dig(obj, "status", "phase") or ""


def _restarts(obj: Json, now: datetime) -> object:
    del now
    return str(sum(int(row.get("restartCount") or 0) for row in _rows(dig(obj, "status", "containerStatuses"))))


def _role(obj: Json, now: datetime) -> object:
    del now
    return f"{dig(obj, 'roleRef', 'kind') or ''}/{dig(obj, 'roleRef', 'name') or ''}"


def _subjects(title: str, kind: str) -> Column:
    def cell(obj: Json, now: datetime) -> object:
        del now
        return ", ".join(str(row.get("name")) for row in _rows(obj.get("subjects")) if row.get("kind") == kind)

    return Column(title, cell, priority=1)


_NAMESPACES: Final = Resource(
    "",
    "v1",
    "Namespace",
    "namespaces",
    ("ns",),
    namespaced=False,
    custom=False,
    counts=False,
    columns=(Column("Status", plain("status", "phase")), _AGE),
    selectable=("status.phase",),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
)
_EVENTS: Final = Resource(
    "",
    "v1",
    "Event",
    "events",
    ("ev",),
    custom=False,
    has_status=False,
    counts=False,
    columns=(
        Column("Last Seen", _last_seen),
        Column("Type", plain("type")),
        Column("Reason", plain("reason")),
        Column("Object", _object),
        Column("Subobject", plain("involvedObject", "fieldPath"), priority=1),
        Column("Source", plain("source", "component"), priority=1),
        Column("Message", plain("message")),
        Column("First Seen", _first_seen, priority=1),
        Column("Count", plain("count", default=1), priority=1),
    ),
    selectable=_EVENT_FIELDS,
)
_PODS: Final = Resource(
    "",
    "v1",
    "Pod",
    "pods",
    ("po",),
    ("all",),
    custom=False,
    columns=(
        Column("Ready", _ready),
        Column("Status", _phase),
        Column("Restarts", _restarts),
        _AGE,
        Column("IP", plain("status", "podIP", default="<none>"), priority=1),
        Column("Node", plain("spec", "nodeName", default="<none>"), priority=1),
    ),
    selectable=("spec.nodeName", "status.phase"),
)
_DEPLOYMENTS: Final = Resource(
    "apps",
    "v1",
    "Deployment",
    "deployments",
    ("deploy",),
    ("all",),
    custom=False,
    columns=(
        Column("Ready", _replicas),
        Column("Up-to-date", plain("status", "updatedReplicas", default=0)),
        Column("Available", plain("status", "availableReplicas", default=0)),
        _AGE,
        _containers("name", "spec", "template", "spec"),
        _containers("image", "spec", "template", "spec"),
        Column("Selector", _selector, priority=1),
    ),
)


def _data_kind(kind: str, plural: str, *short_names: str, columns: tuple[Column, ...]) -> Resource:
    return Resource(
        "", "v1", kind, plural, short_names, custom=False, has_status=False, counts=False, columns=columns
    )


def _rbac(kind: str, plural: str, *, namespaced: bool) -> Resource:
    bound = (
        Column("Role", _role),
        _AGE,
        _subjects("Users", "User"),
        _subjects("Groups", "Group"),
        _subjects("ServiceAccounts", "ServiceAccount"),
    )
    return Resource(
        _RBAC,
        "v1",
        kind,
        plural,
        namespaced=namespaced,
        custom=False,
        has_status=False,
        counts=False,
        columns=bound if kind.endswith("Binding") else (_CREATED,),
    )


DEFINITIONS: Final = Resource(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    ("crd", "crds"),
    ("api-extensions",),
    namespaced=False,
    custom=False,
    columns=(_CREATED,),
    verbs=("get", "list", "watch"),
)
CLUSTER_ROLES: Final = _rbac("ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDINGS: Final = _rbac("ClusterRoleBinding", "clusterrolebindings", namespaced=False)
ROLES: Final = _rbac("Role", "roles", namespaced=True)
ROLE_BINDINGS: Final = _rbac("RoleBinding", "rolebindings", namespaced=True)
NAMESPACES: Final = _NAMESPACES

BUILT_IN: Final[tuple[Resource, ...]] = (
    _NAMESPACES,
    _EVENTS,
    _PODS,
    _data_kind("ConfigMap", "configmaps", "cm", columns=(Column("Data", _data), _AGE)),
    _data_kind("Secret", "secrets", columns=(Column("Type", plain("type")), Column("Data", _data), _AGE)),
    _data_kind("ServiceAccount", "serviceaccounts", "sa", columns=(_AGE,)),
    _DEPLOYMENTS,
    DEFINITIONS,
    CLUSTER_ROLES,
    CLUSTER_ROLE_BINDINGS,
    ROLES,
    ROLE_BINDINGS,
)
