"""Which other objects an object names (docs/flux.md, "Kinds" and "With source").

Names inside are as the object wrote them: whoever asks the API server for one has them checked by
bot.cluster.client.resource_path.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern

from bot.cluster.wire import ChartSpec, ChartTemplate, Pointer, Spec, StatusShape, rows
from bot.core import kinds
from bot.core.kinds import Kind
from bot.core.resources import Dependency, Ref, Trigger


def _pointed(ref: Ref, pointer: Pointer | None, default: Kind | None = None) -> Ref | None:
    """The object a reference of `ref` names; None when it names none, or one that is not Flux's."""
    if pointer is None or not pointer.name:
        return None
    kind = kinds.kind_named(pointer.kind) if pointer.kind else default
    return Ref(ref.cluster, kind, intern(pointer.namespace or ref.namespace), pointer.name) if kind else None


def chart_of(spec: Spec) -> ChartSpec | None:
    """The chart of a HelmRelease's template, or a HelmChart's own."""
    match spec.chart:
        case ChartTemplate(spec=inner):
            return inner
        case str(name):
            return ChartSpec(chart=name, version=spec.version)
        case None:
            return None


def source_of(ref: Ref, spec: Spec, chart: ChartSpec | None) -> Ref | None:
    if ref.kind == kinds.HELM_RELEASE:
        return _pointed(ref, spec.chart_ref) or _pointed(ref, chart.source_ref if chart is not None else None)
    if ref.kind == kinds.IMAGE_POLICY:
        return _pointed(ref, spec.image_repository_ref, kinds.IMAGE_REPOSITORY)
    if ref.kind == kinds.IMAGE_UPDATE_AUTOMATION:
        return _pointed(ref, spec.source_ref, kinds.GIT_REPOSITORY)
    return _pointed(ref, spec.source_ref)


def chart_object(ref: Ref, spec: Spec, status: StatusShape, chart: ChartSpec | None) -> Ref | None:
    """The HelmChart that Flux makes of a template: where status says, else where its rule puts it."""
    if ref.kind != kinds.HELM_RELEASE or spec.chart_ref is not None or chart is None:
        return None
    namespace, slash, name = (status.helm_chart or "").partition("/")
    if not (namespace and slash and name):
        pointer = chart.source_ref
        namespace = (pointer.namespace if pointer is not None else None) or ref.namespace
        name = f"{ref.namespace}-{ref.name}"
    return Ref(ref.cluster, kinds.HELM_CHART, namespace, name)


def includes_of(ref: Ref, spec: Spec) -> tuple[Ref, ...]:
    if ref.kind == kinds.GIT_REPOSITORY:
        found = (_pointed(ref, each.repository, kinds.GIT_REPOSITORY) for each in spec.include or ())
    elif ref.kind == kinds.ARTIFACT_GENERATOR:
        found = (_pointed(ref, each) for each in spec.sources or ())
    else:
        return ()
    return _known(found)


def _known(refs: Iterable[Ref | None]) -> tuple[Ref, ...]:
    return tuple(ref for ref in refs if ref is not None)


def dependencies_of(ref: Ref, spec: Spec) -> tuple[Dependency, ...]:
    pairs = ((_pointed(ref, each, ref.kind), each) for each in spec.depends_on or ())
    return tuple(Dependency(found, bool(each.ready_expr)) for found, each in pairs if found is not None)


def triggers_of(ref: Ref, spec: Spec) -> tuple[Trigger, ...]:
    """What a Receiver asks for when its webhook is called."""
    if ref.kind != kinds.RECEIVER:
        return ()
    pairs = ((_pointed(ref, each), each) for each in rows(spec.resources, Pointer))
    return tuple(
        Trigger(found, tuple(sorted((each.match_labels or {}).items()))) for found, each in pairs if found is not None
    )
