"""What a run changed, read from the object before and after it (docs/flux.md, "Inventory and history")."""

from __future__ import annotations

from bot.core.kinds import EXTERNAL_ARTIFACT, HELM_CHART, HELM_RELEASE, KUSTOMIZATION, OCI_REPOSITORY
from bot.core.resources import Absent, Details, HelmRevision, Snapshot
from bot.core.revisions import Change, Forges, compare_link


def carries(now: Snapshot, revision: str) -> bool:
    """Whether an object runs this revision of its source. Kinds that do not say count as yes."""
    kind = now.ref.kind
    if kind == KUSTOMIZATION:
        return now.applied == revision
    if kind == HELM_CHART:
        return now.attempted == revision
    if kind != HELM_RELEASE or not now.helm:
        return True
    if now.chart is None and now.source is not None and now.source.kind == EXTERNAL_ARTIFACT:
        return True  # its revisions have no form of their own to be found again in a release
    if now.source is not None and now.chart is None and now.source.kind == OCI_REPOSITORY:
        digest = revision.rpartition("@")[2]
        return digest in {now.helm[0].oci_digest, now.attempted_digest}
    return now.helm[0].chart_version == revision


def change_between(
    before: Snapshot | None, now: Snapshot, source: Snapshot | Absent | None, forges: Forges = ()
) -> Change | None:
    """What differs between two states of one object; None when nothing that counts does."""
    old = before.details if before else None
    new = now.details
    counted = old is not None and new is not None
    created = tuple(sorted(set(new.inventory) - set(old.inventory))) if old and new else ()
    removed = tuple(sorted(set(old.inventory) - set(new.inventory))) if old and new else ()
    helm_before, helm_after = _deployed(before), _deployed(now)
    pushed = new.last_push if old and new and new.last_push != old.last_push else ""
    was = before.applied if before else ""
    rebuilt = _rebuilt(old, new)
    same = was == now.applied and _key(helm_before) == _key(helm_after)
    if before is not None and same and not (created or removed or pushed or rebuilt):
        return None
    return Change(
        before=was,
        after=now.applied,
        created=created,
        removed=removed,
        counted=counted,
        helm_before=helm_before,
        helm_after=helm_after,
        link=_link(before, now, source, forges),
        rebuilt=rebuilt and was == now.applied,
        pushed=pushed,
    )


def _rebuilt(old: Details | None, new: Details | None) -> bool:
    """Whether other manifests were built: a substitution may change without any commit."""
    before, after = _last_build(old), _last_build(new)
    return bool(before and after) and before != after


def _last_build(details: Details | None) -> str:
    builds = details.builds if details else ()
    return next((build.digest for build in builds if build.status == "ReconciliationSucceeded"), "")


def _key(row: HelmRevision | None) -> tuple[int, str] | None:
    return (row.version, row.digest) if row else None


def _deployed(snapshot: Snapshot | None) -> HelmRevision | None:
    return snapshot.helm[0] if snapshot and snapshot.helm else None


def _link(before: Snapshot | None, now: Snapshot, source: Snapshot | Absent | None, forges: Forges) -> str:
    if before is None or not isinstance(source, Snapshot):
        return compare_link(now.url, before.applied, now.applied, forges) if before and now.url else ""
    if before.applied_origin and now.applied_origin and source.artifact:
        return compare_link(source.artifact.origin_url, before.applied_origin, now.applied_origin, forges)
    return compare_link(source.url, before.applied, now.applied, forges)
