"""From what an API server sends of a Flux object to a Snapshot; docs/flux.md says which field means what.

Total: an object of any shape gives a Snapshot or None, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Final, TypeVar

from msgspec import Raw

from bot.cluster.references import chart_object, chart_of, dependencies_of, includes_of, source_of, triggers_of
from bot.cluster.scalars import duration, moment, text, without_credentials, word
from bot.cluster.wire import (
    Action,
    Annotations,
    ArtifactShape,
    Body,
    ConditionShape,
    HistoryRow,
    Inventory,
    Meta,
    Spec,
    StatusShape,
    read,
    rows,
)
from bot.core import kinds
from bot.core.kinds import Kind, Switch
from bot.core.resources import (
    Artifact,
    Build,
    Condition,
    Details,
    HelmRevision,
    Ref,
    Remediation,
    Snapshot,
    Tokens,
)

T = TypeVar("T")

_NO_SPEC: Final = Spec()
_NO_STATUS: Final = StatusShape()


def snapshot(raw: bytes | Raw, cluster: str, kind: Kind, *, full: bool) -> Snapshot | None:
    """The object, with its details when `full`; None when it is no object at all or has no name."""
    body = read(raw, Body)
    meta = body.metadata if body is not None else None
    if body is None or meta is None or not meta.name:
        return None
    spec, status = body.spec or _NO_SPEC, body.status or _NO_STATUS
    ref = Ref(cluster, kind, intern(meta.namespace or ""), meta.name)
    notes = meta.annotations or Annotations()
    helm = _helm(status) if kind == kinds.HELM_RELEASE else ()
    artifact = _artifact(status.artifact)
    chart = chart_of(spec)
    asked = Tokens(text(notes.requested), text(notes.forced), text(notes.reset))
    applied = text(_applied(kind, status, helm))
    return Snapshot(
        ref=ref,
        uid=meta.uid or "",
        version=meta.resource_version or "",
        generation=meta.generation or 0,
        observed=status.observed_generation if kind.observes else None,
        deleting=meta.deletion_timestamp is not None,
        finalizers=meta.finalizers or (),
        suspended=_suspended(kind, spec, notes),
        suspended_by=text(notes.suspended_by),
        static=kind.static or (kind == kinds.HELM_REPOSITORY and spec.type == "oci"),
        conditions=tuple(_condition(each) for each in status.conditions or () if each.type),
        asked=asked,
        handled=_one(_handled(status), asked),
        applied=applied,
        applied_origin=text(status.last_applied_origin_revision),
        attempted=_one(text(_built_from(kind, status)), applied),
        attempted_digest=text(status.last_attempted_revision_digest),
        artifact=artifact,
        source=source_of(ref, spec, chart),
        chart=chart_object(ref, spec, status, chart),
        includes=includes_of(ref, spec),
        depends_on=dependencies_of(ref, spec),
        triggers=triggers_of(ref, spec),
        interval=duration(spec.interval),
        timeout=duration(spec.timeout),
        retry_interval=duration(spec.retry_interval),
        checks_health=bool(spec.wait or spec.health_checks),
        prunes=spec.prune or False,
        forces=spec.force or False,
        path=text(spec.path),
        url=without_credentials(spec.url or spec.endpoint or spec.image or ""),
        secret=text(spec.secret_ref.name) if spec.secret_ref is not None else "",
        chart_name=text(chart.chart) if chart is not None else "",
        chart_wanted=text(chart.version) if chart is not None else "",
        helm=helm,
        remediation=_remediation(spec, status) if kind == kinds.HELM_RELEASE else _NO_REMEDIATION,
        labels=_labels(meta),
        created_at=moment(meta.creation_timestamp),
        details=_details(kind, status) if full else None,
    )


_NO_REMEDIATION: Final = Remediation()


def version(raw: bytes | Raw) -> str:
    """The resource version of an object that is not read further, as a bookmark is; empty when it has none."""
    body = read(raw, Body)
    return (body.metadata.resource_version or "") if body is not None and body.metadata is not None else ""


def _one(value: T, known: T) -> T:
    """What is held already where both are equal, as they are in an object at rest: it is kept by the thousand."""
    return known if value == known else value


def _handled(status: StatusShape) -> Tokens:
    return Tokens(
        text(status.last_handled_reconcile_at),
        text(status.last_handled_force_at),
        text(status.last_handled_reset_at),
    )


def _condition(shape: ConditionShape) -> Condition:
    return Condition(
        type=word(shape.type),
        status=word(shape.status),
        reason=word(shape.reason),
        message=text(shape.message),
        observed=shape.observed_generation,
        changed_at=moment(shape.last_transition_time),
    )


def _suspended(kind: Kind, spec: Spec, notes: Annotations) -> bool:
    match kind.switch:
        case Switch.SUSPEND:
            return spec.suspend or False
        case Switch.ANNOTATION:
            note = notes.watcher_switch if kind == kinds.ARTIFACT_GENERATOR else notes.operator_switch
            return note == "disabled"
        case Switch.NONE:
            return False


def _built_from(kind: Kind, status: StatusShape) -> str | None:
    """The revision of its source that the last run worked on."""
    return status.observed_source_artifact_revision if kind == kinds.HELM_CHART else status.last_attempted_revision


def _artifact(shape: ArtifactShape | None) -> Artifact | None:
    if shape is None or not shape.revision:
        return None
    origin = shape.metadata
    return Artifact(
        revision=text(shape.revision),
        digest=text(shape.digest),
        updated_at=moment(shape.last_update_time),
        origin_revision=text(origin.revision) if origin is not None else "",
        origin_url=without_credentials(origin.source or "") if origin is not None else "",
    )


def _applied(kind: Kind, status: StatusShape, helm: tuple[HelmRevision, ...]) -> str | None:
    if kind == kinds.HELM_RELEASE:
        return next((row.chart_version for row in helm if row.status == "deployed"), None)
    if kind.source:
        return status.artifact.revision if status.artifact is not None else None
    return _APPLIED.get(kind, _last_applied)(status)


def _last_applied(status: StatusShape) -> str | None:
    return status.last_applied_revision


def _latest_image(status: StatusShape) -> str | None:
    latest = status.latest_ref
    if latest is None or not latest.tag:
        return None
    return f"{latest.tag}@{latest.digest}" if latest.digest else latest.tag


def _scanned(status: StatusShape) -> str | None:
    return status.last_scan_result.revision if status.last_scan_result is not None else None


def _updated_from(status: StatusShape) -> str | None:
    return status.observed_source_revision


def _exported(status: StatusShape) -> str | None:
    return status.last_exported_revision


def _generated_from(status: StatusShape) -> str | None:
    return status.observed_sources_digest


_APPLIED: Final[dict[Kind, Callable[[StatusShape], str | None]]] = {
    kinds.IMAGE_REPOSITORY: _scanned,
    kinds.IMAGE_POLICY: _latest_image,
    kinds.IMAGE_UPDATE_AUTOMATION: _updated_from,
    kinds.RESOURCE_SET_INPUT_PROVIDER: _exported,
    kinds.ARTIFACT_GENERATOR: _generated_from,
}


# --- Helm, builds, inventory --------------------------------------------------------------------------------------


def _helm(status: StatusShape) -> tuple[HelmRevision, ...]:
    found = [_helm_revision(row) for row in rows(status.history, HistoryRow)]
    return tuple(sorted(found, key=lambda each: each.version, reverse=True))


def _helm_revision(row: HistoryRow) -> HelmRevision:
    return HelmRevision(
        name=text(row.name),
        namespace=text(row.namespace),
        version=row.version or 0,
        status=word(row.status),
        chart=text(row.chart_name),
        chart_version=text(row.chart_version),
        app_version=text(row.app_version),
        config_digest=text(row.config_digest),
        oci_digest=text(row.oci_digest),
        digest=text(row.digest),
        deployed_at=moment(row.last_deployed),
    )


def _remediation(spec: Spec, status: StatusShape) -> Remediation:
    install, upgrade = spec.install or Action(), spec.upgrade or Action()
    strategies = [each.strategy for each in (upgrade, install) if each.strategy is not None]
    intervals = (duration(each.retry_interval) for each in strategies)
    return Remediation(
        install_retries=(install.remediation.retries or 0) if install.remediation is not None else 0,
        upgrade_retries=(upgrade.remediation.retries or 0) if upgrade.remediation is not None else 0,
        retry_on_failure=any(each.name == "RetryOnFailure" for each in strategies),
        retry_interval=next((each for each in intervals if each is not None), None),
        failures=status.failures or 0,
        install_failures=status.install_failures or 0,
        upgrade_failures=status.upgrade_failures or 0,
    )


def _labels(meta: Meta) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((intern(name), intern(value)) for name, value in (meta.labels or {}).items()))


def _details(kind: Kind, status: StatusShape) -> Details:
    inventory = read(status.inventory, Inventory)
    entries = inventory.entries if inventory is not None else None
    return Details(
        inventory=tuple(sorted({text(each.id) for each in entries or () if each.id})),
        builds=() if kind == kinds.HELM_RELEASE else tuple(map(_build, rows(status.history, HistoryRow))),
        last_push=text(status.last_push_commit),
    )


def _build(row: HistoryRow) -> Build:
    return Build(
        digest=text(row.digest),
        revision=text(row.metadata.revision) if row.metadata is not None else "",
        status=word(row.last_reconciled_status),
        reconciled_at=moment(row.last_reconciled),
        total=row.total_reconciliations or 0,
    )
