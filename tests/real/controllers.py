"""How Flux's four controllers are started here, and the Deployments that stand for them in the API.

The flags make runs short and repeatable (no jitter, quick retries, own ports); feature gates stay at their defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.real.access import FLUX_NAMESPACE
from tests.real.api import Object
from tests.real.build import Built
from tests.real.processes import Recipe, free_ports


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports that the controllers listen on, chosen once per run so that a restart keeps them."""

    health: Mapping[str, int]
    storage: int
    events: int
    receiver: int


def choose_ports(names: tuple[str, ...]) -> Ports:
    storage, events, receiver, *health = free_ports(3 + len(names))
    return Ports(dict(zip(names, health, strict=True)), storage, events, receiver)


def recipe(built: Built, *, kubeconfig: Path, folder: Path, ports: Ports) -> Recipe:
    """One controller with a temporary folder and a log of its own below ``folder``."""
    name = built.tool.name
    home = folder / name
    for each in (home / "tmp", home / "data"):
        each.mkdir(parents=True, exist_ok=True)
    shared = [
        "--metrics-addr=0",
        f"--health-addr=127.0.0.1:{ports.health[name]}",
        "--min-retry-delay=200ms",
        "--max-retry-delay=2s",
        "--log-level=info",
        "--log-encoding=json",
    ]
    env = {"KUBECONFIG": str(kubeconfig), "TMPDIR": str(home / "tmp"), "HOME": str(home)}
    env |= {"RUNTIME_NAMESPACE": FLUX_NAMESPACE}
    command = [str(built.path), *shared, *_flags(name, home, ports)]
    return Recipe(name, command, env, folder / f"{name}.log")


def _flags(name: str, home: Path, ports: Ports) -> list[str]:
    worker = [
        f"--events-addr=http://127.0.0.1:{ports.events}/",
        "--concurrent=4",
        "--requeue-dependency=1s",
        "--interval-jitter-percentage=0",
    ]
    match name:
        case "source-controller":
            storage = f"127.0.0.1:{ports.storage}"
            where = [
                f"--storage-addr={storage}",
                f"--storage-adv-addr={storage}",
                f"--storage-path={home / 'data'}",
            ]
            return [*worker, *where]
        case "kustomize-controller":
            return [*worker, "--http-retry=1"]
        case "helm-controller":
            return [*worker, "--http-retry=1", "--graceful-shutdown-timeout=5s"]
        case "notification-controller":
            return [
                f"--events-addr=127.0.0.1:{ports.events}",
                f"--receiverAddr=127.0.0.1:{ports.receiver}",
                "--rate-limit-interval=1s",
            ]
        case _:
            raise ValueError(f"{name} is no controller of ours")


def deployment(name: str, version: str, *, wanted: bool) -> Object:
    """The Deployment of a Flux installation as far as anybody reads it (docs/flux.md): labels, image, replicas."""
    labels = {"app": name}
    return {
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": FLUX_NAMESPACE,
            "labels": {
                "app.kubernetes.io/component": name,
                "app.kubernetes.io/instance": FLUX_NAMESPACE,
                "app.kubernetes.io/part-of": "flux",
                "app.kubernetes.io/version": "v2.9.4",
                "control-plane": "controller",
            },
        },
        "spec": {
            "replicas": 1 if wanted else 0,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "manager", "image": f"ghcr.io/fluxcd/{name}:{version}"}]},
            },
        },
    }


def deployment_status(applied: Object, *, runs: bool) -> Object:
    """A status that says of the Deployment what is true of the process."""
    wanted = applied["spec"]["replicas"]
    count = 1 if runs and wanted else 0
    fine = count == wanted
    available = ("True", "MinimumReplicasAvailable") if fine else ("False", "MinimumReplicasUnavailable")
    return {
        "observedGeneration": applied["metadata"]["generation"],
        "replicas": wanted,
        "updatedReplicas": wanted,
        "readyReplicas": count,
        "availableReplicas": count,
        "unavailableReplicas": wanted - count,
        "conditions": [
            {"type": "Available", "status": available[0], "reason": available[1], "message": ""},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": ""},
        ],
    }
