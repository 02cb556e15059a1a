"""Lists and events in the shape that `kubectl get` prints: a Table."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.resources import Resource

_API_VERSION: Final = "meta.k8s.io/v1"


def table(
    resource: Resource, objects: Iterable[Json], metadata: Mapping[str, object], now: datetime, include: str
) -> Json:
    """`include` is what each row carries besides its cells: Metadata (the default), Object or None."""
    return {
        "kind": "Table",
        "apiVersion": _API_VERSION,
        "metadata": dict(metadata),
        "columnDefinitions": _columns(resource),
        "rows": [_row(resource, obj, now, include) for obj in objects],
    }


def bookmark(metadata: Json, width: int) -> Json:
    """A bookmark among Tables: no columns, one row without cells."""
    partial = {"kind": "PartialObjectMetadata", "apiVersion": _API_VERSION, "metadata": metadata}
    return {
        "kind": "Table",
        "apiVersion": _API_VERSION,
        "metadata": {"resourceVersion": metadata["resourceVersion"]},
        "columnDefinitions": None,
        "rows": [{"cells": ["", *[None] * width], "object": partial}],
    }


def _columns(resource: Resource) -> list[Json]:
    name = {"name": "Name", "type": "string", "format": "name", "description": "The object's name.", "priority": 0}
    # Events are the one kind whose name stands last, and is shown when all is shown.
    last = resource.plural == "events"
    rest = [
        {
            "name": column.name,
            "type": column.type,
            "format": "",
            "description": column.json_path or f"{column.name} of the {resource.kind}.",
            "priority": column.priority,
        }
        for column in resource.columns
    ]
    return [*rest, {**name, "priority": 1}] if last else [name, *rest]


def _row(resource: Resource, obj: Json, now: datetime, include: str) -> Json:
    name = obj["metadata"]["name"]
    cells = [column.cell(obj, now) for column in resource.columns]
    return {
        "cells": [*cells, name] if resource.plural == "events" else [name, *cells],
        "object": _carried(obj, include),
    }


def _carried(obj: Json, include: str) -> Json | None:
    match include:
        case "None":
            return None
        case "Object":
            return obj
        case _:
            return {"kind": "PartialObjectMetadata", "apiVersion": _API_VERSION, "metadata": obj["metadata"]}
