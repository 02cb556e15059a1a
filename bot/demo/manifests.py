"""Kubernetes objects of the demo's world, in a line each."""

from __future__ import annotations

from typing import Any, Final

from bot.demo.installation import FLUX_NAMESPACE

Json = dict[str, Any]

INTERVAL: Final = "1h"
"""Long, so that what waits to be fetched waits for somebody who asks."""
FLEET: Final = "GitRepository/flux-system"


def git_repository(namespace: str, name: str, url: str) -> Json:
    spec = {"interval": INTERVAL, "timeout": "5s", "url": url, "ref": {"branch": "main"}}
    return _flux("source", "v1", "GitRepository", namespace, name, spec)


def oci_repository(namespace: str, name: str, url: str, semver: str) -> Json:
    spec = {"interval": INTERVAL, "timeout": "5s", "url": url, "ref": {"semver": semver}}
    return _flux("source", "v1", "OCIRepository", namespace, name, spec)


def helm_repository(namespace: str, name: str, url: str) -> Json:
    """An address with oci:// in front makes it one that nothing reconciles."""
    oci = {"type": "oci"} if url.startswith("oci://") else {}
    spec = {"interval": INTERVAL, "timeout": "5s", "url": url, **oci}
    return _flux("source", "v1", "HelmRepository", namespace, name, spec)


def kustomization(name: str, namespace: str = FLUX_NAMESPACE, source: str = FLEET, **spec: Any) -> Json:
    """`source` is Kind/name; the path is the one of the object's name unless given."""
    kind, _, source_name = source.partition("/")
    whole = {
        "interval": INTERVAL,
        "retryInterval": "5m",
        "prune": True,
        "path": f"./{name}",
        "targetNamespace": namespace,
        "sourceRef": {"kind": kind, "name": source_name},
        **spec,
    }
    return _flux("kustomize", "v1", "Kustomization", namespace, name, whole)


def helm_release(namespace: str, name: str, repository: str) -> Json:
    """The chart of the same name, newest version 1.x."""
    source = {"kind": "HelmRepository", "name": repository}
    chart = {"spec": {"chart": name, "version": "1.x", "interval": INTERVAL, "sourceRef": source}}
    spec = {"interval": INTERVAL, "timeout": "5s", "chart": chart}
    return _flux("helm", "v2", "HelmRelease", namespace, name, spec)


def helm_release_from(namespace: str, name: str, chart_ref: str) -> Json:
    """By `chartRef`, given as Kind/name."""
    kind, _, source = chart_ref.partition("/")
    spec = {"interval": INTERVAL, "timeout": "5s", "chartRef": {"kind": kind, "name": source}}
    return _flux("helm", "v2", "HelmRelease", namespace, name, spec)


def config_map(name: str, *, immutable: bool = False, **data: str) -> Json:
    fixed = {"immutable": True} if immutable else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data, **fixed}


def deployment(namespace: str, name: str, image: str, replicas: int) -> Json:
    labels = {"app": name}
    containers = [{"name": name.rpartition("-")[2], "image": image}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


def _flux(group: str, version: str, kind: str, namespace: str, name: str, spec: Json) -> Json:
    return {
        "apiVersion": f"{group}.toolkit.fluxcd.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
