"""Flux objects for tests and recordings: long intervals, so that only requests and changes make things happen."""

from typing import Any

from tests.real.api import Object, api_version

INTERVAL = "1h"
SETTINGS = "settings"
HEALTH = "example.com/health"


def _flux(kind: str, namespace: str, name: str, spec: Object) -> Object:
    return {
        "apiVersion": api_version(kind),
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def git_repository(namespace: str, name: str, url: str, **spec: Any) -> Object:
    ref = {"branch": "main"}
    return _flux(
        "GitRepository", namespace, name, {"interval": INTERVAL, "timeout": "5s", "url": url, "ref": ref, **spec}
    )


def oci_repository(namespace: str, name: str, url: str, **spec: Any) -> Object:
    return _flux(
        "OCIRepository",
        namespace,
        name,
        {"interval": INTERVAL, "timeout": "5s", "url": url, "insecure": True, **spec},
    )


def helm_repository(namespace: str, name: str, url: str, **spec: Any) -> Object:
    return _flux("HelmRepository", namespace, name, {"interval": INTERVAL, "timeout": "5s", "url": url, **spec})


def helm_chart(namespace: str, name: str, chart: str, repository: str, **spec: Any) -> Object:
    source = {"kind": "HelmRepository", "name": repository}
    return _flux(
        "HelmChart",
        namespace,
        name,
        {"interval": INTERVAL, "chart": chart, "version": "*", "sourceRef": source, **spec},
    )


def kustomization(namespace: str, name: str, source: str, **spec: Any) -> Object:
    """``source`` is ``Kind/name``; ``path`` defaults to the repository's root."""
    kind, _, source_name = source.partition("/")
    return _flux(
        "Kustomization",
        namespace,
        name,
        {
            "interval": INTERVAL,
            "retryInterval": "2s",
            "prune": True,
            "path": "./",
            "targetNamespace": namespace,
            "sourceRef": {"kind": kind, "name": source_name},
            **spec,
        },
    )


def watched_health() -> Object:
    """Makes a Kustomization wait for the annotation ``HEALTH`` of its ConfigMaps: ``ok`` or ``bad`` ends the wait."""
    known = f"has(metadata.annotations) && '{HEALTH}' in metadata.annotations && metadata.annotations['{HEALTH}']"
    expression = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "current": f"{known} == 'ok'",
        "failed": f"{known} == 'bad'",
    }
    return {"wait": True, "timeout": "30s", "healthCheckExprs": [expression]}


def helm_release(namespace: str, name: str, chart: str, repository: str, **spec: Any) -> Object:
    """From a HelmRepository of the same namespace, newest version 1.x."""
    source = {"kind": "HelmRepository", "name": repository}
    template = {"spec": {"chart": chart, "version": "1.x", "interval": INTERVAL, "sourceRef": source}}
    return _flux("HelmRelease", namespace, name, {"interval": INTERVAL, "timeout": "5s", "chart": template, **spec})


def helm_release_in_git(namespace: str, name: str, path: str, repository: str) -> Object:
    """From a chart in a GitRepository; every commit is a new chart version."""
    source = {"kind": "GitRepository", "name": repository}
    template = {"spec": {"chart": path, "reconcileStrategy": "Revision", "sourceRef": source}}
    return _flux("HelmRelease", namespace, name, {"interval": INTERVAL, "timeout": "5s", "chart": template})


def helm_release_from(namespace: str, name: str, chart_ref: str, **spec: Any) -> Object:
    """By ``chartRef``, given as ``Kind/name``."""
    kind, _, source = chart_ref.partition("/")
    wanted = {"kind": kind, "name": source}
    return _flux("HelmRelease", namespace, name, {"interval": INTERVAL, "timeout": "5s", "chartRef": wanted, **spec})


def receiver(namespace: str, name: str, secret: str, resource: str) -> Object:
    kind, _, target = resource.partition("/")
    resources = [{"apiVersion": api_version(kind), "kind": kind, "name": target}]
    return _flux(
        "Receiver", namespace, name, {"type": "generic", "secretRef": {"name": secret}, "resources": resources}
    )


def config_map(name: str = SETTINGS, *, immutable: bool = False, **data: str) -> str:
    """A manifest, for a Git repository or a chart's templates."""
    lines = ["apiVersion: v1", "kind: ConfigMap", f"metadata: {{name: {name}}}", "data:"]
    lines += [f'  {key}: "{value}"' for key, value in data.items()]
    return "\n".join([*lines, *(["immutable: true"] if immutable else [])]) + "\n"
