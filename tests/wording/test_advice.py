"""Advice for every reason of Flux's, in the object's own fields; every command of ours that it holds parses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.commands import History, Reconcile, Status
from bot.core.kinds import (
    ARTIFACT_GENERATOR,
    BUCKET,
    FLUX_INSTANCE,
    GIT_REPOSITORY,
    HELM_CHART,
    HELM_RELEASE,
    HELM_REPOSITORY,
    IMAGE_POLICY,
    IMAGE_REPOSITORY,
    IMAGE_UPDATE_AUTOMATION,
    KINDS,
    KUSTOMIZATION,
    OCI_REPOSITORY,
    RECEIVER,
    RESOURCE_SET,
    Kind,
)
from bot.core.parsing import parse
from bot.core.resources import Ref, Snapshot
from bot.wording.advice import advice
from bot.wording.document import Document, Line, Note, Run, Spans
from bot.wording.plain import plain
from bot.wording.reasons import ROWS, Symptom
from bot.wording.sentences import document
from tests.wording.examples import CHART, FLEET, LEGACY, UNHEALTHY, ref, release
from tests.wording.rarer import EXAMPLES

STORAGE = (
    "DirectoryCreationFailed StatOperationFailed AcquireLockFailed ArchiveOperationFailed SymlinkUpdateFailed"
    " PatchOperationFailed InvalidPath"
)
REASONS: dict[Kind, str] = {
    KUSTOMIZATION: "ArtifactFailed BuildFailed ReconciliationFailed HealthCheckFailed HealthCheckCanceled PruneFailed"
    " DependencyNotReady InvalidCELExpression AccessDenied FeatureGateDisabled DirectoryCreationFailed"
    " ProgressingWithRetry",
    HELM_RELEASE: "ArtifactFailed SourceNotReady ValuesError ChartMutateError RESTClientError ResourceManagerError"
    " FactoryError ConfigFactoryErr StateError ReconcileError InstallFailed UpgradeFailed TestFailed"
    " RollbackSucceeded UninstallSucceeded RollbackFailed UninstallFailed RetriesExceeded"
    " MissingRollbackTarget PendingRelease AwaitingTests DependencyNotReady"
    " HealthCheckCanceled HealthCheckFailed AccessDenied InvalidCELExpression",
    GIT_REPOSITORY: "GitOperationFailed AuthenticationFailed InvalidProviderConfiguration EmptyGitRepository NotFound"
    " NoArtifact VerificationError InvalidCommitSignature InvalidTagSignature InvalidGitObject"
    f" InvalidVerificationMode URLInvalid AccessDenied {STORAGE}",
    OCI_REPOSITORY: "VerificationError OCIArtifactPullFailed OCIArtifactLayerOperationFailed AuthenticationFailed"
    f" URLInvalid ReadOperationFailed {STORAGE}",
    BUCKET: f"BucketOperationFailed InvalidSTSConfiguration AuthenticationFailed ReadOperationFailed {STORAGE}",
    HELM_REPOSITORY: f"IndexationFailed CacheOperationFailed AuthenticationFailed URLInvalid {STORAGE}",
    HELM_CHART: "InvalidChartReference MetadataPatchError ValuesFilesError ChartPullError ChartPackageError"
    " DependencyBuildError ChartVerificationError VerificationError Unknown SourceUnavailable UnsupportedSourceKind"
    f" NoSourceArtifact AuthenticationFailed URLInvalid {STORAGE}",
    IMAGE_REPOSITORY: "ReadOperationFailed AuthenticationFailed ImageURLInvalid",
    IMAGE_POLICY: "DependencyNotReady InvalidPolicy IntervalNotConfigured AccessDenied",
    IMAGE_UPDATE_AUTOMATION: "GitOperationFailed SourceManagerFailed UpdateFailed InvalidUpdateStrategy"
    " InvalidSourceConfiguration InvalidPolicySelector RemovedTemplateField",
    RECEIVER: "TokenNotFound ValidationFailed InvalidCELExpression",
    ARTIFACT_GENERATOR: "SourceFetchFailed ValidationFailed AccessDenied ReconciliationDisabled BuildFailed",
    FLUX_INSTANCE: "ReconciliationFailed BuildFailed ArtifactFailed ReconciliationDisabled OutdatedVersion"
    " InvalidSpec InvalidSchedule InvalidDefaultValues InvalidExportedInputs HealthCheckCanceled",
    RESOURCE_SET: "DependencyNotReady InvalidCELExpression",
}
IMMUTABLE = "Deployment/shop/web dry-run failed: field is immutable"
NOTHING_YET = (
    "It has nothing to apply until its source has:"
    " /flux-reconcile prod ks/shop/web --with-source asks the source first."
)
PAIRS = [(kind, reason) for kind, reasons in REASONS.items() for reason in reasons.split()]


@pytest.mark.parametrize(("kind", "reason"), PAIRS, ids=lambda value: getattr(value, "name", value))
def test_every_reason_has_advice_of_one_or_two_sentences(kind: Kind, reason: str) -> None:
    for now in (None, Snapshot(Ref("prod", kind, "shop", "web"), path="./x", secret="s", url="https://h.example/x")):
        said = _said(advice(Symptom(Ref("prod", kind, "shop", "web"), reason, now=now), "/flux-reconcile"))
        assert 20 <= len(said) <= 260
        assert said.endswith(".")
        assert "{" not in said
        assert "  " not in said


def test_a_reason_that_says_everything_itself_has_no_advice() -> None:
    assert advice(Symptom(ref("shop/web"), "ReconciliationSucceeded"), "/flux-reconcile") == ()


@pytest.mark.parametrize(
    ("symptom", "said"),
    [
        (
            Symptom(
                ref("shop/web"), "ArtifactFailed", "path not found", Snapshot(ref("shop/web"), path="./a")
            ),
            "./a is not in this revision: correct spec.path, or add the folder in Git.",
        ),
        (
            Symptom(ref("shop/web"), "ArtifactFailed", "Source artifact not found", source_next=True),
            NOTHING_YET,
        ),
        (
            Symptom(ref("shop/web"), "ArtifactFailed", "Source artifact not found"),
            "It has nothing to apply until its source has: flux get sources all -n shop.",
        ),
        (
            Symptom(ref("shop/web"), "HealthCheckFailed", UNHEALTHY),
            "See why it is not ready: kubectl -n shop describe job migrate.",
        ),
        (
            Symptom(ref("shop/web"), "ReconciliationFailed", IMMUTABLE, Snapshot(ref("shop/web"))),
            "A field was changed that cannot be: delete the object, or let Flux recreate it with spec.force.",
        ),
        (
            Symptom(ref("shop/web"), "ReconciliationFailed", IMMUTABLE, Snapshot(ref("shop/web"), forces=True)),
            "A field was changed that cannot be: delete the object, and Flux makes it anew.",
        ),
        (
            Symptom(ref("shop/web"), "BuildFailed", "kustomize build failed"),
            "Correct what the message names, under its spec.path in Git.",
        ),
        (
            Symptom(ref("shop/web"), "HealthCheckFailed", "timeout waiting for: [(hidden) status: 'Failed']"),
            "Somebody who may see it has to look why it is not ready.",
        ),
        (
            Symptom(
                LEGACY, "AuthenticationFailed", "authentication required",
                Snapshot(LEGACY, url="https://git.example.com/acme/legacy", secret="legacy-auth"),
            ),
            "git.example.com does not take the credentials in secret legacy-auth (flux-system): renew them.",
        ),
        (
            Symptom(LEGACY, "AuthenticationFailed", "failed to get secret: secrets \"legacy-auth\" not found"),
            "Its secret is missing or incomplete: kubectl -n flux-system get secret legacy-auth.",
        ),
        (
            Symptom(
                CHART, "InvalidChartReference", now=Snapshot(CHART, chart_name="redis", chart_wanted="20.x"),
            ),
            "Chart redis in version 20.x is not there, or its files do not load: compare with the repository.",
        ),
    ],
)  # fmt: skip
def test_advice_names_the_objects_own_fields(symptom: Symptom, said: str) -> None:
    assert _said(advice(symptom, "/flux-reconcile")) == said


@pytest.mark.parametrize(
    ("now", "revision", "back"),
    [
        (
            Snapshot(ref("shop/redis", HELM_RELEASE), chart=CHART, source=FLEET),
            "19.2.0",
            "To go back, set spec.chart.spec.version to 19.1.4 in Git.",
        ),
        (
            Snapshot(ref("shop/redis", HELM_RELEASE), source=ref("shop/redis", OCI_REPOSITORY)),
            "19.2.0+0cc9a8446c95",
            "To go back, set spec.ref.tag of its OCIRepository to 19.1.4 in Git.",
        ),
        (
            Snapshot(ref("shop/redis", HELM_RELEASE), chart=CHART),
            "19.1.4",
            "The chart is the one that worked before: look at the change of its values in Git.",
        ),
    ],
)
def test_a_failed_helm_action_tells_the_way_back_in_git(now: Snapshot, revision: str, back: str) -> None:
    symptom = Symptom(now.ref, "UpgradeFailed", "exit status 1", now, good=release(7, "19.1.4"), revision=revision)
    assert _said(advice(symptom, "/flux-reconcile")) == f"{back} helm history redis -n shop shows all releases."


def test_a_release_that_never_worked_has_no_way_back() -> None:
    now = Snapshot(ref("shop/redis", HELM_RELEASE), helm=(release(1, "19.2.0", status="failed"),))
    symptom = Symptom(now.ref, "InstallFailed", "exit status 1", now)
    assert _said(advice(symptom, "/flux-reconcile")) == (
        "No release of it has worked yet: correct chart or values in Git."
        " helm history redis -n shop shows all releases."
    )


@pytest.mark.parametrize(
    ("reason", "message", "said"),
    [
        (
            "InstallFailed",
            "exit status 1",
            "Correct chart or values in Git; kubectl -n shop describe helmrelease redis shows its releases.",
        ),
        (
            "UpgradeFailed",
            "timed out waiting for the condition",
            "Helm waited in vain: kubectl -n shop get pods,events shows for what.",
        ),
        (
            "RollbackSucceeded",
            "",
            "Helm undid the failed action, so the wanted version does not run: correct chart or values in Git.",
        ),
    ],
)
def test_of_a_release_that_was_not_read_nothing_is_made_up(reason: str, message: str, said: str) -> None:
    symptom = Symptom(ref("shop/redis", HELM_RELEASE), reason, message)
    assert _said(advice(symptom, "/flux-reconcile")) == said


@pytest.mark.parametrize("command", ["/flux-reconcile", "/rec"])
@pytest.mark.parametrize("title", EXAMPLES)
def test_every_command_in_a_message_parses(title: str, command: str) -> None:
    notice = EXAMPLES[title]
    runs = [span.text for span in _spans(document(notice, command)) if isinstance(span, Run)]
    assert [run for run in runs if not isinstance(parse(run, command), Reconcile | Status | History)] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_command_in_an_advice_parses_to_its_object(kind: Kind) -> None:
    target = Ref("prod", kind, "shop", "all")
    runs = {
        span.text
        for row in ROWS
        for span in advice(replace(Symptom(target, row.reasons[0]), source_next=True), "/flux-reconcile")
        if isinstance(span, Run)
    }
    for run in runs:
        parsed = parse(run, "/flux-reconcile")
        assert isinstance(parsed, Reconcile)
        assert [(each.kind, each.namespace, each.name, each.cluster) for each in parsed.targets] == [
            (kind, "shop", "all", "prod")
        ]
        assert parsed.options.with_source


def _spans(told: Document) -> Spans:
    lines = (told.head, *(part for part in told.parts if isinstance(part, Line | Note)))
    return tuple(span for each in lines for span in each.spans)


def _said(spans: Spans) -> str:
    return plain(Document(Line(spans)))
