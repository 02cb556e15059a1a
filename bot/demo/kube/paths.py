"""From a URL's path to what it names, whether or not that exists."""

from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Target:
    """A collection, an object or a subresource of it; `name` and `subresource` may be empty."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> str:
        """As RBAC rules name it: `kustomizations/status`."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


def read_path(path: str) -> Target | None:
    """None for anything that names no resource: `/version`, `/apis`, `/apis/GROUP/VERSION`, nonsense."""
    parts = [unquote(part) for part in path.split("/")[1:]]
    match parts:
        case ["api", version, *rest] if len(rest) > 0:
            return _below("", version, rest)
        case ["apis", group, version, *rest] if len(rest) > 0:
            return _below(group, version, rest)
        case _:
            return None


def _below(group: str, version: str, parts: list[str]) -> Target | None:
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in ("status", "finalize"):
        _, namespace, *parts = parts
        if not namespace:
            return None
    plural, name, *below = [*parts, ""] if len(parts) == 1 else parts
    if not plural or (below and not name):
        return None
    return Target(group, version, plural, namespace, name, "/".join(below))
