"""Objects as large and as ordinary as those of a real cluster: inventories, histories, managed fields and all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any, Final

Json = dict[str, Any]

CREATED: Final = "2026-03-02T08:00:00Z"
NAMESPACES: Final = 100
"""Objects lie in so many namespaces."""
_SHARES: Final = (
    ("Kustomization", 40),
    ("HelmRelease", 30),
    ("HelmChart", 12),
    ("GitRepository", 5),
    ("OCIRepository", 3),
    ("HelmRepository", 2),
    ("Bucket", 1),
    ("ImageRepository", 2),
    ("ImagePolicy", 2),
    ("ImageUpdateAutomation", 1),
    ("Receiver", 1),
    ("Alert", 1),
)
"""Of a hundred objects."""


def many(count: int) -> Iterator[Json]:
    """So many objects, spread over kinds and namespaces, the same ones every time."""
    order = [kind for kind, share in _SHARES for _ in range(share)]
    # A stride that has no factor in common with the sum mixes the kinds.
    mixed = [order[number * 37 % len(order)] for number in range(len(order))]
    for number, kind in enumerate(islice(cycle(mixed), count)):
        yield _MAKERS[kind](kind, f"team-{number % NAMESPACES:03}", f"app-{number:05}")


def _flux(kind: str, namespace: str, name: str, spec: Json, status: Json) -> Json:
    group, version = _GROUPS[kind]
    labels = {"app.kubernetes.io/part-of": namespace, "kustomize.toolkit.fluxcd.io/name": namespace}
    labels["kustomize.toolkit.fluxcd.io/namespace"] = "flux-system"
    manager = group.partition(".")[0] + "-controller"
    return {
        "apiVersion": f"{group}/{version}",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": {"reconcile.fluxcd.io/requestedAt": "2026-10-01T10:00:00.123456789Z"},
            "finalizers": ["finalizers.fluxcd.io"],
            "managedFields": [
                _managed("kustomize-controller", group, version, spec, "spec"),
                _managed(manager, group, version, status, "status"),
            ],
        },
        "spec": spec,
        "status": {**status, "observedGeneration": 1, "lastHandledReconcileAt": "2026-10-01T10:00:00.123456789Z"},
    }


def _managed(manager: str, group: str, version: str, part: Json, below: str) -> Json:
    fields: Json = {
        f"f:{name}": {".": {}, **{f"f:{each}": {} for each in _names(value)}} for name, value in part.items()
    }
    return {
        "manager": manager,
        "operation": "Apply" if below == "spec" else "Update",
        "apiVersion": f"{group}/{version}",
        "time": CREATED,
        "fieldsType": "FieldsV1",
        "fieldsV1": {f"f:{below}": fields},
    }


def _names(value: object) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _ready(reason: str, message: str) -> list[Json]:
    return [_condition("Ready", reason, message)]


def _condition(type_: str, reason: str, message: str) -> Json:
    return {
        "type": type_,
        "status": "True",
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": "2026-10-01T10:00:05Z",
    }


def _kustomization(kind: str, namespace: str, name: str) -> Json:
    revision = f"main@sha1:{_digest(name)[:40]}"
    own = f"{namespace}_{name}-workload"
    entries = [{"id": f"{own}-{part:02}_networking.k8s.io_NetworkPolicy", "v": "v1"} for part in range(40)]
    spec = {
        "interval": "10m0s",
        "retryInterval": "2m0s",
        "timeout": "5m0s",
        "path": f"./clusters/production/{namespace}/{name}",
        "prune": True,
        "wait": True,
        "targetNamespace": namespace,
        "sourceRef": {"kind": "GitRepository", "name": "flux-system", "namespace": "flux-system"},
        "dependsOn": [{"name": "infra-controllers", "namespace": "flux-system"}],
        "postBuild": {"substitute": {f"variable_{part}": f"value of {name}" for part in range(8)}},
    }
    status = {
        "conditions": [
            *_ready("ReconciliationSucceeded", f"Applied revision: {revision}"),
            _condition("Healthy", "Succeeded", "Health check passed in 2.051s"),
        ],
        "inventory": {"entries": entries},
        "lastAppliedRevision": revision,
        "lastAttemptedRevision": revision,
        "history": [_build(name, revision, part) for part in range(5)],
    }
    return _flux(kind, namespace, name, spec, status)


def _build(name: str, revision: str, part: int) -> Json:
    return {
        "digest": f"sha256:{_digest(f'{name}{part}')}",
        "firstReconciled": CREATED,
        "lastReconciled": "2026-10-01T10:00:05Z",
        "lastReconciledDuration": "2.4s",
        "lastReconciledStatus": "ReconciliationSucceeded",
        "metadata": {"revision": revision},
        "totalReconciliations": 40 + part,
    }


def _helm_release(kind: str, namespace: str, name: str) -> Json:
    values = {
        f"component{part}": {
            "enabled": True,
            "replicaCount": 2,
            "image": {"repository": f"registry.example.com/{namespace}/{name}/{part}", "tag": "1.27.3"},
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        }
        for part in range(26)
    }
    source = {"kind": "HelmRepository", "name": "charts", "namespace": "flux-system"}
    spec = {
        "interval": "15m0s",
        "timeout": "5m0s",
        "releaseName": name,
        "chart": {"spec": {"chart": name, "version": "1.x", "sourceRef": source}},
        "install": {"remediation": {"retries": 3}},
        "upgrade": {"remediation": {"retries": 3}},
        "values": values,
    }
    status = {
        "conditions": [
            *_ready(
                "UpgradeSucceeded", f"Helm upgrade succeeded for release {namespace}/{name}.v7 with chart {name}"
            ),
            _condition("Released", "UpgradeSucceeded", "Helm upgrade succeeded"),
        ],
        "helmChart": f"flux-system/{namespace}-{name}",
        "history": [_release(namespace, name, version) for version in (7, 6)],
        "lastAttemptedRevision": "1.4.7",
        "lastAttemptedConfigDigest": f"sha256:{_digest(name)}",
        "storageNamespace": namespace,
    }
    return _flux(kind, namespace, name, spec, status)


def _release(namespace: str, name: str, version: int) -> Json:
    return {
        "name": name,
        "namespace": namespace,
        "version": version,
        "status": "deployed" if version == 7 else "superseded",
        "chartName": name,
        "chartVersion": f"1.4.{version}",
        "appVersion": "1.27.3",
        "configDigest": f"sha256:{_digest(name)}",
        "digest": f"sha256:{_digest(f'{name}{version}')}",
        "firstDeployed": CREATED,
        "lastDeployed": "2026-10-01T10:00:05Z",
    }


def _source(kind: str, namespace: str, name: str) -> Json:
    revision = f"main@sha1:{_digest(name)[:40]}"
    specs: dict[str, Json] = {
        "GitRepository": {"url": f"https://git.example.com/{namespace}/{name}", "ref": {"branch": "main"}},
        "OCIRepository": {"url": f"oci://registry.example.com/{namespace}/{name}", "ref": {"semver": "1.x"}},
        "HelmRepository": {"url": f"https://charts.example.com/{namespace}/{name}"},
        "Bucket": {"endpoint": "s3.example.com", "bucketName": name},
        "HelmChart": {"chart": name, "version": "1.x", "sourceRef": {"kind": "HelmRepository", "name": "charts"}},
    }
    status = {
        "conditions": [
            *_ready("Succeeded", f"stored artifact for revision '{revision}'"),
            _condition("ArtifactInStorage", "Succeeded", f"stored artifact for revision '{revision}'"),
        ],
        "artifact": {
            "digest": f"sha256:{_digest(name)}",
            "lastUpdateTime": "2026-10-01T10:00:05Z",
            "path": f"{kind.lower()}/{namespace}/{name}/latest.tar.gz",
            "revision": revision,
            "size": 48123,
            "url": f"http://source-controller.flux-system.svc/{kind.lower()}/{namespace}/{name}/latest.tar.gz",
        },
    }
    return _flux(kind, namespace, name, {"interval": "5m0s", "timeout": "60s", **specs[kind]}, status)


def _image(kind: str, namespace: str, name: str) -> Json:
    specs: dict[str, Json] = {
        "ImageRepository": {"image": f"registry.example.com/{namespace}/{name}", "interval": "5m0s"},
        "ImagePolicy": {"imageRepositoryRef": {"name": name}, "policy": {"semver": {"range": "1.x"}}},
        "ImageUpdateAutomation": {
            "interval": "30m0s",
            "sourceRef": {"kind": "GitRepository", "name": name},
            "git": {"commit": {"author": {"name": "flux", "email": "flux@example.com"}}},
        },
    }
    return _flux(kind, namespace, name, specs[kind], {"conditions": _ready("Succeeded", "successful scan")})


def _notification(kind: str, namespace: str, name: str) -> Json:
    specs: dict[str, Json] = {
        "Receiver": {
            "type": "github",
            "secretRef": {"name": name},
            "resources": [{"kind": "GitRepository", "name": name}],
        },
        "Alert": {
            "providerRef": {"name": "slack"},
            "eventSources": [{"kind": "Kustomization", "name": "*"}],
        },
    }
    made = _flux(kind, namespace, name, specs[kind], {"conditions": _ready("Succeeded", "Receiver initialized")})
    if kind == "Alert":
        del made["status"]
    return made


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_GROUPS: Final = {
    "Kustomization": ("kustomize.toolkit.fluxcd.io", "v1"),
    "HelmRelease": ("helm.toolkit.fluxcd.io", "v2"),
    **dict.fromkeys(
        ("HelmChart", "GitRepository", "OCIRepository", "HelmRepository", "Bucket"),
        ("source.toolkit.fluxcd.io", "v1"),
    ),
    **dict.fromkeys(("ImageRepository", "ImagePolicy", "ImageUpdateAutomation"), ("image.toolkit.fluxcd.io", "v1")),
    "Receiver": ("notification.toolkit.fluxcd.io", "v1"),
    "Alert": ("notification.toolkit.fluxcd.io", "v1beta3"),
}
_MAKERS: Final[dict[str, Callable[[str, str, str], Json]]] = {
    "Kustomization": _kustomization,
    "HelmRelease": _helm_release,
    **dict.fromkeys(("HelmChart", "GitRepository", "OCIRepository", "HelmRepository", "Bucket"), _source),
    **dict.fromkeys(("ImageRepository", "ImagePolicy", "ImageUpdateAutomation"), _image),
    "Receiver": _notification,
    "Alert": _notification,
}
