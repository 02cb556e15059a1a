"""Questions about oneself: who am I, may I, what may I."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.rights import Attempt, Rights, User

_AUTHORIZATION: Final = "authorization.k8s.io/v1"

REVIEWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "selfsubjectaccessreviews": "authorization.k8s.io",
        "selfsubjectrulesreviews": "authorization.k8s.io",
        "selfsubjectreviews": "authentication.k8s.io",
    }
)
"""The questions that are answered, and their groups."""


def review(plural: str, user: User, rights: Rights, given: Mapping[str, object], stamp: str) -> Json:
    """The answer to one of `REVIEWS`. `stamp` is the time, RFC 3339."""
    given_spec = given.get("spec")
    spec: Json = given_spec if isinstance(given_spec, dict) else {}
    match plural:
        case "selfsubjectaccessreviews":
            status = _access(user, rights, spec)
            kind = {"kind": "SelfSubjectAccessReview", "apiVersion": _AUTHORIZATION}
            return {**kind, "metadata": {}, "spec": spec, "status": status}
        case "selfsubjectrulesreviews":
            kind = {"kind": "SelfSubjectRulesReview", "apiVersion": _AUTHORIZATION}
            return {**kind, "metadata": {}, "spec": {}, "status": _rules(user, rights, spec)}
        case _:
            kind = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
            who = {"username": user.name, "uid": user.name, "groups": list(user.all_groups)}
            return {**kind, "metadata": {"creationTimestamp": stamp}, "status": {"userInfo": who}}


def _access(user: User, rights: Rights, spec: Json) -> Json:
    found = rights.allows(user, _attempt(spec))
    if found is None:
        return {"allowed": False}
    return {"allowed": True, **({"reason": found} if found else {})}


def _attempt(spec: Json) -> Attempt:
    asked = spec.get("resourceAttributes")
    if isinstance(asked, dict):
        word = {name: value for name, value in asked.items() if isinstance(value, str)}
        below = word.get("subresource", "")
        return Attempt(
            word.get("verb", ""),
            word.get("group", ""),
            word.get("resource", "") + (f"/{below}" if below else ""),
            word.get("namespace", ""),
            word.get("name", ""),
        )
    other = spec.get("nonResourceAttributes")
    path: Json = other if isinstance(other, dict) else {}
    return Attempt(str(path.get("verb", "")), path=str(path.get("path", "")))


def _rules(user: User, rights: Rights, spec: Json) -> Json:
    rules = rights.rules(user, str(spec.get("namespace", "")))
    return {
        "resourceRules": [each for each in rules if "resources" in each],
        "nonResourceRules": [each for each in rules if "nonResourceURLs" in each],
        "incomplete": False,
    }
