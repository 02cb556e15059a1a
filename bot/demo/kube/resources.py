"""What the server serves: one `Resource` per kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.schema import Schema

Cell = Callable[[Json, datetime], object]
"""From an object and the time to what stands in one column."""

VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`. Those with a `priority` above 0 are shown by `-o wide` only."""

    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0
    json_path: str = ""
    """Where a custom resource has it; empty for built-in kinds."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind. `selectable` are the fields besides name and namespace that a fieldSelector may name."""

    group: str
    version: str
    kind: str
    plural: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    namespaced: bool = True
    custom: bool = True
    """Made by a CustomResourceDefinition."""
    has_status: bool = True
    counts: bool = True
    """It has `metadata.generation`."""
    columns: tuple[Column, ...] = ()
    schema: Schema = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    """What is filled in, by dotted path below `spec`, where the parent is there."""
    status_default: Json = field(default_factory=dict)
    has_rules: bool = False
    """It has rules beside its schema, which the server checks only once the schema is content."""
    selectable: tuple[str, ...] = ()
    verbs: tuple[str, ...] = VERBS

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As the server's sentences name it: `kustomizations.kustomize.toolkit.fluxcd.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def list_kind(self) -> str:
        return f"{self.kind}List"
