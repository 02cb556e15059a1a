"""Who asks, and what that means in the words of RBAC."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.demo.kube.calls import Asked
from bot.demo.kube.paths import Target
from bot.demo.kube.rights import Attempt
from bot.demo.kube.selectors import chosen_name

_VERBS: Final[Mapping[str, str]] = MappingProxyType({"POST": "create", "PUT": "update", "PATCH": "patch"})
_AS: Final = "/as/"


def watching(query: Mapping[str, str]) -> bool:
    """Whether a list is to become a watch."""
    return query.get("watch", "") in ("1", "true")


def as_user(token: str) -> str:
    """What stands in front of a path to come as somebody."""
    return f"{_AS}{token}"


def identity(asked: Asked) -> tuple[str, str]:
    """The token, empty without one, and the path that is left."""
    if asked.path.startswith(_AS):
        token, slash, rest = asked.path[len(_AS) :].partition("/")
        return token, slash + rest
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    return (token.strip() if scheme.lower() == "bearer" else ""), asked.path


def attempt_of(asked: Asked, path: str, target: Target | None) -> Attempt:
    """What the call is to RBAC. `path` is without a token, `target` is what it names."""
    if target is None:
        return Attempt(asked.method.lower(), path=path.rstrip("/") or "/")
    name = target.name or ("" if asked.method == "POST" else chosen_name(asked.query))
    # A namespace lies in itself, as RBAC sees it.
    namespace = target.name if target.plural == "namespaces" and not target.group else target.namespace
    return Attempt(_verb(asked, target), target.group, target.resource, namespace, name)


def _verb(asked: Asked, target: Target) -> str:
    match asked.method:
        case "GET" | "HEAD":
            if target.name:
                return "get"
            return "watch" if watching(asked.query) else "list"
        case "DELETE":
            return "delete" if target.name else "deletecollection"
        case method:
            return _VERBS.get(method, method.lower())
