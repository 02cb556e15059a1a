"""What to do about a reason of Flux's, in the fields of the very object."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bot.core.kinds import HELM_CHART, HELM_RELEASE, KUSTOMIZATION, OCI_REPOSITORY
from bot.core.resources import HelmRevision, Snapshot
from bot.wording.asking import ask
from bot.wording.document import Code, Plain, Span, Spans, spans
from bot.wording.foreign import quote
from bot.wording.reasons import ROWS, Symptom
from bot.wording.tables import health_items


def advice(symptom: Symptom, command: str) -> Spans:
    """One or two sentences on what to do; empty where the reason itself says all there is."""
    row = next((each for each in ROWS if each.fits(symptom)), None)
    if row is None:
        return ()
    words = _Words(symptom, command)
    text = row.text if not row.needs or words.raw(row.needs) else row.otherwise
    return words.told(text)


_SOURCED: Final = (KUSTOMIZATION, HELM_RELEASE, HELM_CHART)
_PIECES: Final = re.compile(r"`([^`]+)`|\{(\w+)\}|\[(\w+)\]")


@dataclass(frozen=True, slots=True)
class _Words:
    """A symptom's fields, as values and as words."""

    symptom: Symptom
    command: str

    def told(self, text: str) -> Spans:
        told: list[Span | str] = []
        at = 0
        for piece in _PIECES.finditer(text):
            told.append(text[at : piece.start()])
            at = piece.end()
            told.extend(self._piece(piece))
        return _trimmed(spans(*told, text[at:]))

    def _piece(self, piece: re.Match[str]) -> Spans:
        copied, field, run = piece.groups()
        if copied is not None:
            return (Code(re.sub(r"\{(\w+)\}", lambda each: self.raw(each[1]), copied)),)
        if run is not None:
            return (ask(self.command, self.symptom.ref, with_source=True),)
        if field == "back":
            return self._back()
        value = self.raw(field)
        return (Code(value),) if value else (Plain(_WORDS[field]),)

    def raw(self, field: str) -> str:
        """A field's value; empty when the object has none."""
        symptom = self.symptom
        ref, now, release = symptom.ref, symptom.now, symptom.good or _release(symptom.now)
        values = {
            "name": ref.name,
            "ns": ref.namespace,
            "plural": ref.kind.plural,
            "controller": ref.kind.controller or "its controller",
            "source": str(ref) if symptom.source_next and ref.kind in _SOURCED else "",
            "release": release.name if release else "",
            "release_ns": release.namespace if release else ref.namespace,
            "force": "spec.force" if now and not now.forces else "",
            "describe": _describe(symptom.message),
            "path": now.path if now else "",
            "secret": now.secret if now else _secret(symptom.message),
            "url": now.url if now else "",
            "host": _host(now.url) if now else "",
            "chart": now.chart_name if now else "",
            "version": now.chart_wanted if now else "",
        }
        return quote(values[field], 300)

    def _back(self) -> Spans:
        """The way back in Git to the last release that worked."""
        good, now = self.symptom.good, self.symptom.now
        if good is None and now is None:
            return ()
        if good is None:
            return spans("No release of it has worked yet: correct chart or values in Git.")
        if self.symptom.revision.partition("+")[0] == good.chart_version:
            return spans("The chart is the one that worked before: look at the change of its values in Git.")
        place = "spec.chart.spec.version"
        if now is not None and now.chart is None and now.source is not None:
            place = {
                OCI_REPOSITORY: "spec.ref.tag of its OCIRepository",
                HELM_CHART: "spec.version of its HelmChart",
            }.get(now.source.kind, place)
        field, _, owner = place.partition(" ")
        return spans(
            "To go back, set ",
            Code(field),
            f" {owner}" if owner else "",
            " to ",
            Code(good.chart_version),
            " in Git.",
        )


def _trimmed(told: Spans) -> Spans:
    """Without the gap that a field leaves at the end when it has nothing to say."""
    last = told[-1] if told else None
    return (*told[:-1], *spans(last.text.rstrip())) if isinstance(last, Plain) else told


_WORDS: Final[dict[str, str]] = {
    "path": "the path in its spec",
    "secret": "its secret",
    "url": "its address",
    "host": "its server",
    "chart": "it names",
    "version": "it wants",
    "controller": "its controller",
}


def _release(now: Snapshot | None) -> HelmRevision | None:
    return now.helm[0] if now is not None and now.helm else None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


_SECRET: Final = re.compile(r"secrets? [\"']?([a-z0-9.-]{1,253}/)?([a-z0-9.-]{1,253})[\"']? (?:not found|does not)")


def _secret(message: str) -> str:
    """The secret's name as a message tells it, where the object itself is not at hand."""
    found = _SECRET.search(message)
    return found[2] if found else ""


def _describe(message: str) -> str:
    item = next((each for each in health_items(message) if not each.veiled), None)
    if item is None:
        return ""
    kind, *rest = item.id.split("/")
    where = f" -n {rest[0]}" if len(rest) > 1 else ""
    return f"kubectl{where} describe {kind.lower()} {rest[-1]}"
