"""Where the API server keeps the objects of a kind (docs/flux.md, Kinds)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.demo.flux.shapes import Json, Key


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object; an empty group is the core group."""

    name: str
    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def collection(self, namespace: str = "") -> str:
        """The path of the kind's objects, of one namespace or of all."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"

    def path(self, place: Key) -> str:
        namespace, name = place
        return f"{self.collection(namespace if self.namespaced else '')}/{name}"


_SOURCE: Final = "source.toolkit.fluxcd.io"
_IMAGE: Final = "image.toolkit.fluxcd.io"
_NOTIFY: Final = "notification.toolkit.fluxcd.io"
_OPERATOR: Final = "fluxcd.controlplane.io"

GIT: Final = Kind("GitRepository", _SOURCE, "v1", "gitrepositories")
OCI: Final = Kind("OCIRepository", _SOURCE, "v1", "ocirepositories")
BUCKET: Final = Kind("Bucket", _SOURCE, "v1", "buckets")
HELM_REPOSITORY: Final = Kind("HelmRepository", _SOURCE, "v1", "helmrepositories")
HELM_CHART: Final = Kind("HelmChart", _SOURCE, "v1", "helmcharts")
EXTERNAL: Final = Kind("ExternalArtifact", _SOURCE, "v1", "externalartifacts")
GENERATOR: Final = Kind("ArtifactGenerator", "source.extensions.fluxcd.io", "v1beta1", "artifactgenerators")
KUSTOMIZATION: Final = Kind("Kustomization", "kustomize.toolkit.fluxcd.io", "v1", "kustomizations")
HELM_RELEASE: Final = Kind("HelmRelease", "helm.toolkit.fluxcd.io", "v2", "helmreleases")
RECEIVER: Final = Kind("Receiver", _NOTIFY, "v1", "receivers")
ALERT: Final = Kind("Alert", _NOTIFY, "v1beta3", "alerts")
PROVIDER: Final = Kind("Provider", _NOTIFY, "v1beta3", "providers")
IMAGE_REPOSITORY: Final = Kind("ImageRepository", _IMAGE, "v1", "imagerepositories")
IMAGE_POLICY: Final = Kind("ImagePolicy", _IMAGE, "v1", "imagepolicies")
IMAGE_AUTOMATION: Final = Kind("ImageUpdateAutomation", _IMAGE, "v1", "imageupdateautomations")
INSTANCE: Final = Kind("FluxInstance", _OPERATOR, "v1", "fluxinstances")
RESOURCE_SET: Final = Kind("ResourceSet", _OPERATOR, "v1", "resourcesets")
INPUT_PROVIDER: Final = Kind("ResourceSetInputProvider", _OPERATOR, "v1", "resourcesetinputproviders")

EVENT: Final = Kind("Event", "", "v1", "events")
CONFIG_MAP: Final = Kind("ConfigMap", "", "v1", "configmaps")
SECRET: Final = Kind("Secret", "", "v1", "secrets")
DEPLOYMENT: Final = Kind("Deployment", "apps", "v1", "deployments")

_TABLE: Final = (
    *(GIT, OCI, BUCKET, HELM_REPOSITORY, HELM_CHART, EXTERNAL, GENERATOR, KUSTOMIZATION, HELM_RELEASE),
    *(RECEIVER, ALERT, PROVIDER, IMAGE_REPOSITORY, IMAGE_POLICY, IMAGE_AUTOMATION),
    *(INSTANCE, RESOURCE_SET, INPUT_PROVIDER, EVENT, CONFIG_MAP, SECRET, DEPLOYMENT),
    Kind("Namespace", "", "v1", "namespaces", namespaced=False),
    Kind("CustomResourceDefinition", "apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False),
    Kind("ClusterRole", "rbac.authorization.k8s.io", "v1", "clusterroles", namespaced=False),
    Kind("ClusterRoleBinding", "rbac.authorization.k8s.io", "v1", "clusterrolebindings", namespaced=False),
)
_KNOWN: Final[Mapping[tuple[str, str], Kind]] = {(kind.group, kind.name): kind for kind in _TABLE}


def named(group: str, name: str, version: str = "v1") -> Kind:
    """The kind of that group; one that the table lacks gets the plural that English would give it."""
    known = _KNOWN.get((group, name))
    return known if known is not None else Kind(name, group, version, _plural(name.lower()))


def of(obj: Json) -> Kind:
    """The kind of an object or of a reference with `apiVersion` and `kind`."""
    group, _, version = str(obj.get("apiVersion", "v1")).rpartition("/")
    return named(group, obj["kind"], version)


def _plural(word: str) -> str:
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch")) else f"{word}s"
