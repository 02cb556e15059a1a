"""The list of clusters as one line: `prod=/etc/kube/prod.yaml#admin@prod, edge=in-cluster`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.core.kinds import kind_words

IN_CLUSTER: Final = "in-cluster"

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,62}")
_TAKEN: Final = frozenset({*kind_words(), "all", "flux", "help", "image", "on", "reconcile", "source"})
"""Words of commands: a cluster of that name could not be told from them."""


@dataclass(frozen=True, slots=True)
class ClusterSetting:
    """One cluster: what people call it and how it is reached."""

    name: str
    kubeconfig: Path | None = None
    """None: from inside, with the pod's own service account."""
    context: str | None = None
    """None: the kubeconfig's current one."""

    @property
    def in_cluster(self) -> bool:
        return self.kubeconfig is None


def parse_clusters(text: str) -> tuple[ClusterSetting, ...] | tuple[str, ...]:
    """The clusters of a setting, or everything that is wrong with it as sentences.

    Entries are separated by commas or line ends: NAME=in-cluster, NAME=KUBECONFIG or NAME=KUBECONFIG#CONTEXT. What
    is wrong is told by an entry's number, never quoted: it may be a secret in the wrong place.
    """
    entries = [entry.strip() for entry in re.split(r"[,\n]", text) if entry.strip()]
    parsed = [_parse(number, entry) for number, entry in enumerate(entries, start=1)]
    clusters = tuple(each for each in parsed if isinstance(each, ClusterSetting))
    wrong = (*(each for each in parsed if isinstance(each, str)), *_clashes(clusters))
    if not entries:
        return ("names no cluster",)
    return wrong or clusters


def _parse(number: int, entry: str) -> ClusterSetting | str:
    name, equals, where = (part.strip() for part in entry.partition("="))
    if not equals or not where:
        return f"entry {number} is not NAME={IN_CLUSTER}, NAME=KUBECONFIG or NAME=KUBECONFIG#CONTEXT"
    if not _NAME.fullmatch(name):
        return f'entry {number} has a name that is not made of letters, digits and ". _ - @ :"'
    if name.lower() in _TAKEN:
        return f"entry {number} is called {name}, which is a word of our commands; choose another name"
    if where == IN_CLUSTER:
        return ClusterSetting(name)
    path, hash_sign, context = (part.strip() for part in where.partition("#"))
    if not path or (hash_sign and not context):
        return f"entry {number} ({name}) has an empty kubeconfig or context"
    return ClusterSetting(name, Path(path).expanduser(), context or None)


def _clashes(clusters: Iterable[ClusterSetting]) -> Iterable[str]:
    """Two clusters of one name, or one cluster under two: the second name would pass by the rules for the first."""
    names: set[str] = set()
    places: dict[tuple[Path | None, str | None], str] = {}
    for each in clusters:
        if each.name.lower() in names:
            yield f"two clusters are called {each.name}"
        names.add(each.name.lower())
        other = places.setdefault((each.kubeconfig, each.context), each.name)
        if other.lower() != each.name.lower():
            yield f"{other} and {each.name} are the same cluster"
