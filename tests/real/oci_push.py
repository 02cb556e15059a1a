"""Pushes small artifacts into an OCI registry over plain HTTP, as ``flux push artifact`` and ``helm push`` would."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from tests.real.charts import Chart, pack

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One layer with its config; ``annotations`` go into the manifest."""

    config_type: str
    config: bytes
    layer_type: str
    layer: bytes
    annotations: Mapping[str, str]


def of_files(files: Mapping[str, str], *, revision: str, source: str) -> Artifact:
    """Manifests for a Kustomization; ``revision`` and ``source`` name the Git commit they were made from."""
    annotations = {
        "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.source": source,
    }
    return Artifact(
        "application/vnd.cncf.flux.config.v1+json",
        b"{}",
        "application/vnd.cncf.flux.content.v1.tar+gzip",
        pack(files),
        {key: value for key, value in annotations.items() if value},
    )


def of_chart(chart: Chart) -> Artifact:
    return Artifact(
        "application/vnd.cncf.helm.config.v1+json",
        json.dumps(chart.metadata(), sort_keys=True).encode(),
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        chart.archive(),
        {},
    )


async def push(registry: str, repository: str, tag: str, artifact: Artifact) -> str:
    """Uploads blobs and manifest to ``registry`` (an http URL); returns the manifest's digest."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        root = f"{registry}/v2/{repository}"
        config = await _blob(session, root, artifact.config_type, artifact.config)
        layer = await _blob(session, root, artifact.layer_type, artifact.layer)
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": config,
                "layers": [layer],
                "annotations": dict(artifact.annotations),
            }
        ).encode()
        async with session.put(f"{root}/manifests/{tag}", data=manifest, headers={"Content-Type": _MANIFEST}) as put:
            put.raise_for_status()
    return _digest(manifest)


async def _blob(session: aiohttp.ClientSession, root: str, kind: str, data: bytes) -> dict[str, str | int]:
    digest = _digest(data)
    async with session.post(f"{root}/blobs/uploads/?digest={digest}", data=data) as post:
        post.raise_for_status()
    return {"mediaType": kind, "digest": digest, "size": len(data)}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
