"""Who somebody is, and what they may do: tokens, and rules in the shape of RBAC. What no rule allows is forbidden."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.core_kinds import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from bot.demo.kube.refusals import Refusal
from bot.demo.kube.store import Store

MASTERS: Final = "system:masters"
"""The group that may do everything."""

_EVERYBODY: Final = "system:authenticated"
_MEMORY: Final = 10_000

_DISCOVERY: Final = ("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version", "/version/")
_REVIEWS: Final = ("selfsubjectaccessreviews", "selfsubjectrulesreviews")
BASIC_RULES: Final[tuple[Json, ...]] = (
    {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": list(_REVIEWS)},
    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
    {"verbs": ["get"], "nonResourceURLs": list(_DISCOVERY)},
)
"""What everybody may who has a name."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a token."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def all_groups(self) -> tuple[str, ...]:
        """The groups, and the one of all who have a name."""
        return (*self.groups, _EVERYBODY)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is asked of RBAC: `path` for what is no resource, else the rest. `resource` may be `PLURAL/SUB`."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class _Granted:
    """A rule that holds for somebody; `namespace` is empty where it holds everywhere."""

    rule: Json
    namespace: str
    why: str


class Rights:
    """Reads roles and bindings from the store, anew whenever one of them changes."""

    def __init__(self, store: Store) -> None:
        self._shelves = [store.shelf(each) for each in (CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, ROLES, ROLE_BINDINGS)]
        self._writes = 0
        self._grants: dict[User, tuple[_Granted, ...]] = {}
        self._decided: dict[tuple[User, Attempt], str | None] = {}

    def allows(self, user: User, attempt: Attempt) -> str | None:
        """The sentence that says which binding allows it (it may be empty); None when nothing does."""
        if MASTERS in user.groups:
            return ""
        self._refresh()
        key = (user, attempt)
        if key not in self._decided:
            if len(self._decided) >= _MEMORY:
                self._decided.clear()
            self._decided[key] = self._decide(user, attempt)
        return self._decided[key]

    def rules(self, user: User, namespace: str) -> list[Json]:
        """All rules that hold for somebody in a namespace."""
        if MASTERS in user.groups:
            everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            return [everything, {"verbs": ["*"], "nonResourceURLs": ["*"]}, *BASIC_RULES]
        self._refresh()
        return [each.rule for each in self._of(user) if each.namespace in ("", namespace)]

    def _refresh(self) -> None:
        writes = sum(shelf.writes for shelf in self._shelves)
        if writes != self._writes:
            self._writes = writes
            self._grants.clear()
            self._decided.clear()

    def _decide(self, user: User, attempt: Attempt) -> str | None:
        for granted in self._of(user):
            if granted.namespace in ("", attempt.namespace) and covers(granted.rule, attempt):
                return granted.why
        return None

    def _of(self, user: User) -> tuple[_Granted, ...]:
        found = self._grants.get(user)
        if found is None:
            basic = tuple(_Granted(rule, "", "") for rule in BASIC_RULES)
            found = self._grants[user] = (*basic, *self._bound(user))
        return found

    def _bound(self, user: User) -> Iterator[_Granted]:
        _, cluster_bindings, _, bindings = self._shelves
        for binding in (*cluster_bindings.objects.values(), *bindings.objects.values()):
            subject = _subject(binding.object, user)
            if subject:
                namespace, name = binding.key
                place = f' "{name}/{namespace}"' if namespace else f' "{name}"'
                ref = binding.object.get("roleRef") or {}
                why = f'RBAC: allowed by {binding.object["kind"]}{place} of {ref.get("kind")} "{ref.get("name")}" to '
                for rule in self._role_rules(ref, namespace):
                    yield _Granted(rule, namespace, why + subject)

    def _role_rules(self, ref: Mapping[str, str], namespace: str) -> list[Json]:
        cluster_roles, _, roles, _ = self._shelves
        name = ref.get("name", "")
        if ref.get("kind") == "ClusterRole":
            found = cluster_roles.objects.get(("", name))
        else:
            found = roles.objects.get((namespace, name)) if namespace else None
        return [rule for rule in found.object.get("rules") or () if isinstance(rule, dict)] if found else []


def covers(rule: Json, attempt: Attempt) -> bool:
    """Whether one rule allows it."""
    if not _in(rule.get("verbs"), attempt.verb):
        return False
    if attempt.path:
        patterns = rule.get("nonResourceURLs") or ()
        return any(
            each == attempt.path or (each[-1:] == "*" and attempt.path.startswith(each[:-1])) for each in patterns
        )
    _, _, subresource = attempt.resource.partition("/")
    resources = rule.get("resources")
    named = _in(resources, attempt.resource) or (bool(subresource) and f"*/{subresource}" in (resources or ()))
    names = rule.get("resourceNames")
    return named and _in(rule.get("apiGroups"), attempt.group) and (not names or attempt.name in names)


def _in(allowed: object, what: str) -> bool:
    return isinstance(allowed, list) and ("*" in allowed or what in allowed)


def _subject(binding: Json, user: User) -> str:
    """As whom the binding names somebody; empty when it does not."""
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User" and name == user.name:
            return f'User "{name}"'
        if kind == "Group" and name in user.all_groups:
            return f'Group "{name}"'
        if kind == "ServiceAccount" and user.name == f"system:serviceaccount:{subject.get('namespace')}:{name}":
            return f'ServiceAccount "{name}/{subject.get("namespace")}"'
    return ""


def forbidden(user: User, attempt: Attempt) -> Refusal:
    """In the server's words."""
    if attempt.path:
        message = f'forbidden: User "{user.name}" cannot {attempt.verb} path "{attempt.path}"'
        return Refusal(403, "Forbidden", message)
    plural = attempt.resource.partition("/")[0]
    qualified = f"{plural}.{attempt.group}" if attempt.group else plural
    which = f' "{attempt.name}"' if attempt.name else ""
    place = f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    what = f'resource "{attempt.resource}" in API group "{attempt.group}" {place}'
    message = f'{qualified}{which} is forbidden: User "{user.name}" cannot {attempt.verb} {what}'
    details = {
        **({"name": attempt.name} if attempt.name else {}),
        **({"group": attempt.group} if attempt.group else {}),
        "kind": plural,
    }
    return Refusal(403, "Forbidden", message, details)
