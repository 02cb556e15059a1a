"""Snapshots as Flux leaves them (docs/flux.md). Every object is in cluster `prod` unless the test says otherwise;
`dataclasses.replace` does what no builder offers, and tests/fakes/runs.py what a run makes of one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.kinds import (
    GIT_REPOSITORY,
    HELM_CHART,
    HELM_RELEASE,
    HELM_REPOSITORY,
    KUSTOMIZATION,
    OCI_REPOSITORY,
    Kind,
)
from bot.core.resources import Dependency, Details, Ref, Remediation, Snapshot, Tokens
from tests.fakes.runs import failed, stalled
from tests.fakes.status import (
    EARLIER,
    INVENTORY,
    NO_LOGIN,
    UNHEALTHY,
    A,
    artifact,
    build,
    ready_conditions,
    ref,
    release,
    release_conditions,
    source_conditions,
)


def kustomization(
    path: str = "flux-system/apps",
    *,
    ready: bool = True,
    revision: str = A,
    token: str = "",
    cluster: str = "prod",
    source: Ref | None = None,
    depends_on: tuple[str, ...] = (),
    inventory: tuple[str, ...] = INVENTORY,
    checks_health: bool = True,
    suspended: bool = False,
) -> Snapshot:
    """A Kustomization after its last run; `ready=False`: a failed health check of `revision`."""
    at = ref(KUSTOMIZATION, path, cluster)
    snapshot = Snapshot(
        at,
        uid=f"uid-{at.short}",
        generation=4,
        observed=4,
        suspended=suspended,
        handled=Tokens(token),
        asked=Tokens(token),
        applied=revision,
        attempted=revision,
        source=source or ref(GIT_REPOSITORY, f"{at.namespace}/{at.name}", cluster),
        depends_on=tuple(Dependency(ref(KUSTOMIZATION, each, cluster)) for each in depends_on),
        interval=timedelta(minutes=10),
        timeout=timedelta(minutes=2),
        checks_health=checks_health,
        prunes=True,
        path="./deploy",
        created_at=EARLIER,
        details=Details(inventory=inventory, builds=(build(revision, "ReconciliationSucceeded"),)),
        conditions=ready_conditions(KUSTOMIZATION, revision, 4, checks_health),
    )
    return snapshot if ready else failed(snapshot, token, "HealthCheckFailed", UNHEALTHY, revision)


def helm_release(
    path: str = "shop/podinfo",
    *,
    ready: bool = True,
    version: str = "6.5.0",
    token: str = "",
    cluster: str = "prod",
    source: Ref | None = None,
    chart: Ref | None = None,
    remediation: Remediation | None = None,
    suspended: bool = False,
) -> Snapshot:
    """A HelmRelease by chart template after its second release; `ready=False`: its upgrade failed and it stalled.

    For a chartRef set `source` and take `chart` away with `replace`.
    """
    at = ref(HELM_RELEASE, path, cluster)
    snapshot = Snapshot(
        at,
        uid=f"uid-{at.short}",
        generation=3,
        observed=3,
        suspended=suspended,
        handled=Tokens(token),
        asked=Tokens(token),
        applied=version,
        attempted=version,
        source=source or ref(HELM_REPOSITORY, f"{at.namespace}/{at.name}", cluster),
        chart=chart or ref(HELM_CHART, f"{at.namespace}/{at.namespace}-{at.name}", cluster),
        interval=timedelta(minutes=10),
        timeout=timedelta(minutes=5),
        chart_name=at.name,
        chart_wanted="6.x",
        remediation=remediation or Remediation(),
        created_at=EARLIER,
        details=Details(inventory=(f"{at.namespace}_{at.name}_apps_Deployment",)),
        helm=(release(at, 2, version), release(at, 1, "6.4.1", "superseded")),
        conditions=release_conditions(at, 2, version, 3),
    )
    if ready:
        return snapshot
    return stalled(failed(snapshot, token, "UpgradeFailed", "context deadline exceeded", "6.6.0"), token)


def git_repository(
    path: str = "flux-system/apps",
    *,
    ready: bool = True,
    revision: str = A,
    token: str = "",
    cluster: str = "prod",
    suspended: bool = False,
    secret: str = "",
) -> Snapshot:
    """A GitRepository after its last fetch; without a `revision` it has no artifact. `ready=False`: no login."""
    snapshot = _source(GIT_REPOSITORY, path, cluster, revision, token)
    snapshot = replace(snapshot, url="https://github.com/acme/shop", suspended=suspended, secret=secret)
    return snapshot if ready else failed(snapshot, token, "GitOperationFailed", NO_LOGIN)


def oci_repository(
    path: str = "flux-system/apps",
    *,
    revision: str = "latest@sha256:" + "3b6c" * 16,
    token: str = "",
    cluster: str = "prod",
    origin: str = A,
) -> Snapshot:
    """An OCIRepository whose artifact was built from `origin`."""
    snapshot = _source(OCI_REPOSITORY, path, cluster, revision, token)
    if snapshot.artifact is None:
        return snapshot
    built = replace(snapshot.artifact, origin_revision=origin, origin_url="https://github.com/acme/shop")
    return replace(snapshot, artifact=built, url="oci://registry.example/acme/shop")


def helm_repository(
    path: str = "shop/podinfo", *, token: str = "", cluster: str = "prod", oci: bool = False
) -> Snapshot:
    """A HelmRepository; with `oci` one that nothing reconciles and that has no status."""
    if oci:
        at = ref(HELM_REPOSITORY, path, cluster)
        return Snapshot(at, uid=f"uid-{at.short}", generation=1, static=True, url="oci://registry.example/charts")
    index = "sha256:" + "77aa" * 16
    return replace(_source(HELM_REPOSITORY, path, cluster, index, token), url="https://charts.example")


def helm_chart(
    path: str = "shop/shop-podinfo",
    *,
    version: str = "6.5.0",
    token: str = "",
    cluster: str = "prod",
    source: Ref | None = None,
) -> Snapshot:
    """The HelmChart that a HelmRelease's template makes."""
    snapshot = _source(HELM_CHART, path, cluster, version, token)
    namespace, name = snapshot.ref.namespace, snapshot.ref.name
    repository = ref(HELM_REPOSITORY, f"{namespace}/{name.removeprefix(f'{namespace}-')}", cluster)
    return replace(snapshot, source=source or repository, chart_name="podinfo", chart_wanted="6.x")


def _source(kind: Kind, path: str, cluster: str, revision: str, token: str) -> Snapshot:
    at = ref(kind, path, cluster)
    return Snapshot(
        at,
        uid=f"uid-{at.short}",
        generation=1,
        observed=1,
        handled=Tokens(token),
        asked=Tokens(token),
        applied=revision,
        artifact=artifact(revision, EARLIER) if revision else None,
        interval=timedelta(minutes=1),
        timeout=timedelta(seconds=60),
        created_at=EARLIER,
        conditions=source_conditions(revision, 1) if revision else (),
    )
