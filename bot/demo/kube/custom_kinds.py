"""Flux's kinds, in our own short words: names, scope, columns, defaults."""

from collections.abc import Mapping
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.cells import AGE, READY, STATUS, from_path
from bot.demo.kube.flux_fields import (
    ALERT,
    BUCKET,
    GIT,
    HELM_CHART,
    HELM_RELEASE,
    HELM_REPOSITORY,
    IMAGE,
    KUSTOMIZATION,
    OCI,
    PROVIDER,
    RECEIVER,
)
from bot.demo.kube.resources import Column, Resource
from bot.demo.kube.schema import Field, Schema

_FLUX: Final = ("all", "fluxcd")
_APPLIERS: Final = (*_FLUX, "fluxcd-appliers")
_SOURCES: Final = (*_FLUX, "fluxcd-sources")
_IMAGES: Final = (*_FLUX, "fluxcd-images")
_NOTIFICATIONS: Final = (*_FLUX, "fluxcd-notifications")

_SUMMARY: Final = (AGE, READY, STATUS)

_NEVER_RUN: Final[Json] = {"observedGeneration": -1}


def _source(
    kind: str,
    plural: str,
    *short_names: str,
    columns: tuple[Column, ...],
    schema: Schema,
    defaults: Mapping[str, object] | None = None,
) -> Resource:
    return Resource(
        "source.toolkit.fluxcd.io",
        "v1",
        kind,
        plural,
        short_names,
        _SOURCES,
        columns=columns,
        schema=schema,
        defaults=defaults or {},
        status_default=_NEVER_RUN,
        has_rules=kind in ("GitRepository", "HelmChart", "Bucket"),
    )


def _notification(version: str, kind: str, plural: str, columns: tuple[Column, ...], schema: Schema) -> Resource:
    has_status = version == "v1"
    return Resource(
        "notification.toolkit.fluxcd.io",
        version,
        kind,
        plural,
        categories=_NOTIFICATIONS,
        columns=columns,
        schema=schema,
        has_status=has_status,
        has_rules=kind != "Alert",
        status_default=_NEVER_RUN if has_status else {},
        defaults={"interval": "10m"} if kind == "Receiver" else {},
    )


def _image(kind: str, plural: str, *short_names: str, columns: tuple[Column, ...]) -> Resource:
    return Resource(
        "image.toolkit.fluxcd.io",
        "v1",
        kind,
        plural,
        short_names,
        _IMAGES,
        columns=columns,
        schema=IMAGE,
        status_default=_NEVER_RUN,
    )


def _operator(kind: str, plural: str, *short_names: str) -> Resource:
    return Resource("fluxcd.controlplane.io", "v1", kind, plural, short_names, _FLUX, columns=(*_SUMMARY,))


_URL: Final = from_path("URL", ".spec.url")

FLUX_KINDS: Final[tuple[Resource, ...]] = (
    Resource(
        "kustomize.toolkit.fluxcd.io",
        "v1",
        "Kustomization",
        "kustomizations",
        ("ks",),
        _APPLIERS,
        columns=_SUMMARY,
        schema=KUSTOMIZATION,
        has_rules=True,
        defaults={"force": False},
        status_default=_NEVER_RUN,
    ),
    Resource(
        "helm.toolkit.fluxcd.io",
        "v2",
        "HelmRelease",
        "helmreleases",
        ("hr",),
        _APPLIERS,
        columns=_SUMMARY,
        schema=HELM_RELEASE,
        has_rules=True,
        defaults={"chart.spec.version": "*", "chart.spec.reconcileStrategy": "ChartVersion"},
        status_default=_NEVER_RUN,
    ),
    _source(
        "GitRepository",
        "gitrepositories",
        "gitrepo",
        columns=(_URL, *_SUMMARY),
        schema=GIT,
        defaults={"timeout": "60s"},
    ),
    _source(
        "OCIRepository",
        "ocirepositories",
        "ocirepo",
        columns=(_URL, READY, STATUS, AGE),
        schema=OCI,
        defaults={"provider": "generic", "timeout": "60s"},
    ),
    _source(
        "HelmRepository",
        "helmrepositories",
        "helmrepo",
        columns=(_URL, *_SUMMARY),
        schema=HELM_REPOSITORY,
        defaults={"provider": "generic"},
    ),
    _source(
        "HelmChart",
        "helmcharts",
        "hc",
        columns=(
            from_path("Chart", ".spec.chart"),
            from_path("Version", ".spec.version"),
            from_path("Source Kind", ".spec.sourceRef.kind"),
            from_path("Source Name", ".spec.sourceRef.name"),
            *_SUMMARY,
        ),
        schema=HELM_CHART,
        defaults={"reconcileStrategy": "ChartVersion", "version": "*"},
    ),
    _source(
        "Bucket",
        "buckets",
        columns=(from_path("Endpoint", ".spec.endpoint"), *_SUMMARY),
        schema=BUCKET,
        defaults={"provider": "generic", "timeout": "60s"},
    ),
    Resource(
        "source.toolkit.fluxcd.io",
        "v1",
        "ExternalArtifact",
        "externalartifacts",
        ("ea",),
        _SOURCES,
        columns=(*_SUMMARY, from_path("Source", ".spec.sourceRef.name")),
        schema={"sourceRef": Field("object")},
    ),
    Resource(
        "source.extensions.fluxcd.io",
        "v1beta1",
        "ArtifactGenerator",
        "artifactgenerators",
        ("ag",),
        _FLUX,
        columns=_SUMMARY,
        schema={"sources": Field("array")},
    ),
    _image(
        "ImageRepository",
        "imagerepositories",
        "imgrepo",
        "imagerepo",
        columns=(
            from_path("Image", ".spec.image"),
            from_path("Tags", ".status.lastScanResult.tagCount", "integer"),
            READY,
            STATUS,
            from_path("Last scan", ".status.lastScanResult.scanTime"),
            AGE,
        ),
    ),
    _image(
        "ImagePolicy",
        "imagepolicies",
        "imgpol",
        "imagepol",
        columns=(
            from_path("Image", ".status.latestRef.name"),
            from_path("Tag", ".status.latestRef.tag"),
            READY,
            STATUS,
            AGE,
        ),
    ),
    _image(
        "ImageUpdateAutomation",
        "imageupdateautomations",
        "iua",
        "imgupd",
        "imgauto",
        columns=(READY, STATUS, from_path("Last run", ".status.lastAutomationRunTime"), AGE),
    ),
    _notification("v1", "Receiver", "receivers", _SUMMARY, RECEIVER),
    _notification("v1beta3", "Alert", "alerts", (AGE,), ALERT),
    _notification("v1beta3", "Provider", "providers", (AGE,), PROVIDER),
    _operator("FluxInstance", "fluxinstances"),
    _operator("FluxReport", "fluxreports"),
    _operator("ResourceSet", "resourcesets", "rset"),
    _operator("ResourceSetInputProvider", "resourcesetinputproviders", "rsip"),
)
