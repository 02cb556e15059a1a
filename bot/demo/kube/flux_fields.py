"""The few fields of Flux's kinds whose types are checked, and how they are written."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.demo.kube.schema import Field, Schema

_DURATION: Final = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
_SHORT_DURATION: Final = r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$"

_SUSPEND: Final[Mapping[str, Field]] = MappingProxyType({"suspend": Field("boolean")})


def _every(*, required: bool = True) -> Field:
    return Field("string", required=required, pattern=_DURATION)


_APPLIER: Final[Mapping[str, Field]] = MappingProxyType(
    {
        **_SUSPEND,
        "interval": _every(),
        "timeout": Field("string", pattern=_DURATION),
        "dependsOn": Field("array"),
        "serviceAccountName": Field("string"),
        "targetNamespace": Field("string"),
        "healthCheckExprs": Field("array"),
    }
)
_SOURCE: Final[Mapping[str, Field]] = MappingProxyType(
    {
        **_SUSPEND,
        "interval": _every(),
        "timeout": Field("string", pattern=_SHORT_DURATION),
        "url": Field("string", required=True),
        "secretRef": Field("object"),
        "provider": Field("string"),
    }
)


def _reference(field: str, *kinds: str, required: bool = True) -> Mapping[str, Field]:
    return {
        field: Field("object", required=required),
        f"{field}.kind": Field("string", required=True, words=kinds),
        f"{field}.name": Field("string", required=True),
    }


KUSTOMIZATION: Final[Schema] = MappingProxyType(
    {
        **_APPLIER,
        **_reference("sourceRef", "OCIRepository", "GitRepository", "Bucket", "ExternalArtifact"),
        "prune": Field("boolean", required=True),
        "path": Field("string"),
        "retryInterval": Field("string", pattern=_DURATION),
        "wait": Field("boolean"),
        "force": Field("boolean"),
        "healthChecks": Field("array"),
    }
)
HELM_RELEASE: Final[Schema] = MappingProxyType(
    {
        **_APPLIER,
        **_reference("chartRef", "OCIRepository", "HelmChart", "ExternalArtifact", required=False),
        "chart": Field("object"),
        "chart.spec": Field("object", required=True),
        "chart.spec.chart": Field("string", required=True),
        "chart.spec.version": Field("string"),
        "install": Field("object"),
        "upgrade": Field("object"),
        "releaseName": Field("string"),
    }
)
HELM_CHART: Final[Schema] = MappingProxyType(
    {
        **_SUSPEND,
        **_reference("sourceRef", "HelmRepository", "GitRepository", "Bucket"),
        "interval": _every(),
        "chart": Field("string", required=True),
        "version": Field("string"),
    }
)
GIT: Final[Schema] = MappingProxyType(
    {**_SOURCE, "url": Field("string", required=True, pattern=r"^(http|https|ssh)://.*$"), "ref": Field("object")}
)
OCI: Final[Schema] = MappingProxyType(
    {**_SOURCE, "url": Field("string", required=True, pattern=r"^oci://.*$"), "ref": Field("object")}
)
HELM_REPOSITORY: Final[Schema] = MappingProxyType(
    {
        **_SOURCE,
        "interval": _every(required=False),
        "url": Field("string", required=True, pattern=r"^(http|https|oci)://.*$"),
        "type": Field("string", words=("default", "oci")),
        "insecure": Field("boolean"),
    }
)
BUCKET: Final[Schema] = MappingProxyType(
    {
        **{path: field for path, field in _SOURCE.items() if path != "url"},
        "endpoint": Field("string", required=True),
        "bucketName": Field("string", required=True),
    }
)
RECEIVER: Final[Schema] = MappingProxyType(
    {**_SUSPEND, "type": Field("string", required=True), "resources": Field("array", required=True)}
)
ALERT: Final[Schema] = MappingProxyType(
    {
        **_SUSPEND,
        "eventSeverity": Field("string", words=("info", "error")),
        "eventSources": Field("array", required=True),
        "providerRef": Field("object", required=True),
        "providerRef.name": Field("string", required=True),
    }
)
PROVIDER: Final[Schema] = MappingProxyType({**_SUSPEND, "type": Field("string", required=True)})
IMAGE: Final[Schema] = MappingProxyType({**_SUSPEND, "interval": _every(required=False)})
