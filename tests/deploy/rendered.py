"""What a kustomization becomes, by the real kubectl."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BASE = DEPLOY / "kustomize" / "base"
EXAMPLE = DEPLOY / "kustomize" / "example"
NAME = "flux-reconcile-bot"
"""Of every object, of their namespace, and of the image."""
ACCOUNT = f"system:serviceaccount:{NAME}:{NAME}"
FLUX_NAMESPACE = "flux-system"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The objects of one kustomization."""

    objects: tuple[Json, ...]

    def all(self, kind: str) -> list[Json]:
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind: str, name: str = NAME) -> Json:
        """The only one of that kind whose name begins like this: generated names end in a hash."""
        (found,) = [each for each in self.all(kind) if each["metadata"]["name"].startswith(name)]
        return found

    @property
    def pod(self) -> Json:
        spec: Json = self.one("Deployment")["spec"]["template"]["spec"]
        return spec

    @property
    def container(self) -> Json:
        (found,) = self.pod["containers"]
        assert isinstance(found, dict)
        return found

    @property
    def settings(self) -> dict[str, str]:
        """The variables that the container gets from the ConfigMap."""
        found: dict[str, str] = self.one("ConfigMap", f"{NAME}-settings")["data"]
        return found

    def grants(self) -> set[tuple[str, str, str, str]]:
        """Every right as verb, API group, plural and namespace; the namespace is empty for all of them."""
        return {
            (verb, group, plural, role["metadata"].get("namespace", ""))
            for role in (*self.all("ClusterRole"), *self.all("Role"))
            for rule in role["rules"]
            for verb in rule["verbs"]
            for group in rule["apiGroups"]
            for plural in rule["resources"]
        }


@cache
def rendered(folder: Path) -> Rendered:
    """Raises AssertionError with what kubectl says when it cannot be rendered."""
    said = subprocess.run([kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stderr == ""
    return Rendered(tuple(yaml.safe_load_all(said.stdout)))


def kubectl() -> str:
    """The one of this Python's environment, not one that the machine may have."""
    program = shutil.which("kubectl", path=sysconfig.get_path("scripts"))
    assert program is not None
    return program
