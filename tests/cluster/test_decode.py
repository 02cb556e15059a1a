"""Objects of every kind, as controllers write them, become snapshots; odd ones never raise."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cluster.decode import snapshot, version
from bot.cluster.scalars import duration, moment, without_credentials
from bot.cluster.wire import Body
from bot.core import kinds
from bot.core.kinds import KINDS, Kind
from bot.core.resources import (
    Artifact,
    Build,
    Condition,
    Dependency,
    Details,
    HelmRevision,
    Ref,
    Remediation,
    Snapshot,
    Tokens,
)

Json = dict[str, object]


def decoded(
    kind: Kind, *, spec: Json | None = None, status: Json | None = None, annotations: Json | None = None
) -> Snapshot:
    body = {
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations or {}},
        "spec": spec or {},
        "status": status or {},
    }
    found = snapshot(json.dumps(body).encode(), "prod", kind, full=True)
    assert found is not None
    return found


def ref(kind: Kind, namespace: str, name: str) -> Ref:
    return Ref("prod", kind, namespace, name)


def test_a_kustomization_is_read_whole() -> None:
    body = {
        "metadata": {
            "name": "apps",
            "namespace": "flux-system",
            "uid": "u-1",
            "resourceVersion": "81234",
            "generation": 5,
            "creationTimestamp": "2026-08-01T08:00:00Z",
            "deletionTimestamp": "2026-08-20T10:00:00Z",
            "finalizers": ["finalizers.fluxcd.io"],
            "labels": {"team": "shop", "env": "prod"},
            "annotations": {"reconcile.fluxcd.io/requestedAt": "t-2", "other": "x"},
            "managedFields": [{"manager": "x"}],
        },
        "spec": {
            "interval": "10m",
            "timeout": "1h30m0s",
            "retryInterval": "2.5s",
            "path": "./deploy",
            "prune": True,
            "wait": True,
            "force": True,
            "suspend": True,
            "sourceRef": {"kind": "OCIRepository", "name": "apps", "namespace": "sources"},
            "dependsOn": [{"name": "infra"}, {"name": "db", "namespace": "data", "readyExpr": "dep.x"}],
        },
        "status": {
            "observedGeneration": 4,
            "lastHandledReconcileAt": "t-1",
            "lastAppliedRevision": "main@sha1:aa",
            "lastAppliedOriginRevision": "main@sha1:bb",
            "lastAttemptedRevision": "main@sha1:cc",
            "conditions": [
                {
                    "type": "Ready",
                    "status": "False",
                    "reason": "BuildFailed",
                    "message": "no",
                    "observedGeneration": 5,
                    "lastTransitionTime": "2026-08-20T09:14:03Z",
                }
            ],
            "inventory": {"entries": [{"id": "apps_web_apps_Deployment", "v": "v1"}, {"id": "_apps__Namespace"}]},
            "history": [
                {
                    "digest": "sha256:43ad",
                    "lastReconciled": "2026-08-20T09:14:03Z",
                    "lastReconciledStatus": "ReconciliationSucceeded",
                    "totalReconciliations": 2,
                    "metadata": {"revision": "main@sha1:aa"},
                }
            ],
        },
    }
    at = datetime(2026, 8, 20, 9, 14, 3, tzinfo=UTC)
    whole = Snapshot(
        ref=ref(kinds.KUSTOMIZATION, "flux-system", "apps"),
        uid="u-1",
        version="81234",
        generation=5,
        observed=4,
        deleting=True,
        finalizers=("finalizers.fluxcd.io",),
        suspended=True,
        conditions=(Condition("Ready", "False", "BuildFailed", "no", 5, at),),
        asked=Tokens(request="t-2"),
        handled=Tokens(request="t-1"),
        applied="main@sha1:aa",
        applied_origin="main@sha1:bb",
        attempted="main@sha1:cc",
        source=ref(kinds.OCI_REPOSITORY, "sources", "apps"),
        depends_on=(
            Dependency(ref(kinds.KUSTOMIZATION, "flux-system", "infra")),
            Dependency(ref(kinds.KUSTOMIZATION, "data", "db"), ready_expr=True),
        ),
        interval=timedelta(minutes=10),
        timeout=timedelta(hours=1, minutes=30),
        retry_interval=timedelta(seconds=2.5),
        checks_health=True,
        prunes=True,
        forces=True,
        path="./deploy",
        labels=(("env", "prod"), ("team", "shop")),
        created_at=datetime(2026, 8, 1, 8, tzinfo=UTC),
        details=Details(
            inventory=("_apps__Namespace", "apps_web_apps_Deployment"),
            builds=(Build("sha256:43ad", "main@sha1:aa", "ReconciliationSucceeded", at, 2),),
        ),
    )
    raw = json.dumps(body).encode()
    assert snapshot(raw, "prod", kinds.KUSTOMIZATION, full=True) == whole
    assert snapshot(raw, "prod", kinds.KUSTOMIZATION, full=False) == whole.brief()


def test_health_checks_alone_count_as_checking_health() -> None:
    checks: Json = {"healthChecks": [{"kind": "Deployment", "name": "web"}]}
    none: Json = {"healthChecks": []}
    assert [decoded(kinds.KUSTOMIZATION, spec=spec).checks_health for spec in (checks, none)] == [True, False]


def test_a_helm_release_with_a_template_has_a_repository_and_a_chart() -> None:
    chart: Json = {"chart": "podinfo", "version": "6.x", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}
    found = decoded(kinds.HELM_RELEASE, spec={"chart": {"spec": chart}})
    assert (found.source, found.chart, found.chart_name, found.chart_wanted) == (
        ref(kinds.HELM_REPOSITORY, "shop", "charts"),
        ref(kinds.HELM_CHART, "shop", "shop-web"),
        "podinfo",
        "6.x",
    )


def test_the_chart_of_a_template_lives_where_its_repository_lives_unless_status_says_otherwise() -> None:
    pointer = {"kind": "GitRepository", "name": "charts", "namespace": "sources"}
    spec: Json = {"chart": {"spec": {"chart": "./c", "sourceRef": pointer}}}
    guessed = decoded(kinds.HELM_RELEASE, spec=spec)
    told = decoded(kinds.HELM_RELEASE, spec=spec, status={"helmChart": "elsewhere/named"})
    assert (guessed.chart, told.chart) == (
        ref(kinds.HELM_CHART, "sources", "shop-web"),
        ref(kinds.HELM_CHART, "elsewhere", "named"),
    )


def test_a_helm_release_with_a_chart_reference_has_that_as_its_source_and_no_chart_of_its_own() -> None:
    found = decoded(kinds.HELM_RELEASE, spec={"chartRef": {"kind": "OCIRepository", "name": "podinfo"}})
    assert (found.source, found.chart) == (ref(kinds.OCI_REPOSITORY, "shop", "podinfo"), None)


def test_what_runs_of_a_helm_release_is_its_deployed_version() -> None:
    history = [
        {"name": "podinfo", "namespace": "apps", "version": 3, "status": "failed", "chartVersion": "6.6.0"},
        {
            "name": "podinfo",
            "namespace": "apps",
            "version": 2,
            "status": "deployed",
            "chartName": "podinfo",
            "chartVersion": "6.5.0",
            "appVersion": "6.5.1",
            "configDigest": "sha256:e1",
            "ociDigest": "sha256:0c",
            "digest": "sha256:e5",
            "lastDeployed": "2026-08-20T09:14:10Z",
        },
    ]
    found = decoded(kinds.HELM_RELEASE, status={"history": history, "lastAttemptedRevision": "6.6.0"})
    assert (found.applied, found.attempted) == ("6.5.0", "6.6.0")
    assert found.helm == (
        HelmRevision("podinfo", "apps", 3, "failed", "", "6.6.0"),
        HelmRevision(
            "podinfo",
            "apps",
            2,
            "deployed",
            "podinfo",
            "6.5.0",
            "6.5.1",
            "sha256:e1",
            "sha256:0c",
            "sha256:e5",
            datetime(2026, 8, 20, 9, 14, 10, tzinfo=UTC),
        ),
    )
    assert found.details == Details()


def test_a_brief_helm_release_keeps_its_history() -> None:
    raw = json.dumps(
        {"metadata": {"name": "web"}, "status": {"history": [{"version": 1, "status": "deployed"}]}}
    ).encode()
    found = snapshot(raw, "prod", kinds.HELM_RELEASE, full=False)
    assert found is not None
    assert ([row.version for row in found.helm], found.details) == ([1], None)


def test_remediation_counts_retries_and_failures() -> None:
    spec: Json = {
        "install": {"remediation": {"retries": 3}},
        "upgrade": {
            "remediation": {"retries": -1},
            "strategy": {"name": "RetryOnFailure", "retryInterval": "5m"},
        },
    }
    status: Json = {"failures": 4, "installFailures": 1, "upgradeFailures": 2}
    assert decoded(kinds.HELM_RELEASE, spec=spec, status=status).remediation == Remediation(
        3, -1, True, timedelta(minutes=5), 4, 1, 2
    )


def test_a_source_runs_its_artifact_and_shows_no_credentials() -> None:
    artifact = {
        "revision": "latest@sha256:3b",
        "digest": "sha256:d7",
        "lastUpdateTime": "2026-08-20T09:13:58Z",
        "metadata": {
            "org.opencontainers.image.revision": "main@sha1:4f",
            "org.opencontainers.image.source": "https://bot:hunter2@github.com/acme/apps?key=1",
        },
    }
    found = decoded(
        kinds.OCI_REPOSITORY,
        spec={"url": "oci://user:pass@ghcr.io/acme/apps", "secretRef": {"name": "pull"}},
        status={"artifact": artifact},
    )
    assert (found.url, found.secret, found.applied) == ("oci://ghcr.io/acme/apps", "pull", "latest@sha256:3b")
    assert found.artifact == Artifact(
        "latest@sha256:3b",
        "sha256:d7",
        datetime(2026, 8, 20, 9, 13, 58, tzinfo=UTC),
        "main@sha1:4f",
        "https://github.com/acme/apps",
    )


def test_only_an_oci_helm_repository_is_static() -> None:
    assert [decoded(kinds.HELM_REPOSITORY, spec={"type": each}).static for each in ("oci", "default")] == [
        True,
        False,
    ]
    assert [kind.name for kind in KINDS if decoded(kind).static] == ["ExternalArtifact", "Alert", "Provider"]


def test_sources_of_other_kinds() -> None:
    pointer = {"kind": "GitRepository", "name": "g"}
    cases: list[tuple[Kind, Json]] = [
        (kinds.HELM_CHART, {"sourceRef": {"kind": "HelmRepository", "name": "h"}, "chart": "podinfo"}),
        (kinds.EXTERNAL_ARTIFACT, {"sourceRef": {"kind": "ArtifactGenerator", "name": "ag", "namespace": "gen"}}),
        (kinds.IMAGE_POLICY, {"imageRepositoryRef": {"name": "i"}}),
        (kinds.IMAGE_UPDATE_AUTOMATION, {"sourceRef": {"name": "g"}}),
        (kinds.KUSTOMIZATION, {"sourceRef": {"kind": "Wagon", "name": "w"}}),
        (kinds.RECEIVER, {"sourceRef": None}),
        (kinds.KUSTOMIZATION, {"sourceRef": pointer}),
    ]
    assert [decoded(kind, spec=spec).source for kind, spec in cases] == [
        ref(kinds.HELM_REPOSITORY, "shop", "h"),
        ref(kinds.ARTIFACT_GENERATOR, "gen", "ag"),
        ref(kinds.IMAGE_REPOSITORY, "shop", "i"),
        ref(kinds.GIT_REPOSITORY, "shop", "g"),
        None,
        None,
        ref(kinds.GIT_REPOSITORY, "shop", "g"),
    ]


def test_included_repositories_and_the_sources_of_a_generator() -> None:
    git = decoded(kinds.GIT_REPOSITORY, spec={"include": [{"repository": {"name": "lib"}}, {}]})
    generator = decoded(
        kinds.ARTIFACT_GENERATOR,
        spec={"sources": [{"alias": "a", "kind": "Bucket", "name": "b", "namespace": "n"}]},
    )
    assert (git.includes, generator.includes) == (
        (ref(kinds.GIT_REPOSITORY, "shop", "lib"),),
        (ref(kinds.BUCKET, "n", "b"),),
    )


def test_what_runs_of_the_other_kinds() -> None:
    cases: list[tuple[Kind, Json]] = [
        (kinds.IMAGE_REPOSITORY, {"lastScanResult": {"revision": "r1", "tagCount": 3}}),
        (kinds.IMAGE_POLICY, {"latestRef": {"name": "ghcr.io/a/b", "tag": "1.2.3", "digest": "sha256:aa"}}),
        (kinds.IMAGE_POLICY, {"latestRef": {"name": "ghcr.io/a/b", "tag": "1.2.3"}}),
        (kinds.IMAGE_UPDATE_AUTOMATION, {"observedSourceRevision": "main@sha1:aa"}),
        (kinds.RESOURCE_SET_INPUT_PROVIDER, {"lastExportedRevision": "sha256:cc"}),
        (kinds.ARTIFACT_GENERATOR, {"observedSourcesDigest": "sha256:dd", "inventory": [{"name": "x"}]}),
        (kinds.FLUX_INSTANCE, {"lastAppliedRevision": "v2.9.4@sha256:ee"}),
        (kinds.RECEIVER, {"webhookPath": "/hook/x"}),
    ]
    assert [decoded(kind, status=status).applied for kind, status in cases] == [
        "r1",
        "1.2.3@sha256:aa",
        "1.2.3",
        "main@sha1:aa",
        "sha256:cc",
        "sha256:dd",
        "v2.9.4@sha256:ee",
        "",
    ]


def test_a_helm_chart_attempted_the_revision_of_its_source() -> None:
    status: Json = {"observedSourceArtifactRevision": "sha256:aa", "lastAttemptedRevision": "other"}
    assert decoded(kinds.HELM_CHART, status=status).attempted == "sha256:aa"


def test_a_kind_is_switched_off_by_its_own_switch_only() -> None:
    operator: Json = {
        "fluxcd.controlplane.io/reconcile": "disabled",
        "fluxcd.controlplane.io/suspendedBy": "ana",
    }
    watcher: Json = {"source.extensions.fluxcd.io/reconcile": "disabled"}
    assert [
        decoded(kinds.FLUX_INSTANCE, annotations=operator).suspended,
        decoded(kinds.ARTIFACT_GENERATOR, annotations=watcher).suspended,
        decoded(kinds.ARTIFACT_GENERATOR, annotations=operator).suspended,
        decoded(kinds.KUSTOMIZATION, annotations=operator).suspended,
        decoded(kinds.FLUX_INSTANCE, spec={"suspend": True}).suspended,
    ] == [True, True, False, False, False]
    assert decoded(kinds.KUSTOMIZATION, annotations=operator).suspended_by == "ana"


def test_kinds_without_an_observed_generation_have_none() -> None:
    status: Json = {"observedGeneration": 3}
    assert [decoded(kind, status=status).observed for kind in (kinds.FLUX_INSTANCE, kinds.BUCKET)] == [None, 3]


def test_all_three_request_values_are_read() -> None:
    found = decoded(
        kinds.HELM_RELEASE,
        annotations={f"reconcile.fluxcd.io/{each}At": each for each in ("requested", "force", "reset")},
        status={f"lastHandled{each}At": each for each in ("Reconcile", "Force", "Reset")},
    )
    assert (found.asked, found.handled) == (
        Tokens("requested", "force", "reset"),
        Tokens("Reconcile", "Force", "Reset"),
    )


def test_odd_parts_become_their_defaults_and_the_rest_is_kept() -> None:
    found = decoded(
        kinds.KUSTOMIZATION,
        spec={"interval": 10, "path": ["x"], "prune": "yes", "dependsOn": [7, {"name": "infra"}, {"name": 3}]},
        status={
            "conditions": [
                "Ready",
                {"type": "Ready", "status": True, "reason": "R", "lastTransitionTime": "yesterday"},
                {"status": "True"},
            ],
            "lastAppliedRevision": "main@sha1:aa",
            "observedGeneration": "four",
            "artifact": [],
            "inventory": {"entries": [{"id": 1}, {"id": "a_b__C"}, None]},
            "history": "none",
        },
    )
    assert (found.interval, found.path, found.prunes, found.observed, found.applied) == (
        None,
        "",
        False,
        None,
        "main@sha1:aa",
    )
    assert found.conditions == (Condition("Ready", "", "R"),)
    assert found.depends_on == (Dependency(ref(kinds.KUSTOMIZATION, "shop", "infra")),)
    assert found.details == Details(inventory=("a_b__C",))


def test_conditions_that_are_no_list_are_none() -> None:
    assert [
        decoded(kinds.BUCKET, status={"conditions": odd}).conditions for odd in ({"Ready": "True"}, "x", None, 4)
    ] == [(), (), (), ()]


def test_what_is_no_object_is_none() -> None:
    for raw in (b"", b"null", b"[]", b'"x"', b"{", b"\xff", b"{}", b'{"metadata":{}}', b'{"metadata":{"name":""}}'):
        assert snapshot(raw, "prod", kinds.BUCKET, full=True) is None, raw
        assert version(raw) == ""
    assert snapshot(b"[" * 100_000, "prod", kinds.BUCKET, full=True) is None


def test_durations_are_those_of_go() -> None:
    cases = ("1h30m0s", "2.818583s", "100ms", "0", "0s", "1m", "", "5", "-1m", "1h 2m", "10 minutes", "9" * 60 + "h")
    assert [None if (read := duration(each)) is None else read.total_seconds() for each in cases] == [
        5400.0,
        2.818583,
        0.1,
        0.0,
        0.0,
        60.0,
        *[None] * 6,
    ]


def test_times_are_aware_utc_or_nothing() -> None:
    cases = (
        *("2026-08-20T09:14:00Z", "2026-08-20T11:14:00.123456789+02:00", "2026-08-20T09:14:00", "soon", ""),
        *("0001-01-01T00:00:00Z", "1970-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z"),
    )
    assert [moment(each) for each in cases] == [
        datetime(2026, 8, 20, 9, 14, tzinfo=UTC),
        datetime(2026, 8, 20, 9, 14, 0, 123456, tzinfo=UTC),
        *[None] * 5,
        datetime(1970, 1, 1, tzinfo=UTC),
    ]


def test_urls_lose_whatever_may_be_a_secret() -> None:
    assert [
        without_credentials(each)
        for each in (
            "https://u:p@host:8443/a/b.git",
            "ssh://git@github.com/acme/apps",
            "https://host/a?token=x#y",
            "git@github.com:acme/apps",
            "ghcr.io/acme/app",
            "oci://host/a@sha256:aa",
            "https://[::1/a",
            "",
        )
    ] == [
        "https://host:8443/a/b.git",
        "ssh://github.com/acme/apps",
        "https://host/a",
        "git@github.com:acme/apps",
        "ghcr.io/acme/app",
        "oci://host/a@sha256:aa",
        "https://[::1/a",
        "",
    ]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["Ready", "True", "GitRepository", "deployed", "2026-08-20T09:14:00Z", "5m"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "metadata", "name", "namespace", "annotations", "labels", "spec", "status", "conditions", "type",
                    "sourceRef", "chart", "kind", "history", "inventory", "entries", "id", "artifact", "dependsOn",
                    "reconcile.fluxcd.io/requestedAt", "interval", "install", "remediation", "retries", "finalizers",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {
            "metadata": st.fixed_dictionaries(
                {"name": st.text(min_size=1)}, optional={"labels": JSON, "annotations": JSON}
            )
        },
        optional={"spec": JSON, "status": JSON},
    ),
    st.sampled_from(KINDS),
)
@settings(max_examples=150, deadline=None)
def test_an_object_with_a_name_is_read_whatever_else_it_holds(body: Json, kind: Kind) -> None:
    metadata = body["metadata"]
    assert isinstance(metadata, dict)
    found = snapshot(json.dumps(body).encode("utf-8", "surrogatepass"), "prod", kind, full=True)
    assert found is not None
    assert found.ref.name == metadata["name"]
    assert found.details is not None


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=150, deadline=None)
def test_nothing_makes_reading_raise(raw: bytes) -> None:
    found = snapshot(raw, "prod", kinds.HELM_RELEASE, full=True)
    assert found is None or found.ref.name != ""


def test_the_shape_names_every_part_of_the_wire_in_its_own_spelling() -> None:
    raw = b'{"metadata":{"resourceVersion":"7"},"status":{"lastHandledReconcileAt":"t"}}'
    assert version(raw) == "7"
    assert Body().status is None
