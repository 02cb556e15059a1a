"""What an object must look like before it is stored, whatever its kind."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.refusals import Refusal, bad_request, invalid
from bot.demo.kube.resources import Resource
from bot.demo.kube.schema import Cause, check, type_of

_SUBDOMAIN: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED: Final = re.compile(rf"(?:{_SUBDOMAIN}/)?[A-Za-z0-9](?:[-\w.]{{0,61}}[A-Za-z0-9])?", re.ASCII)
_LABEL_VALUE: Final = re.compile(r"(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_PATH_SEGMENT: Final = re.compile(r"(?!\.{1,2}$)[^/%]+")
_ANNOTATIONS_LIMIT: Final = 256 * 1024

_BLOCKING: Final = ("FieldValueRequired", "FieldValueNotSupported", "FieldValueTooLong", "FieldValueTypeInvalid")
_UNCHECKED: Final = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
    "<nil>",
)

_SHAPES: Final = (
    ("name", str),
    ("generateName", str),
    ("namespace", str),
    ("uid", str),
    ("resourceVersion", str),
    ("labels", dict),
    ("annotations", dict),
    ("finalizers", list),
    ("ownerReferences", list),
)


def odd(obj: object, resource: Resource) -> Refusal | None:
    """Why this is no such object at all: another kind, or metadata of an impossible shape."""
    if not isinstance(obj, dict) or not isinstance(obj.get("kind"), str) or not obj["kind"]:
        return bad_request(f"the object provided is unrecognized (must be of type {resource.kind})")
    if obj.get("apiVersion") != resource.api_version:
        given = f"({obj.get('apiVersion') or ''})"
        expected = f"({resource.api_version})"
        return bad_request(f"the API version in the data {given} does not match the expected API version {expected}")
    if obj["kind"] != resource.kind:
        return _another_kind(obj, resource)
    return _odd_metadata(obj.get("metadata", {}), resource)


def _another_kind(obj: Json, resource: Resource) -> Refusal:
    if not resource.custom:
        return bad_request(f'{obj["kind"]} in version "{resource.version}" cannot be handled as a {resource.kind}')
    message = f'Invalid value: "{obj["kind"]}": must be {resource.kind}'
    return invalid(replace(resource, kind=obj["kind"]), "", (Cause("FieldValueInvalid", message, "kind"),))


def _odd_metadata(meta: object, resource: Resource) -> Refusal | None:
    where = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
    if not isinstance(meta, dict):
        return bad_request(f"{where}: metadata is no object but of type {type_of(meta)}")
    for name, shape in _SHAPES:
        if name in meta and not isinstance(meta[name], shape):
            return bad_request(f"{where}: metadata.{name} cannot be of type {type_of(meta[name])}")
    strings = [*(meta.get("labels") or {}).values(), *(meta.get("annotations") or {}).values()]
    if not all(isinstance(each, str) for each in (*strings, *(meta.get("finalizers") or ()))):
        return bad_request(f"{where}: labels, annotations and finalizers are strings")
    return None


def faulty(obj: Json, resource: Resource) -> Refusal | None:
    """Why the object must not be stored: names, labels, sizes, and what the schema says."""
    causes = (*_names(obj["metadata"], resource), *check(obj, resource.schema))
    if resource.has_rules and any(cause.reason in _BLOCKING for cause in causes):
        causes = (*causes, _UNCHECKED)
    return invalid(resource, obj["metadata"].get("name", ""), causes) if causes else None


def _names(meta: Json, resource: Resource) -> Iterator[Cause]:
    name = meta.get("name", "")
    if not name:
        yield Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
    elif trouble := _unfit(name, resource):
        yield Cause("FieldValueInvalid", f'Invalid value: "{name}": {trouble}', "metadata.name")
    for key, value in (meta.get("labels") or {}).items():
        if not _QUALIFIED.fullmatch(key):
            yield Cause("FieldValueInvalid", f'Invalid value: "{key}": not a qualified name', "metadata.labels")
        if not _LABEL_VALUE.fullmatch(value):
            yield Cause("FieldValueInvalid", f'Invalid value: "{value}": not a label value', "metadata.labels")
    size = 0
    for key, value in (meta.get("annotations") or {}).items():
        size += len(key) + len(value)
        if not _QUALIFIED.fullmatch(key.lower()):
            yield Cause("FieldValueInvalid", f'Invalid value: "{key}": not a qualified name', "metadata.annotations")
    if size > _ANNOTATIONS_LIMIT:
        message = f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"
        yield Cause("FieldValueTooLong", message, "metadata.annotations")


def _unfit(name: str, resource: Resource) -> str:
    """Why no such object can have that name; empty when it can."""
    if resource.group == "rbac.authorization.k8s.io":
        return "" if _PATH_SEGMENT.fullmatch(name) else "a name may not be '.' or '..' or contain '/' or '%'"
    form, length, words = (_LABEL, 63, "label") if resource.plural == "namespaces" else (_SUBDOMAIN, 253, "subdomain")
    if len(name) > length:
        return f"must be no more than {length} characters"
    if not re.fullmatch(form, name):
        return f"a lowercase RFC 1123 {words} must match '{form}'"
    return ""
