"""One row per Flux kind: what it is called, where it lives, and how it answers a request.

The facts are those of docs/flux.md, "Kinds". A new kind is a row here and, where its status has a shape of its own,
a few lines in bot/cluster/decode.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Switch(Enum):
    """How a kind is switched off."""

    SUSPEND = "spec.suspend"
    ANNOTATION = "an annotation `reconcile: disabled`"
    NONE = "cannot be switched off"


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A Flux kind. Two kinds are the same when all of the row is."""

    name: str
    """As the API spells it: `Kustomization`."""
    group: str
    version: str
    """The version served by Flux 2.9; a cluster that serves another one is asked at start-up."""
    plural: str
    short: str
    """The word we print in front of a name: `ks`, `hr`, `gitrepository`."""
    words: tuple[str, ...] = ()
    """Further lower-case words people and kubectl use."""
    cli: tuple[str, ...] = ()
    """The words of the flux CLI, `("source", "git")`; empty where the CLI has no such command."""
    controller: str = ""
    """The Deployment that runs it, as Flux installs it."""
    switch: Switch = Switch.SUSPEND
    static: bool = False
    """It has no reconciler: a request would never be answered."""
    observes: bool = True
    """It writes `status.observedGeneration`; else the Ready condition's own number counts."""
    source: bool = False
    """It fetches something that others apply."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"


_SOURCE = "source.toolkit.fluxcd.io"
_IMAGE = "image.toolkit.fluxcd.io"
_NOTIFY = "notification.toolkit.fluxcd.io"
_OPERATOR = "fluxcd.controlplane.io"

KUSTOMIZATION: Final = Kind(
    name="Kustomization",
    group="kustomize.toolkit.fluxcd.io",
    version="v1",
    plural="kustomizations",
    short="ks",
    cli=("kustomization",),
    controller="kustomize-controller",
)
HELM_RELEASE: Final = Kind(
    name="HelmRelease",
    group="helm.toolkit.fluxcd.io",
    version="v2",
    plural="helmreleases",
    short="hr",
    cli=("helmrelease",),
    controller="helm-controller",
)
GIT_REPOSITORY: Final = Kind(
    name="GitRepository",
    group=_SOURCE,
    version="v1",
    plural="gitrepositories",
    short="gitrepository",
    words=("gitrepo", "git"),
    cli=("source", "git"),
    controller="source-controller",
    source=True,
)
OCI_REPOSITORY: Final = Kind(
    name="OCIRepository",
    group=_SOURCE,
    version="v1",
    plural="ocirepositories",
    short="ocirepository",
    words=("ocirepo", "oci"),
    cli=("source", "oci"),
    controller="source-controller",
    source=True,
)
HELM_REPOSITORY: Final = Kind(
    name="HelmRepository",
    group=_SOURCE,
    version="v1",
    plural="helmrepositories",
    short="helmrepository",
    words=("helmrepo",),
    cli=("source", "helm"),
    controller="source-controller",
    source=True,
)
HELM_CHART: Final = Kind(
    name="HelmChart",
    group=_SOURCE,
    version="v1",
    plural="helmcharts",
    short="helmchart",
    words=("hc", "chart"),
    cli=("source", "chart"),
    controller="source-controller",
    source=True,
)
BUCKET: Final = Kind(
    name="Bucket",
    group=_SOURCE,
    version="v1",
    plural="buckets",
    short="bucket",
    cli=("source", "bucket"),
    controller="source-controller",
    source=True,
)
EXTERNAL_ARTIFACT: Final = Kind(
    name="ExternalArtifact",
    group=_SOURCE,
    version="v1",
    plural="externalartifacts",
    short="externalartifact",
    words=("ea",),
    controller="source-controller",
    switch=Switch.NONE,
    static=True,
    source=True,
)
ARTIFACT_GENERATOR: Final = Kind(
    name="ArtifactGenerator",
    group="source.extensions.fluxcd.io",
    version="v1beta1",
    plural="artifactgenerators",
    short="artifactgenerator",
    words=("ag",),
    controller="source-watcher",
    switch=Switch.ANNOTATION,
    observes=False,
)
IMAGE_REPOSITORY: Final = Kind(
    name="ImageRepository",
    group=_IMAGE,
    version="v1",
    plural="imagerepositories",
    short="imagerepository",
    words=("imgrepo", "imagerepo"),
    cli=("image", "repository"),
    controller="image-reflector-controller",
)
IMAGE_POLICY: Final = Kind(
    name="ImagePolicy",
    group=_IMAGE,
    version="v1",
    plural="imagepolicies",
    short="imagepolicy",
    words=("imgpol", "imagepol"),
    cli=("image", "policy"),
    controller="image-reflector-controller",
)
IMAGE_UPDATE_AUTOMATION: Final = Kind(
    name="ImageUpdateAutomation",
    group=_IMAGE,
    version="v1",
    plural="imageupdateautomations",
    short="imageupdateautomation",
    words=("iua", "imgupd", "imgauto"),
    cli=("image", "update"),
    controller="image-automation-controller",
)
RECEIVER: Final = Kind(
    name="Receiver",
    group=_NOTIFY,
    version="v1",
    plural="receivers",
    short="receiver",
    cli=("receiver",),
    controller="notification-controller",
)
ALERT: Final = Kind(
    name="Alert",
    group=_NOTIFY,
    version="v1beta3",
    plural="alerts",
    short="alert",
    controller="notification-controller",
    static=True,
    observes=False,
)
PROVIDER: Final = Kind(
    name="Provider",
    group=_NOTIFY,
    version="v1beta3",
    plural="providers",
    short="provider",
    words=("alert-provider",),
    controller="notification-controller",
    static=True,
    observes=False,
)
FLUX_INSTANCE: Final = Kind(
    name="FluxInstance",
    group=_OPERATOR,
    version="v1",
    plural="fluxinstances",
    short="fluxinstance",
    controller="flux-operator",
    switch=Switch.ANNOTATION,
    observes=False,
)
RESOURCE_SET: Final = Kind(
    name="ResourceSet",
    group=_OPERATOR,
    version="v1",
    plural="resourcesets",
    short="resourceset",
    words=("rset",),
    controller="flux-operator",
    switch=Switch.ANNOTATION,
    observes=False,
)
RESOURCE_SET_INPUT_PROVIDER: Final = Kind(
    name="ResourceSetInputProvider",
    group=_OPERATOR,
    version="v1",
    plural="resourcesetinputproviders",
    short="resourcesetinputprovider",
    words=("rsip",),
    controller="flux-operator",
    switch=Switch.ANNOTATION,
    observes=False,
)

KINDS: Final[tuple[Kind, ...]] = (
    KUSTOMIZATION,
    HELM_RELEASE,
    GIT_REPOSITORY,
    OCI_REPOSITORY,
    HELM_REPOSITORY,
    HELM_CHART,
    BUCKET,
    EXTERNAL_ARTIFACT,
    ARTIFACT_GENERATOR,
    IMAGE_REPOSITORY,
    IMAGE_POLICY,
    IMAGE_UPDATE_AUTOMATION,
    RECEIVER,
    ALERT,
    PROVIDER,
    FLUX_INSTANCE,
    RESOURCE_SET,
    RESOURCE_SET_INPUT_PROVIDER,
)

ASKABLE: Final[tuple[Kind, ...]] = tuple(kind for kind in KINDS if not kind.static)
"""The kinds a request makes sense for, in the order in which we list them to people."""

_BY_NAME: Final[dict[str, Kind]] = {kind.name: kind for kind in KINDS}
_BY_WORD: Final[dict[str, Kind]] = {
    word: kind for kind in KINDS for word in (kind.name.lower(), kind.plural, kind.short, *kind.words)
}
_BY_CLI: Final[dict[tuple[str, ...], Kind]] = {kind.cli: kind for kind in KINDS if len(kind.cli) == 2}


def kind_called(word: str) -> Kind | None:
    """The kind of a name, plural, short name or `plural.group`, in any case; None when there is none.

    kubectl prints `kustomization.kustomize.toolkit.fluxcd.io/apps`, so a group behind the first dot must be the
    kind's own.
    """
    lowered = word.lower()
    head, _, group = lowered.partition(".")
    kind = _BY_WORD.get(head)
    if kind is None or (group and group not in (kind.group, f"{kind.version}.{kind.group}")):
        return None
    return kind


def kind_named(name: str) -> Kind | None:
    """The kind spelled exactly as the API spells it; None for a kind that is not Flux's."""
    return _BY_NAME.get(name)


def kind_of_cli(first: str, second: str) -> Kind | None:
    """The kind of the flux CLI's two words (`source git`), in any case."""
    return _BY_CLI.get((first.lower(), second.lower()))


def kind_words() -> tuple[str, ...]:
    """Every word that names a kind, for suggestions."""
    return tuple(sorted(_BY_WORD))
