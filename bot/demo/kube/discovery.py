"""What is served, as clients find it out: in one document, or group by group."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.resources import Resource

_REVIEWS: Final = (
    Resource(
        "authentication.k8s.io",
        "v1",
        "SelfSubjectReview",
        "selfsubjectreviews",
        namespaced=False,
        custom=False,
        has_status=False,
        verbs=("create",),
    ),
    *(
        Resource(
            "authorization.k8s.io",
            "v1",
            kind,
            f"{kind.lower()}s",
            namespaced=False,
            custom=False,
            has_status=False,
            verbs=("create",),
        )
        for kind in ("SelfSubjectAccessReview", "SelfSubjectRulesReview")
    ),
)
"""Asked, never stored."""

_STATUS_VERBS: Final = ("get", "patch", "update")


def document(path: str, resources: Sequence[Resource], *, aggregated: bool) -> Json | None:
    """The document that stands there; None when nothing is served below that path."""
    served = (*resources, *_REVIEWS)
    match [part for part in path.split("/") if part]:
        case ["api"]:
            core = [each for each in served if not each.group]
            return _aggregate(core) if aggregated else {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            named = [each for each in served if each.group]
            return _aggregate(named) if aggregated else _group_list(named)
        case ["apis", group]:
            found = [each for each in served if each.group == group]
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(found)} if found else None
        case ["api", version]:
            return _resource_list([each for each in served if not each.group and each.version == version])
        case ["apis", group, version]:
            return _resource_list([each for each in served if (each.group, each.version) == (group, version)])
        case _:
            return None


def _groups(resources: Iterable[Resource]) -> Iterable[tuple[str, list[Resource]]]:
    for group, members in groupby(sorted(resources, key=lambda each: each.group), key=lambda each: each.group):
        yield group, list(members)


def _versions(resources: Iterable[Resource]) -> list[tuple[str, list[Resource]]]:
    """Stable versions first, as the server prefers them."""
    found: dict[str, list[Resource]] = {}
    for each in sorted(resources, key=lambda each: (len(each.version), each.version, each.plural)):
        found.setdefault(each.version, []).append(each)
    return list(found.items())


def _aggregate(resources: Iterable[Resource]) -> Json:
    items = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [
                {"version": version, "resources": [_aggregated(each) for each in served], "freshness": "Current"}
                for version, served in _versions(members)
            ],
        }
        for group, members in _groups(resources)
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated(resource: Resource) -> Json:
    kind = _response_kind(resource)
    status = {"subresource": "status", "responseKind": kind, "verbs": list(_STATUS_VERBS)}
    return {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
        **_names(resource),
        **({"subresources": [status]} if resource.has_status else {}),
    }


def _response_kind(resource: Resource) -> Json:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _names(resource: Resource) -> Json:
    short = {"shortNames": list(resource.short_names)} if resource.short_names else {}
    return short | ({"categories": list(resource.categories)} if resource.categories else {})


def _group_list(resources: Iterable[Resource]) -> Json:
    groups = [_group(members) for _, members in _groups(resources)]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _group(members: list[Resource]) -> Json:
    group = members[0].group
    versions = [{"groupVersion": f"{group}/{each}", "version": each} for each, _ in _versions(members)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resource_list(resources: list[Resource]) -> Json | None:
    if not resources:
        return None
    rows: list[Json] = []
    for each in resources:
        row = {"namespaced": each.namespaced, "kind": each.kind}
        rows.append(
            {"name": each.plural, "singularName": each.singular, **row, "verbs": list(each.verbs), **_names(each)}
        )
        if each.has_status:
            rows.append({"name": f"{each.plural}/status", "singularName": "", **row, "verbs": list(_STATUS_VERBS)})
    head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": resources[0].api_version}
    return {**head, "resources": rows}
