"""The objects of the demo's world, for whoever has sources to put behind them (docs/demo.md, "The world")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.demo.installation import FLUX_NAMESPACE
from bot.demo.manifests import (
    Json,
    git_repository,
    helm_release,
    helm_release_from,
    helm_repository,
    kustomization,
    oci_repository,
)

SHOP: Final = "shop"
LOGS: Final = "observability"
PAYMENTS: Final = "payments"
"""The namespaces beside Flux's own."""
AT_REST: Final = (
    *(("Kustomization", FLUX_NAMESPACE, name) for name in ("flux-system", "infra", "infra-config", "apps", "my-app")),
    ("Kustomization", FLUX_NAMESPACE, "monitoring"),
    ("Kustomization", SHOP, "shop-backend"),
    ("Kustomization", SHOP, "shop-frontend"),
    ("HelmRelease", FLUX_NAMESPACE, "nginx"),
    ("HelmRelease", SHOP, "redis"),
    ("HelmRelease", SHOP, "podinfo"),
    ("HelmRelease", LOGS, "loki"),
)
"""What gets well at first."""
UNWELL: Final = (
    ("Kustomization", FLUX_NAMESPACE, "broken-build", "BuildFailed"),
    ("Kustomization", FLUX_NAMESPACE, "payments", "HealthCheckFailed"),
    ("Kustomization", FLUX_NAMESPACE, "payments-ui", "DependencyNotReady"),
    ("GitRepository", FLUX_NAMESPACE, "legacy", "GitOperationFailed"),
)
"""What does not, and Ready's reason."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sources are, as URLs."""

    fleet: str
    legacy: str
    shop: str
    platform_charts: str
    shop_charts: str
    logs_charts: str
    oci_charts: str
    podinfo: str


def objects(at: Addresses) -> tuple[Json, ...]:
    """All of them, sources before what comes from them."""
    return (*_platform(at), *_shop(at), *_observability(at))


def given_up(deployment: Json) -> Json:
    """The status of a Deployment whose rollout went on for too long."""
    created, replicas = deployment["metadata"]["creationTimestamp"], deployment["spec"]["replicas"]
    condition = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": f'ReplicaSet "{deployment["metadata"]["name"]}-6d4cf56db6" has timed out progressing.',
        "lastUpdateTime": created,
        "lastTransitionTime": created,
    }
    return {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": replicas,
        "updatedReplicas": replicas,
        "unavailableReplicas": replicas,
        "conditions": [condition],
    }


def _platform(at: Addresses) -> tuple[Json, ...]:
    return (
        git_repository(FLUX_NAMESPACE, "flux-system", at.fleet),
        git_repository(FLUX_NAMESPACE, "legacy", at.legacy),
        kustomization("flux-system", path="./clusters/demo"),
        kustomization("infra"),
        kustomization("infra-config", dependsOn=[{"name": "infra"}]),
        kustomization("apps", dependsOn=[{"name": "infra-config"}]),
        kustomization("my-app", wait=True),
        kustomization("broken-build"),
        kustomization("monitoring"),
        kustomization("payments", wait=True, timeout="1m", targetNamespace=PAYMENTS),
        kustomization("payments-ui", dependsOn=[{"name": "payments"}]),
        helm_repository(FLUX_NAMESPACE, "charts", at.platform_charts),
        helm_release(FLUX_NAMESPACE, "nginx", "charts"),
    )


def _shop(at: Addresses) -> tuple[Json, ...]:
    return (
        git_repository(SHOP, "shop", at.shop),
        kustomization("shop-backend", SHOP, "GitRepository/shop", path="./backend", wait=True),
        kustomization("shop-frontend", SHOP, "GitRepository/shop", path="./frontend"),
        helm_repository(SHOP, "charts", at.shop_charts),
        helm_repository(SHOP, "oci-charts", at.oci_charts),
        helm_release(SHOP, "redis", "charts"),
        oci_repository(SHOP, "podinfo", at.podinfo, "6.x"),
        helm_release_from(SHOP, "podinfo", "OCIRepository/podinfo"),
    )


def _observability(at: Addresses) -> tuple[Json, ...]:
    return (helm_repository(LOGS, "charts", at.logs_charts), helm_release(LOGS, "loki", "charts"))
