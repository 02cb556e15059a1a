"""The pieces of a Flux object's status that several builders share (docs/flux.md)."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.kinds import KUSTOMIZATION, Kind
from bot.core.resources import Artifact, Build, Condition, HelmRevision, Ref
from tests.fakes.clock import MORNING

A = "main@sha1:4f1c2a9be01d7c3e5a6b8d9f0e1c2b3a4d5e6f70"
B = "main@sha1:9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e"
C = "main@sha1:c0ffee11c0ffee22c0ffee33c0ffee44c0ffee55"

EARLIER = MORNING - timedelta(hours=2)
"""When everything that is not the test's doing last changed."""

INVENTORY = ("_shop__Namespace", "shop_web__Service", "shop_web_apps_Deployment")


def ref(kind: Kind, path: str, cluster: str = "prod") -> Ref:
    """`ref(KUSTOMIZATION, "shop/web")`."""
    namespace, _, name = path.rpartition("/")
    return Ref(cluster, kind, namespace or "flux-system", name)


UNHEALTHY = "health check failed after 2m0.03s: timeout waiting for: [Deployment/shop/web status: 'InProgress']"
NO_LOGIN = (
    "failed to checkout and determine revision: "
    "unable to clone 'https://github.com/acme/shop': authentication required"
)


def release(at: Ref, version: int, chart_version: str, status: str = "deployed") -> HelmRevision:
    """A row of a HelmRelease's history."""
    return HelmRevision(
        name=at.name,
        namespace=at.namespace,
        version=version,
        status=status,
        chart=at.name,
        chart_version=chart_version,
        app_version=chart_version,
        config_digest="sha256:" + "e15c" * 16,
        digest=f"sha256:{version:064x}",
        deployed_at=EARLIER,
    )


def ready_conditions(kind: Kind, revision: str, generation: int, checks_health: bool) -> tuple[Condition, ...]:
    if kind != KUSTOMIZATION:
        return (Condition("Ready", "True", "Succeeded", "reconciliation succeeded", generation, EARLIER),)
    ready = Condition(
        "Ready", "True", "ReconciliationSucceeded", f"Applied revision: {revision}", generation, EARLIER
    )
    healthy = Condition("Healthy", "True", "Succeeded", "Health check passed in 25.1ms", generation, EARLIER)
    return (ready, healthy) if checks_health else (ready,)


def release_conditions(at: Ref, number: int, version: str, generation: int) -> tuple[Condition, ...]:
    text = f"Helm upgrade succeeded for release {at.namespace}/{at.name}.v{number} with chart {at.name}@{version}"
    return tuple(
        Condition(each, "True", "UpgradeSucceeded", text, generation, EARLIER) for each in ("Ready", "Released")
    )


def source_conditions(revision: str, generation: int) -> tuple[Condition, ...]:
    text = f"stored artifact for revision '{revision}'"
    return tuple(
        Condition(each, "True", "Succeeded", text, generation, EARLIER) for each in ("Ready", "ArtifactInStorage")
    )


def artifact(revision: str, updated_at: datetime) -> Artifact:
    return Artifact(revision, digest="sha256:" + "95e3" * 16, updated_at=updated_at)


def build(revision: str, status: str) -> Build:
    return Build(f"sha256:{revision.encode().hex()[-40:]:0>64}", revision, status, reconciled_at=EARLIER, total=1)
