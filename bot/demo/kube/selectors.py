"""Label and field selectors."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.demo.kube.calls import Json
from bot.demo.kube.refusals import Refusal, bad_request
from bot.demo.kube.resources import Resource

Test = Callable[[Json], bool]

_KEY: Final = r"(?:[a-zA-Z0-9.-]{1,253}/)?[a-zA-Z0-9](?:[\w.-]*[a-zA-Z0-9])?"
_VALUE: Final = r"(?:[a-zA-Z0-9](?:[\w.-]{0,61}[a-zA-Z0-9])?)?"
_REQUIREMENT: Final = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<gone>{_KEY})"
    rf"|(?P<key>{_KEY})\s*(?:"
    rf"(?P<sign>==|=|!=)\s*(?P<value>{_VALUE})"
    rf"|\s(?P<word>in|notin)\s*\((?P<values>[^()]*)\)"
    r")?)\s*(?:,|$)"
)
_FIELD: Final = re.compile(r"\s*(?P<path>[\w.]+)\s*(?P<sign>==|=|!=)\s*(?P<value>(?:[^,\\]|\\.)*)(?:,|$)")


@dataclass(frozen=True, slots=True)
class Selector:
    """Both selectors of a call. `name` is set where the fields allow one name only: what RBAC then asks about."""

    tests: tuple[Test, ...] = ()
    name: str = ""

    def takes(self, obj: Json) -> bool:
        """Whether the object is chosen."""
        return all(test(obj) for test in self.tests)


EVERYTHING: Final = Selector()


def read_selectors(query: Mapping[str, str], resource: Resource) -> Selector | Refusal:
    """From `labelSelector` and `fieldSelector`."""
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    if not labels and not fields:
        return EVERYTHING
    by_label = _read_labels(labels)
    if isinstance(by_label, Refusal):
        return by_label
    by_field = _read_fields(fields, resource)
    if isinstance(by_field, Refusal):
        return by_field
    return Selector((*by_label, *by_field), chosen_name(query))


def chosen_name(query: Mapping[str, str]) -> str:
    """The one name that the fieldSelector allows; empty when it allows others."""
    found = re.search(r"(?:^|,)metadata\.name==?([^,!]+)", query.get("fieldSelector", ""))
    return found[1] if found else ""


def _read_labels(text: str) -> tuple[Test, ...] | Refusal:
    tests: list[Test] = []
    at = 0
    while at < len(text):
        found = _REQUIREMENT.match(text, at)
        if found is None:
            return bad_request(f"unable to parse requirement: found '{text[at : at + 40]}', expected: identifier")
        tests.append(_label_test(found.groupdict()))
        at = found.end()
    return tuple(tests)


def _label_test(found: Mapping[str, str | None]) -> Test:
    key = found["gone"] or found["key"] or ""
    values = frozenset(part.strip() for part in (found["values"] or found["value"] or "").split(","))
    if found["absent"]:
        return lambda obj: key not in labels_of(obj)
    if found["sign"] == "!=" or found["word"] == "notin":
        return lambda obj: labels_of(obj).get(key) not in values
    if found["sign"] or found["word"]:
        return lambda obj: labels_of(obj).get(key) in values
    return lambda obj: key in labels_of(obj)


def labels_of(obj: Json) -> Mapping[str, str]:
    """The object's labels."""
    return obj["metadata"].get("labels") or {}


def _read_fields(text: str, resource: Resource) -> tuple[Test, ...] | Refusal:
    known = ("metadata.name", *(("metadata.namespace",) if resource.namespaced else ()), *resource.selectable)
    tests: list[Test] = []
    at = 0
    while at < len(text):
        found = _FIELD.match(text, at)
        if found is None:
            return bad_request(f"invalid selector: '{text[at : at + 40]}'; can't understand '{text[at : at + 40]}'")
        if found["path"] not in known:
            return bad_request(f"field label not supported: {found['path']}")
        value = re.sub(r"\\(.)", r"\1", found["value"])
        tests.append(_field_test(tuple(found["path"].split(".")), value, wanted=found["sign"] != "!="))
        at = found.end()
    return tuple(tests)


def _field_test(steps: tuple[str, ...], value: str, *, wanted: bool) -> Test:
    def test(obj: Json) -> bool:
        found: object = obj
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        return (("" if found is None else found) == value) is wanted

    return test
