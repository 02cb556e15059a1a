"""What to do about each reason of Flux's (docs/flux.md, "Reasons and advice"), as templates that advice.py fills in.

A table: the first row that fits kind, reason and message speaks. Templates know three things: `{field}` becomes the
object's own value or, where it has none, words for it; text between back-ticks is to be copied; `[source]` is our own
command for the object with its source. The flux CLI stands where we have no verb of our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.resources import HelmRevision, Ref, Snapshot
from bot.core.veil import HIDDEN as VEILED

_KS: Final = ("Kustomization",)
_HR: Final = ("HelmRelease",)
_GIT: Final = ("GitRepository",)
_OCI: Final = ("OCIRepository",)
_BUCKET: Final = ("Bucket",)
_HELM_REPO: Final = ("HelmRepository",)
_CHART: Final = ("HelmChart",)
_IMAGE: Final = ("ImageRepository",)
_POLICY: Final = ("ImagePolicy",)
_UPDATE: Final = ("ImageUpdateAutomation",)
_RECEIVER: Final = ("Receiver",)
_GENERATOR: Final = ("ArtifactGenerator",)
_OPERATOR: Final = ("FluxInstance", "ResourceSet", "ResourceSetInputProvider")
_SOURCES: Final = (*_GIT, *_OCI, *_BUCKET, *_HELM_REPO, *_CHART)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What advice is wanted for."""

    ref: Ref
    reason: str
    message: str = ""
    now: Snapshot | None = None
    source_next: bool = False
    """Asking again with source is a step that was not taken yet."""
    good: HelmRevision | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of advice. `needs`: the field without which `otherwise` is said. `has`: a word of the message."""

    reasons: tuple[str, ...]
    text: str
    kinds: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    needs: str = ""
    otherwise: str = ""

    def fits(self, symptom: Symptom) -> bool:
        message = symptom.message.lower()
        return (
            symptom.reason in self.reasons
            and (not self.kinds or symptom.ref.kind.name in self.kinds)
            and (not self.has or any(each in message for each in self.has))
        )


_RELEASES: Final = "`kubectl -n {ns} describe helmrelease {name}` shows its releases."
_LOGS: Final = "`kubectl -n flux-system logs deploy/{controller}` tells more."

ROWS: Final[tuple[Row, ...]] = (
    # Kustomization
    Row(
        ("ArtifactFailed",),
        "{path} is not in this revision: correct `spec.path`, or add the folder in Git.",
        _KS,
        has=("path not found", "no such file"),
    ),
    Row(
        ("ArtifactFailed",),
        "It has nothing to apply until its source has: [source] asks the source first.",
        _KS,
        needs="source",
        otherwise="It has nothing to apply until its source has: `flux get sources all -n {ns}`.",
    ),
    Row(
        ("BuildFailed",),
        "The manifests could not be decrypted: check the secret in `spec.decryption` and who the files are"
        " encrypted for.",
        _KS,
        has=("sops", "decrypt", "age:", "pgp"),
    ),
    Row(
        ("BuildFailed",),
        "A variable has no value: check `spec.postBuild` and what it reads.",
        _KS,
        has=("substitut", "variable"),
    ),
    Row(
        ("BuildFailed",),
        "The build fails in {path}: `flux build kustomization {name} -n {ns} --path {path}` shows it at your desk.",
        _KS,
        needs="path",
        otherwise="Correct what the message names, under its `spec.path` in Git.",
    ),
    Row(
        ("ReconciliationFailed",),
        "A field was changed that cannot be: delete the object, or let Flux recreate it with {force}.",
        _KS,
        has=("immutable",),
        needs="force",
        otherwise="A field was changed that cannot be: delete the object, and Flux makes it anew.",
    ),
    Row(
        ("ReconciliationFailed",),
        "Its service account may not do that: check `spec.serviceAccountName` and the role behind it.",
        _KS,
        has=("forbidden", "cannot patch", "cannot create"),
    ),
    Row(
        ("ReconciliationFailed",),
        "The cluster does not know this kind yet: apply its CRD first, and order them with `spec.dependsOn`.",
        _KS,
        has=("no matches for kind",),
    ),
    Row(
        ("ReconciliationFailed",),
        "The API server refused what the message names: correct it under {path} in Git.",
        _KS,
        needs="path",
        otherwise="The API server refused what the message names: correct it in Git.",
    ),
    Row(
        ("HealthCheckFailed",),
        "See why it is not ready: `{describe}`.",
        has=(VEILED,),
        needs="describe",
        otherwise="Somebody who may see it has to look why it is not ready.",
    ),
    Row(
        ("HealthCheckFailed",),
        "See why it is not ready: `{describe}`.",
        needs="describe",
        otherwise="See why it is not ready: `kubectl describe` what the message names.",
    ),
    Row(("HealthCheckCanceled",), "A newer revision came in; its own run goes on by itself."),
    Row(("PruneFailed",), "The cluster keeps what should go: look for a webhook or a finalizer on it.", _KS),
    # HelmRelease
    Row(
        ("ArtifactFailed",),
        "Its chart could not be loaded: [source] fetches it first.",
        _HR,
        needs="source",
        otherwise="Its chart could not be loaded: `flux get sources chart -A` shows what it is made from.",
    ),
    Row(
        ("SourceNotReady",),
        "Its chart comes first: [source] asks for both.",
        _HR,
        needs="source",
        otherwise="Its chart comes first: `flux get sources all -n {ns}` shows what is wrong there.",
    ),
    Row(
        ("ValuesError",),
        "Something in `spec.valuesFrom` is missing or lacks a key: check that it exists in {ns}.",
        _HR,
    ),
    Row(
        (
            "ChartMutateError",
            "RESTClientError",
            "ResourceManagerError",
            "FactoryError",
            "ConfigFactoryErr",
            "StateError",
            "ReconcileError",
        ),
        f"Not the chart but Helm's surroundings failed (kubeconfig, storage or API). {_LOGS}",
        _HR,
    ),
    Row(
        ("InstallFailed", "UpgradeFailed"),
        "Helm waited in vain: `kubectl -n {release_ns} get pods,events` shows for what. {back}",
        _HR,
        has=("timed out", "deadline", "not ready", "context canceled"),
    ),
    Row(
        ("InstallFailed", "UpgradeFailed"),
        "{back} `helm history {release} -n {release_ns}` shows all releases.",
        _HR,
        needs="release",
        otherwise=f"Correct chart or values in Git; {_RELEASES}",
    ),
    Row(
        ("TestFailed",),
        "The chart's own tests failed: `kubectl -n {release_ns} get pods` has their logs. {back}",
        _HR,
    ),
    Row(
        ("RollbackSucceeded", "UninstallSucceeded"),
        "Helm undid the failed action, so the wanted version does not run: correct chart or values in Git. {back}",
        _HR,
    ),
    Row(
        ("RollbackFailed", "UninstallFailed"),
        "Undoing failed as well, so somebody has to look: `helm history {release} -n {release_ns}`. {back}",
        _HR,
        needs="release",
        otherwise=f"Undoing failed as well, so somebody has to look: {_RELEASES}",
    ),
    Row(
        ("RetriesExceeded",),
        "Correct chart or values in Git, or let it try again: `flux reconcile helmrelease {name} -n {ns} --reset`."
        " {back}",
        _HR,
    ),
    Row(
        ("MissingRollbackTarget",),
        "There is nothing to go back to: correct it in Git, then"
        " `flux reconcile helmrelease {name} -n {ns} --force`.",
        _HR,
    ),
    Row(
        ("PendingRelease",),
        "A lock of an interrupted Helm action is in the way: `helm history {release} -n {release_ns}` shows it.",
        _HR,
        needs="release",
        otherwise=f"A lock of an interrupted Helm action is in the way: {_RELEASES}",
    ),
    Row(("AwaitingTests",), "Its tests are still to run; Flux goes on by itself.", _HR),
    # Sources
    Row(
        ("GitOperationFailed",),
        "The branch, tag or commit is not there: check `spec.ref` against {url}.",
        _GIT,
        has=("couldn't find remote ref", "reference not found", "not found: ref"),
    ),
    Row(
        ("GitOperationFailed",),
        "The host key is not the known one: check `known_hosts` in {secret}.",
        _GIT,
        has=("known_hosts", "hostkey", "host key"),
    ),
    Row(("GitOperationFailed",), "Check {url}, its branch, and whether the cluster reaches {host}.", _GIT),
    Row(
        ("AuthenticationFailed",),
        "Its secret is missing or incomplete: `kubectl -n {ns} get secret {secret}`.",
        (*_SOURCES, *_IMAGE),
        has=("not found", "no key", "secret"),
        needs="secret",
        otherwise="The secret it names is missing or incomplete: check `spec.secretRef` in {ns}.",
    ),
    Row(
        ("AuthenticationFailed",),
        "{host} does not take the credentials in secret {secret} ({ns}): renew them.",
        (*_SOURCES, *_IMAGE),
        needs="secret",
        otherwise="{host} wants credentials: check `spec.secretRef`, and renew what is in it.",
    ),
    Row(
        ("InvalidProviderConfiguration",),
        "`spec.provider` and secret {secret} do not go together: the app's id, installation and key belong in it.",
        _GIT,
        needs="secret",
        otherwise="`spec.provider` needs a secret with the app's id, installation and key: set `spec.secretRef`.",
    ),
    Row(("EmptyGitRepository",), "{url} has no commit yet: push one.", _GIT),
    Row(("NotFound", "NoArtifact"), "A repository that it includes has nothing yet: look at that one first.", _GIT),
    Row(
        ("InvalidVerificationMode",),
        "`spec.verify.mode` wants a tag and `spec.ref` names none: change one of them.",
        _GIT,
    ),
    Row(
        ("VerificationError", "InvalidCommitSignature", "InvalidTagSignature", "InvalidGitObject"),
        "The signature does not fit the keys in `spec.verify.secretRef`: sign it, or add the signer's key.",
        _GIT,
    ),
    Row(
        ("VerificationError", "ChartVerificationError"),
        "No signature that `spec.verify` accepts: check that it was signed, and with which key.",
        (*_OCI, *_CHART),
    ),
    Row(
        ("OCIArtifactPullFailed", "ReadOperationFailed"),
        "`flux list artifacts {url}` shows which tags are there; compare with `spec.ref`.",
        _OCI,
        needs="url",
        otherwise="Check that the tag or digest in `spec.ref` is in the registry.",
    ),
    Row(
        ("OCIArtifactLayerOperationFailed",),
        "No layer fits `spec.layerSelector`: compare it with the artifact.",
        _OCI,
    ),
    Row(("BucketOperationFailed",), "Check endpoint, bucket name and what the credentials may read.", _BUCKET),
    Row(("InvalidSTSConfiguration",), "`spec.sts` does not fit `spec.provider`: correct it in Git.", _BUCKET),
    Row(
        ("IndexationFailed", "CacheOperationFailed"),
        "No usable index.yaml comes from {url}: check it, and whether the cluster reaches {host}.",
        _HELM_REPO,
    ),
    Row(("URLInvalid",), "Flux cannot use {url}: correct `spec.url` in Git.", _SOURCES),
    Row(
        ("InvalidChartReference", "MetadataPatchError", "ValuesFilesError"),
        "Chart {chart} in version {version} is not there, or its files do not load: compare with the repository.",
        _CHART,
    ),
    Row(
        ("ChartPullError", "ChartPackageError", "DependencyBuildError", "Unknown"),
        "Chart {chart} {version} could not be had: the message says where it failed.",
        _CHART,
    ),
    Row(
        ("SourceUnavailable", "NoSourceArtifact"),
        "Its repository comes first: [source] asks for both.",
        _CHART,
        needs="source",
        otherwise="Its repository comes first: `flux get sources all -n {ns}`.",
    ),
    Row(
        ("UnsupportedSourceKind",), "A chart cannot come from this kind of source: correct `spec.sourceRef`.", _CHART
    ),
    # Images
    Row(("ReadOperationFailed",), "The registry could not be read: check that the cluster reaches {host}.", _IMAGE),
    Row(("ImageURLInvalid",), "`spec.image` is no image name: leave out the scheme and the tag.", _IMAGE),
    Row(("DependencyNotReady",), "Its images were not scanned yet: `flux get image repository -n {ns}`.", _POLICY),
    Row(("InvalidPolicy",), "`spec.policy` does not work as written: correct it in Git.", _POLICY),
    Row(("IntervalNotConfigured",), "A policy that reflects digests needs `spec.interval`: set it in Git.", _POLICY),
    Row(
        ("GitOperationFailed",),
        "Pushing needs write access: check the deploy key or token of its GitRepository.",
        _UPDATE,
    ),
    Row(("SourceManagerFailed",), "It cannot use its GitRepository: check `spec.sourceRef` and its secret.", _UPDATE),
    Row(("UpdateFailed",), "The setters in {path} could not be applied: check the marker comments.", _UPDATE),
    Row(
        ("InvalidUpdateStrategy", "InvalidSourceConfiguration", "InvalidPolicySelector", "RemovedTemplateField"),
        "Its spec does not work as written; the message names the field: correct it in Git.",
        _UPDATE,
    ),
    # The rest
    Row(
        ("TokenNotFound",),
        "The secret of its webhook has no `token`: `kubectl -n {ns} get secret {secret}`.",
        _RECEIVER,
        needs="secret",
        otherwise="The secret of its webhook has no `token`: check `spec.secretRef` in {ns}.",
    ),
    Row(("ValidationFailed",), "Its spec does not work as written; the message names the field.", _RECEIVER),
    Row(("SourceFetchFailed",), "One of its sources has nothing to take from: look at `spec.sources`.", _GENERATOR),
    Row(("ValidationFailed",), "Its spec does not work as written; the message names the field.", _GENERATOR),
    Row(("BuildFailed",), "A copy rule finds nothing or writes outside: check `spec.artifacts`.", _GENERATOR),
    Row(
        ("ReconciliationDisabled",),
        "It is switched off by an annotation: set `fluxcd.controlplane.io/reconcile` back to `enabled`.",
        _OPERATOR,
    ),
    Row(("ReconciliationDisabled",), "It is switched off by an annotation: remove it to go on.", _GENERATOR),
    Row(
        ("InvalidSpec", "InvalidSchedule", "InvalidDefaultValues", "InvalidExportedInputs", "OutdatedVersion"),
        "Its spec does not work as written; the message names the field: correct it in Git.",
        _OPERATOR,
    ),
    Row(
        ("ReconciliationFailed", "BuildFailed", "ArtifactFailed"),
        "`kubectl -n {ns} describe {plural} {name}` tells more.",
        _OPERATOR,
    ),
    Row(("DependencyNotReady",), "Flux looks at its dependencies every 30 s and starts by itself."),
    Row(("Progressing", "ProgressingWithRetry"), "It is still at it; Flux goes on by itself."),
    Row(
        ("AccessDenied",),
        "It refers to another namespace and may not: move the reference into {ns}, or allow it where it points.",
    ),
    Row(
        ("FeatureGateDisabled",),
        "{controller} has workload identity per object switched off: enable the gate, or give it a secret.",
    ),
    Row(
        ("InvalidCELExpression",),
        "An expression in its spec does not compile (healthCheckExprs, readyExpr or a filter): correct it in Git.",
    ),
    Row(
        (
            "DirectoryCreationFailed",
            "StatOperationFailed",
            "AcquireLockFailed",
            "ArchiveOperationFailed",
            "ReadOperationFailed",
            "SymlinkUpdateFailed",
            "PatchOperationFailed",
            "InvalidPath",
        ),
        f"Not this object but the storage of {{controller}} failed. {_LOGS}",
    ),
)
