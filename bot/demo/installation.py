"""What lies in a cluster where Flux is installed and the bot may come: controllers, namespaces, the bot's rights."""

from __future__ import annotations

from typing import Any, Final

FLUX_NAMESPACE: Final = "flux-system"
BOT: Final = "flux-bot"
VERSION: Final = "v2.9.4"
"""Of Flux; the controllers' own versions below are those that belong to it (docs/flux.md)."""

_CONTROLLERS: Final = {
    "source-controller": "v1.9.4",
    "kustomize-controller": "v1.9.4",
    "helm-controller": "v1.6.3",
    "notification-controller": "v1.9.3",
}
_READ: Final = ["get", "list", "watch"]
_FLUX_RESOURCES: Final = {
    "kustomize.toolkit.fluxcd.io": ["kustomizations"],
    "helm.toolkit.fluxcd.io": ["helmreleases"],
    "source.toolkit.fluxcd.io": [
        "gitrepositories",
        "ocirepositories",
        "helmrepositories",
        "helmcharts",
        "buckets",
    ],
    "source.extensions.fluxcd.io": ["artifactgenerators"],
    "image.toolkit.fluxcd.io": ["imagerepositories", "imagepolicies", "imageupdateautomations"],
    "notification.toolkit.fluxcd.io": ["receivers"],
    "fluxcd.controlplane.io": ["fluxinstances", "resourcesets", "resourcesetinputproviders"],
}
_SHOWN_ONLY: Final = {
    "source.toolkit.fluxcd.io": ["externalartifacts"],
    "notification.toolkit.fluxcd.io": ["alerts", "providers"],
}

Json = dict[str, Any]


def installation() -> list[Json]:
    """Everything, in the order in which it is to be created."""
    return [*(_controller(name, version) for name, version in _CONTROLLERS.items()), *_bot_rights()]


def namespace(name: str) -> Json:
    """A namespace as the server itself would make it."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _controller(name: str, version: str) -> Json:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": FLUX_NAMESPACE,
            "labels": {
                "app.kubernetes.io/component": name,
                "app.kubernetes.io/instance": FLUX_NAMESPACE,
                "app.kubernetes.io/part-of": "flux",
                "app.kubernetes.io/version": VERSION,
                "control-plane": "controller",
            },
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "manager", "image": f"ghcr.io/fluxcd/{name}:{version}"}]},
            },
        },
        "status": {
            "observedGeneration": 1,
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1,
            "conditions": [
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": ""},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": ""},
            ],
        },
    }


def _bot_rights() -> list[Json]:
    """The same rights as a real bot gets from deploy/kustomize/base."""
    rules = [
        *(
            {"apiGroups": [group], "resources": plurals, "verbs": [*_READ, "patch"]}
            for group, plurals in _FLUX_RESOURCES.items()
        ),
        *({"apiGroups": [group], "resources": plurals, "verbs": _READ} for group, plurals in _SHOWN_ONLY.items()),
        {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    ]
    deployments = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}]
    here = {"name": BOT, "namespace": FLUX_NAMESPACE}
    return [
        _rbac("ClusterRole", {"name": BOT}, rules=rules),
        _rbac("ClusterRoleBinding", {"name": BOT}, **_binds("ClusterRole")),
        _rbac("Role", here, rules=deployments),
        _rbac("RoleBinding", here, **_binds("Role")),
    ]


def _rbac(kind: str, metadata: Json, **rest: Any) -> Json:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **rest}


def _binds(kind: str) -> Json:
    group = "rbac.authorization.k8s.io"
    return {
        "roleRef": {"apiGroup": group, "kind": kind, "name": BOT},
        "subjects": [{"apiGroup": group, "kind": "User", "name": BOT}],
    }
