"""What is asked of an API server: one request as a value, and the paths that may be asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from bot.cluster.errors import Missing

FIELD_MANAGER: Final = "flux-reconcile-bot"
READ_SECONDS: Final = 5.0
WRITE_SECONDS: Final = 10.0
TRIES: Final = 4

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")

Query = Sequence[tuple[str, str]]


class Lane(IntEnum):
    """Who waits for an answer. The number is the share of what a broken cluster may be sent."""

    PEOPLE = 4
    FOLLOWED = 2
    """A watch of a kind of which somebody follows an object."""
    BACKGROUND = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `doing` is the verb and plural that RBAC knows it by: `list kustomizations`."""

    method: str
    path: str
    doing: str
    query: Query = ()
    body: object = None
    accept: str = "application/json"
    seconds: float = READ_SECONDS
    """In all; of a call that no person waits for each try has so many, counted from its turn."""
    tries: int = TRIES
    lane: Lane = Lane.PEOPLE
    watches: bool = False
    """The body is a stream that may never end."""

    @property
    def for_people(self) -> bool:
        """Whether somebody waits for this very answer."""
        return self.lane is Lane.PEOPLE

    @property
    def writes(self) -> bool:
        """Whether it changes something there: a POST of ours only asks what we may do."""
        return self.method == "PATCH"


def resource_path(cluster: str, api_version: str, namespace: str | None, plural: str, name: str | None = None) -> str:
    """The path of a resource or one object. Raises Missing for names that no object can have, `..` among them."""
    for part in (namespace, name):
        if part is not None and not _NAME.fullmatch(part):
            raise Missing(cluster, f"{cluster}: no Kubernetes object can have such a name")
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    inside = f"/namespaces/{namespace}" if namespace is not None else ""
    return f"{root}{inside}/{plural}" + (f"/{name}" if name is not None else "")
