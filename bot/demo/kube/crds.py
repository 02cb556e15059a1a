"""CustomResourceDefinitions, made from the table of kinds: read only, for whoever lists them."""

from collections.abc import Iterable

from bot.demo.kube.calls import Json
from bot.demo.kube.resources import Resource


def definition(resource: Resource, stamp: str) -> Json:
    """The definition of a kind, established at `stamp`."""
    established = {
        "type": "Established",
        "status": "True",
        "reason": "InitialNamesAccepted",
        "message": "the initial names have been accepted",
        "lastTransitionTime": stamp,
    }
    names = _names(resource)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.qualified, "labels": {"app.kubernetes.io/part-of": "flux"}},
        "spec": {
            "group": resource.group,
            "names": names,
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "versions": [_version(resource)],
            "conversion": {"strategy": "None"},
        },
        "status": {"acceptedNames": names, "conditions": [established], "storedVersions": [resource.version]},
    }


def _names(resource: Resource) -> Json:
    return {
        "kind": resource.kind,
        "listKind": resource.list_kind,
        "plural": resource.plural,
        "singular": resource.singular,
        **({"shortNames": list(resource.short_names)} if resource.short_names else {}),
        **({"categories": list(resource.categories)} if resource.categories else {}),
    }


def _version(resource: Resource) -> Json:
    return {
        "name": resource.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        "additionalPrinterColumns": [
            {"name": each.name, "type": each.type, "jsonPath": each.json_path} for each in resource.columns
        ],
        **({"subresources": {"status": {}}} if resource.has_status else {}),
    }


def definitions(resources: Iterable[Resource], stamp: str) -> list[Json]:
    """Those of all custom kinds."""
    return [definition(each, stamp) for each in resources if each.custom]
