"""What lies in a repository: folders of manifests, and charts. Everything is a value with a digest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.demo.flux.shapes import Json

_APPLIES: Final = 0.18


@dataclass(frozen=True, slots=True)
class Folder:
    """The manifests of one folder. `broken` makes every build of it fail with this text, `refused` every apply."""

    manifests: tuple[Json, ...] = ()
    broken: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """One version of a Helm chart.

    Installing or upgrading takes `takes` seconds and fails with the text `fails`, if there is one; `stuck` makes it
    last for the action's whole timeout first. `tests` maps test hooks to whether they pass.
    """

    name: str
    version: str
    manifests: tuple[Json, ...] = ()
    app_version: str = "1.0"
    fails: str = ""
    stuck: bool = False
    takes: float = _APPLIES
    tests: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tree:
    """A repository at one moment: folders by path (the root is `""`), and charts by the folder that they lie in."""

    folders: Mapping[str, Folder] = field(default_factory=dict)
    charts: Mapping[str, Chart] = field(default_factory=dict)

    def below(self, path: str) -> list[Folder] | None:
        """The folders that a build of a path takes in, in order; None if there is no such path."""
        root = tidy(path)
        found = [name for name in sorted(self.folders) if not root or name == root or name.startswith(f"{root}/")]
        return [self.folders[name] for name in found] if found or not root else None


@dataclass(frozen=True, slots=True)
class Index:
    """A Helm repository's index: the charts that were published when it was fetched."""

    charts: tuple[Chart, ...] = ()


Content = Tree | Chart | Index


def tidy(path: str) -> str:
    """`./deploy/app/` → `deploy/app`."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def digest(value: object) -> str:
    """`sha256:…` of anything that JSON can hold, and of the values of this module."""
    return "sha256:" + hashlib.sha256(json.dumps(value, sort_keys=True, default=_plain).encode()).hexdigest()


def size(value: object) -> int:
    """Bytes; about what the packed content would take."""
    return len(json.dumps(value, sort_keys=True, default=_plain))


def _plain(value: object) -> object:
    match value:
        case Folder():
            return [value.manifests, value.broken, value.refused]
        case Chart():
            return [value.name, value.version, value.manifests, value.app_version, value.fails, dict(value.tests)]
        case Tree():
            return [dict(value.folders), dict(value.charts)]
        case Index():
            return value.charts
        case _:
            raise TypeError(f"{value!r} has no digest")
