"""The real kubectl says the same on the real API server and on the simulated one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.demo.kube.site import Site
from tests.demo.kube.asking import Json, kustomization
from tests.demo.kube.conftest import ADMIN_TOKEN, BOT_TOKEN, server, site
from tests.demo.kube.kubectl import Kubectl
from tests.real.control_plane import ControlPlane
from tests.real.grounds import KUBECONFIG, Grounds

__all__ = ["server", "site"]

_MASKS = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID"),
    (r'((?i:resource ?version):? +|resourceVersion": )"?\d+"?', r"\1VERSION"),
    (r"\b(\d+[smhdy])+\b", "AGE"),
    (r" {2,}", "  "),
)
"""What may differ between two servers, and the width of columns that it makes."""

# One field only: several are told in no order.
_INVALID = '{"spec": {"suspend": "maybe"}}'

_COMMANDS: tuple[str, ...] = (
    "get ks",
    "get ks -o wide",
    "get ks apps",
    "get ks -o name",
    "get ks -l team=x --no-headers",
    "get ks -l team!=x -o name",
    "get ks --show-labels",
    "get ks --sort-by .metadata.name -o name",
    "get ks apps -o yaml",
    "get ks apps -o json",
    "get ks apps -o jsonpath={.status}",
    "get ks --field-selector metadata.name=infra -o name",
    "get ks --field-selector spec.path=x",
    "get ks nothing",
    "get spaceships",
    "get helmrelease,gitrepo",
    "get fluxcd -o name",
    "get events",
    "get events -o wide",
    "get cm -l app=none",
    "describe ks apps",
    "annotate ks apps reconcile.fluxcd.io/requestedAt=now",
    "annotate ks apps reconcile.fluxcd.io/requestedAt=later",
    "annotate ks apps reconcile.fluxcd.io/requestedAt-",
    "label ks apps team=y --overwrite",
    "patch ks apps --type merge -p {}",
    f"patch ks apps --type merge -p {_INVALID}",
    "wait --for=condition=Ready ks/apps --timeout=1s",
    "wait --for=condition=Ready ks/infra --timeout=1s",
    "wait --for=condition=Ready ks/nothing --timeout=1s",
    "auth can-i patch ks",
    "auth whoami",
    "api-resources --api-group=kustomize.toolkit.fluxcd.io",
    "api-resources --api-group=notification.toolkit.fluxcd.io",
    "api-resources --api-group=helm.toolkit.fluxcd.io",
    "get crd kustomizations.kustomize.toolkit.fluxcd.io",
    "get --raw /readyz",
    "get --raw /nowhere",
    "delete ks infra",
    "delete ks infra",
    "get ks -o name",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both servers, with the same objects in a namespace of the same name."""

    real: Kubectl
    ours: Kubectl
    namespace: str

    async def compare(self, *words: str) -> None:
        said = [await each(*words, "-n", self.namespace) for each in (self.real, self.ours)]
        real, ours = ((each.code, _masked(each.out), _masked(each.err)) for each in said)
        assert (words, ours) == (words, real)


def _masked(text: str) -> str:
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def _objects(namespace: str) -> tuple[Json, ...]:
    about = {"kind": "Kustomization", "namespace": namespace, "name": "apps"}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "apps.1"},
        "involvedObject": about,
        "reason": "Progressing",
        "message": "Health check started",
        "type": "Normal",
        "source": {"component": "kustomize-controller"},
        "count": 3,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    source = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "app"},
        "spec": {"interval": "1h", "url": "https://example.com/app.git", "suspend": True},
    }
    labels = {"team": "x"}
    return (
        kustomization("apps", labels=labels, annotations={"a": "b"}),
        kustomization("infra"),
        source,
        event,
    )


@pytest.fixture(scope="module")
def plane(grounds: Grounds) -> Iterator[ControlPlane]:
    """Nobody but the commands themselves writes: the controllers of the kinds stand still meanwhile."""
    if grounds.plane is None:
        pytest.skip(f"these commands need a server with nobody else at work: not with {KUBECONFIG}")
    for name in ("kustomize-controller", "source-controller"):
        grounds.plane.stop(name)
    yield grounds.plane
    grounds.plane.start_all()


@pytest.fixture
async def pair(plane: ControlPlane, namespace: str, site: Site, tmp_path: Path) -> Pair:
    homes = [tmp_path / name for name in ("real", "ours")]
    for home in homes:
        home.mkdir()
    ours = Kubectl.at(site.url, homes[1], {"admin": ADMIN_TOKEN, "bot": BOT_TOKEN})
    both = Pair(Kubectl(plane.admin_kubeconfig, homes[0]), ours, namespace)
    await ours.ok("create", "ns", namespace)
    status = {"conditions": [{"type": "Ready", "status": "True", "reason": "Any", "message": "Applied revision: r1"}]}
    status["conditions"][0]["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    for kubectl in (both.real, both.ours):
        for number, each in enumerate(_objects(namespace)):
            manifest = tmp_path / f"{number}.json"
            manifest.write_text(json.dumps(each))
            await kubectl.ok("create", "--validate=false", "-n", namespace, "-f", str(manifest))
        patch = json.dumps({"status": status})
        await kubectl.ok(
            "patch", "ks", "apps", "-n", namespace, "--subresource", "status", "--type", "merge", "-p", patch
        )
    return both


async def test_kubectl_says_the_same_on_both_servers(pair: Pair) -> None:
    for command in _COMMANDS:
        # Only the last word may hold blanks.
        head, flag, patch = command.partition(" -p ")
        await pair.compare(*head.split(), *([flag.strip(), patch] if flag else []))
